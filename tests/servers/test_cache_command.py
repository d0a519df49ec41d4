"""``rewritegen cache`` on the caches of real servers: what it reads is what they do, and what it removes is gone."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from rewritegen.cli import main
from rewritegen.copies.directory import read_body, read_caches, remove
from rewritegen.copies.entries import Entry
from tests.servers.rows import JSON
from tests.support import trees
from tests.support.bench import Bench, StartBench
from tests.support.dists import wheel_bytes
from tests.support.installers import prepare
from tests.support.processes import StartServer, free_port, is_root, wait_until
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, index_site, start_site, write_site
from tests.support.tools import require
from tests.support.upstream import Index, upstream
from tests.support.wire import Answer, ask

pytestmark = [pytest.mark.server, pytest.mark.slow]

MODULES = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/local/apache2/modules")
GZIP = (("Accept-Encoding", "gzip"),)
PAGE = "pages/public/six/html/identity/0123abcd"
FILE = "files/public/0-0123abcd/a/six-1.0-py3-none-any.whl"


def entries(cache: Path, count: int) -> list[Entry]:
    """What is read from one cache; a copy is complete a moment after its client has it."""

    def read() -> list[Entry]:
        contents = read_caches((cache,), frozenset({"public"}))
        assert (contents.foreign, contents.unknown) == (0, 0)
        return [entry for _, entry in contents.entries]

    wait_until(lambda: len(read()) == count, f"{count} copies")
    return read()


def date(answer: Answer) -> int:
    """The time of an answer."""
    return int(parsedate_to_datetime(answer.one("Date") or "").timestamp())


# ------------------------------------------------------------------ the formats

NGINX_HTTP = """
    proxy_cache_path cache levels=1:2 use_temp_path=off keys_zone=copies:1m;
    server { listen 127.0.0.1:{FAR}; location / {
        add_header Cache-Control "max-age=600, stale-while-revalidate=60, stale-if-error=3600";
        add_header ETag '"etag"'; return 200 "$request_uri";
    } }
"""
NGINX_SERVER = """
    add_header X-Cache $upstream_cache_status;
    location ~ ^/-/(?<rg_key>.+)$ {
        proxy_pass http://127.0.0.1:{FAR};
        proxy_cache copies; proxy_cache_key $rg_key;
    }
"""


@pytest.fixture
def nginx(bench: StartBench) -> Bench:
    """nginx with a cache whose keys are in the URL."""
    port = str(free_port())
    return bench(NGINX_HTTP.replace("{FAR}", port), NGINX_SERVER.replace("{FAR}", port))


def test_what_nginx_writes_is_read(nginx: Bench) -> None:
    cache = nginx.server.tree / "cache"
    first, second = nginx.get(f"/-/{PAGE}"), nginx.get(f"/-/{FILE}")
    assert [answer.one("X-Cache") for answer in (first, second)] == ["MISS", "MISS"]
    found = sorted(entries(cache, 2), key=lambda entry: entry.key.kind)
    assert [str(entry.key) for entry in found] == [FILE, PAGE]
    for entry, answer in zip(found, (second, first), strict=True):
        assert (entry.program, entry.status) == ("nginx", 200)
        assert abs(entry.since - date(answer)) <= 1
        assert entry.fresh_until - entry.since == 600
        assert entry.stands_until == entry.fresh_until + 3600
        assert entry.size == (cache / entry.paths[0]).stat().st_size
        assert read_body(cache, entry) == answer.body


def test_a_file_that_is_gone_is_a_miss_for_a_running_nginx(nginx: Bench) -> None:
    def get() -> str | None:
        return nginx.get(f"/-/{PAGE}").one("X-Cache")

    assert [get(), get()] == ["MISS", "HIT"]
    for round_ in range(3):
        ((path,),) = (entry.paths for entry in entries(nginx.server.tree / "cache", 1))
        (nginx.server.tree / "cache" / path).unlink()
        assert [get(), get()] == ["MISS", "HIT"], round_
    assert "[crit]" not in nginx.server.log()
    assert "[alert]" not in nginx.server.log()


HTTPD = """
ServerName packages.example.org
PidFile httpd.pid
ErrorLog error.log
DefaultRuntimeDir .
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
LoadModule cache_module {modules}/mod_cache.so
LoadModule cache_disk_module {modules}/mod_cache_disk.so
{user}
CacheRoot {cache}
CacheKeyBaseURL http://packages.example.org/
CacheQuickHandler Off
CacheHeader On
CacheEnable disk /
ProxyPass / {url} retry=0
Header set Cache-Control "max-age=600"
{vary}
"""


@pytest.mark.parametrize("vary", ["Header unset Vary", "Header set Vary Accept-Encoding"])
def test_what_httpd_writes_is_read_and_may_go_while_it_runs(
    place: Path, start_server: StartServer, vary: str
) -> None:
    require("apache")
    port, tree, cache = free_port(), place / "tree", place / "cache"
    tree.mkdir()
    cache.mkdir()
    cache.chmod(0o777)
    with upstream(Index({})) as index:
        index.files.content = {f"/simple/-/{PAGE}": b"a page", f"/files/-/{FILE}": b"a wheel"}
        values = {
            "port": port,
            "modules": next((path for path in MODULES if Path(path).is_dir()), MODULES[0]),
            "user": 'User "#65534"\nGroup "#65534"' if is_root() else "",
            "cache": cache,
            "vary": vary,
            "url": f"{index.files.origin}/",
        }
        (tree / "httpd.conf").write_text(HTTPD.format(**values))
        server = start_server("apache", tree, [port])

        def get(key: str) -> Answer:
            return ask(port, f"/{'simple' if key == PAGE else 'files'}/-/{key}")

        answers = {key: get(key) for key in (PAGE, FILE)}
        found = {str(entry.key): entry for entry in entries(cache, 2)}
        assert sorted(found) == [FILE, PAGE]
        for key, entry in found.items():
            assert (entry.program, entry.status) == ("apache", 200)
            assert len(entry.paths) == (3 if "set" in vary.split() else 2)
            assert abs(entry.since - date(answers[key])) <= 1
            assert entry.fresh_until - entry.since == 600
            assert entry.size == sum((cache / path).stat().st_size for path in entry.paths[:2])
            assert read_body(cache, entry) == answers[key].body
        for _ in range(2):
            assert "HIT" in (get(PAGE).one("X-Cache") or "")
            assert remove(cache, found[PAGE])
            assert "MISS" in (get(PAGE).one("X-Cache") or "")
        assert "HIT" in (get(FILE).one("X-Cache") or "")
    assert "error]" not in server.log()


# ------------------------------------------------------------------ a generated site


class Site:
    """A site with an upstream of three projects; a copy of a page is fresh for a second."""

    def __init__(self, kind: str, place: Path, index: Index) -> None:
        self.kind = kind
        self.index = index
        self.tree = place / "tree"
        self.cache = self.tree / "cache"
        self.settings: dict[str, Any] = {
            "state": str(place / "state"),
            "private": [
                {"name": "team", "path": str(trees.projects(place / "team", wheels("own-1.0")))}
            ],
            "fallbacks": [
                {
                    "name": "public",
                    "proxy": index.url,
                    "kind": "pypi",
                    "files": [f"{index.files.origin}/"],
                    "retry": "1s",
                }
            ],
            "cache": {"path": str(place / "cache"), "pages": "1s", "stale": "1h"},
        }
        self.file = write_site(place / "site.yaml", self.settings, free_port())
        index_site(self.file)

    @contextlib.contextmanager
    def running(self, **more: object) -> Iterator[LiveSite]:
        """Run it, with these settings besides, on the cache that there is."""
        write_site(self.file, {**self.settings, **more}, free_port())
        live = start_site(self.kind, self.file, self.tree)
        try:
            yield live
        finally:
            live.server.stop()

    def command(self, *arguments: str) -> int:
        """``rewritegen cache``."""
        return main(["cache", str(self.file), *arguments, "--dir", str(self.cache)])

    def paths(self, project: str) -> list[str]:
        """The files of a project as this site has them."""
        paths = self.index.files.content
        return [f"/files/public{path}" for path in paths if f"/{project}-" in path]


@pytest.fixture
def site(server_kind: str, place: Path) -> Iterator[Site]:
    """A site on each server, and its upstream."""
    with upstream(Index(wheels("one-1.0", "one-2.0", "two-1.0", "three-1.0"))) as index:
        yield Site(server_kind, place, index)


def warm(live: LiveSite, site: Site) -> None:
    """One page as pip asks for it and one of two files; a page as a browser does; a file without a page."""
    for target, accept, headers in (
        ("/simple/one/", JSON, GZIP),
        (site.paths("one")[0], "*/*", ()),
        ("/simple/two/", "text/html", ()),
        (site.paths("three")[0], "*/*", ()),
    ):
        assert ask(live.port, target, accept=accept, headers=headers).status == 200, target
    entries(site.cache, 4)


def test_the_list_of_a_generated_site(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    with site.running() as live:
        warm(live, site)
        assert site.command("--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["foreign"], found["unknown"]) == (0, 0)
    assert {
        one["project"]: (
            [(page["form"], page["coding"], page["used"]) for page in one["pages"]],
            [(file["path"].rpartition("/")[2], file["used"]) for file in one["files"]],
        )
        for one in found["projects"]
    } == {
        "one": ([("v1_json", "gzip", True)], [("one-1.0-py2.py3-none-any.whl", True)]),
        "two": ([("html", "identity", True)], []),
        "three": ([], [("three-1.0-py2.py3-none-any.whl", True)]),
    }


def test_what_is_not_there_is_no_copy(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    with site.running() as live:
        assert ask(live.port, "/simple/four/", accept=JSON, headers=GZIP).status == 404
        assert ask(live.port, "/files/public/four-1.0.tar.gz").status == 404
        kept = entries(site.cache, 2 if site.kind == "apache" else 0)
        assert {entry.status for entry in kept} <= {404}
        site.command("list", "four", "--format", "json")
        for project in json.loads(capsys.readouterr().out)["projects"]:
            assert (project["pages"], project["files"], len(project["absent"])) == ([], [], 2)
        assert site.command("--offline") == 0
        assert capsys.readouterr().out == ""
        assert site.command("purge", "four") == (0 if kept else 1)
    entries(site.cache, 0)


def test_what_is_said_of_offline_is_what_the_site_does_then(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    with site.running() as live:
        warm(live, site)
    pages = [entry for entry in entries(site.cache, 4) if entry.key.kind == "page"]
    wait_until(lambda: all(page.fresh_until + 1 < time.time() for page in pages), "fresh for 1 s")
    assert site.command("--offline", "--format", "json") == 0
    found = {one["project"]: one for one in json.loads(capsys.readouterr().out)["projects"]}
    assert {name: one["of_use"] for name, one in found.items()} == {
        "one": True,
        "two": False,
        "three": False,
    }
    site.index.forget()
    with site.running(offline=True) as live:
        for name, one in found.items():
            forms = {page["form"] for page in one["pages"]}
            for form, accept in (("v1_json", JSON), ("html", "text/html")):
                headers = GZIP if form == "v1_json" else ()
                answer = ask(live.port, f"/simple/{name}/", accept=accept, headers=headers)
                assert (answer.status == 200) == (form in forms), (name, form, answer.status)
        page = json.loads(ask(live.port, "/simple/one/", accept=JSON, headers=GZIP).decoded)
        for file in page["files"]:
            answer = ask(live.port, urljoin("/simple/one/", file["url"]))
            kept = file["filename"] in found["one"]["kept"]
            assert kept != (file["filename"] in found["one"]["missing"])
            assert (answer.status == 200) == kept, file["filename"]
    assert site.index.requests == []


def test_what_is_purged_is_fetched_again(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    with site.running(cache={**site.settings["cache"], "pages": "10m"}) as live:
        warm(live, site)

        def states() -> list[str]:
            page = ask(live.port, "/simple/one/", accept=JSON, headers=GZIP)
            file = ask(live.port, site.paths("one")[0])
            other = ask(live.port, "/simple/two/", accept="text/html")
            assert {page.status, file.status, other.status} == {200}
            # httpd adds from where
            return [(one.one("X-Cache") or "").partition(" ")[0] for one in (page, file, other)]

        assert states() == ["HIT", "HIT", "HIT"]
        assert site.command("purge", "One") == 0
        assert len(capsys.readouterr().out.splitlines()) == 2
        assert states() == ["MISS", "MISS", "HIT"]
        entries(site.cache, 4)
        assert states() == ["HIT", "HIT", "HIT"]
        assert site.command("purge", "one", "--source", "public") == 0
        assert site.command("list", "one") == 1
        assert "[crit]" not in live.server.log()


@pytest.mark.client
@pytest.mark.parametrize("name", ["pip-newest", "uv"])
def test_what_was_installed_once_is_of_use_offline(
    site: Site,
    name: str,
    place: Path,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert request.config.cache is not None
    client = prepare(name, request.config.cache.mkdir("installers"))

    def install(live: LiveSite, project: str) -> bool:
        digest = hashlib.sha256(wheel_bytes(project, "1.0")).hexdigest()
        directory = place / f"client-{len(list(place.glob('client-*')))}"
        directory.mkdir()
        done = client.install(live.url, [f"{project}==1.0 --hash=sha256:{digest}"], directory)
        assert (f"{project}.py" in done.names) == (done.status == 0), done.output
        return done.status == 0

    with site.running() as live:
        assert install(live, "one")
    entries(site.cache, 2)
    capsys.readouterr()
    assert site.command("list", "one", "--offline", "--format", "json") == 0
    (found,) = json.loads(capsys.readouterr().out)["projects"]
    assert (found["of_use"], found["kept"]) == (True, ["one-1.0-py2.py3-none-any.whl"])
    assert site.command("list", "two", "--offline") == 1
    with site.running(offline=True) as live:
        assert install(live, "one")
        assert ask(live.port, "/simple/two/", accept=JSON, headers=GZIP).status == 502
