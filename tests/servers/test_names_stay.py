"""No accident releases a name: what happens to directories and to the state, and what is said of the names then.

Each accident is asked about twice, before and after `rewritegen index` has run: the first answer is the web server's
alone, the second shows that a run does not take what it sees for a decision.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from packaging.utils import NormalizedName

from rewritegen.indexing import index_job
from rewritegen.pages import run_index
from rewritegen.pages.owned import SENTINEL, forget
from rewritegen.site import load_site
from tests.support import trees
from tests.support.processes import free_port, traversable_directory
from tests.support.scenes import wheels
from tests.support.sites import index_site, start_site, write_site
from tests.support.tools import find
from tests.support.upstream import Index, upstream
from tests.support.wire import ask

pytestmark = [pytest.mark.server, pytest.mark.slow]

NAMES = ("acme-foo", "plain-tool", "raw-tool", "linked-tool", "house-tool")
#: What would be in a request for one of them, in any spelling.
TOKENS = (b"acme", b"plain", b"raw", b"linked", b"house")


@dataclass(slots=True)
class World:
    """Private directories and state (:attr:`live`), a copy of both before any accident, and the servers."""

    live: Path
    whole: Path
    site_file: Path
    index: Index
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def team(self) -> Path:
        return self.live / "team"

    @property
    def state(self) -> Path:
        return self.live / "state"

    @property
    def names(self) -> Path:
        return self.state / "names"

    def mend(self) -> None:
        """Make all of it what it was."""
        for path in self.live.iterdir():
            remove(path)
        for path in self.whole.iterdir():
            shutil.copytree(path, self.live / path.name, symlinks=True)


def remove(path: Path) -> None:
    """Remove whatever it is."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def empty(path: Path) -> None:
    """What ``rm -r PATH/*`` does: what begins with a dot stays."""
    for entry in path.iterdir():
        if not entry.name.startswith(".") and not path.is_symlink():
            remove(entry)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A site with a directory per project, a wheelhouse, and an upstream that has every name of theirs."""
    with contextlib.ExitStack() as stack:
        root = stack.enter_context(traversable_directory())
        live, whole = root / "live", root / "whole"
        team = trees.projects(
            live / "team", wheels("acme-foo-1.0", "plain-tool-1.0", "Raw_Tool-1.0")
        )
        trees.projects(root / "elsewhere", wheels("linked-tool-1.0"))
        (team / "linked-tool").symlink_to(root / "elsewhere" / "linked-tool")
        house = trees.flat(live / "house", wheels("house-tool-1.0"))
        index = Index(wheels("public-1.0", *(f"{name}-9.0" for name in NAMES)))
        stack.enter_context(upstream(index))
        settings = {
            "state": str(live / "state"),
            "private": [
                {"name": "team", "path": str(team), "claims": ["acme-*"]},
                {"name": "house", "path": str(house), "layout": "flat"},
            ],
            "fallbacks": [
                {"name": "up", "proxy": index.url, "files": [f"{index.files.origin}/"]},
            ],
        }
        first = write_site(root / "first.yaml", settings, 1)
        index_site(first)
        shutil.copytree(live, whole, symlinks=True)
        made = World(live, whole, first, index)
        for kind in ("nginx", "apache"):
            if find(kind) is None:  # the row that needs it skips
                continue
            port = free_port()
            site = start_site(kind, write_site(root / f"{kind}.yaml", settings, port), root / kind)
            stack.callback(site.server.stop)
            made.ports[kind] = port
        yield made


def replaced(path: Path, target: str | None = None) -> None:
    """Put an empty directory, or a link, in its place."""
    remove(path)
    if target is None:
        path.mkdir()
    else:
        path.symlink_to(target)


def other_disk(world: World) -> None:
    """Another private directory of somebody is mounted there: it has a marker too."""
    replaced(world.team)
    (world.team / ".rewritegen-root").touch()
    (world.team / "other-tool").mkdir()


def each_project(world: World, change: Callable[[Path], None]) -> None:
    for name in ("acme-foo", "plain-tool", "Raw_Tool", "linked-tool"):
        change(world.team / name)


def truncate(world: World) -> None:
    for name in NAMES:
        (world.names / name).write_bytes(b"")


def renamed(path: Path) -> None:
    path.rename(path.with_name(f"x-{path.name}"))


def dangling(path: Path) -> None:
    replaced(path, "not-mounted")


def shut(path: Path) -> None:
    if not path.is_symlink():  # what the link leads to is not of this site
        path.chmod(0)


def empty_all(world: World) -> None:
    empty(world.team)
    empty(world.live / "house")


def names_as_a_file(world: World) -> None:
    remove(world.names)
    world.names.write_text("\n".join(NAMES))


def replaced_by_files(world: World) -> None:
    def swap(path: Path) -> None:
        remove(path)
        path.write_text("")

    each_project(world, swap)


#: What was never there, or is only there in part: everything that is decided behind it is 503.
TEAM, HOUSE = frozenset(NAMES), frozenset({"house-tool"})
NOTHING: frozenset[str] = frozenset()

#: Accidents of directories, each with the names that are 503 meanwhile.
DIRECTORIES: dict[str, tuple[Callable[[World], object], frozenset[str]]] = {
    "nothing": (lambda w: None, NOTHING),
    "projects are emptied": (lambda w: each_project(w, empty), NOTHING),
    "projects are removed": (lambda w: each_project(w, remove), NOTHING),
    "projects are renamed": (lambda w: each_project(w, renamed), NOTHING),
    "projects are dangling links": (lambda w: each_project(w, dangling), NOTHING),
    "projects are files": (replaced_by_files, NOTHING),
    "projects cannot be entered": (lambda w: each_project(w, shut), NOTHING),
    "root is emptied": (lambda w: empty(w.team), NOTHING),
    "root is emptied with its marker": (lambda w: replaced(w.team), TEAM),
    "root is removed": (lambda w: remove(w.team), TEAM),
    "root is renamed": (lambda w: renamed(w.team), TEAM),
    "root is a dangling link": (lambda w: dangling(w.team), TEAM),
    "root cannot be entered": (lambda w: w.team.chmod(0), TEAM),
    "root can be listed only": (lambda w: w.team.chmod(0o744), TEAM),
    "root cannot be listed": (lambda w: w.team.chmod(0o711), NOTHING),
    "root is another disk": (other_disk, NOTHING),
    "wheelhouse is emptied": (lambda w: empty(w.live / "house"), NOTHING),
    "wheelhouse is emptied with its marker": (lambda w: replaced(w.live / "house"), HOUSE),
    "wheelhouse is removed": (lambda w: remove(w.live / "house"), HOUSE),
    "everything is emptied": (empty_all, NOTHING),
}

#: Accidents of the state, with all projects gone from their directories, so that nothing but the state knows of them.
#: The second value: whether the servers say 503 until `index` has run.
STATE: dict[str, tuple[Callable[[World], object], bool]] = {
    "removed": (lambda w: remove(w.state), True),
    "emptied": (lambda w: empty(w.state), True),
    "renamed": (lambda w: w.state.rename(w.live / "state.old"), True),
    "unmounted": (lambda w: replaced(w.state), True),
    "cannot be entered": (lambda w: w.state.chmod(0), True),
    "names are removed": (lambda w: remove(w.names), True),
    "names are emptied": (lambda w: empty(w.names), True),
    "names cannot be entered": (lambda w: w.names.chmod(0), True),
    "names are a file": (names_as_a_file, True),
    "sentinel is lost": (lambda w: (w.names / SENTINEL).unlink(), True),
    "sentinel is a dangling link": (lambda w: replaced(w.names / SENTINEL, "no"), True),
    "sentinel is a directory": (lambda w: replaced(w.names / SENTINEL), True),
    "names are truncated": (truncate, False),
    "pages are lost": (lambda w: remove(w.state / "pages"), False),
    "memories are lost": (lambda w: remove(w.state / "sources"), False),
    "memories are truncated": (
        lambda w: [path.write_bytes(b"") for path in (w.state / "sources").glob("*.json")],
        False,
    ),
}


def answers(world: World, kind: str) -> dict[str, int]:
    """The statuses of all private names; not one of their bytes has gone out, nor came in from outside."""
    world.index.forget()
    found = {}
    for name in NAMES:
        for target in (f"/simple/{name}/", f"/simple/{name}", f"/simple/{name}/x-1.0.tar.gz"):
            answer = ask(world.ports[kind], target)
            assert not (answer.one("X-Index-Source") or "").startswith("proxy/"), target
            assert f"{name.replace('-', '_')}-9.0".encode() not in answer.body
            if target.endswith(f"{name}/"):
                found[name] = answer.status
    told = b"".join(request.raw for request in world.index.requests).lower()
    assert not [token for token in TOKENS if token in told]
    return found


def answers_to_files(world: World, kind: str) -> set[int]:
    """The statuses of files of private names at the public source, which has not been asked for one."""
    world.index.forget()
    found = set()
    for name in NAMES:
        for stem in (name.replace("-", "_"), name.replace("-", ".").title()):
            for place in ("packages/ab/cd/", ""):
                answer = ask(world.ports[kind], f"/files/up/{place}{stem}-9.0.tar.gz")
                assert answer.one("X-Index-Source") == "none"
                found.add(answer.status)
    assert world.index.files.requests == []
    return found


def index(world: World) -> None:
    """Index again; that it reports what it sees is right."""
    run_index(index_job(load_site(world.site_file)))


@pytest.fixture
def mended(world: World) -> Iterator[World]:
    """The world, whole again at the end."""
    yield world
    world.mend()


def is_asked(world: World, kind: str) -> bool:
    """Whether a public name is looked for elsewhere: else these tests could not fail."""
    return ask(world.ports[kind], "/simple/public/").one("X-Index-Source") == "proxy/up"


def gives_files(world: World, kind: str) -> bool:
    """The same for files."""
    answer = ask(world.ports[kind], "/files/up/packages/aa/bb/public-7.0.tar.gz")
    return answer.one("X-Index-Source") == "proxy/up"


@pytest.mark.parametrize(("accident", "unknown"), DIRECTORIES.values(), ids=DIRECTORIES)
def test_no_accident_of_a_directory_releases_a_name(
    server_kind: str,
    mended: World,
    accident: Callable[[World], object],
    unknown: frozenset[str],
) -> None:
    assert is_asked(mended, server_kind)
    accident(mended)
    # whose file it is, only the state says: a root that is not there makes no difference
    assert answers_to_files(mended, server_kind) == {404}
    assert gives_files(mended, server_kind)
    for _ in ("before", "after"):
        found = answers(mended, server_kind)
        assert {name for name, status in found.items() if status == 503} == unknown
        assert {found[name] for name in set(NAMES) - unknown} <= {200, 404}
        assert is_asked(mended, server_kind) is not bool(unknown)
        index(mended)


@pytest.mark.parametrize(("accident", "stops"), STATE.values(), ids=STATE)
def test_no_accident_of_the_state_releases_a_name(
    server_kind: str, mended: World, accident: Callable[[World], object], stops: bool
) -> None:
    empty_all(mended)
    accident(mended)
    found = set(answers(mended, server_kind).values())
    assert found == {503} if stops else found <= {200, 404}
    assert is_asked(mended, server_kind) is not stops
    assert answers_to_files(mended, server_kind) == ({503} if stops else {404})
    assert gives_files(mended, server_kind) is not stops


def test_one_lost_name_is_seen_by_index_only(server_kind: str, mended: World) -> None:
    """A part of the names is gone, the sentinel is not: no server sees it. docs/limits.md says what to do."""
    empty(mended.team)
    index(mended)
    (mended.names / "plain-tool").unlink()
    answer = ask(mended.ports[server_kind], "/simple/plain-tool/")
    assert answer.one("X-Index-Source") == "proxy/up"
    report = run_index(index_job(load_site(mended.site_file)))
    assert [problem.code for problem in report.problems] == ["RG520"]
    assert answers(mended, server_kind)["plain-tool"] == 404


def test_a_name_that_is_forgotten_is_released_with_its_files(
    server_kind: str, mended: World
) -> None:
    port, file = mended.ports[server_kind], "/files/up/packages/aa/bb/plain_tool-7.0.tar.gz"
    remove(mended.team / "plain-tool")
    assert ask(port, file).one("X-Index-Source") == "none"
    forget(mended.state, NormalizedName("plain-tool"))
    assert ask(port, file).one("X-Index-Source") == "proxy/up"


def test_a_restore_without_the_sentinel_stops_the_search_until_index_has_run(
    server_kind: str, mended: World
) -> None:
    """An old backup: the name is of later, and its directory has another spelling."""
    (mended.team / "Later_Tool").mkdir()
    (mended.names / SENTINEL).unlink()
    mended.index.add("later-tool", wheels("later-tool-9.0")["later-tool"])
    try:
        mended.index.forget()
        port = mended.ports[server_kind]
        assert ask(port, "/simple/later-tool/").status == 503
        index(mended)
        assert ask(port, "/simple/later-tool/").status == 404
        assert mended.index.requests == []
        assert is_asked(mended, server_kind)
    finally:
        del mended.index.projects["later-tool"]
