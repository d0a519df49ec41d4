"""Which names are ours, and for how long."""

from __future__ import annotations

import os
import shutil
from typing import Literal

import pytest
from packaging.utils import canonicalize_name

from rewritegen.pages import PrivateTree, forget, run_index
from rewritegen.pages.owned import SENTINEL
from tests.support.dists import make_sdist, make_wheel
from tests.support.indexing import Bench, codes


def test_every_directory_and_every_link_is_ours_in_any_state(bench: Bench) -> None:
    make_wheel(bench.root / "Acme_Foo", "acme-foo", "1.0")
    (bench.root / "empty").mkdir()
    (bench.root / "dangling").symlink_to("/nowhere/at/all")
    (bench.root / "circle").symlink_to("circle")
    (bench.root / "linked").symlink_to(bench.root / "Acme_Foo")
    (bench.root / ".hidden").mkdir()
    (bench.root / "README").write_text("not a project")
    report = bench.index()
    assert bench.names() == ["acme-foo", "circle", "dangling", "empty", "linked"]
    assert codes(report).count("RG505") == 2
    assert sorted(report.names_added) == bench.names()
    assert (bench.state / "names" / "acme-foo").read_text() == "team\n"
    assert (bench.state / "names" / "~rewritegen-names").exists()


def test_names_stay_when_directories_go(bench: Bench) -> None:
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    bench.index()
    shutil.rmtree(bench.root / "acme-foo")
    report = bench.index()
    assert bench.names() == ["acme-foo"]
    assert bench.projects() == []
    assert bench.listed() == []
    assert report.names_added == ()


def test_forget_releases_one_name_until_its_directory_is_seen_again(bench: Bench) -> None:
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    make_wheel(bench.root / "acme-bar", "acme-bar", "1.0")
    bench.index()
    shutil.rmtree(bench.root / "acme-foo")
    bench.index()
    assert forget(bench.state, canonicalize_name("Acme_Foo")) is True
    assert forget(bench.state, canonicalize_name("Acme_Foo")) is False
    bench.index()
    assert bench.names() == ["acme-bar"]
    (bench.root / "acme-foo").mkdir()
    assert bench.index().names_added == ("acme-foo",)


def test_a_name_that_was_lost_from_the_state_comes_back(bench: Bench) -> None:
    (bench.root / "acme-foo").mkdir()
    bench.index()
    (bench.root / "acme-foo").rmdir()
    bench.index()
    shutil.rmtree(bench.state / "names")
    report = bench.index()
    assert (report.names_added, codes(report)) == (("acme-foo",), [])  # the servers said 503


def test_a_name_that_was_lost_alone_is_said(bench: Bench) -> None:
    """With the sentinel there, as in a backup that was restored in part, no server can see it."""
    for name in ("acme-foo", "acme-bar", "acme-new"):
        (bench.root / name).mkdir()
    bench.index()
    (bench.root / "acme-foo").rmdir()
    (bench.state / "names" / "acme-foo").unlink()
    (bench.state / "names" / "acme-bar").unlink()
    (bench.root / "acme-newer").mkdir()
    report = bench.index()
    assert (codes(report), report.exit_code) == (["RG520"], 1)
    assert "`acme-bar` and 1 more had gone from" in report.problems[0].message
    assert bench.names() == ["acme-bar", "acme-foo", "acme-new", "acme-newer"]
    assert codes(bench.index()) == []


def test_emptying_the_names_takes_the_sentinel_along(bench: Bench) -> None:
    """``rm names/*`` of a shell leaves what begins with a dot, and rsync copies in the order of bytes."""
    (bench.root / ("z" * 200)).mkdir()
    bench.index()
    entries = sorted(path.name for path in (bench.state / "names").iterdir())
    assert entries == ["z" * 200, SENTINEL]
    assert not SENTINEL.startswith(".")


def test_a_second_source_is_written_into_the_name(bench: Bench) -> None:
    (bench.root / "acme-foo").mkdir()
    bench.index()
    other = bench.root.parent / "tools"
    (other / "acme-foo").mkdir(parents=True)
    tree = PrivateTree(
        source="tools", path=other, layout="projects", files_url="../../files/tools/"
    )
    run_index(bench.with_tree(tree))
    run_index(bench.with_tree(tree))
    assert (bench.state / "names" / "acme-foo").read_text() == "team\ntools\n"


def test_flat_names_come_from_the_files_and_from_broken_ones_too(bench: Bench) -> None:
    bench.layout = "flat"
    make_wheel(bench.root, "Acme.Foo", "1.0")
    (bench.root / "broken_tool-1.0-py3-none-any.whl").write_bytes(b"no zip")
    (bench.root / "maybe-1.0-1.tar.gz").write_bytes(b"no tar")
    bench.index()
    assert bench.names() == ["acme-foo", "broken-tool", "maybe", "maybe-1-0"]
    assert bench.projects() == ["acme-foo"]


#: What has the name of a package and cannot be offered, whose it may be, and what is said of it.
UNOFFERED: dict[str, tuple[set[str], list[str]]] = {
    "svn-tool-1.0dev-r1234.tar.gz": ({"svn-tool", "svn-tool-1-0dev-r1234"}, ["RG506"]),
    "final-tool-1.0-final.tar.gz": ({"final-tool", "final-tool-1-0-final"}, ["RG506"]),
    "mytool.zip": ({"mytool"}, ["RG506"]),
    "Old.Tool-v2.ZIP": ({"old-tool", "old-tool-v2"}, ["RG506"]),
    "a-2d-tool_1.0.zip": ({"a", "a-2d-tool", "a-2d-tool-1-0"}, ["RG506"]),
    "win-tool-1.0.win32-py2.7.exe": ({"win-tool", "win-tool-1-0-win32-py2-7"}, ["RG517"]),
    "rpm-tool-1.0-1.noarch.rpm": ({"rpm-tool", "rpm-tool-1-0", "rpm-tool-1-0-1-noarch"}, ["RG517"]),
    "deb-tool_1.0_all.deb": ({"deb-tool", "deb-tool-1-0-all"}, ["RG517"]),
    "copy_tool-1.0-py3-none-any (1).whl": ({"copy-tool"}, ["RG507"]),
    "beside_tool-1.0-py3-none-any.whl": ({"beside-tool"}, ["RG509"]),
    "two-1.0-1.tar.gz": ({"two", "two-1-0"}, ["RG509"]),
    "-1.0.tar.gz": (set(), ["RG507"]),
}


@pytest.mark.parametrize("layout", ["flat", "projects"])
@pytest.mark.parametrize("filename", UNOFFERED)
def test_a_package_that_cannot_be_offered_is_private_all_the_same(
    bench: Bench, filename: str, layout: Literal["flat", "projects"]
) -> None:
    """Else a fallback would be asked for it, as if nothing of that name were here."""
    bench.layout = layout
    (bench.root / filename).write_bytes(b"something")
    report = bench.index()
    names, flat_codes = UNOFFERED[filename]
    assert set(bench.names()) == names
    assert codes(report) == (flat_codes if layout == "flat" else ["RG516"])
    (bench.root / filename).unlink()
    bench.index()
    assert set(bench.names()) == names, "for good"


@pytest.mark.parametrize("kind", ["link", "directory", "pipe"])
def test_a_package_that_is_no_file_is_private_all_the_same(bench: Bench, kind: str) -> None:
    bench.layout = "flat"
    path = bench.root / "odd_tool-1.0-py2.7.egg"
    if kind == "link":
        path.symlink_to("nowhere")
    elif kind == "directory":
        path.mkdir()
    else:
        os.mkfifo(path)
    bench.index()
    assert "odd-tool" in bench.names()


def test_what_begins_with_a_dot_or_is_no_package_has_no_name(bench: Bench) -> None:
    bench.layout = "flat"
    for name in (".part-1.0.zip", "README-1.0.txt", "notes.tar.gz.asc"):
        (bench.root / name).write_bytes(b"something")
    bench.index()
    assert bench.names() == []


def test_a_flat_sdist_with_two_readings_is_what_its_metadata_says(bench: Bench) -> None:
    bench.layout = "flat"
    make_sdist(bench.root, "acme-1.0", "1", filename="acme-1.0-1.tar.gz")
    make_sdist(bench.root, "tool", "2.0-3", filename="tool-2.0-3.tar.gz")
    make_sdist(bench.root, "what", "2.0-3", filename="what-2.0-3.tar.gz", with_pkg_info=False)
    report = bench.index()
    assert bench.projects() == ["acme-1-0", "tool"]
    assert bench.json("tool")["versions"] == ["2.0.post3"]
    assert codes(report) == ["RG510"]


@pytest.mark.parametrize(
    ("directory", "code"),
    [
        pytest.param("-acme", "RG503", id="first character"),
        pytest.param("acme foo", "RG503", id="blank"),
        pytest.param("acme\u00e9", "RG503", id="not ASCII"),
        pytest.param("acme\udcff", "RG503", id="no text"),
        pytest.param("a" * 201, "RG503", id="too long"),
    ],
)
def test_directories_that_are_no_project_are_reported(
    bench: Bench, directory: str, code: str
) -> None:
    (bench.root / directory).mkdir()
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    report = bench.index()
    assert codes(report) == [code]
    assert report.exit_code == 1
    assert bench.names() == ["acme-foo"]
    report.problems[0].message.encode("utf-8")


@pytest.mark.parametrize(
    ("spellings", "chosen"),
    [
        pytest.param(["Acme_Foo", "acme-foo"], "acme-foo", id="the canonical one"),
        pytest.param(["acme_foo", "ACME.Foo"], "ACME.Foo", id="else the first in order"),
    ],
)
def test_of_two_spellings_one_is_indexed(bench: Bench, spellings: list[str], chosen: str) -> None:
    for number, spelling in enumerate(spellings):
        make_wheel(bench.root / spelling, "acme-foo", f"{number}.0")
    report = bench.index()
    assert codes(report) == ["RG504"]
    assert [file["url"].split("/")[-2] for file in bench.json("acme-foo")["files"]] == [chosen]
