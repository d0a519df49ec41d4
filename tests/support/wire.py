"""HTTP as bytes: send any request, also one that no client library would send, and read the answer as it is."""

from __future__ import annotations

import gzip
import re
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass

from tests.support.processes import HOST

__all__ = ["Answer", "ask", "parse_answer", "request_bytes", "send"]

TIMEOUT_SECONDS = 20.0

_LARGE = 1 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a server. ``status`` 0 means that the connection was closed without one."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    raw: bytes

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header, in order."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())

    def one(self, name: str) -> str | None:
        """The value of a header, or None.

        :raises AssertionError: when the header is there twice.
        """
        values = self.all(name)
        assert len(values) < 2, f"{name} is there {len(values)} times: {values}"
        return values[0] if values else None

    @property
    def content_type(self) -> str:
        """The media type without its parameters; empty when there is none."""
        return (self.one("Content-Type") or "").split(";")[0].strip()

    @property
    def vary(self) -> frozenset[str]:
        """The names in all Vary headers, in lower case."""
        names = ",".join(self.all("Vary")).split(",")
        return frozenset(name.strip().lower() for name in names if name.strip())

    @property
    def decoded(self) -> bytes:
        """The body without its content encoding."""
        return gzip.decompress(self.body) if self.one("Content-Encoding") == "gzip" else self.body


def request_bytes(
    target: str,
    method: str = "GET",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    version: str = "HTTP/1.1",
    host: str | None = "packages.example.org",
) -> bytes:
    """One request that asks the server to close afterwards; the target goes out byte by byte (latin-1)."""
    given = list(headers)
    lines = [f"{method} {target} {version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in given]
    if not any(name.lower() == "connection" for name, _ in given):
        lines.append("Connection: close")
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def send(port: int, data: bytes, tls: ssl.SSLContext | None = None, name: str = HOST) -> Answer:
    """Send raw bytes to a port of the loopback interface and read until the server closes.

    :param tls: speak TLS, with ``name`` as the server's name.
    """
    received = bytearray()
    head_only = data.startswith(b"HEAD ")
    plain = socket.create_connection((HOST, port), timeout=TIMEOUT_SECONDS)
    with tls.wrap_socket(plain, server_hostname=name) if tls else plain as stream:
        try:
            stream.sendall(data)
            while chunk := stream.recv(65536):
                received += chunk
                # looking at all of a large answer with each piece of it takes the square of its length
                if len(received) < _LARGE and _is_complete(bytes(received), head_only):
                    break
        except (ConnectionResetError, BrokenPipeError):
            pass  # what came before the reset is the answer
    return parse_answer(bytes(received), head_only)


def ask(
    port: int,
    target: str,
    method: str = "GET",
    *,
    accept: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    tls: ssl.SSLContext | None = None,
    host: str = "packages.example.org",
) -> Answer:
    """Send one ordinary request."""
    given = [*headers] + ([("Accept", accept)] if accept is not None else [])
    name = host if tls else HOST
    return send(port, request_bytes(target, method, given, body, host=host), tls, name)


def _head(raw: bytes) -> tuple[list[str], bytes]:
    head, _, rest = raw.partition(b"\r\n\r\n")
    return head.decode("latin-1").split("\r\n"), rest


def _final(raw: bytes) -> bytes:
    """What comes after a 100, which says nothing (RFC 9110, 15.2.1)."""
    while re.match(rb"HTTP/1\.1 100 ", raw) and b"\r\n\r\n" in raw:
        raw = raw.partition(b"\r\n\r\n")[2]
    return raw


def _is_complete(raw: bytes, head_only: bool) -> bool:
    """A server that leaves a half-broken connection open must not cost the whole timeout."""
    raw = _final(raw)
    if not raw.startswith(b"HTTP/1") or b"\r\n\r\n" not in raw:
        return False
    lines, rest = _head(raw)
    headers = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines[1:]}
    status = int(lines[0].split()[1])
    if head_only or status in (204, 304):
        return True
    if "content-length" in headers:
        return len(rest) >= int(headers["content-length"])
    return headers.get("transfer-encoding") == "chunked" and rest.endswith(b"0\r\n\r\n")


def parse_answer(raw: bytes, head_only: bool) -> Answer:
    """Read the bytes of one whole answer.

    :param head_only: it answers a HEAD and has no body.
    """
    raw = _final(raw)
    if not raw.startswith(b"HTTP/"):
        return Answer(0, (), raw, raw)
    lines, rest = _head(raw)
    status = int(lines[0].split()[1])
    pairs = (line.partition(":") for line in lines[1:])
    headers = tuple((name.strip(), value.strip()) for name, _, value in pairs)
    chunked = any(
        name.lower() == "transfer-encoding" and value.lower() == "chunked"
        for name, value in headers
    )
    body = b"" if head_only else _unchunk(rest) if chunked else rest
    return Answer(status, headers, body, raw)


def _unchunk(rest: bytes) -> bytes:
    pieces: list[bytes] = []
    at = 0
    while at < len(rest):
        line = rest.index(b"\r\n", at)
        length = int(rest[at:line].split(b";")[0], 16)
        if not length:
            return b"".join(pieces)
        start = line + 2
        assert len(rest) >= start + length, "the body ends within a chunk"
        pieces.append(rest[start : start + length])
        at = start + length + 2
    raise AssertionError("the last chunk is missing")
