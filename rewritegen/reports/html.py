"""One HTML file without anything outside it: to be kept as an artefact of a build, mailed, or opened years later.

The page says by its own Content-Security-Policy that no script runs but its own (by hash) and that nothing is loaded,
so that a text of a stranger that got through the escaping would still do nothing.
"""

from __future__ import annotations

import base64
import hashlib
from typing import NamedTuple

from rewritegen import __version__
from rewritegen.diagnostics import visible
from rewritegen.reports.model import SEVERITIES, Finding, Report
from rewritegen.templating import environment

__all__ = ["render"]

_WORDS = {"error": "Errors", "warning": "Warnings", "note": "Notes", "ok": "Fine"}


class Row(NamedTuple):
    """One finding as the page shows it."""

    severity: str
    code: str
    why: str
    family: str
    title: str
    subject: str
    details: tuple[tuple[str, str], ...]
    """A word, and what it is; empty ones are left out."""
    text: str
    """What the filter looks in, in lower case."""


class Choice(NamedTuple):
    """A severity that can be hidden."""

    severity: str
    words: str
    number: int
    shown: bool


def render(report: Report) -> str:
    """Return the page."""
    templates = environment(html=True)
    # what stands between the tags of the page, to the byte
    script = f"\n{templates.get_template('reports/report.js.j2').render()}"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    counts = report.counts
    # with findings, what is right is one click away; without, it is all that there is to see
    choices = [
        Choice(
            severity, _WORDS[severity], counts[severity], severity != "ok" or not report.exit_code
        )
        for severity in SEVERITIES
    ]
    return templates.get_template("reports/report.html.j2").render(
        command=report.command,
        subject=visible(report.subject),
        verdict="No findings" if report.exit_code == 0 else _findings(report),
        fine=report.exit_code == 0,
        summary=report.summary(),
        facts=[(visible(word), visible(value)) for word, value in report.facts],
        choices=choices,
        rows=[_row(finding, report) for finding in report.ordered],
        version=__version__,
        seconds=f"{report.seconds:.1f} s",
        digest=digest,
    )


def _findings(report: Report) -> str:
    number = report.counts["error"] + report.counts["warning"]
    return "1 finding" if number == 1 else f"{number} findings"


def _row(finding: Finding, report: Report) -> Row:
    place = str(finding.place) if finding.place else ""
    details = (
        ("expected", finding.expected),
        ("came", finding.came),
        ("next step", finding.next_step),
        ("because of", " ".join(filter(None, (finding.key, place)))),
        ("generated block", finding.block),
    )
    shown = tuple((word, visible(value)) for word, value in details if value)
    words = (finding.code, finding.family, finding.title, finding.subject)
    text = " ".join(map(visible, (*words, *(value for _, value in shown)))).lower()
    why = report.rules.get(finding.code, "")
    return Row(
        finding.severity,
        finding.code,
        why,
        visible(finding.family),
        visible(finding.title),
        visible(finding.subject),
        shown,
        text,
    )
