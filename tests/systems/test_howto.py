"""docs/howto-mirrors.md: its lines are valid, its table is that of the layouts, its report is the one that comes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from rewritegen.indexing import index_job, summary
from rewritegen.layouts import LAYOUTS
from rewritegen.pages import run_index
from rewritegen.site import load_site
from rewritegen.trees import is_moved, is_written
from tests.support import trees
from tests.support.scenes import wheels
from tests.systems.makers import RECORDED

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "howto-mirrors.md").read_text()
BLOCKS = re.findall(r"## ([^\n]+)\n\n```yaml\n(.*?)```", TEXT, re.DOTALL)

AROUND = {"server_name": "packages.example.org", "state": "/var/lib/rewritegen/packages"}


def lines(text: str) -> bytes:
    """A whole site with the lines of a block."""
    given = yaml.safe_load(text)
    private = {} if "private" in given else {"private": [{"name": "own", "path": "/srv/own"}]}
    return yaml.safe_dump({**AROUND, **private, **given}).encode()


@pytest.mark.parametrize("text", [b for _, b in BLOCKS], ids=[head for head, _ in BLOCKS])
def test_lines_are_valid(text: str) -> None:
    load_site("site.yaml", text=lines(text))


def test_every_layout_has_a_line_and_a_row() -> None:
    sites = [load_site("site.yaml", text=lines(text)).indexes[0] for _, text in BLOCKS]
    used = {
        getattr(source, "layout", "")
        for site in sites
        for source in (*site.private, *site.fallbacks)
    }
    # a tree of ready pages has no trap of its own, and hash-index is named in the section of bandersnatch
    assert used | {"static", "bandersnatch-hash-index"} >= LAYOUTS.keys()
    rows = re.findall(r"^\|[^|]*\| `([^`]+)` \|([^|]*)\|([^|]*)\|", TEXT, re.MULTILINE)
    told = {name: ("yes" in private, "yes" in mirror) for name, private, mirror in rows[1:]}
    assert told == {name: (one.private, one.mirror) for name, one in LAYOUTS.items()}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_table_says_who_writes_the_pages(layout: str) -> None:
    row = next(line for line in TEXT.splitlines() if f"| `{layout}` |" in line)
    base = {"base_url": "http://a.example.org/"} if LAYOUTS[layout].absolute else {}
    entry = {"name": "a", "mirror": "/srv/a", "layout": layout, **base}
    text = lines(yaml.safe_dump({"fallbacks": [entry]}))
    (mirror,) = load_site("site.yaml", text=text).indexes[0].fallbacks
    said = (row.rpartition("|")[0].rpartition("|")[2]).rpartition("mirror:")[2].strip()
    expected = "as they are"
    if is_written(mirror):  # type: ignore[arg-type]
        expected = "written again" if is_moved(mirror) else "written, from"  # type: ignore[arg-type]
    assert said.startswith(expected) or (said, layout) == ("the same", "bandersnatch-hash-index")


def test_the_report_is_the_one_that_comes(tmp_path: Path) -> None:
    tree = shutil.copytree(RECORDED / "pypimirror", tmp_path / "attic")
    shutil.rmtree(tree / "Empty.Pypimirror")
    own = trees.projects(tmp_path / "own", wheels("acme-foo-1.0"))
    mirror = {"name": "attic", "mirror": str(tree), "layout": "pypimirror"}
    mirror["base_url"] = "http://mirror.example.org/pypi/"
    private = [{"name": "own", "path": str(own)}]
    site = {**AROUND, "state": str(tmp_path / "s"), "private": private, "fallbacks": [mirror]}
    job = index_job(load_site("site.yaml", text=yaml.safe_dump(site).encode()))
    seconds = re.compile(r"[0-9.]+ s$")
    for line in summary(run_index(job)).splitlines():
        assert seconds.sub("", line) in seconds.sub("", TEXT)
