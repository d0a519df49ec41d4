"""Raw requests as Hypothesis draws them, about one site: of the shapes, of the files that are there, and mutated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from hypothesis import strategies as st

from tests.differential.shapes import SUFFIXES, shapes
from tests.differential.spec import SiteSpec
from tests.differential.strategies import PUBLIC_NAMES
from tests.differential.wires import CREDENTIALS, HOST_LINE, Wire
from tests.servers.rows import JSON, PIP, POETRY, UV, V1_HTML
from tests.support.credentials import basic

__all__ = ["wires"]

_ACCEPTS = (
    *(JSON, V1_HTML, PIP, UV, POETRY, "text/html", "*/*", "", "text/html;q=0", f"{JSON};q=0"),
    *(JSON.replace("v1", "latest"), f"{JSON}x", f"{JSON} ; q=0.0 , text/html", "application/json"),
    *(f"{JSON};q=0.05, text/html", ";;,q=1,,", f"text/html, {JSON};q=0.1;x=y"),
)

#: Pieces that change what a path means to one program and not to another.
_PIECES = (
    *(
        "/",
        "//",
        "/./",
        "/../",
        "/..",
        "/%2e%2e/",
        "%2f",
        "%2F",
        "%5c",
        "\\",
        ";",
        ";v=1",
        "?",
        "#",
    ),
    *(
        "%00",
        "\x00",
        "%0d%0a",
        "%20",
        " ",
        "\t",
        "+",
        "%2B",
        "%2b",
        "!",
        "%21",
        "~",
        "%",
        "%zz",
        "%u0041",
    ),
    *(
        "%c0%af",
        "%c0%ae%c0%ae/",
        "%e0%80%af",
        "%252e",
        "%2525",
        "\xe4",
        "%ef%bd%81",
        "\xef\xbd\x81",
    ),
    *(
        ".",
        "..",
        "-",
        "_",
        "-._",
        ":",
        "@",
        "&",
        "=",
        "*",
        "'",
        '"',
        "<",
        "|",
        "{",
        "$",
        "$1",
        "%1",
        "%{x}",
    ),
    *("index.html", ".metadata", ".asc", ".provenance", ".gz", "A", "z", "0", "~1/"),
)

_RANGES = (
    "bytes=0-0",
    "bytes=5-",
    "bytes=-7",
    "bytes=999999999-",
    "bytes=0-3,6-9",
    "bytes=9-1",
    "lines=1-2",
)


class Mutation(NamedTuple):
    """One change of a target: how, about where (in hundredths of its length), and what comes in."""

    how: str
    place: int
    piece: str


_MUTATIONS = st.lists(
    st.builds(
        Mutation,
        st.sampled_from(["insert", "insert", "encode", "twice", "case", "cut", "double"]),
        st.integers(0, 100),
        st.sampled_from(_PIECES),
    ),
    min_size=1,
    max_size=2,
)


def _mutated(wire: Wire, mutations: list[Mutation]) -> Wire:
    """A target with a piece more, less, or written otherwise."""
    target = wire.target
    for how, place, piece in mutations:
        at = len(target) * place // 100
        before, char, behind = target[:at], target[at : at + 1] or "/", target[at + 1 :]
        new = {
            "insert": piece + char,
            "cut": "",
            "double": char + char,
            "encode": f"%{ord(char):02x}",
            "twice": f"%25{ord(char):02X}",
            "case": char.swapcase(),
        }[how]
        target = before + new + behind
    return replace(wire, target=target)


def _names(spec: SiteSpec) -> st.SearchStrategy[str]:
    """Names in any spelling: ours, public ones, and made-up ones."""
    owned = st.sampled_from(
        sorted({*spec.owned, *(c.rstrip("*-") for p in spec.private for c in p.claims)})
    )
    public = st.sampled_from(sorted({*PUBLIC_NAMES, *spec.public, "unheard-of"}))
    made_up = st.from_regex(r"[A-Ca-c0-2][A-Ca-c0-2._-]{0,30}", fullmatch=True)
    spelled = st.tuples(owned | public, st.integers(0, 5)).map(_respelled)
    return owned | public | spelled | made_up


def _respelled(given: tuple[str, int]) -> str:
    name, how = given
    parts = name.split("-")
    joined = ("_", ".", "--", "-._-", "_", ".")[how].join(parts)
    return joined if how < 2 else joined.title() if how < 4 else joined.upper()


def _files(spec: SiteSpec) -> st.SearchStrategy[str]:
    ends = [
        f"{end}{s}"
        for end in ("-1.0-py3-none-any.whl", "-2.0.tar.gz", "-3%2Bx.zip")
        for s in SUFFIXES
    ]
    ends += [
        "",
        "-1.0",
        ".tar.gz",
        ".v2.zip",
        "_1.tar.gz",
        "-1.0.whl/provenance",
        "_v2.egg",
        "-1.0.whl.provenance/",
        "-1.0.exe",
        "-9+l.whl",
    ]
    return st.tuples(_names(spec), st.sampled_from(ends)).map("".join)


def _targets(spec: SiteSpec, places: tuple[str, ...]) -> st.SearchStrategy[str]:
    at = spec.mount
    above = at.rstrip("/").rpartition("/")[0]
    routes = [f"/files/{s.name}/" for s in spec.sources]
    routes += [f"{above}/packages/", f"{routes[0]}~1/", "/files/nobody/"]
    names, files = _names(spec), _files(spec)
    middle = st.sampled_from(["", "packages/ab/cd/", "simple/", "x/../", "+f/ab/", "pypi/", "ab/"])
    page = st.tuples(st.just(at), names, st.sampled_from(["/", "/", "", "/?q=1"])).map("".join)
    beside = st.tuples(st.just(at), names, st.just("/"), files).map("".join)
    below = st.tuples(st.sampled_from(routes), middle, files).map("".join)
    owner = st.tuples(st.sampled_from(routes), names, st.just("/"), files).map("".join)
    soup = st.text("/ab.%2eE-~+!;?", max_size=20).map(lambda text: f"{at}{text}")
    known = st.sampled_from(places) if places else page
    there = sorted({name for fallback in spec.fallbacks for name in fallback.projects}) or ["lumen"]
    public = st.sampled_from([f"{at}{name}/" for name in there])
    document = st.sampled_from([f"/pypi/{name}/json" for name in there])
    legacy = [document, document, names.map("/pypi/{}/json".format)] if spec.legacy else []
    # half of what is asked for is there, so that upstreams have something to read
    return st.one_of(
        public, public, public, known, known, page, beside, below, owner, soup, *legacy
    )


_CARRIED = (
    *("Authorization", "Cookie", "Referer", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"),
    *("Via", "Forwarded", "Origin", "From", "User-Agent", "X-Original-URL", "X-Rewrite-URL"),
    *("X-Request-ID", "X-HTTP-Method-Override", "Accept-Language", "Accept-Charset", "Pragma"),
    *("Proxy-Authorization", "X-Forwarded-Proto", "X-Forwarded-Port", "Traceparent", "DNT"),
    "X-Requested-With",
)


def _headers(spec: SiteSpec) -> st.SearchStrategy[tuple[str, str]]:
    names = _names(spec)
    carried = st.sampled_from(_CARRIED)
    dates = st.sampled_from(["Thu, 26 Nov 2020 00:00:00 GMT", "Thu, 26 Nov 2036 00:00:00 GMT", "x"])
    tags = st.sampled_from(['"x"', 'W/"x"', "*", '"x", "y"', ""])
    return (
        st.tuples(st.just("Accept"), st.sampled_from(_ACCEPTS))
        | st.tuples(
            st.just("Accept-Encoding"),
            st.sampled_from(["gzip", "gzip;q=0", "br, gzip", "identity", "*"]),
        )
        | st.tuples(carried, names)
        | st.tuples(carried, names.map(lambda name: f"http://x/simple/{name}/"))
        | st.tuples(st.just("Range"), st.sampled_from(_RANGES))
        | st.tuples(st.sampled_from(["If-None-Match", "If-Match", "If-Range"]), tags)
        | st.tuples(st.sampled_from(["If-Modified-Since", "If-Unmodified-Since"]), dates)
        | st.tuples(
            st.just("Cache-Control"),
            st.sampled_from(["no-cache", "only-if-cached", "max-age=0", "no-store"]),
        )
        | st.tuples(
            st.just("Connection"),
            st.sampled_from(["close", "keep-alive", "close, Accept", "Host", "te"]),
        )
        | st.tuples(st.just("X-Unheard-Of"), st.just("1"))
    )


def wires(spec: SiteSpec, places: tuple[str, ...]) -> st.SearchStrategy[Wire]:
    """One request: half of them are as good clients send them, half are one or two changes away from that."""
    shaped = st.sampled_from(tuple(shapes(spec, places)))
    plain = st.builds(Wire, _targets(spec, places))
    headers = st.lists(_headers(spec), min_size=1, max_size=3)
    rich = st.builds(lambda wire, lines: wire.with_headers(*lines), plain, headers)
    mutated = st.builds(_mutated, plain | shaped, _MUTATIONS)
    both = st.builds(_mutated, rich, _MUTATIONS)
    heads = st.builds(lambda wire: replace(wire, method="HEAD"), plain | rich)
    edits = st.sampled_from(tuple(_edits(spec)))
    odd = st.builds(lambda wire, edit: edit(wire), plain | rich | shaped, edits)
    drawn = st.one_of(shaped, plain, heads, rich, rich, mutated, mutated, both, odd, odd)
    return st.builds(_presented, drawn, st.sampled_from(_SHOWN)) if spec.auth else drawn


#: What a client shows where only some may read: mostly what lets it in.
_SHOWN = (
    *(CREDENTIALS,) * 6,
    None,
    ("Authorization", basic(password="wrong")),
    ("Authorization", CREDENTIALS[1].replace("Basic", "Bearer")),
    ("Proxy-Authorization", CREDENTIALS[1]),
)


def _presented(wire: Wire, line: tuple[str, str] | None) -> Wire:
    return wire.with_headers(line) if line and wire.version else wire


Edit = Callable[[Wire], Wire]


def _edits(spec: SiteSpec) -> Iterator[Edit]:
    """What no good client sends: another method, version, host or form, a body, a length at a limit."""
    methods = [
        "POST",
        "PUT",
        "DELETE",
        "PATCH",
        "OPTIONS",
        "TRACE",
        "get",
        "CONNECT",
        "PROPFIND",
        "GETT",
        "G-T",
        "HEAD",
    ]
    versions = ("HTTP/1.0", "HTTP/1.0", "", "HTTP/1.2", "HTTP/2.0", "HTTP/7.7", "HTTP/1.1 x")
    yield from (partial(replace, method=method) for method in methods)
    yield from (partial(replace, version=version) for version in versions)
    yield partial(replace, end="\n")
    for host in ("a b", "", "packages.example.org:99", "index.example.org", "[::1", spec.owned[0]):
        yield partial(_hosted, hosts=(("Host", host),))
        for scheme in ("http", "HTTP", "https"):
            yield partial(_absolute, start=f"{scheme}://{host}")
    yield partial(_hosted, hosts=())
    yield partial(_hosted, hosts=(HOST_LINE, HOST_LINE))
    for method in ("GET", "HEAD", "POST"):
        for length in ("9", "0", "+5", "5x", "-1"):
            yield partial(
                _announced,
                method=method,
                line=("Content-Length", length),
                body=f"name={spec.owned[-1]}",
            )
    for coding in ("chunked", "identity", "gzip, chunked", "chunkedx"):
        yield partial(
            _announced, method="GET", line=("Transfer-Encoding", coding), body="0\r\n\r\n"
        )
    for size in (150, 198, 199, 200, 201, 240, 251, 260, 1000, 4000, 8100, 8200, 40000):
        yield from (partial(_stretched, size=size, last=last) for last in ("a", "/", "A"))
        yield partial(_with, line=("X-Requested-With", "a" * size))
    bad = [
        ("X-A", "a\r\n folded"),
        ("X-A ", "a"),
        ("X A", "a"),
        ("", "a"),
        ("X-A", "a\x01"),
        ("Expect", "100-continue"),
    ]
    yield from (partial(_with, line=line) for line in bad)


def _hosted(wire: Wire, hosts: tuple[tuple[str, str], ...]) -> Wire:
    return replace(wire, headers=(*hosts, *(line for line in wire.headers if line[0] != "Host")))


def _absolute(wire: Wire, start: str) -> Wire:
    return replace(wire, target=start + wire.target)


def _announced(wire: Wire, method: str, line: tuple[str, str], body: str) -> Wire:
    sent = body[: int(line[1])] if line[1].isdecimal() else body
    return replace(wire, method=method, body=sent).with_headers(line)


def _stretched(wire: Wire, size: int, last: str) -> Wire:
    more = max(0, size - len(wire.target) - 1)
    return replace(wire, target=wire.target + "a" * more + last)


def _with(wire: Wire, line: tuple[str, str]) -> Wire:
    return wire.with_headers(line)
