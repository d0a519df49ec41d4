"""Real installers get a private, a mirrored and a proxied package through real servers, with the right hashes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.support.dists import wheel_bytes
from tests.support.farm import Farm
from tests.support.installers import INSTALLERS, Command, prepare
from tests.support.scenes import Scene
from tests.support.sites import LiveSite
from tests.support.upstream import Index

pytestmark = [pytest.mark.server, pytest.mark.client, pytest.mark.slow]

PRIVATE, RAW, MIRRORED, PROXIED = "acme-foo", "my-private-pkg", "mirrored", "proxied"


@dataclass(frozen=True, slots=True)
class World:
    """The scene ``team`` and its server."""

    scene: Scene
    live: LiveSite

    @property
    def index(self) -> Index:
        """The upstream."""
        return self.scene.upstreams[0]


@pytest.fixture
def world(farm: Farm, server_kind: str) -> World:
    """The scene on one server, with its upstream's record empty."""
    world = World(farm.scene("team"), farm.live("team", server_kind))
    world.scene.forget()
    return world


def fetched(request: pytest.FixtureRequest, name: str) -> Command:
    """An installer, fetched once and kept in pytest's cache directory."""
    assert request.config.cache is not None
    return prepare(name, request.config.cache.mkdir("installers"))


@pytest.fixture(params=list(INSTALLERS))
def client(request: pytest.FixtureRequest) -> Command:
    """Each installer."""
    return fetched(request, request.param)


def requirement(name: str, version: str = "1.0", registered: str | None = None) -> str:
    """A line with the hash of the right wheel: any other file is refused by the installer itself."""
    content = wheel_bytes(registered or name, version)
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(content).hexdigest()}"


ALL = (
    requirement(PRIVATE),
    requirement(RAW, registered="My.Private_Pkg"),
    requirement(MIRRORED),
    requirement(PROXIED),
)
MODULES = {"acme_foo.py", "my_private_pkg.py", "mirrored.py", "proxied.py"}


def test_installs_private_mirrored_and_proxied(
    world: World, client: Command, tmp_path: Path
) -> None:
    done = client.install(world.live.url, ALL, tmp_path)
    assert done.status == 0, done.output
    assert done.names >= MODULES
    pages = world.index.requests
    assert {page.target for page in pages} == {"/simple/proxied/"}
    wants_json = pages[0].headers["accept"].startswith("application/vnd.pypi.simple.v1+json")
    assert wants_json == client.installer.asks_json
    assert {file.target.rpartition("/")[2] for file in world.index.files.requests} <= {
        "proxied-1.0-py2.py3-none-any.whl",
        "proxied-1.0-py2.py3-none-any.whl.metadata",
    }


def test_installs_what_is_here_when_the_network_is_gone(
    world: World, client: Command, tmp_path: Path
) -> None:
    world.index.refuse()
    world.index.files.refuse()
    try:
        done = client.install(world.live.url, ALL[:3], tmp_path)
    finally:
        world.index.open()
        world.index.files.open()
    assert done.status == 0, done.output
    assert done.names >= MODULES - {"proxied.py"}
    assert (world.index.requests, world.index.files.requests) == ([], [])


def test_a_claimed_name_is_not_installed_from_anywhere_else(
    world: World, client: Command, tmp_path: Path
) -> None:
    """``acme-ghost`` is ours and does not exist; the mirror and the upstream both offer one."""
    content = world.index.projects[canonicalize_name("acme-ghost")][
        "acme_ghost-9.0-py2.py3-none-any.whl"
    ]
    digest = hashlib.sha256(content).hexdigest()
    done = client.install(world.live.url, [f"acme-ghost==9.0 --hash=sha256:{digest}"], tmp_path)
    assert done.status != 0
    assert done.names == frozenset()
    assert (world.index.requests, world.index.files.requests) == ([], [])


def test_installs_over_tls(
    farm: Farm, server_kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    live = farm.live("tls", server_kind)
    client = fetched(request, "pip-newest")
    wanted = (requirement(PRIVATE), requirement(PROXIED))
    done = client.install(
        live.url, wanted, tmp_path, ["--cert", str(farm.scene("tls").authority.pem)]
    )
    assert done.status == 0, done.output
    assert done.names >= {"acme_foo.py", "proxied.py"}
