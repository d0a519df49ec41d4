"""Each kind of HTTP index, through both servers, to real installers: the software itself where it runs here.

Where it does not, a stand-in has pages of just the form that its source or issues show (``standins``). What a system is
asked is recorded: pages by the names that it knows, files, and nothing else; never its root.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from packaging.utils import canonicalize_name

from rewritegen.decide import Request, decide
from rewritegen.kinds import KINDS
from rewritegen.world import FileSystem
from tests.clients.test_configured import EASY, installed
from tests.support import trees
from tests.support.compare import hrefs
from tests.support.installers import prepare
from tests.support.processes import HOST, free_port
from tests.support.project_tools import project_tool, run
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, index_site, start_site, write_site
from tests.support.tools import require
from tests.support.upstream import Index, upstream
from tests.support.wire import ask
from tests.systems.live_indexes import simpleindex
from tests.systems.table import EGG, NAMES, PROJECTS, SYSTEMS, Running, System

pytestmark = [pytest.mark.server, pytest.mark.client, pytest.mark.long]

CLIENTS = ("pip-newest", "uv")
LINES = [
    f"{name}==1.0 --hash=sha256:{hashlib.sha256(content).hexdigest()}"
    for name, files in PROJECTS.items()
    for content in files.values()
]
MODULES = frozenset({"plain_tool.py", "dotted_tool.py", "under_tool.py"})


def test_every_kind_has_a_line() -> None:
    assert {system.kind for system in SYSTEMS} == set(KINDS)


@contextmanager
def site(
    server: str, system: System, running: Running, behind: Index, root: Path
) -> Iterator[LiveSite]:
    """A site with this source, and an index behind it that has a stranger's file for each of its names."""
    trees.projects(root / "team", wheels("acme-foo-1.0"))
    source = {"proxy": running.url, **system.settings, **running.settings}
    last = {"name": "behind", "proxy": behind.url, "kind": "simple", "retry": "1s"}
    private: list[dict[str, object]] = [{"name": "team", "path": str(root / "team")}]
    settings = {
        "state": str(root / "state"),
        "private": [*private, *([source] if system.private else [])],
        "fallbacks": [*([] if system.private else [source]), last],
    }
    site_file = write_site(root / "site.yaml", settings, free_port())
    index_site(site_file)
    live = start_site(server, site_file, root / "tree")
    try:
        yield live
    finally:
        live.server.stop()


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.id)
def test_three_packages_are_installed(
    system: System, request: pytest.FixtureRequest, place: Path
) -> None:
    assert request.config.cache is not None
    cache = request.config.cache.mkdir("indexes")
    evil = wheels("beyond-1.0", *(f"{canonicalize_name(name)}-9.0" for name in NAMES))
    (place / "system").mkdir()
    with (
        system.run(cache, place / "system") as running,
        upstream(Index(evil, links="packages")) as behind,
    ):
        for server in ("nginx", "apache"):
            require(server)
            with site(server, system, running, behind, place / server) as live:
                running.recorder.forget()
                behind.forget()
                for client in CLIENTS:
                    home = place / f"{server}-{client}"
                    home.mkdir()
                    command = prepare(client, request.config.cache.mkdir("installers"))
                    done = command.install(live.url, LINES, home)
                    assert done.status == 0, (server, client, done.output, live.server.log())
                    assert {name.lower() for name in done.names} >= MODULES
                if system.known("A.b") != "a-b":
                    check_easy_install(live, place / f"{server}-easy", request.config.cache)
                check_what_was_asked(system, running, live)
                assert behind.requests == []
                check_what_is_not_there(system, live)


@pytest.mark.parametrize("server", ["nginx", "apache"])
def test_simpleindex_leads_to_another_index_and_has_nothing_in_a_directory(
    server: str, request: pytest.FixtureRequest, place: Path
) -> None:
    assert request.config.cache is not None
    cache = request.config.cache.mkdir("indexes")
    (place / "system").mkdir()
    far, behind = Index(wheels("far-tool-1.0")), Index(wheels("emptied-1.0"), links="packages")
    with (
        upstream(far),
        upstream(behind),
        simpleindex(PROJECTS, cache, place / "system", far.url) as url,
    ):
        system = next(system for system in SYSTEMS if system.kind == "simpleindex")
        hosts = {"files": [f"{far.origin}/", f"{far.files.origin}/"]}
        running = Running(url, far, settings=hosts)
        with site(server, system, running, behind, place / server) as live:
            page = ask(live.port, "/simple/far-tool/", accept="text/html")
            assert (page.status, page.one("X-Index-Source")) == (200, "proxy/system")
            (link,) = hrefs(page.body)
            file = ask(live.port, urljoin("/simple/far-tool/", link).partition("#")[0])
            assert file.body in wheels("far-tool-1.0")["far-tool"].values()
            # a directory without a file is an empty page
            empty = ask(live.port, "/simple/emptied/", accept="text/html")
            assert (empty.status, empty.one("X-Index-Source")) == (200, "proxy/behind")


def check_easy_install(live: LiveSite, home: Path, cache: pytest.Cache) -> None:
    """It asks for the name as it is written, and is sent to the canonical one."""
    (home / "eggs").mkdir(parents=True)
    conf = f"[easy_install]\nindex_url = {live.url}\nallow_hosts = {HOST}:*\n"
    (home / ".pydistutils.cfg").write_text(conf)
    python = project_tool("easy_install", cache.mkdir("tools")).python
    paths = {"PYTHONPATH": str(home / "eggs")}
    done = run([python, "-c", EASY, "Dotted.Tool", "Under_Tool"], home, home, paths)
    assert done.status == 0, done.output
    assert (home / "eggs" / EGG).is_file(), done.output
    assert installed(home, "under_tool") == "1.0", done.output


def check_what_was_asked(system: System, running: Running, live: LiveSite) -> None:
    base = urlsplit(running.url).path
    pages = {f"{base}{system.known(name)}/" for name in NAMES}
    targets = {line.target for line in running.recorder.requests}
    assert pages <= targets
    assert {line.line.split(" ")[0] for line in running.recorder.requests} <= {"GET", "HEAD"}
    files = {target for target in targets if target not in pages}
    if running.files is not None:
        assert files == running.files
    ends = {EGG, *(file for found in PROJECTS.values() for file in found)}
    assert {target.rpartition("/")[2].partition(".metadata")[0] for target in files} <= ends
    # the model says the same
    world = FileSystem()
    for name in NAMES:
        target = f"{live.plan.mount}{canonicalize_name(name)}/"
        decision = decide(live.plan, Request(target), world)
        assert decision.forwarded == (f"{running.url}{system.known(name)}/",)


def check_what_is_not_there(system: System, live: LiveSite) -> None:
    """What the system does not have is 404 if it is private; else the next one is asked."""
    name = "ghost-tool" if system.private else "beyond"
    answer = ask(live.port, f"{live.plan.mount}{name}/", accept="text/html")
    source = answer.one("X-Index-Source")
    expected = (404, "private/system") if system.private else (200, "proxy/behind")
    assert (answer.status, source) == expected
