from __future__ import annotations

import pytest

from rewritegen.diagnostics import (
    CODES,
    MAX_SHOWN,
    Place,
    Problem,
    RewritegenError,
    SiteError,
    quoted,
    render,
    suggestion,
)


def problem(text: str, column: int, length: int = 1, line: int = 12) -> Problem:
    return Problem("RG101", "it is wrong", Place("site.yml", line, column, text, length), "mend it")


RENDERED = {
    "one-line": (
        problem("claims: [acme*]", 10, 5),
        "error[RG101]: it is wrong\n"
        "  --> site.yml:12:10\n"
        "   |\n"
        "12 | claims: [acme*]\n"
        "   |          ^^^^^\n"
        "   = help: mend it\n",
    ),
    "no-place": (
        Problem("RG101", "it is wrong", None, "mend it"),
        "error[RG101]: it is wrong\n  = help: mend it\n",
    ),
    "warning": (
        Problem("RG101", "it is odd", None, "mend it", severity="warning"),
        "warning[RG101]: it is odd\n  = help: mend it\n",
    ),
    "tab-is-one-column": (
        problem("\ta: b", 5, 1, 1),
        "error[RG101]: it is wrong\n --> site.yml:1:5\n  |\n1 |  a: b\n  |     ^\n  = help: mend it\n",
    ),
    "escapes-take-their-width": (
        problem("a\x1b: b", 5, 1, 1),
        "error[RG101]: it is wrong\n --> site.yml:1:5\n  |\n1 | a\\x1b: b\n  |        ^\n  = help: mend it\n",
    ),
    "wide-and-combining-characters": (
        problem("中e\u0301: b", 6, 1, 1),
        "error[RG101]: it is wrong\n --> site.yml:1:6\n  |\n1 | 中e\u0301: b\n  |      ^\n  = help: mend it\n",
    ),
    "end-of-line": (
        problem("abc", 4, 1, 1),
        "error[RG101]: it is wrong\n --> site.yml:1:4\n  |\n1 | abc\n  |    ^\n  = help: mend it\n",
    ),
}


@pytest.mark.parametrize(("given", "expected"), RENDERED.values(), ids=RENDERED)
def test_render(given: Problem, expected: str) -> None:
    assert render([given]) == expected


def test_a_long_line_is_cut_around_the_span() -> None:
    shown = render([problem("x" * 500 + "HERE" + "y" * 500, 501, 4)]).splitlines()
    start = shown[3].index("HERE")
    assert shown[4][start : start + 5] == "^^^^"
    assert shown[3].startswith("12 | ...x")
    assert shown[3].endswith("y...")
    assert len(shown[3]) < 120


def test_colour_changes_no_text() -> None:
    import re

    given = [problem("claims: [acme*]", 10, 5)]
    coloured = render(given, colour=True)
    assert "\033[1;31m^^^^^\033[0m" in coloured
    assert re.sub(r"\033\[[0-9;]*m", "", coloured) == render(given)


def test_problems_are_parted_by_an_empty_line_and_counted() -> None:
    given = [problem("a", 1)] * (MAX_SHOWN + 2)
    shown = render(given)
    assert shown.count("error[RG101]") == MAX_SHOWN
    assert "mend it\n\nerror[" in shown
    assert shown.endswith("\n\n... and 2 more problems\n")
    assert render([]) == ""


QUOTED = {
    "plain": ("acme", "`acme`"),
    "number": (8080, "`8080`"),
    "controls": ("a\n\x1b[31m\u202eb", r"`a\n\x1b[31m\u202eb`"),
    "long": ("x" * 61, "`" + "x" * 60 + "...`"),
    "just-fits": ("x" * 60, "`" + "x" * 60 + "`"),
}


@pytest.mark.parametrize(("given", "expected"), QUOTED.values(), ids=QUOTED)
def test_quoted(given: object, expected: str) -> None:
    assert quoted(given) == expected


def test_suggestion() -> None:
    assert suggestion("Layuot", ["layout", "listing"]) == "did you mean `layout`? "
    assert suggestion("quux", ["layout", "listing"]) == ""


def test_an_error_carries_its_problems_and_speaks_once() -> None:
    given = (problem("a", 1), Problem("RG101", "it is wrong", None, "mend it"))
    error = SiteError(iter(given))
    assert isinstance(error, RewritegenError)
    assert error.problems == given
    assert str(error) == render(given)


def test_codes_say_why_in_one_line() -> None:
    assert list(CODES) == sorted(CODES)
    for why in CODES.values():
        assert "\n" not in why
        assert why.isascii()
        assert not why.endswith(".")
