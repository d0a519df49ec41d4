"""A stale copy stands in again and again, in each form and coding, and is the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.chain import Chain, chain, get
from tests.support.exchange import Mode
from tests.support.processes import traversable_directory
from tests.support.scenes import wheels
from tests.support.tools import require

pytestmark = [pytest.mark.server, pytest.mark.slow]

JSON = "application/vnd.pypi.simple.v1+json"
CLIENTS: dict[str, dict[str, str]] = {
    "identity": {},
    "gzip": {"Accept_Encoding": "gzip"},
    "pip": {"Accept": JSON, "Accept_Encoding": "gzip, deflate", "Cache_Control": "max-age=0"},
    "uv": {"Accept": JSON, "Accept_Encoding": "gzip", "Connection": "keep-alive"},
}
MODES: tuple[Mode, ...] = ("refuse", "reset", "hang", "503", "429", "redirect")


@pytest.fixture(scope="module", params=["nginx", "apache"])
def kept(request: pytest.FixtureRequest) -> Iterator[tuple[Chain, dict[str, bytes]]]:
    """The chain on one server with an expired copy for each row, and what is in it, by name."""
    require(request.param)
    with traversable_directory() as place, chain(request.param, place) as made:
        bodies = {}
        for mode in MODES:
            for client, headers in CLIENTS.items():
                name = f"m-{mode}-{client}"
                made.first.add(name, wheels(f"{name}-1.0")[name])
                got = get(made.copies.port, f"/simple/{name}/", **headers)
                assert got.status == 200
                bodies[name] = got.body
        made.expire()
        yield made, bodies


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(one, marks=[] if number % 2 else pytest.mark.long)
        for number, one in enumerate(CLIENTS)
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_again_and_again(kept: tuple[Chain, dict[str, bytes]], mode: Mode, client: str) -> None:
    world, bodies = kept
    name = f"m-{mode}-{client}"
    world.recover()
    world.first.set_mode(mode)
    try:
        answers = [get(world.copies.port, f"/simple/{name}/", **CLIENTS[client]) for _ in range(6)]
    finally:
        world.first.set_mode("ok")
    assert {(got.status, got.whole, got.source) for got in answers} == {(200, True, "proxy/first")}
    assert {got.body for got in answers} == {bodies[name]}
