"""What an attacker tried, and what held: odd bytes, odd names, a hostile upstream, a broken disk.

The site is as hard to read as one can be: mounted at ``/``, with claims that are called like our own paths, a source
that is called like an inner location, and directories whose names hold blanks, quotes and braces.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from rewritegen.servers.apache import Apache
from rewritegen.servers.apache.turns import page_turns
from tests.servers.test_apache_scopes import host
from tests.support import trees
from tests.support.processes import HOST, StartServer, free_port, traversable_directory
from tests.support.scenes import wheels
from tests.support.sites import index_site, read_site, start_site, write_site
from tests.support.tools import require
from tests.support.upstream import Index, Recorded, Reply, upstream
from tests.support.wire import Answer, ask, request_bytes, send

PAGE = b'<!DOCTYPE html><html><body><a href="x">x</a></body></html>'
JSON = "application/vnd.pypi.simple.v1+json"
PRIVATE = (b"acme", b"plain-tool", b"plain_tool", b"gone-tool", b"gone_tool", b"passwd")


class Hostile(Index):
    """A public index that answers some projects with whatever it likes."""

    answers: dict[str, Reply]

    def reply(self, request: Recorded) -> Reply:
        """The answer that was laid down for this path, else that of an ordinary index."""
        return self.answers.get(request.target) or super().reply(request)


@dataclass(slots=True)
class World:
    """The site on both servers, and what the upstream was asked."""

    root: Path
    index: Hostile
    ports: dict[str, int] = field(default_factory=dict)

    def asked(self) -> bytes:
        """Everything that the upstream has read since the last call."""
        requests = [*self.index.requests, *self.index.files.requests]
        self.index.forget()
        self.index.files.forget()
        return b"".join(request.raw for request in requests)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """The site, running on each server that is installed."""
    with contextlib.ExitStack() as stack:
        root = stack.enter_context(traversable_directory())
        yield _build(root, stack)


def _build(root: Path, stack: contextlib.ExitStack) -> World:
    specs = ("acme-foo-1.0", "plain-tool-1.0", "gone-tool-1.0", "rg-ask-1.0")
    team = trees.projects(root / "te am' {x};#y", wheels(*specs))
    decoys = wheels("acme-foo-9.0", "plain-tool-9.0", "gone-tool-9.0", "files-9.0", "a-9.0")
    web = trees.bandersnatch(root / "mir ror", {**decoys, **wheels("mirrored-1.0")})
    index = Hostile({**decoys, **wheels("public-1.0", "ab-9.0", "index-9.0", "rg-list-1.0")})
    index.answers = {f"/simple/{row.id}/": row.reply for row in ANSWERS}
    stack.enter_context(upstream(index))
    world = World(root, index)
    claims = ["acme-*", "a", "ab", "files", "packages", "index"]
    up = {"name": "rg-list", "proxy": index.url, "files": [f"{index.files.origin}/"]}
    settings = {
        "index": "/",
        "state": str(root / "st'ate {1}"),
        "private": [{"name": "rg-page", "path": str(team), "claims": claims}],
        "public": ["acme-oss"],
        "fallbacks": [{"name": "rg-file", "mirror": str(web)}, up],
    }
    first = write_site(root / "first.yaml", settings, 1)
    index_site(first)
    shutil.rmtree(team / "gone-tool")
    index_site(first)  # from now on only the scanned names know it
    for kind in ("nginx", "apache"):
        port = free_port()
        with contextlib.suppress(pytest.skip.Exception):  # the row that asks for it skips
            live = start_site(kind, write_site(root / f"{kind}.yaml", settings, port), root / kind)
            stack.callback(live.server.stop)
            world.ports[kind] = port
    return world


# ---------------------------------------------------------------- bytes of a client


@dataclass(frozen=True, slots=True)
class Row:
    """Bytes, the statuses that are right, and whether the upstream may be asked for something public."""

    id: str
    data: bytes
    statuses: tuple[int, ...] = (404,)
    asks: bool = False


def get(target: str, *lines: str, method: str = "GET", host: str = "packages.example.org") -> bytes:
    """One request with further header lines."""
    head = [f"{method} {target} HTTP/1.1", f"Host: {host}", *lines, "Connection: close", "", ""]
    return "\r\n".join(head).encode("latin-1")


_OLD = b"GET /acme-ghost/ HTTP/1.0\r\n\r\n"
REQUESTS = (
    Row("claimed", get("/acme-ghost/")),
    Row("claimed like files", get("/files/")),
    Row("claimed like packages", get("/packages/")),
    Row("claimed like index", get("/index/")),
    Row("claimed hex", get("/ab/")),
    Row("claimed letter", get("/a/")),
    Row("owned like an inner location", get("/rg-ask/"), (200,)),
    Row("public like an inner location", get("/rg-list/"), (200,), asks=True),
    Row("gone", get("/gone-tool/")),
    Row("spelling", get("/ACME_-.Ghost"), (301,)),
    Row("merged", get("//acme-ghost/")),
    Row("dot", get("/./acme-ghost/")),
    Row("dot dot", get("/public/../acme-ghost/")),
    Row("encoded dot", get("/%2e/acme-ghost/")),
    Row("encoded slash", get("/public%2f..%2facme-ghost/")),
    Row("encoded letter", get("/%61cme-ghost/")),
    Row("encoded twice", get("/%2561cme-ghost/")),
    Row("backslash", get("/public\\..\\acme-ghost/")),
    Row("semicolon", get("/acme-ghost;/public/")),
    Row("nul", get("/acme-ghost%00/"), (400, 404)),
    Row("cr lf", get("/acme-ghost%0d%0aX:/")),
    Row("absolute form", get("http://packages.example.org/acme-ghost/")),
    Row("absolute form public", get("http://packages.example.org/public/")),
    Row("old without host", _OLD, (400, 404)),
    Row("0.9", b"GET /acme-ghost/\r\n", (0, 400, 404)),
    Row(
        "bare line feeds", b"GET /acme-ghost/ HTTP/1.1\nHost: x\nConnection: close\n\n", (400, 404)
    ),
    Row("folded header", get("/acme-ghost/", "X-A: a", " folded"), (400, 404)),
    Row("blank before colon", get("/acme-ghost/", "X-A : a"), (400, 404)),
    Row("inner ask", get("/-/rg_ask/rg-list/acme-ghost/")),
    Row("inner fetch", get("/-/rg_fetch/page/rg-list/acme-ghost/")),
    Row("inner fetch merged", get("//-/rg_fetch/page/rg-list/acme-ghost/")),
    Row("inner page", get("/-/rg_page/rg-page/acme-foo/index.html")),
    Row("inner file", get("/-/rg_file/rg-page/acme-foo/acme_foo-1.0-py2.py3-none-any.whl")),
    Row("inner begin", get("http://rg_begin.invalid/page/rg-list/acme-ghost/"), (400, 404)),
    Row("inner by header", get("/acme-ghost/", "X-Accel-Redirect: /-/rg_ask/rg-list/acme-ghost/")),
    Row("other url by header", get("/public/", "X-Original-URL: /acme-ghost/"), (200,), asks=True),
    Row("other url rewritten", get("/public/", "X-Rewrite-URL: /acme-ghost/"), (200,), asks=True),
    Row("file route to a page", get("/files/rg-list/simple/acme-ghost/")),
    Row("file route to a public page", get("/files/rg-list/simple/public/")),
    Row("file route upper case", get("/files/rg-list/SIMPLE/acme-ghost")),
    Row("file route encoded", get("/files/rg-list/%73imple/public")),
    Row("file route plus", get("/files/rg-list/%2Bsimple/acme-ghost")),
    Row("file route climbs", get("/files/rg-list/x/../simple/public/")),
    Row("file route climbs encoded", get("/files/rg-list/x/%2e%2e/simple/public")),
    Row("file route merged", get("/files/rg-list//simple/public/")),
    Row("file route second host climbs", get("/files/rg-list/~1/../simple/public/")),
    Row("page of an owned name as a file", get("/files/rg-list/~1/project/gone-tool")),
    Row("api of an owned name as a file", get("/files/rg-list/~1/pypi/gone-tool/json")),
    Row("api of the index as a file", get("/files/rg-list/pypi/plain-tool/1.0/json")),
    Row("file of a claim", get("/files/rg-list/~1/packages/aa/Acme.Foo-9.0.tar.gz")),
    Row("file of a claim plus", get("/files/rg-list/~1/packages/aa/acme_foo-9.0%2Bx.tar.gz")),
    Row("file in a claim", get("/files/rg-list/~1/acme-foo/1.0/x.whl")),
    Row("metadata of a claim", get("/packages/aa/acme_foo-9.0.whl.metadata")),
    Row("short claim", get("/packages/ab/cd/ab-9.0.tar.gz")),
    Row("climb out", get("/files/rg-page/../../etc/passwd"), (400, 404)),
    Row("climb out encoded", get("/files/rg-page/%2e%2e/%2e%2e/etc/passwd"), (400, 404)),
    Row("climb out half", get("/files/rg-page/..%2f..%2fetc/passwd"), (400, 404)),
    Row("marker", get("/files/rg-page/.rewritegen-root")),
    Row("names", get("/files/rg-page/../names/plain-tool")),
    Row("host with port", get("/acme-ghost/", host="packages.example.org:99"), (400, 404)),
    Row("host of the upstream", get("/public/", host="index.example.org"), (200,), asks=True),
    Row("connection lists", get("/public/", "Connection: accept, host"), (200,), asks=True),
    Row("range", get("/public/", "Range: bytes=0-1", "If-Range: x"), (200, 206), asks=True),
    Row("expect", get("/acme-ghost/", "Expect: 100-continue"), (100, 404)),
    Row("two accepts", get("/acme-ghost/", f"Accept: {JSON}", "Accept: text/html")),
    Row("huge header", get("/acme-ghost/", "X-A: " + "a" * 60000), (400, 404, 431)),
    Row("many headers", get("/acme-ghost/", *(f"X-{n}: a" for n in range(500))), (400, 404, 431)),
    Row("upload", get("/acme-ghost/", "Content-Length: 9", method="POST") + b"acme-body", (405,)),
    Row("two lengths", get("/public/", "Content-Length: 0", "Content-Length: 4"), (400,)),
    Row(
        "smuggled in a get",
        get("/-/health", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + get("/acme-ghost/"),
        (200, 400),
    ),
    Row(
        "smuggled by both",
        get("/public/", "Content-Length: 6", "Transfer-Encoding: chunked", method="POST")
        + b"0\r\n\r\n"
        + get("/acme-ghost/"),
        (400, 405),
    ),
)


def reached(world: World, kind: str) -> int:
    """The port of a server."""
    return world.ports[kind]


@pytest.mark.server
@pytest.mark.parametrize("row", REQUESTS, ids=lambda row: row.id.replace(" ", "-"))
def test_no_request_carries_a_private_name_out(server_kind: str, world: World, row: Row) -> None:
    world.asked()
    answer = send(reached(world, server_kind), row.data)
    asked = world.asked()
    assert answer.status in row.statuses
    assert bool(asked) == row.asks
    told = asked.replace(b"X-Original-URL", b"").lower()
    assert not [token for token in PRIVATE if token in told]
    assert b"root:x:0" not in answer.raw
    if answer.status != 200:
        assert b".whl" not in answer.body


@pytest.mark.server
def test_requests_on_one_connection_keep_their_owners(server_kind: str, world: World) -> None:
    """Pipelined: what a rule found out about one request is not known to the next."""
    world.asked()
    targets = ["/public/", "/acme-foo/", "/acme-ghost/", "/mirrored/", "/public/", "/gone-tool/"]
    lines = [request_bytes(t, headers=[("Connection", "keep-alive")]) for t in targets[:-1]]
    received = b""
    with socket.create_connection((HOST, reached(world, server_kind)), timeout=10) as stream:
        stream.sendall(b"".join(lines) + request_bytes(targets[-1]))
        while chunk := stream.recv(65536):
            received += chunk
    heads = [line for line in received.split(b"\r\n") if line.startswith(b"X-Index-Source:")]
    labels = [head.partition(b": ")[2].decode() for head in heads]
    owners = ["proxy/rg-list", "private/rg-page", "none", "mirror/rg-file", "proxy/rg-list", "none"]
    assert labels == owners
    assert not [token for token in PRIVATE if token in world.asked()]


# ---------------------------------------------------------------- answers of an upstream


@dataclass(frozen=True, slots=True)
class Evil:
    """What the upstream says; the id is the project."""

    id: str
    reply: Reply
    statuses: tuple[int, ...]


def says(status: int, body: bytes = PAGE, **headers: str) -> Reply:
    """A page with these headers; underscores are dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"Content-Type": "text/html", **named}, body)


#: What an upstream could steer a client, or another proxy before us, with.
STEERING = (
    *("Refresh", "Set-Cookie", "Content-Location", "Link", "Clear-Site-Data"),
    *("Strict-Transport-Security", "Alt-Svc", "X-Accel-Redirect", "X-Sendfile", "X-Cache"),
)
INNER = "/-/rg_page/rg-page/acme-foo/index.html"
AWAY = "https://elsewhere.example.org/"
ANSWERS = (
    Evil("ordinary", says(200), (200,)),
    Evil("accel", says(200, X_Accel_Redirect=INNER), (200,)),
    Evil("accel-404", says(404, X_Accel_Redirect=INNER), (404,)),
    Evil(
        "accel-file", says(200, X_Accel_Redirect="/-/rg_file/rg-page/x", X_Sendfile=INNER), (200,)
    ),
    Evil("labelled", says(200, X_Index_Source="private/rg-page", Set_Cookie="a=b"), (200,)),
    Evil("labelled-404", says(404, X_Index_Source="private/rg-page", Set_Cookie="a=b"), (404,)),
    Evil(
        "steering",
        Reply(200, {"Content-Type": "text/html", **dict.fromkeys(STEERING, AWAY)}, PAGE),
        (200,),
    ),
    Evil("steering-404", Reply(404, dict.fromkeys(STEERING, AWAY), PAGE), (404,)),
    Evil("moved", says(301, Location=AWAY), (502,)),
    Evil("moved-inside", says(302, Location=INNER), (502,)),
    Evil("moved-by-hand", says(307, Location="/acme-foo/", X_Index_Source="none"), (502,)),
    Evil("not-modified", says(304, b""), (502,)),
    Evil("unauthorized", says(401, Set_Cookie="a=b"), (502,)),
    Evil("forbidden", says(403), (502,)),
    Evil("gone", says(410), (502,)),
    Evil("teapot", says(418), (502,)),
    Evil("broken", says(500, X_Accel_Redirect=INNER), (502,)),
    Evil("split", says(200, X_A="a\rSet-Cookie: a=b"), (500, 502)),
    Evil("huge", says(200, X_A="a" * 1_000_000), (502,)),
    Evil("compressed", says(200, b"\x1f\x8bno", Content_Encoding="gzip"), (200, 502)),
    Evil("includes", says(200, b'<!--#include virtual="/acme-foo/" -->'), (200,)),
    Evil("links", says(200, b'<a href="/files/rg-page/acme-foo/x.whl">x</a>'), (200,)),
)


@pytest.mark.server
@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: row.id)
def test_an_upstream_decides_about_its_own_page_only(
    server_kind: str, world: World, row: Evil
) -> None:
    world.asked()
    port = reached(world, server_kind)
    answer = ask(port, f"/{row.id}/")
    assert answer.status in row.statuses
    assert answer.one("X-Index-Source") == ("proxy/rg-list" if answer.status == 200 else "none")
    assert answer.one("Location") is None
    assert not [name for name in STEERING if answer.all(name)]
    if answer.status == 200:
        assert answer.body == row.reply.body
    assert b"acme_foo" not in answer.body
    assert not [token for token in PRIVATE if token in world.asked()]
    assert ask(port, "/acme-foo/").one("X-Index-Source") == "private/rg-page"


# ---------------------------------------------------------------- a disk that is broken


@dataclass(frozen=True, slots=True)
class Broken:
    """A path that loses its permissions, and what is then said of a scanned project without a claim."""

    id: str
    path: str
    mode: int
    status: int
    source: str


STATE, TEAM, OURS = "st'ate {1}", "te am' {x};#y", "private/rg-page"
BROKEN = (
    Broken("state", STATE, 0, 503, "none"),
    Broken("names", f"{STATE}/names", 0, 503, "none"),
    Broken("names that can be listed only", f"{STATE}/names", 0o644, 503, "none"),
    Broken("names that can be entered only", f"{STATE}/names", 0o711, 200, OURS),
    Broken("sentinel", f"{STATE}/names/~rewritegen-names", 0, 200, OURS),
    Broken("scanned name", f"{STATE}/names/plain-tool", 0, 200, OURS),
    Broken("pages", f"{STATE}/pages", 0, 404, OURS),
    Broken("pages of the source", f"{STATE}/pages/rg-page", 0, 404, OURS),
    Broken("pages of the project", f"{STATE}/pages/rg-page/plain-tool", 0, 404, OURS),
    Broken("page", f"{STATE}/pages/rg-page/plain-tool/index.html", 0, 403, OURS),
    Broken("root", TEAM, 0, 503, "none"),
    Broken("root that can be listed only", TEAM, 0o644, 503, "none"),
    Broken("root that can be entered only", TEAM, 0o711, 200, OURS),
    Broken("project", f"{TEAM}/plain-tool", 0, 200, OURS),
    Broken("marker", f"{TEAM}/.rewritegen-root", 0, 200, OURS),
)


@pytest.mark.server
@pytest.mark.parametrize("row", BROKEN, ids=lambda row: row.id.replace(" ", "-"))
def test_what_cannot_be_read_is_still_private(server_kind: str, world: World, row: Broken) -> None:
    path = world.root / row.path
    before = path.stat().st_mode & 0o7777
    world.asked()
    path.chmod(row.mode)
    try:
        answer = ask(reached(world, server_kind), "/plain-tool/")
        ghost = ask(reached(world, server_kind), "/acme-ghost/")
    finally:
        path.chmod(before)
    assert (answer.status, answer.one("X-Index-Source")) == (row.status, row.source)
    assert ghost.status == (503 if row.status == 503 else 404)
    assert world.asked() == b""


@pytest.mark.server
@pytest.mark.parametrize("lost", [f"{STATE}/names", f"{TEAM}/.rewritegen-root", STATE, TEAM])
def test_what_goes_away_while_running_stops_the_search(
    server_kind: str, world: World, lost: str
) -> None:
    path, aside = world.root / lost, world.root / "aside"
    world.asked()
    path.rename(aside)
    try:
        answers = [ask(reached(world, server_kind), f"/{n}/") for n in ("plain-tool", "public")]
    finally:
        aside.rename(path)
    assert [answer.status for answer in answers] == [503, 503]
    assert world.asked() == b""
    assert ask(reached(world, server_kind), "/plain-tool/").status == 200


# ---------------------------------------------------------------- the rest of an administrator's host


@pytest.mark.server
def test_the_fetch_urls_of_httpd_are_closed_also_where_its_rules_end_before_ours(
    world: World, start_server: StartServer
) -> None:
    """A rule above the Include that ends rewriting takes our rules away, but must not open what they guard."""
    require("apache")
    settings = yaml.safe_load((world.root / "first.yaml").read_text()) | {"index": "/simple/"}
    _, plan = read_site(write_site(world.root / "part.yaml", settings, 1))
    (_, text), (_, fetcher) = Apache().render(plan, "locations", Apache.baseline).texts
    part = world.root / "part.conf"
    part.write_text(text)
    port = free_port()
    body = f"""
Listen {HOST}:{port}
<VirtualHost {HOST}:{port}>
    RewriteEngine On
    RewriteCond "%{{REQUEST_URI}}" "!^/theirs"
    RewriteRule "^" "-" [L]
    Include "{part}"
</VirtualHost>
{fetcher}
"""
    start_server("apache", host(world.root, body), [port])
    world.asked()
    (turn, *_) = page_turns(plan)
    copy = f"{turn.place}acme-ghost/html/identity/{turn.digest}"
    for target in (copy, f"/{copy}", f"{turn.asked}html/acme-ghost/"):
        assert ask(port, target).status in (403, 404)
    # the fetching host is for this site, by a name that nobody else says
    assert ask(plan.inner[1], f"{turn.asked}html/acme-ghost/").status == 403
    assert world.asked() == b""


# ---------------------------------------------------------------- time


def _filled(unit: str, length: int = 7900) -> str:
    return (unit * (length // len(unit) + 1))[:length]


SLOW = {
    "capitals": ("/" + "AB" * 99, ""),
    "eleven capitals": ("/" + "".join(c * 11 for c in "ABCDEFGHIJKLMNOPQR"), ""),
    "runs": ("/a" + "-._" * 60 + "a", ""),
    "many runs": ("/" + "a-." * 60 + "a", ""),
    "path of claims": ("/files/rg-list/" + _filled("acmf/"), ""),
    "path of dashes": ("/files/rg-list/acme" + _filled("-._"), ""),
    "path of exceptions": ("/files/rg-list/" + _filled("acmf-oss/x/"), ""),
    "long parts": ("/files/rg-list/" + "/".join(["a" * 251] * 31), ""),
    "escapes": ("/files/rg-list/" + _filled("%2B"), ""),
    "blanks": ("/acme-foo/", JSON + " " * 7800),
    "q": ("/acme-foo/", f"{JSON};" + _filled("q ")),
    "q q0": ("/acme-foo/", f"{JSON};" + _filled("q=0.")),
    "types": ("/acme-foo/", _filled(f" {JSON};q", 7800) + "=0"),
}


@pytest.mark.server
@pytest.mark.parametrize("name", SLOW)
def test_no_request_line_and_no_header_takes_long(
    server_kind: str, world: World, name: str
) -> None:
    """The best of three stays below a limit that an exponential pattern misses by orders of magnitude."""
    target, accept = SLOW[name]
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        answer: Answer = ask(reached(world, server_kind), target, accept=accept)
        seconds.append(time.perf_counter() - began)
        assert answer.status in (200, 301, 400, 404)
    assert min(seconds) < 0.1
