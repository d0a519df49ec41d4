"""Whose file is asked for: the one location that looks for the names in a path among the scanned names.

nginx has no function for small letters and no loop: each line below changes one thing, and a path that is not done yet
goes through them again, as with names in another spelling. A path takes at most :data:`_MOST_JUMPS` of the ten internal
jumps of a request; more is refused before that (``rewritegen.stems`` has the bounds).
"""

from __future__ import annotations

import string
from collections.abc import Iterator

from rewritegen import stems
from rewritegen.servers.nginx.quoting import (
    WIDTH,
    argument,
    comment,
    pattern,
    value,
    verbose_pattern,
)
from rewritegen.servers.nginx.view import Block, Header, Rule, Stems
from rewritegen.servers.nginx.words import INNER, escaped, refuse
from rewritegen.steps import FileRoute, Scanned

__all__ = ["looked_at", "stems_location", "taken"]

_PLACE = f"{INNER}stem/"
_INDENT = "    "
_DEEP = _INDENT * 3

#: Parts of a path that are looked at in one pass.
_PARTS = 3
#: To begin, one for each further capital of a kind, and for further parts, and to go on. With that of the gate and that
#: to the end of the answer it makes ten; a file beside its page has one more, and two parts only.
_MOST_JUMPS = 1 + (stems.MOST_CAPITALS - 1) + (stems.MOST_PARTS // _PARTS - 1) + 1

_REFUSED = refuse(404, "no such file")


def looked_at(route: FileRoute) -> str:
    """Return where a request for a file is looked at; the path follows."""
    return f"{_PLACE}{_word(route)}/"


def taken(route: FileRoute) -> str:
    """Return where a request for a file goes on that belongs to no scanned name."""
    return f"{INNER}take/{_word(route)}"


def _word(route: FileRoute) -> str:
    """Return a word for a route: its source, or what no source can be called."""
    below = route.prefix.removeprefix("/files/")
    return "~packages" if below == route.prefix else below.strip("/").replace("/", "")


def stems_location(scanned: Scanned, headers: tuple[Header, ...]) -> Stems:
    """Return the location."""
    why = (
        "state: whose file is asked for? In each part of the path a name may end before one of the first "
        f"{stems.MOST_NUMBERS} numbers. Nothing of this goes on: the path is taken as it came in"
    )
    again = _rewrite(("(?<rg_rest>.+)",), "$rg_rest")
    return Stems(comment(why, _INDENT), f"^~ {_PLACE}", headers, tuple(_blocks(scanned)), again)


def _blocks(scanned: Scanned) -> Iterator[Block]:
    yield Block(
        ("# what says nothing: below a file, directories above it, and behind its first numbers",),
        (
            _rewrite((f"(?<rg_head>[^/]+/.+?){stems.BELOW_FILE}",), "$rg_head"),
            _rewrite((f"(?<rg_head>[^/]+/){stems.ABOVE_FILE}(?<rg_tail>.+)",), "$rg_head$rg_tail"),
            _rewrite(("(?<rg_head>[^/]+/{}){}".format(*stems.AFTER_NUMBERS),), "$rg_head"),
        ),
        (
            _refused("more capitals of a kind than nginx can change", stems.TOO_MANY_SAME_CAPITALS),
            _refused("more parts than are looked at", f"[^/]+/{stems.TOO_MANY_PARTS}"),
        ),
    )
    yield Block(
        ("# each line makes one capital small",),
        tuple(
            _rewrite(
                (f"(?<rg_head>.*){letter}(?<rg_tail>.*)",), f"${{rg_head}}{letter.lower()}$rg_tail"
            )
            for letter in string.ascii_uppercase
        ),
        (),
    )
    yield Block(
        ("# runs of separators, at most 15, become one dash each",),
        tuple(map(_runs, stems.RUNS)),
        (
            _refused("more of them", f"[^/]+/{stems.ANY_RUN}"),
            _again(("# not all letters are small yet",), ".*[A-Z]"),
        ),
    )
    for number in range(_PARTS):
        words = "the first part of the path comes off, and may not be one of ours"
        tests = (*_tests(scanned), _DONE)
        yield Block((f"# {words if number == 0 else 'the next'}",), (_part(),), tests)


_DONE = Rule(
    (),
    f"$uri ~ {pattern(f'^{escaped(_PLACE)}(?<rg_route>[a-z0-9~-]+)/$')}",
    f"rewrite ^ {INNER}take/$rg_route last",
)


def _runs(number: int) -> str:
    """Return the rewrite of so many runs of separators; the last text is whatever follows."""
    texts = [f"(?<rg_p1>[^/]+/{stems.WITHOUT_RUN})"]
    texts += [f"(?<rg_p{text}>{stems.WITHOUT_RUN})" for text in range(2, number + 1)]
    parts = tuple(f"{text}{stems.RUN}" for text in texts)
    joined = "-".join(f"$rg_p{text}" for text in range(1, number + 2))
    return _rewrite((*parts, f"(?<rg_p{number + 1}>.*)"), joined)


_CAPTURES = tuple(f"rg_stem{number}" for number in range(1, stems.MOST_NUMBERS + 1))


def _part() -> str:
    first, *others = _CAPTURES
    more = (f"(?:(?<{name}>{stems.MORE_NAME}){stems.NAME_ENDS})?" for name in others)
    name = f"(?:{stems.NO_NAME}(?<{first}>{stems.FIRST_NAME}){stems.NAME_ENDS}"
    parts = ("(?<rg_route>[a-z0-9~-]+)/", name, *more, ")?", "[^/]*/?(?<rg_rest>.*)")
    return _rewrite(parts, "$rg_route/$rg_rest")


def _tests(scanned: Scanned) -> Iterator[Rule]:
    for number in range(1, len(_CAPTURES) + 1):
        stem = "".join(f"${name}" for name in _CAPTURES[:number])
        known = argument(f"{value(scanned.directory, 'state')}/{stem}")
        yield Rule((), f"-f {known}", _REFUSED)


def _again(words: tuple[str, ...], found: str) -> Rule:
    same = _rewrite(("(?<rg_rest>.*)",), "$rg_rest")
    return Rule(words, f"$uri ~ {pattern(f'^{escaped(_PLACE)}{found}')}", f"rewrite {same} last")


def _refused(words: str, found: str) -> Rule:
    test = verbose_pattern((f"^{escaped(_PLACE)}", found), "", _INDENT * 2, 15)
    return Rule((f"# {words}",), f"$uri ~ {test}", _REFUSED)


def _rewrite(parts: tuple[str, ...], replacement: str) -> str:
    """Return the arguments of a ``rewrite`` of the path, on more lines when they are too long for one."""
    find = verbose_pattern((f"^{escaped(_PLACE)}", *parts, "$"), "", _INDENT * 2, 8)
    replaced = argument(f"{_PLACE}{replacement}")
    short = len(f"        rewrite {find} {replaced};") <= WIDTH
    return f"{find} {replaced}" if short else f"{find}\n{_DEEP}{replaced}"
