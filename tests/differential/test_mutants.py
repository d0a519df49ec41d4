"""The comparison can fail: each deliberate fault in the generated text is caught by the requests of the seeds.

The faults stand in ``mutants.py``; the requests are the shapes for the names of the site, and those of every seed file.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.differential.campaign import SEEDS, Tally, ask, read_seed
from tests.differential.mutants import MUTANTS, Mutant
from tests.differential.shapes import shapes
from tests.differential.spec import SiteSpec
from tests.differential.wires import Wire
from tests.differential.world import World, build, running
from tests.support.processes import traversable_directory
from tests.support.tools import require

pytestmark = [pytest.mark.server, pytest.mark.long]

LEAST = 12


def requests(world: World) -> Iterator[Wire]:
    """Those of the shapes, then those of the seed files."""
    yield from shapes(world.spec, tuple(world.places))
    for path in sorted(SEEDS.glob("*.json")):
        yield from read_seed(path)[1]


def caught_by(world: World, kind: str) -> tuple[Wire, str] | None:
    """The first request whose answer shows that something is wrong."""
    tally = Tally()
    for wire in requests(world):
        for sentence in ask(world, kind, wire, tally):
            return wire, sentence
    return None


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.label)
def test_a_fault_is_caught(mutant: Mutant) -> None:
    require(mutant.kind)
    with traversable_directory() as root:
        world = build(mutant.spec, root)
        with running(world, (mutant.kind,), mutant.apply):
            caught = caught_by(world, mutant.kind)
    assert caught is not None, "a gap in the seeds: nothing shows this fault"
    wire, sentence = caught
    print(f"{mutant.label}: {wire.method} {wire.target[:80]}: {sentence[:160]}")


@pytest.mark.parametrize("kind", ["nginx", "apache"])
@pytest.mark.parametrize(
    "spec", sorted({m.spec for m in MUTANTS}, key=repr), ids=lambda spec: "site"
)
def test_without_a_fault_nothing_is_caught(kind: str, spec: SiteSpec) -> None:
    require(kind)
    with traversable_directory() as root:
        world = build(spec, root)
        with running(world, (kind,)):
            assert caught_by(world, kind) is None


def test_there_are_enough_of_them() -> None:
    for kind in ("nginx", "apache"):
        labels = [mutant.label for mutant in MUTANTS if mutant.kind == kind]
        assert len(labels) >= LEAST
        assert len(set(labels)) == len(labels)
