"""The three scopes on the real httpd: what an administrator installs does what it says, and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rewritegen.plan import Plan
from rewritegen.servers.apache import Apache
from rewritegen.servers.base import Scope
from tests.support import trees
from tests.support.certificates import Authority
from tests.support.processes import HOST, StartServer, free_port, is_root, running, wait_until
from tests.support.scenes import wheels
from tests.support.sites import index_site, read_site, write_site
from tests.support.tools import require
from tests.support.upstream import Index, upstream
from tests.support.wire import Answer, ask, request_bytes, send

pytestmark = pytest.mark.server

NOBODY = 65534
MODULES = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/local/apache2/modules")
LOADED = [
    *("mpm_event", "authz_core", "alias", "autoindex", "deflate", "dir", "filter", "headers"),
    *("lbmethod_byrequests", "mime", "negotiation", "proxy", "proxy_balancer", "proxy_http"),
    *("rewrite", "slotmem_shm", "ssl", "substitute"),
]


def httpd(*arguments: str, cwd: Path | str = "/") -> subprocess.CompletedProcess[str]:
    """Run the installed httpd with these arguments."""
    command = [str(require("apache")), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=30, check=False)


@dataclass
class Site:
    """A private project, a mirror and a proxy, and the files that are written for them."""

    place: Path
    port: int
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require("apache")
        self.place.chmod(0o755)
        team = trees.projects(self.place / "team", wheels("acme-foo-1.0", "Acme_Bar-1.0"))
        web = trees.bandersnatch(self.place / "web", wheels("mirrored-1.0"))
        self.index = Index(wheels("there-1.0"))
        public = {"name": "public", "proxy": self.index.url, "kind": "simple"}
        values = {
            "state": str(self.place / "state"),
            "private": [{"name": "team", "path": str(team), "claims": ["acme-*"]}],
            "fallbacks": [{"name": "web", "mirror": str(web), "layout": "bandersnatch"}, public],
            **self.settings,
        }
        self.file = write_site(self.place / "site.yaml", values, self.port)
        index_site(self.file)

    @property
    def plan(self) -> Plan:
        return read_site(self.file)[1]

    def text(self, scope: Scope) -> str:
        return Apache().render(self.plan, scope, Apache.baseline).texts[0][1]

    @property
    def fetcher(self) -> str:
        """What stands beside the host that the scope `locations` is included in."""
        _, (_, text) = Apache().render(self.plan, "locations", Apache.baseline).texts
        return text

    def standalone(self, name: str = "tree") -> Path:
        tree = self.place / name
        Apache().render(self.plan, "standalone", Apache.baseline).write(tree)
        return tree


@pytest.fixture
def site(place: Path) -> Iterator[Site]:
    built = Site(place, free_port())
    with upstream(built.index):
        yield built


def host(place: Path, body: str, loaded: list[str] = LOADED) -> Path:
    """An httpd as a distribution sets it up, with settings that would be bad for an index, around ``body``."""
    tree = place / "host"
    (tree / "www" / "simple").mkdir(parents=True, exist_ok=True)
    for name, content in (("index.html", b"<p>the welcome page"), ("old.tar.gz", b"not really")):
        (tree / "www" / name).write_bytes(content)
        os.utime(tree / "www" / name, (0, 0))  # the same validators each time
    modules = next((path for path in MODULES if Path(path).is_dir()), MODULES[0])
    lines = [f"LoadModule {name}_module {modules}/mod_{name}.so" for name in loaded]
    user = ['User "#65534"', 'Group "#65534"'] if is_root() else []
    (tree / "httpd.conf").write_text(
        "\n".join([*lines, *user])
        + f"""
ServerName host.example.org
PidFile httpd.pid
ErrorLog error.log
DefaultRuntimeDir .
TypesConfig /dev/null
AddType text/html .html
AddEncoding x-gzip .gz .tgz
AddDefaultCharset UTF-8
DirectoryIndex index.html
IndexOptions FancyIndexing HTMLTable
SetOutputFilter DEFLATE
<Directory "/">
    AllowOverride None
    Require all denied
</Directory>
<Directory "{tree}/www">
    Require all granted
</Directory>
{body}
"""
    )
    return tree


def around(site: Site, place: Path, inside: str) -> Path:
    """A virtual host with a life of its own."""
    return host(
        place,
        f"""
Listen {HOST}:{site.port}
<VirtualHost {HOST}:{site.port}>
    ServerName host.example.org
    DocumentRoot "{place}/host/www"
    RewriteEngine On
    RewriteRule "^/gone$" "-" [G]
{inside}
    RewriteRule "^/moved$" "/index.html" [R=302,L]
    RewriteRule "^/inner$" "/index.html" [PT]
    ErrorDocument 404 "the host has no such page"
</VirtualHost>
{site.fetcher if inside else ""}
""",
    )


def test_a_config_test_says_nothing_but_ok(site: Site, authority: Authority, place: Path) -> None:
    certificate = authority.issue("packages.example.org")
    (place / "secure").mkdir()
    secure = Site(
        place / "secure",
        free_port(),
        {"tls": {"certificate": str(certificate.chain), "key": str(certificate.key)}},
    )
    for built in (site, secure):
        tree = built.standalone()
        for cwd in ("/", tree):
            done = httpd("-d", str(tree), "-f", "httpd.conf", "-t", cwd=cwd)
            assert (done.returncode, done.stdout, done.stderr) == (0, "", "Syntax OK\n")
        (built.place / "rg.conf").write_text(built.text("vhost"))
        own = host(built.place, f'Include "{built.place}/rg.conf"')
        done = httpd("-d", str(own), "-f", "httpd.conf", "-t")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "Syntax OK\n")
    (site.place / "part.conf").write_text(site.text("locations"))
    own = around(site, site.place, f'Include "{site.place}/part.conf"')
    done = httpd("-d", str(own), "-f", "httpd.conf", "-t")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "Syntax OK\n")


@pytest.mark.parametrize("scope", ["vhost", "locations"])
@pytest.mark.parametrize("missing", ["rewrite", "headers", "alias", "proxy_http", "substitute"])
def test_a_missing_module_stops_the_config_test_with_a_sentence(
    site: Site, scope: Scope, missing: str
) -> None:
    (site.place / "rg.conf").write_text(site.text(scope))
    include = f'Include "{site.place}/rg.conf"'
    body = include if scope == "vhost" else f"<VirtualHost *:1>\n{include}\n</VirtualHost>"
    own = host(site.place, body, [name for name in LOADED if name != missing])
    done = httpd("-d", str(own), "-f", "httpd.conf", "-t")
    assert done.returncode != 0
    assert f"rewritegen: needs mod_{missing} (a2enmod {missing})" in done.stderr


def test_a_virtual_host_answers_like_the_tree(site: Site, start_server: StartServer) -> None:
    """Settings of the machine around it (encodings, listings, filters) change nothing."""
    (site.place / "rg.conf").write_text(site.text("vhost"))
    own = host(site.place, f'Include "{site.place}/rg.conf"')
    start_server("apache", own, [site.port])
    check_index(site)
    wheel = "Acme_Bar-1.0-py2.py3-none-any.whl"
    assert ask(site.port, f"/files/team/Acme_Bar/{wheel}").status == 200
    packed = ask(site.port, "/simple/acme-foo/", headers=[("Accept-Encoding", "gzip")])
    assert packed.all("Content-Encoding") == ("gzip",)
    assert b"acme_foo-1.0" in packed.decoded
    plain = ask(site.port, "/simple/acme-foo/")
    assert plain.body == packed.decoded
    tags = {answer.one("ETag") for answer in (plain, packed)}
    assert len(tags) == 2
    for tag in tags:
        again = [("If-None-Match", str(tag)), ("Accept-Encoding", "gzip")]
        answer = ask(site.port, "/simple/acme-foo/", headers=again)
        assert answer.status == (304 if tag == packed.one("ETag") else 200)
        assert {"accept", "accept-encoding"} <= answer.vary
        assert answer.one("Cache-Control") == "no-cache"


def check_index(site: Site) -> None:
    """The answers that any scope gives."""
    port = site.port
    rows = {
        "/simple/acme-foo/": (200, "private/team"),
        "/simple/Acme_Foo": (301, "none"),
        "/simple/acme-ghost/": (404, "none"),
        "/simple/mirrored/": (200, "mirror/web"),
        "/simple/there/": (200, "proxy/public"),
        "/simple/missing/": (404, "none"),
        "/simple/": (200, "none"),
        "/simple/%61cme-foo/": (404, "none"),
        "//simple/acme-foo/": (404, "none"),
        "/-/health": (200, "none"),
        "/-/rg_fetch/page/public/there/": (404, "none"),
        "/-/rg_only_get_and_head/": (404, "none"),
        "/-/rg_canonical": (404, "none"),
    }
    found = {target: ask(port, target) for target in rows}
    assert {t: (a.status, a.one("X-Index-Source")) for t, a in found.items()} == rows
    assert found["/simple/Acme_Foo"].one("Location") == "/simple/acme-foo/"
    assert found["/-/health"].body == b"ok\n"
    upload = ask(port, "/simple/acme-foo/", "POST", body=b"wheel")
    assert (upload.status, upload.all("Allow")) == (405, ("GET, HEAD",))
    assert b"GET and HEAD only" in upload.body
    assert not any("acme" in request.line for request in site.index.requests)


def test_a_part_of_a_host_answers_like_the_tree(site: Site, start_server: StartServer) -> None:
    (site.place / "part.conf").write_text(site.text("locations"))
    own = around(site, site.place, f'Include "{site.place}/part.conf"')
    start_server("apache", own, [site.port])
    check_index(site)


REST = (
    ("/", "GET"),
    ("/index.html", "GET"),
    ("/index.html", "POST"),
    ("/index.html", "OPTIONS"),
    ("/old.tar.gz", "GET"),
    ("/gone", "GET"),
    ("/moved", "GET"),
    ("/inner", "GET"),
    ("/missing", "GET"),
    ("/simple", "GET"),
    ("/files/other/x", "GET"),
    ("/-/other", "GET"),
    ("/Simple/Acme_Foo/", "GET"),
    ("/%2e%2e/x", "GET"),
)


def settled(answer: Answer) -> Iterator[tuple[str, str]]:
    """The headers but for what differs between two starts: the time, and the order of methods."""
    for name, value in answer.headers:
        if name != "Date":
            yield name, ",".join(sorted(value.split(","))) if name == "Allow" else value


def test_a_part_of_a_host_leaves_the_rest_as_it_was(site: Site) -> None:
    def answers(inside: str) -> list[tuple[int, tuple[tuple[str, str], ...], bytes]]:
        tree = around(site, site.place, inside)
        with running("apache", tree, [site.port]):
            found: list[Answer] = [ask(site.port, path, method) for path, method in REST]
        return [(a.status, tuple(settled(a)), a.body) for a in found]

    (site.place / "part.conf").write_text(site.text("locations"))
    assert answers(f'Include "{site.place}/part.conf"') == answers("")


def test_authentication_around_the_index_comes_before_any_forwarding(
    site: Site, start_server: StartServer
) -> None:
    (site.place / "part.conf").write_text(site.text("locations"))
    guard = '<Location "/simple/">\n    Require all denied\n</Location>'
    own = around(site, site.place, f'Include "{site.place}/part.conf"\n{guard}')
    start_server("apache", own, [site.port])
    for target in ("/simple/there/", "/simple/acme-foo/", "/simple/mirrored/", "/simple/"):
        assert ask(site.port, target).status == 403, target
    assert site.index.requests == []


def test_httpd_before_2_4_58_redirects_absolutely(site: Site, start_server: StartServer) -> None:
    """The same text, read by a server that is told to take itself for an older one."""
    tree = site.standalone()
    config = tree / "httpd.conf"
    config.write_text(config.read_text().replace("2.4.58>", "2.4.9999>"))
    start_server("apache", tree, [site.port])
    answer = ask(site.port, "/simple/Acme_Foo")
    expected = f"http://packages.example.org:{site.port}/simple/acme-foo/"
    assert (answer.status, answer.all("Location")) == (301, (expected,))


@pytest.mark.skipif(not is_root(), reason="root only: it starts a server as another user")
def test_an_ordinary_user_runs_the_tree_from_any_directory(site: Site) -> None:
    tree = site.standalone()
    for path in (tree, *tree.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    command += Apache().command(str(require("apache")), tree)
    with running("apache", tree, [site.port], command):
        check_index(site)
        assert sorted(path.name for path in (tree / "run").glob("*.pid")) == ["httpd.pid"]
    assert {path.name for path in tree.iterdir()} == {"httpd.conf", "logs", "run"}


def test_the_log_is_json_whatever_is_asked(site: Site) -> None:
    tree = site.standalone()
    with running("apache", tree, [site.port]):
        ask(site.port, "/simple/acme-foo/", headers=[("User-Agent", "pip/26.2")])
        ask(site.port, "/simple/there/")
        ask(site.port, "/simple/Acme_Foo/")
        ask(site.port, "/", "POST", body=b"x")
        ask(site.port, '/"quote\\', headers=[("User-Agent", 'a "quoted\\ one')])
        ask(site.port, "/\xe9\x01", headers=[("User-Agent", "\xe9\x7f")])
        send(site.port, b"nonsense\r\n\r\n")
        send(site.port, request_bytes("/" + "a" * 9000))
        site.index.refuse()
        ask(site.port, "/simple/there/")
        log = tree / "logs" / "packages.example.org.access.json"
        wait_until(lambda: len(log.read_text().splitlines()) >= 9, "nine lines in the log")
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    # in the order in which the child processes were done with them

    def found(target: str, status: int) -> dict[str, Any]:
        (entry,) = (e for e in entries if (e["target"], e["status"]) == (target, status))
        return dict(entry)

    page = found("/simple/acme-foo/", 200)
    assert (page["source"], page["agent"]) == ("private/team", "pip/26.2")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}", page["time"])
    assert found("/simple/there/", 200)["source"] == "proxy/public"
    assert found("/simple/Acme_Foo/", 301)["source"] == "none"
    assert found("/", 405)["method"] == "POST"
    assert [e["first_status"] for e in entries if e["target"] == "/simple/there/"] == [504, 504]


NASTY = (
    "with space",
    "$1",
    "%{ENV:HOME}",
    "a#b",
    "quote'd",
    "(paren)",
    "a&b=c,d",
    "größe",
    "+x%41",
)


@pytest.mark.parametrize("name", NASTY)
def test_a_path_means_itself(place: Path, start_server: StartServer, name: str) -> None:
    place.chmod(0o755)
    root = trees.static(place / name, wheels("acme-foo-1.0"))
    (root / ".rewritegen-root").touch()
    private = [{"name": "odd", "path": str(root), "layout": "static"}]
    path = write_site(place / "site.yaml", {"private": private}, free_port())
    plan = read_site(path)[1]
    tree = place / "tree"
    Apache().render(plan, "standalone", Apache.baseline).write(tree)
    ((_, port),) = plan.listen
    start_server("apache", tree, [port])
    answer = ask(port, "/simple/acme-foo/")
    assert (answer.status, answer.one("X-Index-Source")) == (200, "private/odd")
    wheel = "acme_foo-1.0-py2.py3-none-any.whl"
    assert ask(port, f"/simple/acme-foo/{wheel}").status == 200
    assert ask(port, f"/files/odd/acme-foo/{wheel}").status == 200
    assert ask(port, "/simple/acme-none/").status == 404


def test_an_installed_httpd_is_found_and_asked() -> None:
    binary = str(require("apache"))
    server = Apache()
    assert server.find() is not None
    can = server.capabilities(binary)
    assert can.version >= (2, 4, 52)
    assert {"rewrite", "headers", "proxy_http", "ssl", "alias"} <= can.modules
    assert "rg_no_such_module" not in can
