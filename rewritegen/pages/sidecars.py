"""The small files that lie beside a package and say something about it.

=====================  =========================================================================
``FILE.yanked``        the file is yanked (PEP 592); the text in it, which may be empty, is why
``FILE.asc``           a detached signature (PEP 503 ``data-gpg-sig``)
``FILE.provenance``    provenance (PEP 740)
``.project-status``    in a project directory: a status of PEP 792, a blank, and the reason
=====================  =========================================================================
"""

from __future__ import annotations

import os
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from rewritegen.pages.problems import Problem, problem, shown

__all__ = ["ProjectStatus", "Sidecars", "open_regular", "read_sidecars", "read_status"]

_STATUS_FILE = ".project-status"
_STATUSES = frozenset({"active", "archived", "deprecated", "quarantined"})

#: Bytes of a reason; people read it on one line.
_MAX_TEXT = 4096


@dataclass(frozen=True, slots=True)
class Sidecars:
    """What lies beside one package."""

    yanked: str | None = None
    """The reason, which may be empty; None when the file is not yanked."""
    signed: bool = False
    provenance: bool = False


@dataclass(frozen=True, slots=True)
class ProjectStatus:
    """PEP 792."""

    status: str
    reason: str


def read_sidecars(
    directory: Path, filename: str, beside: set[str], problems: list[Problem]
) -> Sidecars:
    """Return what lies beside a file; ``beside`` are the names in its directory."""
    yanked = None
    if f"{filename}.yanked" in beside:
        yanked = _read_text(directory / f"{filename}.yanked", problems) or ""  # its presence yanks
    return Sidecars(yanked, f"{filename}.asc" in beside, f"{filename}.provenance" in beside)


def read_status(directory: Path, beside: set[str], problems: list[Problem]) -> ProjectStatus | None:
    """Return the status of the project in this directory."""
    if _STATUS_FILE not in beside:
        return None
    path = directory / _STATUS_FILE
    text = _read_text(path, problems)
    if text is None:
        return None
    status, _, reason = text.partition(" ")
    if status not in _STATUSES:
        problems.append(problem("RG515", f"{shown(path)} says {shown(status)}, which is no status"))
        return None
    return ProjectStatus(status, reason.strip())


def open_regular(path: Path) -> int:
    """Return a descriptor of a regular file; never waits, whatever took the place of the file since it was listed.

    :raises OSError: when it cannot be opened, or is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path} is no regular file")
    return descriptor


def _read_text(path: Path, problems: list[Problem]) -> str | None:
    """Return a short text on one line, with nothing in it that HTML cannot hold; None when it cannot be read."""
    try:
        with os.fdopen(open_regular(path), "rb") as file:
            data = file.read(_MAX_TEXT + 1)
    except OSError as error:
        reason = (error.strerror or "it is no regular file").lower()
        problems.append(problem("RG519", f"{shown(path)} cannot be read: {reason}"))
        return None
    if len(data) > _MAX_TEXT:
        problems.append(problem("RG519", f"{shown(path)} is longer than {_MAX_TEXT} bytes"))
    text = data[:_MAX_TEXT].decode("utf-8", "replace")
    plain = (" " if unicodedata.category(c) in {"Cc", "Cn", "Co"} else c for c in text)
    return " ".join("".join(plain).split())
