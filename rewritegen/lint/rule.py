"""A rule of ``lint`` as a value, and the table of all rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from rewritegen.lint.context import Context

__all__ = ["Found", "Look", "Rule", "rule"]


class Found(NamedTuple):
    """One thing that a rule found; the place in the site file follows from ``key``."""

    message: str
    """In lower case, without a full stop."""
    key: str = ""
    subject: str = ""
    """The directory, or the line of a text, that was looked at."""
    came: str = ""


Look: TypeAlias = "Callable[[Context], Iterator[Found]]"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Codes are stable: a code is never given another meaning."""

    code: str
    severity: Literal["warning", "note", "error"]
    about: Literal["site", "directories", "text"]
    summary: str
    reason: str
    fix: str
    look: Look


def rule(
    table: dict[str, Rule],
    code: str,
    severity: Literal["warning", "note", "error"],
    about: Literal["site", "directories", "text"],
    *,
    reason: str,
    fix: str,
) -> Callable[[Look], Look]:
    """Add a function to a table of rules; the first line of its docstring is the summary."""

    def add(look: Look) -> Look:
        if code in table:
            raise AssertionError(f"{code} stands for two rules")
        summary = (look.__doc__ or "").partition("\n")[0].rstrip(".")
        table[code] = Rule(code, severity, about, summary, reason, fix, look)
        return look

    return add
