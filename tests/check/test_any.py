"""`check --any` at real indexes of others: what is known of them comes out.

What each does was read in its documentation and issues (facts: peers), and is what the test measures: proxpi is the
union of its indexes; pypiserver has no JSON and sends what it does not have to the public index; devpi hides a name
that is on a stage, and looks for one that is not uploaded yet in its mirror.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rewritegen.cli import commands
from tests.check.indexes import RUN, Running
from tests.check.world import codes

pytestmark = pytest.mark.long

NAMES = ("--private", "acme-foo:1.0", "--absent", "acme-ghost", "--public", "public-one")

#: Errors, and warnings.
KNOWN = {
    "pypiserver": ({"RG994"}, {"RG995"}),
    "pypiserver-alone": ({"RG960"}, {"RG995"}),
    # RG940: its cache of names has the canonical ones, and another spelling is a KeyError there (1.3.1: 500)
    "proxpi": ({"RG940", "RG993", "RG994"}, set()),
    "devpi": ({"RG994"}, {"RG943", "RG923"}),
}


def ask(running: Running, *options: str) -> tuple[int, dict[str, Any]]:
    arguments = ["check", "--any", running.url, *NAMES, "--format", "json", *options]
    done = CliRunner().invoke(commands, arguments, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.return_value, json.loads(done.stdout)


def test_every_index_is_run() -> None:
    assert set(KNOWN) == set(RUN)


@pytest.mark.parametrize("name", list(RUN))
def test_known_behaviour_comes_out(name: str, request: pytest.FixtureRequest, place: Path) -> None:
    assert request.config.cache is not None
    with RUN[name](request.config.cache.mkdir("indexes"), place) as running:
        code, report = ask(running)
        asked = [line.target for line in running.public.requests]
    errors, warnings = KNOWN[name]
    assert (code, codes(report, ("error",)), codes(report, ("warning",))) == (
        1,
        errors,
        warnings,
    ), report
    # every invariant has a verdict, also one that could not be seen
    families = {finding["family"] for finding in report["findings"]}
    assert {
        "private pages are not merged",
        "every spelling goes the same way",
        "non-disclosure",
    } <= families
    if name == "proxpi":
        assert any("acme-foo" in target for target in asked)
    if name == "devpi":
        assert not any("acme-foo/" in target for target in asked)
