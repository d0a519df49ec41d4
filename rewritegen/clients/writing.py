"""A rendered text into the file where its tool reads it: all or nothing, and a second time nothing."""

from __future__ import annotations

import contextlib
import difflib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewritegen.clients.conflicts import CONFLICTS
from rewritegen.clients.index import ClientIndex
from rewritegen.clients.ini import DIALECTS, merge_ini, read_ini
from rewritegen.clients.refused import MergeRefusedError
from rewritegen.clients.tools import Tool
from rewritegen.clients.variables import merge_variables, read_variables

__all__ = ["Change", "change"]

#: Files of people are small; one that is not is something else.
_LARGEST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Change:
    """What a file is, None when there is none, and what it would be."""

    path: Path
    before: bytes | None
    after: bytes

    @property
    def needed(self) -> bool:
        """Whether there is anything to write."""
        return self.before != self.after

    def diff(self) -> str:
        """Return a unified diff; empty when nothing would change."""
        old, new = (
            (data or b"").decode().splitlines(keepends=True) for data in (self.before, self.after)
        )
        source = "/dev/null" if self.before is None else str(self.path)
        lines = difflib.unified_diff(old, new, source, str(self.path))
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)

    def write(self) -> None:
        """Put the new file in the place of the old one, with its mode and owner; a link stays one."""
        place = Path(os.path.realpath(self.path))
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(self.after)
                file.flush()
                os.fsync(descriptor)
                _like(place, descriptor)
            Path(temporary).replace(place)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _like(place: Path, descriptor: int) -> None:
    """Give a new file the mode and owner of the one in whose place it comes."""
    try:
        status = place.stat()
    except FileNotFoundError:
        umask = os.umask(0o077)
        os.umask(umask)
        os.fchmod(descriptor, 0o666 & ~umask)
        return
    with contextlib.suppress(PermissionError):  # the file of somebody else, in a directory of ours
        os.fchown(descriptor, status.st_uid, status.st_gid)
    os.fchmod(descriptor, status.st_mode & 0o7777)


def change(tool: Tool, index: ClientIndex, text: str, path: Path) -> Change:
    """Return what becomes of the file at ``path`` when the rendered text is merged into it.

    :raises MergeRefusedError: when it cannot be merged without a guess, or would not do what is meant.
    """
    if tool.syntax == "paste":
        raise MergeRefusedError("only its author knows where these lines go")
    if reason := _of_another_tool(tool, path):
        raise MergeRefusedError(reason)
    hidden_by = path.with_name(tool.hidden_by) if tool.hidden_by else None
    if hidden_by is not None and hidden_by.exists():
        raise MergeRefusedError(f"{hidden_by.name} is there, and is read instead of it")
    before = _present(path)
    if before is None and not tool.begins:
        raise MergeRefusedError(
            "no such file: go to the directory of the project, or name it: --write PATH"
        )
    old, windows = _text(before or b"")
    new = _merged(tool, old, text)
    if reasons := [*CONFLICTS[tool.name](_read(tool, new), index)]:
        raise MergeRefusedError("; ".join(reasons))
    return Change(path, before, (new.replace("\n", "\r\n") if windows else new).encode())


def _of_another_tool(tool: Tool, path: Path) -> str:
    """Return why a file with this name cannot be one of the tool: the name alone says what it is."""
    if path.suffix == ".toml" and tool.syntax != "toml":
        return f"a file of {tool.name} is no TOML"
    project = tool.place == "pyproject.toml"
    if path.suffix == ".toml" and project != (path.name == "pyproject.toml"):
        return f"{tool.name} has its settings elsewhere: {tool.about}"
    return ""


def _present(path: Path) -> bytes | None:
    try:
        if path.stat().st_size > _LARGEST:
            raise MergeRefusedError("it is larger than any configuration of a tool")
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _text(data: bytes) -> tuple[str, bool]:
    """Return a file's text with line ends of one kind, and whether they were those of Windows."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise MergeRefusedError("it is not UTF-8") from None
    plain = text.replace("\r\n", "\n")
    if "\r" in plain or "\0" in plain or text.startswith("\ufeff"):
        raise MergeRefusedError("it holds bytes that are no text, or a byte order mark")
    windows = "\r\n" in text
    if windows and plain.count("\n") != text.count("\r\n"):
        raise MergeRefusedError("some of its lines end as on Windows, others do not")
    return plain, windows


def _merged(tool: Tool, old: str, text: str) -> str:
    if tool.syntax == "toml":
        from rewritegen.clients.toml import (
            merge_toml,
        )  # tomlkit takes time that the others need not pay

        return merge_toml(old, text)
    if tool.syntax == "variables":
        return merge_variables(old, text)
    return merge_ini(old, text, DIALECTS[tool.syntax])


def _read(tool: Tool, text: str) -> Mapping[str, Any]:
    if tool.syntax == "toml":
        from rewritegen.clients.toml import read_toml

        return read_toml(text)
    if tool.syntax == "variables":
        return read_variables(text)
    return read_ini(text, DIALECTS[tool.syntax])
