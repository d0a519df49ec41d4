"""What each failure of each source does to a client, with every state of the copies: one table for both servers.

"Not here" (404) goes on. "Don't know" (refused, reset, timed out, 5xx, 429, a redirect to somewhere else) takes a copy
of that source first, else goes on. When no one has it and someone could not answer, the client gets 502 to 504.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args

import pytest

from tests.support.chain import Chain, Got, SourceName, chain, get
from tests.support.compare import UNAVAILABLE
from tests.support.exchange import Mode
from tests.support.processes import traversable_directory
from tests.support.scenes import wheels
from tests.support.tools import require

pytestmark = [pytest.mark.server, pytest.mark.slow]

Part = Literal["first", "second", "file", "eggs"]
"""A page of the first proxy (the second has another), one of the second only, a file, a page of our own index."""

State = Literal["none", "cold", "fresh", "expired"]
"""A site without copies, one that has none of this, a copy that needs no question, one that does."""

PARTS: tuple[Part, ...] = get_args(Part)
STATES: tuple[State, ...] = get_args(State)
#: The fresh copy first, before it expires.
ORDER: tuple[State, ...] = ("fresh", "cold", "expired", "none")

#: No byte of an answer: the source is left alone for `retry`.
DEAD: frozenset[Mode] = frozenset({"refuse", "reset", "hang"})
#: An answer that is neither the page nor 404.
NO_USE: frozenset[Mode] = frozenset(
    {"429", "500", "502", "503", "504", "redirect", "loop", "text", "gzip"}
)
#: The status has gone to the client before it is seen that the rest does not come: what it gets is visibly cut off.
CUT: frozenset[Mode] = frozenset({"truncated", "stall", "too-long"})
#: An answer like any other.
FINE: frozenset[Mode] = frozenset({"ok", "slow", "drip", "moved", "respelt", "html"})

MOVED: tuple[Mode, ...] = ("moved", "respelt")
MODES: tuple[Mode, ...] = (*sorted(DEAD), *sorted(NO_USE), *sorted(CUT), *sorted(FINE), "404")

#: What a server cannot do, each with the reason; all of them hold for both.
LIMITS: dict[tuple[Mode, Part], str] = {
    (
        "gzip",
        "file",
    ): "a file is octets, however they are coded; what comes out has its hash or not",
    (
        "text",
        "file",
    ): "a file is octets, whatever its type; the installer sees by the hash that it is another",
    **{
        (mode, part): "has no copy for a status that it has passed on"
        for mode in CUT
        for part in PARTS
    },
}

#: Of copies that are to be asked for again each time, httpd keeps none fresh: what it tells clients of a page is what
#: it goes by itself, and pages of an index of our own are never fresh for clients.
NEVER_FRESH = {("apache", "eggs")}


class Row(NamedTuple):
    """What a client gets, and how often the source was asked."""

    statuses: frozenset[int]
    source: str
    body: bytes | None
    whole: bool
    caches: frozenset[str]
    asked: frozenset[int]


@contextlib.contextmanager
def _world(kind: str) -> Iterator[Chain]:
    require(kind)
    with traversable_directory() as place, chain(kind, place) as made:
        for mode in MODES:
            for part in PARTS:
                for state in STATES:
                    _add(made, part, _name(mode, part, state))
        for mode in MODES:
            for part in PARTS:
                _warm(made, part, _name(mode, part, "expired"))
        made.expire()
        made.expire()  # nor stale for so short that nginx asks behind the client's back
        yield made


@pytest.fixture(scope="module", params=["nginx", "apache"])
def world(request: pytest.FixtureRequest) -> Iterator[Chain]:
    """The chain on one server, with a project for each row; those that are to be expired have been asked for."""
    with _world(request.param) as made:
        yield made


def _name(mode: Mode, part: Part, state: State) -> str:
    return f"{'relay-' if part == 'eggs' else ''}m-{mode}-{part}-{state}"


def _source(part: Part) -> SourceName:
    return "first" if part == "file" else part


def _add(made: Chain, part: Part, name: str) -> None:
    made.index(_source(part)).add(name, wheels(f"{name}-1.0")[name])
    if part == "first":
        made.second.add(name, wheels(f"{name}-2.0")[name])


def _target(made: Chain, part: Part, name: str) -> str:
    return made.file(name)[0] if part == "file" else f"/simple/{name}/"


def _warm(made: Chain, part: Part, name: str) -> bytes:
    got = get(made.copies.port, _target(made, part, name))
    assert (got.status, got.whole) == (200, True), got
    return got.body


def _rows() -> Iterator[Any]:
    """All of them; those that wait for bytes, and are the same for two parts, in the long run."""
    for part in PARTS:
        for mode in MODES:
            later = mode in ("drip", "stall") and part in ("second", "eggs")
            yield pytest.param(mode, part, marks=[pytest.mark.long] * later)


@pytest.mark.parametrize(("mode", "part"), list(_rows()))
def test_row(world: Chain, mode: Mode, part: Part) -> None:
    world.recover()
    old: dict[State, bytes] = {"fresh": _warm(world, part, _name(mode, part, "fresh"))}
    copied: tuple[State, ...] = ("fresh", "expired")
    for state in copied:
        kept = _name(mode, part, state)
        if part != "file":
            old[state] = world.page(_source(part), kept)
            world.index(_source(part)).extra[kept] = b"<!-- newer -->"
    upstream = world.index(_source(part))
    asked = upstream.files if part == "file" else upstream
    with _failing(world, part, mode):
        found = []
        for state in ORDER:
            name = _name(mode, part, state)
            live = world.plain if state == "none" else world.copies
            asked.forget()
            got = get(live.port, _target(world, part, name))
            row = _row(world, mode, part, state, old.get(state))
            if part == "first" and not row.whole and (got.status, got.whole) == (200, True):
                row = _row_of_second(world, name, row.asked)  # seen before anything went out
            wrong = list(
                _differences(
                    row, got, len(asked.asked(name.replace("-", "_") if part == "file" else name))
                )
            )
            found += [f"{state}: {sentence}" for sentence in wrong]
    assert not found, "\n".join(found)


@contextlib.contextmanager
def _failing(world: Chain, part: Part, mode: Mode) -> Iterator[None]:
    index = world.index(_source(part))
    failing = index.files if part == "file" else index
    failing.set_mode(mode)
    try:
        yield
    finally:
        failing.set_mode("ok")


def _row(world: Chain, mode: Mode, part: Part, state: State, old: bytes | None) -> Row:
    """Return what is right."""
    name = _name(mode, part, state)
    own = f"{'private' if part == 'eggs' else 'proxy'}/{_source(part)}"
    has_copy = state == "fresh" or state == "expired"
    if state == "fresh" and (world.kind, part) in NEVER_FRESH:
        state = "expired"
    if state == "fresh" or (part == "file" and state == "expired"):
        body = old if part != "file" else world.file(name)[1]
        return Row(frozenset({200}), own, body, True, frozenset({"HIT"}), frozenset({0}))
    asked = _asked(mode, state)
    if mode in DEAD and (world.kind, part) in NEVER_FRESH:
        asked |= {0}  # the first question of the row was one too many
    if mode == "404":
        if part == "first":
            return _row_of_second(world, name, asked)
        source = "none" if part == "second" else own
        return Row(frozenset({404}), source, None, True, frozenset(), asked)
    if mode in FINE:
        now = world.file(name)[1] if part == "file" else world.page(_source(part), name)
        return Row(frozenset({200}), own, now, True, _caches(state), asked)
    if mode in CUT or (mode, part) in LIMITS:
        return Row(frozenset({200}) | UNAVAILABLE, own, None, mode not in CUT, frozenset(), asked)
    if has_copy:
        return Row(frozenset({200}), own, old, True, frozenset({"STALE", "UPDATING"}), asked)
    if part == "first":
        return _row_of_second(world, name, asked)
    source = own if part in ("file", "eggs") else "none"
    return Row(UNAVAILABLE, source, None, True, frozenset(), asked)


def _row_of_second(world: Chain, name: str, asked: frozenset[int]) -> Row:
    page = world.page("second", name)
    return Row(frozenset({200}), "proxy/second", page, True, frozenset(), asked)


def _caches(state: State) -> frozenset[str]:
    return frozenset(
        {"MISS"} if state == "cold" else {"EXPIRED", "MISS"} if state == "expired" else ()
    )


def _asked(mode: Mode, state: State) -> frozenset[int]:
    if mode == "refuse":
        return frozenset({0})
    if mode == "loop":
        return frozenset(range(1, 12))
    if mode == "reset" and state != "expired":
        return frozenset({1, 2})  # a kept connection may have been closed in between
    if mode == "respelt":
        return frozenset({1})  # the second time by another name, which is counted by another word
    if mode in DEAD | CUT and state == "expired":
        return frozenset({0, 1})  # it did not answer a moment ago, and may be left alone
    return frozenset({1})


def _differences(row: Row, got: Got, asked: int) -> Iterator[str]:
    if got.status not in row.statuses:
        yield f"status {got.status}, not {sorted(row.statuses)}"
        return
    if got.status == 200 and got.whole != row.whole:
        yield f"whole is {got.whole}"
    if got.source != row.source and got.whole:
        yield f"X-Index-Source {got.source}, not {row.source}"
    if row.body is not None and got.body != row.body:
        yield f"body {got.body[:300]!r}, not {row.body[:300]!r}"
    if row.caches and got.cache not in row.caches:
        yield f"X-Cache {got.cache}, not {sorted(row.caches)}"
    if asked not in row.asked:
        yield f"asked {asked} times, not {sorted(row.asked)}"
    if "set-cookie" in got.headers or "elsewhere" in str(got.headers) + got.body.decode(
        errors="replace"
    ):
        yield f"something of the upstream came through: {got.headers}"


NOBODY: dict[str, tuple[Mode, Mode]] = {
    "both say 404": ("ok", "ok"),
    "the first cannot say": ("500", "ok"),
    "the second cannot say": ("ok", "503"),
    "the first is closed": ("refuse", "ok"),
    "the second is closed": ("ok", "refuse"),
    "neither can say": ("429", "reset"),
    "both lead to themselves": ("loop", "loop"),
}


@pytest.mark.parametrize("modes", NOBODY.values(), ids=NOBODY)
def test_nobody_has_it(world: Chain, modes: tuple[Mode, Mode]) -> None:
    """404 when all say so; else nobody knows."""
    world.recover()
    world.first.set_mode(modes[0])
    world.second.set_mode(modes[1])
    try:
        for live in (world.copies, world.plain):
            got = get(live.port, f"/simple/nobody-{'-'.join(modes)}/")
            assert got.source == "none"
            assert got.status in ({404} if modes == ("ok", "ok") else UNAVAILABLE), got
    finally:
        world.first.set_mode("ok")
        world.second.set_mode("ok")
