"""Pages of upstreams that are large, endless, or full of links to somewhere: bounded, and no way to another host."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import pytest

from tests.hostile.test_upstreams import CHUNKED, JSON, World, chunk, head, page, world
from tests.servers.test_links import rewritten
from tests.support.compare import hrefs
from tests.support.processes import HOST, wait_until
from tests.support.raw_upstream import Sender
from tests.support.wire import ask, request_bytes

__all__ = ["world"]

pytestmark = [pytest.mark.server, pytest.mark.slow]

each_site = pytest.mark.parametrize("label", ["copies", "plain"])

LINKS = 100_000
#: A worker holds a page while it writes it; more than that, or more with each page, is a leak.
MOST_KILOBYTES = {"nginx": 40_000, "apache": 150_000}


def largest(world: World) -> int:
    return max(world.workers().values())


@each_site
@pytest.mark.parametrize(
    "lines",
    [pytest.param(True, id="lines", marks=pytest.mark.long), pytest.param(False, id="one line")],
)
def test_a_hundred_thousand_links(world: World, label: str, lines: bool) -> None:
    """Ten times as many as any project has; each is rewritten."""
    live = world.sites[label]
    name = f"{label}-many-{'lines' if lines else 'one'}"
    origin = world.index.files.origin
    end = "\n" if lines else ""
    links = "".join(
        f'<a href="{origin}/packages/{number:x}/acme_foo-{number}.whl#sha256=0">x</a>{end}'
        for number in range(LINKS)
    ).encode()
    world.index.raw[f"{world.index.mount}{name}/"] = page(body=links)
    right, took = rewritten(live.plan, links), 0.0
    for _ in range(3):
        began = time.monotonic()
        answer = ask(live.port, f"/simple/{name}/")
        took += time.monotonic() - began
        assert answer.status == 200
        assert answer.body == right
    assert took < 20
    assert largest(world) < MOST_KILOBYTES[world.kind]
    # the names that are claimed are not asked for, whoever links to them
    world.index.files.forget()
    assert ask(live.port, "/files/up/~1/packages/7/acme_foo-7.whl").status == 404
    assert world.index.files.requests == []
    world.ordinary(live)


#: ``{own}`` is the file host, ``{index}`` the index, ``{else}`` another host that listens, ``{port}`` its port.
LINKED = {
    "script": "javascript:alert(1)",
    "script in capitals": "JaVaScRiPt://{own}/%0aalert(1)",
    "data": "data:text/html,<script src={else}/x></script>",
    "file": "file:///etc/passwd",
    "another host": "{else}/x-1.0.tar.gz",
    "without scheme": "//{else_host}/x-1.0.tar.gz",
    "backslashes": "\\\\{else_host}\\x-1.0.tar.gz",
    "host as user": "{own}@{else_host}/x-1.0.tar.gz",
    "host as user with a slash": "http://{own_host}:@{else_host}/x-1.0.tar.gz",
    "host goes on": "{own}.example.org/x-1.0.tar.gz",
    "port goes on": "{own}0/x-1.0.tar.gz",
    "host in the path": "{own}//{else_host}/x-1.0.tar.gz",
    "url in the path": "{own}/{else}/x-1.0.tar.gz",
    "url in the query": "{own}/x-1.0.tar.gz?url={else}/y",
    "user in the path": "{own}/@{else_host}/x-1.0.tar.gz",
    "climbs": "{own}/../../../{else_host}/x-1.0.tar.gz",
    "climbs encoded": "{own}/%2e%2e/%2e%2e/x-1.0.tar.gz",
    "climbs to another source": "../../files/team/acme-foo/x-1.0.tar.gz",
    "climbs out": "../../../../../../etc/passwd",
    "line feed": "{own}/x%0d%0aHost:%20{else_host}/x-1.0.tar.gz",
    "blank": "{own}/x HTTP/1.1/x-1.0.tar.gz",
    "absolute path": "/files/up/http:/{else_host}/x-1.0.tar.gz",
    "inner location": "/-/rg_ask/up/acme-foo/",
    "inner fetch": "/files/-/up/x-1.0.tar.gz",
    "private page": "../acme-foo/",
    "private ghost": "../acme-ghost/",
    "private file": "{own}/packages/acme_foo-9.0-py3-none-any.whl",
    "private file in capitals": "{own}/packages/ACME.Foo-9.0.tar.gz",
    "private file of the index": "{index}/packages/acme-foo/x-9.0.tar.gz",
    "page of the index": "{index}/simple/acme-foo/",
    "page as a file": "{own}/simple/acme-foo/",
    "second file host": "../../files/up/~1/simple/acme-foo/",
    "third file host": "../../files/up/~2/x-1.0.tar.gz",
}


@each_site
@pytest.mark.parametrize("word", LINKED)
def test_no_link_leads_to_another_host_through_here(world: World, label: str, word: str) -> None:
    """Followed as a client does, by this host, and raw: nobody else is asked for anything, nor for what is ours."""
    live = world.sites[label]
    own, other = world.index.files.origin, world.elsewhere.origin
    places = {"own": own, "own_host": own.removeprefix("http://"), "index": world.index.origin}
    places |= {"else": other, "else_host": other.removeprefix("http://")}
    link = LINKED[word].format(**places)
    name = f"{label}-link-{word.replace(' ', '-')}"
    body = f'<html><body><a href="{link}">x</a></body></html>'.encode()
    world.index.raw[f"{world.index.mount}{name}/"] = page(body=body)
    answer = ask(live.port, f"/simple/{name}/")
    assert answer.status == 200
    assert answer.body == rewritten(live.plan, body)
    (found,) = hrefs(answer.body)
    for recorder in (world.index, world.index.files, world.elsewhere):
        recorder.forget()
    here = f"http://{HOST}:{live.port}"
    for target in {found, urljoin(f"{here}/simple/{name}/", found).removeprefix(here)}:
        raw = target.partition("#")[0]
        got = ask(live.port, raw if raw.startswith("/") else f"/{raw}")
        ours = got.one("X-Index-Source") == "private/team"  # a link may lead to what is ours, here
        assert got.status in (0, 301, 400, 404, 502) or (ours and got.status == 200)
        assert b"root:x:0" not in got.raw
        assert not (got.one("Location") or "/").startswith(("http", "//", "\\"))
    assert world.elsewhere.requests == []
    asked = [*world.index.requests, *world.index.files.requests]
    assert not [request for request in asked if b"acme" in request.raw.lower()]
    hosts = {world.index.origin, own}
    assert {f"http://{request.headers['host']}" for request in asked} <= hosts
    assert all(request.target.startswith("/") for request in asked)


# ---------------------------------------------------------------- without an end


def endless(
    start: bytes,
    piece: bytes,
    stopped: threading.Event,
    pause: float = 0,
    told: Callable[[int], object] = lambda size: None,
) -> Sender:
    """Send the same piece for ever; the event says that the other side has had enough."""

    def send(connection: socket.socket) -> None:
        try:
            connection.sendall(start)
            for _ in itertools.count():
                connection.sendall(piece)
                told(len(piece))
                if pause and stopped.wait(pause):
                    return
        except OSError:
            stopped.set()

    return send


BLOCK = b"<a href='x'>x</a>" * 4000
PLAIN = head("Content-Type: text/html", "Connection: close")
ENDLESS = {
    "body": (PLAIN, BLOCK + b"\n"),
    "one line": (PLAIN, BLOCK),
    "chunks": (CHUNKED, chunk(BLOCK + b"\n")),
    "small chunks": (CHUNKED, chunk(b"x") * 1000),
    "json": (head(f"Content-Type: {JSON}"), b'{"a": "b"}, ' * 1000),
    "headers": (head()[:-2], b"X-A: a\r\n" * 1000),
    "one header": (head()[:-2] + b"X-A: ", b"a" * 10_000),
    "status line": (b"HTTP/1.1 200 ", b"O" * 10_000),
    "early hints": (b"", head(status="103 Early Hints") * 100),
}


@contextlib.contextmanager
def reading(port: int, target: str) -> Iterator[socket.socket]:
    with socket.create_connection((HOST, port), timeout=20) as client:
        client.sendall(request_bytes(target))
        yield client


def taken(client: socket.socket, most: int) -> int:
    """Read so many bytes, or to the end."""
    count = 0
    while count < most and (data := client.recv(1 << 20)):
        count += len(data)
    return count


#: What has a body at all.
BODIES = frozenset({"body", "one line", "chunks", "small chunks", "json"})


def bounded(kind: str, label: str) -> Iterator[str]:
    """What a server bounds. The rest is in docs/limits.md; it would take minutes, or the disk.

    * httpd: mod_substitute holds a line until it ends, looks at all of it again with each piece, and writes nothing, so
      that it does not see that the client has gone; headers without an end keep it reading.
    * nginx: each chunk of one byte takes a hundred bytes; what it keeps, it fetches whoever waits, 64 MB at most.
    """
    never = {
        "apache": {"one line", "json", "small chunks", "headers", "one header"},
        "nginx": {"small chunks", *(BODIES if label == "copies" else ())},
    }
    return (word for word in ENDLESS if word not in never[kind])


@each_site
def test_an_answer_without_end(world: World, label: str) -> None:
    """What a client takes goes through; when it has gone, so is the answer; and the memory does not grow with it."""
    words = list(bounded(world.kind, label))
    assert len(words) >= 4
    for word in words:
        _without_end(world, label, word)


def _without_end(world: World, label: str, word: str) -> None:
    live = world.sites[label]
    name = f"{label}-endless-{word.replace(' ', '-')}"
    stopped = threading.Event()
    world.index.raw[f"{world.index.mount}{name}/"] = endless(*ENDLESS[word], stopped)
    with reading(live.port, f"/simple/{name}/") as client:
        taken(client, 30_000_000)
    wait_until(stopped.is_set, f"{word}: the upstream is left alone", 20)
    assert largest(world) < MOST_KILOBYTES[world.kind], word
    world.ordinary(live)


@dataclass(slots=True)
class Sent:
    """What an upstream is rid of, and since when no more of it."""

    size: int = 0
    at: float = field(default_factory=time.monotonic)

    def more(self, size: int) -> None:
        """Note a piece; more than any page is the end of the test.

        :raises OSError: which closes the connection.
        """
        self.size += size
        self.at = time.monotonic()
        if self.size > 600_000_000:
            raise OSError("nobody stops this")

    @property
    def stands(self) -> bool:
        return time.monotonic() - self.at > 1.5


#: What httpd does not bound by time or size, see above, it does not write either.
KEPT = {"nginx": ("body", "one line", "json"), "apache": ("body", "chunks")}


def test_no_page_without_end_fills_the_disk(world: World) -> None:
    """nginx fetches what it keeps whoever waits for it, but 64 MB at most; httpd ends with the client."""
    for word in KEPT[world.kind]:
        name = f"kept-endless-{word.replace(' ', '-')}"
        _kept_without_end(world, word, f"{world.index.mount}{name}/", f"/simple/{name}/")


@pytest.mark.parametrize("word", ["body", "chunks", "longer than any disk"])
def test_no_file_without_end_fills_the_disk(world: World, word: str) -> None:
    """One that does not say how long it is, or is too long, is not kept, and so goes to a client only."""
    path = f"/packages/endless-{len(word)}.0.tar.gz"
    _kept_without_end(world, word, path, f"/files/up{path}")
    assert ask(world.sites["copies"].port, "/-/health").status == 200


def _on_disk(directory: Path) -> int:
    """Bytes of all files; a server may remove what it writes just now."""
    size = 0
    for path in directory.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            size += path.stat().st_size
    return size


def _kept_without_end(world: World, word: str, path: str, target: str) -> None:
    live = world.sites["copies"]
    stopped, sent = threading.Event(), Sent()
    start, piece = ENDLESS.get(word, (head("Content-Length: 99999999999"), BLOCK))
    world.index.raw[path] = endless(start, piece, stopped, told=sent.more)
    with reading(live.port, target) as client:
        assert taken(client, 1_000_000) >= 1_000_000
    wait_until(lambda: sent.stands or stopped.is_set(), f"{word}: no more is asked for", 60)
    assert sent.size < 400_000_000, word
    assert _on_disk(world.place) < 450_000_000, word
    world.ordinary(live)
