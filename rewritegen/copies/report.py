"""What is in a cache as a table for people and as JSON for programs: one line for a project of a source."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from rewritegen.copies.current import Uses
from rewritegen.copies.directory import Contents
from rewritegen.copies.entries import Entry
from rewritegen.copies.offline import Prospect
from rewritegen.copies.projects import file_name
from rewritegen.diagnostics import visible

__all__ = [
    "Held",
    "as_json",
    "as_table",
    "bytes_text",
    "held",
    "offline_as_json",
    "offline_as_table",
]

_NO_PROJECT = "(no project)"

_UNITS = ("KiB", "MiB", "GiB", "TiB")


class Held(NamedTuple):
    """What is kept of one project of one source."""

    project: str
    source: str
    pages: tuple[Entry, ...]
    files: tuple[Entry, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Pages, then files."""
        return (*self.pages, *self.files)

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(entry.size for entry in self.entries)

    @property
    def leading(self) -> tuple[Entry, ...]:
        """The copies whose times count for the whole: the pages, if there are any."""
        return self.pages or self.files


def held(contents: Contents) -> list[Held]:
    """Group copies by project and source, in the order of names; files that are of no known project come last."""
    groups: dict[tuple[bool, str, str], list[Entry]] = {}
    for _, entry in contents.entries:
        key = entry.key
        groups.setdefault((not key.project, key.project, key.source), []).append(entry)
    found = []
    for (_, project, source), entries in sorted(groups.items()):
        entries.sort(key=lambda entry: str(entry.key))
        pages = tuple(entry for entry in entries if entry.key.kind == "page")
        files = tuple(entry for entry in entries if entry.key.kind == "file")
        found.append(Held(project, source, pages, files))
    return found


# ------------------------------------------------------------------ tables


def as_table(rows: Sequence[Held], used: Uses, now: float, *, detailed: bool) -> str:
    """Return a table; ``detailed`` adds a line for every copy."""
    head = ("PROJECT", "SOURCE", "PAGES", "FILES", "SIZE", "AGE", "FRESH UNTIL", "STANDS IN UNTIL")
    lines = [
        (
            row.project or _NO_PROJECT,
            row.source,
            _forms((one.key.form, one.key.coding) for one in row.pages if one.key in used),
            str(len(row.files)),
            bytes_text(row.size),
            _age(now - max(one.since for one in row.leading)),
            _time(max(one.fresh_until for one in row.leading)),
            _last(one.stands_until for one in row.leading),
        )
        for row in rows
    ]
    text = _columns([head, *lines]) if rows else ""
    if detailed:
        copies = [_details(one, used, now) for row in rows for one in row.entries]
        text += "\n" + _columns(
            [("COPY", "SIZE", "AGE", "FRESH UNTIL", "STANDS IN UNTIL"), *copies]
        )
    return text


def _details(entry: Entry, used: Uses, now: float) -> tuple[str, ...]:
    remark = "" if entry.key in used else " (of an earlier configuration)"
    return (
        f"{entry.key}{remark}",
        bytes_text(entry.size),
        _age(now - entry.since),
        _time(entry.fresh_until),
        _last([entry.stands_until]),
    )


def offline_as_table(found: Sequence[Prospect], *, detailed: bool) -> str:
    """Return a table; ``detailed`` adds a line for every file of the pages, those that are kept first."""
    if not found:
        return ""
    head = ("PROJECT", "SOURCE", "PAGES", "FILES KEPT", "STANDS IN UNTIL", "NOTE")
    lines = [
        (
            one.project,
            one.source,
            _forms(one.pages),
            f"{len(one.kept)} of {len(one.kept) + len(one.missing)}" if one.pages else "-",
            _last([one.stands_until]) if one.pages else "-",
            _note(one),
        )
        for one in found
    ]
    text = _columns([head, *lines])
    if detailed:
        files = [
            *(("kept", _file(url)) for one in found for url in one.kept),
            *(("not kept", _file(url)) for one in found for url in one.missing),
        ]
        text += "\n" + _columns(files) if files else ""
    return text


def _note(one: Prospect) -> str:
    notes = []
    if one.problem:
        notes.append(one.problem)
    elif not one.kept:
        notes.append("no file of it is kept" if one.missing else "it links to no file")
    if one.without_metadata:
        notes.append(f"{len(one.without_metadata)} kept without metadata")
    if one.elsewhere:
        notes.append(f"{one.elsewhere} links lead elsewhere")
    return ", ".join(notes)


def _file(url: str) -> str:
    return visible(file_name(url))


def _forms(pages: Iterable[tuple[str, str]]) -> str:
    """Return such as ``v1_json gzip+identity, html gzip``."""
    forms: dict[str, list[str]] = {}
    for form, coding in pages:
        forms.setdefault(form, []).append(coding)
    return ", ".join(f"{form} {'+'.join(sorted(set(forms[form])))}" for form in forms) or "-"


def _columns(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines) + "\n"


def bytes_text(size: int) -> str:
    """Return a size for people: ``851 B``, ``4.2 MiB``."""
    if size < 1024:
        return f"{size} B"
    power = min((size.bit_length() - 1) // 10, len(_UNITS))
    return f"{size / 1024**power:.1f} {_UNITS[power - 1]}"


def _age(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size:.0f}{unit}"
    return f"{max(seconds, 0):.0f}s"


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")


def _last(ends: Iterable[int | None]) -> str:
    known = list(ends)
    return "it is removed" if None in known else _time(max(end for end in known if end is not None))


# ------------------------------------------------------------------ JSON


def as_json(rows: Sequence[Held], contents: Contents, used: Uses) -> str:
    """Return everything that is known of every copy."""
    return _dump(
        {
            "directories": [str(directory) for directory in contents.directories],
            "projects": [
                {
                    "project": row.project or None,
                    "source": row.source,
                    "size": row.size,
                    "pages": [_entry(entry, used) for entry in row.pages],
                    "files": [_entry(entry, used) for entry in row.files],
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
        "since": _iso(entry.since),
        "fresh_until": _iso(entry.fresh_until),
        "stands_until": _iso(entry.stands_until),
        "stored_in": list(entry.paths),
    }


def offline_as_json(found: Sequence[Prospect]) -> str:
    """Return everything that is known of what would be answered offline."""
    return _dump(
        {
            "projects": [
                {
                    "project": one.project,
                    "source": one.source,
                    "of_use": one.of_use,
                    "pages": [{"form": form, "coding": coding} for form, coding in one.pages],
                    "stands_until": _iso(one.stands_until),
                    "kept": [file_name(url) for url in one.kept],
                    "missing": [file_name(url) for url in one.missing],
                    "without_metadata": [file_name(url) for url in one.without_metadata],
                    "elsewhere": one.elsewhere,
                    "problem": one.problem or None,
                }
                for one in found
            ]
        }
    )


def _iso(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat().replace("+00:00", "Z")


def _dump(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
