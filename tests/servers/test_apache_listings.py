"""A listing without files on httpd is 404 (rewritegen/servers/apache/listings.py), whatever stands around it.

First what mod_deflate counts, which the number in the text relies on; then what clients get.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rewritegen.plan import compile_plan
from rewritegen.servers.apache import Apache
from rewritegen.servers.apache.listings import EMPTY, SHORTEST_LINK
from rewritegen.servers.base import Scope
from rewritegen.site import load_site
from tests.servers.test_apache_scopes import LOADED, host
from tests.support.certificates import Authority
from tests.support.compare import hrefs
from tests.support.processes import HOST, StartServer, free_port, traversable_directory
from tests.support.sites import LiveSite, start_site, write_site
from tests.support.tools import require
from tests.support.wire import ask, request_bytes, send

pytestmark = pytest.mark.server

LONG = "n" * 200
#: What is in the directory of a project, and whether that is a file that may be listed.
CONTENTS: dict[str, tuple[tuple[str, ...], bool]] = {
    "nothing": ((), False),
    LONG: ((), False),
    "e": ((), False),
    "only-hidden": ((".one-1.0.zip", ".two"), False),
    "only-directories": (("sub/", "one-1.0.zip/"), False),
    "one": (("one-1.0.zip",), True),
    "shortest": (("a",), True),
    "file-and-directory": (("sub/", "z-1.0.zip"), True),
    "like-a-directory": (("Index of &amp; <li>.zip",), True),
    "many": (tuple(f"many-{number}.0-py3-none-any.whl" for number in range(2000)), True),
}


def _fill(team: Path) -> Path:
    for name, (entries, _) in CONTENTS.items():
        (team / name).mkdir(parents=True)
        for entry in entries:
            path = team / name / entry
            path.mkdir() if entry.endswith("/") else path.write_bytes(b"a file")
    (team / ".rewritegen-root").touch()
    return team


def _settings(team: Path) -> dict[str, object]:
    return {"private": [{"name": "team", "path": str(team), "listing": "automatic"}]}


@pytest.fixture(scope="module")
def team() -> Iterator[Path]:
    require("apache")
    with traversable_directory() as root:
        yield _fill(root / "team")


@pytest.fixture(scope="module")
def live(team: Path) -> Iterator[LiveSite]:
    site = write_site(team.parent / "site.yaml", _settings(team), free_port())
    running = start_site("apache", site, team.parent / "tree")
    yield running
    running.server.stop()


@pytest.fixture(scope="module")
def counting(team: Path) -> Iterator[LiveSite]:
    """The same site, which says what was counted instead of failing."""

    def change(tree: Path) -> None:
        config = tree / "httpd.conf"
        before = config.read_text()
        after = before.replace('RG-No-Files "\\n" \\\n', 'Counted "expr=%{note:RG_LENGTH}" \\\n')
        assert after != before
        config.write_text(after.replace("-lt 125", "-lt 1000000"))

    site = write_site(team.parent / "counting.yaml", _settings(team), free_port())
    running = start_site("apache", site, team.parent / "counting", change)
    yield running
    running.server.stop()


@pytest.mark.parametrize("coding", ["gzip", "identity"])
@pytest.mark.parametrize("name", CONTENTS, ids=lambda name: name[:20])
def test_what_is_counted(counting: LiveSite, name: str, coding: str) -> None:
    """Without a link it is the same number for every name, and the shortest link adds to it."""
    _, listed = CONTENTS[name]
    answer = ask(counting.port, f"/simple/{name}/", headers=[("Accept-Encoding", coding)])
    counted = answer.one("Counted")
    if listed:
        assert int(counted or 0) >= EMPTY + SHORTEST_LINK
        assert name != "shortest" or int(counted or 0) == EMPTY + SHORTEST_LINK
    else:
        assert int(counted or 0) == EMPTY
    assert answer.all("Content-Encoding") == (("gzip",) if coding == "gzip" else ())


REQUESTS: dict[str, tuple[tuple[str, str], ...]] = {
    "plain": (),
    "gzip": (("Accept-Encoding", "gzip"),),
    "json": (("Accept", "application/vnd.pypi.simple.v1+json, text/html;q=0.1"),),
    "range": (("Range", "bytes=5-20"),),
    "range of gzip": (("Range", "bytes=0-"), ("Accept-Encoding", "gzip")),
    "range behind the end": (("Range", "bytes=5000-"),),
    "condition": (("If-None-Match", "*"),),
    "date": (("If-Modified-Since", "Fri, 27 Nov 2026 00:00:00 GMT"),),
    "precondition": (("If-Match", '"x"'),),
}


@pytest.mark.parametrize("headers", REQUESTS.values(), ids=REQUESTS)
@pytest.mark.parametrize("name", CONTENTS, ids=lambda name: name[:20])
def test_it_is_a_page_if_there_is_a_file(
    live: LiveSite, name: str, headers: tuple[tuple[str, str], ...]
) -> None:
    entries, listed = CONTENTS[name]
    answer = ask(live.port, f"/simple/{name}/", headers=headers)
    assert (answer.status, answer.one("X-Index-Source")) == (200 if listed else 404, "private/team")
    assert answer.vary == {"accept", "accept-encoding"}
    if listed:
        assert len(hrefs(answer.decoded)) == len([e for e in entries if not e.endswith("/")])
        assert answer.decoded.startswith(b"<!DOCTYPE html>"), "what pip asks of a page"
        assert answer.one("Cache-Control") == "no-cache"
    else:
        assert answer.decoded == b"Not here: no such project, file or URL in this index.\n"


def test_other_versions_of_http(live: LiveSite) -> None:
    for version in ("HTTP/1.0", "HTTP/1.1"):
        for name, status in (("nothing", 404), ("one", 200)):
            data = request_bytes(f"/simple/{name}/", version=version)
            assert send(live.port, data).status == status
    # the headers of a HEAD go out before anything could be counted
    assert ask(live.port, "/simple/nothing/", "HEAD").status == 200


def test_nobody_gets_there_from_outside(live: LiveSite) -> None:
    for target in ("/-/rg_no_files", "/-/rg_absent", "/-/rg_no_files/", "/simple/-/rg_absent"):
        assert ask(live.port, target).status == 404
        assert ask(live.port, target).one("X-Index-Source") == "none"


def test_a_connection_goes_on_after_a_listing(live: LiveSite) -> None:
    with httpx.Client(base_url=f"http://{HOST}:{live.port}") as client:
        for name, (_, listed) in CONTENTS.items():
            got = client.get(f"/simple/{name}/")
            assert got.status_code == (200 if listed else 404)


#: What an administrator may have set for the whole server, which nobody told the index.
AROUND = """
IndexOptions FancyIndexing HTMLTable NameWidth=5
SetEnvIf Request_URI . no-gzip
BrowserMatch "^rewritegen" gzip-only-text/html
AddOutputFilterByType DEFLATE text/html
SetOutputFilter DEFLATE
ServerSignature On
DeflateFilterNote Input mine
DeflateFilterNote Output theirs
HeaderName HEADER.html
ReadmeName README.html
IndexIgnore "*.zip.asc"
"""


def _text(team: Path, scope: Scope, port: int, **more: object) -> str:
    site = write_site(team.parent / f"{scope}.yaml", {**_settings(team), **more}, port)
    return Apache().render(compile_plan(load_site(site)), scope, Apache.baseline).texts[0][1]


def _around(scope: Scope, place: Path, port: int) -> str:
    include = f'Include "{place}/rg.conf"'
    if scope == "vhost":
        return include
    return f"Listen {HOST}:{port}\n<VirtualHost {HOST}:{port}>\nRewriteEngine On\n{include}\n</VirtualHost>"


@pytest.mark.parametrize("scope", ["vhost", "locations"])
def test_settings_of_the_machine_around_it_change_nothing(
    team: Path, place: Path, start_server: StartServer, scope: Scope
) -> None:
    port = free_port()
    place.chmod(0o755)
    (place / "rg.conf").write_text(_text(team, scope, port))
    loaded = [*LOADED, "setenvif", "env"]
    start_server("apache", host(place, AROUND + _around(scope, place, port), loaded), [port])
    for name, (entries, listed) in CONTENTS.items():
        for coding in ("gzip", "identity"):
            answer = ask(port, f"/simple/{name}/", headers=[("Accept-Encoding", coding)])
            assert answer.status == (200 if listed else 404), name
            assert not listed or len(hrefs(answer.decoded)) == len(
                [e for e in entries if not e.endswith("/")]
            )


def test_a_host_with_tls_does_not_speak_http_2(
    team: Path, place: Path, start_server: StartServer, authority: Authority
) -> None:
    """It would send the header that cannot be sent, and the client would see a broken stream."""
    port = free_port()
    place.chmod(0o755)
    issued = authority.issue("packages.example.org")
    tls = {"certificate": str(issued.chain), "key": str(issued.key)}
    (place / "rg.conf").write_text(_text(team, "vhost", port, tls=tls))
    body = f"Protocols h2 http/1.1\nInclude {place}/rg.conf"
    start_server("apache", host(place, body, [*LOADED, "http2"]), [port])
    context = authority.client_context()
    for name, status in (("nothing", 404), ("one", 200)):
        with httpx.Client(verify=context, http2=True) as client:
            url = f"https://{HOST}:{port}/simple/{name}/"
            got = client.get(
                url,
                headers={"Host": "packages.example.org"},
                extensions={"sni_hostname": "packages.example.org"},
            )
            assert (got.status_code, got.http_version) == (status, "HTTP/1.1")


def test_http_2_of_a_host_around_gets_the_empty_listing(
    team: Path, place: Path, start_server: StartServer
) -> None:
    """What docs/limits.md says; the rest is the same."""
    port = free_port()
    place.chmod(0o755)
    (place / "rg.conf").write_text(_text(team, "locations", port))
    body = "Protocols h2c http/1.1\n" + _around("locations", place, port)
    start_server("apache", host(place, body, [*LOADED, "http2"]), [port])
    with httpx.Client(base_url=f"http://{HOST}:{port}", http1=False, http2=True) as client:
        for name, (_, listed) in CONTENTS.items():
            got = client.get(f"/simple/{name}/", headers={"Accept-Encoding": "gzip"})
            assert (got.status_code, got.http_version) == (200, "HTTP/2")
            assert bool(hrefs(got.content)) == listed
        assert client.get("/simple/unknown/").status_code == 404
