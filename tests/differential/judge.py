"""One request to one server: what came back, what went out, and everything about it that is not as decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rewritegen.decide import Decision, decide
from rewritegen.plan import Plan
from rewritegen.representations import accepts_gzip, negotiate
from tests.differential.wires import Wire
from tests.differential.world import World
from tests.support.compare import (
    differences,
    foreign_headers,
    partial_differences,
    upstream_differences,
)
from tests.support.upstream import Index
from tests.support.wire import Answer

__all__ = ["Case", "Verdict", "differences_of", "judge", "read_as", "send_to"]


@dataclass(frozen=True, slots=True)
class Case:
    """A request, the server that had it, its answer and what the model says."""

    world: World
    kind: str
    wire: Wire
    answer: Answer
    decision: Decision

    @property
    def plan(self) -> Plan:
        """The plan that the server runs."""
        return self.world.live[self.kind].plan

    @property
    def asked(self) -> list[str]:
        """What upstreams were asked for this request."""
        return [
            recorder.origin + request.target
            for index in self.world.upstreams
            for recorder in (index, index.files)
            for request in recorder.requests
        ]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong, and the entries of the table that say why the rest is right."""

    case: Case
    findings: tuple[str, ...]
    used: tuple[str, ...] = ()


def send_to(world: World, kind: str, wire: Wire) -> Case:
    """Send a request to one server."""
    world.forget()
    answer = world.connections[kind].ask(wire.data, alone=wire.alone)
    decision = decide(world.live[kind].plan, wire.request, world.stand_ins)
    return Case(world, kind, wire, answer, decision)


def read_as(case: Case, wire: Wire) -> Case:
    """The same answer, as one to another request."""
    decision = decide(case.plan, wire.request, case.world.stand_ins)
    return replace(case, wire=wire, decision=decision)


def judge(case: Case) -> Verdict:
    """Compare with the model; what is allowed stands in one table, leaks never do."""
    from tests.differential.allowed import explained  # it looks at cases

    world = case.world
    leaks = [*world.watch.answer(case.answer), *_disclosed(case)]
    found = list(differences_of(case))
    world.asked[case.kind] |= set(case.asked)
    if not found:
        return Verdict(case, tuple(leaks))
    left, used = explained(case, found)
    return Verdict(case, (*leaks, *left), used)


def differences_of(case: Case) -> Iterator[str]:
    """What is not as decided, one sentence each."""
    world, answer, decision = case.world, case.answer, case.decision
    headers = case.wire.request.headers
    method = case.wire.method
    try:
        partial = partial_differences(case.plan, decision, answer, headers, method, world.upstreams)
        if partial is None:
            partial = differences(case.plan, decision, answer, method, world.upstreams)
        yield from partial
    except (AssertionError, OSError, EOFError) as error:
        yield f"the answer cannot be read: {error!r}"
    if answer.all("Content-Encoding") and not accepts_gzip(headers.get("accept-encoding", "")):
        yield "compressed for a client that did not say that it takes that"
    if str(world.root).encode() in answer.raw:
        yield "a path of the server is told"
    given = [*headers.items(), *((name.lower(), value) for name, value in case.wire.headers)]
    lines = {(name, value.strip()) for name, value in given}
    form = negotiate(headers.get("accept", ""))
    yield from upstream_differences(case.plan, decision, world.upstreams, _spared(case), form)
    for index, recorder in _recorders(world):
        for request in recorder.requests:
            page = _is_page(index, recorder.origin + request.target)
            kept = world.spec.cache
            for name, value in foreign_headers(request, lines, page=page, kept=kept):
                yield f"foreign header {name}: {value}"


def _spared(case: Case) -> frozenset[str]:
    """URLs that need not be seen: of upstreams that do not listen, and what was asked before and is kept."""
    world = case.world
    closed = {recorder.origin for _, recorder in _recorders(world) if not recorder.is_open}
    unseen = (
        {url for url in case.decision.forwarded if url.startswith(tuple(closed))}
        if closed
        else set()
    )
    kept = world.asked[case.kind] if world.spec.cache else set()
    return frozenset(unseen | kept)


def _recorders(world: World) -> Iterator[tuple[Index, Index]]:
    for index in world.upstreams:
        yield index, index
        yield index, index.files  # type: ignore[misc]


def _is_page(index: Index, url: str) -> bool:
    """Whether it is that of a page or a document; files may lie beside a page."""
    document = url.startswith(index.origin + index.documents) and url.endswith("/json")
    return document or (url.startswith(index.url) and url.endswith("/"))


def _disclosed(case: Case) -> Iterator[str]:
    world = case.world
    for index, recorder in _recorders(world):
        for request in recorder.requests:
            url = recorder.origin + request.target
            yield from world.watch.upstream(
                request,
                private=world.ours.get(recorder.origin, frozenset()),
                expected=url in case.decision.forwarded,
                page=_is_page(index, url),
            )
