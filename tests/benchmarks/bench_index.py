"""How fast ``rewritegen index`` is: whole processes over small wheels, cold, unchanged, and with one file more.

    python -m tests.benchmarks.bench_index [FILES [PROJECTS]]

Prints files per second; the interpreter alone is timed too, because it is in every number. Exits 1 when an unchanged
run over 2,000 wheels takes longer than a second.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from tests.support.dists import make_wheel

_LIMIT = 1.0

_RUN = """
import sys
from pathlib import Path
from rewritegen.pages import IndexJob, PrivateTree, run_index

root = Path(sys.argv[1])
tree = PrivateTree(source="team", path=root / "team", layout="projects", files_url="../../files/team/")
job = IndexJob(trees=(tree,), state=root / "state", index_url="https://packages.example.org/simple/")
report = run_index(job)
assert not report.problems, report.problems
print(report.sources[0].read)
"""


def main(arguments: list[str]) -> int:
    """Run the benchmark; see above."""
    files = int(arguments[0]) if arguments else 2000
    projects = int(arguments[1]) if len(arguments) > 1 else files
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        _make(root, files, projects)
        interpreter = median(_timed("pass", root)[0] for _ in range(3))
        print(f"{files} wheels in {projects} projects; interpreter alone {interpreter:.3f} s")
        _print("cold", files, _indexed(root, files))
        unchanged = min(_indexed(root, 0) for _ in range(5))
        _print("unchanged", files, unchanged)
        make_wheel(root / "team" / "project-0000", "project-0000", "9.0")
        _print("one file more", files, _indexed(root, 1))
    return int(files == 2000 and unchanged > _LIMIT)


def _make(root: Path, files: int, projects: int) -> None:
    for number in range(files):
        name = f"project-{number % projects:04}"
        version = f"1.{number // projects}"
        make_wheel(root / "team" / name, name, version, requires=["acme"], requires_python=">=3.8")


def _indexed(root: Path, expected: int) -> float:
    seconds, output = _timed(_RUN, root)
    if output != f"{expected}\n":
        raise AssertionError(f"{output!r} files were read, not {expected}")
    return seconds


def _timed(program: str, root: Path) -> tuple[float, str]:
    started = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program, str(root)], check=True, capture_output=True, text=True
    )
    return perf_counter() - started, done.stdout


def _print(what: str, files: int, seconds: float) -> None:
    print(f"{what:14} {seconds:6.2f} s {files / seconds:8,.0f} files/s")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
