"""The HTML report in a real browser: the filter works, and nothing that a stranger wrote does anything."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from rewritegen.reports import Report, render
from tests.support.tools import require
from tests.unit.test_reports import BAD, FINE, MIXED

pytestmark = pytest.mark.slow

_SECONDS = 60


def opened(report: Report, place: Path, words: str = "") -> str:
    """The page as the browser has it after its script ran."""
    browser = require("chromium")
    path = place / "report.html"
    path.write_text(render(report, "html"), encoding="utf-8")
    # no sandbox: a container gives none, and the page is our own
    argv = [
        str(browser),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={place / 'profile'}",
    ]
    argv += ["--virtual-time-budget=2000", "--dump-dom", f"{path.as_uri()}{words}"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    return done.stdout


def shown(page: str) -> list[str]:
    """The severities of the rows that are not hidden."""
    rows = re.findall(r"<article ([^>]*)>", page)
    return [
        match[1]
        for row in rows
        if "hidden" not in row and (match := re.search(r'data-severity="(\w+)"', row))
    ]


@pytest.mark.parametrize(
    ("report", "words", "rows"),
    [
        (MIXED, "", ["error", "warning", "note"]),
        (MIXED, "#RG915", ["warning"]),
        (MIXED, "#proxy/pypi%20RG911", ["error"]),
        (MIXED, "#nothing", []),
        (MIXED, "#%E0%A4%A", ["error", "warning", "note"]),
        (FINE, "", ["note", "ok"]),
    ],
    ids=["findings", "a code", "two words", "nothing fits", "no words", "fine"],
)
def test_the_filter(report: Report, words: str, rows: list[str], tmp_path: Path) -> None:
    page = opened(report, tmp_path, words)
    assert shown(page) == rows
    assert f'<output id="shown">{len(rows)} of {len(report.findings)}</output>' in page


def test_a_stranger_is_text(tmp_path: Path) -> None:
    page = opened(BAD, tmp_path)
    assert page.count("<script>") == 1
    assert page.count("<article ") == len(BAD.findings)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
