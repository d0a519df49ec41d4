"""Values of the cache command as people and programs read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone

__all__ = [
    "age_text",
    "bytes_text",
    "columns",
    "forms_text",
    "iso_text",
    "json_text",
    "time_text",
]

_UNITS = ("KiB", "MiB", "GiB", "TiB")


def forms_text(pages: Iterable[tuple[str, str]]) -> str:
    """Return such as ``v1_json gzip+identity, html gzip``."""
    forms: dict[str, list[str]] = {}
    for form, coding in pages:
        forms.setdefault(form, []).append(coding)
    return ", ".join(f"{form} {'+'.join(sorted(set(forms[form])))}" for form in forms) or "-"


def columns(rows: Sequence[tuple[str, ...]]) -> str:
    """Return rows as text, each column as wide as it must be."""
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


def age_text(seconds: float) -> str:
    """Return such as ``3h``."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size:.0f}{unit}"
    return f"{max(seconds, 0):.0f}s"


def time_text(seconds: int) -> str:
    """Return a time of this machine, to the minute."""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")


def iso_text(seconds: int | None) -> str | None:
    """Return a time as in RFC 3339, in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat().replace("+00:00", "Z")


def json_text(value: object) -> str:
    """Return a value as JSON, indented."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
