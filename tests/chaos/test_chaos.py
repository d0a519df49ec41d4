"""Installs go on while upstreams die, hang and come back, and while the server is reloaded every two seconds.

Nothing that is private, mirrored or kept may fail, and no byte may be another: installers check the hashes, and what
plain requests bring is compared with what was published.

``REWRITEGEN_CHAOS_SECONDS`` says how long; 60 unless said otherwise.
"""

from __future__ import annotations

import hashlib
import os
import random
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.chain import Chain, SourceName, chain, get
from tests.support.dists import wheel_bytes
from tests.support.exchange import Mode
from tests.support.installers import Command, prepare
from tests.support.processes import traversable_directory
from tests.support.recorder import Recorder
from tests.support.scenes import wheels
from tests.support.tools import require

pytestmark = [pytest.mark.server, pytest.mark.client, pytest.mark.long]

SECONDS = float(os.environ.get("REWRITEGEN_CHAOS_SECONDS", "60"))
RELOAD_SECONDS = 2.0

#: Kept of the first proxy, of the second, and of a private index.
KEPT: dict[SourceName, str] = {"first": "kept-one", "second": "kept-two", "eggs": "relay-kept"}
NAMES = ("acme-foo", "mirrored", *KEPT.values())

#: Without those that break off within a page: its status has gone out by then (see test_fallbacks.py).
MODES: tuple[Mode, ...] = ("ok", "refuse", "hang", "reset", "500", "503", "429", "redirect", "slow")

CLIENTS = ("pip-newest", "uv")

#: pip's own default, which the other tests take away. A server that is reloaded closes the connections that wait for a
#: next request, also when that is on its way; clients ask again (RFC 9112, 9.3.1).
PIP_RETRIES = 5


@pytest.fixture(params=["nginx", "apache"])
def world(request: pytest.FixtureRequest) -> Iterator[Chain]:
    """The chain on one server; files are kept, and pages are too, so that they stand in."""
    require(request.param)
    with traversable_directory() as place, chain(request.param, place) as made:
        for source, name in KEPT.items():
            made.index(source).add(name, wheels(f"{name}-1.0")[name])
        yield made


@dataclass(slots=True)
class Weather:
    """Changes how upstreams fail, and reloads the server, until it is told to stop."""

    world: Chain
    seed: int
    stop: threading.Event = field(default_factory=threading.Event)
    modes: list[str] = field(default_factory=list)
    reloads: int = 0

    def change(self) -> None:
        """Every so often one upstream gets another mode."""
        chance = random.Random(self.seed)
        while not self.stop.wait(chance.uniform(0.1, 0.6)):
            recorder: Recorder = chance.choice(self.world.recorders)
            mode = chance.choice(MODES)
            recorder.set_mode(mode)
            self.modes.append(mode)

    def reload(self) -> None:
        """The same configuration again."""
        while not self.stop.wait(RELOAD_SECONDS):
            self.world.copies.server.reload()
            self.reloads += 1


def _targets(world: Chain) -> dict[str, bytes]:
    """Every page and file with what it must hold; pages by the name of their wheel."""
    found = {
        f"/simple/{name}/": f"{_stem(name)}-1.0-py2.py3-none-any.whl".encode() for name in NAMES
    }
    found["/files/team/acme-foo/acme_foo-1.0-py2.py3-none-any.whl"] = wheel_bytes("acme-foo", "1.0")
    for source, name in KEPT.items():
        target, content = world.file(name, source)
        found[target] = content
    return found


def _stem(name: str) -> str:
    return name.replace("-", "_")


def _read(world: Chain, stop: threading.Event, pages: dict[str, bytes], seed: int) -> list[str]:
    """Plain requests, one after another; what went wrong with them."""
    wrong: list[str] = []
    targets, chance = _targets(world), random.Random(seed)
    while not stop.is_set():
        target = chance.choice([*targets])
        accept = chance.choice(["text/html", "application/vnd.pypi.simple.v1+json"])
        got = get(world.copies.port, target, Accept=accept)
        right = pages.get(f"{target} {accept}", targets[target])
        if (got.status, got.whole, got.body) != (200, True, right):
            wrong.append(f"{target} {accept}: {got.status} {got.headers} {got.body[:200]!r}")
    return wrong


def _install(
    world: Chain, stop: threading.Event, client: Command, place: Path, most: int = 1_000_000
) -> tuple[int, list[str]]:
    """Installs into a new directory each; how many, and the output of those that failed."""
    lines = [
        f"{name}==1.0 --hash=sha256:{hashlib.sha256(wheel_bytes(name, '1.0')).hexdigest()}"
        for name in NAMES
    ]
    modules = {f"{_stem(name)}.py" for name in NAMES}
    count = 0
    wrong: list[str] = []
    while count < most and not stop.is_set():
        directory = place / str(count)
        directory.mkdir(parents=True)
        done = client.install(world.copies.url, lines, directory, retries=PIP_RETRIES)
        if done.status or not done.names >= modules:
            wrong.append(done.output)
        count += 1
    return count, wrong


def test_chaos(world: Chain, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    assert request.config.cache is not None
    cache = request.config.cache.mkdir("installers")
    clients = [prepare(name, cache) for name in CLIENTS]
    pages = {}
    for target in _targets(world):
        for accept in ("text/html", "application/vnd.pypi.simple.v1+json"):
            for encoding in ("gzip", "identity"):
                got = get(world.copies.port, target, Accept=accept, Accept_Encoding=encoding)
                assert (got.status, got.whole) == (200, True), target
                pages[f"{target} {accept}"] = got.body
    stop = threading.Event()
    for client in clients:  # each asks in its own words once, as it would have before
        place = tmp_path / f"first-{client.installer.name}"
        assert _install(world, stop, client, place, most=1) == (1, [])
    weather = Weather(world, seed=int(os.environ.get("REWRITEGEN_CHAOS_SEED", "1")))
    with ThreadPoolExecutor(6) as pool:
        try:
            changes = [pool.submit(weather.change), pool.submit(weather.reload)]
            readers = [pool.submit(_read, world, stop, pages, seed) for seed in (1, 2)]
            installs: list[Future[tuple[int, list[str]]]] = [
                pool.submit(_install, world, stop, client, tmp_path / client.installer.name)
                for client in clients
            ]
            _until(SECONDS, [*changes, *readers, *installs])
        finally:
            stop.set()
            weather.stop.set()
    world.recover()
    for change in changes:
        change.result()
    wrong = [line for reader in readers for line in reader.result()]
    assert not wrong, f"{len(wrong)} wrong answers, the first: {wrong[:3]}"
    for client, done in zip(clients, installs, strict=True):
        count, failed = done.result()
        print(f"{world.kind}: {count} installs by {client.installer.name}")
        assert not failed, f"{len(failed)} of {count} failed: {failed[0]}"
        assert count >= SECONDS / 20
    print(f"{world.kind}: {weather.reloads} reloads, {len(weather.modes)} changes")
    assert weather.reloads >= SECONDS / RELOAD_SECONDS / 2
    assert set(weather.modes) == set(MODES) or SECONDS < 60


def _until(seconds: float, futures: Iterable[Future[Any]]) -> None:
    """Wait so long, or until something ends before it is told to."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not any(future.done() for future in futures):
        threading.Event().wait(0.05)
