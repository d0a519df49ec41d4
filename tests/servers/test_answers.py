"""One table, three interpreters: the model, nginx and httpd give the same answer to the same request."""

from __future__ import annotations

import pytest

from tests.servers.judging import decided, wrong_with, wrong_with_raw
from tests.servers.raw_rows import RAW_ROWS, RawRow
from tests.servers.rows import Row
from tests.servers.table import ROWS
from tests.support.farm import Farm
from tests.support.sites import read_site
from tests.support.wire import ask


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
    scene, live = farm.scene(row.scene), farm.live(row.scene, server_kind)
    assert not (found := list(wrong_with(row, scene, live, server_kind))), "\n".join(found)


@pytest.mark.server
@pytest.mark.parametrize("row", RAW_ROWS, ids=lambda row: row.id.replace(" ", "-"))
def test_bytes_that_no_client_sends_get_nowhere(server_kind: str, row: RawRow, farm: Farm) -> None:
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    assert not (found := list(wrong_with_raw(row, scene, live))), "\n".join(found)


@pytest.mark.server
def test_the_fingerprint_is_that_of_the_configuration(server_kind: str, farm: Farm) -> None:
    live = farm.live("team", server_kind)
    answer = ask(live.port, "/-/rewritegen")
    assert live.fingerprint in answer.body.decode()
    assert ask(live.port, "/-/health").body.strip() == b"ok"
