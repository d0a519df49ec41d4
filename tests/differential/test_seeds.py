"""What was found once is sent each time; and the table of right differences has no entry that nothing needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.differential.allowed import ALLOWED
from tests.differential.campaign import SEEDS, Tally, read_seed, replay
from tests.differential.spec import from_json
from tests.differential.world import SERVERS
from tests.support.tools import require

FILES = sorted(SEEDS.glob("*.json"))


@pytest.fixture(scope="module")
def tally() -> Tally:
    """What the seeds of this module used together."""
    for kind in SERVERS:
        require(kind)
    return Tally()


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_was_found_once_stays_right(path: Path, tally: Tally) -> None:
    known = len(tally.findings)
    replay(path, tally)
    assert not tally.findings[known:], str(tally.findings[known])


@pytest.mark.server
@pytest.mark.slow
def test_every_right_difference_is_still_needed(tally: Tally) -> None:
    """Runs last."""
    assert {entry.id for entry in ALLOWED} - set(tally.used) == set()


def test_the_entries_of_the_table_have_names_and_reasons() -> None:
    ids = [entry.id for entry in ALLOWED]
    assert len(ids) == len(set(ids))
    assert all(len(entry.reason) > 30 for entry in ALLOWED)
    for entry in ALLOWED:
        assert [bool(entry.statuses), bool(entry.sentences), entry.instead is not None].count(
            True
        ) == 1


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_seed_file_reads_back_as_it_was_written(path: Path) -> None:
    spec, requests = read_seed(path)
    assert from_json(spec.to_json()) == spec
    assert requests
