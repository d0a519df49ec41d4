"""Which copies a site's configuration would still answer with: their keys end as it makes them now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from rewritegen.copies.entries import Key
from rewritegen.digests import file_digest, page_digest
from rewritegen.plan import Plan
from rewritegen.steps import FetchFrom

__all__ = ["Host", "Uses", "file_hosts", "uses"]


class Host(NamedTuple):
    """A file host: where it is on the site, and its number among those of its source."""

    prefix: str
    source: str
    number: int
    fetch: FetchFrom


@dataclass(frozen=True, slots=True)
class Uses:
    """The beginnings and ends of keys in use: kind, source, number of the file host, digest."""

    keys: frozenset[tuple[Literal["page", "file"], str, int, str]]

    def __contains__(self, key: Key) -> bool:
        return (key.kind, key.source, key.host, key.digest) in self.keys


def uses(plan: Plan) -> Uses:
    """Return the keys that the configuration of a plan uses, without names and paths."""
    return Uses(frozenset(_uses(plan)))


def _uses(plan: Plan) -> Iterator[tuple[Literal["page", "file"], str, int, str]]:
    for step in (*plan.steps_with_upstream, *plan.documents_with_upstream):
        yield "page", step.source.name, 0, page_digest(step.upstream)
    for host in file_hosts(plan):
        yield "file", host.source, host.number, file_digest(host.fetch)


def file_hosts(plan: Plan) -> list[Host]:
    """Return the file hosts of all sources, in the order of the plan."""
    numbers: Counter[str] = Counter()
    found = []
    for route in plan.files:
        for attempt in route.attempts:
            if isinstance(attempt, FetchFrom):
                name = attempt.source.name
                found.append(Host(route.prefix, name, numbers[name], attempt))
                numbers[name] += 1
    return found
