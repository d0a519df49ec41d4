"""Sizes and times of a site file, and how a value is refused."""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import PydanticCustomError, PydanticKnownError

from rewritegen.diagnostics import quoted

__all__ = [
    "DURATION",
    "SIZE",
    "Duration",
    "Size",
    "parse_duration",
    "parse_size",
    "refusal",
    "string",
]

SIZE = r"([1-9][0-9]{0,5})([kmg])"
DURATION = r"([1-9][0-9]{0,8})([smhd])"

_SIZE_UNITS = {"k": 1024, "m": 1024**2, "g": 1024**3}
_DURATION_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def refusal(code: str, message: str, advice: str) -> PydanticCustomError:
    """Return the exception that refuses a value; :mod:`rewritegen.site_problems` reads it back."""
    return PydanticCustomError(
        "rewritegen", "{message}", {"code": code, "message": message, "help": advice}
    )


def string(value: Any) -> str:
    """Return a string, or refuse what is none."""
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    return value


class _Quantity(int):
    """A whole number whose ``str()`` is its spelling in YAML, with the largest unit that divides it."""

    units: dict[str, int]

    def __str__(self) -> str:
        unit = max((size, name) for name, size in self.units.items() if self % size == 0)[1]
        return f"{int(self) // self.units[unit]}{unit}"


class Size(_Quantity):
    """Bytes; ``20g`` in YAML, with the units ``k``, ``m`` and ``g`` of both servers (powers of 1024)."""

    units = _SIZE_UNITS


class Duration(_Quantity):
    """Seconds; ``10m`` in YAML, with the units ``s``, ``m``, ``h`` and ``d``."""

    units = _DURATION_UNITS


def _quantity(value: Any) -> str:
    """Return the text of a quantity; a whole number is let through, to be refused with a word about its unit."""
    return str(value) if type(value) is int else string(value)


def parse_size(value: Any) -> Size:
    """Return a size that is written like ``20g``."""
    if isinstance(value, Size):
        return value
    match = re.fullmatch(SIZE, _quantity(value))
    if match is None:
        advice = "write a whole number with `k`, `m` or `g` behind it, such as `20g`"
        raise refusal("RG311", f"{quoted(value)} is not a size", advice)
    return Size(int(match[1]) * _SIZE_UNITS[match[2]])


def parse_duration(value: Any) -> Duration:
    """Return a time that is written like ``10m``."""
    if isinstance(value, Duration):
        return value
    match = re.fullmatch(DURATION, _quantity(value))
    if match is None:
        advice = "write a whole number with `s`, `m`, `h` or `d` behind it, such as `10m` for ten minutes"
        raise refusal("RG311", f"{quoted(value)} is not a time", advice)
    return Duration(int(match[1]) * _DURATION_UNITS[match[2]])
