"""Upstreams that answer with bytes of their own: what they do to a client, to the next client, and to the machine.

Each answer is asked for at a site with copies and at one without, twice; behind it, an ordinary page of the same
upstream must be what it is, because what follows an answer on a kept connection is read as the next one.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support import trees
from tests.support.processes import free_port, traversable_directory
from tests.support.raw_upstream import RawIndex, Sender, peak_kilobytes
from tests.support.recorder import Recorder
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, index_site, start_site, write_site
from tests.support.tools import require
from tests.support.upstream import Recorded, Reply, upstream
from tests.support.wire import Answer, ask

pytestmark = [pytest.mark.server, pytest.mark.slow]

JSON = "application/vnd.pypi.simple.v1+json"
TYPES = frozenset({"text/html", JSON, "application/vnd.pypi.simple.v1+html"})
EVIL = "evil-cookie"
PAGE = b"<!DOCTYPE html><html><body><a href='x'>x</a></body></html>"
UNAVAILABLE = frozenset({500, 502, 503, 504})


class Elsewhere(Recorder):
    """Another host on this machine: to be asked for nothing."""

    def reply(self, request: Recorded) -> Reply:
        return Reply(200, {"Content-Type": "text/html", "Set-Cookie": EVIL}, PAGE)


@dataclass(slots=True)
class World:
    """One server with both sites."""

    kind: str
    place: Path
    index: RawIndex
    elsewhere: Elsewhere
    sites: dict[str, LiveSite] = field(default_factory=dict)

    def workers(self) -> dict[tuple[str, int], int]:
        """The largest size of each process so far, in kB."""
        return {
            (label, pid): size
            for label, live in self.sites.items()
            for pid, size in peak_kilobytes(live.server.process.pid).items()
        }

    def ordinary(self, live: LiveSite) -> None:
        """The upstream's other pages are what they are, on whatever connection they come."""
        number = len(self.index.projects)
        names = [f"ordinary-{number}-{count}" for count in range(3)]
        for name in names:
            self.index.add(name, wheels(f"{name}-1.0")[name])
        for name in names:
            deadline = time.monotonic() + 10
            while (answer := ask(live.port, f"/simple/{name}/")).status in UNAVAILABLE:
                assert time.monotonic() < deadline, "it is not asked again"
                time.sleep(0.05)
            assert answer.status == 200
            assert f"{name.replace('-', '_')}-1.0".encode() in answer.body
            assert EVIL.encode() not in answer.raw


@pytest.fixture(scope="module", params=["nginx", "apache"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    require(request.param)
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(traversable_directory())
        index = RawIndex(wheels("acme-foo-9.0", "gone-tool-9.0"))
        stack.enter_context(upstream(index))
        elsewhere = Elsewhere()
        elsewhere.open()
        stack.callback(elsewhere.refuse)
        team = trees.projects(place / "team", wheels("acme-foo-1.0"))
        made = World(request.param, place, index, elsewhere)
        settings = {
            "state": str(place / "state"),
            "private": [{"name": "team", "path": str(team), "claims": ["acme-*"]}],
            "fallbacks": [
                {
                    "name": "up",
                    "proxy": index.url,
                    "files": [f"{index.files.origin}/"],
                    "connect": "1s",
                    "read": "1s",
                    "retry": "1s",
                }
            ],
        }
        cache = {"cache": {"path": str(place / "cache"), "pages": "1h"}}
        for label, more in {"copies": cache, "plain": {}}.items():
            site = write_site(place / f"{label}.yaml", {**settings, **more}, free_port())
            index_site(site)
            made.sites[label] = start_site(request.param, site, place / label)
            stack.callback(made.sites[label].server.stop)
        yield made


# ---------------------------------------------------------------- answers


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")


def page(*lines: str, body: bytes = PAGE, media: str = "text/html") -> bytes:
    """A page that is right but for these header lines."""
    return head(f"Content-Type: {media}", f"Content-Length: {len(body)}", *lines) + body


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


CHUNKED = head("Content-Type: text/html", "Transfer-Encoding: chunked")
SECOND = page(f"Set-Cookie: {EVIL}", body=f"<a href='{EVIL}'>{EVIL}</a>".encode())
COOKIE = f"Set-Cookie: {EVIL}"

#: Headers.
HEADERS = {
    "folded": page(f"X-A: a\r\n {COOKIE}"),
    "folded with a tab": page(f"X-A: a\r\n\t{COOKIE}"),
    "folded type": page("Content-Type: text/html;\r\n charset=utf-7"),
    "carriage return": page(f"X-A: a\r{COOKIE}"),
    "line feeds": page(f"X-A: a\n{COOKIE}\nX-B: b"),
    "nul in a value": page(f"X-A: a\0{COOKIE}"),
    "nul in a name": page(f"X\0A: a\r\n{COOKIE}"),
    "no colon": page(f"X-A\r\n{COOKIE}"),
    "blank before the colon": page(f"Set-Cookie : {EVIL}"),
    "control characters": page(f"X-A: \x01\x08\x1b[2J\r\n{COOKIE}"),
    "long line": page("X-A: " + "a" * 100_000),
    "many lines": page(*(f"X-{number}: a" for number in range(5000))),
    "line without end": head("Content-Type: text/html")[:-2] + b"X-A: " + b"a" * 3_000_000,
    "cookies": page(COOKIE, f"Set-Cookie2: {EVIL}"),
    "sendfile": page("X-Sendfile: /etc/passwd", "X-Lighttpd-Send-File: /etc/passwd"),
    "accel": page("X-Accel-Redirect: /-/rg_page/team/acme-foo/index.html", "X-Accel-Expires: 9"),
    "accel charset": page(
        "X-Accel-Charset: utf-7", "X-Accel-Limit-Rate: 1", "X-Accel-Buffering: no"
    ),
    "location": page("Location: https://elsewhere.example.org/", "Refresh: 0;url=//elsewhere/"),
    "two types": page("Content-Type: application/x-evil"),
    "utf-7": page(media="text/html; charset=utf-7"),
    "utf-16": page(media="text/html; charset=utf-16", body="<p>x".encode("utf-16")),
    "no charset at all": page(media="text/html; charset="),
    "type with a quote": page(media='text/html; charset="utf-8'),
    "early hints": head(COOKIE, "Link: </x>; rel=preload", status="103 Early Hints") + page(),
    "continue": head(status="100 Continue") * 3 + page(),
    "upgrade": head(
        "Upgrade: evil", "Connection: Upgrade", COOKIE, status="101 Switching Protocols"
    ),
    "connection names a header": page("Connection: Content-Type, X-Index-Source"),
    "trailer": CHUNKED + chunk(PAGE) + f"0\r\n{COOKIE}\r\nContent-Type: x/y\r\n\r\n".encode(),
}

#: Bodies that are not as long as they say, or not coded as they say.
BODIES = {
    "shorter than it says": head("Content-Type: text/html", "Content-Length: 10000") + PAGE,
    "two lengths": page(f"Content-Length: {len(PAGE) + 1}") + b"x",
    "negative length": head("Content-Type: text/html", "Content-Length: -1") + PAGE,
    "length of twenty digits": head("Content-Type: text/html", f"Content-Length: {'9' * 20}")
    + PAGE,
    "length and chunks": page("Transfer-Encoding: chunked"),
    "unknown transfer coding": page("Transfer-Encoding: evil"),
    "chunk of no size": CHUNKED + b"x\r\n" + PAGE,
    "chunk of all memory": CHUNKED + b"ffffffffffffffff\r\n" + PAGE,
    "chunk that ends early": CHUNKED + b"fff\r\n" + PAGE,
    "no last chunk": CHUNKED + chunk(PAGE),
    "chunk with an endless extension": CHUNKED + b"1;" + b"x" * 1_000_000 + b"\r\na\r\n0\r\n\r\n",
    "gzip": page("Content-Encoding: gzip", body=gzip.compress(PAGE)),
    "gzip that is none": page("Content-Encoding: gzip"),
    "deflate": page("Content-Encoding: deflate", body=zlib.compress(PAGE)),
    "brotli that is none": page("Content-Encoding: br"),
    "unknown coding": page("Content-Encoding: evil"),
    "two codings": page("Content-Encoding: gzip, gzip", body=gzip.compress(gzip.compress(PAGE))),
    "bomb": page("Content-Encoding: gzip", body=gzip.compress(bytes(100_000_000))),
}

#: Types that no page has. A browser that came here would run some of them.
OTHER_TYPES = {
    word: page(media=media)
    for word, media in {
        "svg": "image/svg+xml",
        "script": "text/javascript",
        "xhtml": "application/xhtml+xml",
        "json": "application/json",
        "multipart": "multipart/x-mixed-replace; boundary=x",
        "empty": "",
        "nonsense": "evil",
        "almost": "text/htmlx",
        "two in one": "text/html, application/x-evil",
    }.items()
} | {"none": head(f"Content-Length: {len(PAGE)}") + PAGE}

#: A whole answer behind the answer, for whoever is next on this connection.
SMUGGLED = {
    "behind the length": page() + SECOND,
    "behind the chunks": CHUNKED + chunk(PAGE) + b"0\r\n\r\n" + SECOND,
    "behind a 404": head("Content-Length: 0", status="404 Not Found") + SECOND,
    "behind a 304": head(status="304 Not Modified") + SECOND,
    "behind a 204": head(status="204 No Content") + SECOND,
    "behind a redirect": head("Content-Length: 0", "Location: /x", status="302 Found") + SECOND,
    "behind an empty length": head("Content-Type: text/html", "Content-Length: 0") + SECOND,
    "behind a failure": head("Content-Length: 0", status="500 No") + SECOND,
}


def get(live: LiveSite, name: str, accept: str | None = None) -> Answer | None:
    """One page; None when the answer breaks off, which a client sees."""
    try:
        return ask(live.port, f"/simple/{name}/", accept=accept)
    except (AssertionError, ConnectionError):
        return None


def check(world: World, answer: Answer | None) -> None:
    """What no upstream can do to a client."""
    assert world.elsewhere.requests == []
    if answer is None:
        return
    assert answer.status in {0, 200, 404} | UNAVAILABLE
    names = {name.lower() for name, _ in answer.headers}
    assert not names & {"set-cookie", "set-cookie2", "location", "refresh", "upgrade", "link"}
    assert not {name for name in names if name.startswith(("x-accel", "x-sendfile", "x-lighttpd"))}
    assert b"root:x:0" not in answer.raw
    assert b"acme_foo" not in answer.raw
    if answer.status == 200:
        assert answer.one("X-Index-Source") == "proxy/up"
        assert answer.content_type in TYPES
    elif answer.status:
        assert answer.one("X-Index-Source") == "none"


def check_row(world: World, label: str, word: str, raw: bytes | Sender) -> None:
    """Ask twice (the second time a copy may answer), and then for something else."""
    live = world.sites[label]
    name = f"{label}-{re.sub('[^a-z0-9]+', '-', word)}"
    path = f"{world.index.mount}{name}/"
    world.index.raw[path] = raw
    world.index.keeps_open.add(path)
    began = time.monotonic()
    for _ in range(2):
        answer = get(live, name)
        check(world, answer)
    assert time.monotonic() - began < 20
    world.ordinary(live)


each_site = pytest.mark.parametrize("label", ["copies", "plain"])


@each_site
@pytest.mark.parametrize("word", HEADERS)
def test_headers(world: World, label: str, word: str) -> None:
    check_row(world, label, word, HEADERS[word])


@pytest.mark.parametrize("label", ["copies", pytest.param("plain", marks=pytest.mark.long)])
@pytest.mark.parametrize("word", BODIES)
def test_bodies(world: World, label: str, word: str) -> None:
    check_row(world, label, word, BODIES[word])


@each_site
@pytest.mark.parametrize("word", OTHER_TYPES)
def test_other_types(world: World, label: str, word: str) -> None:
    check_row(world, label, f"type {word}", OTHER_TYPES[word])


@each_site
@pytest.mark.parametrize("word", SMUGGLED)
def test_an_answer_behind_the_answer(world: World, label: str, word: str) -> None:
    check_row(world, label, word, SMUGGLED[word])
