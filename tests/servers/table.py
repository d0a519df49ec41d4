"""The table of answers: one request a row, and what a person says the answer must be.

Status and source are written by hand, so that the model is checked as well; everything else (representation, body,
Location, what was forwarded) comes from the model, and both servers are compared with it. Names in braces are places
of the scene. "shape N" is a number of the request shapes that leak elsewhere; they are listed in the safety notes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

__all__ = ["RAW_ROWS", "ROWS", "RawRow", "Row"]

JSON = "application/vnd.pypi.simple.v1+json"
V1_HTML = "application/vnd.pypi.simple.v1+html"
PIP = f"{JSON}, {V1_HTML}; q=0.1, text/html; q=0.01"
UV = f"{JSON}, {V1_HTML};q=0.2, text/html;q=0.01"
POETRY = f"{JSON}, */*;q=0.1"

TEAM = "private/team"


@dataclass(frozen=True, slots=True)
class Row:
    """One modelled request."""

    id: str
    target: str
    status: int
    source: str = "none"
    scene: str = "team"
    method: str = "GET"
    accept: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    location: str | None = None
    body: bytes = b""
    contains: str = ""
    """Text that a person expects in the body."""

    @property
    def label(self) -> str:
        """The id of the test, scene first."""
        return f"{self.scene}-{self.id.replace(' ', '-')}"


@dataclass(frozen=True, slots=True)
class RawRow:
    """Bytes that no client library sends. The servers' own cores answer some of them, so several statuses are right."""

    id: str
    data: bytes
    statuses: frozenset[int]


def _in(scene: str, *rows: Row) -> Iterator[Row]:
    return (replace(row, scene=scene) for row in rows)


def _forms(scene: str, name: str, target: str, source: str, status: int = 200) -> Iterator[Row]:
    """One page in every form that a client asks for (shape 19)."""
    accepts = {
        "no accept": None,
        "any": "*/*",
        "html": "text/html",
        "browser": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "json": JSON,
        "v1html": V1_HTML,
        "pip": PIP,
        "uv": UV,
        "poetry": POETRY,
        "latest": "application/vnd.pypi.simple.latest+json",
        "json q0": f"{JSON};q=0, text/html",
        "json q0.0 blanks": f"{JSON} ; q=0.0 , text/html",
        "json graded down": f"{JSON};q=0.05, text/html",
        "plain json": "application/json",
        "upper case": JSON.upper(),
        "look-alike": f"{JSON}x",
        "garbage": ";;,q=1,,",
    }
    for label, accept in accepts.items():
        yield Row(f"{name} {label}", target, status, source, scene=scene, accept=accept)


def _leaks(name: str) -> Iterator[Row]:
    """What must not leave about one owned name, whatever it is in (shapes 1 to 14)."""
    upper = name.upper()
    here = f"/simple/{name}/"
    for number, spelling in enumerate((upper, upper.replace("-", "_"), name.replace("-", "-._-"))):
        yield Row(f"{name} spelling {number}", f"/simple/{spelling}/", 301, location=here)
        yield Row(f"{name} spelling {number} no slash", f"/simple/{spelling}", 301, location=here)
    yield Row(f"{name} no slash", f"/simple/{name}", 301, location=here)
    yield Row(f"{name} no slash query", f"/simple/{name}?x=/", 301, location=here)
    encoded = f"%{ord(name[0]):02x}{name[1:]}"
    yield Row(f"{name} encoded letter", f"/simple/{encoded}/", 404)
    yield Row(f"{name} encoded twice", f"/simple/%25{encoded[1:]}/", 404)
    yield Row(f"{name} encoded dash", f"/simple/{name.replace('-', '%2D')}/", 404)
    yield Row(f"{name} encoded underscore", f"/simple/{name.replace('-', '%5F')}/", 404)
    yield Row(f"{name} encoded slash", f"/simple/{name}%2F", 404)
    yield Row(f"{name} double slash before", f"//simple/{name}/", 404)
    yield Row(f"{name} double slash within", f"/simple//{name}/", 404)
    yield Row(f"{name} double slash after", f"/simple/{name}//", 404)
    yield Row(f"{name} dot", f"/simple/./{name}/", 404)
    yield Row(f"{name} dot dot", f"/simple/proxied/../{name}/", 404)
    yield Row(f"{name} encoded dot dot", f"/simple/proxied/%2e%2e/{name}/", 404)
    yield Row(f"{name} upper mount", f"/SIMPLE/{name}/", 404)
    yield Row(f"{name} semicolon", f"/simple/{name}/;v=1", 404)
    yield Row(f"{name} semicolon in name", f"/simple/{name};v=1/", 404)
    yield Row(f"{name} trailing dot", f"/simple/{name}./", 404)
    yield Row(f"{name} trailing blank", f"/simple/{name}%20/", 404)
    yield Row(f"{name} backslash", f"/simple\\{name}/", 404)
    yield Row(f"{name} leading dash", f"/simple/-{name}/", 404)
    yield Row(f"{name} index html", f"/simple/{name}/index.html", 404)
    yield Row(f"{name} deeper", f"/simple/{name}/1.0/json", 404)
    yield Row(f"{name} legacy json", f"/pypi/{name}/json", 404)
    yield Row(f"{name} legacy json version", f"/pypi/{name}/1.0/json", 404)
    yield Row(f"{name} project page", f"/project/{name}/", 404)
    yield Row(f"{name} integrity", f"/integrity/{name}/1.0/x/provenance", 404)
    yield Row(f"{name} search", f"/search?q={name}", 404)
    yield Row(f"{name} rss", f"/rss/project/{name}/releases.xml", 404)
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "TRACE", "BREW"):
        yield Row(f"{name} {method}", here, 405, method=method)
    override = (("X-HTTP-Method-Override", "PUT"),)
    yield Row(f"{name} override upload", here, 405, method="POST", headers=override, body=b"x=1")


def _decided(name: str, status: int, source: str) -> Iterator[Row]:
    """The page of an owned name by every way that must decide the same (shapes 4, 13, 14, 21)."""
    here = f"/simple/{name}/"
    yield Row(f"{name} page", here, status, source)
    yield Row(f"{name} page json", here, status, source, accept=JSON)
    yield Row(f"{name} page head", here, status, source, method="HEAD", accept=PIP)
    yield Row(
        f"{name} page query", f"{here}?format=json&url=https://index.example.org/", status, source
    )
    revalidating = (
        ("Cache-Control", "no-cache"),
        ("Pragma", "no-cache"),
        ("Authorization", "Basic eDp5"),
    )
    yield Row(f"{name} page no-cache", here, status, source, headers=revalidating)
    for suffix in ("", ".metadata", ".asc", ".sha256", ".provenance"):
        file = f"{name.replace('-', '_')}-7.0-py3-none-any.whl{suffix}"
        beside = source if source in (TEAM, "private/house", "private/ready") else "none"
        yield Row(f"{name} beside {suffix or 'file'}", f"{here}{file}", 404, beside)
        for prefix in ("files/public", "files/copy", "packages"):
            target = f"/{prefix}/packages/aa/bb/cc/{file}"
            yield Row(f"{name} {prefix} {suffix or 'file'}", target, 404)


def _team() -> Iterator[Row]:
    yield Row("root list", "/simple/", 200, contains="acme-foo")
    yield Row("root list json", "/simple/", 200, accept=JSON, contains="my-private-pkg")
    yield Row("root list query", "/simple/?project=acme-foo", 200)
    yield Row("root list head", "/simple/", 200, method="HEAD")
    yield Row("mount without slash", "/simple", 404)
    yield Row("server root", "/", 404)
    yield Row("health", "/-/health", 200, contains="ok")
    yield Row("fingerprint", "/-/rewritegen", 200)
    yield Row("inner path", "/-/team/acme-foo/", 404)
    yield Row("upload", "/simple/", 405, method="POST", body=b":action=file_upload&name=acme-foo")
    yield Row("legacy upload", "/legacy/", 405, method="POST", body=b":action=file_upload")
    yield Row("xmlrpc", "/pypi", 405, method="POST", body=b"<methodCall/>")
    yield Row("xmlrpc 2", "/RPC2", 405, method="POST", body=b"<methodCall/>")
    yield Row("sentinel", "/simple/.rewritegen-root", 404)
    yield Row("marker as file", "/files/team/.rewritegen-root", 404)
    yield Row("unknown file source", "/files/nobody/acme-foo/x.whl", 404)
    yield Row("file source alone", "/files/team/", 404)
    yield Row("directory of files", "/files/team/acme-foo/", 404)
    yield Row("name of 200", f"/simple/{'a' * 200}/", 404, "none")
    yield Row("name of 201", f"/simple/{'a' * 201}/", 404)
    yield Row("11 capitals", f"/simple/{'A' * 11}/", 301, location=f"/simple/{'a' * 11}/")
    yield Row("12 capitals", f"/simple/{'A' * 12}/", 404)
    runs, canonical = "a_" * 11 + "b", "a-" * 11 + "b"
    yield Row("11 runs", f"/simple/{runs}/", 301, location=f"/simple/{canonical}/")
    yield Row("12 runs", f"/simple/{'a_' * 12}b/", 404)
    yield Row("digits", "/simple/7_7/", 301, location="/simple/7-7/")
    yield Row("only separators", "/simple/-._-/", 404)
    yield from _forms("team", "generated", "/simple/acme-foo/", TEAM)
    yield from _forms("team", "ready html", "/simple/static-one/", "private/ready")
    yield from _forms("team", "ready all", "/simple/static-all/", "private/ready")
    yield from _forms("team", "mirrored", "/simple/mirrored/", "mirror/copy")
    yield from _forms("team", "proxied", "/simple/proxied/", "proxy/public")
    yield from _forms("team", "list", "/simple/", "none")
    yield from _leaks("acme-foo")
    yield from _leaks("acme-ghost")
    yield from _decided("acme-foo", 200, TEAM)
    yield from _decided("acme", 404, "none")
    yield from _decided("acme-ghost", 404, "none")
    yield from _decided("secret-tool", 404, "none")
    yield Row("prefix is no stem", "/simple/acmefoo/", 404)
    yield Row("claim but public", "/simple/acme-oss/", 200, "proxy/public")
    yield Row("scanned and gone", "/simple/gone-tool/", 404)
    yield Row("scanned and gone json", "/simple/gone-tool/", 404, accept=JSON)
    yield Row("dangling link", "/simple/linked-tool/", 404, TEAM)
    yield Row("dangling link json", "/simple/linked-tool/", 404, TEAM, accept=PIP)
    yield Row("new directory", "/simple/new-tool/", 404, TEAM)
    yield Row("page without files beside", "/simple/static-empty/", 404, "private/ready")
    yield Row("raw directory", "/simple/my-private-pkg/", 200, TEAM, contains="My_Private_Pkg-1.0")
    yield Row("flat", "/simple/house-tool/", 200, "private/house")
    yield Row("flat raw", "/simple/house-other/", 200, "private/house")
    yield Row("static raw", "/simple/static-raw/", 200, "private/ready", contains="Static_Raw-1.0")
    yield from _team_files()
    yield Row("unknown", "/simple/unknown/", 404)
    yield Row("unknown json", "/simple/unknown/", 404, accept=JSON)
    yield Row("proxied head", "/simple/proxied/", 200, "proxy/public", method="HEAD")
    yield Row("proxied query", "/simple/proxied/?acme-foo=1", 200, "proxy/public")
    secrets = (
        ("Authorization", "Basic eDp5"),
        ("Cookie", "acme-foo=1"),
        ("Referer", "/simple/acme-foo/"),
    )
    traces = (
        ("X-Forwarded-For", "10.0.0.1"),
        ("X-Real-IP", "10.0.0.1"),
        ("Forwarded", "for=acme-foo"),
    )
    yield Row("proxied with secrets", "/simple/proxied/", 200, "proxy/public", headers=secrets)
    yield Row("proxied with traces", "/simple/proxied/", 200, "proxy/public", headers=traces)
    hop = (("Connection", "close, Accept"),)
    yield Row(
        "proxied connection accept",
        "/simple/proxied/",
        200,
        "proxy/public",
        accept=JSON,
        headers=hop,
    )
    yield Row("proxied spelling", "/simple/Proxied", 301, location="/simple/proxied/")
    yield Row("beside proxied", "/simple/proxied/proxied-1.0.whl", 404)
    yield Row("beside mirrored", "/simple/mirrored/mirrored-1.0.whl", 404)


def _team_files() -> Iterator[Row]:
    wheel = "acme-foo/acme_foo-1.0-py2.py3-none-any.whl"
    local = "acme-foo/acme_foo-1.2+local.1-py2.py3-none-any.whl"
    yield Row("file", f"/files/team/{wheel}", 200, TEAM)
    yield Row("file head", f"/files/team/{wheel}", 200, TEAM, method="HEAD")
    yield Row("file query", f"/files/team/{wheel}?x=1", 200, TEAM)
    yield Row(
        "file gzip", f"/files/team/{wheel}", 200, TEAM, headers=(("Accept-Encoding", "gzip"),)
    )
    yield Row(
        "file metadata", f"/files/team/{wheel}.metadata", 200, TEAM, contains="Name: acme-foo"
    )
    yield Row("file plus", f"/files/team/{local}", 200, TEAM)
    yield Row("file plus encoded", f"/files/team/{local.replace('+', '%2B')}", 200, TEAM)
    yield Row("file plus encoded lower", f"/files/team/{local.replace('+', '%2b')}", 200, TEAM)
    yield Row("file other escape", f"/files/team/{wheel.replace('-', '%2D')}", 404)
    yield Row("file signature", f"/files/team/{wheel}.asc", 404, TEAM)
    yield Row("file provenance", f"/files/team/{wheel}.provenance", 404, TEAM)
    yield Row("file climbing", f"/files/team/../team/{wheel}", 404)
    yield Row("file climbing encoded", "/files/team/%2e%2e/state/names/acme-foo", 404)
    yield Row("file alias trick", f"/files/team../team/{wheel}", 404)
    yield Row("file post", f"/files/team/{wheel}", 405, method="POST", body=b"x")
    yield Row(
        "file of raw directory",
        "/files/team/My.Private_Pkg/My_Private_Pkg-1.0-py2.py3-none-any.whl",
        200,
        TEAM,
    )
    yield Row(
        "file of flat", "/files/house/House_Other-2.0-py2.py3-none-any.whl", 200, "private/house"
    )
    static = "static_one-1.0-py2.py3-none-any.whl"
    yield Row("beside static", f"/simple/static-one/{static}", 200, "private/ready")
    yield Row(
        "beside static raw",
        "/simple/static-raw/Static_Raw-1.0-py2.py3-none-any.whl",
        200,
        "private/ready",
    )
    yield Row("beside static missing", "/simple/static-one/other-1.0.whl", 404, "private/ready")
    yield Row("beside other spelling", f"/simple/Static_One/{static}", 404)
    yield Row("beside generated", "/simple/acme-foo/acme_foo-1.0-py2.py3-none-any.whl", 404, TEAM)
    yield Row("mirror file", "/packages/{mirrored}", 200, "mirror/copy")
    yield Row("mirror file by source", "/files/copy/{mirrored}", 200, "mirror/copy")
    yield Row("mirror file head", "/packages/{mirrored}", 200, "mirror/copy", method="HEAD")
    yield Row("mirror file missing", "/packages/aa/bb/cc/mirrored-7.0-py3-none-any.whl", 404)
    yield Row("mirror decoy", "/packages/{mirrored_decoy}", 404)
    yield Row("mirror decoy by source", "/files/copy/{mirrored_decoy}", 404)
    yield Row("upstream file", "/files/public/{proxied}", 200, "proxy/public")
    yield Row("upstream file head", "/files/public/{proxied}", 200, "proxy/public", method="HEAD")
    yield Row("upstream file query", "/files/public/{proxied}?acme-foo", 200, "proxy/public")
    yield Row(
        "upstream file missing",
        "/files/public/packages/aa/bb/cc/proxied-7.0.tar.gz",
        404,
        "proxy/public",
    )
    plus = "/files/public/packages/aa/bb/cc/proxied-7.0%2Blocal.1.tar.gz"
    yield Row("upstream file plus encoded", plus, 404, "proxy/public")
    yield Row("upstream file plus", plus.replace("%2B", "+"), 404, "proxy/public")
    yield Row("upstream decoy", "/files/public/{proxied_decoy}", 404)
    for number, file in enumerate(
        (
            "Acme.Foo-1.0.tar.gz",
            "ACME_FOO-1.0-py3-none-any.whl",
            "acme-foo-1.0.zip",
            "acme-1.0.tar.gz",
            "secret_tool-1.0.tar.gz.asc",
            "acme__foo-1.0-py3-none-any.whl.metadata",
            "acme-foo",
        )
    ):
        for prefix in ("/files/public", "/files/copy", "/packages"):
            yield Row(f"owned file {number} {prefix}", f"{prefix}/aa/bb/cc/{file}", 404)
    yield Row("acmefoo file", "/files/public/aa/bb/cc/acmefoo-1.0.tar.gz", 404, "proxy/public")
    yield Row("upload of a file", "/files/public/{proxied}", 405, method="PUT", body=b"x")


def _mirrors() -> Iterator[Row]:
    auto = "private/auto"
    yield Row(
        "listing", "/simple/auto-one/", 200, auto, contains="auto_one-1.0-py2.py3-none-any.whl"
    )
    yield Row("listing json", "/simple/auto-one/", 200, auto, accept=PIP)
    yield Row("listing head", "/simple/auto-one/", 200, auto, method="HEAD")
    yield Row("listing raw", "/simple/auto-raw/", 200, auto, contains="Auto_Raw-1.0")
    yield Row("beside listing", "/simple/auto-one/auto_one-1.0-py2.py3-none-any.whl", 200, auto)
    yield Row("beside raw listing", "/simple/auto-raw/Auto_Raw-1.0-py2.py3-none-any.whl", 200, auto)
    yield Row("beside listing missing", "/simple/auto-one/auto_one-7.0.tar.gz", 404, auto)
    yield Row(
        "listing of source", "/files/auto/auto-one/auto_one-1.0-py2.py3-none-any.whl", 200, auto
    )
    yield Row("claimed", "/simple/auto-ghost/", 404)
    yield Row("decoy file", "/packages/{auto_decoy}", 404)
    yield from _forms("mirrors", "first", "/simple/first/", "mirror/one")
    yield from _forms("mirrors", "hashed", "/simple/second/", "mirror/two")
    yield Row("hashed one letter", "/simple/q/", 200, "mirror/two")
    yield Row("hashed inner path", "/simple/s/second/", 404)
    yield Row("both", "/simple/both/", 200, "mirror/one")
    yield Row(
        "raw name by alias", "/simple/third-pkg/", 200, "mirror/three", contains="Third_Pkg-1.0"
    )
    yield Row("raw name by alias json", "/simple/third-pkg/", 200, "mirror/three", accept=JSON)
    yield Row("raw name itself", "/simple/Third.Pkg/", 301, location="/simple/third-pkg/")
    yield from _forms("mirrors", "static", "/simple/fourth/", "mirror/four")
    yield Row("beside static", "/simple/fourth/fourth-1.0-py2.py3-none-any.whl", 200, "mirror/four")
    yield Row("packages of one", "/packages/{first}", 200, "mirror/one")
    yield Row("packages of two", "/packages/{second}", 200, "mirror/two")
    yield Row("packages of three", "/packages/{third}", 200, "mirror/three")
    yield Row("packages of nobody", "/packages/aa/bb/cc/first-7.0.tar.gz", 404)
    yield Row("files of three", "/files/three/{third}", 200, "mirror/three")
    yield Row("mirror's own list", "/simple/index.html", 301, location="/simple/index-html/")
    yield Row("unknown", "/simple/unknown/", 404)
    yield Row("list", "/simple/", 200, contains="auto-one")


def _listing() -> Iterator[Row]:
    own = "private/own"
    yield Row("listing", "/simple/listed-tool/", 200, own, contains="listed_tool-1.0")
    yield Row(
        "listing long name",
        "/simple/listed-tool/",
        200,
        own,
        contains="1.1+local.1-py2.py3-none-any.whl",
    )
    yield Row("beside", "/simple/listed-tool/listed_tool-1.0-py2.py3-none-any.whl", 200, own)
    yield Row(
        "beside plus",
        "/simple/listed-tool/listed_tool-1.1%2Blocal.1-py2.py3-none-any.whl",
        200,
        own,
    )
    yield Row("claimed", "/simple/acme-foo/", 404)
    yield Row("claimed stem", "/simple/acme/", 404)
    yield Row(
        "away",
        "/simple/other/",
        302,
        "redirect/away",
        location="https://index.example.org/simple/other/",
    )
    yield Row(
        "away json",
        "/simple/other/",
        302,
        "redirect/away",
        accept=JSON,
        location="https://index.example.org/simple/other/",
    )
    yield Row(
        "away query",
        "/simple/other/?x=y",
        302,
        "redirect/away",
        location="https://index.example.org/simple/other/",
    )
    yield Row("away spelling", "/simple/Other.Name", 301, location="/simple/other-name/")
    yield Row("beside away", "/simple/other/other-1.0.tar.gz", 404)
    yield Row("list", "/simple/", 200, own, contains="listed-tool")
    yield Row("marker beside", "/simple/listed-tool/.rewritegen-root", 404)


def _relay() -> Iterator[Row]:
    eggs = "private/eggs"
    yield from _forms("relay", "relayed", "/simple/relay-tool/", eggs)
    yield Row("final 404", "/simple/relay-ghost/", 404, eggs)
    yield Row("relayed file", "/files/eggs/{relayed}", 200, eggs)
    yield Row("spelling", "/simple/Relay_Tool", 301, location="/simple/relay-tool/")
    yield Row(
        "proxied", "/simple/proxied/", 200, "proxy/public", contains="../../files/public/packages/"
    )
    yield Row("proxied file", "/files/public/{proxied}", 200, "proxy/public")
    yield Row("owned file", "/files/public/packages/aa/bb/cc/relay_tool-9.0.tar.gz", 404)
    yield Row("local", "/simple/local-tool/", 200, "private/local")
    yield Row("unknown", "/simple/unknown/", 404)


def _mounted(mount: str, packages: str) -> Iterator[Row]:
    wheel = "acme-foo/acme_foo-1.0-py2.py3-none-any.whl"
    yield Row("list", mount, 200, contains="acme-foo")
    yield Row("private", f"{mount}acme-foo/", 200, TEAM)
    yield Row("spelling", f"{mount}Acme_Foo", 301, location=f"{mount}acme-foo/")
    yield Row("claimed", f"{mount}acme-ghost/", 404)
    yield Row("mirrored", f"{mount}mirrored/", 200, "mirror/copy")
    yield Row("mirrored json", f"{mount}mirrored/", 200, "mirror/copy", accept=JSON)
    yield Row("proxied", f"{mount}proxied/", 200, "proxy/public")
    yield Row("proxied json", f"{mount}proxied/", 200, "proxy/public", accept=PIP)
    yield Row("private file", f"/files/team/{wheel}", 200, TEAM)
    yield Row("mirror file", packages + "{mirrored}", 200, "mirror/copy")
    yield Row("proxied file", "/files/public/{proxied}", 200, "proxy/public")
    yield Row("unknown", f"{mount}unknown/", 404)
    yield Row("post", f"{mount}acme-foo/", 405, method="POST", body=b"x")


def _top() -> Iterator[Row]:
    yield from _mounted("/", "/packages/")
    for name in ("files", "packages", "simple"):
        yield Row(f"project called {name}", f"/{name}/", 200, TEAM)
        yield Row(f"project called {name} no slash", f"/{name}", 301, location=f"/{name}/")
    yield Row("two parts below files", "/files/team", 404, TEAM)
    yield Row("two parts below packages", "/packages/aa", 404, TEAM)
    yield Row("health", "/-/health", 200, contains="ok")


def _tls() -> Iterator[Row]:
    yield Row("private", "/simple/acme-foo/", 200, TEAM)
    yield Row("spelling", "/simple/Acme.Foo", 301, location="/simple/acme-foo/")
    yield Row("proxied", "/simple/proxied/", 200, "proxy/public")
    yield Row("proxied file", "/files/public/{proxied}", 200, "proxy/public")


ROWS: tuple[Row, ...] = (
    *_in("team", *_team()),
    *_in("mirrors", *_mirrors()),
    *_in("listing", *_listing()),
    *_in("relay", *_relay()),
    *_in("deep", *_mounted("/pypi/simple/", "/pypi/packages/")),
    *_in("top", *_top()),
    *_in("tls", *_tls()),
)

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
    RawRow("unknown version", b"GET /simple/proxied/ HTTP/7.7" + _OURS, _REFUSED | {505}),
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
