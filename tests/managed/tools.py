"""Configuration management that is fetched from the package registry, each tool in an environment of its own, once."""

from __future__ import annotations

import contextlib
import fcntl
import io
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.containers.client_images import target_of
from tests.managed.machine import Machine
from tests.support.tools import missing
from tools import engine

__all__ = ["ansible", "put_salt"]

FETCH_SECONDS = 300
#: A "newest" is asked for again in the next week, as in tests/containers/client_images.py.
_WEEK = "%G-W%V"
#: What `salt-call --local` imports of the many packages that Salt lists. Salt itself is published as sources only.
_SALT_NEEDS = (
    "aiohttp", "cryptography", "distro", "jinja2", "jmespath", "lazy_importer", "looseversion", "msgpack", "networkx",
    "packaging", "psutil", "pycryptodomex", "pyyaml", "pyzmq", "requests", "setproctitle", "tornado", "xxhash",
)  # fmt: skip
#: Not by PYTHONPATH: the pip that a state runs would take what Salt needs for installed where it installs.
_SALT_CALL = """\
#!/bin/sh
exec /usr/bin/python3 -c '
import sys
sys.path[:0] = ["/srv/salt-program/salt", "/srv/salt-program/needs"]
import salt.scripts
salt.scripts.salt_call()' "$@"
"""


def ansible() -> Path:
    """The ansible-playbook of an environment with ansible-core in it."""
    if shutil.which("ssh") is None:
        missing("ansible", "it reaches machines by ssh, which is not installed")
    with _made_once("ansible", "{}.{}".format(*sys.version_info)) as (place, made):
        if not made:
            subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
            _pip("ansible", place / "bin/python", "install", "ansible-core")
    return place / "bin" / "ansible-playbook"


def put_salt(machine: Machine) -> None:
    """Put a salt-call onto a machine: the sources of Salt, and wheels of what it imports for the Python there."""
    with _made_once("salt", "3.11") as (place, made):
        if not made:
            here = Path(sys.executable)
            _pip("salt", here, "download", "--no-deps", "-d", str(place / "sources"), "salt")
            target = [
                "--target",
                str(place / "needs"),
                "--only-binary",
                ":all:",
                *target_of("3.11"),
            ]
            _pip("salt", here, "install", *target, *_SALT_NEEDS)
            (sources,) = (place / "sources").iterdir()
            with tarfile.open(sources) as archive:
                archive.extractall(place / "unpacked", members=_program(archive), filter="data")
            (unpacked,) = (place / "unpacked").iterdir()
            unpacked.rename(place / "salt")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in ("salt", "needs"):
            archive.add(place / name, f"srv/salt-program/{name}")
    assert machine.box.container.put_archive("/", packed.getvalue())
    machine.put("/srv/salt-program/salt-call", _SALT_CALL, 0o755)


def _program(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """What is imported of Salt's sources: no tests, no documents."""
    for member in archive:
        if member.name.split("/")[1:2] == ["salt"]:
            yield member


@contextlib.contextmanager
def _made_once(name: str, python: str) -> Iterator[tuple[Path, bool]]:
    """A directory of the cache, and whether it was filled before; nobody else fills it at the same time."""
    home = engine.own().home / "tools"
    home.mkdir(parents=True, exist_ok=True)
    place = home / f"{name}-{python}-{time.strftime(_WEEK)}"
    with (home / f"{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = (place / "done").exists()
        if not made:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
        yield place, made
        (place / "done").touch()


def _pip(tool: str, python: Path, *words: str) -> None:
    command = [str(python), "-m", "pip", "-q", "--disable-pip-version-check", *words]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=FETCH_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        missing(tool, f"{' '.join(words)} failed: {done.stdout[-300:]}")
