"""Directives as lines of at most 100 columns.

A backslash at the end of a line continues it, also inside quotes; what stands before the continuation stays as blanks.
Between arguments that is harmless, and between the flags of a rule too. A regular expression that needs more than one
line begins with ``(?x)``, which makes blanks in it mean nothing; its own blanks become ``[ ]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["WIDTH", "continued", "directive", "folded"]

#: Columns of a line inside a virtual host, with room for the backslash.
WIDTH = 94

_ATOM = re.compile(r"\\.|\[(?:\\.|[^\]\\])+\]|\(\?(?:i:|[:=!])|\{\d+(?:,\d*)?\}|.")
_QUANTIFIER = re.compile(r"[*+?]|\{\d")


def directive(name: str, arguments: Iterable[str], indent: str = "") -> tuple[str, ...]:
    """Return a directive as physical lines without their backslashes; arguments are quoted already."""
    parts = [name, *arguments]
    text = " ".join(parts)
    if len(text) + len(indent) <= WIDTH + 2:
        return (text,)
    lines: list[str] = [parts[0]]
    for part in parts[1:]:
        if len(lines) == 1 and len(lines[0]) + len(part) + len(indent) < WIDTH:
            lines[0] += f" {part}"
        else:
            pieces = (
                _flags(part) if part.startswith('"[') else folded(part, WIDTH - len(indent) - 8)
            )
            lines.extend(f"    {piece}" for piece in pieces)
    return tuple(lines)


def continued(lines: Iterable[str]) -> str:
    """Join physical lines by backslashes."""
    return " \\\n".join(lines)


def folded(pattern: str, width: int) -> tuple[str, ...]:
    """Return a regular expression in quotes as lines of about ``width`` columns; anything else as it is.

    >>> folded('"!^(?:GET|HEAD) /simple/(?:one|two)$"', 20)
    ('"!(?x)^(?:GET|HEAD)', '    [ ]/simple/', '    (?:one|two)$"')
    """
    bare = pattern[1:-1]
    if len(pattern) <= width or not bare.startswith(("^", "!^", "(?:^|")):
        return (pattern,)
    negated, bare = ("!", bare[1:]) if bare.startswith("!") else ("", bare)
    lines = [f'"{negated}(?x)']
    for chunk in _chunks(bare):
        if len(lines[-1]) + len(chunk) > width and not lines[-1].endswith("(?x)"):
            lines.append("    ")
        lines[-1] += chunk
    return (*lines[:-1], f'{lines[-1]}"')


def _chunks(pattern: str) -> Iterator[str]:
    """Yield pieces of a pattern between which it may be broken: groups begin one, alternatives end one."""
    chunk = ""
    for atom in _atoms(pattern):
        if chunk and (atom.startswith("(") or atom == "[ ]"):
            yield chunk
            chunk = ""
        chunk += atom
        if atom == "|":
            yield chunk
            chunk = ""
    if chunk:
        yield chunk


def _atoms(pattern: str) -> Iterator[str]:
    atom = ""
    for found in _ATOM.findall(pattern):
        if (
            atom
            and _QUANTIFIER.match(found)
            and not atom.startswith("(?")
            and atom not in ("(", "|")
        ):
            atom += found
            continue
        if atom:
            yield atom
        atom = "[ ]" if found == " " else found
    if atom:
        yield atom


def _flags(flags: str) -> Iterator[str]:
    """Yield flags in quotes, broken after commas."""
    line = ""
    for part in re.findall(r"[^,]+,?", flags):
        if line and len(line) + len(part) > WIDTH - 16:
            yield line
            line = ""
        line += part
    yield line
