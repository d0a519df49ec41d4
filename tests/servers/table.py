"""The table of answers: one request a row, and what a person says the answer must be.

Status and source are written by hand, so that the model is checked as well; everything else (representation, body,
Location, what was forwarded) comes from the model, and both servers are compared with it. Names in braces are places
of the scene.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.servers.rows import JSON, PIP, TEAM, Row, decisions, forms, in_scene, leaks
from tests.servers.stem_rows import stem_rows
from tests.support.scenes import LONG

__all__ = ["ROWS"]


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
    yield from forms("team", "generated", "/simple/acme-foo/", TEAM)
    yield from forms("team", "ready html", "/simple/static-one/", "private/ready")
    yield from forms("team", "ready all", "/simple/static-all/", "private/ready")
    yield from forms("team", "mirrored", "/simple/mirrored/", "mirror/copy")
    yield from forms("team", "proxied", "/simple/proxied/", "proxy/public")
    yield from forms("team", "list", "/simple/", "none")
    yield from leaks("acme-foo")
    yield from leaks("acme-ghost")
    yield from decisions("acme-foo", 200, TEAM)
    yield from decisions("acme", 404, "none")
    yield from decisions("acme-ghost", 404, "none")
    yield from decisions("secret-tool", 404, "none")
    yield Row("prefix is no stem", "/simple/acmefoo/", 404)
    yield Row("claim but public", "/simple/acme-oss/", 200, "proxy/public")
    yield Row("scanned and gone", "/simple/gone-tool/", 404)
    yield Row("scanned and gone json", "/simple/gone-tool/", 404, accept=JSON)
    # nginx has no test that sees a dangling link: there the scanned name owns it
    linked = Row("dangling link", "/simple/linked-tool/", 404, TEAM, nginx_source="none")
    yield linked
    yield replace(linked, id="dangling link json", accept=PIP)
    yield Row("new directory", "/simple/new-tool/", 404, TEAM)
    yield Row("page without files beside", "/simple/static-empty/", 404, "private/ready")
    yield Row("raw directory", "/simple/my-private-pkg/", 200, TEAM, contains="My_Private_Pkg-1.0")
    yield Row("flat", "/simple/house-tool/", 200, "private/house")
    yield Row("flat raw", "/simple/house-other/", 200, "private/house")
    yield Row("static raw", "/simple/static-raw/", 200, "private/ready", contains="Static_Raw-1.0")
    yield from _team_files()
    yield from stem_rows()
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
    yield from forms("mirrors", "first", "/simple/first/", "mirror/one")
    yield from forms("mirrors", "hashed", "/simple/second/", "mirror/two")
    yield Row("hashed one letter", "/simple/q/", 200, "mirror/two")
    yield Row("hashed inner path", "/simple/s/second/", 404)
    yield Row("both", "/simple/both/", 200, "mirror/one")
    yield Row(
        "raw name by alias", "/simple/third-pkg/", 200, "mirror/three", contains="Third_Pkg-1.0"
    )
    yield Row("raw name by alias json", "/simple/third-pkg/", 200, "mirror/three", accept=JSON)
    yield Row("raw name itself", "/simple/Third.Pkg/", 301, location="/simple/third-pkg/")
    yield from forms("mirrors", "static", "/simple/fourth/", "mirror/four")
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
    for name in ("empty-tool", "hidden-tool", "nested-tool"):
        for label, accept in (("", None), (" json", PIP)):
            # as uv and pip ask; behind a gate httpd counts a listing for who takes gzip only
            gzip = (("Accept-Encoding", "gzip"),)
            yield Row(f"{name}{label}", f"/simple/{name}/", 404, own, accept=accept, headers=gzip)
    yield Row("no archive is a file", "/simple/noted-tool/", 200, own, contains="README.txt")
    yield Row("long name", f"/simple/listed-names/{LONG}", 200, own)
    yield Row("long name by source", f"/files/own/listed-names/{LONG}", 200, own)
    yield Row("odd name", "/simple/listed-names/odd_names-1%212.0%2Ba~b.tar.gz", 200, own)
    yield Row("blank in a name", "/simple/listed-names/odd%20names-1.0.zip", 404)
    yield Row("quotes in a name", "/simple/listed-names/odd'names%22&%3Cb%3E-1.0.zip", 404)
    yield Row("percent in a name", "/simple/listed-names/odd%2541names-1.0.zip", 404)
    yield Row("hidden file", "/simple/hidden-tool/.hidden_tool-1.0-py3-none-any.whl", 404)
    yield Row("file of a directory within", "/simple/nested-tool/old/nested_tool-1.0.whl", 404)
    yield Row("marker beside", "/simple/listed-tool/.rewritegen-root", 404)


def _relay() -> Iterator[Row]:
    eggs = "private/eggs"
    yield from forms("relay", "relayed", "/simple/relay-tool/", eggs)
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
    up = "../" * mount.count("/")
    yield Row("list", mount, 200, contains="acme-foo")
    yield Row("list json", mount, 200, accept=JSON, contains="acme-foo")
    yield from forms("", "private", f"{mount}acme-foo/", TEAM)
    yield Row(
        "private links", f"{mount}acme-foo/", 200, TEAM, contains=f'"{up}files/team/acme-foo/'
    )
    yield Row(
        "private links json", f"{mount}acme-foo/", 200, TEAM, accept=JSON, contains=f'"{up}files/'
    )
    yield from leaks("acme-foo", mount)
    yield from leaks("acme-ghost", mount)
    yield Row("inner path", f"{mount}-/pages/public/proxied/", 404)
    yield Row("own inner path", "/-/rg_page/team/acme-foo/index.html", 404)
    yield Row("beside private", f"{mount}acme-foo/acme_foo-1.0-py2.py3-none-any.whl", 404, TEAM)
    yield Row("beside proxied", f"{mount}proxied/proxied-1.0-py2.py3-none-any.whl", 404)
    yield Row("claimed", f"{mount}acme-ghost/", 404)
    yield Row("mirrored", f"{mount}mirrored/", 200, "mirror/copy")
    yield Row(
        "proxied links", f"{mount}proxied/", 200, "proxy/public", contains=f'"{up}files/public/'
    )
    yield Row("mirrored json", f"{mount}mirrored/", 200, "mirror/copy", accept=JSON)
    yield Row("proxied", f"{mount}proxied/", 200, "proxy/public")
    yield Row("proxied json", f"{mount}proxied/", 200, "proxy/public", accept=PIP)
    yield Row("private file", f"/files/team/{wheel}", 200, TEAM)
    yield Row("private file metadata", f"/files/team/{wheel}.metadata", 200, TEAM)
    yield Row("mirror file by source", "/files/copy/{mirrored}", 200, "mirror/copy")
    yield Row("owned file", "/files/public/packages/aa/bb/cc/acme_foo-9.0.tar.gz", 404)
    yield Row("owned file in the mirror", f"{packages}aa/bb/cc/acme_foo-9.0.tar.gz", 404)
    yield Row("mirror file", packages + "{mirrored}", 200, "mirror/copy")
    yield Row("proxied file", "/files/public/{proxied}", 200, "proxy/public")
    yield Row("unknown", f"{mount}unknown/", 404)
    yield Row("post", f"{mount}acme-foo/", 405, method="POST", body=b"x")


def _deep() -> Iterator[Row]:
    yield from _mounted("/pypi/simple/", "/pypi/packages/")
    yield Row("mount without slash", "/pypi/simple", 404)
    yield Row("usual mount", "/simple/acme-foo/", 404)
    yield Row("usual list", "/simple/", 404)
    yield Row("above the mount", "/pypi/", 404)
    yield Row("server root", "/", 404)
    yield Row("usual packages", "/packages/{mirrored}", 404)


def _top() -> Iterator[Row]:
    yield from _mounted("/", "/packages/")
    yield Row("usual mount", "/simple/acme-foo/", 404)
    yield Row("usual mount proxied", "/simple/proxied/", 404)
    yield Row("project called like a source", "/team/", 404)
    yield Row("meta without slash", "/-", 404)
    yield Row("robots", "/robots.txt", 301, location="/robots-txt/")
    for name in ("files", "packages", "simple"):
        yield Row(f"project called {name}", f"/{name}/", 200, TEAM)
        yield Row(f"project called {name} no slash", f"/{name}", 301, location=f"/{name}/")
    yield Row("two parts below files", "/files/team", 404, TEAM)
    yield Row("two parts below packages", "/packages/aa", 404, TEAM)
    yield Row("health", "/-/health", 200, contains="ok")


def _legacy() -> Iterator[Row]:
    yield from forms("", "private", "/pypi/acme-foo/json", TEAM)
    yield Row("latest", "/pypi/acme-foo/json", 200, TEAM, contains='"version":"1.1"')
    yield Row("head", "/pypi/acme-foo/json", 200, TEAM, method="HEAD")
    yield Row("query", "/pypi/acme-foo/json?x=y", 200, TEAM)
    gzip = (("Accept-Encoding", "gzip"),)
    yield Row("gzip", "/pypi/acme-foo/json", 200, TEAM, headers=gzip)
    yield Row("raw directory", "/pypi/my-private-pkg/json", 200, TEAM, contains="My.Private_Pkg")
    yield Row("flat", "/pypi/house-tool/json", 200, "private/house")
    yield Row("listed", "/pypi/auto-one/json", 404, "private/auto")
    yield Row("directory without files", "/pypi/acme-empty/json", 404, TEAM)
    yield Row("claimed by a private index", "/pypi/eggs-tool/json", 404)
    yield Row("mirrored", "/pypi/mirrored/json", 200, "mirror/copy", contains='"mirrored"')
    yield Row("mirrored head", "/pypi/mirrored/json", 200, "mirror/copy", method="HEAD")
    yield Row("mirrored gzip", "/pypi/mirrored/json", 200, "mirror/copy", headers=gzip)
    yield Row("hashed", "/pypi/hashed/json", 200, "mirror/hashed")
    for name in ("acme-ghost", "gone-tool", "acme"):
        yield Row(f"claimed {name}", f"/pypi/{name}/json", 404)
    away = "https://index.example.org/pypi/{}/json"
    for name in ("plain", "proxied"):
        location = away.format(name)
        yield Row(f"away {name}", f"/pypi/{name}/json", 302, "redirect/away", location=location)
    for spelled in ("Acme_Foo", "ACME.foo", "acme-._-foo", "Acme-Foo"):
        here = "/pypi/acme-foo/json"
        yield Row(f"spelled {spelled}", f"/pypi/{spelled}/json", 301, location=here)
        yield Row(f"spelled {spelled} query", f"/pypi/{spelled}/json?a=b", 301, location=here)
    runs, canonical = "a_" * 11 + "b", "a-" * 11 + "b"
    yield Row("11 runs", f"/pypi/{runs}/json", 301, location=f"/pypi/{canonical}/json")
    yield Row("12 runs", f"/pypi/{'a_' * 12}b/json", 404)
    yield Row("11 capitals", f"/pypi/{'A' * 11}/json", 301, location=f"/pypi/{'a' * 11}/json")
    yield Row("12 capitals", f"/pypi/{'A' * 12}/json", 404)
    yield Row("spelled claimed", "/pypi/Acme_Ghost/json", 301, location="/pypi/acme-ghost/json")
    for number, target in enumerate(
        (
            "/pypi/acme-foo",
            "/pypi/acme-foo/",
            "/pypi/acme-foo/1.0/json",
            "/pypi/acme-foo/json/",
            "/pypi/acme-foo/JSON",
            "/pypi/%61cme-foo/json",
            "/pypi/acme-foo/%6ason",
            "/pypi//acme-foo/json",
            "/pypi/x/../acme-foo/json",
            "/pypi/acme-foo./json",
            "/pypi/acme-foo/legacy.json",
            "/pypi/json",
            "/PYPI/acme-foo/json",
            "/pypi/acme-foo;v=1/json",
            "/-/rg_json/team/acme-foo/legacy.json",
        )
    ):
        yield Row(f"no such form {number}", target, 404)
    for method in ("POST", "PUT", "DELETE"):
        yield Row(f"json {method}", "/pypi/acme-foo/json", 405, method=method, body=b"x")
    # the page of a project called `json` in another spelling comes before the document of `simple`
    yield Row("page", "/pypi/simple/acme-foo/", 200, TEAM)
    yield Row("page slashless", "/pypi/simple/json", 301, location="/pypi/simple/json/")


def _tls() -> Iterator[Row]:
    yield Row("private", "/simple/acme-foo/", 200, TEAM)
    yield Row("spelling", "/simple/Acme.Foo", 301, location="/simple/acme-foo/")
    yield Row("proxied", "/simple/proxied/", 200, "proxy/public")
    yield Row("proxied file", "/files/public/{proxied}", 200, "proxy/public")


ROWS: tuple[Row, ...] = (
    *in_scene("team", *_team()),
    *in_scene("mirrors", *_mirrors()),
    *in_scene("listing", *_listing()),
    *in_scene("relay", *_relay()),
    *in_scene("deep", *_deep()),
    *in_scene("top", *_top()),
    *in_scene("legacy", *_legacy()),
    *in_scene("tls", *_tls()),
)
