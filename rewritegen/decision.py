"""What the model is asked and what it says: a request, a decision, and the rules that were looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from rewritegen.representations import Representation
from rewritegen.steps import FileRoute, Step
from rewritegen.world import Look

__all__ = ["Decision", "Part", "Request", "Rule", "TraceLine"]

#: What a rule is a rule of: a step or file route of the plan, or what stands before them.
Part: TypeAlias = (
    Literal["methods", "meta", "grammar", "auth", "list", "spelling", "json", "json spelling"]
    | Step
    | FileRoute
)


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
    part: Part = "grammar"
    looks: tuple[Look, ...] = ()
    """What the rule depended on, in the order in which it was looked at."""


class Rule(NamedTuple):
    """A rule in words, the YAML key that made it, and what it is a rule of."""

    words: str
    key: str = ""
    part: Part = "grammar"


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
