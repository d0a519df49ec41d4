"""Where an upstream's redirect is followed, on both servers: to declared hosts only, a page to its own project only.

Nothing of it reaches the client, and nothing of it reaches another host.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rewritegen.steps import FetchFrom
from tests.support import trees
from tests.support.compare import UNAVAILABLE
from tests.support.exchange import Recorded, Reply
from tests.support.processes import HOST, free_port, traversable_directory
from tests.support.recorder import Recorder
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, index_site, start_site, write_site
from tests.support.tools import require
from tests.support.wire import Answer, ask

pytestmark = pytest.mark.server

PAGE = b"<!DOCTYPE html><html><body>the page</body></html>\n"
FILE = bytes(range(256)) * 4
NAME = "zope-thing-kit"
WHEEL = "zope_thing_kit-1.0+local-py3-none-any.whl"
#: More than either server follows.
ENDLESS = 12


class Host(Recorder):
    """Redirects what it was told to redirect, and has everything else."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.moves: dict[str, tuple[int, str]] = {}

    def reply(self, request: Recorded) -> Reply:
        """A redirect, a page, or a file with ranges."""
        if request.target in self.moves:
            status, location = self.moves[request.target]
            return Reply(status, {"Location": location, "Content-Type": "text/plain"}, b"moved")
        if request.target.partition("?")[0].endswith(".whl"):
            headers = {"Content-Type": "binary/octet-stream", "Accept-Ranges": "bytes"}
            if request.headers.get("range") == "bytes=10-19":
                part = {"Content-Range": f"bytes 10-19/{len(FILE)}"}
                return Reply(206, headers | part, FILE[10:20])
            return Reply(200, headers, FILE)
        return Reply(200, {"Content-Type": "text/html", "ETag": '"one"'}, PAGE)


@dataclass(slots=True)
class World:
    """A site with one proxy: its index, its file host, another declared host, and one that nobody declared."""

    index: Host
    files: Host
    other: Host
    stranger: Host
    live: LiveSite

    @property
    def hosts(self) -> tuple[Host, ...]:
        return self.index, self.files, self.other, self.stranger

    def at(self, text: str, number: int = 0) -> str:
        """``{index}`` and the others are ``127.0.0.1:PORT``; the project is another for each number."""
        places = {host.name: f"{HOST}:{host.port}" for host in self.hosts}
        for word in ("zope", "Zope", "ZOPE"):
            text = text.replace(word, f"{word}{number}")
        return text.format(**places)

    @property
    def prefix(self) -> str:
        """The path of what lies on the file host."""
        (prefix,) = {
            route.prefix.rstrip("/")
            for route in self.live.plan.files
            for attempt in route.attempts
            if isinstance(attempt, FetchFrom) and attempt.url == f"{self.files.origin}/"
        }
        return prefix

    def asked(self) -> list[str]:
        """Who was asked for what, in this order at each host."""
        return [f"{host.name} {r.target}" for host in self.hosts for r in host.requests]


@pytest.fixture(scope="module", params=[f"{s}-{c}" for s in ("nginx", "apache") for c in "kw"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The site on one server, with (k: kept) and without copies."""
    kind, _, kept = request.param.partition("-")
    require(kind)
    with traversable_directory() as place, contextlib.ExitStack() as stack:
        hosts = [Host(name) for name in ("index", "files", "other", "stranger")]
        for host in hosts:
            host.open()
            stack.callback(host.refuse)
        live = _start(kind, place, hosts, copies=kept == "k")
        stack.callback(live.server.stop)
        index, files, other, stranger = hosts
        yield World(index, files, other, stranger, live)


def _start(kind: str, place: Path, hosts: list[Host], *, copies: bool) -> LiveSite:
    trees.projects(place / "team", wheels("acme-foo-1.0"))
    proxy: dict[str, Any] = {
        "name": "up",
        "proxy": f"{hosts[0].origin}/simple/",
        "kind": "simple",
        "files": [f"{host.origin}/" for host in hosts[1:3]],
    }
    settings: dict[str, Any] = {
        "state": str(place / "state"),
        "private": [{"path": str(place / "team")}],
        "fallbacks": [proxy],
    }
    if copies:
        settings["cache"] = {"path": str(place / "cache")}
    site = write_site(place / "site.yaml", settings, free_port())
    index_site(site)
    return start_site(kind, site, place / "tree")


class Case(NamedTuple):
    """One redirect, and what is asked for after it; ``{index}``, ``{files}``, ``{other}``, ``{stranger}`` are hosts."""

    id: str
    location: str
    then: str = ""
    """``HOST TARGET``; empty: it is not followed."""


PAGES = (
    Case("path", "/simple/Zope.Thing_Kit/", "index /simple/Zope.Thing_Kit/"),
    Case("absolute", "http://{index}/mirror/zope_thing_kit/", "index /mirror/zope_thing_kit/"),
    Case("capitals", "HTTP://{index}/ZOPE--THING.-.KIT/", "index /ZOPE--THING.-.KIT/"),
    Case("no-scheme", "//{other}/zope-thing-kit/", "other /zope-thing-kit/"),
    Case("no-slash", "http://{other}/a/zope-thing-kit", "other /a/zope-thing-kit"),
    Case("file-host", "http://{files}/simple/zope-thing-kit/", "files /simple/zope-thing-kit/"),
    Case("another-project", "/simple/zope-thing-other/"),
    Case("shorter-name", "/simple/zope-thing/"),
    Case("longer-name", "/simple/zope-thing-kit-x/"),
    Case("run-together", "/simple/zopethingkit/"),
    Case("in-the-middle", "/zope-thing-kit/acme-foo/"),
    Case("encoded", "/simple/zope%2Dthing-kit/x/"),
    Case("query", "/simple/zope-thing-kit/?next=acme-foo"),
    Case("fragment", "/mirror/zope-thing-kit/#!x", "index /mirror/zope-thing-kit/"),
    Case("stranger", "http://{stranger}/simple/zope-thing-kit/"),
    Case("stranger-no-scheme", "//{stranger}/simple/zope-thing-kit/"),
    Case("stranger-slashes", "///{stranger}/simple/zope-thing-kit/"),
    Case("stranger-backslash", "/\\{stranger}/simple/zope-thing-kit/"),
    Case("user", "http://{index}@{stranger}/simple/zope-thing-kit/"),
    Case("longer-host", "http://{index}.example.org/simple/zope-thing-kit/"),
    Case("longer-port", "http://{index}0/simple/zope-thing-kit/"),
    Case("tls", "https://{index}/simple/zope-thing-kit/"),
    Case("another-scheme", "ftp://{index}/simple/zope-thing-kit/"),
    Case("relative", "../zope-thing-kit/"),
    Case("blank", "/simple/x y/zope-thing-kit/"),
    Case("empty", ""),
)
_WHEEL = "zope_thing_kit-1.0%2Blocal-py3-none-any.whl"
FILES = (
    Case("path", f"/elsewhere/{_WHEEL}", f"files /elsewhere/{_WHEEL}"),
    Case("absolute", f"http://{{other}}/a%2Fb/{_WHEEL}", f"other /a%2Fb/{_WHEEL}"),
    Case(
        "signed",
        f"http://{{other}}/{_WHEEL}?sig=a%2Bb%2F/?c&x=,;:@",
        f"other /{_WHEEL}?sig=a%2Bb%2F/?c&x=,;:@",
    ),
    Case("stranger", f"http://{{stranger}}/{_WHEEL}"),
    Case("user", f"http://{{other}}@{{stranger}}/{_WHEEL}"),
    Case("blank", f"/a b/{_WHEEL}"),
    Case("quotes", f'/a"b/{_WHEEL}'),
)


def _prepare(world: World) -> None:
    for host in world.hosts:
        host.forget()
        host.moves.clear()


def _no_trace(world: World, answer: Answer) -> None:
    assert answer.all("Location") == answer.all("RG-Moved") == ()
    for host in world.hosts:
        for request in host.requests:
            assert request.headers["host"] == f"{HOST}:{host.port}"
            assert request.headers["user-agent"] == "rewritegen"
            assert "cookie" not in request.headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_status(world: World, status: int) -> None:
    _prepare(world)
    name = f"p-{status}"
    world.index.moves[f"/simple/{name}/"] = (status, f"/simple/P.{status}/")
    answer = ask(world.live.port, f"/simple/{name}/", headers=[("Cookie", "a=b")])
    assert (answer.status, answer.decoded, answer.one("X-Index-Source")) == (200, PAGE, "proxy/up")
    assert world.asked() == [f"index /simple/{name}/", f"index /simple/P.{status}/"]
    _no_trace(world, answer)


@pytest.mark.parametrize("case", PAGES, ids=lambda case: case.id)
def test_page(world: World, case: Case) -> None:
    _prepare(world)
    number = PAGES.index(case)
    first, then = (world.at(text, number) for text in (f"/simple/{NAME}/", case.then))
    world.index.moves[first] = (301, world.at(case.location, number))
    answer = ask(world.live.port, first)
    assert world.asked() == [f"index {first}", *([then] if then else [])]
    if case.then:
        assert (answer.status, answer.decoded) == (200, PAGE)
        assert answer.one("X-Index-Source") == "proxy/up"
    else:
        assert answer.status in UNAVAILABLE
        assert answer.one("X-Index-Source") == "none"
    _no_trace(world, answer)


@pytest.mark.parametrize("case", FILES, ids=lambda case: case.id)
def test_file(world: World, case: Case) -> None:
    _prepare(world)
    target = f"/{case.id}/{_WHEEL}"
    world.files.moves[target] = (302, world.at(case.location))
    then = world.at(case.then)
    answer = ask(world.live.port, f"{world.prefix}{target}", headers=[("Cookie", "a=b")])
    assert world.asked() == [f"files {target}", *([then] if then else [])]
    if case.then:
        assert (answer.status, answer.body) == (200, FILE)
    else:
        assert answer.status in UNAVAILABLE
    assert answer.one("X-Index-Source") == "proxy/up"
    _no_trace(world, answer)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_range_and_a_head_are_followed(world: World, method: str) -> None:
    _prepare(world)
    target = f"/ranges-{method}/{WHEEL}"
    world.files.moves[target] = (302, world.at(f"http://{{other}}/{WHEEL}"))
    span = [("Range", "bytes=10-19")] if method == "GET" else []
    answer = ask(world.live.port, f"{world.prefix}{target}", method, headers=span)
    assert answer.status == (206 if span else 200)
    assert answer.body == (FILE[10:20] if span else b"")
    assert answer.one("Content-Length") == str(10 if span else len(FILE))
    _no_trace(world, answer)


def test_from_host_to_host(world: World) -> None:
    _prepare(world)
    world.index.moves["/simple/walker/"] = (301, world.at("//{files}/Walker"))
    world.files.moves["/Walker"] = (308, "/Walker/")
    world.files.moves["/Walker/"] = (302, world.at("http://{other}/again/walker/"))
    answer = ask(world.live.port, "/simple/walker/")
    assert (answer.status, answer.decoded) == (200, PAGE)
    assert world.asked() == [
        *("index /simple/walker/", "files /Walker", "files /Walker/", "other /again/walker/"),
    ]
    _no_trace(world, answer)


def test_a_walk_without_end_ends(world: World) -> None:
    _prepare(world)
    for number in range(ENDLESS):
        here = "/simple/lost/" if number == 0 else f"/{number}/lost/"
        world.index.moves[here] = (302, f"/{number + 1}/lost/")
    answer = ask(world.live.port, "/simple/lost/")
    assert answer.status in UNAVAILABLE
    assert 3 < len(world.index.requests) < ENDLESS
    _no_trace(world, answer)


def test_a_moved_page_that_the_new_place_has_not(world: World) -> None:
    _prepare(world)
    world.index.moves["/simple/gone-for-good/"] = (301, "/none/gone-for-good/")
    world.index.set_mode("404", "/none/gone-for-good/")
    answer = ask(world.live.port, "/simple/gone-for-good/")
    assert (answer.status, answer.one("X-Index-Source")) == (404, "none")
    _no_trace(world, answer)
