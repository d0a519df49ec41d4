"""Proof of non-disclosure: private names are looked for in what really went out.

Either in a log of what asks upstreams (the generated ``SERVER_NAME.fetch.json``, or any log of an upstream), or in the
bytes that a recording upstream was sent (``--listen``). A control, a made-up public name of this run, must be found
there: a record of something else proves nothing.
"""

from __future__ import annotations

import re
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote_to_bytes

from rewritegen.check.results import About, Results
from rewritegen.diagnostics import visible

__all__ = ["Listener", "LogFile", "Record", "look_at_record"]

_SEEN = About("non-disclosure", "private[0].claims", "claims")

#: For the control to be there.
_WAIT_SECONDS = 8.0
#: Each process of nginx writes what it has after five seconds (`flush` of our `access_log`), whatever others wrote.
_LOG_SECONDS = 6.0
_PAUSE_SECONDS = 0.1
_MOST_BYTES = 256 << 20


class Record(Protocol):
    """What went out since the check began."""

    where: str
    seconds: float
    """How long it may take until what went out is in there."""

    def read(self) -> bytes:
        """Return all of it that there is by now."""


class LogFile:
    """A log that grows; what stood in it before is not looked at."""

    def __init__(self, path: Path) -> None:
        self.where = visible(str(path))
        self.seconds = _LOG_SECONDS
        self._path = path
        self._start = path.stat().st_size

    def read(self) -> bytes:
        """Return what was written since; all of it, when the log was rotated."""
        with self._path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(self._start if size >= self._start else 0)
            return file.read(_MOST_BYTES)


class Listener:
    """An upstream that has nothing, and keeps every byte that it is sent."""

    def __init__(self, address: str, port: int) -> None:
        self.where = f"what was sent to {address}:{port}"
        self.seconds = 0.0  # who asks waits for an answer, which comes after it
        self._pieces: list[bytes] = []
        record = self._pieces.append

        class Handler(socketserver.StreamRequestHandler):
            timeout = 30.0

            def handle(self) -> None:
                _answer_all(self.connection, record)

        family = socket.AF_INET6 if ":" in address else socket.AF_INET

        class Server(socketserver.ThreadingTCPServer):
            address_family = family
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server((address, port), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def read(self) -> bytes:
        """Return everything that came so far."""
        return b"".join(self._pieces)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _answer_all(connection: socket.socket, record: Callable[[bytes], None]) -> None:
    pending = b""
    try:
        while piece := connection.recv(65536):
            record(piece)
            pending += piece
            while b"\r\n\r\n" in pending:
                pending = pending.partition(b"\r\n\r\n")[2]
                connection.sendall(
                    b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n"
                )
    except OSError:
        return


def look_at_record(results: Results, record: Record, private: Iterable[str], control: str) -> None:
    """Look for every private name in any spelling and encoding, when all that went out is in there.

    The control must be found first. It is what was asked for last, but it stands there before what another process of
    the server sent earlier and writes later.
    """
    began = time.monotonic()
    deadline = began + _WAIT_SECONDS
    data = _plain(record.read())
    while _bare(control) not in data and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
        data = _plain(record.read())
    there = _bare(control) in data
    said = f"{control}, a public name that was made up for this run"
    if not results.see("RG991", there, _SEEN, record.where, said, "it is not in there"):
        return
    if (left := began + record.seconds - time.monotonic()) > 0:
        time.sleep(left)
        data = _plain(record.read())
    for name in dict.fromkeys(private):
        found = _bare(name) in data
        results.see("RG990", not found, _SEEN, record.where, f"nothing of {name}", "it went out")


def _bare(name: str) -> bytes:
    return re.sub("[-_.]", "", name.lower()).encode()


def _plain(data: bytes) -> bytes:
    """Return the record with every spelling of a name alike: as it came, decoded once, and twice."""
    once = unquote_to_bytes(data)
    return b"\n".join(
        re.sub(rb"[-_.+]", b"", text.lower()) for text in (data, once, unquote_to_bytes(once))
    )
