"""One file -> its hash, its metadata in the state, and what is wrong with it. Safe to run in many threads."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from packaging.utils import NormalizedName

from rewritegen.pages.archives import BadArchiveError, MetadataMissingError, find_metadata
from rewritegen.pages.filenames import Parsed, UnparsableError, readings
from rewritegen.pages.metadata import CoreMetadata, InvalidMetadataError, parse_metadata
from rewritegen.pages.model import Reading
from rewritegen.pages.problems import shown
from rewritegen.pages.scan import FoundFile, unreadable
from rewritegen.pages.sidecars import open_regular
from rewritegen.pages.store import write_file

__all__ = ["read_file"]

_BLOCK = 1024 * 1024


class _RefusedError(Exception):
    """The file is not offered."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class _Content:
    project: NormalizedName
    version: str
    metadata: bytes | None
    """Only what may be advertised."""
    requires_python: str = ""
    unreadable_requires_python: str = ""


def read_file(
    root: Path, found: FoundFile, project: NormalizedName | None, metadata: Path
) -> Reading:
    """Read a file and write its ``.metadata``, which therefore exists before a page speaks of it.

    :param root: the private root.
    :param project: whose directory the file lies in; None in a directory of all projects.
    :param metadata: where its metadata goes.
    """
    path = root / found.path
    try:
        descriptor = open_regular(path)
    except OSError as error:
        trouble = unreadable(path, error)
        return Reading(found.stamp, problems=((trouble.code, trouble.message),), lasting=False)
    with os.fdopen(descriptor, "rb") as file:
        try:
            content = _examine(file, found, project)
            sha256 = _hash(file)
            _still_the_same(file, found)
        except _RefusedError as refused:
            message = f"{shown(path)} {refused.message}"
            lasting = refused.code != "RG513"
            return Reading(found.stamp, problems=((refused.code, message),), lasting=lasting)
        except OSError as error:
            trouble = unreadable(path, error)
            return Reading(found.stamp, problems=((trouble.code, trouble.message),), lasting=False)
    try:
        if content.metadata is not None:
            write_file(metadata, content.metadata)
    except OSError as error:
        message = f"{shown(metadata)} cannot be written: {(error.strerror or str(error)).lower()}"
        return Reading(found.stamp, problems=(("RG518", message),), lasting=False)
    return Reading(
        stamp=found.stamp,
        project=content.project,
        version=content.version,
        sha256=sha256,
        requires_python=content.requires_python,
        metadata_sha256=hashlib.sha256(content.metadata).hexdigest() if content.metadata else "",
        metadata_size=len(content.metadata or b""),
        problems=_warnings(path, content),
    )


def _warnings(path: Path, content: _Content) -> tuple[tuple[str, str], ...]:
    if not content.unreadable_requires_python:
        return ()
    said = shown(content.unreadable_requires_python[:100])
    return (("RG514", f"{shown(path)} says `Requires-Python` {said}"),)


def _examine(file: BufferedReader, found: FoundFile, project: NormalizedName | None) -> _Content:
    """Find out what the file is, by its name and by what is in it; both must agree."""
    candidates = _candidates(found, project)
    try:
        data = find_metadata(file, found.filename, found.kind, candidates[0].project)
        core = parse_metadata(data)
    except BadArchiveError as error:
        raise _RefusedError("RG509", f"is damaged: {error}") from error
    except MetadataMissingError as error:
        if found.kind == "wheel" or len(candidates) > 1:
            raise _RefusedError("RG510", f"does not say what it is: {error}") from error
        return _Content(candidates[0].project, str(candidates[0].version), None)
    except InvalidMetadataError as error:
        raise _RefusedError("RG510", f"has bad metadata: {error}") from error
    agreed = _agreed(candidates, core)
    advertised = found.kind == "wheel" or (found.kind == "sdist" and core.static)
    return _Content(
        project=agreed.project,
        version=str(agreed.version),
        metadata=data if advertised else None,
        requires_python=core.requires_python,
        unreadable_requires_python=core.unreadable_requires_python,
    )


def _candidates(found: FoundFile, project: NormalizedName | None) -> list[Parsed]:
    try:
        every = readings(found.filename, found.kind)
    except UnparsableError as error:
        raise _RefusedError("RG506", f"says no project and version: {error}") from error
    if project is None:
        return list(every)
    own = [parsed for parsed in every if parsed.project == project]
    if not own:
        raise _RefusedError(
            "RG508", f"belongs to {shown(every[-1].project)}, not to {shown(project)}"
        )
    return own


def _agreed(candidates: list[Parsed], core: CoreMetadata) -> Parsed:
    """Return the reading of the file name that the metadata confirms."""
    same_project = [parsed for parsed in candidates if parsed.project == core.project]
    if not same_project:
        raise _RefusedError("RG508", f"is {shown(core.project)} by its metadata")
    for parsed in same_project:
        if parsed.version == core.version:
            return parsed
    raise _RefusedError("RG510", f"is version {shown(core.version)} by its metadata")


def _hash(file: BufferedReader) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _still_the_same(file: BufferedReader, found: FoundFile) -> None:
    status = os.fstat(file.fileno())
    stamp = found.stamp
    if (status.st_size, status.st_mtime_ns, status.st_ino) != (
        stamp.size,
        stamp.mtime_ns,
        stamp.inode,
    ):
        raise _RefusedError("RG513", "changed while it was read")
