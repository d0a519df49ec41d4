"""Ready pages with links to our own files, and mirrors whose pages are made from their files."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from rewritegen.pages import Moved, PrivateTree, run_index
from rewritegen.pages.moving import Links, moved_page, offers_files
from tests.support.dists import make_wheel
from tests.support.indexing import Anchors, Bench, codes

OURS = "../../files/old/"
BASE = "http://mirror.example.org/index/"
LINKS = Links(
    Moved(target=OURS, base=BASE, packages="../../packages/", beside="simple/"), "Zope.Thing"
)

#: A link in a page, and what becomes of it; None: it stays.
ROWS: dict[str, tuple[str, str | None]] = {
    "absolute": (f"{BASE}Zope.Thing/a-1.tar.gz#md5=0f", f"{OURS}Zope.Thing/a-1.tar.gz#md5=0f"),
    "another-scheme": ("https://mirror.example.org/index/a-1.zip", f"{OURS}a-1.zip"),
    "no-scheme": ("//mirror.example.org/index/a-1.zip", f"{OURS}a-1.zip"),
    "capitals": ("HTTP://Mirror.Example.ORG/index/a-1.zip", f"{OURS}a-1.zip"),
    "the-port-of-the-scheme": ("http://mirror.example.org:80/index/a-1.zip", f"{OURS}a-1.zip"),
    "blanks-around": (f"  {BASE}a-1.zip\n", f"{OURS}a-1.zip"),
    "packages": ("../../packages/a/a-1.zip#sha256=00", f"{OURS}a/a-1.zip#sha256=00"),
    "beside": ("a-1.zip#md5=0f", f"{OURS}simple/Zope.Thing/a-1.zip#md5=0f"),
    "escaped": (f"{BASE}a-1%2Bx.zip", f"{OURS}a-1%2Bx.zip"),
    "another-host": ("http://other.example.org/index/a-1.zip", None),
    "another-port": ("http://mirror.example.org:8080/index/a-1.zip", None),
    "another-path": ("http://mirror.example.org/indexes/a-1.zip", None),
    "path-in-other-case": ("http://mirror.example.org/INDEX/a-1.zip", None),
    "a-longer-host": ("http://mirror.example.org.evil.example/index/a-1.zip", None),
    "credentials": ("http://u@mirror.example.org/index/a-1.zip", None),
    "the-page-itself": ("#md5=0f", None),
    "above": ("../a-1.zip", None),
    "root": ("/index/a-1.zip", None),
    "mail": ("mailto:a@example.org", None),
    "broken": ("http://[mirror/a-1.zip", None),
}


@pytest.mark.parametrize(("link", "expected"), ROWS.values(), ids=list(ROWS))
def test_a_link_in_html(link: str, expected: str | None) -> None:
    page = f'<p><a class=x\n href="{link}" data-requires-python=">=3">a</a> {BASE}</p>'.encode()
    moved = moved_page("index.html", page, LINKS)
    assert moved == (page if expected is None else page.replace(link.encode(), expected.encode()))


@pytest.mark.parametrize(("link", "expected"), ROWS.values(), ids=list(ROWS))
def test_a_link_in_json(link: str, expected: str | None) -> None:
    file = {"filename": "a-1.zip", "url": link, "hashes": {}, "yanked": BASE}
    page = {"meta": {"api-version": "1.0", "_last-serial": 5}, "name": "ä", "files": [file]}
    moved = json.loads(moved_page("index.v1_json", json.dumps(page).encode(), LINKS))
    assert moved == {**page, "files": [{**file, "url": expected or link.strip()}]}


@pytest.mark.parametrize(
    "tag",
    [
        pytest.param("<a href='{}'>", id="single quotes"),
        pytest.param("<A HREF = {}>", id="no quotes"),
        pytest.param('<a data-requires-python=">3" rel="x" href="{}">', id="> in a value"),
    ],
)
def test_an_anchor_is_found_however_it_is_written(tag: str) -> None:
    moved = moved_page("index.html", tag.format(f"{BASE}a-1.zip").encode(), LINKS).decode()
    (href,) = (attributes["href"] for _, attributes in Anchors(f"{moved}a</a>").found)
    assert href == f"{OURS}a-1.zip"


def test_what_is_no_anchor_stays_and_so_does_every_byte() -> None:
    page = b'\xff\xe4\r\n<img src="http://mirror.example.org/index/x.png"><a name="http:">x</a>'
    assert moved_page("index.html", page, LINKS) == page


@pytest.mark.parametrize(
    "piece",
    [
        '<a "',
        "<a '",
        "<a ",
        "<a x",
        "<a href=",
        '<a href="',
        "x",
        " ",
        "=",
        '"',
        "<a href='\"",
        "/=",
    ],
    ids=repr,
)
def test_time_is_in_proportion_to_the_page(piece: str) -> None:
    """Mirrors hold what strangers wrote: a page may not keep `index` for ever. Minutes, if it were the square."""
    page = f"<a {piece * 60_000}".encode()
    started = time.process_time()
    for whole in (page, page + b">"):
        moved_page("index.html", whole, LINKS)
        offers_files("index.html", whole)
    assert time.process_time() - started < 30


@pytest.mark.parametrize(
    ("page", "offers"),
    [
        pytest.param(b"<html></html>", False, id="nothing"),
        pytest.param(b'<a href="http://home.example.org/">home</a>', False, id="home page"),
        pytest.param(b'<a href="a-1.tar.gz#md5=0">a</a>', True, id="sdist"),
        pytest.param(b'<a href="a.html?x=b-1.zip">a</a>', False, id="query"),
        pytest.param(b'<a href="http://[/a-1-py3-none-any.whl">a</a>', True, id="no URL"),
    ],
)
def test_a_page_without_packages_is_told_from_one_with(page: bytes, offers: bool) -> None:
    assert offers_files("index.html", page) is offers


@pytest.fixture
def mirror(bench: Bench) -> Bench:
    """A mirror whose pages are written again."""
    bench.layout, bench.pages, bench.private = "static", False, False
    bench.moved = Moved(target=OURS, base=BASE)
    return bench


def ready(bench: Bench, directory: str, *links: str, form: str = "html") -> Path:
    page = bench.root / directory / f"index.{form}"
    page.parent.mkdir(exist_ok=True)
    page.write_text("".join(f'<a href="{link}">x</a>\n' for link in links))
    return page


def test_a_mirror_gets_pages_and_no_names(mirror: Bench) -> None:
    ready(mirror, "Zope.Thing", f"{BASE}Zope.Thing/Zope.Thing-1.0.zip")
    report = mirror.index()
    assert codes(report) == []
    assert mirror.page("zope-thing") == f'<a href="{OURS}Zope.Thing/Zope.Thing-1.0.zip">x</a>\n'
    assert (mirror.names(), mirror.listed(), mirror.aliases()) == ([], [], {})
    assert not (mirror.root / ".rewritegen-root").exists()


def test_a_page_without_packages_is_not_written_and_goes_when_it_becomes_one(
    mirror: Bench,
) -> None:
    ready(mirror, "empty")
    ready(mirror, "full", f"{BASE}full/full-1.0.zip")
    mirror.index()
    assert mirror.projects() == ["full"]
    ready(mirror, "full", "http://home.example.org/")
    assert mirror.index().sources[0].written == 1
    assert mirror.projects() == []
    assert mirror.index().sources[0].written == 0


def test_only_what_changed_is_written_again(mirror: Bench) -> None:
    page = ready(mirror, "full", f"{BASE}full/full-1.0.zip")
    mirror.index()
    ours = mirror.state / "pages" / "team" / "full" / "index.html"
    before = ours.stat().st_mtime_ns
    assert mirror.index().sources[0].written == 0
    page.write_text(page.read_text().replace("1.0", "1.1"))
    assert mirror.index().sources[0].written == 1
    assert (before < ours.stat().st_mtime_ns, "full-1.1" in ours.read_text()) == (True, True)
    mirror.moved = Moved(target=OURS, base="http://elsewhere.example.org/")
    assert mirror.index().sources[0].written == 1
    assert "full-1.1" in ours.read_text()
    assert OURS not in ours.read_text()


def test_a_page_that_cannot_be_read_stays_as_it_was(mirror: Bench) -> None:
    page = mirror.root / "full" / "index.v1_json"
    page.parent.mkdir()
    page.write_text(json.dumps({"files": [{"url": f"{BASE}full-1.0.zip"}]}))
    mirror.index()
    page.write_text("<html>")
    for _ in range(2):
        report = mirror.index()
        assert [(one.code, one.severity) for one in report.problems] == [("RG521", "warning")]
        assert mirror.json("full")["files"] == [{"url": f"{OURS}full-1.0.zip"}]
    page.unlink()
    assert codes(mirror.index()) == []
    assert mirror.projects() == []


def test_projects_below_their_first_character(mirror: Bench) -> None:
    """bandersnatch with hash-index; its own list lies beside the characters."""
    (mirror.root / "f").mkdir()
    ready(mirror, "f/full", f"{BASE}full-1.0.zip")
    (mirror.root / "index.html").touch()
    (mirror.root / "stray").mkdir()
    ready(mirror, "stray/other", f"{BASE}other-1.0.zip")
    assert run(mirror, replace(mirror.tree, hashed=True)) == []
    assert mirror.projects() == ["full"]


def run(bench: Bench, tree: PrivateTree) -> list[str]:
    return codes(run_index(replace(bench.job, trees=(tree,))))


def test_a_private_tree_below_its_root_has_the_marker_at_its_root(bench: Bench) -> None:
    """pip2pi and dumb-pypi: the projects are in simple/, and the administrator names what is above it."""
    bench.layout, bench.pages = "static", False
    bench.moved = Moved(target=OURS, packages="../../packages/")
    (bench.root / "simple").mkdir()
    ready(bench, "simple/full", "../../packages/full-1.0.zip")
    ready(bench, "simple/empty")
    tree = replace(bench.tree, path=bench.root / "simple", root=bench.root)
    assert run(bench, tree) == []
    assert (bench.root / ".rewritegen-root").exists()
    assert not (bench.root / "simple" / ".rewritegen-root").exists()
    assert (bench.names(), bench.projects(), bench.listed()) == (
        ["empty", "full"],
        ["full"],
        ["full"],
    )
    (bench.root / ".rewritegen-root").unlink()
    assert run(bench, tree) == ["RG502"]


@pytest.mark.parametrize("layout", ["projects", "flat"])
def test_a_mirror_of_files_gets_pages_and_no_names(bench: Bench, layout: str) -> None:
    bench.layout, bench.private = layout, False  # type: ignore[assignment]
    make_wheel(bench.root / ("Zope.Thing" if layout == "projects" else ""), "Zope.Thing", "1.0")
    broken = bench.root / ("broken" if layout == "projects" else "") / "broken-1.0.tar.gz"
    broken.parent.mkdir(exist_ok=True)
    broken.write_bytes(b"no tar")
    report = bench.index()
    assert [(one.code, one.severity) for one in report.problems] == [("RG509", "warning")]
    assert report.exit_code == 0
    assert (bench.projects(), bench.names(), bench.listed()) == (["zope-thing"], [], [])
    assert bench.filenames("zope-thing") == ["Zope_Thing-1.0-py3-none-any.whl"]
    assert not (bench.root / ".rewritegen-root").exists()


@pytest.mark.parametrize("gone", [True, False], ids=["no directory", "an empty one"])
def test_pages_of_a_mirror_go_with_its_disk_and_come_back(bench: Bench, gone: bool) -> None:
    """Else a page would be answered whose files are 404, and no other fallback would be asked."""
    bench.private = False
    make_wheel(bench.root / "Zope.Thing", "Zope.Thing", "1.0")
    bench.index()
    away = bench.root.rename(bench.root.with_name("away"))
    if not gone:
        bench.root.mkdir()
    report = bench.index()
    assert codes(report) == (["RG501"] if gone else [])
    assert report.sources[0].written == 1
    assert bench.projects() == []
    assert bench.index().sources[0].written == 0
    if not gone:
        bench.root.rmdir()
    away.rename(bench.root)
    report = bench.index()
    assert bench.projects() == ["zope-thing"]
    assert report.sources[0].read == (0 if gone else 1)
