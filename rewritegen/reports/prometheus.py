"""Prometheus text for node_exporter's textfile collector: how many findings, by code; whether the run was fine.

There is a series for every code of the command's rules, also at zero: an alert needs a value to compare with. When
the run was is the file's own time, which node_exporter tells as ``node_textfile_mtime_seconds``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rewritegen.reports.model import Report

__all__ = ["render"]


def render(report: Report) -> str:
    """Return the exposition text."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    start = f"rewritegen_{report.command}"
    subject = _label("subject", report.subject)
    yield from _metric(f"{start}_success", "1 when the last run had no finding, else 0.")
    yield f"{start}_success{{{subject}}} {int(report.exit_code == 0)}"
    yield from _metric(f"{start}_seconds", "How long the last run took.")
    yield f"{start}_seconds{{{subject}}} {report.seconds:.3f}"
    yield from _metric(f"{start}_results", "What the last run looked at, by what came of it.")
    for severity, number in report.counts.items():
        yield f"{start}_results{{{subject},{_label('severity', severity)}}} {number}"
    yield from _metric(f"{start}_findings", "Warnings and errors of the last run, by code.")
    counted = Counter(finding.code for finding in report.findings if finding.counts)
    for code in sorted({*report.rules, *counted}):
        yield f"{start}_findings{{{subject},{_label('code', code)}}} {counted[code]}"


def _metric(name: str, words: str) -> tuple[str, str]:
    return f"# HELP {name} {words}", f"# TYPE {name} gauge"


def _label(name: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{name}="{escaped}"'
