"""What lies in a private directory and cannot be offered is ours all the same: no fallback is asked for its name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from rewritegen.indexing import index_job
from rewritegen.pages import run_index
from rewritegen.site import load_site
from tests.support.processes import free_port, traversable_directory
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, start_site, write_site
from tests.support.tools import require
from tests.support.upstream import Index, upstream
from tests.support.wire import ask

pytestmark = pytest.mark.server

#: Files of a flat directory, and the names that they keep here. The public index has a higher version of each.
FLAT = {
    "svn-tool-1.0dev-r1234.tar.gz": "svn-tool",
    "win-tool-1.0.win32-py2.7.exe": "win-tool",
    "copy_tool-1.0-py3-none-any (1).whl": "copy-tool",
    "noversion.zip": "noversion",
    "unpacked_tool-1.0-py2.7.egg/": "unpacked-tool",
    "link_tool-1.0-py3-none-any.whl": "link-tool",
}
#: The same beside the directories of projects.
BESIDE = {"beside_tool-1.0-py3-none-any.whl": "beside-tool"}
NAMES = (*FLAT.values(), *BESIDE.values())


@dataclass
class World:
    live: LiveSite
    index: Index


@pytest.fixture(scope="module", params=["nginx", "apache"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    require(request.param)
    with traversable_directory() as root, contextlib.ExitStack() as stack:
        for name, entries in (("flat", FLAT), ("team", BESIDE)):
            (root / name).mkdir()
            for entry in entries:
                path = root / name / entry
                if entry.endswith("/"):
                    path.mkdir()
                elif entry.startswith("link"):
                    path.symlink_to("nowhere")
                else:
                    path.write_bytes(b"no archive")
        index = Index(wheels(*(f"{name}-9.0" for name in NAMES), "there-1.0"))
        stack.enter_context(upstream(index))
        settings = {
            "state": str(root / "state"),
            "private": [
                {"name": "flat", "path": str(root / "flat"), "layout": "flat"},
                {"name": "team", "path": str(root / "team")},
            ],
            "fallbacks": [
                {"name": "public", "proxy": index.url, "files": [f"{index.files.origin}/"]}
            ],
        }
        site = write_site(root / "site.yaml", settings, free_port())
        assert run_index(index_job(load_site(site))).exit_code == 1, "and it says so"
        live = start_site(request.param, site, root / "tree")
        stack.callback(live.server.stop)
        yield World(live, index)


@pytest.mark.parametrize("name", NAMES)
def test_nobody_is_asked_for_it(world: World, name: str) -> None:
    world.index.forget()
    world.index.files.forget()
    answer = ask(world.live.port, f"/simple/{name}/")
    assert (answer.status, answer.one("X-Index-Source")) == (404, "none")
    stem = name.replace("-", "_")
    file = f"/files/public/packages/{stem}-9.0-py2.py3-none-any.whl"
    assert ask(world.live.port, file).status == 404
    assert world.index.requests == world.index.files.requests == []


def test_others_are_asked_for(world: World) -> None:
    answer = ask(world.live.port, "/simple/there/")
    assert (answer.status, answer.one("X-Index-Source")) == (200, "proxy/public")
