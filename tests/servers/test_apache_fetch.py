"""What httpd makes of an upstream: a request begins as its own failure (see rewritegen/servers/apache/upstreams.py).

First the construct alone, in a small configuration of its own, because everything rests on what httpd does there; then
the generated text with every failure, in front of nothing and in front of a redirect.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from tests.support import trees
from tests.support.processes import HOST, StartServer, free_port, is_root, wait_until
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, index_site, start_site, write_site
from tests.support.tools import require
from tests.support.upstream import Index, Mode, Recorded, upstream
from tests.support.wire import Answer, ask

pytestmark = pytest.mark.server

JSON = "application/vnd.pypi.simple.v1+json"
MODULES = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/local/apache2/modules")
MODES: tuple[Mode, ...] = ("429", "500", "502", "503", "504", "redirect")

BARE = """
ServerName packages.example.org
PidFile httpd.pid
ErrorLog error.log
DefaultRuntimeDir .
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule alias_module {modules}/mod_alias.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule rewrite_module {modules}/mod_rewrite.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
{user}
RewriteEngine On
RewriteRule "^/docs/(.*)$" "-" "[L]"
RewriteRule "^/page/(.*)$" "http://rg_begin.invalid/502/" "[P,E=ASK:$1,L]"
RewriteRule "^/else/(.*)$" "http://rg_begin.invalid/302/" "[P,E=ASK:$1,L]"
<Proxy "http://rg_begin.invalid/502/">
    Redirect 502
    ErrorDocument 502 "/docs/%{{reqenv:ASK}}"
</Proxy>
<Proxy "http://rg_begin.invalid/302/">
    Redirect 302 "https://last.example.org/%{{reqenv:ASK}}"
    ErrorDocument 302 "/docs/%{{reqenv:ASK}}"
</Proxy>
ProxyPass "/docs/simple/" "{url}" retry=0
ProxyPass "/docs/nobody/" "http://127.0.0.1:{closed}/" retry=0
ProxyPass "/docs/nowhere/" "http://no-such-host.invalid/" retry=0
<Location "/docs/">
    Header set Rg-Refused "\\n" "expr=%{{REQUEST_STATUS}} !~ /^(?:200|404)$/"
</Location>
<Location "/page/simple/guarded">
    Require all denied
</Location>
"""


def test_what_httpd_does_with_a_request_that_begins_as_an_error(
    place: Path, start_server: StartServer
) -> None:
    require("apache")
    port, tree = free_port(), place / "tree"
    tree.mkdir()
    with upstream(Index(wheels("there-1.0"))) as index:
        values = {
            "port": port,
            "closed": free_port(),
            "url": index.url,
            "modules": next((path for path in MODULES if Path(path).is_dir()), MODULES[0]),
            "user": 'User "#65534"\nGroup "#65534"' if is_root() else "",
        }
        (tree / "httpd.conf").write_text(BARE.format(**values))
        start_server("apache", tree, [port])

        def statuses(name: str) -> tuple[int, int]:
            return ask(port, f"/page/{name}").status, ask(port, f"/else/{name}").status

        # the document's own status, for the statuses that are let through
        assert statuses("simple/there/") == (200, 200)
        assert statuses("simple/missing/") == (404, 404)
        # a local failure, a status that is made to fail: the first status
        assert statuses("nobody/there/") == (502, 302)
        assert statuses("nowhere/there/") == (502, 302)
        for mode in MODES:
            index.set_mode(mode)
            assert statuses("simple/there/") == (502, 302), mode
        moved = ask(port, "/else/simple/there/")
        assert moved.all("Location") == ("https://last.example.org/simple/there/",)
        # access is checked before it begins, and nothing was asked at the URL where it begins
        index.forget()
        assert ask(port, "/page/simple/guarded/").status == 403
        assert index.requests == []
    assert "rg_begin.invalid" not in (tree / "error.log").read_text().replace(
        "client denied by server configuration: proxy:http://rg_begin.invalid", ""
    )


@dataclass
class World:
    """A site with a proxy on httpd, and its upstream."""

    live: LiveSite
    index: Index

    def get(self, target: str, method: str = "GET", **options: Any) -> Answer:
        self.index.forget()
        self.index.files.forget()
        return ask(self.live.port, target, method, **options)

    @property
    def asked(self) -> list[str]:
        """The request lines that left."""
        return [request.line for request in (*self.index.requests, *self.index.files.requests)]


@contextmanager
def world(place: Path, *fallbacks: dict[str, Any], **settings: Any) -> Iterator[World]:
    """A site with one private project, then an index with `there`, then what is given."""
    require("apache")
    place.chmod(0o755)
    team = trees.projects(place / "team", wheels("acme-foo-1.0"))
    with upstream(Index(wheels("there-1.0"))) as index:
        proxy = {
            "name": "public",
            "proxy": index.url,
            "kind": "pypi",
            "files": [f"{index.files.origin}/"],
        }
        values = {
            "state": str(place / "state"),
            "private": [{"name": "team", "path": str(team), "claims": ["acme-*"]}],
            "fallbacks": [proxy, *fallbacks],
            **settings,
        }
        site = write_site(place / "site.yaml", values, free_port())
        index_site(site)
        live = start_site("apache", site, place / "tree")
        try:
            yield World(live, index)
        finally:
            live.server.stop()


LAST = {"name": "last", "redirect": "https://last.example.org/simple/"}


def test_a_redirect_behind_the_proxy_takes_whatever_is_no_page(place: Path) -> None:
    with world(place, LAST) as here:
        assert here.get("/simple/there/").one("X-Index-Source") == "proxy/public"
        for name, mode in (("missing", "ok"), *(("there", mode) for mode in MODES)):
            here.index.set_mode(mode)
            for method in ("GET", "HEAD"):
                answer = here.get(f"/simple/{name}/", method, accept=JSON)
                assert answer.status == 302, (name, mode)
                assert answer.one("Location") == f"https://last.example.org/simple/{name}/"
                assert answer.one("X-Index-Source") == "redirect/last"
                assert {"accept", "accept-encoding"} <= answer.vary
        here.index.refuse()
        answer = here.get("/simple/there/")
        assert (answer.status, answer.one("X-Index-Source")) == (302, "redirect/last")
        assert here.get("/simple/acme-foo/").one("X-Index-Source") == "private/team"
        assert here.get("/simple/acme-ghost/").status == 404


def test_an_answer_that_is_no_page_is_a_502_with_no_trace_of_it(place: Path) -> None:
    with world(place) as here:
        for mode in MODES:
            here.index.set_mode(mode)
            answer = here.get("/simple/there/", accept=JSON)
            assert (answer.status, answer.one("X-Index-Source")) == (502, "none"), mode
            assert b"upstream says" not in answer.body
            assert b"elsewhere" not in answer.raw
            assert answer.all("Location") == answer.all("Set-Cookie") == ()
            assert answer.all("Rg-Neither-Page-Nor-404") == ()
        here.index.set_mode("ok")
        wait_until(lambda: here.get("/simple/there/").status == 200, "the upstream is asked again")


def test_files_head_ranges_and_conditions(place: Path) -> None:
    with world(place) as here:
        ((name, content),) = here.index.projects[canonicalize_name("there")].items()
        path = here.index.file_path(name, content)
        target = f"/files/public{path}"
        answer = here.get(target)
        assert (answer.status, answer.body) == (200, content)
        assert here.asked == [f"GET {path} HTTP/1.1"]
        head = here.get(target, "HEAD")
        assert (head.status, head.one("Content-Length")) == (200, str(len(content)))
        assert here.asked == [f"HEAD {path} HTTP/1.1"]
        part = here.get(target, headers=[("Range", "bytes=2-5")])
        assert (part.status, part.body) == (206, content[2:6])
        assert here.get(target, headers=[("Range", "bytes=999999999-")]).status == 416
        missing = here.get(f"/files/public{path}.metadata")
        assert (missing.status, missing.one("X-Index-Source")) == (404, "proxy/public")
        for mode in MODES:
            here.index.files.set_mode(mode)
            assert here.get(target).status in {502, 503, 504}, mode
            # an ErrorDocument would make a GET of it, so that a HEAD fails with the upstream's 5xx, or 500
            assert here.get(target, "HEAD").status >= 500, mode
        here.index.files.refuse()
        assert here.get(target).status in {502, 503}
        assert here.get(target, "HEAD").status in {502, 503}


def test_an_upstream_that_cannot_be_found_is_never_a_404(place: Path) -> None:
    nowhere = {"name": "nowhere", "proxy": "http://no-such-host.invalid/simple/"}
    with world(place, fallbacks=[nowhere]) as here:
        answer = here.get("/simple/there/")
        assert (answer.status, answer.one("X-Index-Source")) == (502, "none")
        assert here.get("/simple/acme-foo/").status == 200


def test_what_the_upstream_is_told(place: Path) -> None:
    with world(place) as here:
        secrets = (
            "Authorization",
            "Cookie",
            "Referer",
            "X-Forwarded-For",
            "X-Real-IP",
            "Range",
            "Via",
        )
        headers = [(name, "bytes=0-1" if name == "Range" else "secret") for name in secrets]
        headers += [("If-None-Match", '"x"'), ("Connection", "close, Accept, Accept-Encoding")]
        answer = here.get("/simple/there/?secret=1", accept=JSON, headers=headers)
        assert answer.status == 200
        (request,) = here.index.requests
        assert set(request.headers) == {
            "host",
            "user-agent",
            "accept",
            "accept-encoding",
            "connection",
        }
        assert request.headers["host"] == f"{HOST}:{here.index.port}"
        assert request.headers["user-agent"] == "rewritegen"
        assert request.headers["accept"].startswith(f"{JSON}, ")
        assert request.headers["accept-encoding"] == "identity"
        assert b"secret" not in request.raw


def test_connections_to_the_upstream_are_reused(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(place) as here:
        peers: list[Any] = []
        record = here.index._record

        def remember(raw: bytes, connection: socket.socket) -> Recorded:
            peers.append(connection.getpeername())
            return record(raw, connection)

        monkeypatch.setattr(here.index, "_record", remember)
        for _ in range(6):
            assert here.get("/simple/there/").status == 200
        # each child process of httpd has its own connections
        assert len(peers) == 6
        assert len(set(peers)) <= 3
