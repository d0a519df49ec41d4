"""`check --any`: the same promise at an index that we did not configure (devpi, pypiserver, Artifactory, Nexus, ...).

There is no plan and no X-Index-Source: what is known are names, and what is said of them. One family of the report is
one invariant (facts: substitution, disclosure), its worst result the verdict: ok it is kept, error it is broken, note
it could not be seen from outside.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from rewritegen.check.disclosure import Record, look_at_record
from rewritegen.check.foreign_probes import Private, Probes
from rewritegen.check.results import About, Results
from rewritegen.check.rules import RULES
from rewritegen.check.tasks import Task, run_tasks
from rewritegen.check.wire import Ask, OutOfTimeError, Wire
from rewritegen.names import NormalizedName
from rewritegen.reports import Report

__all__ = ["Names", "Private", "check_any"]

_DISCLOSURE = About("non-disclosure")
_SERVER = About("server")


class Names(NamedTuple):
    """What the command line says of names."""

    private: tuple[Private, ...]
    absent: tuple[NormalizedName, ...]
    """Private, and nothing of them is there."""
    public: tuple[NormalizedName, ...]


def check_any(
    wire: Wire, names: Names, record: Record | None, progress: Callable[[str, int, int], None]
) -> Report:
    """Look at everything that can be seen from outside, and return what was seen."""
    began = time.monotonic()
    results = Results()
    look = _Look(wire, results, Probes(wire, results), secrets.token_hex(4))
    wire.begin()
    try:
        look.all(names, record, progress)
    except OutOfTimeError:
        look.results.see(
            "RG907", False, _SERVER, "", "all of it", "the time was up", severity="warning"
        )
    finally:
        wire.close()
    rules = {code: rule.why for code, rule in RULES.items()}
    facts = (("requests", str(wire.asked)),)
    seconds = time.monotonic() - began
    return Report("check", wire.target.url, look.results.findings(), rules, facts, seconds)


@dataclass(slots=True)
class _Look:
    wire: Wire
    results: Results
    probes: Probes
    word: str

    def all(
        self, names: Names, record: Record | None, progress: Callable[[str, int, int], None]
    ) -> None:
        first = self.wire.ask(Ask(self.wire.target.mount, "HEAD"))
        if not self.results.see("RG901", first.status, _SERVER, "HEAD", "an answer", first.said):
            return
        refused = first.status in (401, 403)
        self.results.see(
            "RG908", not refused, _SERVER, f"HEAD {self.wire.target.mount}", "an answer", first.said
        )
        tasks = list(self._tasks(names))
        late = run_tasks(
            tasks, self.wire.limits.connections, lambda done: progress("probes", done, len(tasks))
        )
        if late:
            came = f"{late} groups of probes were not finished"
            self.results.see("RG907", False, _SERVER, "", "all of them", came, severity="warning")
        if record is None:
            words = "nobody looked at what went out"
            self.results.note(
                "RG990",
                _DISCLOSURE,
                words,
                "use an upstream that records: --listen ADDRESS or --upstream-log FILE",
            )
            return
        # asked for last: what else went out did so before it
        control = NormalizedName(f"rg-control-{self.word}")
        self.wire.ask(Ask(self.probes.page(control)))
        private = [*(one.name for one in names.private), *names.absent]
        look_at_record(self.results, record, private, names.public, control)

    def _tasks(self, names: Names) -> Iterator[Task]:
        for private in names.private:
            yield lambda private=private: self.probes.private(private)  # type: ignore[misc]
            yield lambda name=private.name: self.probes.spellings(name)  # type: ignore[misc]
        below = [
            NormalizedName(f"{private.name}-rg-check-{self.word}") for private in names.private[:1]
        ]
        for name in (*names.absent, *below):
            yield lambda name=name: self.probes.absent(name)  # type: ignore[misc]
        for name in names.public:
            yield lambda name=name: self.probes.public(name)  # type: ignore[misc]
        yield lambda: self.probes.nobodys(NormalizedName(f"rg-nobody-{self.word}"))
        if names.private:
            yield lambda: self.probes.uploads(names.private[0].name)
