"""Find the Pythons that rewritegen supports and that really run on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

SUPPORTED = ("3.10", "3.11", "3.12", "3.13")

#: Fails for the pyenv shim of a version that is not selected, and for a Debian Python without python3-venv.
PROBE = "import ensurepip, venv, sys; print('.'.join(map(str, sys.version_info[:3])))"


def candidates(minor: str) -> Iterator[Path]:
    """Yield where a ``python3.X`` may be: REWRITEGEN_PYTHONS (interpreters or directories), PATH, pyenv."""
    for entry in filter(None, os.environ.get("REWRITEGEN_PYTHONS", "").split(os.pathsep)):
        path = Path(entry).expanduser()
        yield path / f"python{minor}" if path.is_dir() else path
    for directory in os.get_exec_path():
        yield Path(directory) / f"python{minor}"
    if pyenv := shutil.which("pyenv"):
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=False).stdout
        yield from sorted(
            Path(root.strip()).glob(f"versions/{minor}.*/bin/python{minor}"), reverse=True
        )


def version(interpreter: Path) -> str | None:
    """Return the full version of an interpreter that runs and can make virtual environments, else None."""
    if not interpreter.is_file():
        return None
    probe = subprocess.run(
        [str(interpreter), "-I", "-c", PROBE],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return probe.stdout.strip() or None


def find() -> dict[str, Path]:
    """Return minor version -> interpreter, for each of :data:`SUPPORTED` that is here."""
    found: dict[str, Path] = {}
    for minor in SUPPORTED:
        for interpreter in candidates(minor):
            if (version(interpreter) or "").startswith(f"{minor}."):
                found[minor] = interpreter
                break
    return found
