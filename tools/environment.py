"""Make a virtual environment with rewritegen in it, editable; runs with nothing but a bare Python.

    python3 -m tools.environment .venv --extras test,lint

The file ``installed`` inside the environment is written last and only on success: it is what the Makefile compares
with ``pyproject.toml``, so a broken or old environment is made again from nothing.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMP = "installed"
#: Directory in an environment with links to the programs that tests look for on PATH. Not ``bin``: that also has the
#: ``nginx`` of the ``serve`` extra, which must not take the place of the distribution's.
PROGRAMS = "programs"


def is_fresh(environment: Path) -> bool:
    """Tell whether ``environment`` was made after the last change of ``pyproject.toml``."""
    stamp = environment / STAMP
    return stamp.is_file() and stamp.stat().st_mtime >= (ROOT / "pyproject.toml").stat().st_mtime


def make(
    environment: Path,
    *,
    python: str = sys.executable,
    extras: str = "",
    options: Sequence[str] = (),
) -> Path:
    """Make ``environment`` anew with ``python`` unless it is fresh, and return its interpreter.

    ``options`` are for ``pip install``.


    :raises subprocess.CalledProcessError: when ``venv`` or ``pip`` fails; what they said is on stderr.
    """
    interpreter = environment / "bin" / "python"
    if is_fresh(environment):
        return interpreter
    print(f"making {environment.name} ...", file=sys.stderr, flush=True)
    shutil.rmtree(environment, ignore_errors=True)
    subprocess.run([python, "-m", "venv", str(environment)], check=True)
    requirement = f"{ROOT}[{extras}]" if extras else str(ROOT)
    pip = [str(interpreter), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    subprocess.run([*pip, *options, "--editable", requirement], check=True)
    programs = environment / PROGRAMS
    programs.mkdir()
    for program in ("pip", "uv"):
        if (interpreter.parent / program).exists():
            (programs / program).symlink_to(interpreter.parent / program)
    (environment / STAMP).touch()
    return interpreter


def main() -> int:
    """Make the environment that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("environment", type=Path)
    parser.add_argument("--extras", default="", help="comma-separated, from pyproject.toml")
    arguments = parser.parse_args()
    try:
        make(arguments.environment.resolve(), extras=arguments.extras)
    except subprocess.CalledProcessError as error:
        print(f"{error.cmd[0]} {error.cmd[1]} ... failed", file=sys.stderr)
        if "venv" in error.cmd:
            print("On Debian: apt-get install python3-venv", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
