"""Environments with the programs that make trees: those of today on our Python, those of then on Python 2.7."""

from __future__ import annotations

import fcntl
import functools
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.installers import installed_pythons
from tests.support.project_tools import FETCH_SECONDS, project_tool
from tests.support.tools import missing

__all__ = ["Software", "new_software", "old_software"]

RUN_SECONDS = 120.0

#: The last virtualenv that makes environments of Python 2.7.
VIRTUALENV = "virtualenv<20.22"
#: PasteScript 3.5 is broken on Python 2.7; zc.lockfile 2 and BeautifulSoup 4 are other programs.
OLD = (
    "basketweaver==0.1.3.post0",
    "pep381client==1.5",
    "collective.eggproxy==0.5.1",
    "PasteScript==2.0.2",
    "zc.lockfile==1.4",
    "BeautifulSoup==3.2.2",
)
#: It asks for a BeautifulSoup that never was.
OLD_ALONE = "pypimirror==1.0.16.4"


class Software:
    """An environment, and how its programs are run: with a home of their own and without proxies."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, argv: Sequence[str], directory: Path, home: Path, *, text: str = "") -> str:
        """Run one of its programs, ``python`` among them, and return what it said.

        :raises AssertionError: when it fails.
        """
        program, *arguments = argv
        home.mkdir(parents=True, exist_ok=True)
        environment: Mapping[str, str] = {
            "PATH": f"{self.home / 'bin'}:/usr/bin:/bin",
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "TMPDIR": str(home),
        }
        done = subprocess.run(
            [str(self.home / "bin" / program), *arguments],
            cwd=directory,
            env=environment,
            input=text,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=RUN_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{program}: {done.stdout[-3000:]}"
        return done.stdout


def new_software(cache: Path) -> Software:
    """bandersnatch, dumb-pypi, morgan, pip2pi and python-pypi-mirror."""
    return Software(project_tool("trees", cache).home)


@functools.cache
def old_software(cache: Path) -> Software:
    """basketweaver, pep381client, eggproxy and pypimirror; skips (or fails, see tools) without a Python 2.7."""
    python = installed_pythons().get("2.7")
    if python is None:
        missing("python2.7", "no interpreter of this version runs")
    home = cache / re.sub("[^A-Za-z0-9.]+", "-", "-".join(["python2.7", *OLD, OLD_ALONE]))[:120]
    ready = home / "ready"
    with (cache / "python2.7.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two workers of a session want the same one
        if not ready.exists():
            _make(python, home, cache)
            ready.touch()
    return Software(home)


def _make(python: str, home: Path, cache: Path) -> None:
    maker = cache / "virtualenv"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    own = str(home / "bin" / "python")
    for argv in (
        [*pip, "--target", str(maker), "--upgrade", VIRTUALENV],
        [sys.executable, "-m", "virtualenv", "--quiet", "--clear", "-p", python, str(home)],
        [own, "-m", "pip", "install", "--quiet", *OLD],
        [own, "-m", "pip", "install", "--quiet", "--no-deps", OLD_ALONE],
    ):
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            timeout=FETCH_SECONDS,
            check=False,
            cwd=cache,
            env={**os.environ, "PYTHONPATH": str(maker) if "virtualenv" in argv else ""},
        )
        if done.returncode != 0:
            missing("python2.7", f"{' '.join(argv[1:4])} failed: {done.stderr.strip()[-300:]}")
