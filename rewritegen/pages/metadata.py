"""Core metadata: the fields that a page repeats, and whether the file may be advertised (PEP 658, PEP 714, PEP 643)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import InvalidVersion, Version

from rewritegen.names import InvalidNameError, parse_name

__all__ = ["CoreMetadata", "InvalidMetadataError", "headers", "parse_metadata"]

#: What a resolver reads from metadata. ``Name`` and ``Version`` can never be dynamic.
_NEEDED = frozenset({"requires-dist", "requires-python", "provides-extra"})

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)?")
_FIELD = re.compile(rb"([!-9;-~]*):(.*)", re.DOTALL)
_FIELDS_READ = frozenset({"metadata-version", "name", "version", "requires-python", "dynamic"})
_METADATA_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})")


class InvalidMetadataError(ValueError):
    """The metadata cannot be trusted; ``str()`` is the reason."""


@dataclass(frozen=True, slots=True)
class CoreMetadata:
    """The fields of a METADATA or PKG-INFO file that a page needs."""

    project: NormalizedName
    version: Version
    requires_python: str
    """A specifier that installers can read, on one line; empty when there is none."""
    unreadable_requires_python: str
    """What the field says when nobody can read it; else empty."""
    static: bool
    """The same file would come out of a build: Metadata-Version 2.2 or later, and none of Requires-Dist,
    Requires-Python and Provides-Extra is ``Dynamic`` (PEP 643). That is the rule by which uv takes the metadata of an
    sdist without building it. A stricter rule, no ``Dynamic`` at all, would refuse nearly every sdist of setuptools,
    which marks ``License-File`` for nothing; a laxer one would tell a resolver dependencies that the build changes."""


def parse_metadata(data: bytes) -> CoreMetadata:
    """Read the bytes of a METADATA or PKG-INFO file.

    :raises InvalidMetadataError: when there is not exactly one valid Name and Version.
    """
    fields: dict[str, list[str]] = {field: [] for field in _FIELDS_READ}
    for field, value in headers(data):
        if field in fields:
            fields[field].append(value)
    requires = " ".join(" ".join(fields["requires-python"]).split())
    readable = len(fields["requires-python"]) == 1 and _is_specifier(requires)
    dynamic = frozenset(value.lower() for value in fields["dynamic"])
    return CoreMetadata(
        project=_name(fields["name"]),
        version=_version(fields["version"]),
        requires_python=requires if readable and "requires-python" not in dynamic else "",
        unreadable_requires_python="" if readable else requires,
        static=_since_2_2(fields["metadata-version"]) and not dynamic & _NEEDED,
    )


def headers(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the fields as :mod:`email.parser` reads them, names in lower case, values stripped.

    Written out because the library builds the whole message, several times the size of a file that a stranger made;
    a test holds the two equal. Text is UTF-8 (core metadata specification), other bytes become U+FFFD.
    """
    name, value = "", bytearray()
    for match in _LINE.finditer(data):
        line = match.group()
        field = _FIELD.match(line)
        if line[:1] in (b" ", b"\t"):
            value += line
            continue
        if name:
            yield name, value.decode("utf-8", "replace").strip()
        if field is None:
            return
        name, value = field[1].decode("ascii").lower(), bytearray(field[2])
    if name:
        yield name, value.decode("utf-8", "replace").strip()


def _name(values: list[str]) -> NormalizedName:
    if len(values) != 1:
        raise InvalidMetadataError(f"{len(values) or 'no'} `Name` fields")
    try:
        return parse_name(values[0])
    except InvalidNameError as error:
        raise InvalidMetadataError("`Name` is no valid project name") from error


def _version(values: list[str]) -> Version:
    if len(values) != 1:
        raise InvalidMetadataError(f"{len(values) or 'no'} `Version` fields")
    try:
        return Version(values[0])
    except InvalidVersion as error:
        raise InvalidMetadataError("`Version` is no version of PEP 440") from error


def _is_specifier(text: str) -> bool:
    """Installers must be able to read it, and a page to hold it: HTML has no way to write some characters."""
    try:
        return text.isascii() and text.isprintable() and SpecifierSet(text) is not None
    except InvalidSpecifier:
        return False


def _since_2_2(values: list[str]) -> bool:
    match = _METADATA_VERSION.fullmatch(values[0]) if len(values) == 1 else None
    return match is not None and (int(match[1]), int(match[2])) >= (2, 2)
