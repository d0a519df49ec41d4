"""What is around a site when an administrator runs it: users, mounts, modules, and the distribution's own pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.cases import debian, editions
from tests.containers.editions import Edition, needed_modules
from tests.containers.farm import SOMEBODY, ContainerFarm
from tests.containers.lab import Box, Lab
from tests.containers.world import World
from tests.support.wire import ask

pytestmark = [pytest.mark.containers, pytest.mark.slow]

#: Asks a port of the container itself; nothing that speaks HTTP is installed there, but bash is.
_PLAIN_GET = (
    r'exec 3<>/dev/tcp/127.0.0.1/80; printf "GET / HTTP/1.0\r\nHost: x\r\n\r\n" >&3; cat <&3'
)
_USERS = "for one in /proc/[0-9]*; do echo $(cat $one/comm) $(stat -c %U $one); done"

QUIET = {
    "nginx": r"nginx: the configuration file \S+ syntax is ok\n"
    r"nginx: configuration file \S+ test is successful\n",
    # Debian's configuration names no server
    "apache": r"(?:AH00558: .*\n)?Syntax OK\n",
}


@pytest.mark.exercise("set up as by an administrator")
@pytest.mark.parametrize("edition", debian())
def test_workers_are_nobody_special(edition: Edition, container_farm: ContainerFarm) -> None:
    live = container_farm.live("deep", edition)
    program = "nginx" if edition.kind == "nginx" else "apache2"

    def settled() -> bool:
        said = live.box.run("/bin/sh", "-c", _USERS)[1]
        rows = [line.split() for line in said.splitlines() if line.startswith(program)]
        # a process may end while it is looked at; one that has just begun is still root
        users = [row[1] for row in rows if len(row) == 2]
        return users.count("root") == 1 and set(users) == {"root", edition.user}

    live.box.wait_for(settled, f"one process is root's, all others are of {edition.user}")


@pytest.mark.exercise("set up as by an administrator")
@pytest.mark.parametrize("edition", debian())
def test_what_is_mounted_cannot_be_written(edition: Edition, container_farm: ContainerFarm) -> None:
    scene, live = container_farm.scene("deep"), container_farm.live("deep", edition)
    assert (scene.root / "private").stat().st_uid == SOMEBODY
    for path in (scene.root / "private" / "x", f"{edition.hosts}/{live.text.name}"):
        code, said = live.box.run("/bin/sh", "-c", f"echo >> {path}")
        assert (code, "Read-only file system" in said) == (2, True), said


@pytest.mark.exercise("set up as by an administrator")
@pytest.mark.parametrize("edition", debian())
def test_the_distribution_keeps_its_own_page(
    edition: Edition, container_farm: ContainerFarm
) -> None:
    live = container_farm.live("deep", edition)
    _, said = live.box.run("/bin/bash", "-c", _PLAIN_GET)
    assert re.search("Welcome to nginx!|Apache2 Debian Default Page", said)


@pytest.mark.exercise("set up as by an administrator")
@pytest.mark.parametrize("edition", editions())
def test_the_config_test_says_ok_and_nothing_else(
    edition: Edition, container_farm: ContainerFarm
) -> None:
    for scene in ("team", "tls"):
        code, said = container_farm.live(scene, edition).test()
        assert code == 0
        assert re.fullmatch(QUIET[edition.kind], said), said


@pytest.mark.exercise("set up as by an administrator")
@pytest.mark.parametrize("edition", debian())
def test_a_directory_that_workers_may_not_enter_is_not_an_empty_one(
    edition: Edition, container_farm: ContainerFarm
) -> None:
    scene, live = container_farm.scene("deep"), container_farm.live("deep", edition)
    scene.forget()
    private = scene.root / "private"
    private.chmod(0o700)
    try:
        for name in ("acme-foo", "proxied"):
            assert ask(live.port, f"/pypi/simple/{name}/").status == 503
    finally:
        private.chmod(0o755)
    assert scene.upstreams[0].requests == []
    assert ask(live.port, "/pypi/simple/acme-foo/").status == 200


#: Those that Debian enables by itself, or that others of ours stand on, so that `a2dismod` alone does not remove them.
SURE = {"headers", "lbmethod_byrequests", "proxy_http", "rewrite", "ssl", "substitute"}


def tried_without(box: Box, modules: tuple[str, ...]) -> Iterator[tuple[str, int, str]]:
    """Each module that `a2dismod` removes by itself, and what the config test says without it."""
    for module in modules:
        if box.run("a2dismod", "-q", module)[0] == 0:
            yield module, *box.run("apache2ctl", "-t")
            assert box.run("a2enmod", "-q", module)[0] == 0


@pytest.mark.exercise("set up as by an administrator")
@pytest.mark.parametrize("edition", debian("apache"))
def test_a_missing_module_stops_the_config_test_with_our_sentence(
    edition: Edition, container_farm: ContainerFarm
) -> None:
    live = container_farm.live("tls", edition)
    modules = needed_modules(live.text.read_text())
    tried = set()
    for module, code, said in tried_without(live.box, modules):
        assert code == 1, module
        assert f"rewritegen: needs mod_{module} (a2enmod {module}" in said
        tried.add(module)
    assert tried >= SURE
    assert live.test()[0] == 0


@pytest.fixture
def world(session_lab: Lab, place: Path) -> Iterator[World]:
    built = World.make(session_lab, place, place.name)
    yield built
    if built.index.box is not None:
        built.index.box.remove()


@pytest.mark.exercise("starts before its index can be looked up")
@pytest.mark.parametrize("edition", editions())
def test_an_index_that_comes_later_is_found(
    edition: Edition, world: World, container_farm: ContainerFarm
) -> None:
    # docker answers for names of the network at this address, in every container
    settings = {"resolver": ["127.0.0.11"]}
    able = container_farm.installed(edition)
    live = world.start(edition, settings, capabilities=able)
    try:
        assert (ask(live.port, "/simple/acme-foo/").status) == 200
        assert ask(live.port, "/simple/proxied/").status in (502, 503, 504)
        world.index.start(world.lab)
        live.box.wait_for(
            lambda: ask(live.port, "/simple/proxied/").status == 200, "the index is found", 30
        )
        page = world.get(live, "/simple/other/")
        assert (page.status, page.one("X-Index-Source")) == (200, "proxy/public")
        assert world.asked == ["GET /simple/other/ HTTP/1.1"]
        assert world.get(live, "/simple/acme-ghost/").status == 404
        assert world.asked == []
    finally:
        live.box.remove()
