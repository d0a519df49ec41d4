"""``check`` on the server sees when the state is older than a private tree whose pages are written again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rewritegen.check.drift import look_for_drift
from rewritegen.check.results import Results
from rewritegen.site import load_site
from tests.systems.makers import RECORDED
from tests.systems.sites import site_of

PROJECT = Path("dumb-pypi", "simple", "plaindumbpypi")


def changed(root: Path) -> None:
    page = root / PROJECT / "index.html"
    page.write_text(page.read_text() + "<!-- -->")


def new(root: Path) -> None:
    shutil.copytree(root / PROJECT, root / PROJECT.with_name("another"))


def lost(root: Path) -> None:
    (root / "state" / "pages" / "dumb-pypi" / "plaindumbpypi" / "index.html").unlink()


ROWS: list[tuple[str, Callable[[Path], None], list[str]]] = [
    ("nothing", lambda _: None, []),
    ("another page", changed, ["RG980"]),
    ("a new project", new, ["RG980", "RG981"]),
    ("a project that has gone", lambda root: shutil.rmtree(root / PROJECT), ["RG980"]),
    ("a written page is lost", lost, ["RG980"]),
]


@pytest.mark.parametrize(("change", "codes"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_drift(tmp_path: Path, change: Callable[[Path], None], codes: list[str]) -> None:
    tree = tmp_path / "dumb-pypi"
    shutil.copytree(RECORDED / "dumb-pypi", tree)
    site_file, report = site_of("private", {"dumb-pypi": tree}, tmp_path)
    assert report.exit_code == 0
    change(tmp_path)
    results = Results(site=load_site(site_file))
    look_for_drift(load_site(site_file), results)
    found = {one.code for one in results.findings() if one.severity != "ok"}
    assert sorted(found) == codes
