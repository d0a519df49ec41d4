"""An HTTP server that records every byte it is asked, and can fail in every way that a real one does.

What it was asked is kept as raw bytes, because the claim to prove is about bytes: no token derived from a private name
is in them, and nothing of one client's request.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Iterator

from tests.support.certificates import Certificate
from tests.support.exchange import ELSEWHERE, NO_ANSWER, Mode, Recorded, Reply
from tests.support.ports import HOST, free_port

__all__ = ["Recorder"]

DRIP_SECONDS = 0.4
STALL_SECONDS = 5.0

_CHUNK = 65536


class Recorder:
    """A threaded HTTP/1.1 server that records requests and answers with :meth:`reply`, in the mode set for the path."""

    name = "upstream"
    address = HOST
    """What it binds to."""

    def __init__(self, tls: Certificate | None = None, host_name: str = HOST) -> None:
        self.port = free_port()
        self.host_name = host_name
        self._recorded: list[Recorded] = []
        self.moved_to = ""
        """``scheme://host:port`` where the mode ``moved`` sends its client."""
        self.aborted = 0
        """Connections that a client closed before it had the whole answer."""
        self._tls = tls.server_context() if tls else None
        self._modes: dict[str, Mode] = {}
        self._mode: Mode = "ok"
        self._lock = threading.Lock()
        self._release = threading.Event()
        self._server: _Listener | None = None
        self._thread: threading.Thread | None = None
        self._sni: dict[int, str | None] = {}
        if self._tls is not None:
            self._tls.sni_callback = self._remember_sni

    @property
    def requests(self) -> list[Recorded]:
        """What it was asked, in order."""
        return self._recorded

    @property
    def origin(self) -> str:
        """``scheme://host:port``, without a slash."""
        return f"{'https' if self._tls else 'http'}://{self.host_name}:{self.port}"

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    def open(self) -> None:
        """Listen (again)."""
        if self._server is None:
            self._release.clear()
            self._server = _Listener(self)
            self._thread = threading.Thread(
                target=self._server.serve_forever, args=(0.01,), daemon=True
            )
            self._thread.start()

    def refuse(self) -> None:
        """Close the port: connections are refused until :meth:`open`."""
        if self._server is not None:
            self._release.set()
            self._server.shutdown()
            self._server.server_close()
            if self._thread is not None:
                self._thread.join()
            self._server = None

    def set_mode(self, mode: Mode, path: str | None = None) -> None:
        """Answer like this from now on: everywhere, or for one path only.

        ``ok`` everywhere forgets all paths. What was closed by ``refuse`` listens again in every other mode.
        """
        if path is not None:
            self._modes[path] = mode
            return
        was, self._mode = self._mode, mode
        if mode == "refuse":
            self.refuse()
        elif was == "refuse":
            self.open()
        if mode == "ok":
            self._modes.clear()
            self._release.set()
            self._release = threading.Event()

    def forget(self) -> None:
        """Empty the record."""
        with self._lock:
            self._recorded.clear()

    def asked(self, word: str) -> list[Recorded]:
        """The requests whose target has this word in it."""
        with self._lock:
            return [request for request in self.requests if word in request.target]

    def status_of(self, request: Recorded) -> int:
        """The status that a client would get in the present mode; 502 when it would get no answer."""
        mode = self._modes.get(request.target.partition("?")[0], self._mode)
        if not self.is_open or mode in NO_ANSWER:
            return 502
        return self._in_mode(mode, request).status

    def reply(self, request: Recorded) -> Reply:
        """The answer in mode ``ok``."""
        raise NotImplementedError

    def respelt(self, request: Recorded) -> str | None:
        """Where the mode ``respelt`` sends this request; None when it has the spelling that is wanted."""
        del request
        return None

    def stream(self, request: Recorded) -> tuple[Reply, Iterator[bytes]] | None:
        """An answer whose body is made while it is sent (its headers say how long it is), or None."""
        del request
        return None

    def _remember_sni(self, sock: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        self._sni[id(sock)] = name

    def _record(self, raw: bytes, connection: socket.socket) -> Recorded:
        recorded = Recorded(self.name, raw, self._sni.get(id(connection)))
        with self._lock:
            self._recorded.append(recorded)
        return recorded

    def _serve(self, connection: socket.socket) -> None:
        """Answer requests on one connection until the client closes it, or the mode does."""
        while raw := _read_head(connection):
            request = self._record(raw, connection)
            path = request.target.partition("?")[0]
            mode = self._modes.get(path, self._mode)
            if mode == "hang":
                self._release.wait(60)
                return
            if mode == "reset":
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return
            try:
                if not self._answer(connection, mode, request):
                    return
            except OSError:
                self.aborted += 1
                return
            if request.headers.get("connection", "").lower() == "close":
                return
            if request.line.endswith("HTTP/1.0") or _has_body(request):
                return

    def _answer(self, connection: socket.socket, mode: Mode, request: Recorded) -> bool:
        """Send one answer; whether the connection may go on."""
        head_only = request.line.startswith("HEAD ")
        streamed = self.stream(request) if mode == "ok" else None
        if streamed:
            reply, chunks = streamed
            connection.sendall(_reply_bytes(reply, True, reply.headers["Content-Length"]))
            for chunk in () if head_only else chunks:
                connection.sendall(chunk)
            return True
        reply = self._in_mode(mode, request)
        size = len(reply.body) + {"too-long": 10, "too-short": -10}.get(mode, 0)
        data = _reply_bytes(reply, head_only, str(size))
        if mode == "truncated":
            connection.sendall(data[: len(data) - len(reply.body) // 2])
            return False
        step, pause = len(data), 0.0
        if mode in ("slow", "drip"):
            step, pause = 1 + len(data) // 5, DRIP_SECONDS if mode == "drip" else 0.1
        elif mode == "stall":
            step, pause = len(data) - len(reply.body) // 2, STALL_SECONDS
        for start in range(0, len(data), step):
            if start:
                self._release.wait(pause)
            connection.sendall(data[start : start + step])
        return mode not in ("too-long", "too-short")

    def _in_mode(self, mode: Mode, request: Recorded) -> Reply:
        if mode.isdigit():
            return Reply(
                int(mode), {"Content-Type": "text/plain"}, f"upstream says {mode}".encode()
            )
        if mode == "redirect":
            return Reply(302, {"Location": ELSEWHERE})
        if mode == "loop":
            return Reply(301, {"Location": request.target})
        if mode == "moved":
            return Reply(301, {"Location": self.moved_to + request.target})
        respelt = self.respelt(request) if mode == "respelt" else None
        if respelt is not None:
            return Reply(301, {"Location": respelt})
        if mode == "html":
            raw = request.raw.partition(b"\r\n")[0] + b"\r\nAccept: text/html\r\n\r\n"
            request = Recorded(request.server, raw, request.sni)
        reply = self.reply(request)
        if mode == "text" and reply.status == 200:
            return Reply(200, {**reply.headers, "Content-Type": "text/plain"}, b"please log in")
        if mode == "gzip" and reply.status == 200:
            headers = {**reply.headers, "Content-Encoding": "gzip"}
            return Reply(200, headers, gzip.compress(reply.body, mtime=0))
        return reply


def _read_head(connection: socket.socket) -> bytes:
    raw = b""
    try:
        while b"\r\n\r\n" not in raw:
            chunk = connection.recv(_CHUNK)
            if not chunk:
                return raw  # a fragment is recorded as well: it may hold a name
            raw += chunk
    except OSError:
        return raw
    return raw


def _has_body(request: Recorded) -> bool:
    return bool({"content-length", "transfer-encoding"} & request.headers.keys())


def _reply_bytes(reply: Reply, head_only: bool, length: str) -> bytes:
    headers = dict(reply.headers)
    if reply.status != 304:
        headers["Content-Length"] = length
    lines = [f"HTTP/1.1 {reply.status} Upstream", *(f"{k}: {v}" for k, v in headers.items())]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return head if head_only or reply.status == 304 else head + reply.body


class _Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        listener = self.server
        assert isinstance(listener, _Listener)
        connection: socket.socket = self.request
        with contextlib.suppress(OSError):  # the server under test may go away at any time
            tls = listener.recorder._tls
            if tls is not None:
                connection = tls.wrap_socket(connection, server_side=True)
            listener.connections.add(connection)
            try:
                listener.recorder._serve(connection)
            finally:
                listener.connections.discard(connection)
                connection.close()


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.connections: set[socket.socket] = set()
        super().__init__((recorder.address, recorder.port), _Connection)

    def shutdown_request(self, request: object) -> None:
        """Close without shutdown(): that would send FIN where the mode ``reset`` wants RST."""
        assert isinstance(request, socket.socket)
        request.close()

    def server_close(self) -> None:
        """Close the kept-alive connections too: a network that is gone takes them along."""
        super().server_close()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
