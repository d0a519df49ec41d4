"""What a second run reads, writes and takes away."""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from pathlib import Path

import pytest

from rewritegen.pages import reading, run_index
from rewritegen.pages.progress import terminal_progress
from tests.support.dists import make_sdist, make_wheel
from tests.support.indexing import Bench, codes


def stats(directory: Path) -> dict[str, tuple[int, int]]:
    return {
        path.relative_to(directory).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_an_unchanged_run_opens_no_package_and_writes_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    make_sdist(bench.root / "Acme.Bar", "acme-bar", "1.0")
    (bench.root / "acme-foo" / "broken-1-py3-none-any.whl").write_text("x")
    first = bench.index()
    before = stats(bench.state)

    def read_file(*arguments: object) -> None:
        raise AssertionError("a package was read")

    monkeypatch.setattr(reading, "read_file", read_file)
    monkeypatch.setattr("rewritegen.pages.source.read_file", read_file)
    second = bench.index()
    assert stats(bench.state) == before
    assert first.problems == second.problems
    assert (second.sources[0].read, second.sources[0].written) == (0, 0)
    assert (second.sources[0].projects, second.sources[0].files) == (2, 2)


def test_one_new_file_changes_one_project(bench: Bench) -> None:
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    make_wheel(bench.root / "acme-bar", "acme-bar", "1.0")
    bench.index()
    other = stats(bench.state / "pages" / "team" / "acme-bar")
    make_wheel(bench.root / "acme-foo", "acme-foo", "2.0")
    source = bench.index().sources[0]
    assert (source.read, source.written) == (1, 1)
    assert stats(bench.state / "pages" / "team" / "acme-bar") == other
    assert bench.json("acme-foo")["versions"] == ["1.0", "2.0"]


@pytest.mark.parametrize("what", ["content", "time", "inode"])
def test_a_replaced_file_is_read_again(bench: Bench, what: str) -> None:
    path = make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    bench.index()
    status = path.stat()
    if what == "content":
        make_wheel(bench.root / "acme-foo", "acme-foo", "1.0", requires=["more"])
    elif what == "time":
        os.utime(path, (1, 1))
    else:
        copy = path.with_name("copy")
        shutil.copy2(path, copy)
        copy.replace(path)
        assert path.stat().st_mtime_ns == status.st_mtime_ns
    assert bench.index().sources[0].read == 1


def test_a_removed_file_takes_its_metadata_along(bench: Bench) -> None:
    path = make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    make_wheel(bench.root / "acme-foo", "acme-foo", "2.0")
    bench.index()
    path.unlink()
    bench.index()
    assert bench.filenames("acme-foo") == ["acme_foo-2.0-py3-none-any.whl"]
    assert bench.metadata() == ["acme-foo/acme_foo-2.0-py3-none-any.whl.metadata"]


@pytest.mark.parametrize("directory_too", [True, False])
def test_a_removed_project_takes_its_page_along_but_not_its_name(
    bench: Bench, directory_too: bool
) -> None:
    path = make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    bench.index()
    path.unlink()
    if directory_too:
        path.parent.rmdir()
    bench.index()
    assert (bench.projects(), bench.listed(), bench.metadata()) == ([], [], [])
    assert bench.names() == ["acme-foo"]


def test_an_empty_directory_has_a_name_and_no_page(bench: Bench) -> None:
    (bench.root / "acme-foo").mkdir()
    bench.index()
    assert (bench.projects(), bench.names()) == ([], ["acme-foo"])


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param("pages/team/acme-foo/index.html", id="page"),
        pytest.param("pages/team/acme-foo/index.v1_json.gz", id="gz"),
        pytest.param("pages/team/acme-foo", id="project"),
        pytest.param(
            "metadata/team/acme-foo/acme_foo-1.0-py3-none-any.whl.metadata", id="metadata"
        ),
        pytest.param("metadata", id="all metadata"),
        pytest.param("root", id="root list"),
        pytest.param("names/acme-foo", id="name"),
        pytest.param("names/~rewritegen-names", id="sentinel"),
    ],
)
def test_what_is_missing_from_the_state_is_made_again(bench: Bench, damage: str) -> None:
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    bench.index()
    before = {path: (bench.state / path).read_bytes() for path in stats(bench.state)}
    target = bench.state / damage
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink()
    assert codes(bench.index()) == (["RG520"] if damage == "names/acme-foo" else [])
    after = {path: (bench.state / path).read_bytes() for path in stats(bench.state)}
    memories = {path for path in before if path.startswith("sources/")}  # have the pages' times
    assert {path: after[path] for path in before if path not in memories} == {
        path: before[path] for path in before if path not in memories
    }


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"version": 1}', b"\xff", b'{"version": 0}']
)
def test_a_damaged_memory_costs_time_only(bench: Bench, content: bytes) -> None:
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    bench.index()
    pages = stats(bench.state / "pages")
    (bench.state / "sources" / "team.json").write_bytes(content)
    report = bench.index()
    assert codes(report) == []
    assert (report.sources[0].read, report.sources[0].written) == (1, 0)
    assert stats(bench.state / "pages") == pages


def test_a_page_that_changes_twice_in_a_second_has_another_second(bench: Bench) -> None:
    """nginx makes an ETag of seconds and size: a page that changed by a hash alone would keep it."""
    seen = set()
    for version in range(4):
        make_wheel(bench.root / "acme-foo", "acme-foo", "1.0", requires=[f"dependency-{version}"])
        bench.index()
        seen.add(int((bench.state / "pages/team/acme-foo/index.html").stat().st_mtime))
    assert len(seen) == 4


def test_litter_of_a_killed_run_is_cleared_away(bench: Bench) -> None:
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    bench.index()
    places = [
        "names",
        "pages/team",
        "pages/team/acme-foo",
        "metadata/team/acme-foo",
        "root",
        "sources",
    ]
    for place in places:
        (bench.state / place / ".rg-1-2").write_text("half")
    (bench.state / "pages/team/.rg-gone-old").mkdir()
    bench.index()
    assert not list(bench.state.rglob(".rg-*"))


def test_a_second_run_waits_for_the_first(bench: Bench) -> None:
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    bench.index()
    waiting = threading.Event()

    class Told:
        def waiting(self) -> None:
            waiting.set()

        def start(self, source: str, total: int) -> None: ...
        def advance(self) -> None: ...
        def finish(self) -> None: ...

    with (bench.state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        thread = threading.Thread(target=run_index, args=(bench.job,), kwargs={"progress": Told()})
        make_wheel(bench.root / "acme-foo", "acme-foo", "2.0")
        thread.start()
        assert waiting.wait(10)
        assert bench.json("acme-foo")["versions"] == ["1.0"]
    thread.join(10)
    assert bench.json("acme-foo")["versions"] == ["1.0", "2.0"]


def test_progress_counts_the_files_that_are_read(bench: Bench) -> None:
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    make_wheel(bench.root / "acme-foo", "acme-foo", "2.0")
    said: list[object] = []

    class Told:
        def waiting(self) -> None:
            said.append("waiting")

        def start(self, source: str, total: int) -> None:
            said.append((source, total))

        def advance(self) -> None:
            said.append(1)

        def finish(self) -> None:
            said.append("finish")

    run_index(bench.job, progress=Told())
    run_index(bench.job, progress=Told())
    assert said == [("team", 2), 1, 1, "finish", "finish"]
    assert terminal_progress() is None  # the stderr of a test is no terminal


def test_a_state_that_cannot_be_written_is_a_problem(bench: Bench) -> None:
    bench.state.write_text("a file")
    report = bench.index()
    assert codes(report) == ["RG518"]
    assert report.exit_code == 1


def test_another_index_url_writes_the_pages_anew(bench: Bench) -> None:
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    bench.index()
    bench.index_url = "https://other.example.org/simple/"
    source = bench.index().sources[0]
    assert (source.read, source.written) == (0, 1)
    assert "https://other.example.org/simple/" in bench.page("acme-foo")
