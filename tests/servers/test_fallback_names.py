"""Upstreams whose name does not resolve: the server starts, serves what it has, and finds them when it can."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rewritegen.plan import compile_plan
from rewritegen.servers.apache import Apache
from rewritegen.site import load_site
from tests.support import trees
from tests.support.chain import LIMITS, get
from tests.support.compare import UNAVAILABLE
from tests.support.dns import NameServer, name_server
from tests.support.processes import HOST, free_port, is_root, running, wait_until
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, index_site, start_site, write_site
from tests.support.tools import require
from tests.support.upstream import Index, upstream

pytestmark = [pytest.mark.server, pytest.mark.slow]

NOWHERE = "no-such-host.invalid"


@contextlib.contextmanager
def site(kind: str, place: Path, index: Index, **settings: Any) -> Iterator[LiveSite]:
    """One private directory, one mirror, and the upstream by its name."""
    require(kind)
    place.chmod(0o755)
    trees.projects(place / "team", wheels("acme-foo-1.0"))
    trees.bandersnatch(place / "mirror", wheels("mirrored-1.0"))
    proxy = {"name": "public", "proxy": index.url, "kind": "pypi", **LIMITS}
    values = {
        "state": str(place / "state"),
        "private": [{"name": "team", "path": str(place / "team"), "claims": ["acme-*"]}],
        "fallbacks": [
            {"name": "copy", "mirror": str(place / "mirror")},
            {**proxy, "files": [f"{index.files.origin}/"]},
        ],
        **settings,
    }
    file = write_site(place / "site.yaml", values, free_port())
    index_site(file)
    live = start_site(kind, file, place / "tree")
    try:
        yield live
    finally:
        live.server.stop()


def _here_answers(live: LiveSite) -> None:
    # httpd listens before it has read its configuration again and has processes
    assert get(live.port, "/-/health").status == 200
    for target in ("/simple/acme-foo/", "/simple/mirrored/", "/simple/"):
        got = get(live.port, target)
        assert (got.status, got.whole) == (200, True), target
        assert got.seconds < 1, "a name that is looked up takes longer"
    assert get(live.port, "/simple/acme-ghost/").status == 404


def _with_name_server(place: Path, names: NameServer, index: Index) -> Any:
    cache = {"path": str(place / "cache"), "pages": "1s", "stale": "1h"}
    return site("nginx", place, index, resolver=[names.address], cache=cache)


@pytest.fixture
def index() -> Iterator[Index]:
    """An upstream with a name that this machine does not know."""
    content = wheels("there-1.0", "second-1.0")
    with upstream(Index(content, host_name="index.test")) as made:
        yield made


@pytest.mark.parametrize("silent", [False, True], ids=["nxdomain", "no answer"])
def test_nginx_starts_without_the_name_and_finds_it_later(
    place: Path, index: Index, silent: bool
) -> None:
    with name_server() as names:
        names.silent = silent
        with _with_name_server(place, names, index) as live:
            _here_answers(live)
            assert get(live.port, "/simple/there/").status in UNAVAILABLE
            _here_answers(live)
            assert index.requests == []
            names.silent = False
            names.records["index.test"] = (HOST,)
            wait_until(lambda: get(live.port, "/simple/there/").status == 200, "it resolves", 20)
            ((file, content),) = index.projects["there"].items()
            target = f"/files/public{index.file_path(file, content)}"
            wait_until(lambda: get(live.port, target).body == content, "its file", 20)


def test_nginx_takes_a_changed_address(place: Path, index: Index) -> None:
    with (
        name_server(index_test="127.0.0.9") as names,
        _with_name_server(place, names, index) as live,
    ):
        assert get(live.port, "/simple/there/").status in UNAVAILABLE
        assert index.requests == []
        names.records["index.test"] = (HOST,)
        wait_until(lambda: get(live.port, "/simple/there/").status == 200, "the new address", 20)


def test_nginx_answers_from_the_copy_while_the_name_is_gone(place: Path, index: Index) -> None:
    with name_server(index_test=HOST) as names, _with_name_server(place, names, index) as live:
        old = get(live.port, "/simple/there/")
        assert old.status == 200
        names.records.clear()
        # another project each time: "not here" is kept for a minute
        asked = itertools.count()
        wait_until(
            lambda: get(live.port, f"/simple/not-here-{next(asked)}/").status in UNAVAILABLE,
            "the name is gone",
            20,
        )
        for _ in range(3):
            stale = get(live.port, "/simple/there/")
            assert (stale.status, stale.body, stale.source) == (200, old.body, "proxy/public")
        wait_until(lambda: get(live.port, "/simple/there/").cache == "STALE", "it is a stale copy")
        _here_answers(live)


def test_httpd_starts_without_the_name(place: Path) -> None:
    """httpd asks the machine's resolver with each connection, and so starts with any name."""
    with (
        upstream(Index(wheels("there-1.0"), host_name=NOWHERE)) as index,
        site("apache", place, index) as live,
    ):
        _here_answers(live)
        assert get(live.port, "/simple/there/").status in UNAVAILABLE
        _here_answers(live)
        assert index.requests == []


@pytest.mark.skipif(not is_root(), reason="gives httpd its own /etc/hosts: run as root")
def test_httpd_takes_a_name_that_resolves_again_and_a_changed_address(place: Path) -> None:
    """Without a reload; in a mount namespace of its own, where /etc/hosts is ours."""
    binary = str(require("apache"))
    place.chmod(0o755)
    hosts = place / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    name = "moving-index.invalid"
    trees.projects(place / "team", wheels("acme-foo-1.0"))
    with upstream(Index(wheels("there-1.0"), host_name=name)) as index:
        proxy = {"name": "public", "proxy": index.url, "kind": "pypi", **LIMITS}
        private = [{"name": "team", "path": str(place / "team"), "claims": ["acme-*"]}]
        values = {"state": str(place / "state"), "private": private, "fallbacks": [proxy]}
        file = write_site(place / "site.yaml", values, free_port())
        index_site(file)
        plan, server, tree = compile_plan(load_site(file)), Apache(), place / "tree"
        server.render(plan, "standalone", server.capabilities(binary)).write(tree)
        text = (tree / "httpd.conf").read_text()
        assert "addressttl=60" in text
        (tree / "httpd.conf").write_text(text.replace("addressttl=60", "addressttl=1"))
        ours = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"']
        command = [*ours, str(hosts), *server.command(binary, tree)]
        ((_, port),) = plan.listen
        with running("apache", tree, [port], command):
            assert get(port, "/simple/there/").status in UNAVAILABLE
            for address, answers in (("127.0.0.1", True), ("127.0.0.2", False), (HOST, True)):
                # the file that is bound there is written again, not replaced
                hosts.write_text(f"127.0.0.1 localhost\n{address} {name}\n")
                wait_until(
                    lambda answers=answers: (get(port, "/simple/there/").status == 200) == answers,
                    f"{name} is looked for at {address}",
                )
                assert get(port, "/simple/acme-foo/").status == 200


def test_offline_copies_answer_and_nobody_is_asked(server_kind: str, place: Path) -> None:
    """`offline: true` on the copies of the same site when it was online."""
    cache = {"path": str(place / "cache"), "pages": "1s", "stale": "1h"}
    with upstream(Index(wheels("there-1.0", "second-1.0"))) as index:
        ((file, content),) = index.projects["there"].items()
        with site(server_kind, place, index, cache=cache) as live:
            page = get(live.port, "/simple/there/")
            target = f"/files/public{index.file_path(file, content)}"
            assert (page.status, get(live.port, target).body) == (200, content)
            copied = place / "tree" / "cache"
        index.forget()
        index.files.forget()
        file_ = place / "offline.yaml"
        file_.write_text((place / "site.yaml").read_text() + "offline: true\n")
        copied.rename(place / "kept")
        offline = place / "offline"
        offline.mkdir()
        (place / "kept").rename(offline / "cache")
        live = start_site(server_kind, file_, offline)
        try:
            for _ in range(2):
                got = get(live.port, "/simple/there/")
                assert (got.status, got.source) == (200, "proxy/public")
                assert got.body == page.body
                got = get(live.port, target)
                assert (got.status, got.body) == (200, content)
            assert get(live.port, "/simple/second/").status in UNAVAILABLE
            _here_answers(live)
        finally:
            live.server.stop()
        assert (index.requests, index.files.requests) == ([], [])
