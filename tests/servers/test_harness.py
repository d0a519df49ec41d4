"""The harness itself: if it cannot see a leak, a failure or a difference, nothing below it means anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import processes, tools
from tests.support.certificates import Authority
from tests.support.processes import StartServer, free_port
from tests.support.upstream import Index, upstream
from tests.support.wire import ask, request_bytes, send

PROJECTS = {"pub-dep": {"pub_dep-1.0-py3-none-any.whl": b"0123456789"}}

NGINX = """
pid nginx.pid; error_log error.log; events {{}}
http {{ access_log off; server {{ listen 127.0.0.1:{port}; root {root}; }} }}
"""
APACHE = """
ServerName packages.example.org
PidFile httpd.pid
ErrorLog error.log
DefaultRuntimeDir .
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
{user}
DocumentRoot {root}
"""
MODULES = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules")


def bare_tree(kind: str, place: Path, port: int) -> Path:
    """A minimal hand-written configuration that serves ``place/site``."""
    tree, site = place / "tree", place / "site"
    tree.mkdir()
    site.mkdir()
    (site / "page").write_text("here")
    modules = next((path for path in MODULES if Path(path).is_dir()), MODULES[0])
    root = processes.is_root()
    user = "User www-data\nGroup www-data" if root else ""
    text, name = (NGINX, "nginx.conf") if kind == "nginx" else (APACHE, "httpd.conf")
    (tree / name).write_text(text.format(port=port, root=site, modules=modules, user=user))
    return tree


@pytest.mark.server
def test_a_real_server_starts_answers_and_leaves_nothing(
    server_kind: str, place: Path, start_server: StartServer
) -> None:
    port = free_port()
    server = start_server(server_kind, bare_tree(server_kind, place, port), [port])
    assert ask(port, "/page").body == b"here"
    assert ask(port, "/other").status == 404
    server.stop()
    assert server.process.returncode is not None
    with pytest.raises(ConnectionRefusedError):
        ask(port, "/page")


@pytest.mark.server
def test_a_server_that_cannot_start_says_why(
    server_kind: str, place: Path, start_server: StartServer
) -> None:
    tree = bare_tree(server_kind, place, free_port())
    config = tree / ("nginx.conf" if server_kind == "nginx" else "httpd.conf")
    config.write_text(config.read_text() + "\nrg_no_such_directive on;\n")
    with pytest.raises(processes.ServerStartError, match=r"(?i)rg_no_such_directive"):
        start_server(server_kind, tree, [free_port()])


def test_the_upstream_negotiates_redirects_and_records_raw_bytes() -> None:
    with upstream(Index(PROJECTS)) as index:
        json_page = ask(
            index.port, "/simple/pub-dep/", accept="application/vnd.pypi.simple.v1+json"
        )
        html_page = ask(index.port, "/simple/pub-dep/")
        assert (json_page.content_type, html_page.content_type) == (
            "application/vnd.pypi.simple.v1+json",
            "text/html",
        )
        assert index.files.origin.encode() in json_page.body
        assert ask(index.port, "/simple/Pub.Dep").one("Location") == "/simple/pub-dep/"
        assert ask(index.port, "/simple/%70ub_none/").status == 301
        assert [request.target for request in index.requests][-1] == "/simple/%70ub_none/"
        send(index.port, request_bytes("/x y\\\xe4", "PUT"))
        assert b"PUT /x y\\\xe4 HTTP/1.1" in index.requests[-1].raw


def test_the_file_host_answers_head_and_ranges() -> None:
    with upstream(Index(PROJECTS)) as index:
        (path,) = index.files.content
        port = index.files.port
        head = ask(port, path, "HEAD")
        assert (head.status, head.body, head.one("Content-Length")) == (200, b"", "10")
        part = ask(port, path, headers=[("Range", "bytes=2-4")])
        assert (part.status, part.body, part.one("Content-Range")) == (206, b"234", "bytes 2-4/10")
        assert ask(port, path, headers=[("Range", "bytes=-3")]).body == b"789"
        assert ask(port, path, headers=[("Range", "bytes=10-")]).status == 416


@pytest.mark.parametrize("links", ["packages", "devpi"])
def test_relative_links_lead_to_the_files(links: str) -> None:
    mount = "/simple/" if links == "packages" else "/team/pypi/+simple/"
    style = "packages" if links == "packages" else "devpi"
    with upstream(Index(PROJECTS, links=style, mount=mount)) as index:  # type: ignore[arg-type]
        page = ask(index.port, f"{mount}pub-dep/").body.decode()
        link = page.partition('href="../../')[2].partition("#")[0]
        parent = mount.rstrip("/").rpartition("/")[0]
        assert ask(index.port, f"{parent}/{link}").body == b"0123456789"
        assert not index.files.requests


@pytest.mark.parametrize("mode", ["404", "429", "500", "502", "503", "504"])
def test_the_upstream_fails_as_told_and_recovers(mode: str) -> None:
    with upstream(Index(PROJECTS)) as index:
        index.set_mode(mode)  # type: ignore[arg-type]
        assert ask(index.port, "/simple/pub-dep/").status == int(mode)
        index.set_mode("ok")
        assert ask(index.port, "/simple/pub-dep/").status == 200
        index.refuse()
        with pytest.raises(ConnectionRefusedError):
            ask(index.port, "/simple/pub-dep/")
        index.open()
        assert ask(index.port, "/simple/pub-dep/").status == 200


def test_the_upstream_misbehaves_as_told() -> None:
    with upstream(Index(PROJECTS)) as index:
        index.set_mode("gzip")
        compressed = ask(index.port, "/simple/pub-dep/")
        assert compressed.one("Content-Encoding") == "gzip"
        assert compressed.decoded == index.page("pub-dep", "html")
        index.set_mode("slow")
        assert ask(index.port, "/simple/pub-dep/").body == index.page("pub-dep", "html")
        index.set_mode("redirect")
        assert "elsewhere.example.org" in (
            ask(index.port, "/simple/pub-dep/").one("Location") or ""
        )
        index.set_mode("truncated")
        cut = ask(index.port, "/simple/pub-dep/")
        assert len(cut.body) < int(cut.one("Content-Length") or 0)


def test_the_upstream_shows_the_certificate_that_it_was_given(authority: Authority) -> None:
    certificate = authority.issue("index.example.org")
    with upstream(Index(PROJECTS, tls=certificate, host_name="index.example.org")) as index:
        answer = ask(
            index.port, "/simple/pub-dep/", tls=authority.client_context(), host="index.example.org"
        )
        assert answer.status == 200
        assert index.requests[0].sni == "index.example.org"
        with pytest.raises(OSError, match="certificate verify failed"):
            ask(index.port, "/", tls=authority.client_context(), host="other.example.org")


def test_a_required_tool_that_is_missing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REWRITEGEN_REQUIRE", "")
    with pytest.raises(pytest.skip.Exception, match="apt-get install nginx"):
        tools.missing("nginx", "not installed")
    monkeypatch.setenv("REWRITEGEN_REQUIRE", "nginx,uv")
    with pytest.raises(pytest.fail.Exception, match="required by REWRITEGEN_REQUIRE"):
        tools.missing("nginx", "not installed")
    monkeypatch.setenv("REWRITEGEN_REQUIRE", "ngnix")
    with pytest.raises(pytest.UsageError, match="ngnix"):
        tools.required()
