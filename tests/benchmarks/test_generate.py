"""How long `rewritegen generate` takes as a process: team.yaml, and a site with 5,000 claims."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.bench

ROOT = Path(__file__).resolve().parents[2]
RUNS = 9
GOAL_SECONDS = 0.35
GOAL_RATIO = 2.0


def _seconds(site: Path, name: str) -> float:
    """The median of whole processes, after one that warms the disk."""
    program = Path(sys.executable).parent / "rewritegen"  # as installed with the tests' own Python
    command = [str(program), "generate", str(site), "--server", name]
    taken = []
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])


@pytest.mark.parametrize("name", ["nginx", "apache"])
def test_generate(name: str, tmp_path: Path) -> None:
    team = ROOT / "examples" / "team.yaml"
    claims = "".join(f"      - name-{number}-of-many\n" for number in range(5000))
    many = tmp_path / "many.yaml"
    many.write_text(team.read_text().replace("[lab-*]", f"\n      - lab-*\n{claims}"))
    plain, large = _seconds(team, name), _seconds(many, name)
    print(
        f"\n{name}: team.yaml {plain:.3f} s, with 5,000 claims {large:.3f} s ({large / plain:.2f} times)"
    )
    assert plain <= GOAL_SECONDS
    assert large <= GOAL_RATIO * plain
