"""Logs into counts, by what the plan says of a request: which name was refused, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from rewritegen.names import InvalidNameError, NormalizedName, parse_name, path_belongs_to
from rewritegen.plan import METHODS, Plan
from rewritegen.steps import Reserved
from rewritegen.traffic.lines import Asked, Line, read_line
from rewritegen.traffic.tally import Tally

__all__ = ["REASONS", "Counter", "kind_of"]

#: Why a request was refused, and what that means.
REASONS = {
    "private": "private names that are not here: 404, nobody was asked",
    "grammar": "outside the grammar: 404, nobody was asked",
    "methods": "other methods: 405, nothing was forwarded",
    "credentials": "without credentials: 401 or 403",
    "unavailable": "a private source could not be read: 503, nobody was asked",
    "unsure": "no source could say: 502 to 504",
    "nobody": "in no source: 404",
}


class Counter:
    """Counts the lines of logs for one plan."""

    def __init__(self, plan: Plan) -> None:
        self.tally = Tally()
        self._plan = plan
        reserved = next(step for step in plan.page if isinstance(step, Reserved))
        self._claims = reserved.claims
        self._is_scanned = _scanned(reserved.scanned)
        self._grammar = re.compile("|".join(f"(?:{one})" for one in plan.grammar.targets))

    def read(self, lines: Iterable[bytes]) -> None:
        """Count all of them."""
        for raw in lines:
            line = read_line(raw)
            if line is None:
                self.tally.not_understood += 1
            elif isinstance(line, Asked):
                self._asked(line)
            else:
                self._line(line)

    def _asked(self, line: Asked) -> None:
        upstream = self.tally.upstream(line.source)
        upstream.requests += 1
        upstream.statuses[line.status] += 1
        upstream.times.add(line.seconds)

    def _line(self, line: Line) -> None:
        tally = self.tally
        tally.requests += 1
        tally.seen(line.time)
        source = tally.source(line.source)
        source.requests += 1
        source.size += line.size
        source.statuses[line.status] += 1
        if line.cache:
            source.cache[line.cache] += 1
        source.times.add(line.seconds)
        tally.course.add(line.time, kind_of(line))
        reason = self._reason(line)
        if reason is not None:
            tally.refuse(reason, self._named(line.target))

    def _reason(self, line: Line) -> str | None:
        """Return why a request was refused; None when it was not."""
        if line.method not in METHODS:
            return "methods"
        if line.status in {401, 403}:
            return "credentials"
        if line.status in {502, 504} or (line.status == 503 and line.source != "none"):
            return "unsure"
        if line.status == 503:
            return "unavailable"
        if line.status != 404 or line.source.startswith("private/"):
            return None
        target = line.target.partition("?")[0]
        if not self._grammar.fullmatch(target):
            return "grammar"
        return "private" if self._is_ours(target) else "nobody"

    def _is_ours(self, target: str) -> bool:
        name = self._name(target)
        if name is None:
            return path_belongs_to(target, self._claims)
        return self._claims.covers(name) or self._is_scanned(name)

    def _name(self, target: str) -> NormalizedName | None:
        """Return the project of a page, or of a file beside one."""
        if not target.startswith(self._plan.mount) or target.startswith(("/files/", "/packages/")):
            return None
        try:
            return parse_name(target.removeprefix(self._plan.mount).partition("/")[0])
        except InvalidNameError:
            return None

    def _named(self, target: str) -> str:
        target = target.partition("?")[0]
        return self._name(target) or target[:120]


def _scanned(directory: str | None) -> Callable[[str], bool]:
    """Return the test whether a name was scanned, where the state is on this machine."""

    @lru_cache(maxsize=10_000)
    def is_scanned(name: str) -> bool:
        try:
            return directory is not None and Path(directory, name).is_file()
        except OSError:
            return False

    return is_scanned


def kind_of(line: Line) -> str:
    """Return what a request is counted as over time."""
    if line.status >= 500:
        return "failed"
    if line.source.startswith("private/"):
        return "private"
    if line.source.startswith("mirror/"):
        return "mirror"
    if line.source.startswith("proxy/") and line.status < 400:
        return "copy" if line.cache in {"HIT", "STALE", "UPDATING", "REVALIDATED"} else "proxy"
    return "other"
