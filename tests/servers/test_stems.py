"""Whose file a path speaks of: any path is answered as decided, and none takes a server long."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rewritegen.decide import Request, decide
from tests.support.farm import Farm
from tests.support.sites import StandIns
from tests.support.wire import ask

pytestmark = pytest.mark.server

WORDS = ["plain", "PLAIN", "tool", "Tool", "num", "2", "3", "4b", "x", "v1", "1", "3f", "packages"]
ENDS = st.sampled_from(["", ".metadata", ".asc", "/provenance", "/provenance/", ".provenance"])


@st.composite
def paths(draw: st.DrawFn) -> str:
    """A path of names that are ours and of others, in any spelling, as deep as it likes."""
    words = st.sampled_from(WORDS)
    joined = st.sampled_from(["-", "_", ".", "-", "_", "--", "._", "/", "/", "+", "!", "~", ""])
    text = draw(words)
    for _ in range(draw(st.integers(0, 12))):
        text += draw(joined) + draw(words)
    return f"{text}{draw(st.sampled_from(['-1.0.zip', '.whl', '_2-x.tar.gz', '.tar']))}{draw(ENDS)}"


@settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(path=paths(), route=st.sampled_from(["/files/public/", "/files/copy/", "/packages/"]))
def test_any_path_is_answered_as_decided(
    server_kind: str, farm: Farm, path: str, route: str
) -> None:
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    scene.forget()
    decision = decide(live.plan, Request(route + path), StandIns(*scene.upstreams))
    answer = ask(live.port, route + path)
    assert (answer.status, answer.one("X-Index-Source")) == (decision.status, decision.source)
    asked = [
        f"{index.files.origin}{r.target}" for index in scene.upstreams for r in index.files.requests
    ]
    assert asked == list(decision.forwarded)


#: As long as the servers take a request line, and as unlike a file as the grammar allows.
LONG = {
    "numbers": "/".join(["a" + "-1" * 120] * 8) + "/x",
    "numbers in one part": "a" + "-1" * 120,
    "runs": "/".join(["a" + "_b" * 120] * 12),
    "long runs": "/".join(["a" + "-._" * 80 + "b"] * 12),
    "dashes": "/".join(["a" + "-b" * 120] * 12),
    "capitals": "/".join(["AbcDefGhi" * 25] * 12),
    "one capital": "/".join(["a" * 240] * 11) + "/aA",
    "parts": "a/" * 1400 + "a",
    "provenance": "a" + "/provenance" * 250 + "x",
    "hashes": "ab/" * 900 + "x",
    "letters": "/".join(["a" * 250] * 9),
}


@pytest.mark.parametrize("path", LONG.values(), ids=LONG)
def test_a_path_costs_milliseconds(server_kind: str, farm: Farm, path: str) -> None:
    live = farm.live("team", server_kind)
    took = []
    for _ in range(3):
        begin = time.monotonic()
        assert ask(live.port, f"/files/copy/{path}.zip").status == 404
        took.append(time.monotonic() - begin)
    assert min(took) < 0.1
