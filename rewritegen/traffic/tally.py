"""Counts of what a log says. What is kept is bounded: a log of any length takes the same memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import exp, log

__all__ = ["Course", "Names", "Source", "Spread", "Tally"]

#: So many different names are counted by name; the others together. Anybody can make names up.
_MOST_NAMES = 10_000
#: So many spans of time; when there are more, each becomes twice as long.
_MOST_SPANS = 2_000


class Spread:
    """How times are spread: counts in classes that grow by a twentieth, so that any share is right to 5 %."""

    _STEP = log(1.05)

    def __init__(self) -> None:
        self.count = 0
        self.most = 0.0
        self._classes: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        """Count one."""
        self.count += 1
        self.most = max(self.most, seconds)
        self._classes[round(log(max(seconds, 1e-6)) / self._STEP)] += 1

    def share(self, part: float) -> float:
        """Return the time within which this part of them lies, such as 0.95."""
        wanted = part * self.count
        for number in sorted(self._classes):
            wanted -= self._classes[number]
            if wanted <= 0:
                return min(exp(number * self._STEP), self.most)
        return self.most


class Names:
    """A counter of names that holds a bounded number of them."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self.others = 0

    def add(self, name: str) -> None:
        """Count one."""
        if name in self._counts or len(self._counts) < _MOST_NAMES:
            self._counts[name] += 1
        else:
            self.others += 1

    def most(self, number: int) -> list[tuple[str, int]]:
        """Return the most frequent ones, in a stable order."""
        return sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))[:number]

    def __len__(self) -> int:
        return len(self._counts)

    @property
    def total(self) -> int:
        """How many were counted."""
        return self._counts.total() + self.others


class Course:
    """Counts by kind over time, in spans of a minute, or longer ones for a longer log."""

    def __init__(self) -> None:
        self.span = 60
        self._spans: dict[int, Counter[str]] = {}

    def add(self, time: int, kind: str) -> None:
        """Count one."""
        number = time // self.span
        if number not in self._spans:
            self._spans[number] = Counter()
            while len(self._spans) > _MOST_SPANS:
                self._double()
            number = time // self.span
        self._spans[number][kind] += 1

    def columns(self, number: int) -> tuple[int, int, list[Counter[str]]]:
        """Return the time where they begin, the seconds of each, and counts: at most so many columns."""
        if not self._spans:
            return 0, self.span, []
        first, last = min(self._spans), max(self._spans)
        wide = -(-(last - first + 1) // number)
        columns: list[Counter[str]] = [Counter() for _ in range((last - first) // wide + 1)]
        for at, counts in self._spans.items():
            columns[(at - first) // wide].update(counts)
        return first * self.span, wide * self.span, columns

    def _double(self) -> None:
        self.span *= 2
        halves, self._spans = self._spans, {}
        for number, counts in halves.items():
            half = self._spans.setdefault(number // 2, Counter())
            for kind, count in counts.items():
                half[kind] += count


@dataclass
class Source:
    """What one source answered."""

    requests: int = 0
    size: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    cache: Counter[str] = field(default_factory=Counter)
    times: Spread = field(default_factory=Spread)

    @property
    def hits(self) -> int:
        """How many were answered from a copy."""
        return sum(self.cache[word] for word in ("HIT", "STALE", "UPDATING", "REVALIDATED"))

    @property
    def stale(self) -> int:
        """How many of those from an old one, because the source did not answer or was being asked."""
        return self.cache["STALE"] + self.cache["UPDATING"]


@dataclass
class Tally:
    """All that is kept of the logs that were read."""

    requests: int = 0
    not_understood: int = 0
    first: int = 0
    last: int = 0
    sources: dict[str, Source] = field(default_factory=dict)
    refused: dict[str, Names] = field(default_factory=dict)
    """By reason: what was refused, and how often."""
    upstreams: dict[str, Source] = field(default_factory=dict)
    """From the logs of the part that fetches, by source."""
    course: Course = field(default_factory=Course)

    def source(self, label: str) -> Source:
        """Return the counts of a source; a log that somebody else wrote may have any number of them."""
        return _bounded(self.sources, label)

    def upstream(self, name: str) -> Source:
        """Return the counts of a source as the part that fetches saw it."""
        return _bounded(self.upstreams, name)

    def refuse(self, reason: str, name: str) -> None:
        """Count a refusal."""
        self.refused.setdefault(reason, Names()).add(name)

    def seen(self, time: int) -> None:
        """Note when something happened."""
        self.first = min(self.first or time, time)
        self.last = max(self.last, time)

    def in_order(self) -> Iterator[tuple[str, Source]]:
        """Yield the sources, the one with most requests first."""
        yield from sorted(self.sources.items(), key=lambda item: (-item[1].requests, item[0]))


def _bounded(table: dict[str, Source], name: str) -> Source:
    if name not in table and len(table) >= 200:
        name = "(others)"
    return table.setdefault(name, Source())
