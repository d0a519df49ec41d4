"""The chain: what a page request goes through when this machine does not have the project.

An HTTP index is the content handler of a location, so it ends one; what it does not answer goes on at the next by
``error_page``, with what the local steps between them say tested first. nginx keeps the statuses of all upstreams of
a request in ``$upstream_status``, so that "not here" and "don't know" need not be told apart on the way (documentation
of ``ngx_http_upstream_module``; measured in ``tests/servers/test_nginx_facts.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from rewritegen.plan import Plan
from rewritegen.servers.nginx.inner import Inner, asked_below
from rewritegen.servers.nginx.quoting import argument, pattern, value
from rewritegen.servers.nginx.view import Rule
from rewritegen.servers.nginx.words import INNER, go, refuse
from rewritegen.steps import JsonElsewhere, JsonStep, NotFound, SendTo, Step, TryProxy

__all__ = ["Chain", "chain_length"]

_UNSURE = (
    "# one of them said something else than 404: nobody knows (a kept 404 is no status)",
    f"$upstream_status ~ {pattern('(?:^|[ ])(?!404)[0-9]')}",
)

#: A step, and the steps of a page or of a document.
_End: TypeAlias = TryProxy | SendTo | JsonElsewhere | NotFound
_Steps: TypeAlias = tuple[Step | JsonStep, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """What is asked for, and what the steps between two HTTP indexes come to."""

    what: Literal["project", "document"]
    rules: Callable[[Any], Iterable[Rule]]
    """The rules of a local step."""
    inner: Inner

    def walk(self, steps: _Steps) -> tuple[tuple[Rule, ...], str]:
        """Return the rules and the end of the location where requests come in, and make the locations behind it."""
        first, *others = _places(steps)
        decided = self._local(first)
        for number, place in enumerate(others):
            behind = others[number + 1 : number + 2]
            after = "".join(f"{self._prefix(later.end)}$rg_name/" for later in behind)
            self._station(place, after)
        end = go(f"{self._prefix(others[0].end)}$rg_name/") if others else self._nobody
        return decided, end

    @property
    def _nobody(self) -> str:
        return refuse(404, f"no source has this {self.what}")

    def _prefix(self, end: _End) -> str:
        """Return the internal path of the location that ends with a step."""
        if isinstance(end, TryProxy):
            return asked_below(end)
        suffix = "-json" if self.what == "document" else ""
        if isinstance(end, NotFound):
            return f"{INNER}nobody{suffix}/"
        return f"{INNER}send{suffix}/{end.source.name}/"

    def _local(self, place: _Place) -> tuple[Rule, ...]:
        return tuple(rule for step in place.before for rule in self.rules(step))

    def _station(self, place: _Place, after: str) -> None:
        end, decided = place.end, self._local(place)
        if isinstance(end, TryProxy):
            self.inner.ask(end, decided, after)
        elif isinstance(end, NotFound):
            said = f"no source could say whether this {self.what} exists; try again"
            unsure = Rule(_UNSURE[:1], _UNSURE[1], refuse(502, said))
            why = f"no fallback has the {self.what}"
            self.inner.final(self._prefix(end), "none", self._nobody, why, (*decided, unsure))
        else:
            source, rest = end.source, "/" if isinstance(end, SendTo) else "/json"
            itself = "itself" if isinstance(end, SendTo) else "for the document"
            why = f"{source.key} {source.name}: the client asks there {itself}"
            url = argument(f"{value(end.url, source.key)}$rg_name{rest}")
            self.inner.final(self._prefix(end), source.label, f"return 302 {url}", why, decided)


@dataclass(frozen=True, slots=True)
class _Place:
    """One location of the chain: local steps, then what ends it."""

    before: _Steps
    end: _End


def chain_length(plan: Plan) -> int:
    """Return the greatest number of internal jumps that a request for a page makes; one for a document makes no more.

    One to each location of the chain behind the first, and one to what a rule of the last one leads to.
    """
    places = _places(plan.page)
    return len(places) - 1 + (1 if len(places) == 1 or places[-1].before else 0)


def _places(steps: _Steps) -> list[_Place]:
    """Cut the steps into locations. The first is where the request comes in, and asks nobody."""
    places: list[_Place] = []
    before: list[Step | JsonStep] = []
    for step in steps:
        if not isinstance(step, TryProxy | SendTo | JsonElsewhere | NotFound):
            before.append(step)
            continue
        if not places and not isinstance(step, NotFound):
            places.append(_Place(tuple(before), NotFound()))
            before = []
        places.append(_Place(tuple(before), step))
        before = []
        if isinstance(step, SendTo | JsonElsewhere):
            break  # it answers everything
    return places
