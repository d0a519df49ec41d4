"""The table of answers once more, in containers: the same rows, the same judge, another harness."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.containers.cases import debian, editions
from tests.containers.editions import Edition
from tests.containers.farm import ContainerFarm
from tests.containers.named import sorted_out
from tests.servers.judging import wrong_with, wrong_with_raw
from tests.servers.raw_rows import RAW_ROWS, RawRow
from tests.servers.rows import Row
from tests.servers.table import ROWS
from tests.support.wire import ask

pytestmark = [pytest.mark.containers, pytest.mark.slow]


@pytest.mark.parametrize("edition", editions())
def test_the_text_is_the_one_that_answers(
    edition: Edition,
    container_farm: ContainerFarm,
    record_property: Callable[[str, object], None],
) -> None:
    version = container_farm.installed(edition).version
    record_property("version", ".".join(map(str, version)))
    live = container_farm.live("team", edition)
    assert live.fingerprint in ask(live.port, "/-/rewritegen").body.decode()


@pytest.mark.exercise("rows of the table of answers")
@pytest.mark.parametrize("edition", editions())
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.label)
def test_a_container_answers_as_decided(
    edition: Edition,
    row: Row,
    container_farm: ContainerFarm,
    record_property: Callable[[str, object], None],
) -> None:
    scene, live = container_farm.scene(row.scene), container_farm.live(row.scene, edition)
    found = wrong_with(row, scene, live, edition.kind)
    version = container_farm.installed(edition).version
    left, named = sorted_out(edition, version, row.label, found)
    for why in named:
        record_property("named", why)
    assert not left, "\n".join(left)


#: One site with everything that is looked up and rewritten; the texts differ in how, not in what.
SOME = [row for row in ROWS if row.scene == "relay"]


@pytest.mark.exercise("rows with the text of `--binary`")
@pytest.mark.parametrize("edition", debian("nginx"))
@pytest.mark.parametrize("row", SOME, ids=lambda row: row.label)
def test_the_text_for_this_version_answers_alike(
    edition: Edition, row: Row, container_farm: ContainerFarm
) -> None:
    scene, live = container_farm.scene(row.scene), container_farm.live(row.scene, edition, own=True)
    assert not (found := list(wrong_with(row, scene, live, edition.kind))), "\n".join(found)


@pytest.mark.exercise("rows within a host that is there")
@pytest.mark.parametrize("edition", debian())
@pytest.mark.parametrize("row", SOME, ids=lambda row: row.label)
def test_a_part_of_a_host_answers_alike(
    edition: Edition, row: Row, container_farm: ContainerFarm
) -> None:
    scene = container_farm.scene(row.scene)
    live = container_farm.live(row.scene, edition, scope="locations")
    version = container_farm.installed(edition).version
    found = wrong_with(row, scene, live, edition.kind)
    left, _ = sorted_out(edition, version, row.label, found)
    assert not left, "\n".join(left)


@pytest.mark.exercise("requests that no client sends")
@pytest.mark.parametrize("edition", editions())
@pytest.mark.parametrize("row", RAW_ROWS, ids=lambda row: row.id.replace(" ", "-"))
def test_bytes_that_no_client_sends_get_nowhere(
    edition: Edition,
    row: RawRow,
    container_farm: ContainerFarm,
    record_property: Callable[[str, object], None],
) -> None:
    scene, live = container_farm.scene("team"), container_farm.live("team", edition)
    version = container_farm.installed(edition).version
    left, named = sorted_out(edition, version, row.id, wrong_with_raw(row, scene, live))
    for why in named:
        record_property("named", why)
    assert not left, "\n".join(left)
