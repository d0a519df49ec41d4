"""What is kept of an upstream is a whole page and nothing else, whatever the upstream says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import HOST, free_port
from tests.support.sites import LiveSite, start_site, write_site
from tests.support.wire import request_bytes

pytestmark = pytest.mark.server

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\ngood\n"
KEEP = b"Cache-Control: max-age=1000\r\nX-Accel-Expires: 1000\r\n"
STEER = b"X-Accel-Redirect: /-/rg_absent/team\r\n"
FORGED = b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"

ODD = {
    "no HTTP": b"garbage\n",
    "headers without HTTP": b"X\r\n" + STEER + KEEP + b"\r\n",
    "100": b"HTTP/1.1 100 Continue\r\n" + STEER + KEEP + FORGED,
    "101": b"HTTP/1.1 101 Switching\r\n" + KEEP + FORGED,
    "201": b"HTTP/1.1 201 Created\r\n" + KEEP + b"Content-Length: 2\r\n\r\nab",
    "204": b"HTTP/1.1 204 None\r\n" + KEEP + b"\r\n",
    "206": b"HTTP/1.1 206 Part\r\n"
    + KEEP
    + b"Content-Range: bytes 0-1/5\r\nContent-Length: 2\r\n\r\nab",
    "200, cut": b"HTTP/1.1 200 OK\r\n" + KEEP + b"Content-Length: 20\r\n\r\nab",
    "text": b"HTTP/1.1 200 OK\r\n"
    + KEEP
    + b"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nab",
    "no type": b"HTTP/1.1 200 OK\r\n" + KEEP + b"Content-Length: 2\r\n\r\nab",
    "500": b"HTTP/1.1 500 Error\r\n" + KEEP + b"Content-Length: 2\r\n\r\nab",
}


class Odd:
    """An upstream that sends bytes as they are."""

    def __init__(self) -> None:
        self.answer = GOOD
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(self.answer)

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()


@pytest.fixture(scope="module")
def odd() -> Iterator[Odd]:
    """The upstream."""
    upstream = Odd()
    yield upstream
    upstream.close()


@pytest.fixture(scope="module")
def live(odd: Odd, shared_place: Path) -> Iterator[LiveSite]:
    """A site that keeps copies of it."""
    root = shared_place / "kept"
    (root / "team").mkdir(parents=True)
    (root / "team" / ".rewritegen-root").touch()
    settings = {
        "private": [{"name": "team", "path": str(root / "team"), "listing": "automatic"}],
        "fallbacks": [{"name": "odd", "proxy": f"http://{HOST}:{odd.port}/simple/", "retry": "1s"}],
        "cache": {"path": str(root / "cache"), "pages": "1h"},
    }
    site = start_site("nginx", write_site(root / "site.yaml", settings, free_port()), root / "tree")
    yield site
    site.server.stop()


def got(live: LiveSite, name: str) -> bytes:
    """Everything that comes back."""
    received = b""
    with socket.create_connection((HOST, live.port), timeout=10) as stream:
        stream.sendall(request_bytes(f"/simple/{name}/"))
        while chunk := stream.recv(65536):
            received += chunk
    return received


@pytest.mark.parametrize("what", ODD)
def test_nothing_odd_is_kept(odd: Odd, live: LiveSite, what: str) -> None:
    name = "project-" + "".join(character for character in what.lower() if character.isalnum())
    odd.answer = ODD[what]
    first = got(live, name)
    assert b"X-Cache: HIT" not in first
    assert b"private/team" not in first
    odd.answer = GOOD
    again = got(live, name)
    assert b"X-Cache: MISS" in again
    assert b"good\n" in again
    assert b"X-Cache: HIT" in got(live, name)
