"""The text of a server as statements: enough of both syntaxes to look for what is unwise, whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from rewritegen.lint.context import Text
from rewritegen.lint.rule import Found

__all__ = ["Statement", "apache_statements", "found_at", "is_anchored", "nginx_statements"]


class Statement(NamedTuple):
    """A directive with its arguments, unquoted, where it begins, and what it stands in."""

    line: int
    words: tuple[str, ...]
    inside: tuple[str, ...]
    """The heads of the blocks around it, the outermost first, such as ``location ^~ /-/rg_ask/pypi/``."""

    @property
    def name(self) -> str:
        """The directive."""
        return self.words[0]

    def __str__(self) -> str:
        return " ".join(self.words)


_NGINX = re.compile(
    r"""\s+|\#[^\n]*|([;{}])|"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|((?:\\.|\$\{|[^\s;{}"'\\])[^\s;{}]*)"""
)


def nginx_statements(text: str) -> Iterator[Statement]:
    """Yield the directives of nginx, those that open a block included."""
    words: list[str] = []
    inside: list[str] = []
    line = start = 1
    at = 0
    while at < len(text):
        match = _NGINX.match(text, at)
        if match is None:
            return  # an open quote: nginx would not take it either
        mark, double, single, plain = match.groups()
        word = next((one for one in (double, single, plain) if one is not None), None)
        if word is not None:
            start = start if words else line
            # in quotes, and only there, a backslash hides a quote
            words.append(re.sub(r"\\([\"'])", r"\1", word))
        elif mark == "}":
            inside[-1:] = []
        elif mark and words:
            yield Statement(start, tuple(words), tuple(inside))
            if mark == "{":
                inside.append(" ".join(words))
            words = []
        line += match.group().count("\n")
        at = match.end()


_APACHE = re.compile(r"""\s+|"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|([^\s"'][^\s]*)""")


def apache_statements(text: str) -> Iterator[Statement]:
    """Yield the directives of httpd; a section is a directive whose name begins with ``<``."""
    inside: list[str] = []
    for start, line in _joined(text):
        words = tuple(
            next(one for one in match.groups() if one is not None)
            for match in _APACHE.finditer(line)
            if match.group().strip()
        )
        if not words or words[0].startswith("#"):
            continue
        if words[0].startswith("</"):
            inside[-1:] = []
            continue
        yield Statement(start, words, tuple(inside))
        if words[0].startswith("<"):
            inside.append(" ".join(words))


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with those that they go on in; httpd takes the leading blanks of these as they are."""
    start, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        start = start if parts else number
        if line.endswith("\\") and not line.endswith("\\\\"):
            parts.append(line[:-1])
            continue
        yield start, "".join([*parts, line])
        parts = []


def found_at(text: Text, statement: Statement, message: str) -> Found:
    """Return what is wrong with a statement, and where it stands."""
    came = str(statement)
    return Found(message, "", f"{text.name}:{statement.line}", came[:200])


def is_anchored(pattern: str) -> bool:
    """Tell whether a pattern begins where the text does."""
    return re.sub(r"^\(\?[a-z]+\)\s*", "", pattern.strip()).startswith("^")
