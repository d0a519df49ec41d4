"""SECURITY.md says which test holds what; the tests are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_test_that_it_names_is_there() -> None:
    named = NAMED.findall((ROOT / "SECURITY.md").read_text())
    assert len(named) >= 20
    lost = [
        f"{file}::{test}"
        for file, test in named
        if not re.search(rf"^def {test}\(", (ROOT / file).read_text(), re.MULTILINE)
    ]
    assert not lost


def test_every_invariant_has_one() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    rows = [line for line in text.splitlines() if re.match(r"\| (?:I\d+)? ?\| ", line)]
    assert {row.split("|")[1].strip() for row in rows} >= {f"I{number}" for number in range(1, 9)}
    assert [row for row in rows if "invariant" not in row and not NAMED.search(row)] == []
