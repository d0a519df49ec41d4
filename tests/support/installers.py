"""Real installers in the versions that matter, fetched once, and run as if the machine had no configuration.

Fetching an installer uses the machine's own pip and its configuration (it may know a company's registry); running it
must see nothing of that, or a test would pass because of packages that the site never served.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from tests.support.tools import find, missing

__all__ = [
    "INSTALLERS",
    "Installed",
    "Installer",
    "hermetic_environment",
    "installed_pythons",
    "prepare",
]

SECONDS = 120.0
PYTHONS = ("3.13", "3.12", "3.11", "3.10", "3.9", "3.8", "3.7", "3.6", "2.7")


@dataclass(frozen=True, slots=True)
class Installer:
    """What to run: pip in an exact version (``None``: the newest there is), or uv."""

    name: str
    version: str | None = None
    asks_json: bool = True
    pythons: tuple[str, ...] = ()
    """Python versions that can run it, best first; empty: the Python of the tests."""


INSTALLERS = {
    installer.name: installer
    for installer in (
        # the last one that runs on Python 2.7 and 3.6 to 3.9 without a warning
        Installer("pip-9", "9.0.3", asks_json=False, pythons=("2.7", "3.6", "3.7", "3.8", "3.9")),
        # the oldest that runs on Python 3.10 and 3.11 with every marker right (19.2 takes 3.11 for 3.1)
        Installer("pip-19", "19.3.1", asks_json=False, pythons=("3.10", "3.11", "3.9", "3.8")),
        Installer("pip-20", "20.3.4", asks_json=False, pythons=("3.10", "3.11", "3.9", "3.8")),
        Installer("pip-newest"),
        Installer("uv"),
    )
}


@dataclass(frozen=True, slots=True)
class Installed:
    """What a run of an installer left: exit status, words, and the names in the target directory.

    Dot files are left out: uv puts a lock there.
    """

    status: int
    output: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Command:
    """An installer that is here and runs."""

    installer: Installer
    argv: tuple[str, ...]
    python: str

    def install(
        self,
        index_url: str,
        requirements: Sequence[str],
        directory: Path,
        options: Sequence[str] = (),
        retries: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> Installed:
        """Install ``NAME==VERSION --hash=sha256:...`` lines, and nothing else, from this index into a new target.

        :param directory: an empty directory for HOME, the caches and the target.
        :param environment: what the client's environment has besides.
        :param retries: how often pip asks again after a failure; its own default is 5.
        """
        listed = directory / "requirements.txt"
        listed.write_text("".join(f"{line}\n" for line in requirements))
        target = directory / "target"
        argv = [*self.argv, "install", "--require-hashes", "-r", str(listed), "--no-deps"]
        argv += ["--index-url", index_url, "--target", str(target), *options]
        if self.installer.name == "uv":
            argv += ["--python", self.python, "--no-cache"]
        else:
            argv += ["--no-cache-dir", "--disable-pip-version-check", f"--retries={retries}"]
        done = subprocess.run(
            argv,
            env={**hermetic_environment(directory), **(environment or {})},
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
        found = target.iterdir() if target.is_dir() else ()
        names = frozenset(path.name for path in found if not path.name.startswith("."))
        return Installed(done.returncode, done.stdout.decode(errors="replace"), names)


def hermetic_environment(home: Path) -> dict[str, str]:
    """The environment of a client that knows no configuration, no cache, no proxy and no other index."""
    # a list of what is kept: CURL_CA_BUNDLE, for one, overrides pip's own --cert
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "PIP_CONFIG_FILE": os.devnull,
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "TMPDIR": str(home),
    }


@functools.cache
def prepare(name: str, cache: Path) -> Command:
    """Return a command for one of :data:`INSTALLERS`; skips (or fails, see tools) when it cannot be had.

    :param cache: a directory that outlives the session; installers are unpacked there once.
    """
    installer = INSTALLERS[name]
    if name == "uv":
        return Command(installer, (_uv(), "pip"), sys.executable)
    home = _unpacked_pip(installer.version, cache)
    usable = (p for p in _pythons(installer.pythons) if _runs((p, str(home / "pip"), "--version")))
    python = next(usable, None)
    if python is None:
        missing(
            "old-python",
            f"pip {installer.version} runs on Python {', '.join(installer.pythons)} only",
        )
    return Command(installer, (python, str(home / "pip")), python)


def _uv() -> str:
    found = find("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if not found:
        missing("uv", "not installed")
    return str(found)


def _unpacked_pip(version: str | None, cache: Path) -> Path:
    """Return the directory that holds ``pip/`` of this version; ``python DIRECTORY/pip`` runs it."""
    if version is not None and (cache / f"pip-{version}").is_dir():
        return cache / f"pip-{version}"
    with tempfile.TemporaryDirectory(dir=cache) as temporary:
        wanted = "pip" if version is None else f"pip=={version}"
        argv = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
        argv += ["--quiet", "--disable-pip-version-check", "--dest", temporary, wanted]
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=SECONDS, check=False, cwd=temporary
        )
        wheels = list(Path(temporary).glob("pip-*.whl"))
        kept = sorted(cache.glob("pip-*/pip"), key=lambda path: Version(path.parent.name[4:]))
        if not wheels and version is None and kept:
            return kept[-1].parent  # no registry today: the newest that there was
        if not wheels:
            missing("pip", f"{wanted} could not be downloaded: {done.stderr.strip()[-300:]}")
        home = cache / "-".join(wheels[0].name.split("-")[:2])
        if not home.is_dir():
            unpacked = Path(temporary) / "unpacked"
            with zipfile.ZipFile(wheels[0]) as archive:
                archive.extractall(unpacked)
            try:
                unpacked.rename(home)
            except OSError:  # another worker of the same session was first
                if not home.is_dir():
                    raise
    return home


def _pythons(versions: tuple[str, ...]) -> Iterator[str]:
    if not versions:
        yield sys.executable
        return
    known = installed_pythons()
    yield from (known[version] for version in versions if version in known)


@functools.cache
def installed_pythons() -> dict[str, str]:
    """Every Python that runs: on PATH, and among pyenv's, whose shims on PATH run only what is selected."""
    found: dict[str, str] = {}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in PYTHONS:
        on_path = shutil.which(f"python{version}")
        candidates = [on_path] if on_path else []
        candidates += [str(path) for path in sorted(pyenv.glob(f"{version}.*/bin/python"))]
        for candidate in candidates:
            if _runs((candidate, "-c", "pass")):
                found[version] = candidate
                break
    return found


def _runs(argv: tuple[str, ...]) -> bool:
    try:
        done = subprocess.run(
            argv, capture_output=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except OSError:
        return False
    return done.returncode == 0
