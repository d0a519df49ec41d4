"""JSON for programs. ``format`` is the version of this form: keys may be added to it, none changes its meaning.

``docs/report.schema.json`` describes it, and a test validates every report with that.
"""

from __future__ import annotations

import json
from typing import Any

from rewritegen import __version__
from rewritegen.reports.model import Finding, Report

__all__ = ["FORMAT", "render"]

FORMAT = 1


def render(report: Report) -> str:
    """Return one JSON document."""
    document = {
        "format": FORMAT,
        "rewritegen": __version__,
        "command": report.command,
        "subject": report.subject,
        "exit_code": report.exit_code,
        "seconds": round(report.seconds, 3),
        "counts": report.counts,
        "facts": dict(report.facts),
        "rules": dict(sorted(report.rules.items())),
        "findings": [_finding(finding) for finding in report.ordered],
    }
    return json.dumps(document, indent=2) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    place = finding.place
    return {
        "code": finding.code,
        "severity": finding.severity,
        "family": finding.family,
        "title": finding.title,
        "subject": finding.subject,
        "expected": finding.expected,
        "came": finding.came,
        "next_step": finding.next_step,
        "key": finding.key,
        "place": {"file": place.file, "line": place.line, "column": place.column}
        if place
        else None,
        "block": finding.block,
    }
