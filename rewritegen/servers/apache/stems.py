"""Whose file is asked for: what a path names must not be a claimed or a scanned name (``rewritegen.stems``).

``RG_STEMS`` is what of the path is still to be looked at. httpd makes letters small at once; a run of separators takes
a rule, and each part of the path but the last one begins the rules again (``[N]``).
"""

from __future__ import annotations

from collections.abc import Iterator

from rewritegen import stems
from rewritegen.plan import Plan
from rewritegen.servers.apache.quoting import regex, test_string
from rewritegen.servers.apache.rules import Condition, Group, Rule
from rewritegen.steps import FileRoute, Scanned

__all__ = ["claimed_files", "scanned_files", "stem_rules"]

_STEMS = "%{ENV:RG_STEMS}"
_REFUSED = ("R=404", "L")


def claimed_files(route: FileRoute, prefix: str) -> Iterator[Rule]:
    """Yield the rules that refuse files of claimed names below a pattern."""
    for pattern in route.refused.path_patterns():
        yield Rule(f"^{prefix}(?:.*/)?{pattern}", flags=("NC", *_REFUSED))


def scanned_files(plan: Plan) -> Iterator[Group]:
    """Yield the rules that refuse files of scanned names, for all public file routes at once."""
    routes = [route for route in plan.public_files if route.scanned]
    # the longest first: a further file host of a source lies below the first one
    prefixes = sorted((route.prefix for route in routes), key=lambda prefix: (-len(prefix), prefix))
    for scanned in {route.scanned for route in routes if route.scanned}:
        below = f"^(?:{'|'.join(map(regex, prefixes))})"
        comment = (
            "state: whose file is asked for? In each part of the path a name may end before one of the first"
            f" {stems.MOST_NUMBERS} numbers. What goes on is the path as it came in",
        )
        yield Group(comment, Rule(f"!{below}"), tuple(stem_rules(scanned, f"{below}(.+)$")))


def stem_rules(scanned: Scanned, path: str) -> Iterator[Rule | Group]:
    """Yield the rules; ``path`` is a pattern, whose first group is looked at."""
    gone = Condition(test_string(scanned.marker, "state"), "!-f")
    yield Rule("^", flags=("R=503", "L"), conditions=(gone,))
    again = Rule("^", conditions=(Condition(_STEMS, "."),))
    yield Group(("once for all parts",), again, tuple(_canonical(path)))
    yield _part(scanned)
    yield _changed("^[^/]*/(.+)$", "%1", "the next part", f"N={stems.MOST_PARTS + 1}")


def _canonical(path: str) -> Iterator[Rule]:
    yield Rule(path, flags=("E=RG_STEMS:$1",))
    words = "what says nothing: below a file, directories above it, and behind its first numbers"
    yield _changed(f"^(.+?){stems.BELOW_FILE}$", "%1", words)
    yield _changed(f"^{stems.ABOVE_FILE}(.+)$", "%1")
    yield _changed("^({}){}$".format(*stems.AFTER_NUMBERS), "%1")
    yield _beyond(
        f"^{stems.TOO_MANY_SAME_CAPITALS}", "more capitals of a kind than nginx can change"
    )
    yield _changed("[A-Z]", f"${{rg_lower:{_STEMS}}}")
    words = "runs of separators, at most 15, become one dash each"
    for number in stems.RUNS:
        runs = f"({stems.WITHOUT_RUN}){stems.RUN}" * number
        joined = "-".join(f"%{text}" for text in range(1, number + 2))
        yield _changed(f"^{runs}(.*)$", joined, words)
        words = ""
    yield _beyond(f"^{stems.ANY_RUN}", "more of them")
    yield _beyond(f"^{stems.TOO_MANY_PARTS}", "more parts than are looked at")


def _part(scanned: Scanned) -> Rule:
    more = f"(?:({stems.MORE_NAME}){stems.NAME_ENDS})?" * (stems.MOST_NUMBERS - 1)
    part = Condition(_STEMS, f"^{stems.NO_NAME}({stems.FIRST_NAME}){stems.NAME_ENDS}{more}")
    directory = test_string(scanned.directory, "state")
    names = (
        "".join(f"%{text}" for text in range(1, n + 1)) for n in range(1, stems.MOST_NUMBERS + 1)
    )
    *known, last = (Condition(f"{directory}/{name}", "-f") for name in names)
    either = (Condition(one.test, one.pattern, ("OR",)) for one in known)
    comment = ("the first part of the path may not be one of ours",)
    return Rule("^", flags=_REFUSED, conditions=(part, *either, last), comment=comment)


def _changed(found: str, replacement: str, words: str = "", *flags: str) -> Rule:
    comment = (words,) if words else ()
    seen = (Condition(_STEMS, found),)
    return Rule("^", flags=(f"E=RG_STEMS:{replacement}", *flags), conditions=seen, comment=comment)


def _beyond(found: str, words: str) -> Rule:
    return Rule("^", flags=_REFUSED, conditions=(Condition(_STEMS, found),), comment=(words,))
