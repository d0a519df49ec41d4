"""What an apply changes, as data: written down before anything is touched, and kept as history after it went well."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rewritegen.answering import Address
from rewritegen.diagnostics import Problem, RewritegenError
from rewritegen.placing import Standing

__all__ = [
    "ApplyFailedError",
    "FileChange",
    "Generation",
    "NotRunningError",
    "difference",
    "state_after",
]


class ApplyFailedError(RewritegenError):
    """It was tried, and did not go well; exit code 1."""

    def __init__(self, *problems: Problem, undone: bool = True) -> None:
        super().__init__(problems)
        self.undone = undone


class NotRunningError(ApplyFailedError):
    """There is no server that could be told of anything; the one who starts it has it read what is there."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """What one file was and what it becomes; None: it is not there."""

    path: Path
    before: bytes | None
    after: bytes | None
    was: Standing | None = None
    """Mode, owner and link before it; None: it was not there, or that was not written down yet."""
    becomes: Standing | None = None
    """The same for a file that comes back; what is there keeps its own."""

    @property
    def needed(self) -> bool:
        """Whether there is anything to write."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Generation:
    """One change of all files of a site, from what was there to what is there."""

    number: int
    stands_for: int
    """Its number, or that of the generation that it brought back; 0: what was there before the first."""
    previous: int
    """What the generation before it stood for."""
    what: str
    """``apply`` or ``rollback``."""
    when: str
    """In UTC, ISO 8601."""
    fingerprint: str
    """What answers after it; empty where nothing of ours is there any more."""
    addresses: tuple[Address, ...]
    """Where that answers."""
    was: str
    """What answers when the old files are loaded; empty: nobody knows, as none of ours answered before it."""
    was_at: tuple[Address, ...]
    changes: tuple[FileChange, ...]
    """All files of the site, also those that stay as they are."""

    @property
    def needed(self) -> tuple[FileChange, ...]:
        """The files that change."""
        return tuple(change for change in self.changes if change.needed)


def state_after(generation: Generation) -> Mapping[Path, bytes | None]:
    """Return what the files hold after a generation."""
    return {change.path: change.after for change in generation.changes}


def difference(generation: Generation) -> str:
    """Return a unified diff of everything that it changes."""
    parts: list[str] = []
    for change in generation.needed:
        source = "/dev/null" if change.before is None else str(change.path)
        target = "/dev/null" if change.after is None else str(change.path)
        lines = difflib.unified_diff(_lines(change.before), _lines(change.after), source, target)
        parts.extend(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in lines
        )
    return "".join(parts)


def _lines(data: bytes | None) -> list[str]:
    # what somebody wrote by hand may be in any encoding
    return (data or b"").decode("utf-8", "replace").splitlines(keepends=True)
