"""The file routes of the plan as rewrite rules: ``/files/SOURCE/PATH`` and ``/packages/PATH``."""

from __future__ import annotations

from collections.abc import Iterator

from rewritegen.plan import Plan
from rewritegen.servers.apache.file_fetch import look_for_file
from rewritegen.servers.apache.pages import unavailable
from rewritegen.servers.apache.quoting import regex, substitution, test_string
from rewritegen.servers.apache.rules import Condition, Group, Item, Rule
from rewritegen.servers.apache.stems import claimed_files
from rewritegen.servers.apache.turns import FileTurn, file_turns
from rewritegen.servers.apache.words import NOT_COMPRESSED
from rewritegen.steps import FetchFrom, FileRoute, ServeFrom

__all__ = ["file_rules"]


def file_rules(plan: Plan) -> Iterator[Group]:
    """Yield one group for each route, in order; a path that no rule of its route serves is 404."""
    turns = {turn.attempt: turn for turn in file_turns(plan)}
    for route in plan.public_files:
        comment = f"{route.prefix}: {_sources(route)}"
        # a further file host of the source lies below the first one, at ~1/
        body = tuple(_route(plan, route, turns))
        yield Group((comment,), Rule(f"!^{regex(route.prefix)}(?!~)"), body)


def _sources(route: FileRoute) -> str:
    return ", then ".join(f"{a.source.key} {a.source.name}" for a in route.attempts)


def _route(plan: Plan, route: FileRoute, turns: dict[FetchFrom, FileTurn]) -> Iterator[Item]:
    prefix = regex(route.prefix)
    yield from claimed_files(route, prefix)
    for attempt in route.attempts:
        if isinstance(attempt, FetchFrom):
            yield from look_for_file(plan, turns[attempt])
        else:
            yield from _serve(prefix, attempt)
    label = route.attempts[0].source.label if route.private else "none"
    yield Rule("^", flags=(f"E=RG_SOURCE:{label}", "R=404", "L"))


def _serve(prefix: str, attempt: ServeFrom) -> Iterator[Rule]:
    key = attempt.source.key
    if attempt.marker is not None:
        yield unavailable(attempt.marker, key, ())
    # a file of ours may be replaced
    keep = "E=RG_SHORT:1" if attempt.source.role == "private" else "E=RG_LONG:1"
    for root in attempt.roots:
        flags = (
            f"E=RG_SOURCE:{attempt.source.label}",
            "T=application/octet-stream",
            "H=default-handler",
            keep,
            NOT_COMPRESSED,
            "END",
        )
        there = Condition(f"{test_string(root, key)}/$1", "-f")
        yield Rule(f"^{prefix}(.+)$", f"{substitution(root, key)}/$1", flags, (there,))
