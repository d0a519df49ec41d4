"""What the probes see, collected from all threads and counted up to findings.

What is right is one finding for each rule and family, with the number of times; what is wrong is told each time, up to
a bound: of two thousand projects without a page, the first ones say it.
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

_MOST = 3

_FOREIGN = "see what its own documentation says; where it cannot be had, put an index that keeps it in front"


class About(NamedTuple):
    """What a probe is about: the group of the report, the YAML key, the comment above the generated block."""

    family: str
    key: str = ""
    block: str = ""


@dataclass(slots=True)
class Results:
    """All that was seen so far."""

    site: Site | None = None
    _found: list[Finding] = field(default_factory=list)
    _right: Counter[tuple[str, About]] = field(default_factory=Counter)
    _wrong: Counter[tuple[str, str]] = field(default_factory=Counter)
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
        if right:
            with self._lock:
                self._right[code, about] += 1
            return True
        with self._lock:
            self._wrong[code, about.family] += 1
            if self._wrong[code, about.family] <= _MOST:
                rule = RULES[code]
                step = next_step or self._step(rule)
                self._found.append(
                    self._finding(code, severity, rule.wrong, about, (asked, expected, came, step))
                )
        return False

    def note(self, code: str, about: About, came: str, next_step: str = "") -> None:
        """Say what could not be looked at."""
        title = f"not looked at: {RULES[code].right}"
        with self._lock:
            self._found.append(self._finding(code, "note", title, about, ("", "", came, next_step)))

    def _step(self, rule: Rule) -> str:
        """Return what to do; an index that we did not configure has no YAML to generate it from."""
        ours = self.site is not None or rule.next_step not in (HAND, INDEX, REGENERATE)
        return rule.next_step if ours else _FOREIGN

    def findings(self) -> tuple[Finding, ...]:
        """Return everything, what is right once for each rule of a family."""
        right = [
            self._finding(code, "ok", RULES[code].right, about, ("", "", _times(number), ""))
            for (code, about), number in self._right.items()
        ]
        more = [
            self._finding(
                code,
                "note",
                f"{number - _MOST} more: {RULES[code].wrong}",
                About(family),
                ("",) * 4,
            )
            for (code, family), number in self._wrong.items()
            if number > _MOST
        ]
        return tuple(sorted((*self._found, *more, *right), key=_order))

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


def _order(finding: Finding) -> tuple[str, str, str]:
    """Threads come in any order; a report is the same for the same answers."""
    return finding.code, finding.family, finding.subject
