"""SARIF 2.1.0 (OASIS), which code hosts show beside the lines of the site file.

Results are findings and notes; what is right is not in it, because SARIF viewers list every result as something to do.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from rewritegen import __version__
from rewritegen.diagnostics import Place
from rewritegen.reports.model import Finding, Report

__all__ = ["render"]

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def render(report: Report) -> str:
    """Return one SARIF log with one run."""
    results = [finding for finding in report.ordered if finding.severity != "ok"]
    codes = sorted({finding.code for finding in results})
    driver = {
        "name": "rewritegen",
        "version": __version__,
        "semanticVersion": f"{__version__}",
        "rules": [_rule(code, report) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "automationDetails": {"id": f"rewritegen/{report.command}/"},
        "invocations": [{"executionSuccessful": True, "exitCode": report.exit_code}],
        "results": [_result(finding, codes, report.subject) for finding in results],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: str, report: Report) -> dict[str, Any]:
    why = report.rules.get(code, code)
    return {
        "id": code,
        "shortDescription": {"text": why},
        "fullDescription": {"text": why},
    }


def _result(finding: Finding, codes: list[str], subject: str) -> dict[str, Any]:
    words = (finding.title, _said("asked", finding.subject), _said("expected", finding.expected))
    more = (_said("came", finding.came), _said("next step", finding.next_step))
    text = ". ".join(word for word in (*words, *more) if word)
    # alike on every run as long as it is about the same thing: by this code hosts know an old alert again
    identity = "\0".join((finding.code, finding.family, finding.key, finding.title))
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": finding.severity,
        "message": {"text": text},
        "partialFingerprints": {"rewritegen/v1": hashlib.sha256(identity.encode()).hexdigest()},
        "properties": {"family": finding.family, "key": finding.key, "block": finding.block},
    }
    logical = {"fullyQualifiedName": finding.key or subject, "kind": "resource"}
    location: dict[str, Any] = {"logicalLocations": [logical]}
    if finding.place is not None:
        location["physicalLocation"] = _physical(finding.place)
    result["locations"] = [location]
    return result


def _said(word: str, value: str) -> str:
    return f"{word}: {value}" if value else ""


def _physical(place: Place) -> dict[str, Any]:
    return {
        "artifactLocation": {"uri": quote(place.file)},
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endColumn": place.column + max(place.length, 1),
        },
    }
