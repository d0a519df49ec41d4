"""One table, three interpreters: the model, nginx and httpd give the same answer to the same request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rewritegen.decide import Decision, Request, decide
from rewritegen.plan import Plan
from tests.servers.raw_rows import RAW_ROWS, RawRow
from tests.servers.rows import Row
from tests.servers.table import ROWS
from tests.support.compare import differences, upstream_differences
from tests.support.farm import Farm
from tests.support.scenes import Scene
from tests.support.sites import StandIns, read_site
from tests.support.wire import Answer, ask, send

PRIVATE_BYTES = (b"acme_foo", b"acme-foo", b"root:x:0")


def decided(row: Row, plan: Plan, scene: Scene) -> Decision:
    """What the model says to a row."""
    headers = {name.lower(): value for name, value in row.headers}
    if row.accept is not None:
        headers["accept"] = row.accept
    target = row.target.format(**scene.places)
    return decide(plan, Request(target, row.method, headers), StandIns(*scene.upstreams))


def answered(row: Row, scene: Scene, port: int) -> Answer:
    """What a server answers to a row."""
    scene.forget()
    tls = scene.authority.client_context() if "tls" in scene.settings else None
    return ask(
        port,
        row.target.format(**scene.places),
        row.method,
        accept=row.accept,
        headers=row.headers,
        body=row.body,
        tls=tls,
    )


def test_every_row_has_its_own_name() -> None:
    labels = [row.label for row in ROWS] + [row.id for row in RAW_ROWS]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.label)
def test_the_model_says_what_a_person_says(row: Row, farm: Farm) -> None:
    scene = farm.scene(row.scene)
    _, plan = read_site(scene.site_file("model", 1))
    decision = decided(row, plan, scene)
    assert (decision.status, decision.source, decision.location) == (
        row.status,
        row.source,
        row.location,
    ), decision.trace


@pytest.mark.server
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.label)
def test_a_server_answers_as_decided(server_kind: str, row: Row, farm: Farm) -> None:
    scene = farm.scene(row.scene)
    live = farm.live(row.scene, server_kind)
    decision = decided(row, live.plan, scene)
    if server_kind == "nginx" and row.nginx_source is not None:
        decision = replace(decision, source=row.nginx_source)
    answer = answered(row, scene, live.port)
    found = [
        *differences(live.plan, decision, answer, row.method, scene.upstreams),
        *upstream_differences(live.plan, decision, scene.upstreams),
    ]
    if row.method != "HEAD" and row.contains not in answer.decoded.decode(errors="replace"):
        found.append(f"the body does not say {row.contains!r}")
    if str(scene.root).encode() in answer.raw:
        found.append("a path of the server is told")
    assert not found, "\n".join(found)


@pytest.mark.server
@pytest.mark.parametrize("row", RAW_ROWS, ids=lambda row: row.id.replace(" ", "-"))
def test_bytes_that_no_client_sends_get_nowhere(server_kind: str, row: RawRow, farm: Farm) -> None:
    scene = farm.scene("team")
    live = farm.live("team", server_kind)
    scene.forget()
    answer = send(live.port, row.data)
    asked = [r.raw for index in scene.upstreams for r in (*index.requests, *index.files.requests)]
    assert asked == []
    assert answer.status in row.statuses
    if answer.status != 200:
        assert not [token for token in PRIVATE_BYTES if token in answer.body]
    assert ask(live.port, "/-/health").status == 200


@pytest.mark.server
def test_the_fingerprint_is_that_of_the_configuration(server_kind: str, farm: Farm) -> None:
    live = farm.live("team", server_kind)
    answer = ask(live.port, "/-/rewritegen")
    assert live.fingerprint in answer.body.decode()
    assert ask(live.port, "/-/health").body.strip() == b"ok"
