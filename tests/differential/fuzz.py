"""``SECONDS=600 SEED=n make fuzz``: new sites and requests until the time is up, or until ``REQUESTS`` of each server.

Every finding is made small and written as a seed file, which the test suite sends from then on. Exit 1: there are some.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from tests.differential.campaign import SEEDS, Tally, draw_sites, explore
from tests.differential.world import SERVERS
from tests.support.tools import find

__all__ = ["main"]

SITES_AT_ONCE = 40
REQUESTS_PER_SITE = 700
SHAPED_PER_SITE = 250


def _versions() -> str:
    found = []
    for kind in SERVERS:
        program = find(kind)
        if program is None:
            raise SystemExit(f"{kind} is not installed")
        done = subprocess.run([program, "-v"], capture_output=True, text=True, check=True)
        text = done.stdout + done.stderr
        found.append(text.splitlines()[0].partition(": ")[2])
    return ", ".join(found)


def _line(tally: Tally, began: float, start: int) -> str:
    families = dict.fromkeys(("leak", "substitution", "difference"), 0)
    for finding in tally.findings:
        families[finding.family] += 1
    counts = ", ".join(f"{number} {family}s" for family, number in families.items())
    asked = ", ".join(f"{kind} {tally.requests[kind]:,}" for kind in SERVERS)
    seconds = time.monotonic() - began
    return f"seed {start}: {seconds:.0f} s, {tally.sites} sites, {asked} requests: {counts}"


def main() -> int:
    """Fuzz; the settings are variables of the environment, as ``make`` passes them."""
    seconds = float(os.environ.get("SECONDS") or "600")
    most = int(os.environ.get("REQUESTS") or str(sys.maxsize))
    start = int(os.environ.get("SEED") or str(random.SystemRandom().randrange(1_000_000)))
    directory = Path(os.environ.get("SEEDS") or SEEDS)
    began = time.monotonic()
    tally = Tally()
    print(f"seed {start}, {seconds:.0f} s, {_versions()}", flush=True)

    def over() -> bool:
        return time.monotonic() - began > seconds or tally.least >= most

    batch = 0
    while not over():
        for number, spec in enumerate(draw_sites(SITES_AT_ONCE, start + batch)):
            known = len(tally.findings)
            explore(
                spec, start + batch + number, REQUESTS_PER_SITE, tally, SHAPED_PER_SITE, stop=over
            )
            for finding in tally.findings[known:]:
                print(f"\n{finding}\nwritten to {finding.write(directory)}", flush=True)
            print(_line(tally, began, start), end="\r" if sys.stdout.isatty() else "\n", flush=True)
            if over():
                break
        batch += 1_000
    print(f"\n{_line(tally, began, start)}; {tally.forwarded:,} asked upstreams")
    answers = ", ".join(f"{key}: {number}" for key, number in sorted(tally.answers.items()))
    print(f"answers: {answers}\nright differences: {dict(tally.used.most_common())}")
    return 1 if tally.findings else 0


if __name__ == "__main__":
    sys.exit(main())
