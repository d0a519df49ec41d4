"""Fixtures that every test directory may use; the work is in ``tests/support``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.support import processes, tools
from tests.support.certificates import Authority

if TYPE_CHECKING:
    from tests.support.farm import Farm

SERVER_KINDS = ("nginx", "apache")

# how long one example takes says what else this machine does, and nothing about the example
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def pytest_configure(config: pytest.Config) -> None:
    """Register what this suite marks with, and refuse a misspelt REWRITEGEN_REQUIRE at once."""
    config.addinivalue_line("markers", "server: runs a real web server as a process")
    config.addinivalue_line("markers", "client: runs a real installer through a real web server")
    tools.required()


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory for this test that the workers of a server may enter (see tests/support/processes.py)."""
    with processes.traversable_directory() as directory:
        yield directory


@pytest.fixture(scope="session")
def shared_place() -> Iterator[Path]:
    """The same for the whole session."""
    with processes.traversable_directory() as directory:
        yield directory


@pytest.fixture(scope="session")
def authority(shared_place: Path) -> Authority:
    """The certificate authority of the session."""
    directory = shared_place / "authority"
    directory.mkdir()
    return Authority(directory)


@pytest.fixture(scope="session")
def farm(shared_place: Path, authority: Authority) -> Iterator[Farm]:
    """Scenes and servers of the session."""
    from tests.support.farm import Farm  # unit tests need not import the whole program

    root = shared_place / "scenes"
    root.mkdir()
    with contextlib.ExitStack() as stack:
        yield Farm(root, authority, stack)


@pytest.fixture(params=SERVER_KINDS)
def server_kind(request: pytest.FixtureRequest) -> str:
    """``nginx``, then ``apache``; skips when the server is not installed."""
    kind: str = request.param
    tools.require(kind)
    return kind


@pytest.fixture
def start_server() -> Iterator[processes.StartServer]:
    """Start servers on standalone trees; all of them are stopped at the end of the test."""
    started: list[processes.Server] = []

    def start(kind: str, tree: Path, ports: Sequence[int]) -> processes.Server:
        started.append(processes.start(kind, tree, ports))
        return started[-1]

    yield start
    for server in started:
        server.stop()
