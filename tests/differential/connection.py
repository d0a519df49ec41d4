"""One client's connection: requests one after the other on the same socket, as long as the server keeps it."""

from __future__ import annotations

import contextlib
import socket
from types import TracebackType

from tests.support.processes import HOST
from tests.support.wire import Answer, parse_answer, send

__all__ = ["Connection"]

_SECONDS = 10.0


class Connection:
    """A connection that is opened again when the server has closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._socket: socket.socket | None = None

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(self, data: bytes, *, alone: bool) -> Answer:
        """Send one request and read its answer.

        :param alone: on a connection of its own, which is read until the server closes it: for what is no ordinary
            request, after which nobody knows where the next answer begins.
        """
        if alone:
            return send(self.port, data)
        kept = self._socket is not None
        try:
            return self._ask(data)
        except (ConnectionError, EOFError):
            self.close()
            if not kept:
                raise
        return self._ask(data)  # the server had closed a connection that waited

    def _ask(self, data: bytes) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection((HOST, self.port), timeout=_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(data)
        reader = _Reader(self._socket)
        head = reader.until(b"\r\n\r\n")
        lines = head.decode("latin-1").lower().split("\r\n")
        status = int(lines[0].split()[1])
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        body = b""
        if not data.startswith(b"HEAD ") and status not in (204, 304):
            body = reader.body(headers)
        if "close" in headers.get("connection", "") or reader.ended:
            self.close()
        elif reader.rest:
            raise AssertionError(f"bytes behind the answer: {reader.rest[:200]!r}")
        return parse_answer(head + body, data.startswith(b"HEAD "))


class _Reader:
    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self.rest = b""
        self.ended = False

    def _more(self) -> None:
        chunk = self._stream.recv(262144)
        if not chunk:
            raise EOFError("the server closed the connection")
        self.rest += chunk

    def until(self, end: bytes) -> bytes:
        while end not in self.rest:
            self._more()
        head, _, self.rest = self.rest.partition(end)
        return head + end

    def exactly(self, size: int) -> bytes:
        while len(self.rest) < size:
            self._more()
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def body(self, headers: dict[str, str]) -> bytes:
        """The body as it came, chunks and all."""
        if "content-length" in headers:
            return self.exactly(int(headers["content-length"]))
        if headers.get("transfer-encoding") != "chunked":
            with contextlib.suppress(EOFError):
                while True:
                    self._more()
            self.ended = True
            taken, self.rest = self.rest, b""
            return taken
        whole = b""
        while True:
            line = self.until(b"\r\n")
            size = int(line.split(b";")[0], 16)
            whole += line + self.exactly(size + 2)
            if not size:
                return whole
