"""Read files -> what the page of a project says, without saying it in HTML or JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import quote, urljoin, urlsplit

from packaging.utils import NormalizedName
from packaging.version import Version

from rewritegen.pages.model import PrivateTree, Reading
from rewritegen.pages.scan import FoundFile
from rewritegen.pages.sidecars import ProjectStatus

__all__ = ["OfferedFile", "ProjectPage", "offered_file", "project_page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedFile:
    """One file on a page; the fields of PEP 691, 700, 714 and 740."""

    filename: str
    url: str
    """Relative to the page."""
    version: str
    sha256: str
    size: int
    uploaded: str
    """UTC, ``2026-01-31T23:59:59Z``; empty when the file system has no usable time."""
    requires_python: str
    metadata_sha256: str
    """Empty when no metadata is served."""
    yanked: str | None
    """The reason, which may be empty; None when not yanked."""
    signed: bool
    provenance: str
    """Absolute https URL, or empty."""


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """All that the page of a project says."""

    name: NormalizedName
    files: tuple[OfferedFile, ...]
    """In the order of versions, the oldest first; none of a quarantined project (PEP 792)."""
    versions: tuple[str, ...]
    """Without duplicates, the oldest first."""
    status: ProjectStatus | None


def project_page(
    name: NormalizedName, files: Iterable[OfferedFile], status: ProjectStatus | None
) -> ProjectPage:
    """Return the page of a project."""
    if status is not None and status.status == "quarantined":
        return ProjectPage(name, (), (), status)
    ordered = sorted(files, key=lambda file: (Version(file.version), file.filename))
    versions = tuple({Version(file.version): file.version for file in ordered}.values())
    return ProjectPage(name, tuple(ordered), versions, status)


def offered_file(
    tree: PrivateTree, index_url: str, found: FoundFile, reading: Reading
) -> OfferedFile:
    """Return what a page says about one file."""
    url = tree.files_url + quote(found.path, safe="/~!")
    return OfferedFile(
        filename=found.filename,
        url=url,
        version=reading.version,
        sha256=reading.sha256,
        size=reading.stamp.size,
        uploaded=_utc(reading.stamp.mtime_ns),
        requires_python=reading.requires_python,
        metadata_sha256=reading.metadata_sha256,
        yanked=found.sidecars.yanked,
        signed=found.sidecars.signed,
        provenance=_provenance(index_url, reading, url) if found.sidecars.provenance else "",
    )


def _provenance(index_url: str, reading: Reading, url: str) -> str:
    """PEP 740: a fully qualified URL of a secure origin; an index without TLS has none to give."""
    if urlsplit(index_url).scheme != "https":
        return ""
    return urljoin(f"{index_url}{reading.project}/", f"{url}.provenance")


def _utc(mtime_ns: int) -> str:
    try:
        moment = datetime.fromtimestamp(mtime_ns // 1_000_000_000, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return ""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment.year >= 1000 else ""
