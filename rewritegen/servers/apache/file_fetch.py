"""A file of an upstream as rewrite rules: look for a copy, or have it fetched, by its path as it came in."""

from __future__ import annotations

from collections.abc import Iterator

from rewritegen.plan import Plan
from rewritegen.servers.apache.following import ASKED
from rewritegen.servers.apache.quoting import regex, substitution
from rewritegen.servers.apache.rules import Condition, Rule
from rewritegen.servers.apache.turns import FileTurn, fetcher_url
from rewritegen.servers.apache.words import NEVER_ASKED, NOT_COMPRESSED

__all__ = ["ask_for_file", "look_for_file"]


def look_for_file(plan: Plan, turn: FileTurn) -> Iterator[Rule]:
    """Yield the rules that look for a copy of a file, or have it fetched."""
    attempt = turn.attempt
    label = f"E=RG_SOURCE:{attempt.source.label}"
    if plan.copies is None and plan.offline:
        yield Rule("^", flags=(label, "R=502", "L"))
        return
    if plan.copies is None:
        # at once, because an ErrorDocument would make it a GET
        head = Condition("%{REQUEST_METHOD}", "=HEAD")
        yield ask_for_file(plan, turn, "^", (head,), label, follow=True)
    # a range that depends on a validator is answered by the whole file
    alone = Condition("%{HTTP:If-Range}", "!.", ("NV",))
    asked = Condition("%{HTTP:Range}", "^(bytes=[0-9, -]{1,400})$", ("NV",))
    yield Rule("^", flags=("E=RG_RANGE:%1",), conditions=(alone, asked))
    # escaped once more, because the URL of an ErrorDocument is decoded
    ask = f"E=RG_ASK:{turn.place.lstrip('/')}${{rg_escape:%1}}"
    place = substitution(turn.place, attempt.source.key)
    if plan.copies is None:
        begin = (label, ask, "E=RG_MISS:again/begin", "P", "QSD", "L")
        yield Rule("^", NEVER_ASKED, begin, (_raw(turn),))
        return
    way = ("kept", "again/begin") if plan.offline else ("look", "again/have")
    steps = (f"E=RG_DO:{way[0]}", f"E=RG_MISS:{way[1]}", "E=RG_HIT:stop")
    flags = (label, ask, *steps, NOT_COMPRESSED, "PT", "NE", "QSD", "L")
    yield Rule("^", f"{place}%1", flags, (_raw(turn),))


def ask_for_file(
    plan: Plan,
    turn: FileTurn,
    pattern: str,
    conditions: tuple[Condition, ...],
    *flags: str,
    follow: bool,
) -> Rule:
    """Return the rule that asks for a file; %1 is the raw path, so that ``%2B`` stays what it is.

    :param follow: the fetching host follows redirects, for which it takes two of its threads.
    """
    all_flags = (*flags, NOT_COMPRESSED, "P", "NE", "QSD", "L")
    place = f"{fetcher_url(plan)}{'' if follow else ASKED}{turn.asked}%1"
    return Rule(pattern, place, all_flags, (*conditions, _raw(turn)))


def _raw(turn: FileTurn) -> Condition:
    return Condition("%{THE_REQUEST}", rf"^[A-Z]+ {regex(turn.prefix.rstrip('/'))}(/[^? ]+)")
