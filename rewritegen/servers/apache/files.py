"""The file routes of the plan as rewrite rules: ``/files/SOURCE/PATH`` and ``/packages/PATH``."""

from __future__ import annotations

from collections.abc import Iterator

from rewritegen.plan import Plan
from rewritegen.servers.apache.pages import NOT_COMPRESSED, unavailable
from rewritegen.servers.apache.quoting import regex, substitution, test_string
from rewritegen.servers.apache.rules import Condition, Group, Item, Rule
from rewritegen.servers.apache.words import begin_url
from rewritegen.steps import FetchFrom, FileRoute, ServeFrom

__all__ = ["fetch_file", "file_ask", "file_rules"]


def file_rules(plan: Plan) -> Iterator[Group]:
    """Yield one group for each route, in order; a path that no rule of its route serves is 404."""
    for route in plan.files:
        comment = f"{route.prefix}: {_sources(route)}"
        # a further file host of the source lies below the first one, at ~1/
        yield Group((comment,), Rule(f"!^{regex(route.prefix)}(?!~)"), tuple(_route(route)))


def _sources(route: FileRoute) -> str:
    return ", then ".join(f"{a.source.key} {a.source.name}" for a in route.attempts)


def _route(route: FileRoute) -> Iterator[Item]:
    prefix = regex(route.prefix)
    for pattern in route.refused.path_patterns():
        yield Rule(f"^{prefix}(?:.*/)?{pattern}", flags=("NC", "R=404", "L"))
    for attempt in route.attempts:
        if isinstance(attempt, FetchFrom):
            yield from _fetch(route, attempt)
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


def _fetch(route: FileRoute, attempt: FetchFrom) -> tuple[Rule, Rule]:
    """Return the rules that have a file fetched: a HEAD at once, because an ErrorDocument would make it a GET."""
    label = f"E=RG_SOURCE:{attempt.source.label}"
    ask = file_ask(route, attempt)
    head = Condition("%{REQUEST_METHOD}", "=HEAD")
    begin = Rule("^", begin_url(ask), (label, f"E=RG_ASK:{ask}", "P", "QSD", "L"))
    return fetch_file(route, attempt, "^", (head,)), begin


def fetch_file(
    route: FileRoute, attempt: FetchFrom, pattern: str, conditions: tuple[Condition, ...]
) -> Rule:
    """Return the rule that asks for a file; %1 is the raw path, so that ``%2B`` stays what it is."""
    raw = Condition("%{THE_REQUEST}", rf"^[A-Z]+ {regex(route.prefix.rstrip('/'))}(/[^? ]+)")
    flags = (f"E=RG_SOURCE:{attempt.source.label}", NOT_COMPRESSED, "P", "NE", "QSD", "L")
    target = f"{substitution(attempt.url.rstrip('/'), attempt.source.key)}%1"
    return Rule(pattern, target, flags, (*conditions, raw))


def file_ask(route: FileRoute, attempt: FetchFrom) -> str:
    """Return the word for "a file of this route"."""
    number = route.prefix.count("~") and route.prefix.rstrip("/").rpartition("~")[2]
    return f"file/{attempt.source.name}/{number}"
