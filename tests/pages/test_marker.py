"""A root that went away is not an empty root."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rewritegen.pages import PrivateTree, run_index
from rewritegen.pages.scan import Scan, scan
from tests.support.dists import make_wheel
from tests.support.indexing import Bench, codes


def snapshot(state: Path) -> dict[str, bytes]:
    return {
        path.relative_to(state).as_posix(): path.read_bytes()
        for path in state.rglob("*")
        if path.is_file()
    }


def test_the_marker_is_written_once_and_never_again(bench: Bench) -> None:
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    marker = bench.root / ".rewritegen-root"
    assert codes(bench.index()) == []
    assert marker.exists()
    marker.unlink()
    before = snapshot(bench.state)
    report = bench.index()
    assert codes(report) == ["RG502"]
    assert (report.exit_code, report.sources[0].available) == (1, False)
    assert not marker.exists()
    assert snapshot(bench.state) == before
    marker.touch()
    assert codes(bench.index()) == []


@pytest.mark.parametrize("pages", [True, False], ids=["pages", "listing"])
@pytest.mark.parametrize("gone", ["missing", "empty", "file", "dangling"])
def test_a_root_that_has_gone_changes_nothing(bench: Bench, gone: str, pages: bool) -> None:
    bench.pages = pages
    make_wheel(bench.root / "Acme.Foo", "acme-foo", "1.0")
    bench.index()
    before = snapshot(bench.state)
    aliases = bench.aliases()
    shutil.rmtree(bench.root)
    if gone == "empty":
        bench.root.mkdir()
    if gone == "file":
        bench.root.write_text("")
    if gone == "dangling":
        bench.root.symlink_to("nowhere")
    report = bench.index()
    assert codes(report) == ["RG502" if gone == "empty" else "RG501"]
    assert snapshot(bench.state) == before
    assert bench.aliases() == aliases
    assert bench.listed() == ["acme-foo"]
    assert not (bench.root / ".rewritegen-root").exists()


def test_the_other_source_is_indexed_all_the_same(bench: Bench) -> None:
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    bench.index()
    shutil.rmtree(bench.root)
    other = bench.root.parent / "tools"
    make_wheel(other / "tool", "tool", "1.0")
    tree = PrivateTree(
        source="tools", path=other, layout="projects", files_url="../../files/tools/"
    )
    report = run_index(bench.with_tree(tree))
    assert codes(report) == ["RG501"]
    assert bench.listed() == ["acme-foo", "tool"]
    assert [source.available for source in report.sources] == [False, True]


def test_a_root_that_goes_away_during_a_run_changes_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    bench.index()
    before = snapshot(bench.state)

    def unmounted(tree: PrivateTree) -> Scan:
        shutil.rmtree(bench.root)
        bench.root.mkdir()
        return scan(tree)

    monkeypatch.setattr("rewritegen.pages.source.scan", unmounted)
    report = bench.index()
    assert codes(report) in (["RG501"], ["RG502"])
    assert snapshot(bench.state) == before


def test_a_root_that_was_never_there(bench: Bench) -> None:
    bench.root.rmdir()
    report = bench.index()
    assert codes(report) == ["RG501"]
    assert bench.listed() == []
    assert (bench.state / "names" / "~rewritegen-names").exists()
    assert not (bench.state / "sources" / "team.json").exists()
    bench.root.mkdir()
    assert codes(bench.index()) == []
    assert (bench.root / ".rewritegen-root").exists()


def test_a_mirror_gets_aliases_and_nothing_else(bench: Bench) -> None:
    bench.private, bench.pages, bench.layout = False, False, "static"
    for name in ("Acme_Foo", "ACME.Foo", "plain", "no name at all"):
        (bench.root / name).mkdir()
    assert codes(bench.index()) == []
    assert bench.aliases() == {"acme-foo": str(bench.root / "ACME.Foo")}
    assert (bench.names(), bench.listed(), bench.projects()) == ([], [], [])
    assert not (bench.root / ".rewritegen-root").exists()


@pytest.mark.parametrize("layout", ["projects", "static"])
def test_a_listed_source_gets_names_aliases_and_the_root_list(bench: Bench, layout: str) -> None:
    bench.pages, bench.layout = False, layout  # type: ignore[assignment]
    make_wheel(bench.root / "Acme_Foo", "acme-foo", "1.0")
    make_wheel(bench.root / "acme-bar", "acme-bar", "1.0")
    (bench.root / "Empty").mkdir()
    (bench.root / "dangling").symlink_to("nowhere")
    assert codes(bench.index()) == ["RG505"]
    assert bench.names() == ["acme-bar", "acme-foo", "dangling", "empty"]
    assert bench.listed() == ["acme-bar", "acme-foo"]
    assert bench.projects() == []
    assert bench.aliases() == {
        "acme-foo": str(bench.root / "Acme_Foo"),
        "empty": str(bench.root / "Empty"),
    }
    (bench.root / "Acme_Foo").rename(bench.root / "ACME-foo")
    (bench.root / "Empty").rmdir()
    bench.index()
    assert bench.aliases() == {"acme-foo": str(bench.root / "ACME-foo")}


def test_a_source_that_turns_from_pages_to_listing_and_back(bench: Bench) -> None:
    make_wheel(bench.root / "Acme_Foo", "acme-foo", "1.0")
    bench.index()
    bench.pages = False
    bench.index()
    assert (bench.projects(), bench.metadata(), len(bench.aliases())) == ([], [], 1)
    bench.pages = True
    bench.index()
    assert (bench.projects(), len(bench.metadata()), bench.aliases()) == (["acme-foo"], 1, {})
