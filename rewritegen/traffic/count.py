"""Logs into counts, by what the plan says of a request: which name was refused, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from rewritegen.names import InvalidNameError, NormalizedName, parse_name, path_belongs_to
from rewritegen.plan import METHODS, Plan
from rewritegen.stems import file_stems
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
        self._scanned = reserved.scanned
        # the same requests come again and again
        self._judged = lru_cache(maxsize=10_000)(self._judge)
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
        if line.status >= 400 or line.method not in METHODS:
            target = line.target.partition("?")[0]
            reason = self._judged(line.method, target, line.status, line.source)
            if reason is not None:
                tally.refuse(reason, self._name(target) or target[:120])

    def _judge(self, method: str, target: str, status: int, source: str) -> str | None:
        """Return why a request was refused; None when it was not."""
        if method not in METHODS:
            return "methods"
        if status in {401, 403}:
            return "credentials"
        if status in {502, 504} or (status == 503 and source != "none"):
            return "unsure"
        if status == 503:
            return "unavailable"
        if status != 404 or source.startswith("private/"):
            return None
        if not self._grammar.fullmatch(target):
            return "grammar"
        return "private" if self._is_ours(target) else "nobody"

    def _is_ours(self, target: str) -> bool:
        name = self._name(target)
        if name is not None:
            return self._claims.covers(name) or self._was_scanned(name)
        if path_belongs_to(target, self._claims):
            return True
        found = (one for one in self._plan.public_files if target.startswith(one.prefix))
        route = next(found, None)
        stems = file_stems(target.removeprefix(route.prefix)) if route and route.scanned else ()
        # what nobody can tell is refused, too
        return stems is None or any(map(self._was_scanned, stems))

    def _was_scanned(self, name: str) -> bool:
        return self._scanned is not None and _is_file(f"{self._scanned}/{name}")

    def _name(self, target: str) -> NormalizedName | None:
        """Return the project of a page, or of a file beside one."""
        if not target.startswith(self._plan.mount) or target.startswith(("/files/", "/packages/")):
            return None
        try:
            return parse_name(target.removeprefix(self._plan.mount).partition("/")[0])
        except InvalidNameError:
            return None


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except OSError:
        return False


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
