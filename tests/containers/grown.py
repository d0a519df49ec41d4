"""An image with further Debian packages on top of one that is there: it takes half a minute, a new debootstrap two.

The packages are fetched by the apt of this machine, as it is set up to fetch anything. The image is made without a
network, and named by the hash of the image below it and of the packages' names.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from docker.errors import ImageNotFound

from tests.containers.images import REPOSITORY, Debian
from tests.containers.lab import LABEL, Lab, owner
from tests.support.tools import missing
from tools import engine
from tools.clean_machine import mirror_and_suite

__all__ = ["grown_image"]

FETCH_SECONDS = 300
BUILD_SECONDS = 600
#: Goes up when it is made in another way from the same ingredients.
EDITION = 1

#: Nothing is started while it is made, as in tools/debian_packages.py.
_INSTALL = """\
set -e
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
export DEBIAN_FRONTEND=noninteractive
apt-get install -y -qq --no-install-recommends /packages/*.deb
rm /usr/sbin/policy-rc.d
"""


def grown_image(lab: Lab, base: Debian, packages: tuple[str, ...]) -> str:
    """The tag of ``base`` with more packages; made when it is not there."""
    below = lab.image(base)
    told = f"{EDITION} {below} {' '.join(packages)}"
    word = f"grown-{base.name}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
    with (engine.own().home / "grown.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            lab.client.images.get(f"{REPOSITORY}:{word}")
        except ImageNotFound:
            with tempfile.TemporaryDirectory(prefix="rewritegen-packages-") as place:
                _fetch(lab, below, base, packages, Path(place))
                _build(lab, below, Path(place), word)
    return f"{REPOSITORY}:{word}"


def _fetch(lab: Lab, below: str, base: Debian, packages: tuple[str, ...], place: Path) -> None:
    """Let apt fetch what the image below has not: what that has is in its own dpkg's list."""
    if shutil.which("apt-get") is None or mirror_and_suite()[1] != base.suite:
        missing("containers", f"only Debian {base.suite} can fetch packages of Debian {base.suite}")
    (place / "archives/partial").mkdir(parents=True)
    (place / "status").write_bytes(_installed(lab, below))
    options = [
        f"Dir::State::status={place}/status",
        f"Dir::Cache::archives={place}/archives",
        "Debug::NoLocking=1",
        "APT::Sandbox::User=root",
        "Acquire::Retries=3",
    ]
    words = [word for option in options for word in ("-o", option)]
    wanted = ["install", "--download-only", "-y", "-qq", "--no-install-recommends", *packages]
    for command in (
        ["apt-get", *words[-2:], "update", "-qq"],
        ["apt-get", *words, *wanted],
    ):
        done = subprocess.run(
            command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=FETCH_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            missing("containers", f"{' '.join(packages)} cannot be had: {done.stdout[-300:]}")


def _installed(lab: Lab, image: str) -> bytes:
    container = lab.client.containers.create(
        image, ["/bin/true"], network_mode="none", labels={LABEL: owner()}
    )
    try:
        pieces, _ = container.get_archive("/var/lib/dpkg/status")
    finally:
        container.remove(force=True, v=True)
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
        member = archive.extractfile("status")
        assert member is not None
        return member.read()


def _build(lab: Lab, below: str, place: Path, word: str) -> None:
    container = lab.client.containers.create(
        below,
        ["/bin/sh", "-c", _INSTALL],
        network_mode="none",
        labels={LABEL: owner()},
        volumes=[f"{place}/archives:/packages:ro"],
    )
    try:
        container.start()
        status = container.wait(timeout=BUILD_SECONDS)["StatusCode"]
        said = container.logs().decode(errors="replace")
        assert status == 0, f"the packages cannot be installed: {said[-1000:]}"
        container.commit(repository=REPOSITORY, tag=word)
    finally:
        container.remove(force=True, v=True)
