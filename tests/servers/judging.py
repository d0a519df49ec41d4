"""Ask one row of the table, and say what is wrong with the answer: the same for processes and for containers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from rewritegen.decide import Decision, Request, decide
from rewritegen.plan import Plan
from tests.servers.raw_rows import RawRow
from tests.servers.rows import Row
from tests.support.compare import differences, upstream_differences
from tests.support.scenes import Scene
from tests.support.sites import StandIns
from tests.support.wire import Answer, ask, send

__all__ = ["Live", "answered", "decided", "possible", "wrong_with", "wrong_with_raw"]

PRIVATE_BYTES = (b"acme_foo", b"acme-foo", b"root:x:0")


class Live(Protocol):
    """A site that a server answers for, wherever that runs."""

    @property
    def plan(self) -> Plan: ...

    @property
    def port(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...


def decided(row: Row, plan: Plan, scene: Scene) -> Decision:
    """What the model says to a row."""
    headers = {name.lower(): value for name, value in row.headers}
    if row.accept is not None:
        headers["accept"] = row.accept
    target = row.target.format(**scene.places)
    return decide(plan, Request(target, row.method, headers), StandIns(*scene.upstreams))


def answered(row: Row, scene: Scene, port: int) -> Answer:
    """What a server answers to a row."""
    scene.forget()
    tls = scene.authority.client_context() if "tls" in scene.settings else None
    return ask(
        port,
        row.target.format(**scene.places),
        row.method,
        accept=row.accept,
        headers=row.headers,
        body=row.body,
        tls=tls,
    )


def possible(decision: Decision, row: Row, kind: str) -> Decision:
    """What a server can make of a decision, where a row says that it cannot do all of it."""
    if kind == "nginx" and row.nginx_source is not None:
        return replace(decision, source=row.nginx_source)
    return decision


def wrong_with(row: Row, scene: Scene, live: Live, kind: str) -> Iterator[str]:
    """Ask a row; one sentence for each thing that is not as decided."""
    decision = decided(row, live.plan, scene)
    decision = possible(decision, row, kind)
    answer = answered(row, scene, live.port)
    yield from differences(live.plan, decision, answer, row.method, scene.upstreams)
    yield from upstream_differences(live.plan, decision, scene.upstreams)
    if row.method != "HEAD" and row.contains not in answer.decoded.decode(errors="replace"):
        yield f"the body does not say {row.contains!r}"
    if str(scene.root).encode() in answer.raw:
        yield "a path of the server is told"


def wrong_with_raw(row: RawRow, scene: Scene, live: Live) -> Iterator[str]:
    """Send bytes; one sentence for each thing that they must not do."""
    scene.forget()
    answer = send(live.port, row.data)
    for index in scene.upstreams:
        for request in (*index.requests, *index.files.requests):
            yield f"asked upstream {request.line!r}"
    if answer.status not in row.statuses:
        yield f"status {answer.status}, right are {sorted(row.statuses)}"
    if answer.status != 200:
        yield from (f"the answer has {t!r} in it" for t in PRIVATE_BYTES if t in answer.body)
    if ask(live.port, "/-/health").status != 200:
        yield "it is not healthy afterwards"
