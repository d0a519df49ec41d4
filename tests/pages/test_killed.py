"""kill -9 at every point of a run: what readers see is valid before the repair, and complete after it.

A child process runs ``run_index`` with the calls that change a file system counted; before the n-th of them it kills
itself with SIGKILL. All n are tried until a run comes through.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.dists import make_wheel
from tests.support.indexing import INDEX_URL, Anchors, Bench, codes

CHILD = """
import os, pathlib, signal, sys, threading

sys.path.insert(0, sys.argv[4])
root, state, last = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
from rewritegen.pages import IndexJob, PrivateTree, run_index
from rewritegen.pages import render

calls = 0
lock = threading.Lock()

def counted(function):
    def wrapper(*arguments, **keywords):
        global calls
        with lock:
            calls += 1
            if calls == last:
                os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **keywords)
    return wrapper

def writes(function):
    def wrapper(path, flags, *arguments, **keywords):
        if flags & (os.O_WRONLY | os.O_RDWR):
            return counted(function)(path, flags, *arguments, **keywords)
        return function(path, flags, *arguments, **keywords)
    return wrapper

tree = PrivateTree(source="team", path=root, layout="projects", files_url="../../files/team/")
job = IndexJob(trees=(tree,), state=state, index_url=sys.argv[5])
render.render_root([], "")  # everything is imported before the counting begins
for name in ("replace", "rename", "mkdir", "rmdir", "unlink", "utime", "fsync", "symlink"):
    setattr(os, name, counted(getattr(os, name)))
os.open = writes(os.open)
report = run_index(job, jobs=1)
assert not report.problems, report.problems
print(calls)
"""


def run(bench: Bench, last: int) -> subprocess.CompletedProcess[str]:
    package = Path(__file__).resolve().parents[2]
    arguments = [str(bench.root), str(bench.state), str(last), str(package), INDEX_URL]
    return subprocess.run(
        [sys.executable, "-c", CHILD, *arguments], capture_output=True, text=True, check=False
    )


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


def changed(bench: Bench, file: dict[str, object]) -> bool:
    """Tell whether the package itself was replaced since the page was written: then its hash is wrong too."""
    path = bench.root.joinpath(*str(file["url"]).split("/")[4:])
    if not path.exists():
        return True
    hashes = file["hashes"]
    assert isinstance(hashes, dict)
    return hashlib.sha256(path.read_bytes()).hexdigest() != hashes["sha256"]


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
@pytest.mark.parametrize("first", [True, False], ids=["first run", "later run"])
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
        done = run(bench, last)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        killed += 1
        check_valid(bench)
        sentinel = bench.state / "names" / ".rewritegen-names"
        assert not first or not sentinel.exists() or set(bench.names()) == names, last
        assert codes(bench.index()) == []
        assert content(bench.state).keys() == content(whole.state).keys(), last
        assert content(bench.state) == content(whole.state), last
        assert not list(bench.state.rglob(".rg-*")), last
        assert bench.index().sources[0].written == 0
    assert killed > 40
