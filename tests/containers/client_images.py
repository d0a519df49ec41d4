"""An image with installers: a Debian with its Python, and wheels that the pip of this machine fetched.

The wheels are fetched as this machine is set up to fetch anything, once, and kept below the directory of the engine.
In the image nothing knows of that: it is made without a network, and named by the hash of the image below it, the
commands and the wheels.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from docker.errors import ImageNotFound

from tests.containers.clients import Client
from tests.containers.images import REPOSITORY, Image
from tests.containers.lab import LABEL, Lab, owner
from tests.support.tools import missing
from tools import engine

__all__ = ["client_image", "target_of", "wheels_of"]

FETCH_SECONDS = 300.0
BUILD_SECONDS = 300
#: A "newest" is asked for again in the next week.
_WEEK = "%G-W%V"


def wheels_of(client: Client, python: str) -> Path:
    """The directory with the wheels of an installer for a version of Python; fetched when it is not there.

    Skips, or fails where containers are required, when they cannot be had.
    """
    moment = "" if all("==" in wanted for wanted in client.wanted) else time.strftime(_WEEK)
    key = hashlib.sha256(f"{client.wanted} {python} {moment}".encode()).hexdigest()[:12]
    home = engine.own().home / "wheels"
    home.mkdir(parents=True, exist_ok=True)
    kept = home / f"{client.name}-{key}"
    with (home / f"{client.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.is_dir():
            _fetch(client, python, kept)
    return kept


def _fetch(client: Client, python: str, kept: Path) -> None:
    with tempfile.TemporaryDirectory(dir=kept.parent) as temporary:
        wheels = Path(temporary) / "wheels"
        command = [sys.executable, "-m", "pip", "download", "--only-binary", ":all:", "--quiet"]
        command += ["--disable-pip-version-check", "--dest", str(wheels), *target_of(python)]
        done = subprocess.run(
            [*command, *client.wanted],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=FETCH_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            missing("containers", f"wheels of {client.name} cannot be had: {done.stdout[-300:]}")
        wheels.rename(kept)


def target_of(python: str) -> list[str]:
    """Options of pip for the Python of an image, which need not be that of the tests."""
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in range(36, 4, -1)]
    platforms += ["manylinux2014_x86_64"]
    return ["--python-version", python, *(f"--platform={name}" for name in platforms)]


def client_image(lab: Lab, base: Image, python: str, clients: Sequence[Client]) -> str:
    """The tag of an image with these installers; made when it is not there, without a network."""
    below = lab.image(base)
    places = {client: wheels_of(client, python) for client in clients}
    script = "set -e\n" + "".join(client.build for client in clients)
    told = hashlib.sha256(f"{below}\n{script}".encode())
    for place in places.values():
        for wheel in sorted(place.iterdir()):
            told.update(f"{wheel.name} {hashlib.sha256(wheel.read_bytes()).hexdigest()}".encode())
    word = f"clients-{base.name}-{told.hexdigest()[:12]}"
    with (engine.own().home / "clients.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            lab.client.images.get(f"{REPOSITORY}:{word}")
        except ImageNotFound:
            _build(lab, below, script, places, word)
    return f"{REPOSITORY}:{word}"


def _build(lab: Lab, below: str, script: str, places: dict[Client, Path], word: str) -> None:
    container = lab.client.containers.create(
        below,
        ["/bin/sh", "-c", script],
        network_mode="none",
        labels={LABEL: owner()},
        volumes=[f"{place}:/wheels/{client.name}:ro" for client, place in places.items()],
    )
    try:
        container.start()
        status = container.wait(timeout=BUILD_SECONDS)["StatusCode"]
        said = container.logs().decode(errors="replace")
        assert status == 0, f"the image of the clients cannot be made: {said[-1000:]}"
        container.commit(repository=REPOSITORY, tag=word)
    finally:
        container.remove(force=True, v=True)
