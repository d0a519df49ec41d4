"""Environments of Python 2.7 for software that runs on nothing else, made once and kept."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.check.indexes import alone, installed
from tests.support.installers import installed_pythons
from tests.support.tools import missing

__all__ = ["old_environment"]

_SECONDS = 300


def old_environment(name: str, cache: Path, *requirements: str) -> Path:
    """The ``bin`` of an environment with these; without a Python 2.7, or a registry, a tool is missing."""
    home = cache / f"{name}-python2"
    with alone(home):
        if not (home / "installed").is_file():
            _make(home, name, cache, requirements)
    return home / "bin"


def _make(home: Path, name: str, cache: Path, requirements: tuple[str, ...]) -> None:
    python = installed_pythons().get("2.7")
    if python is None:
        missing("old-python", f"{name} runs on Python 2.7 only")
    # the last one that makes environments of Python 2.7
    virtualenv = installed("virtualenv", cache, "virtualenv<20.22") / "virtualenv"
    for argv in (
        [str(virtualenv), "--quiet", "-p", python, str(home)],
        [str(home / "bin" / "pip"), "install", "--quiet", *requirements],
    ):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_SECONDS, check=False)
        if done.returncode:
            missing("pip", f"{name} could not be installed: {done.stderr.strip()[-300:]}")
    (home / "installed").touch()
