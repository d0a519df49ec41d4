"""A public index that records every byte it is asked, and can fail in every way that a real one does.

Two servers on the loopback interface, as with PyPI: the index (PEP 503 HTML and PEP 691 JSON, by Accept) and the file
host that its pages link to. What they were asked is kept as raw bytes, because the claim to prove is about bytes: no
token derived from a private name is in them.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Literal
from urllib.parse import quote, unquote

from packaging.utils import canonicalize_name

from tests.support.certificates import Certificate
from tests.support.processes import HOST, free_port

__all__ = ["Index", "Links", "Mode", "Recorded", "Recorder", "Reply", "upstream"]

Mode = Literal[
    "ok", "404", "429", "500", "502", "503", "504", "hang", "slow", "gzip", "redirect", "truncated"
]
Links = Literal["absolute", "packages", "devpi"]

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
V1_HTML_TYPE = "application/vnd.pypi.simple.v1+html"
ELSEWHERE = "https://elsewhere.example.org/simple/"
"""Where the mode ``redirect`` sends its client."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it came in."""

    server: str
    """``index`` or ``files``."""
    raw: bytes
    """Request line, headers and the blank line."""
    sni: str | None
    """The name in the TLS handshake."""

    @property
    def line(self) -> str:
        """The request line."""
        return self.raw.split(b"\r\n", 1)[0].decode("latin-1")

    @property
    def target(self) -> str:
        """The raw request target."""
        return self.line.split(" ")[1]

    @property
    def headers(self) -> dict[str, str]:
        """Header fields, names in lower case; repeated ones are joined with a comma."""
        found: dict[str, str] = {}
        for line in self.raw.decode("latin-1").split("\r\n")[1:]:
            name, colon, value = line.partition(":")
            if colon:
                key = name.strip().lower()
                found[key] = f"{found[key]}, {value.strip()}" if key in found else value.strip()
        return found


@dataclass(frozen=True, slots=True)
class Reply:
    """What an upstream answers."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Recorder:
    """A threaded HTTP/1.1 server that records requests and answers with :meth:`reply`, in the mode set for the path."""

    name = "upstream"

    def __init__(self, tls: Certificate | None = None, host_name: str = HOST) -> None:
        self.port = free_port()
        self.host_name = host_name
        self.requests: list[Recorded] = []
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
        """Answer like this from now on: everywhere, or for one path only. ``ok`` everywhere forgets all paths."""
        if path is not None:
            self._modes[path] = mode
            return
        self._mode = mode
        if mode == "ok":
            self._modes.clear()
            self._release.set()
            self._release = threading.Event()

    def forget(self) -> None:
        """Empty the record."""
        with self._lock:
            self.requests.clear()

    def status_of(self, request: Recorded) -> int:
        """The status that a client would get in the present mode; 502 when it would get no answer."""
        mode = self._modes.get(request.target.partition("?")[0], self._mode)
        if self._server is None or mode in ("hang", "truncated"):
            return 502
        return self._in_mode(mode, request).status

    def reply(self, request: Recorded) -> Reply:
        """The answer in mode ``ok``."""
        raise NotImplementedError

    def _remember_sni(self, sock: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        self._sni[id(sock)] = name

    def _record(self, raw: bytes, connection: socket.socket) -> Recorded:
        recorded = Recorded(self.name, raw, self._sni.get(id(connection)))
        with self._lock:
            self.requests.append(recorded)
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
            reply = self._in_mode(mode, request)
            head_only = request.line.startswith("HEAD ")
            data = _reply_bytes(reply, head_only)
            if mode == "truncated":
                connection.sendall(data[: len(data) - len(reply.body) // 2])
                return
            step = 1 + len(data) // 5 if mode == "slow" else len(data)
            for start in range(0, len(data), step):
                if start:
                    self._release.wait(0.1)
                connection.sendall(data[start : start + step])
            if request.headers.get("connection", "").lower() == "close":
                return
            if request.line.endswith("HTTP/1.0") or _has_body(request):
                return

    def _in_mode(self, mode: Mode, request: Recorded) -> Reply:
        if mode.isdigit():
            return Reply(
                int(mode), {"Content-Type": "text/plain"}, f"upstream says {mode}".encode()
            )
        if mode == "redirect":
            return Reply(302, {"Location": ELSEWHERE})
        reply = self.reply(request)
        if mode == "gzip" and reply.status == 200:
            headers = {**reply.headers, "Content-Encoding": "gzip"}
            return Reply(200, headers, gzip.compress(reply.body, mtime=0))
        return reply


class Index(Recorder):
    """An index of projects, and (as :attr:`files`) the host of their files."""

    name = "index"

    def __init__(
        self,
        projects: Mapping[str, Mapping[str, bytes]],
        links: Links = "absolute",
        mount: str = "/simple/",
        tls: Certificate | None = None,
        files_tls: Certificate | None = None,
        host_name: str = HOST,
    ) -> None:
        """
        :param projects: project name (canonical) -> file name -> content.
        :param links: ``absolute`` to the file host; ``packages``: ``../../packages/...``; ``devpi``: ``../../+f/...``.
        :param mount: path of the index; for devpi something like ``/team/pypi/+simple/``.
        """
        super().__init__(tls, host_name)
        self.mount = mount
        self.links = links
        self.projects = {canonicalize_name(name): dict(files) for name, files in projects.items()}
        self.files = FileHost(files_tls or tls, host_name)
        self.extra: dict[str, bytes] = {}
        """Text to put into the HTML and JSON page of a project, to make pages large or odd."""
        for files in self.projects.values():
            for name, content in files.items():
                self.files.content[self.file_path(name, content)] = content

    @property
    def url(self) -> str:
        """The URL of the index."""
        return self.origin + self.mount

    def file_path(self, name: str, content: bytes) -> str:
        """The path of a file on the file host, as PyPI makes it from the hash."""
        digest = hashlib.sha256(content).hexdigest()
        return f"/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{name}"

    def link(self, name: str, content: bytes) -> str:
        """The link to a file in a page, without the fragment."""
        path = quote(self.file_path(name, content))
        if self.links == "absolute":
            return self.files.origin + path
        if self.links == "packages":
            return f"../..{path}"
        return f"../../+f{path.removeprefix('/packages')}"

    def page(self, project: str, representation: str) -> bytes:
        """The page as it is sent: ``html``, ``v1html`` or ``json``."""
        files = self.projects[canonicalize_name(project)]
        rows = [
            (n, self.link(n, c), hashlib.sha256(c).hexdigest(), len(c)) for n, c in files.items()
        ]
        extra = self.extra.get(project, b"").decode()
        if representation == "json":
            entries = [
                {"filename": n, "url": url, "hashes": {"sha256": digest}, "size": size}
                for n, url, digest, size in rows
            ]
            page: dict[str, Any] = {
                "meta": {"api-version": "1.0"},
                "name": project,
                "files": entries,
            }
            return json.dumps({**page, "_extra": extra} if extra else page).encode()
        anchors = "".join(
            f'<a href="{escape(url)}#sha256={digest}">{escape(n)}</a><br/>\n'
            for n, url, digest, _ in rows
        )
        return f"<!DOCTYPE html><html><body>\n{anchors}{extra}</body></html>\n".encode()

    def reply(self, request: Recorded) -> Reply:
        """A page, a redirect to the canonical name like PyPI's, a file of the relative link styles, or 404."""
        path = unquote(request.target.partition("?")[0])
        relative = self._relative_file(path)
        if relative is not None:
            return self.files.file_reply(relative, request)
        found = re.fullmatch(re.escape(self.mount) + "([^/]+)(/?)", path)
        if not found:
            return Reply(404, {"Content-Type": "text/plain"}, b"no such page")
        name, slash = found.groups()
        if not slash or canonicalize_name(name) != name:
            return Reply(301, {"Location": f"{self.mount}{canonicalize_name(name)}/"})
        if name not in self.projects:
            return Reply(404, {"Content-Type": "text/plain"}, b"no such project")
        representation, media_type = _negotiate(request.headers.get("accept", "*/*"))
        body = self.page(name, representation)
        headers = {
            "Content-Type": media_type,
            "ETag": f'"{hashlib.sha256(body).hexdigest()[:16]}"',
            "Vary": "Accept",
            "X-PyPI-Last-Serial": "7",
            "Set-Cookie": "upstream=1",
            "Cache-Control": "max-age=600, public",
        }
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Reply(304, headers)
        return Reply(200, headers, body)

    def _relative_file(self, path: str) -> str | None:
        parent = self.mount.rstrip("/").rpartition("/")[0]
        if self.links == "packages" and path.startswith(f"{parent}/packages/"):
            return path.removeprefix(parent)
        if self.links == "devpi" and path.startswith(f"{parent}/+f/"):
            return "/packages/" + path.removeprefix(f"{parent}/+f/")
        return None


class FileHost(Recorder):
    """Serves :attr:`content` (path -> bytes) with HEAD and Range."""

    name = "files"

    def __init__(self, tls: Certificate | None = None, host_name: str = HOST) -> None:
        super().__init__(tls, host_name)
        self.content: dict[str, bytes] = {}

    def reply(self, request: Recorded) -> Reply:
        """A file or 404."""
        return self.file_reply(unquote(request.target.partition("?")[0]), request)

    def file_reply(self, path: str, request: Recorded) -> Reply:
        """The file at ``path``, whole or the range that was asked for."""
        content = self.content.get(path)
        if content is None:
            return Reply(404, {"Content-Type": "text/plain"}, b"no such file")
        headers = {
            "Content-Type": "binary/octet-stream",
            "Accept-Ranges": "bytes",
            "ETag": f'"{hashlib.sha256(content).hexdigest()[:16]}"',
            "Cache-Control": "max-age=365000000, immutable, public",
        }
        span = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
        if not span or span.group() == "bytes=-":
            return Reply(200, headers, content)
        first, last = span.groups()
        start = int(first) if first else max(0, len(content) - int(last))
        end = min(int(last), len(content) - 1) if first and last else len(content) - 1
        if start >= len(content):
            return Reply(416, {"Content-Range": f"bytes */{len(content)}"})
        headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
        return Reply(206, headers, content[start : end + 1])


@contextlib.contextmanager
def upstream(index: Index) -> Iterator[Index]:
    """Listen with the index and its file host; both are closed at the end."""
    index.open()
    index.files.open()
    try:
        yield index
    finally:
        index.refuse()
        index.files.refuse()


def _negotiate(accept: str) -> tuple[str, str]:
    """PyPI's choice is by q value; the proxies under test ask for one type first, so order is enough here."""
    for media_type in (part.split(";")[0].strip() for part in accept.split(",")):
        if media_type == JSON_TYPE:
            return "json", JSON_TYPE
        if media_type == V1_HTML_TYPE:
            return "v1html", V1_HTML_TYPE
        if media_type in ("text/html", "*/*"):
            break
    return "html", "text/html; charset=UTF-8"


def _read_head(connection: socket.socket) -> bytes:
    raw = b""
    try:
        while b"\r\n\r\n" not in raw:
            chunk = connection.recv(65536)
            if not chunk:
                return raw  # a fragment is recorded as well: it may hold a name
            raw += chunk
    except OSError:
        return raw
    return raw


def _has_body(request: Recorded) -> bool:
    return bool({"content-length", "transfer-encoding"} & request.headers.keys())


def _reply_bytes(reply: Reply, head_only: bool) -> bytes:
    headers = dict(reply.headers)
    if reply.status != 304:
        headers["Content-Length"] = str(len(reply.body))
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
        super().__init__((HOST, recorder.port), _Connection)

    def server_close(self) -> None:
        """Close the kept-alive connections too: a network that is gone takes them along."""
        super().server_close()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
