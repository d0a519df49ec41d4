"""Many sites, many requests to each: what the test of the default run and ``make fuzz`` share."""

from __future__ import annotations

import collections
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.differential.canaries import CANARY
from tests.differential.judge import judge, send_to
from tests.differential.request_strategies import wires
from tests.differential.shapes import shapes
from tests.differential.spec import SiteSpec, from_json
from tests.differential.strategies import site_specs
from tests.differential.wires import CREDENTIALS, Wire, wire_from_json
from tests.differential.world import SERVERS, World, build, running
from tests.support.processes import traversable_directory

__all__ = ["SEEDS", "Finding", "Tally", "draw_sites", "explore", "read_seed", "replay"]

SEEDS = Path(__file__).with_name("seeds")


@dataclass(frozen=True, slots=True)
class Finding:
    """A request that a server answered wrongly, as small as it could be made."""

    spec: SiteSpec
    kind: str
    wire: Wire
    sentences: tuple[str, ...]
    site: str
    """The YAML of the site."""

    @property
    def family(self) -> str:
        """``leak``: a private name went out; ``substitution``: a canary came back; else ``difference``."""
        text = "\n".join(self.sentences)
        if "LEAK" not in text:
            return "difference"
        return "substitution" if CANARY in text else "leak"

    def seed(self) -> str:
        """A seed file of its own."""
        values = {
            "why": f"{self.kind}: {self.sentences[0]}"[:300],
            "site": self.spec.to_json(),
            "requests": [self.wire.to_json()],
        }
        return json.dumps(values, indent=1) + "\n"

    def write(self, directory: Path = SEEDS) -> Path:
        """Keep it, under a name made of what it is."""
        text = self.seed()
        path = directory / f"found-{hashlib.sha256(text.encode()).hexdigest()[:12]}.json"
        path.write_text(text)
        return path

    def __str__(self) -> str:
        found = "\n  ".join(self.sentences)
        return (
            f"{self.kind}, {self.family}:\n  {found}\nrequest: {self.wire.data[:2000]!r}\n"
            f"site:\n{self.site}\nseed, for tests/differential/seeds/:\n{self.seed()}"
        )


@dataclass(slots=True)
class Tally:
    """What has been done and found."""

    sites: int = 0
    requests: collections.Counter[str] = field(default_factory=collections.Counter)
    """By server."""
    shapes: int = 0
    """Of the requests, those of the 22 shapes."""
    answers: collections.Counter[str] = field(default_factory=collections.Counter)
    """By server and status."""
    forwarded: int = 0
    """Requests for which upstreams were asked."""
    used: collections.Counter[str] = field(default_factory=collections.Counter)
    """Entries of the table of right differences."""
    findings: list[Finding] = field(default_factory=list)

    @property
    def least(self) -> int:
        """Requests to the server that had fewest."""
        return min(self.requests[kind] for kind in SERVERS)


def draw_sites(number: int, start: int) -> Iterator[SiteSpec]:
    """Different sites, the same for the same start; Hypothesis repeats itself, so more are drawn than given."""
    given_out: set[object] = set()
    while len(given_out) < number:
        for spec in _drawn(4 * number, start):
            outline = (
                tuple(source.form for source in spec.sources),
                spec.mount,
                spec.cache,
                tuple(bool(source.claims) for source in spec.private),
            )
            if outline not in given_out and len(given_out) < number:
                given_out.add(outline)
                yield spec
        start += 1_000_003


def _drawn(number: int, start: int) -> list[SiteSpec]:
    found: list[SiteSpec] = []

    @seed(start)
    @_quietly(number)
    @given(site_specs())
    def collect(spec: SiteSpec) -> None:
        found.append(spec)

    collect()
    return found


def _quietly(max_examples: int, *phases: Phase) -> settings:
    return settings(
        max_examples=max_examples,
        phases=(Phase.generate, *phases),
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )


class _FoundError(Exception):
    """Tells Hypothesis that there is something to shrink."""


def explore(
    spec: SiteSpec,
    start: int,
    requests: int,
    tally: Tally,
    shaped: int = 60,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Build a site, start both servers, and send requests: ``shaped`` of the shapes, the rest drawn.

    At the first finding it is made small, and the site is done with.
    """
    with traversable_directory() as root:
        world = build(spec, root)
        with running(world):
            _explore(world, start, requests, tally, shaped, stop)
    tally.sites += 1


def _explore(
    world: World, start: int, requests: int, tally: Tally, shaped: int, stop: Callable[[], bool]
) -> None:
    places = tuple(world.places)
    found: list[Finding] = []

    def one(wire: Wire) -> None:
        for kind in SERVERS:
            sentences = ask(world, kind, wire, tally)
            if sentences:
                site = yaml.safe_dump(world.settings, sort_keys=False)
                found.append(Finding(world.spec, kind, wire, sentences, site))
                raise _FoundError

    @seed(start)
    @_quietly(requests, Phase.shrink)
    @given(wires(world.spec, places))
    def drawn(wire: Wire) -> None:
        if not stop():
            one(wire)

    every = list(shapes(world.spec, places))
    if world.spec.auth:  # one in four is a stranger's
        every = [
            w.with_headers(CREDENTIALS) if n % 4 and w.version else w for n, w in enumerate(every)
        ]
    step = max(1, len(every) // max(1, shaped))
    try:
        for wire in every[start % step :: step][:shaped]:
            one(wire)
            tally.shapes += 1
        drawn()
    except Exception:
        if not found:
            raise
    if found:
        tally.findings.append(min(found, key=lambda finding: len(finding.wire.data)))


def ask(world: World, kind: str, wire: Wire, tally: Tally) -> tuple[str, ...]:
    """Send one request to one server; return what is wrong."""
    case = send_to(world, kind, wire)
    verdict = judge(case)
    tally.requests[kind] += 1
    tally.answers[f"{kind} {case.answer.status}"] += 1
    tally.forwarded += bool(case.asked)
    tally.used.update(verdict.used)
    return verdict.findings


def read_seed(path: Path) -> tuple[SiteSpec, tuple[Wire, ...]]:
    """A seed file: its site and its requests."""
    values = json.loads(path.read_text())
    return from_json(values["site"]), tuple(wire_from_json(row) for row in values["requests"])


def replay(path: Path, tally: Tally) -> None:
    """Send every request of a seed file to both servers."""
    spec, requests = read_seed(path)
    with traversable_directory() as root:
        world = build(spec, root)
        with running(world):
            for wire in requests:
                for kind in SERVERS:
                    sentences = ask(world, kind, wire, tally)
                    if sentences:
                        site = yaml.safe_dump(world.settings, sort_keys=False)
                        tally.findings.append(Finding(spec, kind, wire, sentences, site))
    tally.sites += 1
