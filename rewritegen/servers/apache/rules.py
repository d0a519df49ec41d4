"""Rewrite rules as values, and the one thing about them that must be counted: how many rules a skip jumps over.

httpd has no blocks of rules. What others write as ``if`` is ``[S=n]`` here, where n counts every RewriteRule of the
body; a wrong n is a security defect, so that no one but :func:`lines` ever writes one.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from rewritegen.servers.apache.layout import WIDTH, directive

__all__ = ["Condition", "Group", "Item", "Line", "Rule", "lines"]


@dataclass(frozen=True, slots=True)
class Condition:
    """``RewriteCond "TEST" "PATTERN" [FLAGS]``."""

    test: str
    pattern: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """``RewriteRule "PATTERN" "SUBSTITUTION" [FLAGS]`` with the conditions above it; ``-`` changes nothing."""

    pattern: str
    substitution: str = "-"
    flags: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    comment: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many rules a skip counts for it."""
        return 1


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are passed over, all of them, when ``skip`` matches (its conditions too)."""

    comment: tuple[str, ...]
    skip: Rule | None
    """None: the rules are always tried; the group has a comment only."""
    body: tuple[Rule | Group, ...]

    @property
    def size(self) -> int:
        """How many rules a skip counts for it."""
        return sum(item.size for item in self.body) + (self.skip is not None)


Item: TypeAlias = Rule | Group


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph of the configuration: comment lines, conditions, one rule; all of them behind ``indent``."""

    indent: str
    gap: bool
    """An empty line stands above it."""
    comment: tuple[str, ...]
    directives: tuple[tuple[str, ...], ...]
    """Conditions and their rule, each as physical lines without backslashes."""


def lines(items: Iterable[Item], indent: str = "") -> Iterator[Line]:
    """Yield the rules in their order, with the skips counted."""
    for item in items:
        if isinstance(item, Rule):
            yield _line(item, indent, gap=bool(item.comment))
        elif item.skip is None:
            yield from _commented(item, indent)
        else:
            count = sum(part.size for part in item.body)
            guard = replace(item.skip, flags=(*item.skip.flags, f"S={count}"), comment=item.comment)
            yield _line(guard, indent, gap=True)
            yield from lines(item.body, indent + "    ")


def _commented(group: Group, indent: str) -> Iterator[Line]:
    inner = list(lines(group.body, indent))
    for number, line in enumerate(inner):
        if number:
            yield line
        else:
            comment = (*_wrapped(group.comment, indent), *line.comment)
            yield replace(line, gap=True, comment=comment)


def _line(rule: Rule, indent: str, *, gap: bool) -> Line:
    conditions = tuple(
        directive(
            "RewriteCond",
            (f'"{condition.test}"', f'"{condition.pattern}"', *_flags(condition.flags)),
            indent,
        )
        for condition in rule.conditions
    )
    arguments = (f'"{rule.pattern}"', f'"{rule.substitution}"', *_flags(rule.flags))
    text = directive("RewriteRule", arguments, indent)
    return Line(indent, gap, _wrapped(rule.comment, indent), (*conditions, text))


def _wrapped(comment: tuple[str, ...], indent: str) -> tuple[str, ...]:
    width = WIDTH - len(indent)
    return tuple(
        line for text in comment for line in textwrap.wrap(text, width, break_on_hyphens=False)
    )


def _flags(flags: tuple[str, ...]) -> tuple[str, ...]:
    return (f'"[{",".join(flags)}]"',) if flags else ()
