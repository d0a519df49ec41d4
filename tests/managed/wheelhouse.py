"""What pip installs on the machines: a wheel of this tree, and wheels of what it needs, which are fetched once."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement

from tests.containers.client_images import wheels_of
from tests.containers.clients import Client

__all__ = ["build_wheel", "dependencies"]

ROOT = Path(__file__).resolve().parents[2]
BUILD_SECONDS = 120


def build_wheel(directory: Path) -> Path:
    """Build the wheel of this tree into a directory, and return that."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return directory


def dependencies(python: str, extra: str = "watch") -> Path:
    """The directory with the wheels that ``rewritegen[EXTRA]`` needs for a version of Python."""
    listed = [Requirement(text) for text in importlib.metadata.requires("rewritegen") or ()]
    wanted = sorted(
        f"{one.name}{one.specifier}"
        for one in listed
        if one.marker is None or one.marker.evaluate({"extra": extra})
    )
    return wheels_of(Client("rewritegen", tuple(wanted), "", "", ""), python)
