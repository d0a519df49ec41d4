"""What one client sends changes nothing for the next, and nothing of it reaches the upstream."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.support.chain import Chain, chain, get
from tests.support.processes import HOST, traversable_directory
from tests.support.scenes import wheels
from tests.support.tools import require
from tests.support.wire import request_bytes

pytestmark = [pytest.mark.server, pytest.mark.slow]

JSON = "application/vnd.pypi.simple.v1+json"
PIP = f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"

#: What the attacker sends beside a target, and what may be appended to that.
HEADERS: dict[str, list[tuple[str, str]]] = {
    "accept nothing": [("Accept", "")],
    "accept an image": [("Accept", "image/png")],
    "accept an unknown version": [("Accept", "application/vnd.pypi.simple.v9+json")],
    "accept a long list": [("Accept", ", ".join(f"a/b{number}" for number in range(300)))],
    "accept twice": [("Accept", "text/html"), ("Accept", JSON)],
    "accept json with q=0": [("Accept", f"{JSON};q=0, text/html")],
    "encoding br": [("Accept-Encoding", "br")],
    "encoding anything": [("Accept-Encoding", "*")],
    "encoding without identity": [("Accept-Encoding", "identity;q=0, *;q=0")],
    "encoding in capitals": [("Accept-Encoding", "GZIP, x-secret")],
    "connection names accept": [("Connection", "close, Accept, Accept-Encoding, Host")],
    "connection names user-agent": [("Connection", "close, User-Agent")],
    "range": [("Range", "bytes=0-9")],
    "last bytes": [("Range", "bytes=-3")],
    "range no one has": [("Range", "bytes=99999999-")],
    "if-range": [("Range", "bytes=0-9"), ("If-Range", '"secret"')],
    "if-none-match": [("If-None-Match", '"secret"')],
    "if-none-match anything": [("If-None-Match", "*")],
    "if-match": [("If-Match", '"secret"')],
    "if-modified-since": [("If-Modified-Since", "Tue, 01 Jan 2036 00:00:00 GMT")],
    "if-unmodified-since": [("If-Unmodified-Since", "Tue, 01 Jan 1980 00:00:00 GMT")],
    "cookie": [("Cookie", "session=secret")],
    "authorization": [("Authorization", "Basic c2VjcmV0OnNlY3JldA==")],
    "forwarded": [
        ("X-Forwarded-Host", "secret.example.org"),
        ("X-Forwarded-Proto", "gopher"),
        ("X-Forwarded-For", "192.0.2.7"),
        ("X-Forwarded-Port", "7"),
        ("X-Forwarded-Prefix", "/secret"),
        ("Forwarded", "host=secret.example.org"),
        ("X-Original-URL", "/simple/secret/"),
        ("X-Rewrite-URL", "/simple/secret/"),
        ("X-Host", "secret.example.org"),
    ],
    "method override": [("X-HTTP-Method-Override", "DELETE")],
    "no-store": [("Cache-Control", "no-store, no-cache"), ("Pragma", "no-cache")],
    "max-age=0": [("Cache-Control", "max-age=0, must-revalidate")],
    "only-if-cached": [("Cache-Control", "only-if-cached")],
    "user-agent": [("User-Agent", "secret"), ("Referer", "https://secret.example.org/")],
    "upgrade": [("Upgrade", "h2c"), ("Connection", "Upgrade")],
    "expect": [("Expect", "100-continue")],
    "transfer-encoding te": [("TE", "trailers, deflate"), ("Trailer", "X-Secret")],
    "tracing": [("X-Request-ID", "secret"), ("Traceparent", "00-secret"), ("Via", "1.1 secret")],
}

TARGETS: dict[str, str] = {
    "query": "/simple/{name}/?secret=1",
    "long query": "/simple/{name}/?" + "x=secret&" * 200,
    "spelling": "/simple/{Name}/",
    "no slash": "/simple/{name}",
    "absolute": "http://secret.example.org/simple/{name}/",
    "encoded": "/simple/%{hex}/",
}

TRICKS = {
    **{word: ("GET", "/simple/{name}/", headers, b"") for word, headers in HEADERS.items()},
    **{word: ("GET", target, [], b"") for word, target in TARGETS.items()},
    "head": ("HEAD", "/simple/{name}/", [("Accept", PIP)], b""),
    "a body": ("GET", "/simple/{name}/", [], b"secret"),
    "a body on head": ("HEAD", "/simple/{name}/", [], b"secret"),
    "post": ("POST", "/simple/{name}/", [], b"secret"),
    "purge": ("PURGE", "/simple/{name}/", [], b""),
    "host": ("GET", "/simple/{name}/", [("Host", "secret.example.org")], b""),
}

#: What honest clients ask with: representation by the upstream's name, and headers.
CLIENTS: dict[str, tuple[str, dict[str, str]]] = {
    "plain": ("html", {}),
    "gzip": ("html", {"Accept_Encoding": "gzip"}),
    "pip": ("json", {"Accept": PIP, "Accept_Encoding": "gzip, deflate"}),
    "json": ("json", {"Accept": JSON}),
}

#: Request headers that reach an upstream all the same, each with the reason.
PASSED_ON: dict[str, dict[str, str]] = {
    "nginx": {},
    "apache": {
        "x-host": "httpd can take headers away by name only; this stands for all that have no name there",
        "expect": "mod_proxy_http writes it again, as 100-Continue, after the header is taken away",
    },
}

SENT = ("host", "user-agent", "accept", "accept-encoding", "connection")
ACCEPTS = {
    "text/html",
    f"{JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01",
    "application/vnd.pypi.simple.v1+html, text/html;q=0.5",
}


@pytest.fixture(scope="module", params=["nginx", "apache"])
def world(request: pytest.FixtureRequest) -> Iterator[Chain]:
    """The chain on one server; copies stay fresh for the time of the test."""
    require(request.param)
    with traversable_directory() as place, chain(request.param, place, {"pages": "1h"}) as made:
        yield made


def _attack(world: Chain, trick: str, name: str) -> None:
    method, target, headers, body = TRICKS[trick]
    path = target.format(name=name, Name=name.title(), hex=f"{ord(name[0]):x}{name[1:]}")
    host = None if any(key == "Host" for key, _ in headers) else "packages.example.org"
    data = request_bytes(path, method, headers, body, host=host)
    with socket.create_connection((HOST, world.copies.port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


def _project(world: Chain, trick: str, what: str) -> str:
    name = f"{what}-{trick.replace(' ', '-').replace('=', '-')}"
    world.first.add(name, wheels("same-1.0")["same"])  # the page is the same for each
    return name


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("trick", TRICKS)
def test_a_page_after_an_attack(world: Chain, trick: str, client: str) -> None:
    form, headers = CLIENTS[client]
    clean = get(
        world.copies.port, f"/simple/{_project(world, trick, f'clean-{client}')}/", **headers
    )
    world.first.forget()
    name = _project(world, trick, f"page-{client}")
    _attack(world, trick, name)
    for _ in range(2):
        got = get(world.copies.port, f"/simple/{name}/", **headers)
        assert (got.status, got.whole) == (200, True)
        assert _essence(got.headers) == _essence(clean.headers)
        if "content-encoding" not in got.headers:
            assert got.body == world.page("first", name, form)
        if form == "html":
            assert got.body == clean.body
    for request in world.first.requests:
        assert request.target == f"/simple/{name}/"
        passed_on = PASSED_ON[world.kind].keys()
        assert set(request.headers) - passed_on <= set(SENT)
        assert request.headers["accept"] in ACCEPTS
        assert request.headers["user-agent"] == "rewritegen"
        assert request.headers["host"] == f"{HOST}:{world.first.port}"
        assert request.headers.get("accept-encoding", "identity") == "identity"
        assert request.headers.get("connection", "keep-alive").lower() in ("keep-alive", "close")
        seen = [value for key, value in request.headers.items() if key not in passed_on]
        assert not any("secret" in value for value in seen)


def _essence(headers: dict[str, str] | object) -> dict[str, str]:
    """Headers that are the same for each project and at each time."""
    assert isinstance(headers, dict)
    left_out = {"date", "etag", "x-cache", "age", "connection", "content-length"}
    left_out |= {"transfer-encoding", "keep-alive"}
    kept = {key: value for key, value in headers.items() if key not in left_out}
    if "vary" in kept:
        kept["vary"] = kept["vary"].replace(" ", "").lower()
    return kept


@pytest.mark.parametrize(
    "trick", [word for word, (_, target, _, _) in TRICKS.items() if target == "/simple/{name}/"]
)
def test_a_file_after_an_attack(world: Chain, trick: str) -> None:
    method, _, headers, body = TRICKS[trick]
    name = f"file-{trick.replace(' ', '-').replace('=', '-')}"
    world.first.add(name, wheels(f"{name}-1.0")[name])
    target, content = world.file(name)
    world.first.files.forget()
    host = None if any(key == "Host" for key, _ in headers) else "packages.example.org"
    with socket.create_connection((HOST, world.copies.port), timeout=10) as connection:
        connection.sendall(request_bytes(target, method, headers, body, host=host))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    for encoding in ("identity", "gzip"):
        got = get(world.copies.port, target, Accept_Encoding=encoding)
        assert (got.status, got.whole, got.body) == (200, True, content)
        assert "content-encoding" not in got.headers
        assert "immutable" in got.headers["cache-control"]
    for request in world.first.files.requests:
        assert request.target == world.first.file_path(
            *next(iter(world.first.projects[name].items()))
        )
        assert request.headers["accept"] == "*/*"
        assert request.headers["user-agent"] == "rewritegen"
        assert (
            not {"cookie", "authorization", "referer", "forwarded", "via"} & request.headers.keys()
        )
        for key in ("secret", "c2VjcmV0"):
            conditions = ("if-range", "if-none-match", "if-match", *PASSED_ON[world.kind])
            rest = [v for k, v in request.headers.items() if k not in conditions]
            assert not any(key in value for value in rest), request.raw
