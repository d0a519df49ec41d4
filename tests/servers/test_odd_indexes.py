"""Indexes that are not as PEP 503 wants them: an empty page for "not here" (`empty`), names as registered (`spelled`).

The stand-ins answer as the source of the software does (``tests/systems/standins``); the same site is asked on both
servers, with a source behind the first one and without, with copies and without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rewritegen.explain.asking import Asking
from rewritegen.representations import REPRESENTATIONS
from rewritegen.servers.nginx.page_check import pages_name
from tests.support.exchange import Recorded, Reply
from tests.support.processes import free_port, traversable_directory, wait_until
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, start_site, write_site
from tests.support.tools import require
from tests.support.upstream import Index, upstream
from tests.support.wire import ask
from tests.systems.standins import Haufe, Nexus, Psc, StandIn

pytestmark = [pytest.mark.server, pytest.mark.slow]

LONG = "-".join(["n" * 9] * 20)
PAGE = {"Content-Type": "text/html;charset=utf-8"}


class Group(Nexus):
    """With a page that is one byte longer than the empty one of its name, and one whose length is that of another's."""

    def reply(self, request: Recorded) -> Reply:
        """The same below another path."""
        return super().reply(Recorded(request.server, request.raw.replace(b"/moved/", b"/"), None))

    def absent(self, name: str) -> Reply:
        """A page without links."""
        body = self.page(name, {}).encode()
        more = {"longer-by-one": b" ", "longer-by-two": b"  "}.get(name, b"")
        return Reply(200, PAGE, body + more)


def length(one: StandIn) -> str:
    return f"{len(one.page('', {}))}+2n"


@dataclass(frozen=True, slots=True)
class Odd:
    """A site before such indexes."""

    live: LiveSite
    group: Group
    psc: Psc
    haufe: Haufe
    behind: Index | None

    def get(self, target: str, **more: Any) -> tuple[int, str | None]:
        for one in (self.group, self.psc, self.haufe, *([self.behind] if self.behind else [])):
            one.forget()
        answer = ask(self.live.port, target, **more)
        return answer.status, answer.one("X-Index-Source")

    @property
    def asked(self) -> list[str]:
        found = (self.group, self.psc, self.haufe, *([self.behind] if self.behind else []))
        return [request.target for one in found for request in one.requests]


SHAPES: Mapping[str, tuple[bool, bool]] = {
    "one behind, copies": (True, True),
    "one behind": (True, False),
    "alone, copies": (False, True),
    "alone": (False, False),
}


@pytest.fixture(
    scope="module",
    params=[
        # two of the four have all ways between them; the others are for `make test-long`
        pytest.param(
            (server, shape),
            marks=[pytest.mark.long] if shape in ("one behind", "alone, copies") else [],
            id=f"{server}, {shape}",
        )
        for server in ("nginx", "apache")
        for shape in SHAPES
    ],
)
def odd(request: pytest.FixtureRequest) -> Iterator[Odd]:
    server, shape = request.param
    require(server)
    followed, kept = SHAPES[shape]
    with traversable_directory() as place, ExitStack() as stack:
        yield _odd(stack, place, server, followed=followed, kept=kept)


def _odd(stack: ExitStack, place: Path, server: str, *, followed: bool, kept: bool) -> Odd:
    group = Group(wheels("known-1.0"))
    psc, haufe = Psc(wheels("Dotted.Tool-1.0")), Haufe(wheels("House.Tool-1.0"))
    behind = Index(wheels("known-2.0", "beyond-1.0"), links="packages") if followed else None
    for one in (group, psc, haufe):
        one.open()
        stack.callback(one.refuse)
    if behind:
        stack.enter_context(upstream(behind))
    (place / "team").mkdir()
    (place / "team" / ".rewritegen-root").touch()
    private = [
        {"name": "team", "path": str(place / "team"), "listing": "automatic"},
        {
            "name": "psc",
            "proxy": psc.url,
            "kind": "psc",
            "claims": ["dotted-*"],
            "spelled": ["Dotted.Tool"],
            "empty": length(psc),
            "retry": "1s",
        },
        {
            "name": "haufe",
            "proxy": haufe.url,
            "kind": "haufe",
            "claims": ["house-*"],
            "spelled": ["House.Tool"],
            "retry": "1s",
        },
    ]
    last = (
        [{"name": "behind", "proxy": behind.url, "kind": "simple", "retry": "1s"}] if behind else []
    )
    first = {
        "name": "group",
        "proxy": group.url,
        "kind": "nexus",
        "empty": length(group),
        "retry": "1s",
    }
    settings = {
        "private": private,
        "fallbacks": [first, *last],
        **({"cache": {"path": str(place / "cache")}} if kept else {}),
    }
    live = start_site(
        server, write_site(place / "site.yaml", settings, free_port()), place / "tree"
    )
    stack.callback(live.server.stop)
    return Odd(live, group, psc, haufe, behind)


def test_a_page_is_a_page(odd: Odd) -> None:
    assert odd.get("/simple/known/") == (200, "proxy/group")
    assert odd.asked == ["/repository/group/simple/known/"]


@pytest.mark.parametrize(
    ("name", "method"),
    [
        pytest.param("beyond", "GET", id="behind"),
        pytest.param("beyond", "HEAD", id="behind, HEAD"),
        pytest.param("x", "GET", id="one letter"),
        pytest.param("x", "HEAD", id="one letter, HEAD"),
        pytest.param(LONG, "GET", id="long"),
    ],
)
def test_an_empty_page_means_not_here(odd: Odd, name: str, method: str) -> None:
    expected = (200, "proxy/behind") if name == "beyond" and odd.behind else (404, "none")
    assert odd.get(f"/simple/{name}/", method=method) == expected
    if method == "GET":
        behind = [f"/simple/{name}/"] if odd.behind else []
        assert odd.asked == [f"/repository/group/simple/{name}/", *behind]


@pytest.mark.parametrize("name", ["longer-by-one", "longer-by-two"])
def test_a_page_of_another_length_is_a_page(odd: Odd, name: str) -> None:
    assert odd.get(f"/simple/{name}/") == (200, "proxy/group")


def test_a_private_source_that_is_empty_is_final(odd: Odd) -> None:
    assert odd.get("/simple/dotted-ghost/") == (404, "private/psc")
    assert odd.asked == ["/site/psc/++simple++/dotted-ghost/"]


def test_a_name_is_asked_for_as_it_is_spelled_there(odd: Odd) -> None:
    assert odd.get("/simple/dotted-tool/") == (200, "private/psc")
    assert odd.asked == ["/site/psc/++simple++/Dotted.Tool/"]
    assert odd.get("/simple/house-tool/") == (200, "private/haufe")
    assert odd.asked == ["/eggs/House.Tool/"]
    file = "House_Tool-1.0-py2.py3-none-any.whl"
    assert odd.get(f"/simple/house-tool/{file}") == (200, "private/haufe")
    assert odd.asked == [f"/eggs/House.Tool/{file}"]
    # and no other name is
    assert odd.get("/simple/house-other/") == (404, "private/haufe")
    assert odd.asked == ["/eggs/house-other/"]
    assert odd.get(f"/simple/house-tool-x/{file}") == (404, "private/haufe")
    assert odd.asked == [f"/eggs/house-tool-x/{file}"]


def test_an_empty_page_elsewhere_means_not_here(odd: Odd) -> None:
    """The index has moved to another path of its host; its empty page says what it said before."""
    odd.group.set_mode("moved", "/repository/group/simple/six/")
    odd.group.moved_to = f"{odd.group.origin}/moved"
    try:
        status = odd.get("/simple/six/")[0]
        asked = odd.asked[:2]
    finally:
        odd.group.set_mode("ok")
    assert (status, asked) == (
        404,
        ["/repository/group/simple/six/", "/moved/repository/group/simple/six/"],
    )


def test_what_is_emptied_is_gone(odd: Odd) -> None:
    """A copy does not stand in for a project that was there: a private one is looked at again each time."""
    assert odd.get("/simple/dotted-tool/") == (200, "private/psc")
    projects, odd.psc.projects = odd.psc.projects, {}
    try:
        gone = (404, "private/psc")
        wait_until(lambda: odd.get("/simple/dotted-tool/") == gone, "the page is gone", 30)
    finally:
        odd.psc.projects = projects


def test_an_empty_page_is_not_kept_as_a_page_is(odd: Odd) -> None:
    """nginx takes Cache-Control along when it follows X-Accel-Redirect: "not here" would be believed for `pages`."""
    if odd.live.server.kind != "nginx":
        return
    address, port = odd.live.plan.inner
    host = pages_name(odd.live.plan)
    for name, status, kept in (
        ("known", 200, odd.live.plan.copies is not None),
        ("x", 404, False),
    ):
        answer = ask(port, f"/pages/group/{name}/", host=host, accept="text/html")
        assert (answer.status, answer.one("Cache-Control") is not None) == (status, kept), address


def test_explain_asks_as_the_servers_do(odd: Odd) -> None:
    asking = Asking(odd.live.plan)
    (html,) = (form for form in REPRESENTATIONS if form.suffix == "html")
    said = {name: asking(f"{odd.group.url}{name}/", html) for name in ("known", "x", "six")}
    assert said == {"known": 200, "x": 404, "six": 404}
    assert asking(f"{odd.psc.url}Dotted.Tool/", html) == 200


def test_one_that_does_not_answer_is_not_empty(odd: Odd) -> None:
    """After an empty page, who is behind may be down: then nobody knows."""
    if odd.behind is None:
        odd.group.set_mode("503")
        expected = (502, "none")
    else:
        odd.behind.set_mode("503")
        expected = (502, "none")
    try:
        assert odd.get("/simple/somebody/") == expected
    finally:
        (odd.behind or odd.group).set_mode("ok")
