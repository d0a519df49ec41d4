"""What the probes see, collected from all threads and counted up to findings.

What is right is one finding for each rule and family, with the number of times; what is wrong is told once for all
requests that got the same answer, and up to a bound: of two thousand projects without a page, the first ones say it.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from rewritegen.check.rule import HAND, INDEX, REGENERATE
from rewritegen.check.rules import RULES, Rule
from rewritegen.reports.model import Finding, Severity
from rewritegen.site import Site

__all__ = ["About", "Results"]

#: Answers that are told of a rule of a family, requests that are named of an answer, and what is kept of both.
_MOST, _NAMED, _KEPT = 3, 3, 1000

_FOREIGN = "see what its own documentation says; where it cannot be had, put an index that keeps it in front"

#: What is about names and bytes that go where they must not is told first.
_LEAKS = frozenset({"RG911", "RG931", "RG932", "RG990", "RG992", "RG993", "RG994"})


class About(NamedTuple):
    """What a probe is about: the group of the report, the YAML key, the comment above the generated block."""

    family: str
    key: str = ""
    block: str = ""


class _Wrong(NamedTuple):
    """One answer that is not right."""

    code: str
    severity: Severity
    about: About
    expected: str
    came: str
    next_step: str


@dataclass(slots=True)
class Results:
    """All that was seen so far."""

    site: Site | None = None
    _wrong: dict[_Wrong, list[str]] = field(default_factory=dict)
    """With what was asked."""
    _right: Counter[tuple[str, str]] = field(default_factory=Counter)
    _abouts: dict[tuple[str, str], About] = field(default_factory=dict)
    _notes: list[Finding] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def see(
        self,
        code: str,
        right: object,
        about: About,
        asked: str = "",
        expected: str = "",
        came: str = "",
        *,
        next_step: str = "",
        severity: Severity = "error",
    ) -> bool:
        """Note that a rule was looked at; return whether it holds."""
        with self._lock:
            if right:
                self._right[code, about.family] += 1
                self._abouts.setdefault((code, about.family), about)
                return True
            step = next_step or self._step(RULES[code])
            wrong = _Wrong(code, severity, about, expected, came, step)
            if wrong in self._wrong or len(self._wrong) < _KEPT:
                self._wrong.setdefault(wrong, []).append(asked)
        return False

    def note(self, code: str, about: About, came: str, next_step: str = "") -> None:
        """Say what could not be looked at."""
        title = f"not looked at: {RULES[code].right}"
        with self._lock:
            self._notes.append(self._finding(code, "note", title, about, ("", "", came, next_step)))

    def _step(self, rule: Rule) -> str:
        """Return what to do; an index that we did not configure has no YAML to generate it from."""
        ours = self.site is not None or rule.next_step not in (HAND, INDEX, REGENERATE)
        return rule.next_step if ours else _FOREIGN

    def findings(self) -> tuple[Finding, ...]:
        """Return everything: what is wrong, what could not be looked at, what is right."""
        right = [
            self._finding(
                code,
                "ok",
                RULES[code].right,
                self._abouts[code, family],
                ("", "", _times(number), ""),
            )
            for (code, family), number in self._right.items()
        ]
        return tuple(sorted((*self._told(), *self._notes, *right), key=_order))

    def _told(self) -> list[Finding]:
        told: Counter[tuple[str, str]] = Counter()
        found = []
        for wrong, asked in sorted(self._wrong.items(), key=lambda item: (min(item[1]), item[0])):
            code, family = wrong.code, wrong.about.family
            told[code, family] += 1
            title = RULES[code].wrong
            words = (_named(asked), wrong.expected, wrong.came, wrong.next_step)
            if told[code, family] <= _MOST:
                found.append(self._finding(code, wrong.severity, title, wrong.about, words))
        for (code, family), number in told.items():
            if number > _MOST:
                title = f"{number - _MOST} more answers like these: {RULES[code].wrong}"
                found.append(self._finding(code, "note", title, About(family), ("", "", "", "")))
        return found

    def _finding(
        self,
        code: str,
        severity: Severity,
        title: str,
        about: About,
        words: tuple[str, ...],
    ) -> Finding:
        asked, expected, came, next_step = words
        return Finding(
            code=code,
            severity=severity,
            title=title,
            expected=expected,
            came=came,
            next_step=next_step,
            family=about.family,
            subject=asked,
            key=about.key,
            place=self.site.place(about.key) if self.site and about.key else None,
            block=about.block,
        )


def _times(number: int) -> str:
    return "looked at once" if number == 1 else f"looked at {number} times"


def _named(asked: list[str]) -> str:
    """Return the first requests in sorted order, and how many more there are."""
    lines = sorted(set(asked))
    more = f"; and {len(lines) - _NAMED} more" if len(lines) > _NAMED else ""
    return f"{'; '.join(lines[:_NAMED])}{more}"


def _order(finding: Finding) -> tuple[bool, str, str, str]:
    """Threads come in any order; a report is the same for the same answers."""
    return finding.code not in _LEAKS, finding.code, finding.family, finding.subject
