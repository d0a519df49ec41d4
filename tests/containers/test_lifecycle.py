"""What happens to a container and around it: restarts, reloads, upstreams and networks that go, disks that are full.

Private pages and what is in mirrors never depend on any of it; "don't know" is never "not here".
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.containers.cases import debian
from tests.containers.editions import Edition
from tests.containers.lab import Lab
from tests.containers.lifecycle import READ_SECONDS, SPARE, World, build, worlds
from tests.support.processes import wait_until

__all__ = ["worlds"]  # a fixture

pytestmark = [pytest.mark.containers, pytest.mark.slow]

#: The limits of the site and what a busy machine takes; less than the limits that a site has of itself.
MOST_SECONDS = 1 + READ_SECONDS + 9

on_each = pytest.mark.parametrize("edition", debian())
Worlds = Callable[[Edition], World]


@contextmanager
def stopped(world: World) -> Iterator[None]:
    """The upstream's container is stopped: its name is gone, or its address refuses or does not answer."""
    assert world.upstream.box is not None
    world.upstream.box.container.stop(timeout=1)
    try:
        yield
    finally:
        world.upstream.box.container.start()
        world.upstream.box.wait_for(lambda: world.upstream.tell("requests") == [], "it is back")
        for name, files in dict(world.upstream.projects).items():
            world.upstream.add(name, files)  # what it was told while it ran, it has forgotten


@contextmanager
def paused(world: World) -> Iterator[None]:
    """The upstream's container is frozen: it takes connections and says nothing."""
    with world.frozen():
        yield


@contextmanager
def cut(world: World) -> Iterator[None]:
    """The site has lost the network of the upstream, and has it again afterwards."""
    network = world.lab.network("inside")
    network.disconnect(world.live.box.container)
    try:
        yield
    finally:
        network.connect(world.live.box.container)


@pytest.mark.exercise("containers that are restarted or killed")
@on_each
@pytest.mark.parametrize("how", [pytest.param("restart", marks=pytest.mark.matrix), "kill"])
def test_after_a_restart_copies_are_there_and_the_upstream_need_not_be(
    how: str, edition: Edition, worlds: Worlds
) -> None:
    world = worlds(edition)
    name, page, file = world.old()
    container = world.live.box.container
    with stopped(world):
        if how == "restart":
            container.restart(timeout=10)
        else:
            container.kill()
            container.start()
        world.wait(lambda: world.get("/-/health").status == 200, "it answers again")
        world.ours_is_served()
        again = world.page(name)
        assert (again.status, again.body, again.cache) == (200, page.body, "STALE")
        assert world.get(world.file_of(name)[0]).body == file.body
        assert world.page("new-0").status in (502, 503, 504)
    world.recovered()


@pytest.mark.exercise("upstreams that are stopped or hang, networks that go")
@on_each
@pytest.mark.parametrize("accident", [stopped, paused, cut], ids=lambda one: one.__name__)
def test_what_is_here_is_served_whatever_becomes_of_the_upstream(
    accident: Callable[[World], AbstractContextManager[None]], edition: Edition, worlds: Worlds
) -> None:
    world = worlds(edition)
    name, page, file = world.old()
    unknown = world.new()
    with accident(world):
        world.ours_is_served()
        again = world.page(name)
        assert (again.status, again.body, again.cache) == (200, page.body, "STALE")
        assert world.get(world.file_of(name)[0]).body == file.body
        got = world.page(unknown)
        assert got.status in (502, 503, 504)
        assert got.seconds < MOST_SECONDS
    world.recovered()
    assert world.page(unknown).status == 200
    world.never_told()


@pytest.mark.exercise("upstreams that are stopped or hang, networks that go")
@on_each
def test_nothing_of_ours_waits_for_an_upstream_that_hangs(edition: Edition, worlds: Worlds) -> None:
    world = worlds(edition)
    with world.waiting() as all_wait:
        world.ours_is_served()
        assert all_wait(), "the requests that should hang were answered before ours"
    world.recovered()


@pytest.mark.exercise("reloads, also with a broken file")
@on_each
def test_a_signal_loads_another_text(edition: Edition, worlds: Worlds) -> None:
    """nginx's HUP is graceful, httpd's is not: there USR1 is."""
    world = worlds(edition)
    text = world.live.text.read_text("utf-8")
    other = hashlib.sha256(text.encode()).hexdigest()

    def answers(fingerprint: str) -> bool:
        return fingerprint in world.get("/-/rewritegen").body.decode()

    signals = ("HUP",) if edition.kind == "nginx" else ("HUP", "USR1")
    try:
        for signal in signals:
            world.live.text.write_text(text.replace(world.live.fingerprint, other), "utf-8")
            world.reload(signal)
            world.wait(lambda: answers(other), f"{signal} loads the new text")
            world.ours_is_served()
            world.live.text.write_text(text, "utf-8")
            world.reload(signal)
            world.wait(lambda: answers(world.live.fingerprint), f"{signal} loads the old one again")
    finally:
        world.live.text.write_text(text, "utf-8")


@pytest.mark.exercise("reloads, also with a broken file")
@on_each
def test_a_broken_text_is_refused_and_the_old_one_goes_on(edition: Edition, worlds: Worlds) -> None:
    world = worlds(edition)
    text = world.live.text.read_text("utf-8")
    graceful = ["nginx", "-s", "reload"] if edition.kind == "nginx" else ["apachectl", "graceful"]
    try:
        world.live.text.write_text(f"{text}\nrg_broken on;\n", "utf-8")
        status, said = world.live.box.run(*graceful)
        assert status != 0, said
        assert "rg_broken" in said
        if edition.kind == "nginx":
            world.reload()
            log = "unknown directive"
            world.wait(lambda: log in world.live.log(), "nginx has looked at the new text")
        assert world.live.fingerprint in world.get("/-/rewritegen").body.decode()
        world.ours_is_served()
        assert world.page(world.new()).status == 200
    finally:
        world.live.text.write_text(text, "utf-8")
    assert world.live.box.run(*graceful)[0] == 0
    world.recovered()


@pytest.mark.exercise("reloads, also with a broken file")
@pytest.mark.parametrize("edition", debian("apache"))
@pytest.mark.parametrize("signal", ["USR1", "HUP"])
def test_a_raw_signal_with_a_broken_text_ends_httpd(
    signal: str, edition: Edition, worlds: Worlds
) -> None:
    """Why docs/limits.md and `apply` reload by the control command only: here the whole server is gone."""
    world = worlds(edition)
    text = world.live.text.read_text("utf-8")
    try:
        world.live.text.write_text(f"{text}\nrg_broken on;\n", "utf-8")
        world.reload(signal)
        wait_until(lambda: not world.live.box.is_running, "httpd has ended", 60)
    finally:
        world.live.text.write_text(text, "utf-8")
        world.live.box.container.start()
    world.recovered()


@pytest.mark.exercise("private directories that are not mounted")
@on_each
def test_a_private_directory_that_is_not_mounted_is_503_until_it_is(
    edition: Edition, worlds: Worlds
) -> None:
    world = worlds(edition)
    team, public = str(world.root / "team"), world.new()
    before = world.page("acme-foo")
    assert world.live.box.run("umount", team) == (0, "")
    try:
        for name in ("acme-foo", "acme-ghost", public, "mirrored"):
            assert world.page(name).status == 503, name
        ((file, _),) = world.upstream.projects["acme-foo"].items()
        assert world.get(f"/files/team/acme-foo/{file}").status in (404, 503)
        assert world.get("/-/health").status == 200
        assert (world.upstream.requests, world.upstream.files.requests) == ([], [])
    finally:
        assert world.live.box.run("mount", "--bind", f"{SPARE}/team", team) == (0, "")
    world.ours_is_served()
    assert world.page("acme-foo").body == before.body
    assert world.page(public).status == 200
    world.never_told()


@pytest.fixture(scope="module")
def full(session_lab: Lab) -> Callable[[Edition], World]:
    """The world of an edition whose cache has a small disk of its own."""
    built: dict[str, World] = {}

    def world(edition: Edition) -> World:
        if edition.name not in built:
            built[edition.name] = build(session_lab, edition, "full", tmpfs="size=4m,mode=1777")
        return built[edition.name]

    return world


@pytest.mark.exercise("a full disk of the cache")
@on_each
def test_when_the_disk_of_the_cache_is_full_nothing_wrong_comes(
    edition: Edition, full: Callable[[Edition], World]
) -> None:
    """httpd serves without keeping; nginx breaks off what it cannot write, which docs/limits.md says."""
    world = full(edition)
    name, page, file = world.kept()
    cache = str(world.root / "cache")
    noise = b"".join(hashlib.sha256(str(n).encode()).digest() for n in range(32768))
    world.upstream.add("large", {"large-1.0.tar.gz": noise})
    target, content = world.file_of("large")
    unknown = world.new()
    world.live.box.run("sh", "-c", f"cat /dev/zero > {cache}/hog")
    world.ours_is_served()
    assert (world.page(name).body, world.get(world.file_of(name)[0]).body) == (page.body, file.body)
    answers = {"page": world.page(unknown), "file": world.get(target)}
    for what, got in answers.items():
        assert (what, got.whole) == (what, edition.kind == "apache")
        assert got.status in ((200,) if got.whole else (0, 200))
    assert content.startswith(answers["file"].body)
    world.live.box.run("rm", f"{cache}/hog")
    world.wait(lambda: world.get(target).body == content, "there is room again")
    assert world.page(unknown).status == 200
    world.never_told()
