"""One lab for each worker of a session, and the scenes in it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.containers.editions import Edition
from tests.containers.farm import ContainerFarm
from tests.containers.lab import Lab, lab
from tests.support.certificates import Authority
from tests.support.tools import missing
from tools import engine


@pytest.fixture(autouse=True)
def _in_the_report(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    """Say on which server what is tried, for docs/compatibility.md."""
    if "edition" in request.fixturenames:
        edition = request.getfixturevalue("edition")
        assert isinstance(edition, Edition)
        record_property("edition", edition.name)
    for exercise in request.node.iter_markers("exercise"):
        record_property("exercise", exercise.args[0])


@pytest.fixture(scope="session")
def engine_address() -> Iterator[str]:
    """An engine; skips, or fails where containers are required, with what to install."""
    with contextlib.ExitStack() as stack:
        try:
            address = stack.enter_context(engine.running())
        except engine.EngineError as error:
            missing("containers", str(error))
        yield address


@pytest.fixture(scope="session")
def session_lab(engine_address: str, shared_place: Path) -> Iterator[Lab]:
    """What this session has at the engine."""
    # recipes have one of their own (tests/managed), and may run in the same session
    place = Path(tempfile.mkdtemp(prefix="lab-", dir=shared_place))
    place.chmod(0o755)
    with lab(engine_address, place) as opened:
        yield opened


@pytest.fixture(scope="session")
def container_farm(session_lab: Lab, shared_place: Path, authority: Authority) -> ContainerFarm:
    """The scenes of the table, in containers."""
    root = shared_place / "contained"
    root.mkdir()
    return ContainerFarm(session_lab, root, authority)
