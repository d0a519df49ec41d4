"""A source that does not answer costs one request its time limit, and nobody else anything."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest

from tests.support.chain import Chain, chain, get
from tests.support.compare import UNAVAILABLE
from tests.support.processes import traversable_directory, wait_until
from tests.support.scenes import wheels
from tests.support.tools import require

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="module", params=["nginx", "apache"])
def world(request: pytest.FixtureRequest) -> Iterator[Chain]:
    """The chain on one server."""
    require(request.param)
    with traversable_directory() as place, chain(request.param, place) as made:
        yield made


def _names(world: Chain, word: str, count: int) -> list[str]:
    names = [f"{word}-{number}" for number in range(count)]
    for name in names:
        world.first.add(name, wheels(f"{name}-1.0")[name])
    return names


#: httpd leaves a source alone that does not listen or does not answer in time; a reset costs no time.
NOT_LEFT_ALONE = {("apache", "reset")}


@pytest.mark.parametrize("mode", ["hang", "reset"])
def test_it_is_left_alone_and_asked_again(world: Chain, mode: Literal["hang", "reset"]) -> None:
    world.recover()
    names = _names(world, f"alone-{mode}", 3)
    world.first.set_mode(mode)
    try:
        assert get(world.copies.port, f"/simple/{names[0]}/").status in UNAVAILABLE
        world.first.forget()
        second = get(world.copies.port, f"/simple/{names[1]}/")
        assert second.status in UNAVAILABLE
        assert bool(world.first.requests) == ((world.kind, mode) in NOT_LEFT_ALONE)
    finally:
        world.first.set_mode("ok")
    began = time.monotonic()
    target = f"/simple/{names[2]}/"
    wait_until(lambda: get(world.copies.port, target).status == 200, "it is asked again", 5)
    assert time.monotonic() - began < 3


def test_nobody_waits_for_a_source_that_hangs_but_those_who_ask_it(
    world: Chain,
) -> None:
    """Private, mirrored, and what is kept of it, at once, while ten others wait."""
    world.recover()
    names = _names(world, "waits", 10)
    (kept,) = _names(world, "kept", 1)
    file, content = world.file(kept)
    assert get(world.copies.port, file).body == content
    for recorder in world.recorders:
        recorder.set_mode("hang")
    ours = ("/simple/acme-foo/", "/simple/mirrored/", "/simple/", "/simple/acme-ghost/", file)
    with ThreadPoolExecutor(10) as pool:
        waiting = [pool.submit(get, world.copies.port, f"/simple/{name}/") for name in names]
        wait_until(lambda: len(world.first.requests) > 0, "the source is asked")
        for target in ours * 5:
            got = get(world.copies.port, target)
            assert got.status == (404 if "ghost" in target else 200), target
            assert got.seconds < 1, f"{target} took {got.seconds} s, the limit of the source"
        assert {future.result().status for future in waiting} <= UNAVAILABLE
        assert all(future.result().seconds < 6 for future in waiting)
    world.recover()


def test_forty_clients_that_want_a_new_page_are_one_request(world: Chain) -> None:
    if world.kind == "apache":
        pytest.skip("httpd's CacheLock covers the renewal of a copy only")
    world.recover()
    (name,) = _names(world, "crowd", 1)
    world.first.set_mode("drip")
    try:
        with ThreadPoolExecutor(40) as pool:
            answers = list(
                pool.map(lambda _: get(world.copies.port, f"/simple/{name}/"), range(40))
            )
    finally:
        world.first.set_mode("ok")
    assert {(got.status, got.whole, got.body) for got in answers} == {
        (200, True, world.page("first", name))
    }
    assert len(world.first.asked(name)) == 1


def test_a_copy_is_renewed_behind_the_client(world: Chain) -> None:
    """nginx answers from an expired copy while it asks; httpd asks first."""
    world.recover()
    (name,) = _names(world, "renewed", 1)
    target = f"/simple/{name}/"
    old = get(world.copies.port, target).body
    world.first.extra[name] = b"<!-- newer -->"
    new = world.page("first", name)
    wait_until(lambda: get(world.copies.port, target).cache not in ("HIT", "MISS"), "it expires")
    wait_until(lambda: get(world.copies.port, target).body == new, "it is renewed")
    assert old != new


def test_the_upstream_says_304_to_what_has_not_changed(world: Chain) -> None:
    world.recover()
    (name,) = _names(world, "same", 1)
    target = f"/simple/{name}/"
    first = get(world.copies.port, target)
    deadline = time.monotonic() + 8
    while len(world.first.asked(name)) < 2:
        assert time.monotonic() < deadline, "it is not asked again"
        assert get(world.copies.port, target).body == first.body
    again = world.first.asked(name)[1]
    (tag,) = (again.headers.get("if-none-match"),)
    assert tag is not None, f"asked without a condition: {again.headers}"
    assert world.first.status_of(again) == 304
    wait_until(lambda: get(world.copies.port, target).cache == "HIT", "it is fresh again")
    assert get(world.copies.port, target).body == first.body


def test_a_404_is_not_believed_after_the_project_is_there(world: Chain) -> None:
    """Kept for a moment at most, and never when nobody can be asked."""
    world.recover()
    target = "/simple/young/"
    assert get(world.copies.port, target).status == 404
    for index in (world.first, world.second):
        index.set_mode("503")
    try:
        assert get(world.copies.port, "/simple/young-too/").status in UNAVAILABLE
    finally:
        for index in (world.first, world.second):
            index.set_mode("ok")
    assert get(world.copies.port, "/simple/young-too/").status == 404


#: Each waits for its copy to grow old: two in every run, the others in the long one.
LATER = ("private", "no-cache", "s-maxage=0", "max-age=0")


@pytest.mark.parametrize(
    "word",
    [
        *("no-store", "must-revalidate, max-age=0"),
        *(pytest.param(word, marks=pytest.mark.long) for word in LATER),
    ],
)
def test_the_upstream_cannot_switch_copies_off(world: Chain, word: str) -> None:
    world.recover()
    (name,) = _names(world, f"word-{word.replace('=', '').replace(', ', '-')}", 1)
    target, (file, content) = f"/simple/{name}/", world.file(name)
    world.first.headers = {"Cache-Control": word, "Expires": "0", "Pragma": "no-cache"}
    try:
        page = get(world.copies.port, target)
        assert get(world.copies.port, file).body == content
    finally:
        world.first.headers = {}
    # once more, and nobody renews it meanwhile: such a failure would come when the next row has begun
    for _ in range(2):
        world.expire()
    for recorder in (world.first, world.first.files):
        recorder.refuse()
    assert page.status == 200
    stale = get(world.copies.port, target)
    assert (stale.status, stale.body, stale.whole) == (200, page.body, True)
    assert get(world.copies.port, file).body == content
    for answer in (page, stale):
        assert not {"set-cookie", "pragma", "expires"} & answer.headers.keys()
        assert "no-store" not in answer.headers["cache-control"]


def test_a_name_that_becomes_private_is_private_although_there_is_a_copy(world: Chain) -> None:
    world.recover()
    (name,) = _names(world, "ours-soon", 1)
    target = f"/simple/{name}/"
    assert get(world.copies.port, target).source == "proxy/first"
    directory = world.place / "team" / name
    directory.mkdir()
    try:
        got = get(world.copies.port, target)
        assert (got.status, got.source) == (404, "private/team")
    finally:
        directory.rmdir()
    assert get(world.copies.port, target).source == "proxy/first"
