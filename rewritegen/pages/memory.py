"""What the last run read, so that a file with the same size, time and inode is not read again.

One JSON file per source. Losing it costs time only; its existence also says that the marker of the root was written
once and must be there from now on (see ``marker``).
"""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

from rewritegen.pages.model import Reading, Stamp
from rewritegen.pages.store import write_file

__all__ = ["Memory", "PageMemory", "load_memory", "save_memory"]

#: Counted up when the fields change; a memory of another version is empty, and everything is read again.
_VERSION = 1


@dataclass(frozen=True, slots=True)
class PageMemory:
    """What the pages of a project were made from, and what they looked like on the disk."""

    inputs: str
    written: dict[str, list[int]]
    """File name -> [size, mtime_ns]."""


@dataclass(slots=True)
class Memory:
    """Everything that is remembered of one source."""

    files: dict[str, Reading] = field(default_factory=dict)
    """By path below the root."""
    pages: dict[str, PageMemory] = field(default_factory=dict)
    """By canonical name."""
    names: list[str] = field(default_factory=list)
    """Every name that this source ever had; repairs the names directory."""
    listed: list[str] = field(default_factory=list)
    """Projects of this source in the root list."""


def load_memory(path: Path) -> Memory:
    """Return what is remembered; nothing when the file is damaged, missing or of another version."""
    try:
        data = json.loads(path.read_bytes())
        if data["version"] != _VERSION:
            return Memory()
        return Memory(
            files={name: _reading(fields) for name, fields in data["files"].items()},
            pages={name: PageMemory(*fields) for name, fields in data["pages"].items()},
            names=[str(name) for name in data["names"]],
            listed=[str(name) for name in data["listed"]],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Memory()


def save_memory(path: Path, memory: Memory) -> None:
    """Write what is remembered, unless the file says so already."""
    document = {
        "version": _VERSION,
        "names": memory.names,
        "listed": memory.listed,
        "files": {name: _fields(reading) for name, reading in memory.files.items()},
        "pages": {name: [page.inputs, page.written] for name, page in memory.pages.items()},
    }
    data = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    try:
        same = path.read_bytes() == data
    except OSError:
        same = False
    if not same:
        write_file(path, data, sync=True)


def _fields(reading: Reading) -> list[Any]:
    stamp, *values, _lasting = astuple(reading)
    return [stamp, *values]


def _reading(fields: list[Any]) -> Reading:
    stamp, *values, problems = fields
    said = tuple((str(code), str(text)) for code, text in problems)
    return Reading(Stamp(*stamp), *values, problems=said)  # type: ignore[misc]
