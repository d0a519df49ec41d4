"""Proof of non-disclosure: private names are looked for in what really went out.

Either in a log of what asks upstreams (the generated ``SERVER_NAME.fetch.json``, or any log of an upstream), or in the
bytes that a recording upstream was sent (``--listen``). A control, a made-up public name of this run, must be found
there: a record of something else proves nothing.
"""

from __future__ import annotations

import os
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
from rewritegen.names import NormalizedName

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
    """A log that grows; what stood in it before is not looked at. It may be rotated meanwhile.

    :raises OSError: when it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.where = visible(str(path))
        self.seconds = _LOG_SECONDS
        self._path = path
        # open all the time: when another file takes its name, this one is still read to its end
        self._file = path.open("rb")
        self._start = self._file.seek(0, 2)

    def read(self) -> bytes:
        """Return what was written since, there and in a file that took its place.

        Nothing when it was cut off: what stood there is lost, and without the control the rest proves nothing.
        """
        if self._file.seek(0, 2) < self._start:
            return b""
        self._file.seek(self._start)
        data = self._file.read(_MOST_BYTES)
        try:
            with self._path.open("rb") as now:
                if not os.path.sameopenfile(now.fileno(), self._file.fileno()):
                    data += b"\n" + now.read(_MOST_BYTES)
        except FileNotFoundError:
            pass  # renamed, and nobody has written again yet
        return data

    def close(self) -> None:
        """Look no more."""
        self._file.close()


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


def look_at_record(
    results: Results,
    record: Record,
    private: Iterable[NormalizedName],
    public: Iterable[NormalizedName],
    control: NormalizedName,
) -> None:
    """Look for every private name in any spelling and encoding, when all that went out is in there.

    The control must be found first. It is what was asked for last, but it stands there before what another process of
    the server sent earlier and writes later.

    :param private: the names that were asked for and may not have gone out.
    :param public: other names that were asked for; a private one may be a part of them.
    """
    began = time.monotonic()
    deadline = began + _WAIT_SECONDS
    data = _Readings(record.read())
    while not data.have(control) and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
        data = _Readings(record.read())
    said = f"{control}, a public name that was made up for this run"
    there = data.have(control)
    if not results.see("RG991", there, _SEEN, record.where, said, "it is not in there"):
        return
    if (left := began + record.seconds - time.monotonic()) > 0:
        time.sleep(left)
        data = _Readings(record.read())
    names = list(dict.fromkeys(private))
    if not names:
        words = "no name was asked for that must stay here"
        results.note("RG990", _SEEN, words, "name one: --private NAME, or claim one")
    for name in names:
        found = data.have(name, [control, *public])
        results.see("RG990", not found, _SEEN, record.where, f"nothing of {name}", "it went out")


class _Readings:
    """A record as it came, decoded once, and decoded twice; without what is in every log of this form."""

    def __init__(self, data: bytes) -> None:
        once = unquote_to_bytes(data)
        text = b"\n".join((data, once, unquote_to_bytes(once))).lower()
        self._text = _KEY.sub(b" ", text)
        self._bare = _SEPARATORS.sub(b"", self._text)

    def have(self, name: NormalizedName, others: Iterable[NormalizedName] = ()) -> bool:
        """Tell whether a name is in there by itself, in any spelling, and not only as a part of one of the others."""
        if name.replace("-", "").encode() not in self._bare:
            return False
        wanted, text = _spelled(name), self._text
        for other in others:
            if other != name and wanted.search(other.encode()):
                text = _spelled(other).sub(b" ", text)
        return wanted.search(text) is not None


_SEPARATORS = re.compile(rb"[-_.+]+")
#: Keys of JSON, and what stands for one character in a log.
_KEY = re.compile(rb'"[a-z_]+":|\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|[bfnrt])')


def _spelled(name: NormalizedName) -> re.Pattern[bytes]:
    parts = (re.escape(part.encode()) for part in name.split("-"))
    return re.compile(rb"(?<![a-z0-9])" + rb"[-_.+]*".join(parts) + rb"(?![a-z0-9])")
