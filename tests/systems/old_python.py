"""Environments of Python 2.7 for software that runs on nothing else, made once and kept."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.check.indexes import alone, installed
from tests.support.installers import installed_pythons
from tests.support.tools import missing

__all__ = ["old_environment"]

_SECONDS = 300


def old_environment(name: str, cache: Path, *requirements: str, without: str = "") -> Path:
    """The ``bin`` of an environment with these; without a Python 2.7, or a registry, a tool is missing.

    :param without: one that is installed without what it requires.
    """
    home = cache / f"{name}-python2"
    with alone(home):
        if not (home / "installed").is_file():
            _make(home, name, cache, requirements, without)
    return home / "bin"


def _make(home: Path, name: str, cache: Path, requirements: tuple[str, ...], without: str) -> None:
    python = installed_pythons().get("2.7")
    if python is None:
        missing("python2.7", f"{name} runs on Python 2.7 only")
    # the last one that makes environments of Python 2.7
    virtualenv = installed("virtualenv", cache, "virtualenv<20.22") / "virtualenv"
    pip = [str(home / "bin" / "pip"), "install", "--quiet"]
    for argv in (
        [str(virtualenv), "--quiet", "--clear", "-p", python, str(home)],
        [*pip, *requirements],
        *([[*pip, "--no-deps", without]] if without else []),
    ):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_SECONDS, check=False)
        if done.returncode:
            missing("python2.7", f"{name} could not be installed: {done.stderr.strip()[-300:]}")
    (home / "installed").touch()
