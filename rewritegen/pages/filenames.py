"""Which project and version the name of a file speaks of, through :mod:`packaging`.

An sdist may be ambiguous: ``foo-1.0-1.tar.gz`` is ``foo`` 1.0.post1 or ``foo-1.0`` 1. Nothing is guessed: either the
directory, or the metadata in the archive, says which project it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Literal, NamedTuple

from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from rewritegen.names import InvalidNameError, parse_name

__all__ = [
    "MAX_FILENAME",
    "FileKind",
    "Parsed",
    "UnparsableError",
    "file_kind",
    "is_servable",
    "possible_names",
    "readings",
]

#: Installed by pip, uv and their like: wheels and these sdists. Eggs are for zc.buildout and easy_install only.
_SDISTS = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz")

#: Package formats of other times; named in a warning, so that nobody looks for the reason of an empty page.
_OLD = (".tar", ".tar.z", ".tbz", ".txz", ".exe", ".msi", ".rpm", ".deb", ".dmg")

#: What a file name may consist of in a URL of a site (CONTRACT: the request grammar of both servers).
_SERVABLE = re.compile(r"[A-Za-z0-9+~_][A-Za-z0-9._+!~-]*")

#: Bytes; a file system takes 255.
MAX_FILENAME = 255 - len(".provenance")

#: Where a version may begin.
_NUMBER = re.compile(r"(?P<separators>[-_.]+)v?[0-9]", re.IGNORECASE)

_EGG = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(?:-py\d+(?:\.\d+)?(?:-.+)?)?")

FileKind = Literal["wheel", "sdist", "egg", "old"]


class Parsed(NamedTuple):
    """One way to read a file name."""

    project: NormalizedName
    version: Version


class UnparsableError(ValueError):
    """The file name says no project and version; ``str()`` is the reason."""


def file_kind(filename: str) -> FileKind | None:
    """Tell packages from everything else that lies about (README, checksums, sidecars: None)."""
    lower = filename.lower()
    if lower.endswith(".whl"):
        return "wheel"
    if lower.endswith(_SDISTS):
        return "sdist"
    if lower.endswith(".egg"):
        return "egg"
    return "old" if lower.endswith(_OLD) else None


def is_servable(filename: str) -> bool:
    """Tell whether the name is inside the URL grammar of a site, with room for the suffixes of sidecars."""
    return len(filename) <= MAX_FILENAME and _SERVABLE.fullmatch(filename) is not None


def readings(filename: str, kind: FileKind) -> tuple[Parsed, ...]:
    """Return every project and version that the name may mean: one of a wheel or egg, one or more of an sdist.

    :raises UnparsableError: when there is none.
    """
    if kind == "wheel":
        return (_wheel(filename),)
    found = tuple(_egg(filename) if kind == "egg" else _sdist(filename))
    if not found:
        raise UnparsableError("no project name, a dash and a version of PEP 440")
    return found


def possible_names(filename: str) -> frozenset[NormalizedName]:
    """Return every project that a package may belong to that cannot be looked into.

    It lies in a private directory, so that all of them are ours: what its name says, in each reading; and if that is no
    project and version, what stands before its first number, or before a later one behind a dash or underscore, and
    all of it.

    >>> sorted(possible_names("svn-tool-1.0dev-r1234.tar.gz"))
    ['svn-tool', 'svn-tool-1-0dev-r1234']
    """
    kind = file_kind(filename)
    if kind is not None and kind != "old":
        with suppress(UnparsableError):
            return frozenset(parsed.project for parsed in readings(filename, kind))
    lower = filename.lower()
    suffix = next((s for s in (*_SDISTS, ".whl", ".egg", *_OLD) if lower.endswith(s)), "")
    stem = filename[: len(filename) - len(suffix)]
    heads = [stem]
    for number in _NUMBER.finditer(stem):
        if len(heads) == 1 or number["separators"] != ".":
            heads.append(stem[: number.start()])
    found = set()
    for head in heads:
        with suppress(InvalidNameError):
            found.add(parse_name(head))
    return frozenset(found)


def _wheel(filename: str) -> Parsed:
    try:
        name, version, _build, _tags = parse_wheel_filename(filename)
        return Parsed(parse_name(name), version)
    except (InvalidWheelFilename, InvalidNameError) as error:
        raise UnparsableError(str(error).partition(":")[0].lower()) from error


def _egg(filename: str) -> Iterator[Parsed]:
    match = _EGG.fullmatch(filename[: -len(".egg")])
    if match:
        yield from _parsed(match["name"], match["version"].replace("_", "-"))


def _sdist(filename: str) -> Iterator[Parsed]:
    suffix = next(suffix for suffix in _SDISTS if filename.lower().endswith(suffix))
    if not filename.endswith(suffix):
        return  # `.ZIP`: packaging and the installers know lower case only
    stem = filename[: -len(suffix)]
    for dash in re.finditer("-", stem):
        yield from _parsed(stem[: dash.start()], stem[dash.end() :])


def _parsed(name: str, version: str) -> Iterator[Parsed]:
    try:
        yield Parsed(parse_name(name), Version(version))
    except (InvalidNameError, InvalidVersion):
        return
