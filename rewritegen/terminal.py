"""What a stream can show: how wide it is, and whether colours mean anything to who reads it."""

from __future__ import annotations

import os
import shutil
from typing import IO, Any

__all__ = ["colours", "width"]

_NARROWEST, _WIDEST = 60, 120


def colours(stream: IO[Any]) -> bool:
    """Tell whether to colour: on terminals only, and not where NO_COLOR is set (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width(stream: IO[Any]) -> int:
    """Return the columns to use: those of the terminal, or of COLUMNS; 100 where nobody knows."""
    known = stream.isatty() or os.environ.get("COLUMNS", "").isdecimal()
    columns = shutil.get_terminal_size((100, 24)).columns if known else 100
    return min(max(columns, _NARROWEST), _WIDEST)
