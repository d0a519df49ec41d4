"""The 22 request shapes by which private names leak elsewhere, for every private name of a site.

The safety notes number them; each is a family of requests here.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from tests.differential.spec import SiteSpec
from tests.differential.wires import HOST_LINE, Wire
from tests.servers.rows import JSON, PIP, POETRY, V1_HTML

__all__ = ["SUFFIXES", "name_shapes", "shapes", "site_shapes"]

SUFFIXES = ("", ".metadata", ".asc", ".sha256", ".provenance")

_METHODS = (
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "OPTIONS",
    "PROPFIND",
    "TRACE",
    "BREW",
    "get",
    "CONNECT",
)


def shapes(spec: SiteSpec, places: tuple[str, ...]) -> Iterator[Wire]:
    """All of them for all names, and those that need none."""
    yield from site_shapes(spec, places)
    for name in spec.owned:
        yield from name_shapes(spec, name)


def _route_names(spec: SiteSpec) -> Iterator[str]:
    for source in spec.sources:
        if source.form != "redirect":
            yield f"/files/{source.name}"
    yield f"{spec.mount.rstrip('/').rpartition('/')[0]}/packages"


def name_shapes(spec: SiteSpec, name: str) -> Iterator[Wire]:
    """The shapes about one private name."""
    at = spec.mount
    here = f"{at}{name}/"
    upper, under, dotted = name.upper(), name.replace("-", "_"), name.replace("-", "-._-")
    hexed = f"%{ord(name[0]):02x}{name[1:]}"
    targets = (
        # 1: other spellings
        *(f"{at}{spelled}/" for spelled in (name, upper, under, dotted, name.title())),
        *(f"{at}{spelled}" for spelled in (name, upper, under)),
        # 2: encoded letters and separators, once and twice
        f"{at}{hexed}/",
        f"{at}%25{hexed[1:]}/",
        f"{at}{name.replace('-', '%2D')}%2f",
        f"{at}{name.replace('-', '%5F')}/",
        f"{at}{''.join(f'%{ord(c):02X}' for c in name)}/",
        # 3: merged slashes, dots, other case of the mount
        f"/{here}",
        f"{at}/{name}/",
        f"{at}./{name}/",
        f"{at}lumen/../{name}/",
        f"{at}lumen/%2e%2e/{name}/",
        f"{at}lumen/..%2f{name}/",
        f"{at.upper()}{name}/",
        f"{here}/",
        # 4: what a client adds
        f"{at}{name}?x=/",
        f"{here}?format=application/json",
        f"{here};v=1",
        f"{at}{name};v=1/",
        f"{here}index.html",
        f"{here}index.v1_json",
        # 5: what is no name
        f"{at}{name}./",
        f"{at}-{name}/",
        f"{at}{name}-/",
        f"{at}{name}%20/",
        f"{at}{name}%00/",
        f"{at}{name}\x00/",
        f"{at}{chr(0xEF)}{chr(0xBD)}{chr(0x81)}{name}/",
        f"{at}{name}{'a' * 255}/",
        f"{at}{name}\\",
        f"{at}{name}#x",
        f"{at}{name}%c0%af",
        # 10, 11: other APIs of an index
        *(f"/pypi/{spelled}/json" for spelled in (name, upper, under, dotted, name.title(), hexed)),
        *(f"/pypi/{name}/json{end}" for end in ("?x=/", "/", ";v=1", "%20", "%00")),
        *(f"/pypi/{name}{between}json" for between in ("//", "/./", "/x/../", "%2F", "/%6a", "./")),
        f"//pypi/{name}/json",
        f"/pypi/../pypi/{name}/json",
        f"/-/rg_json/team/{name}/legacy.json",
        f"/pypi/{name}/1.0/json",
        f"{here}1.0/json",
        f"/integrity/{name}/1.0/x/provenance",
        f"/project/{name}/",
        f"/search?q={name}",
        f"/rss/project/{name}/releases.xml",
        f"/stats/{name}",
        # 18: absolute form
        f"http://packages.example.org{here}",
        f"http://index.example.org/simple/{name}/",
        f"//index.example.org{here}",
        # 21: in the query of something public
        f"{at}?project={name}",
        f"{at}lumen/?url=https://index.example.org/simple/{name}/",
        # our own inner locations
        f"/-/rg_ask/public/{name}/",
        f"/-/rg_page/team/{name}/index.html",
        f"/-/rg_begin/simple/-/pages/public/{name}/",
        f"{at}-/pages/public/{name}/html/identity/",
    )
    yield from map(Wire, targets)
    yield from _representations(here)
    yield from _files(spec, name, here)
    for method in _METHODS:  # 12, 13
        yield Wire(here, method)
    body = f":action=file_upload&name={name}"
    upload = (HOST_LINE, ("Content-Length", str(len(body))), ("X-HTTP-Method-Override", "GET"))
    for target in (here, at, "/legacy/", "/pypi", "/RPC2"):
        yield Wire(target, "POST", upload, body=body)
    yield Wire(f"{at}lumen/", "GET", (HOST_LINE, ("Content-Length", str(len(body)))), body=body)
    yield Wire(f"{at}lumen/", headers=(HOST_LINE, *_carried(name)))  # 16 to 18, 20
    yield Wire(f"{at}lumen/", headers=(("Host", f"{name}.example.org"),))
    yield Wire(here, headers=())  # 22
    yield Wire(here, version="HTTP/1.0", headers=())
    yield Wire(here, version="")
    yield Wire(here, version="HTTP/7.7")
    yield Wire(f"{at}{name}{'/a' * 5000}")


def _carried(name: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Authorization", f"Basic {name}"),
        ("Cookie", f"x={name}"),
        ("Referer", f"http://packages.example.org/simple/{name}/"),
        ("X-Forwarded-For", name),
        ("X-Forwarded-Host", name),
        ("X-Original-URL", f"/simple/{name}/"),
        ("X-Rewrite-URL", f"/simple/{name}/"),
        ("Forwarded", f"for={name}"),
        ("Via", f"1.1 {name}"),
        ("Origin", f"http://{name}"),
        ("From", f"{name}@example.org"),
        ("User-Agent", name),
    )


def _representations(here: str) -> Iterator[Wire]:
    """Shape 14 and 19: the ways to ask for one page."""
    for accept in (JSON, V1_HTML, "text/html", "*/*", PIP, POETRY, f"{JSON};q=0", JSON.upper()):
        yield Wire(here, headers=(HOST_LINE, ("Accept", accept)))
    yield Wire(here, headers=(HOST_LINE, ("Accept", JSON.replace("v1", "latest"))))
    yield Wire(here, "HEAD", (HOST_LINE, ("Accept", PIP), ("Accept-Encoding", "gzip")))
    yield Wire(here, headers=(HOST_LINE, ("Accept", PIP), ("Accept-Encoding", "gzip")))
    for line in (
        ("Range", "bytes=0-9"),
        ("If-None-Match", '"x"'),
        ("If-Modified-Since", "Thu, 26 Nov 2026 00:00:00 GMT"),
        ("Cache-Control", "no-cache"),
        ("Connection", "close, Accept"),
    ):
        yield Wire(here, headers=(HOST_LINE, line))


def _files(spec: SiteSpec, name: str, here: str) -> Iterator[Wire]:
    """Shapes 7, 8 and 9: files that are missing, in every spelling, below every public path."""
    stem = name.replace("-", "_")
    wheel = f"{stem}-7.0-py3-none-any.whl"
    for suffix in SUFFIXES:
        yield Wire(f"{here}{wheel}{suffix}")
    sdists = (f"{name.replace('-', '.').title()}-7.0.tar.gz", f"{stem.upper()}-7.0%2Bx.tar.gz")
    for route in _route_names(spec):
        for file in (wheel, *sdists, f"{stem}-7.0+x.zip", name):
            yield Wire(f"{route}/packages/ab/cd/{file}")
        yield Wire(f"{route}/{name}/{wheel}.metadata")
        yield Wire(f"{route}/i/j/k/l/m/{wheel}/provenance")
        yield Wire(f"{route}/packages/ab/../{wheel}")
        yield Wire(f"{route}/simple/{name}/")
        yield Wire(f"{route}/simple/{name}/x.whl")
        yield Wire(f"{route}/pypi/{name}/json")


def site_shapes(spec: SiteSpec, places: tuple[str, ...]) -> Iterator[Wire]:
    """What needs no name: the list, the public names, the files that are there, and our own paths."""
    at = spec.mount
    public = sorted({*chain(*(f.projects for f in spec.fallbacks)), *spec.public})
    yield from (
        Wire(target) for target in (at, f"{at}?project=x", "/", "/-/health", "/-/rewritegen")
    )
    yield Wire(at.rstrip("/") or "/x")
    for accept in (JSON, V1_HTML, "text/html"):
        yield Wire(at, headers=(HOST_LINE, ("Accept", accept)))
    for name in (*public, "unheard-of"):
        for target in (f"{at}{name}/", f"{at}{name.upper()}", f"{at}{name}/?x=y"):
            yield Wire(target)
        for target in (f"/pypi/{name}/json", f"/pypi/{name.upper()}/json"):
            yield Wire(target)
        yield Wire(f"/pypi/{name}/json", "HEAD", (HOST_LINE, ("Accept-Encoding", "gzip")))
        yield Wire(
            f"{at}{name}/", headers=(HOST_LINE, ("Accept", PIP), ("Accept-Encoding", "gzip"))
        )
        yield Wire(f"{at}{name}/", "HEAD", (HOST_LINE, ("Accept", JSON)))
        yield Wire(f"{at}{name}/{name}-9.0.tar.gz")
        yield Wire(
            f"{at}{name}/", headers=(HOST_LINE, ("Connection", "close, Accept"), ("Accept", JSON))
        )
        hops = ("Connection", "close, Accept, Accept-Encoding, Host, Cache-Control, User-Agent")
        yield Wire(f"{at}{name}/", headers=(HOST_LINE, hops, ("Accept", JSON)))
        yield Wire(f"{at}{name}/", headers=(HOST_LINE, ("Range", "bytes=2-9")))
        yield Wire(f"{at}{name}/", headers=(HOST_LINE, ("X-Unheard-Of", "1")))
    for place in places:
        yield Wire(place)
        yield Wire(place, "HEAD")
        yield Wire(f"{place}?x=y")
        yield Wire(f"{place}.metadata")
        yield Wire(place, headers=(HOST_LINE, ("Range", "bytes=1-20")))
        yield Wire(place.replace("+", "%2B"))
        yield Wire(place, headers=(HOST_LINE, *_carried(spec.owned[0])))
    yield Wire("*", "OPTIONS")
    yield Wire("index.example.org:443", "CONNECT")
    yield Wire("/../../etc/passwd")
    yield Wire(f"/files/{spec.private[0].name}/.rewritegen-root")
    yield Wire(f"/files/{spec.private[0].name}/../names/x")
