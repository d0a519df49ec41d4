"""Real tools at an index that is mounted elsewhere, and at the server's own listings: ours in our version, or nothing.

In every scene the public index has ``acme-foo`` 9.0.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.test_configured import (
    Desk,
    assert_both,
    buildout,
    desk_of,
    easy_install,
    pip,
    poetry,
    uv,
)
from tests.support.farm import Farm
from tests.support.project_tools import Run
from tests.support.scenes import LONG_VERSION

pytestmark = [pytest.mark.server, pytest.mark.client, pytest.mark.slow]

#: The highest version of ours in a scene. Its wheel in ``listed`` has a name of 128 characters.
OURS = {"listed": LONG_VERSION, "deep": "1.0", "top": "1.0"}

Use = Callable[[Desk], Run]


def _cases() -> list[object]:
    """uv everywhere and pip at listings in each run; the rest takes longer, and reads the same bytes."""
    found: list[object] = []
    for name, kind, use in itertools.product(
        OURS, ("nginx", "apache"), (uv, pip, easy_install, buildout, poetry)
    ):
        quick = use is uv or (use is pip and name == "listed")
        if quick or kind == "nginx" or name == "listed":
            marks = [] if quick else [pytest.mark.long]
            found.append(
                pytest.param(name, kind, use, id=f"{name}-{kind}-{use.__name__}", marks=marks)
            )
    return found


@pytest.mark.parametrize(("name", "kind", "use"), _cases())
def test_installs_ours_and_a_public_one(
    farm: Farm, request: pytest.FixtureRequest, tmp_path: Path, name: str, kind: str, use: Use
) -> None:
    desk = desk_of(name, kind, farm, request, tmp_path)
    desk.ours = OURS[name]
    assert_both(desk, use(desk), desk.project)


@pytest.mark.parametrize("use", [uv, pip], ids=lambda use: use.__name__)
@pytest.mark.parametrize("kind", ["nginx", "apache"])
def test_an_empty_directory_lets_no_other_version_in(
    farm: Farm, request: pytest.FixtureRequest, tmp_path: Path, kind: str, use: Use
) -> None:
    """``acme-empty`` is there, without a file; the public index has 9.0."""
    desk = desk_of("listed", kind, farm, request, tmp_path)
    if use is uv:
        argv = [*desk.installer("uv"), "install", "--no-cache", "--python", sys.executable]
    else:
        argv = [*desk.installer("pip-newest"), "install", "--no-cache-dir"]
        argv.append("--disable-pip-version-check")
    done = desk.run(*argv, "--index-url", desk.url, "--target", "target", "acme-empty")
    assert done.status != 0
    if use is uv:
        said = "was not found in the package registry"
        assert said in " ".join(done.output.split()), done.output
    assert desk.public_asked == set()
    assert not list(desk.project.rglob("*.py"))
