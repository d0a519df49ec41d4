"""The programs that make trees, today: what they write is what was recorded, and real clients install from it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.processes import traversable_directory
from tests.support.sites import LiveSite
from tests.support.tools import require
from tests.systems.clients import CLIENTS, lacking
from tests.systems.fake_pypi import fake_pypi
from tests.systems.makers import RECORDED, SYSTEMS, Bench, make, mirror
from tests.systems.packages import Package, write
from tests.systems.sites import Role, live_site, site_of
from tests.systems.software import new_software, old_software

pytestmark = [pytest.mark.server, pytest.mark.client, pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="module")
def cache(request: pytest.FixtureRequest) -> Path:
    """Where tools are kept between sessions."""
    assert request.config.cache is not None
    return request.config.cache.mkdir("tools")


@pytest.fixture(scope="module")
def made(cache: Path) -> Iterator[Mapping[str, Path]]:
    """A tree of each system, new."""
    old_software(cache)
    new_software(cache)
    with traversable_directory() as place, ThreadPoolExecutor(2) as pool:

        def one(name: str) -> tuple[str, Path]:
            (place / name).mkdir()
            return name, make(SYSTEMS[name], place / name, cache)

        yield dict(pool.map(one, SYSTEMS))


#: A time, or a number that differs with each run.
CHANGING = re.compile(r"(?:^|/)(?:last-modified|local-stats/.*|\.lock)$")

TIME = re.compile("Last update: [^<]*")


def listing(tree: Path) -> dict[str, str]:
    """Path -> text of what is a page, nothing of other files."""
    found = {}
    for path in tree.resolve().rglob("*"):
        name = path.relative_to(tree.resolve()).as_posix()
        if path.is_file() and not CHANGING.search(name):
            is_page = path.name.startswith("index.") or path.name == "full.html"
            found[name] = TIME.sub("", path.read_text()) if is_page else ""
    return found


@pytest.mark.parametrize("name", [one.name for one in SYSTEMS.values() if one.recorded])
def test_the_recorded_tree_is_what_the_program_writes(made: Mapping[str, Path], name: str) -> None:
    assert listing(made[name]) == listing(RECORDED / name)


ROLES: tuple[Role, Role] = ("mirror", "private")


@pytest.fixture(scope="module")
def site(
    made: Mapping[str, Path], request: pytest.FixtureRequest
) -> Iterator[tuple[LiveSite, Role]]:
    """The new trees, on each server in each role."""
    kind, role = request.param
    require(kind)
    with traversable_directory() as root, contextlib.ExitStack() as stack:
        site_file, report = site_of(role, made, root)
        assert report.exit_code == 0
        yield stack.enter_context(live_site(kind, site_file)), role
        for tree in made.values():
            (tree / ".rewritegen-root").unlink(missing_ok=True)


def _wanted(client: str, role: Role) -> list[Package]:
    """Everything by pip and uv; by the others, what has names as they were registered."""
    found = [
        (system, package)
        for system in SYSTEMS.values()
        for package in system.packages
        if system.private or role == "mirror"
    ]
    if client in ("pip", "uv"):
        return [package for _, package in found]
    return [
        package
        for system, package in found
        # buildout starts a pip for each
        if system.raw and (client != "buildout" or package.name.startswith("Zope"))
    ]


#: Private directories are asked by the quick ones; tests/clients asks some by all.
QUICK = ("pip", "uv", "easy_install")
RUNS = [
    pytest.param((kind, role), client, id=f"{kind} {role} {client}")
    for kind in ("nginx", "apache")
    for role in ROLES
    for client in (CLIENTS if role == "mirror" else QUICK)
]


@pytest.mark.parametrize(("site", "client"), RUNS, indirect=["site"])
def test_a_client_installs_all(
    site: tuple[LiveSite, Role], client: str, cache: Path, tmp_path: Path
) -> None:
    live, role = site
    packages = _wanted(client, role)
    done = CLIENTS[client](live.url, packages, tmp_path, cache)
    assert done.status == 0, done.output[-3000:]
    assert lacking(packages, tmp_path) == []


def test_bandersnatch_without_files_leads_to_the_file_host(
    server_kind: str, place: Path, cache: Path, tmp_path: Path
) -> None:
    """``release-files = false``: pages are served as they are, and clients fetch from where their links lead."""
    system = SYSTEMS["bandersnatch"]
    package = system.packages[1]
    write(place / "files", system.packages)
    with fake_pypi(place / "files", system.packages) as pypi:
        # without root_uri it names the file host of PyPI
        mirror(Bench(system, place, cache), pypi, {"release-files": "false", "root_uri": pypi.url})
        assert not list((place / "tree").rglob("*.whl"))
        site_file, _ = site_of("mirror", {system.name: place / "tree"}, place)
        with live_site(server_kind, site_file) as live:
            done = CLIENTS["uv"](live.url, [package], tmp_path, cache)
    assert done.status == 0, done.output
    assert lacking([package], tmp_path) == []
