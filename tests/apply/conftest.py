"""A machine with a web server for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.hosts import Host, Machine
from tests.support.toy import Toy


@pytest.fixture
def machine(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Set up machines, and stop their servers at the end."""
    logs = place / "log"
    logs.mkdir()
    monkeypatch.setattr("rewritegen.servers.nginx.render._LOG_DIRECTORY", str(logs))
    monkeypatch.setattr("rewritegen.servers.apache.logs._LOG_DIRECTORIES", (str(logs),))
    made: list[Host] = []

    def make(kind: str, layout: str = "redhat", **settings: Any) -> Host:
        made.append(Host(kind, place / f"machine-{len(made)}", layout, settings))
        return made[-1]

    yield make
    for host in made:
        host.stop()


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Toy]:
    """A server that takes no time."""
    monkeypatch.setattr("rewritegen.apply.means._GRACE_SECONDS", 0.01)
    made = Toy(tmp_path / "toy")
    yield made
    made.close()
