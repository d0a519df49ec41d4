"""Run the test suite on every supported Python of this machine; needs nothing but a bare Python to start.

The Python that runs this file runs everything; each other one from 3.10 to 3.13 runs everything but the tests marked
``slow``, ``server`` or ``containers``: what servers make of a text does not depend on the Python that wrote it, and
golden files hold the text on each. Set REWRITEGEN_PYTHONS to interpreters or directories (joined by ``:``) to add some,
and to ``none`` to use only the one. With ``--long`` first, it runs the tests marked ``long`` on the one, and nothing
else; with ``--managed`` those of configuration management; with ``--matrix`` those marked ``edition``, of which the
default run has Debian bookworm only, and writes docs/compatibility.md. All other arguments go to pytest:
``python3 -m tools.run_tests tests/unit -k names``.

REWRITEGEN_REQUIRE=nginx,apache,uv,openssl turns "skipped, because it is not installed" into a failure.
"""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import sys
import time
import xml.etree.ElementTree as ET  # reads pytest's own report
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools import compatibility, debian_packages, engine, environment, official, pythons

ROOT = environment.ROOT
WORKERS = str(min(4, os.cpu_count() or 1))
ALL = "not bench and not matrix and not long and not managed"
QUICK = f"{ALL} and not slow and not server and not containers"
LONG = "long"
MANAGED = "managed"
MATRIX = "edition"
#: Options of this program that select tests for the one Python only, and the selection.
ALONE = {"--long": LONG, "--managed": MANAGED, "--matrix": MATRIX}
#: What reports of a selection are called.
KINDS = {LONG: "long-tests", MANAGED: "managed", MATRIX: "matrix"}


@dataclass(frozen=True)
class Run:
    """One run of pytest: on which Python, what, how it ended, and how long it took in seconds."""

    python: str
    selection: str
    exit_code: int
    passed: int
    failed: int
    skipped: int
    seconds: float

    def __str__(self) -> str:
        verdict = "ok" if self.exit_code == 0 else f"FAILED (pytest exit code {self.exit_code})"
        counts = f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"
        return (
            f"Python {self.python:8} {counts} in {self.seconds:.0f} s [{self.selection}]: {verdict}"
        )


def run(interpreter: Path, python: str, selection: str, arguments: list[str]) -> Run:
    """Run pytest with ``interpreter`` on the tests that the marker expression selects."""
    report = report_of(selection, python)
    report.unlink(missing_ok=True)
    print(f"\n=== Python {python}: {selection} ===", flush=True)
    # the tests of one server of the matrix share its containers, wherever they are written
    workers = ["-n", WORKERS, "--dist", "loadgroup" if selection == MATRIX else "loadscope"]
    command = [str(interpreter), "-m", "pytest", *workers, "-m", selection]
    directories = [str(interpreter.parent.parent / environment.PROGRAMS), *os.get_exec_path()]
    variables = {**os.environ, "PATH": os.pathsep.join(directories)}
    start = time.monotonic()
    done = subprocess.run(
        [*command, f"--junitxml={report}", *arguments], cwd=ROOT, check=False, env=variables
    )
    passed, failed, skipped = counts(report)
    return Run(
        python, selection, done.returncode, passed, failed, skipped, time.monotonic() - start
    )


@contextlib.contextmanager
def matrix_engine() -> Iterator[None]:
    """Have an engine all the time, and tell the tests which official images it has."""
    with contextlib.ExitStack() as stack:
        try:
            address = stack.enter_context(engine.running())
        except engine.EngineError as error:
            print(
                error, file=sys.stderr
            )  # the tests say so, too, and fail where containers are required
        else:
            found = list(official.had(address))
            print(f"official images: {' '.join(found) or 'none, no registry is reachable'}")
            os.environ[official.VARIABLE] = " ".join(found)
        yield


def report_of(selection: str, python: str) -> Path:
    """Return where the report of a run is."""
    return ROOT / "build" / f"{KINDS.get(selection, 'tests')}-{python}.xml"


def counts(report: Path) -> tuple[int, int, int]:
    """Return passed, failed and skipped from a JUnit report, all 0 when there is none."""
    if not report.is_file():
        return 0, 0, 0
    suite = next(ET.parse(report).iter("testsuite"))  # noqa: S314 written by pytest a moment ago
    total, errors, failures, skipped = (
        int(suite.get(key, 0)) for key in ("tests", "errors", "failures", "skipped")
    )
    return total - errors - failures - skipped, errors + failures, skipped


def main(arguments: list[str]) -> int:
    """Prepare, run on each Python, and print one line for each and a last one with the sums."""
    if debian_packages.main() != 0:
        print(
            "going on: tests that need what is missing are skipped, or fail if required\n",
            file=sys.stderr,
        )
    (ROOT / "build").mkdir(exist_ok=True)
    main_version = platform.python_version()
    interpreter = environment.make(ROOT / ".venv", extras="serve,watch,test,lint")
    chosen = ALONE.get(arguments[0]) if arguments else None
    selection, arguments = (chosen, arguments[1:]) if chosen else (ALL, arguments)
    with matrix_engine() if selection == MATRIX else contextlib.nullcontext():
        runs = [run(interpreter, main_version, selection, arguments)]
    if selection == MATRIX and not arguments:  # a part of it is not what the document is about
        compatibility.write(report_of(selection, main_version))
    alone = chosen or os.environ.get("REWRITEGEN_PYTHONS") == "none"
    others = {} if alone else pythons.find()
    for minor, python in others.items():
        if not main_version.startswith(f"{minor}."):
            home = ROOT / f".venv-{minor}"
            interpreter = environment.make(home, python=str(python), extras="serve,watch,test")
            runs.append(run(interpreter, pythons.version(python) or minor, QUICK, arguments))
    print("\n=== summary ===")
    for one in runs:
        print(one)
    absent = sorted(set(pythons.SUPPORTED) - set(others) - {main_version.rpartition(".")[0]})
    if absent and not alone:
        print(f"not tested, not installed here: Python {', '.join(absent)}")
    total = [
        sum(one.passed for one in runs),
        sum(one.failed for one in runs),
        sum(one.skipped for one in runs),
    ]
    print("total: {} passed, {} failed, {} skipped".format(*total), flush=True)
    return int(any(one.exit_code != 0 for one in runs))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
