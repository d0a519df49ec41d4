"""How fast a warm site is, as a share of the bare server that sends the same bytes as a file, in one run.

    python -m tests.benchmarks.bench_serving [SECONDS]

Writes docs/benchmark.json and docs/benchmark.svg, and exits 1 when a goal is missed. Needs wrk.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.picture import picture
from tests.benchmarks.serving_sites import Case, Contest, contest, hand_made_state
from tests.support import processes
from tests.support.processes import HOST, free_port, traversable_directory
from tests.support.sites import start_site, write_site
from tests.support.tools import require

DOCS = Path(__file__).resolve().parents[2] / "docs"
#: Each of the site, the bare server and the site again: neighbours of a virtual machine come and go.
ROUNDS = 9
PLAIN_ROUNDS = 3
SCALE_ROUNDS = 15

#: Least share of the bare server, and how many times the plain configuration.
GOALS = {
    ("nginx", "private-page"): (0.80, 0.0),
    ("nginx", "1MB-page-gzip"): (0.95, 30.0),
    ("apache", "private-page"): (0.70, 0.0),
    ("apache", "1MB-page-gzip"): (0.75, 0.0),
}
#: A private page with many projects or claims may be so much slower than with few.
SCALE_GOAL = 0.05


@dataclass(frozen=True, slots=True)
class Result:
    """Requests a second; a share is the median over rounds, each measured in one go."""

    server: str
    case: str
    bytes: int
    site: float
    bare: float
    plain: float
    share: float
    times_plain: float


def main(arguments: list[str]) -> int:
    """Run everything; see above."""
    seconds = int(arguments[0]) if arguments else 2
    results = [result for kind in ("nginx", "apache") for result in _serving(kind, seconds)]
    scale = [entry for kind in ("nginx", "apache") for entry in _scale(kind, seconds)]
    DOCS.mkdir(exist_ok=True)
    text = {"results": [asdict(result) for result in results], "scale": scale}
    (DOCS / "benchmark.json").write_text(json.dumps(text, indent=2) + "\n")
    (DOCS / "benchmark.svg").write_text(picture(text["results"]))
    missed = [*_missed(results), *_too_slow(scale)]
    for sentence in missed:
        print(f"missed: {sentence}")
    return int(bool(missed))


def _missed(results: list[Result]) -> list[str]:
    found = []
    for result in results:
        share, times = GOALS.get((result.server, result.case), (0.0, 0.0))
        if result.share < share:
            found.append(
                f"{result.server} {result.case} {result.share:.2f} of bare, wanted {share}"
            )
        if result.times_plain < times:
            found.append(f"{result.server} {result.case} {result.times_plain:.0f} times plain")
    return found


def _too_slow(scale: list[dict[str, Any]]) -> list[str]:
    return [
        f"{entry['server']} with {entry['many']}: {entry['share']:.3f} of that with {entry['few']}"
        for entry in scale
        if entry["share"] < 1 - SCALE_GOAL
    ]


def _serving(kind: str, seconds: int) -> list[Result]:
    with traversable_directory() as place, contest(kind, place) as live:
        return [_measured(live, case, seconds) for case in live.cases]


def _measured(live: Contest, case: Case, seconds: int) -> Result:
    size = live.prepare(case)
    assert live.plain_answer(case).status == 200, case
    rounds = [_round(live, case, seconds) for _ in range(ROUNDS)]
    plain = median(
        _rate(live.plain, case.target, case.headers, seconds) for _ in range(PLAIN_ROUNDS)
    )
    site, bare = (median(column) for column in zip(*rounds, strict=True))
    result = Result(
        live.kind,
        case.name,
        size,
        round(site),
        round(bare),
        round(plain),
        round(median(s / b for s, b in rounds), 3),
        round(site / plain, 2),
    )
    print(
        f"{result.server:7} {result.case:18} {size:9,} bytes {site:8,.0f} req/s, bare {bare:8,.0f} "
        f"({result.share:.2f}), plain {plain:8,.0f} ({result.times_plain:.1f} times)"
    )
    return result


def _round(live: Contest, case: Case, seconds: int) -> tuple[float, float]:
    """Return the rates of the site, before and after the bare server's, and of the bare server."""
    before = _rate(live.site, case.target, case.headers, seconds)
    bare = _rate(live.bare, f"/{case.name}", (), seconds)
    after = _rate(live.site, case.target, case.headers, seconds)
    return (before + after) / 2, bare


def _rate(port: int, target: str, headers: tuple[tuple[str, str], ...], seconds: int) -> float:
    """Return requests a second, by wrk: one thread, 16 connections."""
    command = [str(require("wrk")), "-t1", "-c16", f"-d{seconds}s"]
    for name, value in headers:
        command += ["-H", f"{name}: {value}"]
    url = f"http://{HOST}:{port}{target}"
    done = subprocess.run([*command, url], check=True, capture_output=True, text=True)
    assert "Non-2xx" not in done.stdout, done.stdout
    found = re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


# ---------------------------------------------------------------- many projects and claims


def _scale(kind: str, seconds: int) -> list[dict[str, Any]]:
    few = "20 projects, 10 claims"
    found = []
    for many, projects, claims in (
        ("2,000 projects", 2000, 10),
        ("20,000 projects", 20000, 10),
        ("10,000 claims", 20, 10000),
    ):
        share = _compared(kind, seconds, projects, claims)
        print(f"{kind:7} {many}: {share:.3f} of the rate with {few}")
        found.append({"server": kind, "few": few, "many": many, "share": round(share, 3)})
    return found


def _compared(kind: str, seconds: int, projects: int, claims: int) -> float:
    with traversable_directory() as few, traversable_directory() as many:
        small, stop_small = _running(kind, few, 20, 10)
        large, stop_large = _running(kind, many, projects, claims)
        try:
            target = "/simple/project-00010/"
            pairs = []
            for _ in range(SCALE_ROUNDS):
                one = _rate(small, target, (), seconds)
                other = _rate(large, target, (), seconds)
                again = _rate(small, target, (), seconds)
                pairs.append(other / ((one + again) / 2))
            return median(pairs)
        finally:
            stop_small()
            stop_large()


def _running(kind: str, place: Path, projects: int, claims: int) -> tuple[int, Callable[[], None]]:
    hand_made_state(place, projects)
    settings = {
        "state": str(place / "state"),
        "private": [
            {
                "name": "team",
                "path": str(place / "team"),
                "claims": [f"claimed-name-{number}" for number in range(claims)],
            }
        ],
        "fallbacks": [{"name": "public", "proxy": f"http://{HOST}:{free_port()}/simple/"}],
    }
    port = free_port()
    live = start_site(kind, write_site(place / "site.yaml", settings, port), place / "tree")
    assert isinstance(live.server, processes.Server)
    return port, live.server.stop


if __name__ == "__main__":
    os.environ.setdefault("REWRITEGEN_REQUIRE", "nginx,apache")
    sys.exit(main(sys.argv[1:]))
