"""Why httpd asks upstreams through a host of its own (see rewritegen/servers/apache/fetcher.py), and that a crowd fits.

First what httpd does by itself, in a small configuration of its own; then the generated text with as few threads as
people have.
"""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rewritegen.plan import compile_plan
from rewritegen.servers.apache import Apache
from rewritegen.site import load_site
from tests.servers.test_apache_fetch import MODULES
from tests.support import trees
from tests.support.chain import Got, get
from tests.support.processes import (
    HOST,
    StartServer,
    free_port,
    is_root,
    running,
    traversable_directory,
)
from tests.support.scenes import wheels
from tests.support.sites import index_site, write_site
from tests.support.tools import require
from tests.support.upstream import Index, upstream

pytestmark = pytest.mark.server

BARE = """
ServerName packages.example.org
PidFile httpd.pid
ErrorLog error.log
DefaultRuntimeDir .
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule rewrite_module {modules}/mod_rewrite.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
{user}
RewriteEngine On
RewriteRule "^/seen$" "/there" [PT]
RewriteRule "^/document/" "-" [G]
RewriteRule "^/plain/(.*)$" "{origin}/simple/$1" [P]
RewriteRule "^/failing/(.*)$" "{origin}/simple/$1" [P,E=FAILING:1]
RewriteRule "^/telling/(.*)$" "http://127.0.0.1:{port}/failing/$1" [P]
<Proxy "{origin}/">
    ErrorDocument 301 "/document/of-301"
    ErrorDocument 302 "/document/of-302"
    ErrorDocument 500 "/document/of-500"
    Header note Location MOVED env=FAILING
    Header set Refused "\\n" "expr=-n reqenv('FAILING') && %{{REQUEST_STATUS}} != 200"
    Header always set Moved "expr=%{{note:MOVED}}" env=FAILING
</Proxy>
<Proxy "http://127.0.0.1:{port}/">
    ProxyErrorOverride On 500
    ErrorDocument 500 "/document/?%{{resp:Moved}}"
    Header always set Query "expr=%{{QUERY_STRING}}"
</Proxy>
<Location "/document/">
    Header always set Query "expr=%{{QUERY_STRING}}"
</Location>
"""


@pytest.fixture
def bare(place: Path, start_server: StartServer) -> Iterator[tuple[int, Index]]:
    """The port of an httpd that proxies in three ways, and what is behind it."""
    require("apache")
    port, tree = free_port(), place / "tree"
    tree.mkdir()
    with upstream(Index(wheels("there-1.0"))) as index:
        values = {
            "port": port,
            "origin": index.origin,
            "modules": next((path for path in MODULES if Path(path).is_dir()), MODULES[0]),
            "user": 'User "#65534"\nGroup "#65534"' if is_root() else "",
        }
        (tree / "httpd.conf").write_text(BARE.format(**values))
        start_server("apache", tree, [port])
        yield port, index


def test_a_client_that_has_asked_before_loses_its_connection_when_ours_is_reset(
    bare: tuple[int, Index],
) -> None:
    port, index = bare
    index.set_mode("reset")
    first, kept = (http.client.HTTPConnection(HOST, port, timeout=10) for _ in range(2))
    with contextlib.closing(first), contextlib.closing(kept):
        first.request("GET", "/plain/there/")
        assert first.getresponse().status == 502
        kept.request("GET", "/nothing")
        kept.getresponse().read()
        kept.request("GET", "/plain/there/")
        with pytest.raises(http.client.RemoteDisconnected):
            kept.getresponse()


def test_a_redirect_of_an_upstream_has_no_document(bare: tuple[int, Index]) -> None:
    port, index = bare
    index.set_mode("redirect")
    assert get(port, "/plain/there/").status == 302  # handed out
    failed = get(port, "/failing/there/")
    assert failed.status == 500
    assert b"Additionally, a 302 Found" in failed.body
    # but it can say where it led
    assert failed.headers["moved"] == "https://elsewhere.example.org/simple/"


def test_a_failure_has_a_document_which_learns_a_header_of_it(bare: tuple[int, Index]) -> None:
    port, index = bare
    index.set_mode("redirect")
    told = get(port, "/telling/there/")
    assert told.status == 410
    assert told.headers["query"] == "https://elsewhere.example.org/simple/"
    index.set_mode("ok")
    assert get(port, "/telling/there/").status == 200


#: Threads of a process, threads in all, and how many ask at once.
CROWDS = [
    pytest.param(25, 150, 240, id="distribution"),
    pytest.param(25, 25, 80, id="one-process"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("threads", "workers", "crowd"), CROWDS)
def test_a_crowd_does_not_stop_the_host_that_it_waits_for(
    threads: int, workers: int, crowd: int
) -> None:
    """More cold requests than threads on connections that are there already, half of them for files that have moved.

    Each takes a thread of the site and one of the fetching host; were all of them waiting for it, none would be left to
    be it until a limit in time ends that (seen without `max`, though not each time: 25 s).
    """
    options = (
        *(f"ServerLimit {workers // threads}", "StartServers 1", f"ThreadLimit {threads}"),
        *(f"ThreadsPerChild {threads}", f"MaxRequestWorkers {workers}"),
    )
    with traversable_directory() as place, _site(place, options) as (port, index, site_files):
        names = [f"cold-{number}" for number in range(crowd // 2)]
        for name in names:
            index.add(name, {f"{name}-1.0.tar.gz": name.encode() * 100})
        index.set_mode("slow")
        index.files.set_mode("moved")
        ((_, prefix),) = site_files
        files = [
            prefix + index.file_path(file, content).lstrip("/")
            for name in names
            for file, content in index.projects[name].items()
        ]
        pages = [f"/simple/{name}/" for name in names]
        targets = [target for pair in zip(pages, files, strict=True) for target in pair]
        got, private = _ask_at_once(port, targets)
    assert Counter(one.status for one in got) == {200: len(targets)}
    assert {one.status for one in private} == {200}
    # nobody waited for a thread until a limit in time ended that: 25 s, and more on a busy machine
    assert max(one.seconds for one in (*got, *private)) < 20


def _ask_at_once(port: int, targets: Sequence[str]) -> tuple[list[Got], list[Got]]:
    """Ask for all of them at once, and for a private page over and over meanwhile."""
    done, private = threading.Event(), []

    def ask_privately() -> None:
        while not done.is_set():
            private.append(get(port, "/simple/acme-foo/"))

    connections = [_kept(port) for _ in targets]
    with ThreadPoolExecutor(len(targets) + 1) as pool:
        asking = pool.submit(ask_privately)
        try:
            got = list(pool.map(_ask, connections, targets))
        finally:
            done.set()
        asking.result()
    return got, private


def _kept(port: int) -> http.client.HTTPConnection:
    """A connection that has been used: httpd need not accept it, which it does in turns with those of its own."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    connection.request("GET", "/-/health")
    assert connection.getresponse().read() == b"ok\n"
    return connection


def _ask(connection: http.client.HTTPConnection, target: str) -> Got:
    """Ask on it; when it is gone, which an idle connection may be at any time, on another (RFC 9112, 9.3.1)."""
    began = time.monotonic()
    with contextlib.closing(connection):
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            again = get(connection.port, target)
            return again._replace(seconds=time.monotonic() - began)
        body = answer.read()
    return Got(answer.status, dict(answer.headers), body, True, time.monotonic() - began)


@contextlib.contextmanager
def _site(
    place: Path, options: Sequence[str]
) -> Iterator[tuple[int, Index, list[tuple[str, str]]]]:
    """A site with one proxy, on an httpd with these directives after all others."""
    binary = str(require("apache"))
    place.chmod(0o755)
    trees.projects(place / "team", wheels("acme-foo-1.0"))
    heir = Index({})
    with upstream(Index({})) as index, upstream(heir):
        heir.files.content = index.files.content
        index.files.moved_to = heir.files.origin
        files = [f"{index.files.origin}/", f"{heir.files.origin}/"]
        proxy = {"name": "up", "proxy": index.url, "kind": "pypi", "files": files}
        settings = {
            "state": str(place / "state"),
            "private": [{"name": "team", "path": str(place / "team"), "claims": ["acme-*"]}],
            "fallbacks": [proxy],
        }
        port = free_port()
        site = write_site(place / "site.yaml", settings, port)
        index_site(site)
        plan = compile_plan(load_site(site))
        server = Apache()
        tree = place / "tree"
        server.render(plan, "standalone", server.capabilities(binary)).write(tree)
        command = [*server.command(binary, tree), *(w for o in options for w in ("-c", o))]
        prefixes = [
            (rule.find, f"/{rule.replace.lstrip('./')}")
            for step in plan.steps_with_upstream
            for rule in step.upstream.links
            if rule.find == files[0]
        ]
        with running("apache", tree, [port], command):
            yield port, index, prefixes
