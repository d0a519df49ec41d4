"""JUnit XML, which every CI shows: a suite for the command, a class for each family, a test case for each finding.

Warnings and errors are failures, as in the exit code; a note is a test that was skipped, with its reason.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from rewritegen.diagnostics import visible
from rewritegen.reports.model import Finding, Report

__all__ = ["render"]


def render(report: Report) -> str:
    """Return one XML document."""
    failures = sum(finding.counts for finding in report.findings)
    totals = {
        "tests": str(len(report.findings)),
        "failures": str(failures),
        "errors": "0",
        "skipped": str(report.counts["note"]),
        "time": f"{report.seconds:.3f}",
    }
    suites = Element("testsuites", totals)
    name = visible(f"rewritegen {report.command} {report.subject}")
    suite = SubElement(suites, "testsuite", {"name": name, **totals})
    properties = SubElement(suite, "properties")
    for word, value in report.facts:
        SubElement(properties, "property", {"name": visible(word), "value": visible(value)})
    for finding in report.findings:
        _case(suite, finding)
    indent(suites)
    return tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: Element, finding: Finding) -> None:
    # XML 1.0 has no way to write a control character: `visible` leaves none
    title = visible(" ".join(filter(None, (finding.title, finding.subject))))
    where = {"classname": visible(finding.family or "rewritegen"), "name": title}
    if finding.place is not None:
        where |= {"file": visible(finding.place.file), "line": str(finding.place.line)}
    case = SubElement(suite, "testcase", where)
    if finding.severity == "note":
        SubElement(case, "skipped", {"message": visible(finding.came or finding.title)})
    elif finding.counts:
        message = visible(f"{finding.code}: {finding.title}")
        failure = SubElement(case, "failure", {"type": finding.severity, "message": message})
        failure.text = "\n".join(_details(finding))


def _details(finding: Finding) -> list[str]:
    lines = {
        "asked": finding.subject,
        "expected": finding.expected,
        "came": finding.came,
        "next step": finding.next_step,
        "because of": f"{finding.key} {finding.place or ''}".strip(),
        "generated block": finding.block,
    }
    return [f"{word}: {visible(value)}" for word, value in lines.items() if value]
