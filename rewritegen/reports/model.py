"""What a command found, as data: the one model that `check` and `lint` fill and every format lays out.

A format never decides anything: the exit code is a property of the report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from rewritegen.diagnostics import Place

__all__ = ["SEVERITIES", "Finding", "Report", "Severity", "worst"]

#: ``ok`` was looked at and is right; ``note`` could not be looked at, or is worth knowing; the others are findings.
Severity: TypeAlias = Literal["ok", "note", "warning", "error"]

#: The worst first: the order in which people should read.
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note", "ok")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what was expected, what came, and what to do next.

    All of it but ``code``, ``severity`` and ``family`` may hold text of a stranger (names, headers, what a server
    answered): every format escapes it, and shows no character that a terminal or a browser would obey.
    """

    code: str
    """Stable: a code is never given another meaning. The report's ``rules`` say why it is looked at."""
    severity: Severity
    title: str
    """What was looked at, or what is wrong, in one line without a full stop."""
    expected: str = ""
    came: str = ""
    next_step: str = ""
    """What to do about it; empty where nothing is wrong."""
    family: str = ""
    """What it belongs to, such as the step of the plan: the groups of a table, the classes of JUnit."""
    subject: str = ""
    """What was asked or read: a request line, a directory, a line of a text."""
    key: str = ""
    """The YAML path of what made the rule, such as ``private[0].claims[1]``."""
    place: Place | None = None
    """Where that stands in the site file."""
    block: str = ""
    """What to search for in the generated text: the comment above the block that carries the rule."""

    @property
    def counts(self) -> bool:
        """Tell whether it makes the command fail."""
        return self.severity in ("warning", "error")


@dataclass(frozen=True, slots=True)
class Report:
    """What one run of a command found."""

    command: str
    """The command's name, such as ``check``."""
    subject: str
    """What it looked at: a URL, a file."""
    findings: tuple[Finding, ...]
    rules: Mapping[str, str] = field(default_factory=dict)
    """Code -> why it is a problem at all; what SARIF and the HTML page say about a code."""
    facts: tuple[tuple[str, str], ...] = ()
    """What is worth knowing of the run: a word, and what it is."""
    seconds: float = 0.0

    @property
    def counts(self) -> dict[Severity, int]:
        """How many findings there are of each severity, the worst first."""
        found = [finding.severity for finding in self.findings]
        return {severity: found.count(severity) for severity in SEVERITIES}

    @property
    def exit_code(self) -> int:
        """0 fine, 1 findings; 2, wrong usage, makes no report."""
        return int(any(finding.counts for finding in self.findings))

    @property
    def ordered(self) -> tuple[Finding, ...]:
        """The findings, the worst first, else as they were found."""
        return tuple(
            finding
            for severity in SEVERITIES
            for finding in self.findings
            if finding.severity == severity
        )

    def families(self) -> dict[str, tuple[Finding, ...]]:
        """The findings by what they belong to, in the order in which that was first met."""
        groups: dict[str, list[Finding]] = {}
        for finding in self.findings:
            groups.setdefault(finding.family, []).append(finding)
        return {family: tuple(found) for family, found in groups.items()}

    def summary(self) -> str:
        """Return one line that says how it went."""
        return ", ".join(_counted(number, word) for word, number in self.counts.items())


def _counted(number: int, word: Severity) -> str:
    return f"{number} {word}" if word == "ok" or number == 1 else f"{number} {word}s"


def worst(findings: Iterable[Finding]) -> Severity:
    """Return the worst severity among findings; ``ok`` when there are none."""
    found = {finding.severity for finding in findings}
    return next((severity for severity in SEVERITIES if severity in found), "ok")
