"""Machines for a test, and the wheels that they install from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.containers.conftest import engine_address, session_lab
from tests.containers.lab import Lab
from tests.managed.machine import Machine, start
from tests.managed.wheelhouse import build_wheel, dependencies
from tests.support.processes import traversable_directory

__all__ = ["engine_address", "session_lab"]

#: Python of Debian bookworm.
PYTHON = "3.11"


@pytest.fixture(scope="session")
def wheelhouses(shared_place: Path) -> list[Path]:
    """Where the machines find rewritegen and what it needs."""
    own = shared_place / "wheel"
    own.mkdir()
    return [build_wheel(own), dependencies(PYTHON)]


@pytest.fixture(scope="module")
def start_machine(session_lab: Lab, wheelhouses: list[Path]) -> Iterator[Callable[[str], Machine]]:
    """Boot a machine whose service is nginx or httpd; it is gone at the end of the module."""
    machines: list[Machine] = []
    with traversable_directory() as place:

        def boot(kind: str) -> Machine:
            directory = place / str(len(machines))
            directory.mkdir()
            machines.append(start(session_lab, kind, wheelhouses, directory))
            return machines[-1]

        yield boot
        for machine in machines:
            machine.box.remove()
