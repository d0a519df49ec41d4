"""The file routes of the plan as rewrite rules: ``/files/SOURCE/PATH`` and ``/packages/PATH``."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from rewritegen.plan import Plan
from rewritegen.servers.apache.pages import NOT_COMPRESSED, unavailable
from rewritegen.servers.apache.quoting import regex, substitution, test_string
from rewritegen.servers.apache.rules import Condition, Group, Item, Rule
from rewritegen.servers.apache.turns import FileTurn, file_turns
from rewritegen.servers.apache.words import NEVER_ASKED
from rewritegen.steps import FetchFrom, FileRoute, ServeFrom

__all__ = ["ask_for_file", "file_rules"]


def file_rules(plan: Plan) -> Iterator[Group]:
    """Yield one group for each route, in order; a path that no rule of its route serves is 404."""
    turns = {turn.attempt: turn for turn in file_turns(plan)}
    for route in plan.files:
        comment = f"{route.prefix}: {_sources(route)}"
        # a further file host of the source lies below the first one, at ~1/
        body = tuple(_route(plan, route, turns))
        yield Group((comment,), Rule(f"!^{regex(route.prefix)}(?!~)"), body)


def _sources(route: FileRoute) -> str:
    return ", then ".join(f"{a.source.key} {a.source.name}" for a in route.attempts)


def _route(plan: Plan, route: FileRoute, turns: dict[FetchFrom, FileTurn]) -> Iterator[Item]:
    prefix = regex(route.prefix)
    for pattern in route.refused.path_patterns():
        yield Rule(f"^{prefix}(?:.*/)?{pattern}", flags=("NC", "R=404", "L"))
    for attempt in route.attempts:
        if isinstance(attempt, FetchFrom):
            yield from _look(plan, turns[attempt])
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


def _look(plan: Plan, turn: FileTurn) -> Iterator[Rule]:
    """Yield the rules that look for a copy of a file, or have it fetched."""
    route, attempt = turn.route, turn.attempt
    label = f"E=RG_SOURCE:{attempt.source.label}"
    if plan.copies is None and plan.offline:
        yield Rule("^", flags=(label, "R=502", "L"))
        return
    if plan.copies is None:
        # at once, because an ErrorDocument would make it a GET
        head = Condition("%{REQUEST_METHOD}", "=HEAD")
        yield ask_for_file(turn, "^", (head,), label)
    # a range that depends on a validator is answered by the whole file
    alone = Condition("%{HTTP:If-Range}", "!.", ("NV",))
    asked = Condition("%{HTTP:Range}", "^(bytes=[0-9, -]{1,400})$", ("NV",))
    yield Rule("^", flags=("E=RG_RANGE:%1",), conditions=(alone, asked))
    # escaped once more, because the URL of an ErrorDocument is decoded
    ask = f"E=RG_ASK:{turn.place.lstrip('/')}${{rg_escape:%1}}"
    place = substitution(turn.place, attempt.source.key)
    if plan.copies is None:
        begin = (label, ask, "E=RG_MISS:again/begin", "P", "QSD", "L")
        yield Rule("^", NEVER_ASKED, begin, (_raw(route),))
        return
    way = ("kept", "again/begin") if plan.offline else ("look", "again/have")
    steps = (f"E=RG_DO:{way[0]}", f"E=RG_MISS:{way[1]}", "E=RG_HIT:stop")
    flags = (label, ask, *steps, NOT_COMPRESSED, "PT", "NE", "QSD", "L")
    yield Rule("^", f"{place}%1", flags, (_raw(route),))


def ask_for_file(
    turn: FileTurn, pattern: str, conditions: tuple[Condition, ...], *flags: str
) -> Rule:
    """Return the rule that asks for a file; %1 is the raw path, so that ``%2B`` stays what it is."""
    path = substitution(urlsplit(turn.attempt.url).path.rstrip("/"), turn.attempt.source.key)
    all_flags = (*flags, NOT_COMPRESSED, "P", "NE", "QSD", "L")
    return Rule(pattern, f"{turn.group}{path}%1", all_flags, (*conditions, _raw(turn.route)))


def _raw(route: FileRoute) -> Condition:
    return Condition("%{THE_REQUEST}", rf"^[A-Z]+ {regex(route.prefix.rstrip('/'))}(/[^? ]+)")
