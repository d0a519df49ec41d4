"""Each system's tree through both servers: pages, links and files as installers read them, from recorded trees."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import re
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import pytest
from packaging.utils import canonicalize_name

from rewritegen.layouts import LAYOUTS
from tests.support.dists import wheel_bytes
from tests.support.processes import traversable_directory
from tests.support.sites import LiveSite
from tests.support.tools import require
from tests.systems.makers import RECORDED, SYSTEMS, System
from tests.systems.packages import VERSION, Package, sdist
from tests.systems.sites import ROWS, Role, live_site, site_of

pytestmark = [pytest.mark.server, pytest.mark.slow]

JSON = "application/vnd.pypi.simple.v1+json"

RECORDED_ROWS = {key: row for key, row in ROWS.items() if SYSTEMS[row[0]].recorded}


class Sites(NamedTuple):
    """Both sites on one server."""

    mirror: LiveSite
    private: LiveSite

    def __call__(self, role: Role) -> LiveSite:
        return self.mirror if role == "mirror" else self.private


@pytest.fixture(scope="module", params=["nginx", "apache"])
def sites(request: pytest.FixtureRequest) -> Iterator[Sites]:
    """The recorded trees on one server."""
    require(request.param)
    with traversable_directory() as place, contextlib.ExitStack() as stack:
        live = []
        roles: tuple[Role, Role] = ("mirror", "private")
        for role in roles:
            root = place / role
            made = {}
            for system in SYSTEMS.values():
                if system.recorded:
                    made[system.name] = root / system.name
                    shutil.copytree(RECORDED / system.name, root / system.name)
            for metadata in (root / "morgan").glob("plain*/*.metadata"):
                metadata.write_text("not what is in the wheel")
            for path in ("wheelhouse/acme_foo-9.0-py3-none-any.whl", *GHOSTS):
                (root / path).parent.mkdir(exist_ok=True)
                (root / path).write_bytes(wheel_bytes(Path(path).name.partition("-")[0], "9.0"))
            site_file, report = site_of(role, made, root)
            assert [str(one) for one in report.problems if one.severity == "error"] == []
            live.append(stack.enter_context(live_site(request.param, site_file)))
        yield Sites(*live)


#: Files of a claimed name in mirrors whose pages are made from files.
GHOSTS = (
    "wheelhouse/acme_ghost-9.0-py3-none-any.whl",
    "morgan/acme-ghost/acme_ghost-9.0-py3-none-any.whl",
)


class Answer(NamedTuple):
    """What came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def source(self) -> str:
        return self.headers["x-index-source"]


def get(live: LiveSite, target: str, accept: str = "") -> Answer:
    """Send one request."""
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", target, headers={"Accept": accept} if accept else {})
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, headers, answer.read())


def links_of(answer: Answer, target: str) -> dict[str, str]:
    """File name -> target, of a page in HTML or JSON, as a client resolves them."""
    if answer.headers["content-type"] == JSON:
        urls = [file["url"] for file in json.loads(answer.body)["files"]]
    else:
        urls = [unescape(url) for url in re.findall("""href=["']([^"']+)""", answer.body.decode())]
    base = f"http://{LOCAL}{target}"
    found = [urlsplit(urljoin(base, url)) for url in urls]
    assert {url.netloc for url in found} <= {LOCAL}, "a link leads elsewhere"
    archive = re.compile(r"\.(?:tar\.gz|whl)$")
    return {url.path.rpartition("/")[2]: url.path for url in found if archive.search(url.path)}


LOCAL = "packages.example.org"


def contents(system: System, package: Package) -> dict[str, bytes]:
    """File name -> bytes of what a system has of a package."""
    files = {f"{package.name}-{VERSION}.tar.gz": sdist(package)}
    if system.name not in ("basketweaver", "eggproxy", "sdistmaker"):
        stem = package.name.replace(".", "_")
        files[f"{stem}-{VERSION}-py3-none-any.whl"] = wheel_bytes(package.name, VERSION)
    return files


@pytest.mark.parametrize(("name", "role"), RECORDED_ROWS.values(), ids=list(RECORDED_ROWS))
def test_pages_and_files(sites: Sites, name: str, role: Role) -> None:
    live, system = sites(role), SYSTEMS[name]
    for package in system.packages:
        target = f"/simple/{canonicalize_name(package.name)}/"
        for accept in (JSON, ""):
            page = get(live, target, accept)
            assert (page.status, page.source) == (200, f"{role}/{name}"), target
            # one form is all that these have
            if system.html and not accept:
                assert page.headers["content-type"] == "text/html; charset=utf-8"
            links = links_of(page, target)
            wanted = contents(system, package)
            assert links.keys() == wanted.keys()
            for file, data in wanted.items():
                got = get(live, links[file])
                assert (got.status, got.source, got.body) == (200, page.source, data), links[file]
                assert got.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(("name", "role"), RECORDED_ROWS.values(), ids=list(RECORDED_ROWS))
def test_what_buildout_and_easy_install_ask_for(sites: Sites, name: str, role: Role) -> None:
    """The name as it is registered, and with dashes: both lead to the page."""
    live, system = sites(role), SYSTEMS[name]
    for package in system.packages:
        canonical = f"/simple/{canonicalize_name(package.name)}/"
        for raw in {package.name, package.name.replace("_", "-"), package.name.replace(".", "-")}:
            answer = get(live, f"/simple/{raw}/")
            found = canonical if answer.status == 200 else answer.headers["location"]
            assert found == canonical


STATE = (
    "/files/pypimirror/pypi-poll-access.lock",
    "/files/pypimirror/full.html",
    "/files/pypimirror/index.html",
    "/files/pypimirror/plainpypimirror/index.html",
    "/files/pypimirror/plainpypimirror/.plainpypimirror-1.0.tar.gz.md5",
    "/simple/plainpypimirror/.plainpypimirror-1.0.tar.gz.md5",
    "/files/morgan/morgan.ini",
    "/files/morgan/plainmorgan/plainmorgan-1.0.tar.gz.hash",
    "/files/eggproxy/plaineggproxy/index.html",
    "/files/basketweaver/index/index.html",
    "/files/dumb-pypi/packages.json",
    "/files/bandersnatch/last-modified",
)


@pytest.mark.parametrize("target", STATE)
def test_state_inside_a_mirror_is_not_served(sites: Sites, target: str) -> None:
    answer = get(sites.mirror, target)
    assert (answer.status, answer.source) == (404, "none")


def test_a_project_without_files_is_not_here(sites: Sites) -> None:
    """pypimirror has a page of it; answered with 200 it would stop uv."""
    page = RECORDED / "pypimirror" / "Empty.Pypimirror" / "index.html"
    assert b"href" not in page.read_bytes()
    assert get(sites.mirror, "/simple/empty-pypimirror/").source == "none"
    assert get(sites.mirror, "/simple/empty-pypimirror/").status == 404


def test_a_cache_offers_what_is_in_it(sites: Sites) -> None:
    """eggproxy's page has a newer version that nobody has asked it for."""
    page = RECORDED / "eggproxy" / "plaineggproxy" / "index.html"
    assert b"plaineggproxy-2.0.tar.gz" in page.read_bytes()
    assert b"2.0" not in get(sites.mirror, "/simple/plaineggproxy/").body


def test_a_mirror_of_files_has_nothing_of_a_private_name(sites: Sites) -> None:
    page = get(sites.mirror, "/simple/acme-foo/", JSON)
    assert (page.source, b"9.0" in page.body) == ("private/own", False)
    ghost = get(sites.mirror, "/simple/acme-ghost/")
    assert (ghost.status, ghost.source) == (404, "none")
    for path in GHOSTS:
        file = get(sites.mirror, f"/files/{path}")
        assert (file.status, file.source) == (404, "none")
    assert get(sites.mirror, "/files/wheelhouse/acme_foo-9.0-py3-none-any.whl").status == 404


def test_names_of_mirrors_are_not_private_and_those_of_directories_are(sites: Sites) -> None:
    def listed(live: LiveSite) -> set[str]:
        return {one["name"] for one in json.loads(get(live, "/simple/", JSON).body)["projects"]}

    assert listed(sites.mirror) == {"acme-foo"}
    ours = (SYSTEMS[name] for name, role in RECORDED_ROWS.values() if role == "private")
    names = {canonicalize_name(one.name) for system in ours for one in system.packages}
    assert listed(sites.private) == names | {"acme-foo", "acme-ghost"}


def test_hashes_of_what_is_made_from_files(sites: Sites) -> None:
    """basketweaver, eggproxy, sdistmaker and morgan have none, or one in a file of their own."""
    for name in ("basketweaver", "eggproxy", "sdistmaker", "morgan", "wheelhouse"):
        page = get(sites.mirror, f"/simple/plain{name}/", JSON)
        assert all(file["hashes"]["sha256"] for file in json.loads(page.body)["files"])


def test_metadata_is_what_the_page_says(sites: Sites) -> None:
    """morgan keeps its own beside the file."""
    page = get(sites.mirror, "/simple/plainmorgan/", JSON)
    wheel = next(f for f in json.loads(page.body)["files"] if f["filename"].endswith(".whl"))
    target = urlsplit(urljoin("http://a/simple/plainmorgan/", f"{wheel['url']}.metadata")).path
    came = hashlib.sha256(get(sites.mirror, target).body).hexdigest()
    assert came == wheel["core-metadata"]["sha256"]


def test_every_layout_is_of_a_system() -> None:
    """`projects` is what sdistmaker and haufe.eggserver have, `static` what python-pypi-mirror has."""
    assert {one.layout for one in SYSTEMS.values()} | {"projects", "static"} == LAYOUTS.keys()
