"""Two proxied fallbacks in one httpd: who is asked, in which order, and what stands when nobody could answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.apache_sites import FRESH_SECONDS, World, world
from tests.support import trees
from tests.support.compare import UNAVAILABLE
from tests.support.processes import traversable_directory, wait_until
from tests.support.scenes import wheels
from tests.support.upstream import Mode

pytestmark = [pytest.mark.server, pytest.mark.slow]

JSON = "application/vnd.pypi.simple.v1+json"
LAST = {"name": "last", "redirect": "https://last.example.org/simple/"}

#: How a answers, how b answers, the status of the answer (502: nobody could), who gave it.
CHAIN = (
    ("ok", "ok", 200, "proxy/a"),
    ("404", "ok", 200, "proxy/b"),
    ("404", "404", 404, "none"),
    ("404", "refused", 502, "none"),
    ("404", "503", 502, "none"),
    ("404", "429", 502, "none"),
    ("404", "redirect", 502, "none"),
    ("refused", "ok", 200, "proxy/b"),
    ("refused", "404", 502, "none"),
    ("refused", "refused", 502, "none"),
    ("500", "ok", 200, "proxy/b"),
    ("502", "404", 502, "none"),
    ("503", "ok", 200, "proxy/b"),
    ("503", "404", 502, "none"),
    ("504", "ok", 200, "proxy/b"),
    ("429", "ok", 200, "proxy/b"),
    ("429", "404", 502, "none"),
    ("hang", "ok", 200, "proxy/b"),
    ("redirect", "ok", 200, "proxy/b"),
    ("redirect", "404", 502, "none"),
    ("redirect", "redirect", 502, "none"),
)
#: How they answer while there is an old copy of a's page; the answer and how often each is asked.
OLD_A = (
    ("ok", 200, "proxy/a", (1, 0)),
    ("503", 200, "proxy/a", (1, 0)),
    ("429", 200, "proxy/a", (1, 0)),
    ("redirect", 200, "proxy/a", (1, 0)),
    ("refused", 200, "proxy/a", (0, 0)),
    ("hang", 200, "proxy/a", (1, 0)),
    ("404", 200, "proxy/b", (1, 1)),
)
#: The same while there is one of b's page, for a project that a has not.
OLD_B = (
    ("ok", "ok", 200, "proxy/b"),
    ("ok", "503", 200, "proxy/b"),
    ("503", "503", 200, "proxy/b"),
    ("refused", "refused", 200, "proxy/b"),
    ("ok", "404", 404, "none"),
    ("503", "404", 502, "none"),
)


@pytest.fixture(scope="module", params=["copies", "plain"])
def chain(request: pytest.FixtureRequest) -> Iterator[World]:
    with traversable_directory() as place, world(place, 2, copies=request.param == "copies") as w:
        yield w


@pytest.fixture(scope="module", params=["copies", "plain"])
def redirected(request: pytest.FixtureRequest) -> Iterator[World]:
    with (
        traversable_directory() as place,
        world(place, 2, LAST, copies=request.param == "copies") as w,
    ):
        yield w


@pytest.fixture(scope="module")
def kept() -> Iterator[World]:
    with traversable_directory() as place, world(place, 2) as w:
        yield w


def recover(here: World) -> None:
    """Both answer again, and nothing is kept."""
    here.set("ok", "ok")
    copies = here.live.plan.copies is not None
    for target, source in (("/simple/there/", "proxy/a"), ("/simple/second/", "proxy/b")):
        if copies:
            here.forget_copies()
        wait_until(lambda t=target, s=source: here.get(t).one("X-Index-Source") == s, "both")
    if copies:
        here.forget_copies()


@pytest.mark.parametrize(
    ("a", "b", "status", "source"), CHAIN, ids=[f"{r[0]}-{r[1]}" for r in CHAIN]
)
def test_a_chain(chain: World, a: str, b: str, status: int, source: str) -> None:
    for method, accept in (("GET", "text/html"), ("GET", JSON), ("HEAD", JSON)):
        recover(chain)
        chain.set(a, b)
        answer = chain.get("/simple/both/", method, accept=accept)
        assert answer.status in (UNAVAILABLE if status == 502 else {status})
        assert answer.one("X-Index-Source") == source
        assert {"accept", "accept-encoding"} <= answer.vary
        if status == 200 and method == "GET":
            wanted = b"both-1.0" if source == "proxy/a" else b"both-2.0"
            assert wanted in answer.body
            assert f"../../files/{source[-1]}/packages/".encode() in answer.body
        assert chain.asked[1] <= (0 if source == "proxy/a" else 1), "b is asked after a only"
        chain.set("ok", "ok")
        assert chain.get("/simple/acme-foo/").one("X-Index-Source") == "private/team"
        assert chain.get("/simple/acme-ghost/").status == 404
        assert chain.asked == (0, 0)


@pytest.mark.parametrize(
    ("a", "b", "status", "source"), CHAIN, ids=[f"{r[0]}-{r[1]}" for r in CHAIN]
)
def test_a_chain_before_a_redirect(
    redirected: World, a: str, b: str, status: int, source: str
) -> None:
    recover(redirected)
    redirected.set(a, b)
    answer = redirected.get("/simple/both/", accept=JSON)
    if status == 200:
        assert (answer.status, answer.one("X-Index-Source")) == (200, source)
        return
    assert (answer.status, answer.one("X-Index-Source")) == (302, "redirect/last")
    assert answer.one("Location") == "https://last.example.org/simple/both/"


@pytest.mark.parametrize(("a", "status", "source", "asked"), OLD_A, ids=[row[0] for row in OLD_A])
def test_an_old_copy_of_the_first_comes_before_the_second(
    kept: World, a: str, status: int, source: str, asked: tuple[int, int]
) -> None:
    recover(kept)
    assert kept.get("/simple/both/").one("X-Index-Source") == "proxy/a"
    time.sleep(FRESH_SECONDS + 0.2)
    kept.set(a, "ok")
    answer = kept.get("/simple/both/")
    assert (answer.status, answer.one("X-Index-Source")) == (status, source)
    assert kept.asked == asked
    assert (answer.one("X-Cache") == "STALE") == (a not in ("ok", "404"))


@pytest.mark.parametrize(
    ("a", "b", "status", "source"), OLD_B, ids=[f"{row[0]}-{row[1]}" for row in OLD_B]
)
def test_an_old_copy_of_the_second(kept: World, a: str, b: str, status: int, source: str) -> None:
    recover(kept)
    assert kept.get("/simple/second/").one("X-Index-Source") == "proxy/b"
    again = kept.get("/simple/second/")
    assert (again.one("X-Index-Source"), kept.asked[1]) == ("proxy/b", 0)
    time.sleep(FRESH_SECONDS + 0.2)
    kept.set(a, b)
    answer = kept.get("/simple/second/")
    assert answer.status in (UNAVAILABLE if status == 502 else {status})
    assert answer.one("X-Index-Source") == source


@pytest.mark.parametrize("copies", [True, False], ids=["copies", "plain"])
def test_a_mirror_between_two_proxies(place: Path, copies: bool) -> None:
    web = trees.bandersnatch(place / "web", wheels("both-3.0", "mirrored-3.0"))
    mirror = {"name": "web", "mirror": str(web), "layout": "bandersnatch"}
    with world(place, 2, copies=copies, between=(mirror,)) as here:
        rows = {
            "/simple/there/": "proxy/a",
            "/simple/both/": "proxy/a",
            "/simple/mirrored/": "mirror/web",
            "/simple/second/": "proxy/b",
        }
        for target, source in rows.items():
            answer = here.get(target, accept=JSON)
            assert (answer.status, answer.one("X-Index-Source")) == (200, source)
            assert answer.content_type == JSON
        packed = here.get("/simple/mirrored/", headers=[("Accept-Encoding", "gzip")])
        assert (packed.status, b"mirrored-3.0" in packed.decoded) == (200, True)
        if copies:
            here.forget_copies()
        here.set("503", "404")
        answer = here.get("/simple/both/")
        assert (answer.status, answer.one("X-Index-Source")) == (200, "mirror/web")
        assert here.get("/simple/unknown/").status in UNAVAILABLE


@pytest.mark.parametrize("mode", ["hang", "refused"])
@pytest.mark.parametrize("copies", [True, False], ids=["copies", "plain"])
def test_a_source_that_hangs_or_refuses_is_left_alone_for_a_while(
    place: Path, copies: bool, mode: str
) -> None:
    with world(place, 2, copies=copies, retry=30) as here:
        here.set(mode, "ok")
        first = here.get("/simple/second/")
        assert (first.status, first.one("X-Index-Source")) == (200, "proxy/b")
        second = here.get("/simple/both/")
        assert (second.status, second.one("X-Index-Source")) == (200, "proxy/b")
        assert here.asked == (0, 1)


@pytest.mark.parametrize("mode", ["hang", "refused"])
def test_a_source_that_was_left_alone_is_asked_again(chain: World, mode: str) -> None:
    recover(chain)
    chain.set(mode, "ok")
    assert chain.get("/simple/second/").one("X-Index-Source") == "proxy/b"
    recover(chain)
    assert chain.get("/simple/both/").one("X-Index-Source") == "proxy/a"


@pytest.mark.parametrize("mode", ["404", "429", "500", "502", "503", "504"])
def test_an_answer_is_no_failure_of_the_host(chain: World, mode: Mode) -> None:
    recover(chain)
    chain.set(mode, "ok")
    for name in ("one", "two"):
        chain.get(f"/simple/{name}-{mode}/")
        assert chain.asked[0] == 1
