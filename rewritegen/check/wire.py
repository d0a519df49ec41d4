"""HTTP as it goes over the wire: requests that a client library would not send, answers as they came.

One client for ordinary and for hostile requests, because what is to be proved is about bytes: no path is normalised,
no redirect followed, no header added that was not asked for. No proxy of the environment is used: a private name is
sent to the URL and nowhere else.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import NamedTuple

from rewritegen import __version__
from rewritegen.check.target import Target
from rewritegen.diagnostics import visible

__all__ = ["Answer", "Ask", "Limits", "OutOfTimeError", "Wire"]

#: Bytes of a body that are read; a page of tens of megabytes is read whole, a wheel of gigabytes is not.
MOST_BYTES = 64 << 20

_PIECE = 1 << 16

_AGENT = f"rewritegen-check/{__version__}"


class OutOfTimeError(Exception):
    """The time for the whole check is up."""


class Limits(NamedTuple):
    """How polite the check is."""

    rate: float = 100.0
    """Requests a second, all connections together; 0: as fast as it goes."""
    timeout: float = 15.0
    """Seconds that the server may be silent."""
    total: float = 120.0
    """Seconds for the whole check; 0: as long as it takes."""
    connections: int = 8


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; ``target`` is a path of the site, as raw as it is to be sent."""

    target: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    known: bool = True
    """Send the credentials along."""
    absolute: str = ""
    """Takes the place of the whole request target, such as ``http://other.example.org/``."""
    version: str = "HTTP/1.1"
    host: str | None = ""
    """Another Host header than the server's own; None: none."""

    @property
    def line(self) -> str:
        """The request as a person reads it."""
        extra = "".join(f", {name}: {value}" for name, value in self.headers)
        return visible(f"{self.method} {self.absolute or self.target}{extra}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``status`` 0: nothing that is HTTP; ``problem`` says what happened."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    problem: str = ""
    whole: bool = True
    """The body ended where it said, and was not longer than what is read."""

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())

    def one(self, name: str) -> str:
        """The values of a header, joined; empty when there is none."""
        return ", ".join(dict.fromkeys(self.all(name)))

    @property
    def is_refusal(self) -> bool:
        """Tell whether the server itself ended it without HTTP; when it was silent, nobody knows what it did."""
        return not self.status and self.problem != _SILENT

    @property
    def source(self) -> str:
        """X-Index-Source."""
        return self.one("X-Index-Source")

    @property
    def media_type(self) -> str:
        """The media type without its parameters."""
        return self.one("Content-Type").partition(";")[0].strip().lower()

    @property
    def vary(self) -> frozenset[str]:
        """The names in Vary, in lower case."""
        names = self.one("Vary").split(",")
        return frozenset(name.strip().lower() for name in names if name.strip())

    @property
    def said(self) -> str:
        """The answer in a few words, for people."""
        if not self.status:
            return self.problem or "no answer"
        words = [
            str(self.status),
            f"X-Index-Source {self.source}" if self.source else "no X-Index-Source",
        ]
        for name in ("Location", "X-Cache"):
            if value := self.one(name):
                words.append(f"{name} {value}")
        if self.problem:
            words.append(self.problem)
        return visible(", ".join(words))


@dataclass(slots=True)
class Wire:
    """Connections to one server, one for each thread, with limits that hold for all of them together."""

    target: Target
    limits: Limits = field(default_factory=Limits)
    credentials: tuple[tuple[str, str], ...] = ()
    tls: ssl.SSLContext | None = None
    strangers_tls: ssl.SSLContext | None = None
    """How somebody connects who has no client certificate; None: as everybody."""
    asked: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next: float = 0.0
    _deadline: float = 0.0
    _local: threading.local = field(default_factory=threading.local)
    _open: list[socket.socket] = field(default_factory=list)

    def begin(self) -> None:
        """Start the clock of the whole check."""
        self._deadline = time.monotonic() + self.limits.total if self.limits.total else 0.0

    def ask(self, ask: Ask) -> Answer:
        """Send one request and read the answer.

        :raises OutOfTimeError: when the time for the whole check is up.
        """
        self._wait_for_turn()
        data = self._bytes(ask)
        if not ask.known and self.strangers_tls is not None:
            return self._alone(data, ask)
        kept = getattr(self._local, "connection", None)
        if kept is not None:
            answer = self._exchange(kept, data, ask)
            # a kept connection may have been closed meanwhile: that says nothing about this request
            if answer.status or answer.problem != _CLOSED:
                return answer
        try:
            self._local.connection = self.connect()
        except OSError as error:
            self._local.connection = None
            return Answer(0, problem=_reason(error))
        return self._exchange(self._local.connection, data, ask)

    def connect(self, tls: ssl.SSLContext | None = None) -> socket.socket:
        """Return a new connection.

        :raises OSError: when it cannot be made; certificates are verified.
        """
        place = (self.target.connect or self.target.host, self.target.port)
        plain = socket.create_connection(place, self.limits.timeout)
        context = tls or self.tls
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made = (
                context.wrap_socket(plain, server_hostname=self.target.host) if context else plain
            )
        except BaseException:
            plain.close()
            raise
        with self._lock:
            self._open.append(made)
        return made

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()

    def _wait_for_turn(self) -> None:
        with self._lock:
            self.asked += 1
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + (1 / self.limits.rate if self.limits.rate else 0.0)
        if self._deadline and turn > self._deadline:
            raise OutOfTimeError
        if turn > now:
            time.sleep(turn - now)

    def _bytes(self, ask: Ask) -> bytes:
        headers = [*ask.headers, *(self.credentials if ask.known else ())]
        given = {name.lower() for name, _ in headers}
        if ask.host is not None and "host" not in given:
            headers.insert(0, ("Host", ask.host or self.target.authority))
        if "user-agent" not in given:
            headers.append(("User-Agent", _AGENT))
        if ask.body:
            headers.append(("Content-Length", str(len(ask.body))))
        target = ask.absolute or f"{self.target.prefix}{ask.target}"
        lines = [f"{ask.method} {target} {ask.version}".rstrip()]
        lines += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + ask.body

    def _alone(self, data: bytes, ask: Ask) -> Answer:
        try:
            connection = self.connect(self.strangers_tls)
        except OSError as error:
            return Answer(0, problem=_reason(error))
        try:
            return self._exchange(connection, data, ask)
        finally:
            self._drop(connection)

    def _exchange(self, connection: socket.socket, data: bytes, ask: Ask) -> Answer:
        response = http.client.HTTPResponse(connection, method=ask.method)
        try:
            connection.sendall(data)
            response.begin()
            body, whole = self._read(response)
        except OutOfTimeError:
            self._drop(connection)
            raise
        except http.client.RemoteDisconnected:
            return self._failed(connection, _CLOSED)
        except http.client.IncompleteRead as error:
            answer = _answer(response, error.partial, "the answer breaks off", whole=False)
            self._drop(connection)
            return answer
        except (OSError, http.client.HTTPException) as error:
            return self._failed(connection, _reason(error))
        if response.will_close or not whole:
            self._drop(connection)
        return _answer(response, body, "", whole=whole)

    def _read(self, response: http.client.HTTPResponse) -> tuple[bytes, bool]:
        """Read a body in pieces, and tell whether that was all of it.

        :raises OutOfTimeError: when it comes in drops until the time for the whole check is up.
        """
        pieces: list[bytes] = []
        size = 0
        while size <= MOST_BYTES and (piece := response.read(_PIECE)):
            pieces.append(piece)
            size += len(piece)
            if self._deadline and time.monotonic() > self._deadline:
                raise OutOfTimeError
        # the length that is left; a response that was read to its end has closed its file
        ended = not response.length and (response.isclosed() or not response.chunked)
        return b"".join(pieces), ended

    def _failed(self, connection: socket.socket, problem: str) -> Answer:
        self._drop(connection)
        return Answer(0, problem=problem)

    def _drop(self, connection: socket.socket) -> None:
        connection.close()
        if getattr(self._local, "connection", None) is connection:
            self._local.connection = None
        with self._lock:
            if connection in self._open:
                self._open.remove(connection)


_CLOSED = "the connection was closed without an answer"
_SILENT = "no answer within the time limit"


def _answer(
    response: http.client.HTTPResponse, body: bytes, problem: str, *, whole: bool
) -> Answer:
    headers = tuple((response.headers or {}).items())
    return Answer(response.status, headers, body, problem, whole)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return _SILENT
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {visible(error.verify_message)}"
    if isinstance(error, (ConnectionResetError, BrokenPipeError)):
        return _CLOSED
    if isinstance(error, http.client.HTTPException):
        return f"not an HTTP answer ({type(error).__name__})"
    text = getattr(error, "strerror", None) or str(error)
    return visible(str(text).lower())
