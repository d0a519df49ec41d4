"""kill -9 at every point of a run: what readers see is valid before the repair, and complete after it.

A forked child runs ``run_index`` and kills itself before the n-th change that it makes (tests/support/killing.py).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from rewritegen.pages import run_index
from tests.support.dists import make_wheel
from tests.support.indexing import Anchors, Bench, codes
from tests.support.killing import in_a_child


def run(bench: Bench, last: int) -> int:
    """Index in a child that dies before its ``last``-th change; return its exit code, negative for a signal."""
    return in_a_child(lambda: len(run_index(bench.job, jobs=1).problems), last)


def check_valid(bench: Bench) -> None:
    """What a reader could fetch now is whole, and nothing is advertised that is not there."""
    for path in bench.state.rglob("index.*"):
        if any(part.startswith(".rg-") for part in path.parts):
            continue  # out of sight already
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if "v1_json" in path.name:
            document = json.loads(data)
            for file in document.get("files", []):
                sha256 = hashlib.sha256(
                    bench.state.joinpath(
                        "metadata/team",
                        *file["url"].split("/")[4:-1],
                        f"{file['filename']}.metadata",
                    ).read_bytes()
                ).hexdigest()
                assert file["core-metadata"]["sha256"] == sha256 or changed(bench, file)
        else:
            text = data.decode()
            assert text.startswith("<!DOCTYPE html>")
            assert text.endswith("</html>\n")
            assert Anchors(text).metas["pypi:repository-version"] == "1.4"


def changed(bench: Bench, file: dict[str, Any]) -> bool:
    """Tell whether the package itself was replaced since the page was written: then its hash is wrong too."""
    path = bench.root.joinpath(*str(file["url"]).split("/")[4:])
    if not path.exists():
        return True
    sha256: str = file["hashes"]["sha256"]
    return hashlib.sha256(path.read_bytes()).hexdigest() != sha256


def content(state: Path) -> dict[str, bytes]:
    return {
        path.relative_to(state).as_posix(): path.read_bytes()
        for path in state.rglob("*")
        if path.is_file() and path.parent.name != "sources"
    }


def before(bench: Bench) -> None:
    make_wheel(bench.root / "stays", "stays", "1.0")
    make_wheel(bench.root / "Grows", "grows", "1.0")
    make_wheel(bench.root / "goes", "goes", "1.0")
    make_wheel(bench.root / "changes", "changes", "1.0")


def after(bench: Bench) -> None:
    make_wheel(bench.root / "Grows", "grows", "2.0")
    shutil.rmtree(bench.root / "goes", ignore_errors=True)
    make_wheel(bench.root / "changes", "changes", "1.0", requires=["stays"])
    make_wheel(bench.root / "new", "new", "1.0")


@pytest.mark.slow
@pytest.mark.parametrize(
    "first",
    [
        pytest.param(True, id="first run", marks=pytest.mark.long),
        pytest.param(False, id="later run"),
    ],
)
def test_killed_before_every_change(bench: Bench, tmp_path: Path, first: bool) -> None:
    before(bench)
    pristine = tmp_path / "pristine"
    if first:
        after(bench)
    else:
        assert codes(bench.index()) == []
        shutil.copytree(bench.state, pristine, symlinks=True)
        after(bench)
    whole = Bench(bench.root, tmp_path / "whole")
    if not first:
        shutil.copytree(pristine, whole.state)
    assert codes(whole.index()) == []
    names = set(whole.names())
    killed = 0
    for last in range(1, 1000):
        shutil.rmtree(bench.state, ignore_errors=True)
        if first:
            (bench.root / ".rewritegen-root").unlink(missing_ok=True)
        else:
            shutil.copytree(pristine, bench.state)
        died = run(bench, last)
        if died == 0:
            break
        assert died == -signal.SIGKILL
        killed += 1
        check_valid(bench)
        sentinel = bench.state / "names" / "~rewritegen-names"
        assert not first or not sentinel.exists() or set(bench.names()) == names, last
        assert codes(bench.index()) == []
        assert content(bench.state).keys() == content(whole.state).keys(), last
        assert content(bench.state) == content(whole.state), last
        assert not list(bench.state.rglob(".rg-*")), last
        assert bench.index().sources[0].written == 0
    assert killed > 40


@pytest.mark.slow
def test_killed_in_the_first_run_and_then_unmounted(bench: Bench, tmp_path: Path) -> None:
    """Whatever the killed run wrote, the empty directory under the mount point takes nothing away."""
    source = tmp_path / "mounted"
    make_wheel(source / "acme-foo", "acme-foo", "1.0")
    written = 0
    for last in range(1, 1000):
        shutil.rmtree(bench.state, ignore_errors=True)
        shutil.rmtree(bench.root)
        shutil.copytree(source, bench.root)
        died = run(bench, last)
        shutil.rmtree(bench.root)
        bench.root.mkdir()
        names, pages = visible(bench.state / "names"), visible(bench.state / "pages/team")
        bench.index()
        assert visible(bench.state / "names") >= names, last
        assert visible(bench.state / "pages/team") >= pages, last
        written += len(pages)
        if died == 0:
            break
    assert written > 10


def visible(directory: Path) -> set[str]:
    if not directory.exists():
        return set()
    return {path.name for path in directory.iterdir() if not path.name.startswith(".")}
