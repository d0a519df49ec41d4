"""Configuration management that is fetched from the package registry, each tool in an environment of its own, once."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.support.tools import missing
from tools import engine

__all__ = ["ansible"]

FETCH_SECONDS = 300
#: A "newest" is asked for again in the next week, as in tests/containers/client_images.py.
_WEEK = "%G-W%V"


def ansible() -> Path:
    """The ansible-playbook of an environment with ansible-core in it."""
    if shutil.which("ssh") is None:
        missing("ansible", "it reaches machines by ssh, which is not installed")
    home = engine.own().home / "tools"
    home.mkdir(parents=True, exist_ok=True)
    minor = "{}.{}".format(*sys.version_info)
    place = home / f"ansible-{minor}-{time.strftime(_WEEK)}"
    with (home / "ansible.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "done").exists():
            shutil.rmtree(place, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
            _pip(place, "ansible-core")
            (place / "done").touch()
    return place / "bin" / "ansible-playbook"


def _pip(place: Path, *wanted: str) -> None:
    command = [str(place / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, *wanted],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=FETCH_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        missing("ansible", f"{' '.join(wanted)} cannot be had: {done.stdout[-300:]}")
