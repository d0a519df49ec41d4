"""What is in a cache as a table for people and as JSON for programs: one line for a project of a source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rewritegen.copies.current import Uses
from rewritegen.copies.directory import Contents
from rewritegen.copies.entries import Entry
from rewritegen.copies.text import (
    age_text,
    bytes_text,
    columns,
    forms_text,
    iso_text,
    json_text,
    time_text,
)

__all__ = ["Held", "as_json", "as_table", "held"]

_NO_PROJECT = "(no project)"


class Held(NamedTuple):
    """What is kept of one project of one source."""

    project: str
    source: str
    pages: tuple[Entry, ...]
    files: tuple[Entry, ...]
    absent: tuple[Entry, ...]
    """What the source said not to have: httpd keeps that for a minute, as nginx does in its memory."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Pages, then files, then the rest."""
        return (*self.pages, *self.files, *self.absent)

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(entry.size for entry in self.entries)

    @property
    def leading(self) -> tuple[Entry, ...]:
        """The copies whose times count for the whole: the pages, if there are any."""
        return self.pages or self.files or self.absent


def held(contents: Contents) -> list[Held]:
    """Group copies by project and source, in the order of names; files that are of no known project come last."""
    groups: dict[tuple[bool, str, str], list[Entry]] = {}
    for _, entry in contents.entries:
        key = entry.key
        groups.setdefault((not key.project, key.project, key.source), []).append(entry)
    found = []
    for (_, project, source), entries in sorted(groups.items()):
        entries.sort(key=lambda entry: str(entry.key))
        there = [entry for entry in entries if entry.status == 200]
        pages = tuple(entry for entry in there if entry.key.kind == "page")
        files = tuple(entry for entry in there if entry.key.kind == "file")
        absent = tuple(entry for entry in entries if entry.status != 200)
        found.append(Held(project, source, pages, files, absent))
    return found


# ------------------------------------------------------------------ tables


def as_table(rows: Sequence[Held], used: Uses, now: float, *, detailed: bool) -> str:
    """Return a table; ``detailed`` adds a line for every copy."""
    head = ("PROJECT", "SOURCE", "PAGES", "FILES", "SIZE", "AGE", "FRESH UNTIL", "STANDS IN UNTIL")
    lines = [
        (
            row.project or _NO_PROJECT,
            row.source,
            forms_text((one.key.form, one.key.coding) for one in row.pages if one.key in used),
            str(len(row.files)),
            bytes_text(row.size),
            age_text(now - max(one.since for one in row.leading)),
            time_text(max(one.fresh_until for one in row.leading)),
            time_text(max(one.stands_until for one in row.leading)),
        )
        for row in rows
    ]
    text = columns([head, *lines]) if rows else ""
    if detailed:
        copies = [_details(one, used, now) for row in rows for one in row.entries]
        text += "\n" + columns([("COPY", "SIZE", "AGE", "FRESH UNTIL", "STANDS IN UNTIL"), *copies])
    return text


def _details(entry: Entry, used: Uses, now: float) -> tuple[str, ...]:
    remarks = [] if entry.status == 200 else [f"status {entry.status}"]
    if entry.key not in used:
        remarks.append("of an earlier configuration")
    return (
        f"{entry.key} ({', '.join(remarks)})" if remarks else str(entry.key),
        bytes_text(entry.size),
        age_text(now - entry.since),
        time_text(entry.fresh_until),
        time_text(entry.stands_until),
    )


# ------------------------------------------------------------------ JSON


def as_json(rows: Sequence[Held], contents: Contents, used: Uses) -> str:
    """Return everything that is known of every copy."""
    return json_text(
        {
            "directories": [str(directory) for directory in contents.directories],
            "projects": [
                {
                    "project": row.project or None,
                    "source": row.source,
                    "size": row.size,
                    "pages": [_entry(entry, used) for entry in row.pages],
                    "files": [_entry(entry, used) for entry in row.files],
                    "absent": [_entry(entry, used) for entry in row.absent],
                }
                for row in rows
            ],
            "foreign": contents.foreign,
            "unknown": contents.unknown,
        }
    )


def _entry(entry: Entry, used: Uses) -> dict[str, Any]:
    key = entry.key
    what = {"form": key.form, "coding": key.coding} if key.kind == "page" else {"path": key.path}
    return {
        **what,
        "key": str(key),
        "used": key in used,
        "server": entry.program,
        "status": entry.status,
        "size": entry.size,
        "since": iso_text(entry.since),
        "fresh_until": iso_text(entry.fresh_until),
        "stands_until": iso_text(entry.stands_until),
        "stored_in": list(entry.paths),
    }
