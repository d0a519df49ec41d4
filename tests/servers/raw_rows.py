"""Bytes that no client library sends: the request lines of shapes 2, 5, 13, 18 and 22, and some worse ones."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RAW_ROWS", "RawRow"]


@dataclass(frozen=True, slots=True)
class RawRow:
    """Bytes that no client library sends. The servers' own cores answer some of them, so several statuses are right."""

    id: str
    data: bytes
    statuses: frozenset[int]


_OURS = b"\r\nHost: packages.example.org\r\nConnection: close\r\n\r\n"
_REFUSED = frozenset({400, 404, 405})

RAW_ROWS: tuple[RawRow, ...] = (
    RawRow(
        "absolute form", b"GET http://index.example.org/simple/acme-foo/ HTTP/1.1" + _OURS, _REFUSED
    ),
    RawRow(
        "absolute form of ours",
        b"GET http://packages.example.org/simple/acme-foo/ HTTP/1.1" + _OURS,
        _REFUSED,
    ),
    RawRow(
        "absolute form public",
        b"GET http://index.example.org/simple/proxied/ HTTP/1.1" + _OURS,
        _REFUSED,
    ),
    RawRow("connect", b"CONNECT index.example.org:443 HTTP/1.1" + _OURS, _REFUSED),
    RawRow("options star", b"OPTIONS * HTTP/1.1" + _OURS, frozenset({200, 400, 405})),
    RawRow("lower-case method", b"get /simple/acme-foo/ HTTP/1.1" + _OURS, _REFUSED),
    RawRow("lower-case method public", b"get /simple/proxied/ HTTP/1.1" + _OURS, _REFUSED),
    RawRow("nul", b"GET /simple/acme-foo%00/ HTTP/1.1" + _OURS, _REFUSED),
    RawRow("nul public", b"GET /simple/proxied%00/ HTTP/1.1" + _OURS, _REFUSED),
    RawRow("raw nul", b"GET /simple/proxied\x00/ HTTP/1.1" + _OURS, _REFUSED | {0}),
    RawRow("full width", "GET /simple/\uff41cme-foo/ HTTP/1.1".encode() + _OURS, _REFUSED),
    RawRow("latin", b"GET /simple/proxied\xe4/ HTTP/1.1" + _OURS, _REFUSED),
    RawRow("fragment", b"GET /simple/proxied/#acme-foo HTTP/1.1" + _OURS, _REFUSED),
    RawRow("blank in target", b"GET /simple/proxied /x HTTP/1.1" + _OURS, _REFUSED),
    RawRow("tab", b"GET\t/simple/proxied/\tHTTP/1.1" + _OURS, _REFUSED),
    RawRow("no host", b"GET /simple/proxied/ HTTP/1.1\r\nConnection: close\r\n\r\n", _REFUSED),
    RawRow("two hosts", b"GET /simple/proxied/ HTTP/1.1\r\nHost: a.example.org" + _OURS, _REFUSED),
    RawRow(
        "bad host",
        b"GET /simple/proxied/ HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
        _REFUSED,
    ),
    RawRow(
        "over-long line",
        b"GET /simple/" + b"a" * 70000 + b"/ HTTP/1.1" + _OURS,
        frozenset({414, 400, 404}),
    ),
    RawRow(
        "8 KB path", b"GET /simple/" + b"a" * 8000 + b"/ HTTP/1.1" + _OURS, frozenset({414, 404})
    ),
    RawRow(
        "many separators",
        b"GET /simple/" + b"a_" * 2000 + b"a/ HTTP/1.1" + _OURS,
        frozenset({414, 404}),
    ),
    RawRow("http 0.9", b"GET /simple/proxied/\r\n\r\n", _REFUSED | {0}),
    RawRow("unknown version", b"GET /simple/acme-ghost/ HTTP/7.7" + _OURS, _REFUSED | {505}),
    RawRow("climb out", b"GET /../../etc/passwd HTTP/1.1" + _OURS, _REFUSED),
    RawRow(
        "climb out encoded",
        b"GET /files/team/%2e%2e/%2e%2e/%2e%2e/etc/passwd HTTP/1.1" + _OURS,
        _REFUSED,
    ),
    RawRow("header injection", b"GET /simple/proxied%0d%0aX-Rg:%201/ HTTP/1.1" + _OURS, _REFUSED),
    RawRow(
        "body with get",
        b"GET /simple/acme-foo/ HTTP/1.1\r\nContent-Length: 9" + _OURS + b"acme-ghost",
        frozenset({200, 400, 404, 405}),
    ),
    RawRow(
        "smuggled",
        b"POST /simple/proxied/ HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked"
        + _OURS
        + b"0\r\n\r\nGET /simple/proxied/ HTTP/1.1"
        + _OURS,
        _REFUSED,
    ),
)
