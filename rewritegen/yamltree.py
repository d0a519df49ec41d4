"""The tree of a YAML document, where each value knows its place in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rewritegen.diagnostics import Place

__all__ = [
    "Document",
    "KeyPath",
    "Mapping",
    "Node",
    "Scalar",
    "Sequence",
    "Span",
    "key_of",
    "path_of",
    "place_of",
    "plain",
]

#: Where a value is: ``("private", 0, "claims", 1)``, written ``private[0].claims[1]``.
KeyPath = tuple[str | int, ...]

_PART = re.compile(r"\[([0-9]+)\]|([^.\[\]]+)")


class Span(NamedTuple):
    """From (line, column) to (end_line, end_column), counted from 0, the end not included."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(slots=True)
class Scalar:
    """A single value; ``text`` is how it stands in the file, without quotes."""

    value: str | int | float | bool | None
    text: str
    span: Span


@dataclass(slots=True)
class Sequence:
    """A list."""

    span: Span
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """A map; the keys are words, ``keys`` has the span of each."""

    span: Span
    items: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Span] = field(default_factory=dict)


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read: its name as given, its lines, and its tree."""

    file: str
    lines: list[str]
    root: Node

    def find(self, path: KeyPath) -> tuple[Node, bool]:
        """Return the node at a path, or the nearest enclosing one; and whether it is the one itself."""
        node = self.root
        for part in path:
            inner = _inside(node, part)
            if inner is None:
                return node, False
            node = inner
        return node, True

    def place(self, path: KeyPath) -> Place:
        """Return the place of a value, or of the nearest enclosing one that is in the file."""
        return place_of(self.file, self.lines, self.find(path)[0].span)

    def place_of_key(self, path: KeyPath) -> Place:
        """Return the place of the key (and not of its value) at the end of a path."""
        node = self.find(path[:-1])[0]
        if isinstance(node, Mapping) and path[-1] in node.keys:
            return place_of(self.file, self.lines, node.keys[str(path[-1])])
        return self.place(path)


def key_of(path: KeyPath) -> str:
    """Return a path as people write it: ``private[0].claims[1]``."""
    return "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in path
    ).removeprefix(".")


def path_of(key: str) -> KeyPath:
    """Return what :func:`key_of` was given."""
    return tuple(int(match[1]) if match[1] else match[2] for match in _PART.finditer(key))


def _inside(node: Node, part: str | int) -> Node | None:
    if isinstance(node, Mapping) and isinstance(part, str):
        return node.items.get(part)
    if isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
        return node.items[part]
    return None


def plain(node: Node) -> Any:
    """Return the tree below a node as dictionaries, lists and single values."""
    if isinstance(node, Mapping):
        return {key: plain(value) for key, value in node.items.items()}
    if isinstance(node, Sequence):
        return [plain(value) for value in node.items]
    return node.value


def place_of(file: str, lines: list[str], span: Span) -> Place:
    """Return the first line of a span as a place; what a mark says beyond the last line is at its end."""
    line = min(span.line, len(lines) - 1)
    text = lines[line]
    column = min(span.column, len(text)) if line == span.line else len(text)
    end = span.end_column if span.end_line == line else len(text.rstrip())
    return Place(file, line + 1, column + 1, text, max(end - column, 1))
