"""Three packages for each system, named as trouble is: a plain name, one like ``Zope.Interface``, one with ``_``.

The names hold that of the system, so that one site can have all systems beside each other. An sdist is what setuptools
of 2010 made, and installs without any other package: its build backend is in it.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.support.dists import make_wheel, metadata_text

__all__ = ["VERSION", "Package", "packages_of", "sdist", "write"]

VERSION = "1.0"

#: 1 November 2010; a zip, which an egg is, knows no time before 1980.
_MOMENT = 1288569600

_SETUP = """\
from setuptools import setup
setup(name={name!r}, version={version!r}, py_modules=[{module!r}], description="Small.")
"""
_PYPROJECT = """\
[build-system]
requires = []
build-backend = "_backend"
backend-path = ["."]
"""
_BACKEND = '''\
"""Builds a wheel of the one module, with nothing but the standard library."""
import os
import zipfile

NAME, MODULE, VERSION = {name!r}, {module!r}, {version!r}
STEM = NAME.replace(".", "_") + "-" + VERSION
INFO = STEM + ".dist-info/"
METADATA = "Metadata-Version: 2.1\\nName: " + NAME + "\\nVersion: " + VERSION + "\\n"


def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = STEM + "-py3-none-any.whl"
    wheel = "Wheel-Version: 1.0\\nGenerator: rewritegen\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    with open(MODULE + ".py") as file:
        members = {{MODULE + ".py": file.read(), INFO + "METADATA": METADATA, INFO + "WHEEL": wheel}}
    record = "".join(path + ",,\\n" for path in [*members, INFO + "RECORD"])
    with zipfile.ZipFile(os.path.join(directory, name), "w") as archive:
        for path, text in [*members.items(), (INFO + "RECORD", record)]:
            archive.writestr(path, text)
    return name
'''


class Package(NamedTuple):
    """A project with one version."""

    name: str
    """As it is registered."""

    @property
    def module(self) -> str:
        """What is imported: ``zope_basketweaver``."""
        return self.name.lower().replace(".", "_")


def packages_of(system: str) -> tuple[Package, Package, Package]:
    """Return the three packages of a system."""
    word = "".join(filter(str.isalnum, system))
    return Package(f"plain{word}"), Package(f"Zope.{word.capitalize()}"), Package(f"under_{word}")


def sdist(package: Package) -> bytes:
    """Return an sdist of a package; always the same bytes."""
    values = {"name": package.name, "module": package.module, "version": VERSION}
    top = f"{package.name}-{VERSION}"
    content = {
        "PKG-INFO": metadata_text(package.name, VERSION, metadata_version="1.0"),
        "setup.py": _SETUP.format(**values).encode(),
        "pyproject.toml": _PYPROJECT.encode(),
        "_backend.py": _BACKEND.format(**values).encode(),
        f"{package.module}.py": f"VERSION = {VERSION!r}\n".encode(),
    }
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for path, data in content.items():
            member = tarfile.TarInfo(f"{top}/{path}")
            member.size = len(data)
            member.mtime = _MOMENT
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), mtime=0)


def write(
    directory: Path, packages: Iterable[Package], kinds: tuple[str, ...] = ("sdist", "wheel")
) -> list[Path]:
    """Write files of packages into one directory, which is made."""
    written = []
    directory.mkdir(parents=True, exist_ok=True)
    for package in packages:
        if "sdist" in kinds:
            path = directory / f"{package.name}-{VERSION}.tar.gz"
            path.write_bytes(sdist(package))
            written.append(path)
        if "wheel" in kinds:
            written.append(make_wheel(directory, package.name, VERSION))
    return written
