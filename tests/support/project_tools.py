"""Tools that read a configuration file of their own, in exact versions, each in a virtual environment that is kept.

Fetching one uses the machine's own pip and its configuration; running it sees nothing of that (see ``installers``).
"""

from __future__ import annotations

import fcntl
import re
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.installers import hermetic_environment
from tests.support.tools import missing

__all__ = ["FETCH_SECONDS", "REQUIREMENTS", "ProjectTool", "Run", "project_tool", "run"]

#: What is installed for each. Pinned, because a new release must not turn a green commit red.
REQUIREMENTS: Mapping[str, tuple[str, ...]] = {
    "poetry": ("poetry==2.5.1",),
    # hishel 2 has no SyncSqliteStorage, which this release wants and does not say
    "pdm": ("pdm==2.29.4", "hishel[httpx2]>=1.4,<2"),
    "hatch": ("hatch==1.18.2",),
    "pipenv": ("pipenv==2026.10.3",),
    "buildout": ("zc.buildout==6.0.1",),
    # the last one that has its package_index: 80.3.0 removed it
    "easy_install": ("setuptools==79.0.1", "wheel"),
    # what makes trees for tests/systems; pip2pi looks for pkg_resources and pip
    "trees": (
        "bandersnatch==6.8.0",
        "dumb-pypi==1.15.0",
        "morgan==0.15.0",
        "pip2pi==0.8.2",
        "python-pypi-mirror==5.2.1",
        "setuptools==79.0.1",
        "pip",
    ),
}
FETCH_SECONDS = 600.0
RUN_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class ProjectTool:
    """A tool that is here."""

    name: str
    home: Path

    @property
    def python(self) -> str:
        """The Python of its environment."""
        return str(self.home / "bin" / "python")

    @property
    def program(self) -> str:
        """Its command."""
        return str(self.home / "bin" / self.name)


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended and what it said."""

    status: int
    output: str


def project_tool(name: str, cache: Path) -> ProjectTool:
    """Return one of :data:`REQUIREMENTS`; skips (or fails, see tools) when it cannot be fetched.

    :param cache: a directory that outlives the session; tools are installed there once.
    """
    wanted = REQUIREMENTS[name]
    home = cache / re.sub("[^A-Za-z0-9.]+", "-", "-".join(wanted))
    ready = home / "ready"
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two workers of a session want the same one
        if not ready.exists():
            venv.create(home, with_pip=False, clear=True)
            argv = [sys.executable, "-m", "pip", "--python", str(home / "bin/python"), "install"]
            argv += ["--quiet", "--disable-pip-version-check", *wanted]
            done = subprocess.run(
                argv, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False, cwd=cache
            )
            if done.returncode != 0:
                missing("pip", f"{name} could not be installed: {done.stderr.strip()[-300:]}")
            ready.touch()
    return ProjectTool(name, home)


def run(
    argv: Sequence[str],
    home: Path,
    directory: Path,
    environment: Mapping[str, str] | None = None,
    reads: Sequence[str] = (),
) -> Run:
    """Run a tool in ``directory`` as a user whose home is ``home``, with no configuration but what is there.

    :param reads: variables that keep pip or uv from reading files, where just that is what is tested.
    """
    inherited = hermetic_environment(home)
    for name in reads:
        del inherited[name]
    done = subprocess.run(
        list(argv),
        env={**inherited, "XDG_CONFIG_HOME": str(home / ".config"), **(environment or {})},
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=RUN_SECONDS,
        check=False,
    )
    return Run(done.returncode, done.stdout.decode(errors="replace"))
