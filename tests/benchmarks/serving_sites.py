"""What the serving benchmark measures: the site, a bare file server and a plain configuration, in one server.

The bare server writes an access log too, buffered like that of the site.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewritegen.plan import compile_plan
from rewritegen.servers import server as server_named
from rewritegen.site import load_site
from tests.support import processes
from tests.support.dists import wheel_bytes
from tests.support.processes import HOST, free_port
from tests.support.sites import index_site, write_site
from tests.support.tools import require
from tests.support.upstream import Index, upstream
from tests.support.wire import Answer, ask

__all__ = ["Case", "Contest", "contest", "hand_made_state"]

JSON = "application/vnd.pypi.simple.v1+json"
#: Files of the big project: a JSON page of about 1 MB.
BIG_FILES = 3400


@dataclass(frozen=True, slots=True)
class Case:
    """One URL of the site, as one kind of client asks for it."""

    name: str
    target: str
    accept: str
    gzip: bool

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What the client sends."""
        coding = (("Accept-Encoding", "gzip"),) if self.gzip else ()
        return (("Host", "packages.example.org"), ("Accept", self.accept), *coding)


@dataclass(frozen=True, slots=True)
class Contest:
    """A running server with the site, the bare files and the plain configuration on three ports."""

    kind: str
    site: int
    bare: int
    plain: int
    files: Path
    """What the bare server serves."""
    cases: tuple[Case, ...]

    def prepare(self, case: Case) -> int:
        """Warm the site up, and lay the same bytes before the bare server; return their number."""
        answer = ask(self.site, case.target, headers=case.headers[1:])
        for _ in range(3):
            answer = ask(self.site, case.target, headers=case.headers[1:])
        assert answer.status == 200, (case, answer.status)
        (self.files / case.name).write_bytes(answer.body)
        return len(answer.body)

    def plain_answer(self, case: Case) -> Answer:
        """Ask the plain configuration once."""
        return ask(self.plain, case.target, headers=case.headers[1:])


@contextmanager
def contest(kind: str, place: Path) -> Iterator[Contest]:
    """Start everything: an upstream with a small and a big page, a private project, and the server."""
    big = {f"big-{n}-py3-none-any.whl": b"%d" % n for n in range(BIG_FILES)}
    wheel = {"wheel-1.0-py3-none-any.whl": wheel_bytes("wheel", "1.0")}
    index = Index({"small": wheel, "big": big})
    with upstream(index):
        site_file = _site(place, index)
        site, bare, plain = _ports(site_file)
        (place / "bare").mkdir()
        tree = _tree(kind, site_file, place, (bare, plain), index)
        command = server_named(kind).command(str(require(kind)), tree)
        with processes.running(kind, tree, [site, bare, plain], command):
            path = next(iter(p for p in index.files.content if "wheel-1.0" in p))
            yield Contest(kind, site, bare, plain, place / "bare", _cases(path))


def _cases(upstream_file: str) -> tuple[Case, ...]:
    private = "/files/team/tool/tool-1.0-py3-none-any.whl"
    return (
        Case("private-page", "/simple/tool/", "text/html", gzip=False),
        Case("private-page-gzip", "/simple/tool/", JSON, gzip=True),
        Case("private-wheel", private, "*/*", gzip=False),
        Case("small-page", "/simple/small/", JSON, gzip=False),
        Case("small-page-gzip", "/simple/small/", JSON, gzip=True),
        Case("1MB-page", "/simple/big/", JSON, gzip=False),
        Case("1MB-page-gzip", "/simple/big/", JSON, gzip=True),
        Case("upstream-wheel", f"/files/public{upstream_file}", "*/*", gzip=False),
    )


def _site(place: Path, index: Index) -> Path:
    directory = place / "team" / "tool"
    directory.mkdir(parents=True)
    (directory / "tool-1.0-py3-none-any.whl").write_bytes(wheel_bytes("tool", "1.0"))
    files = [f"{index.files.origin}/"]
    settings: dict[str, Any] = {
        "state": str(place / "state"),
        "private": [{"name": "team", "path": str(place / "team"), "claims": ["acme-*"]}],
        "fallbacks": [{"name": "public", "proxy": index.url, "kind": "pypi", "files": files}],
        "cache": {"path": str(place / "kept"), "pages": "1h"},
    }
    site_file = write_site(place / "site.yaml", settings, free_port())
    index_site(site_file)
    return site_file


def _ports(site_file: Path) -> tuple[int, int, int]:
    return load_site(site_file).listen[0].port, free_port(), free_port()


def _tree(kind: str, site_file: Path, place: Path, ports: tuple[int, int], index: Index) -> Path:
    binary = str(require(kind))
    program = server_named(kind)
    plan = compile_plan(load_site(site_file))
    tree = place / "tree"
    program.render(plan, "standalone", program.capabilities(binary)).write(tree)
    if processes.is_root() and (tree / "cache").is_dir():
        os.chown(tree / "cache", 65534, 65534)  # nginx does this itself, httpd does not
    bare, plain = ports
    values = {
        "BARE": str(bare),
        "PLAIN": str(plain),
        "HERE": str(place),
        "INDEX": index.origin,
        "FILES": index.files.origin,
        "HOST": HOST,
    }
    name, text = _RIVALS[kind]
    for word, value in values.items():
        text = text.replace(f"@{word}@", value)
    main = tree / name
    old = main.read_text()
    if kind == "nginx":
        main.write_text(old.rstrip().removesuffix("}") + text + "}\n")
    else:
        main.write_text(old + text)
    return tree


def hand_made_state(place: Path, projects: int) -> None:
    """Write a state of so many private projects: what `index` writes, without wheels to read."""
    names, pages = place / "state" / "names", place / "state" / "pages" / "team"
    team = place / "team"
    for directory in (names, pages, team, place / "state" / "root"):
        directory.mkdir(parents=True, exist_ok=True)
    (team / ".rewritegen-root").touch()
    (names / "~rewritegen-names").touch()
    for number in range(projects):
        name = f"project-{number:05}"
        (names / name).write_text("team\n")
        (team / name).mkdir()
        (pages / name).mkdir()
        (pages / name / "index.html").write_text(f"<!DOCTYPE html><title>{name}</title>")


#: What people write by hand: private files first, else the index with its links rewritten on each hit.
_NGINX = """
    server { listen @HOST@:@BARE@; root @HERE@/bare; types { } default_type text/html;
        access_log logs/bare.log combined buffer=64k flush=5s;
    }
    proxy_cache_path @HERE@/plain keys_zone=plain:10m;
    server {
        listen @HOST@:@PLAIN@;
        gzip on; gzip_proxied any; gzip_types application/vnd.pypi.simple.v1+json;
        location ~ "^/simple/(?<name>[a-z0-9-]+)/$" {
            root @HERE@/state/pages/team;
            types { } default_type text/html;
            rewrite ^ /$name/index.html break;
            try_files $uri @index;
        }
        location @index {
            proxy_pass @INDEX@/simple/$name/;
            proxy_set_header Accept-Encoding "";
            proxy_cache plain; proxy_cache_key "$name $http_accept"; proxy_cache_valid 200 1h;
            proxy_ignore_headers Vary Set-Cookie Cache-Control;
            sub_filter @FILES@/ ../../files/public/;
            sub_filter_once off; sub_filter_types *;
        }
        location /files/team/ { alias @HERE@/team/; }
        location /files/public/ {
            proxy_pass @FILES@/;
            proxy_cache plain; proxy_cache_valid 200 1h;
        }
    }
"""
_APACHE = """
Listen @HOST@:@BARE@
<VirtualHost @HOST@:@BARE@>
    DocumentRoot "@HERE@/bare"
    CustomLog "logs/bare.log" "%h %l %u %t \\"%r\\" %>s %b"
    <Directory "@HERE@/bare">
        Require all granted
    </Directory>
</VirtualHost>
Listen @HOST@:@PLAIN@
<VirtualHost @HOST@:@PLAIN@>
    <Directory "@HERE@">
        Require all granted
    </Directory>
    RewriteEngine On
    RewriteCond "@HERE@/state/pages/team/$1/index.html" -f
    RewriteRule "^/simple/([^/]+)/$" "@HERE@/state/pages/team/$1/index.html" [END]
    RewriteRule "^/files/team/(.*)$" "@HERE@/team/$1" [END]
    RewriteRule "^/simple/([^/]+)/$" "@INDEX@/simple/$1/" [P]
    RewriteRule "^/files/public/(.*)$" "@FILES@/$1" [P]
    <Location "/simple/">
        RequestHeader unset Accept-Encoding
        SetOutputFilter SUBSTITUTE;DEFLATE
        SubstituteMaxLineLength 16m
        Substitute "s|@FILES@/|../../files/public/|nq"
    </Location>
</VirtualHost>
"""
_RIVALS = {"nginx": ("nginx.conf", _NGINX), "apache": ("httpd.conf", _APACHE)}
