"""The scenario `workstation`: a directory of our own, then a caching proxy on the same machine; online, then not.

The proxy is the real one (collective.eggproxy, as in 2010; devpi), before a public index that has a stranger's file
under our name. What the site asks the proxy is recorded between the two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.check.indexes import Listed
from tests.clients.test_configured import installed
from tests.support import trees
from tests.support.dists import sdist_bytes
from tests.support.installers import prepare
from tests.support.processes import free_port
from tests.support.project_tools import project_tool, run
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, index_site, start_site, write_site
from tests.support.tools import require
from tests.support.upstream import Index, upstream
from tests.support.wire import ask
from tests.systems.live_indexes import devpi_behind, eggproxy_behind
from tests.systems.tap import Tap

pytestmark = [pytest.mark.server, pytest.mark.client, pytest.mark.long]

OURS = wheels("acme-foo-1.0")
PUBLIC = {
    **wheels("proxied-1.0", "unseen-1.0", "acme-foo-9.0", "acme-ghost-9.0"),
    # as sdists were called before 2023: eggproxy knows it by this name only
    "Dotted.Tool": {"Dotted.Tool-1.0.tar.gz": sdist_bytes("Dotted.Tool", "1.0")},
}
NAMES = ("acme-foo", "proxied")
LINES = [
    f"{name}==1.0 --hash=sha256:{hashlib.sha256(content).hexdigest()}"
    for name in NAMES
    for content in {**OURS, "proxied": PUBLIC["proxied"]}[name].values()
]
PROXIES: dict[str, Callable[[Index, Path, Path], AbstractContextManager[str]]] = {
    "eggproxy": eggproxy_behind,
    "devpi": devpi_behind,
}


@dataclass(frozen=True, slots=True)
class Workstation:
    """The site, what stands between it and the proxy, and where users live."""

    live: LiveSite
    tap: Tap
    public: Listed
    place: Path
    cache: pytest.Cache

    def install(self, client: str, when: str) -> tuple[str | None, str | None]:
        """The versions that a user gets who has nothing yet."""
        home = self.place / f"{client}-{when}"
        home.mkdir()
        if client == "buildout":
            extensions = "".join(f"\n    {name}" for name in NAMES)
            text = f"[buildout]\nindex = {self.live.url}\nparts =\nextensions ={extensions}\n"
            (home / "buildout.cfg").write_text(text)
            tool = project_tool("buildout", self.cache.mkdir("tools"))
            done = run([tool.program, "-N"], home, home)
            assert done.status == 0, done.output
        else:
            command = prepare(client, self.cache.mkdir("installers"))
            found = command.install(self.live.url, LINES, home)
            assert found.status == 0, (found.output, self.live.server.log())
        return installed(home, "acme_foo"), installed(home, "proxied")

    def asked(self, target: str) -> tuple[int, str | None]:
        """Status and source of a page."""
        answer = ask(self.live.port, target, accept="text/html")
        return answer.status, answer.one("X-Index-Source")


@contextmanager
def _proxy(
    proxy: str, place: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[Listed, str, pytest.Cache]]:
    """The proxy itself, before a public index."""
    assert request.config.cache is not None
    (place / "proxy").mkdir()
    with (
        upstream(Listed(PUBLIC)) as public,
        PROXIES[proxy](public, request.config.cache.mkdir("indexes"), place / "proxy") as url,
    ):
        assert isinstance(public, Listed)
        yield public, url, request.config.cache


@contextmanager
def _site(
    server: str, proxy: str, place: Path, behind: tuple[Listed, str, pytest.Cache]
) -> Iterator[Workstation]:
    public, url, cache = behind
    trees.projects(place / "team", OURS)
    tap = Tap(url)
    tap.open()
    source = {"name": proxy, "proxy": tap.url, "kind": proxy, "retry": "1s"}
    spelled = {"spelled": ["Dotted.Tool"]} if proxy == "eggproxy" else {}
    settings = {
        "state": str(place / "state"),
        "private": [{"name": "team", "path": str(place / "team"), "claims": ["acme-*"]}],
        "fallbacks": [{**source, **spelled}],
        # too old at once: what installs without the proxy is a copy that stands in
        "cache": {"path": str(place / "cache"), "pages": "1s", "stale": "30d"},
    }
    site_file = write_site(place / "site.yaml", settings, free_port())
    index_site(site_file)
    live = start_site(server, site_file, place / "tree")
    try:
        yield Workstation(live, tap, public, place, cache)
    finally:
        live.server.stop()
        tap.refuse()


@pytest.mark.parametrize("proxy", PROXIES)
def test_workstation(proxy: str, place: Path, request: pytest.FixtureRequest) -> None:
    with _proxy(proxy, place, request) as behind:
        for server in ("nginx", "apache"):
            require(server)
            with _site(server, proxy, place / server, behind) as here:
                check_workstation(here)


def check_workstation(here: Workstation) -> None:
    here.public.forget()
    pages = here.tap.url.removeprefix(here.tap.origin)
    clients = ("pip-newest", "uv", "buildout")
    for client in clients:
        assert here.install(client, "online") == ("1.0", "1.0"), client
    assert f"{pages}proxied/" in {line.target for line in here.tap.requests}

    here.tap.refuse()
    for client in clients:
        assert here.install(client, "offline") == ("1.0", "1.0"), client
    assert here.asked("/simple/acme-foo/") == (200, "private/team")
    assert here.asked("/simple/acme-ghost/") == (404, "none")
    # nobody knows whether it is there
    assert here.asked("/simple/unseen/") == (502, "none")

    here.tap.open()
    assert here.asked("/simple/acme-ghost/") == (404, "none")
    private = [one.target for one in here.tap.requests if b"acme" in one.raw.lower()]
    behind = [one.target for one in here.public.requests if b"acme-" in one.raw.lower()]
    assert (private, behind) == ([], [])


def test_eggproxy_is_asked_nothing_that_it_cannot_answer(
    place: Path, request: pytest.FixtureRequest
) -> None:
    """Its traps: 500 for three parts, the whole of PyPI for `/`, bare links without the slash, a 404 that stays."""
    with _proxy("eggproxy", place, request) as behind:
        for server in ("nginx", "apache"):
            require(server)
            with _site(server, "eggproxy", place / server, behind) as here:
                check_eggproxy(here)
        # it does not look again: what was not there is there after a restart of it
        public, url, _ = behind
        public.add("nobody", wheels("nobody-1.0")["nobody"])
        public.forget()
        assert ask(urlsplit(url).port or 0, "/nobody/").status == 404
        assert public.requests == []


def check_eggproxy(here: Workstation) -> None:
    for target, expected in (
        ("/simple/", (200, "none")),
        ("/simple/proxied", (301, "none")),
        ("/simple/Proxied/", (301, "none")),
        ("/simple/proxied/a/b-1.0.tar.gz", (404, "none")),
        ("/simple/proxied/", (200, "proxy/eggproxy")),
        ("/simple/nobody/", (404, "none")),
        ("/simple/dotted-tool/", (200, "proxy/eggproxy")),
        ("/simple/dotted-tool/Dotted.Tool-1.0.tar.gz", (200, "proxy/eggproxy")),
    ):
        assert here.asked(target) == expected, target
    pages = ["/proxied/", "/nobody/", "/Dotted.Tool/"]
    asked = [one.target for one in here.tap.requests]
    assert asked == [*pages, "/Dotted.Tool/Dotted.Tool-1.0.tar.gz"]
