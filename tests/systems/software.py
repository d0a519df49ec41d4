"""Environments with the programs that make trees: those of today on our Python, those of then on Python 2.7."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.project_tools import project_tool
from tests.systems.old_python import old_environment

__all__ = ["Software", "new_software", "old_software"]

RUN_SECONDS = 120.0

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


def old_software(cache: Path) -> Software:
    """basketweaver, pep381client, eggproxy and pypimirror; skips (or fails, see tools) without a Python 2.7."""
    return Software(old_environment("trees", cache, *OLD, without=OLD_ALONE).parent)
