"""Reading one YAML document of plain values, with the place of each, from a file that may be hostile.

The tree is built from the parser's events, not by its composer: so depth, aliases and the number of values are bounded
while reading, duplicate keys are seen, and a hostile file costs neither the stack nor the memory.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rewritegen.diagnostics import Place, Problem, SiteError, quoted
from rewritegen.yamltree import Document, Mapping, Node, Scalar, Sequence, Span, place_of

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "read_yaml"]

MAX_BYTES = 4 * 1024 * 1024
MAX_NODES = 200_000
MAX_DEPTH = 32

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

#: What YAML 1.1 does not allow in a file (section 5.1), of what UTF-8 can encode. Written as a few short ranges: what
#: is allowed would be one class over all of Unicode, which alone takes 6 ms to compile.
_FORBIDDEN = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x84\\x86-\\x9f]|\\ufffe|\\uffff")
_DECIMAL = re.compile(r"0|-?[1-9][0-9]{0,17}")


def read_yaml(path: str, data: bytes | None = None) -> tuple[Document, list[Problem]]:
    """Read a file (``-``: standard input) or the bytes given in its place.

    :returns: the document, and the problems that leave it readable (such as a duplicate key, where the first counts).
    :raises SiteError: when there is no document to go on with.
    """
    name = "<stdin>" if path == "-" else path
    text = _decode(name, _bytes(path) if data is None else data)
    lines = text.splitlines() or [""]
    found = _FORBIDDEN.search(text)
    if found:
        line = len(text[: found.start()].splitlines() or [""]) - 1
        start = found.start() - text.rfind("\n", 0, found.start()) - 1
        place = place_of(name, lines, Span(line, start, line, start + 1))
        raise SiteError(
            [
                Problem(
                    "RG104",
                    f"the control character {quoted(found[0])} is in the file",
                    place,
                    "delete it",
                )
            ]
        )
    builder = _Builder(name, lines)
    try:
        builder.read(text)
    except yaml.YAMLError as error:
        raise SiteError([*builder.problems, _syntax_problem(error, name, lines)]) from None
    if builder.root is None:
        place = place_of(name, lines, Span(0, 0, 0, 1))
        advice = "print a site file to start from with `rewritegen init`"
        raise SiteError([*builder.problems, Problem("RG106", "the file is empty", place, advice)])
    return Document(name, lines, builder.root), builder.problems


def _bytes(path: str) -> bytes:
    try:
        if path == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        message = f"cannot read {quoted(path, 200)}: {reason[:1].lower()}{reason[1:]}"
        raise SiteError(
            [
                Problem(
                    "RG101", message, None, "give the path of a site file that you may read, or `-`"
                )
            ]
        ) from None


def _decode(name: str, data: bytes) -> str:
    if len(data) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES // 1024 // 1024} MB"
        raise SiteError(
            [
                Problem(
                    "RG102", message, None, "claim prefixes such as `acme-*` in place of many names"
                )
            ]
        )
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace").removeprefix("\ufeff")
        line = before.count("\n")
        rest = data[error.start :].split(b"\n", 1)[0].decode("utf-8", "replace")
        start = before[before.rfind("\n") + 1 :]
        place = Place(name, line + 1, len(start) + 1, f"{start}{rest}".rstrip("\r"))
        message = f"the file is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}"
        utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        advice = "it is UTF-16: save it as UTF-8" if utf16 else "save the file as UTF-8"
        raise SiteError([Problem("RG103", message, place, advice)]) from None


def _span(event: Any) -> Span:
    start, end = event.start_mark, event.end_mark
    return Span(start.line, start.column, end.line, end.column)


def _syntax_problem(error: yaml.YAMLError, name: str, lines: list[str]) -> Problem:
    problem = getattr(error, "problem", None) or str(error)
    context = getattr(error, "context", None)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = None
    advice = "put a value that has `: `, ` #` or a leading `[ { * & ! % @` in it between quotes"
    if mark is not None:
        place = place_of(name, lines, Span(mark.line, mark.column, mark.line, mark.column + 1))
        if "\t" in place.text[: place.column]:
            advice = "YAML is indented with blanks: replace the tab"
    return Problem(
        "RG105", f"this is not YAML: {problem}{f' {context}' if context else ''}", place, advice
    )


@dataclass(slots=True)
class _Frame:
    """A list or map that is being read, and in a map the key that waits for its value."""

    node: Sequence | Mapping
    before: int
    anchor: str | None
    key: str | None = None
    skip: bool = False
    at_value: bool = False


class _TooMuchError(Exception):
    """Reading on would cost too much."""


class _Builder:
    """Makes the tree from the events, and collects what is wrong with it."""

    def __init__(self, file: str, lines: list[str]) -> None:
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self._file = file
        self._lines = lines
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._count = 0
        self._documents = 0

    def read(self, text: str) -> None:
        """Read all events.

        :raises SiteError: when a bound is exceeded.
        """
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                self._event(event)
        except _TooMuchError:
            raise SiteError(self.problems) from None

    def _event(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._check_tag(event)
            self._add(self._scalar(event), 1, event.anchor)
        elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            self._open(event)
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            self._close(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._report(
                    "RG107",
                    "a second YAML document begins here",
                    _span(event),
                    "make it a file of its own",
                )
                raise _TooMuchError

    def _open(self, event: Any) -> None:
        self._check_tag(event)
        span = _span(event)
        if len(self._stack) == MAX_DEPTH:
            self._report(
                "RG113",
                f"more than {MAX_DEPTH} levels deep",
                span,
                "a site file needs no more than 5 levels",
            )
            raise _TooMuchError
        node = Mapping(span) if isinstance(event, yaml.MappingStartEvent) else Sequence(span)
        self._stack.append(_Frame(node, self._count, event.anchor))
        self._counted(1, span)

    def _close(self, event: Any) -> None:
        frame = self._stack.pop()
        start, end = frame.node.span, event.end_mark
        frame.node.span = Span(start.line, start.column, end.line, end.column)
        # The count is of what was opened since: it is added once more for every alias of it.
        self._add(frame.node, self._count - frame.before, frame.anchor, counted=True)

    def _alias(self, event: Any) -> None:
        span = _span(event)
        name = quoted(f"*{event.anchor}")
        if any(frame.anchor == event.anchor for frame in self._stack):
            self._report(
                "RG111",
                f"the alias {name} stands inside what it refers to",
                span,
                "write the value out",
            )
        elif event.anchor not in self._anchors:
            advice = f"write the value out, or put it in quotes if {name} is meant as text"
            self._report("RG111", f"the alias {name} refers to nothing above it", span, advice)
        else:
            node, weight = self._anchors[event.anchor]
            self._add(node, weight, None)
            return
        self._add(Scalar(None, event.anchor, span), 1, None)

    def _add(self, node: Node, weight: int, anchor: str | None, *, counted: bool = False) -> None:
        if not counted:
            self._counted(weight, node.span)
        if anchor is not None:
            self._anchors[anchor] = (node, weight)
        if not self._stack:
            self.root = node
            return
        frame = self._stack[-1]
        if isinstance(frame.node, Sequence):
            frame.node.items.append(node)
        elif frame.at_value:
            if not frame.skip and frame.key is not None:
                frame.node.items[frame.key] = node
            frame.at_value = False
        else:
            frame.key = self._key(frame.node, node)
            frame.skip = frame.key is None
            frame.at_value = True

    def _key(self, mapping: Mapping, node: Node) -> str | None:
        """Return the key, or None when its value is to be dropped."""
        if not isinstance(node, Scalar):
            self._report(
                "RG114",
                "a list or a map is used as a key",
                node.span,
                "write a word followed by `: `",
            )
        elif node.text == "<<":
            self._report(
                "RG110", "a merge key is used", node.span, "write the keys out in every entry"
            )
        elif node.text in mapping.keys:
            first = mapping.keys[node.text].line + 1
            message = f"the key {quoted(node.text)} stands twice in one map, first in line {first}"
            self._report(
                "RG108",
                message,
                node.span,
                f"delete one of the two lines {first} and {node.span.line + 1}",
            )
        else:
            mapping.keys[node.text] = node.span
            return node.text
        return None

    def _scalar(self, event: Any) -> Scalar:
        value = _resolved(event.value) if event.implicit[0] else event.value
        return Scalar(value, event.value, _span(event))

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None:
            tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            self._report(
                "RG109",
                f"the tag {quoted(tag)} is used",
                _span(event),
                "delete the tag and write the value plainly",
            )

    def _counted(self, weight: int, span: Span) -> None:
        self._count += weight
        if self._count > MAX_NODES:
            message = f"the file stands for more than {MAX_NODES} values"
            self._report("RG112", message, span, "write the values out, without aliases of aliases")
            raise _TooMuchError

    def _report(self, code: str, message: str, span: Span, advice: str) -> None:
        self.problems.append(
            Problem(code, message, place_of(self._file, self._lines, span), advice)
        )


def _resolved(text: str) -> str | int | float | bool | None:
    """Return what YAML 1.1 makes of a value without quotes; dates stay text, odd numbers fit nowhere."""
    for tag, pattern in yaml.SafeLoader.yaml_implicit_resolvers.get(text[:1], ()):
        if not pattern.match(text):
            continue
        kind = tag.rpartition(":")[2]
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() in ("yes", "true", "on")
        if kind == "int" and _DECIMAL.fullmatch(text):
            return int(text)
        if kind in ("int", "float"):
            return float("nan")
        return text
    return text
