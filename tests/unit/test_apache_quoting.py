"""Quoting for httpd: every place, every value that has meant something else somewhere."""

from __future__ import annotations

import re

import pytest

from rewritegen.diagnostics import RewritegenError
from rewritegen.servers.apache import quoting

REFUSED = None

# value -> (argument, directory, test string, substitution, expression)
TABLE: dict[str, tuple[str, str | None, str | None, str | None, str | None]] = {
    "/srv/plain": ('"/srv/plain"', '"/srv/plain"', "/srv/plain", "/srv/plain", "/srv/plain"),
    "/a b": ('"/a b"', '"/a b"', "/a b", "/a b", "/a b"),
    '/a"b': ('"/a\\"b"', '"/a\\"b"', REFUSED, REFUSED, REFUSED),
    "/a'b": ('"/a\'b"', '"/a\'b"', "/a'b", "/a'b", "/a'b"),
    "/a\\b": ('"/a\\\\b"', REFUSED, "/a\\\\b", "/a\\\\b", REFUSED),
    "/a\\": ('"/a\\\\"', REFUSED, "/a\\\\", "/a\\\\", REFUSED),
    "/a$1": ('"/a$1"', '"/a$1"', "/a\\$1", "/a\\$1", "/a$1"),
    "/a%1": ('"/a%1"', '"/a%1"', "/a\\%1", "/a\\%1", REFUSED),
    "/a%{ENV:HOME}": (
        '"/a%{ENV:HOME}"',
        '"/a%{ENV:HOME}"',
        "/a\\%{ENV:HOME}",
        "/a\\%{ENV:HOME}",
        REFUSED,
    ),
    "/a<b>": ('"/a<b>"', '"/a<b>"', "/a<b>", "/a<b>", "/a<b>"),
    "/a#b": ('"/a#b"', '"/a#b"', "/a#b", "/a#b", "/a#b"),
    "/a&b;c": ('"/a&b;c"', '"/a&b;c"', "/a&b;c", "/a&b;c", "/a&b;c"),
    "/a?b": ('"/a?b"', REFUSED, "/a?b", REFUSED, "/a?b"),
    "/a*": ('"/a*"', REFUSED, "/a*", "/a*", "/a*"),
    "/a[b]": ('"/a[b]"', REFUSED, "/a[b]", "/a[b]", "/a[b]"),
    "/größe": ('"/größe"', '"/größe"', "/größe", "/größe", "/größe"),
    "/a=b,c": ('"/a=b,c"', '"/a=b,c"', "/a=b,c", "/a=b,c", "/a=b,c"),
}
NOWHERE = {
    "newline": "/a\nLoadModule evil_module /tmp/evil.so",
    "carriage return": "/a\rb",
    "tab": "/a\tb",
    "null": "/a\0b",
    "escape": "/a\x1b[2J",
    "line separator": "/a\u2028b",
    "variable": "/srv/${HOME}/x",
    "map": "/srv/${lower:x}",
    "very long": "/" + "a" * 5000,
}


@pytest.mark.parametrize("value", TABLE, ids=ascii)
def test_each_place_has_its_own_quotes(value: str) -> None:
    places = (
        quoting.argument,
        quoting.directory,
        quoting.test_string,
        quoting.substitution,
        quoting.expression,
    )
    for place, expected in zip(places, TABLE[value], strict=True):
        if expected is REFUSED:
            with pytest.raises(RewritegenError) as error:
                place(value, "private[0].path")
            (problem,) = error.value.problems
            assert (problem.code, problem.key) == ("RG701", "private[0].path"), place.__name__
        else:
            assert place(value, "private[0].path") == expected, place.__name__


@pytest.mark.parametrize("value", NOWHERE.values(), ids=NOWHERE)
def test_what_no_place_can_hold(value: str) -> None:
    for place in (
        quoting.argument,
        quoting.directory,
        quoting.test_string,
        quoting.substitution,
        quoting.expression,
    ):
        with pytest.raises(RewritegenError, match="RG701"):
            place(value, "state")


@pytest.mark.parametrize(
    "value", [*TABLE, "a.b", "(a|b)", "^a$", "a{2}", "a+b?", "[^/]*", "\\d", "a-b", "#"], ids=ascii
)
def test_a_regex_matches_the_value_and_nothing_else(value: str) -> None:
    pattern = quoting.regex(value)
    assert re.fullmatch(pattern, value)
    assert not re.fullmatch(pattern, f"{value}x")
    assert not re.fullmatch(pattern, value.replace(".", "x")) or "." not in value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("site.yaml", "site.yaml"),
        ("a\nLoadModule x", "a\\nLoadModule x"),
        ("ends with a backslash\\", "ends with a backslash"),
        ("tab\there", "tab here"),
    ],
)
def test_a_comment_stays_on_its_line(text: str, shown: str) -> None:
    assert quoting.comment(text) == shown
