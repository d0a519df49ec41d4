"""Write docs/compatibility.md from the report of a run of the matrix: what was tried on which server, and how it went.

Tests say by properties of the report which server they ran on (``edition``), which version that is (``version``), what
they tried (``exercise``), and which known difference they met (``named``).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET  # reads pytest's own report
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.environment import ROOT

DOCUMENT = ROOT / "docs" / "compatibility.md"

HEAD = """\
# Servers and versions

Written by `make test-matrix`; changes made here are lost. Each server runs in a container, with the configuration of
its distribution and the virtual host that `rewritegen generate` writes, added where that expects it. The numbers are
tests that passed, of those that ran. What a server is compared with is the model (`rewritegen/decide.py`), down to the
bytes that recording upstreams read.
"""


@dataclass(frozen=True)
class Case:
    """One test of the report."""

    properties: tuple[tuple[str, str], ...]
    passed: bool

    def all(self, name: str) -> tuple[str, ...]:
        """Return the values of a property."""
        return tuple(value for key, value in self.properties if key == name)


def read(report: Path) -> list[Case]:
    """Read the tests of a JUnit report that ran; one that was skipped tried nothing."""
    cases = []
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 written by pytest a moment ago
        if case.find("skipped") is None:
            found = tuple(
                (str(one.get("name")), str(one.get("value"))) for one in case.iter("property")
            )
            passed = case.find("failure") is None and case.find("error") is None
            cases.append(Case(found, passed))
    return cases


def table(cases: Iterable[Case]) -> Iterator[str]:
    """Yield the lines of the table: a server in a line, an exercise in a column."""
    versions: dict[str, str] = {}
    exercises: dict[str, None] = {}
    passed: Counter[tuple[str, str]] = Counter()
    ran: Counter[tuple[str, str]] = Counter()
    for case in cases:
        for edition in case.all("edition"):
            versions.setdefault(edition, "unknown")
            for version in case.all("version"):
                versions[edition] = version
            for exercise in case.all("exercise"):
                exercises[exercise] = None
                ran[edition, exercise] += 1
                passed[edition, exercise] += case.passed
    columns = sorted(exercises)
    yield "| server | version | " + " | ".join(columns) + " |"
    yield "|---|---|" + "---|" * len(columns)
    for edition, version in sorted(versions.items(), key=_by_program_and_age):
        cells = [_cell(passed[edition, name], ran[edition, name]) for name in columns]
        yield f"| {edition} | {version} | " + " | ".join(cells) + " |"


def _by_program_and_age(pair: tuple[str, str]) -> tuple[str, list[int], str]:
    edition, version = pair
    numbers = [int(part) for part in version.split(".") if part.isdigit()]
    return edition.partition(" of ")[0].lower(), numbers, edition


def _cell(passed: int, ran: int) -> str:
    return "-" if ran == 0 else f"{passed} of {ran}"


def differences(cases: Iterable[Case]) -> Iterator[str]:
    """Yield a line for each known difference: what it is, and where it was met."""
    met: dict[str, set[str]] = {}
    for case in cases:
        for why in case.all("named"):
            met.setdefault(why, set()).update(case.all("edition"))
    for why, where in sorted(met.items()):
        yield f"* {', '.join(sorted(where))}: {why}."


def write(report: Path) -> None:
    """Write the document, unless no test of the report ran."""
    cases = read(report) if report.is_file() else []
    lines = list(table(cases))
    if len(lines) < 3:
        return
    named = list(differences(cases)) or ["None."]
    parts = [HEAD, "\n".join(lines), "", "## Known differences", "", *named]
    DOCUMENT.write_text("\n".join(parts) + "\n", "utf-8")
    print(f"wrote {DOCUMENT.relative_to(ROOT)}")
