"""The lines of access logs, as both servers write them: from files, rotated ones, and standard input."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

__all__ = ["Asked", "Line", "read_line", "read_lines"]

#: No line of ours is longer: targets are cut at 2,000 characters by httpd, and at 8 KB of request line by nginx.
_LONGEST = 65536

_EPOCH = date(1970, 1, 1).toordinal() * 86400


class Line(NamedTuple):
    """One request of a client."""

    time: int
    """Seconds since 1970; to the minute."""
    method: str
    target: str
    status: int
    size: int
    seconds: float
    source: str
    """X-Index-Source."""
    cache: str
    """What the cache did, in capitals; empty where nobody says."""


class Asked(NamedTuple):
    """One request to an upstream, from the log of the part that fetches."""

    time: int
    source: str
    status: int
    seconds: float


def read_lines(place: str) -> Iterator[bytes]:
    """Yield the lines of a log: a file, a compressed one, or ``-``; what is too long for a line is cut.

    :raises OSError: when it cannot be read.
    """
    if place == "-":
        yield from _lines(sys.stdin.buffer)
        return
    with Path(place).open("rb") as stream:
        # by its first bytes and not by its name: logrotate calls it .1.gz, .gz-20261126, or whatever it is told
        if stream.peek(2)[:2] == b"\x1f\x8b":
            yield from _lines(cast("IO[bytes]", gzip.GzipFile(fileobj=stream)))
        else:
            yield from _lines(stream)


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.readline(_LONGEST):
        yield chunk


def read_line(raw: bytes) -> Line | Asked | None:
    """Return what a line says, or None when it is none of ours."""
    try:
        data = json.loads(raw)
        return _asked(data) if "upstream" in data else _line(data)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None


def _line(data: dict[str, Any]) -> Line:
    status = int(data["status"])
    first = data.get("first_status")
    if status == 500 and first:
        # httpd: an upstream had no usable answer, and the client got the status that the request began with
        status = int(first)
    source = str(data["source"])
    cache = str(data.get("cache") or "")
    return Line(
        _minute(str(data["time"])),
        str(data["method"]),
        str(data["target"]),
        status,
        int(data["bytes"]),
        _seconds(data),
        "none" if source in {"", "-"} else source.rpartition(",")[2].strip(),
        "" if cache == "-" else cache.partition(" ")[0].upper(),
    )


def _asked(data: dict[str, Any]) -> Asked:
    # /pages/SOURCE/NAME/ and /files/SOURCE/N/PATH, on httpd also below /ask and /follow
    parts = [part for part in str(data["target"]).split("/") if part not in {"", "ask", "follow"}]
    source = parts[1] if len(parts) > 1 and parts[0] in {"pages", "files"} else "?"
    status = str(data.get("upstream_status") or data["status"]).rpartition(",")[2].strip()
    return Asked(
        _minute(str(data["time"])),
        source,
        int(status) if status.isdecimal() else int(data["status"]),
        _seconds(data),
    )


def _seconds(data: dict[str, Any]) -> float:
    if "microseconds" in data:
        return int(data["microseconds"]) / 1e6
    return float(data["seconds"])


def _minute(text: str) -> int:
    """Return a time of ISO 8601, to the minute: ``2026-11-26T22:41:05+01:00``, or ``+0100`` as httpd writes it."""
    if text[10] != "T":
        raise ValueError(text)
    minutes = int(text[11:13]) * 60 + int(text[14:16]) - _ahead(text[19:])
    return _day(text[:10]) + minutes * 60


@lru_cache(maxsize=256)
def _day(text: str) -> int:
    return date.fromisoformat(text).toordinal() * 86400 - _EPOCH


@lru_cache(maxsize=16)
def _ahead(offset: str) -> int:
    """Return how many minutes a zone is ahead of UTC."""
    if offset in {"", "Z"}:
        return 0
    digits = offset[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:4])
    return {"+": minutes, "-": -minutes}[offset[0]]
