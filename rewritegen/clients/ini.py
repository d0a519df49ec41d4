"""Settings into an INI file, line by line: comments, other settings, their order and their spelling stay.

configparser, with which pip and distutils read theirs, reads the file before and after: what differs must be what was
wanted, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from configparser import Error, RawConfigParser
from dataclasses import dataclass

from rewritegen.clients.refused import MergeRefusedError
from rewritegen.clients.values import merged_value

__all__ = ["DIALECTS", "Dialect", "Sections", "merge_ini", "read_ini"]

Sections = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a tool reads its file."""

    key: Callable[[str], str]
    """The spelling that the tool sees."""
    delimiters: str


DIALECTS = {
    "pip": Dialect(lambda key: key.lower().replace("_", "-"), "=:"),
    "distutils": Dialect(lambda key: key.lower().replace("-", "_"), "=:"),
    "buildout": Dialect(lambda key: key, "="),
}


def read_ini(text: str, dialect: Dialect) -> Sections:
    """Return what the tool reads.

    :raises MergeRefusedError: for what it could not read, and for a section or key that stands twice.
    """
    parser = RawConfigParser(delimiters=tuple(dialect.delimiters), default_section="")
    parser.optionxform = dialect.key  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except Error as error:
        reason = str(error).splitlines()[0].replace("'<string>'", "the file").strip(" :")
        raise MergeRefusedError(f"it cannot be read: {reason}") from None
    return {name: dict(parser.items(name)) for name in parser.sections()}


def merge_ini(text: str, snippet: str, dialect: Dialect) -> str:
    """Return the text with the settings of the snippet."""
    before, wanted = read_ini(text, dialect), read_ini(snippet, dialect)
    expected = {name: dict(values) for name, values in before.items()}
    merged = text
    for section, values in wanted.items():
        if section not in before:
            merged = _appended(merged, snippet)
            expected[section] = values
            continue
        for key, value in values.items():
            there = before[section].get(key)
            then = value if there is None else merged_value(key, there, value, "\n")
            expected[section][key] = then
            if then != there:
                merged = _with_option(merged, section, key, then, dialect)
    if not _reads_as(merged, expected, dialect):
        raise MergeRefusedError("its lines are laid out in a way that is not understood")
    return merged


def _reads_as(text: str, expected: Sections, dialect: Dialect) -> bool:
    try:
        return read_ini(text, dialect) == expected
    except MergeRefusedError:
        return False


def _appended(text: str, snippet: str) -> str:
    if not text.strip():
        return snippet
    return f"{text.rstrip()}\n\n{snippet}"


def _with_option(text: str, section: str, key: str, value: str, dialect: Dialect) -> str:
    """Return the text with one option of a section that is there changed or added."""
    lines = text.splitlines()
    start, end = _section(lines, section)
    written = value.split("\n")
    for number in range(start, end):
        found = re.match(
            rf"([^\s#;{dialect.delimiters}][^{dialect.delimiters}]*?)(\s*[{dialect.delimiters}])(\s*)",
            lines[number],
        )
        if not found or dialect.key(found[1]) != key:
            continue
        last = _end_of_value(lines, number, end)
        comments = [line for line in lines[number + 1 : last] if line.lstrip()[:1] in ("#", ";")]
        gap = (found[3] or " ") if written[0] else ""
        indent = _indent(lines[number + 1 : last])
        head = f"{found[1]}{found[2]}{gap}{written[0]}"
        lines[number:last] = [head, *(f"{indent}{more}" for more in written[1:]), *comments]
        return "\n".join(lines) + "\n"
    last = max(
        (n + 1 for n in range(start, end) if lines[n].strip() and lines[n].lstrip()[0] not in "#;"),
        default=start,
    )
    lines[last:last] = [f"{key} = {written[0]}".rstrip(), *(f"    {more}" for more in written[1:])]
    return "\n".join(lines) + "\n"


def _section(lines: list[str], section: str) -> tuple[int, int]:
    """Return the numbers of the first line below a section's head, and of the first that is not its own."""
    heads = [(n, m[1]) for n, line in enumerate(lines) if (m := re.match(r"\[([^\]]+)\]", line))]
    for place, (number, name) in enumerate(heads):
        if name == section:
            end = heads[place + 1][0] if place + 1 < len(heads) else len(lines)
            return number + 1, end
    raise MergeRefusedError(f"the head of [{section}] does not stand at the beginning of a line")


def _end_of_value(lines: list[str], number: int, end: int) -> int:
    """Return the number of the first line that is no part of the value that begins on this one."""
    last = number + 1
    for n in range(number + 1, end):
        if lines[n].strip() and not lines[n][0].isspace() and lines[n][0] not in "#;":
            break
        if lines[n].strip() and lines[n][0].isspace():
            last = n + 1
    return last


def _indent(lines: list[str]) -> str:
    for line in lines:
        if line.strip() and line[0].isspace():
            return line[: len(line) - len(line.lstrip())]
    return "    "
