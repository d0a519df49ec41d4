"""The model, nginx and httpd give the same answer to any request, and nothing private leaves: sites and requests drawn.

The other half of the proof is ``test_seeds.py``: what was found once is sent again each time.
"""

from __future__ import annotations

import os

import pytest

from tests.differential.campaign import Tally, draw_sites, explore
from tests.differential.world import SERVERS
from tests.support.tools import require

pytestmark = [pytest.mark.server, pytest.mark.slow]

#: The same requests each time; another number with REWRITEGEN_DIFFERENTIAL_SEED.
START = int(os.environ.get("REWRITEGEN_DIFFERENTIAL_SEED", "20261126"))

SITES, GROUPS = 40, 4
SHAPED, DRAWN = 60, 75
LEAST = 5_000


@pytest.fixture(scope="module")
def tally() -> Tally:
    """What all groups of this module did together."""
    for kind in SERVERS:
        require(kind)
    return Tally()


@pytest.mark.parametrize("group", range(GROUPS))
def test_three_interpreters_give_the_same_answer(group: int, tally: Tally) -> None:
    sites = list(draw_sites(SITES, START))
    for number, spec in list(enumerate(sites))[group::GROUPS]:
        explore(spec, START + number, SHAPED + DRAWN, tally, SHAPED)
        assert not tally.findings, f"seed {START}, site {number}\n{tally.findings[0]}"


def test_that_was_enough(tally: Tally) -> None:
    """Runs last: the numbers that the groups were to reach, and every kind of answer among them."""
    assert tally.sites == SITES
    assert tally.least >= LEAST
    assert tally.forwarded > LEAST // 20
    for kind in SERVERS:
        seen = {key.partition(" ")[2] for key in tally.answers if key.startswith(f"{kind} ")}
        assert seen >= {"200", "206", "301", "302", "400", "401", "404", "405", "414", "503"}
