"""Workflow commands of GitHub Actions: a line for each finding, shown beside the line of the site file."""

from __future__ import annotations

from rewritegen.diagnostics import visible
from rewritegen.reports.model import Finding, Report

__all__ = ["render"]

_WORDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(report: Report) -> str:
    """Return the lines; what is right has none."""
    lines = [_line(finding) for finding in report.ordered if finding.severity in _WORDS]
    # a line that begins with `::` would be another command
    summary = f"rewritegen {report.command} {visible(report.subject)}: {report.summary()}"
    return "\n".join([*lines, summary, ""])


def _line(finding: Finding) -> str:
    where = {}
    if finding.place is not None:
        where = {
            "file": finding.place.file,
            "line": str(finding.place.line),
            "col": str(finding.place.column),
        }
    where["title"] = f"{finding.code} {finding.family}".strip()
    fields = ",".join(f"{name}={_property(value)}" for name, value in where.items())
    details = (
        finding.title,
        f"asked: {finding.subject}" if finding.subject else "",
        f"expected: {finding.expected}" if finding.expected else "",
        f"came: {finding.came}" if finding.came else "",
        f"next step: {finding.next_step}" if finding.next_step else "",
    )
    return f"::{_WORDS[finding.severity]} {fields}::{_data('. '.join(filter(None, details)))}"


def _data(text: str) -> str:
    """Escape as the runner's own toolkit does (``escapeData``)."""
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape as ``escapeProperty`` does: properties end at a colon or a comma."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
