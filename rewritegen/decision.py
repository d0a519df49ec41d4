"""What the model is asked and what it says: a request, a decision, and the rules that were looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from rewritegen.representations import Representation

__all__ = ["Decision", "Request", "Rule", "TraceLine"]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came in: the target is raw, header names are lower case."""

    target: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    admitted: bool = True
    """Whether the client has shown what `auth` asks for: the model looks into no file of passwords."""


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One rule that was looked at: the YAML key that made it, the rule in words, and whether it decided."""

    key: str
    rule: str
    decided: bool


class Rule(NamedTuple):
    """A rule in words, and the YAML key that made it."""

    words: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the client gets, and what left the site for it."""

    status: int
    source: str = "none"
    """X-Index-Source."""
    location: str | None = None
    representation: Representation | None = None
    path: str | None = None
    """The file that is sent, or the directory that is listed."""
    forwarded: tuple[str, ...] = ()
    """URLs that upstreams were asked for, in order."""
    trace: tuple[TraceLine, ...] = ()
