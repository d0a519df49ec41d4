"""Variables into a file of ``NAME=VALUE`` lines, with or without ``export``: .env, and what a shell reads."""

from __future__ import annotations

import re
import shlex

from rewritegen.clients.refused import MergeRefusedError
from rewritegen.clients.values import merged_value

__all__ = ["merge_variables", "read_variables"]

_LINE = re.compile(r"(\s*(?:export\s+)?)([A-Za-z_][A-Za-z0-9_]*)=(.*)")


def read_variables(text: str) -> dict[str, str]:
    """Return what the lines set, without the quotes around a whole value; the last one of a name counts."""
    found = (_LINE.fullmatch(line) for line in text.splitlines())
    return {match[2]: _bare(match[3]) for match in found if match}


def merge_variables(text: str, snippet: str) -> str:
    """Return the text with the variables of the snippet.

    :raises MergeRefusedError: when a variable that would change is set twice, or by more than a plain line.
    """
    there, lines = read_variables(text), text.splitlines()
    missing: list[str] = []
    for line in snippet.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        name = match[2]
        if name not in there:
            if re.search(rf"\b{name}\b", _code(text)):
                raise MergeRefusedError(f"{name} stands there, but not in a line of its own")
            missing.append(line)
        elif there[name] != (then := merged_value(name, there[name], _bare(match[3]))):
            _replace(lines, name, shlex.quote(then))
    if len(missing) == len(read_variables(snippet)):
        missing = snippet.splitlines()  # with its comments
    if missing and lines and lines[-1].strip():
        lines.append("")
    lines += missing
    return "\n".join(lines) + "\n" if lines != text.splitlines() else text


def _replace(lines: list[str], name: str, value: str) -> None:
    found = [
        (n, m) for n, line in enumerate(lines) if (m := _LINE.fullmatch(line)) and m[2] == name
    ]
    if len(found) > 1:
        raise MergeRefusedError(f"{name} stands there {len(found)} times")
    number, match = found[0]
    if re.search(r"[;&|`$\\]|\s#", match[3]) or not _whole(match[3]):
        raise MergeRefusedError(f"the line of {name} does more than set it")
    lines[number] = f"{match[1]}{name}={value}"


def _code(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def _whole(value: str) -> bool:
    """Tell whether a value ends on its line."""
    value = value.strip()
    return value[:1] not in ("'", '"') or (len(value) > 1 and value[-1] == value[0])


def _bare(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value
