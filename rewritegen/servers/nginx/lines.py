"""What locations are made of: headers, rules and rewrites, and what stands beside servers. All arguments are quoted."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Block", "Group", "Header", "Map", "Rule"]


class Header(NamedTuple):
    """One ``add_header``; ``always`` is empty or ``" always"``."""

    name: str
    value: str
    always: str = " always"


class Rule(NamedTuple):
    """``if (condition) { action; }``, where the action ends the location: ``return`` or ``rewrite ... last``."""

    comment: tuple[str, ...]
    condition: str
    action: str


class Block(NamedTuple):
    """Rewrites of the URL, then rules that look at what has become of it."""

    comment: tuple[str, ...]
    rewrites: tuple[str, ...]
    rules: tuple[Rule, ...]


class Map(NamedTuple):
    """``map source variable { entries }``."""

    comment: tuple[str, ...]
    source: str
    variable: str
    entries: tuple[str, ...]


class Group(NamedTuple):
    """``upstream name { lines; }``."""

    comment: tuple[str, ...]
    name: str
    lines: tuple[str, ...]
