"""Any spelling of any name: the servers' step by step rewriting agrees with ``packaging`` and never asks upstream."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from rewritegen.decide import Request, decide
from rewritegen.names import is_redirectable
from tests.support.farm import Farm
from tests.support.sites import StandIns
from tests.support.wire import ask

pytestmark = pytest.mark.server

VALID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
QUICK = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@QUICK
@given(raw=st.from_regex(r"[A-Ca-c0-1._-]{1,40}", fullmatch=True), slash=st.sampled_from(["", "/"]))
def test_a_name_is_redirected_to_its_canonical_form_or_refused(
    server_kind: str, farm: Farm, raw: str, slash: str
) -> None:
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    scene.forget()
    answer = ask(live.port, f"/simple/{raw}{slash}")
    canonical = f"/simple/{canonicalize_name(raw)}/"
    if not VALID.fullmatch(raw) or not is_redirectable(raw):
        assert (answer.status, answer.one("Location")) == (404, None)
    elif f"/simple/{raw}{slash}" != canonical:
        assert (answer.status, answer.one("Location")) == (301, canonical)
    else:
        assert answer.status in (200, 404)
        return
    assert scene.upstreams[0].requests == []


@QUICK
@given(
    target=st.from_regex(
        r"/(?:simple/|files/|packages/)?[a-c%0-9A-F./;~+!_-]{0,30}", fullmatch=True
    ),
    accept=st.sampled_from(["", "*/*", "text/html", "application/vnd.pypi.simple.v1+json;q=0"]),
)
def test_any_target_is_answered_as_decided(
    server_kind: str, farm: Farm, target: str, accept: str
) -> None:
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    scene.forget()
    decision = decide(
        live.plan, Request(target, "GET", {"accept": accept}), StandIns(*scene.upstreams)
    )
    answer = ask(live.port, target, accept=accept)
    # a broken escape, or a path that climbs above the root, is refused by a server's own core
    allowed = {decision.status, 400} if decision.status == 404 else {decision.status}
    assert answer.status in allowed
    asked = [f"{index.origin}{r.target}" for index in scene.upstreams for r in index.requests]
    asked += [
        f"{index.files.origin}{r.target}" for index in scene.upstreams for r in index.files.requests
    ]
    assert asked == list(decision.forwarded)
