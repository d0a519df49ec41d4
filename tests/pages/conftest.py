"""A private root and a state for every test of the pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.indexing import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    root = tmp_path / "team"
    root.mkdir()
    return Bench(root, tmp_path / "state")
