"""The legacy JSON of a private project: what PyPI's older API says of one, from its page and its metadata.

Source: the documentation of Warehouse, "JSON API". Fields that say nothing here are as PyPI has them: no statistics, no
vulnerabilities, no serial. ``info`` is that of the version that an installer takes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urljoin

from packaging.metadata import RawMetadata, parse_email

from rewritegen.pages.listing import OfferedFile, ProjectPage

__all__ = ["Metadata", "render_legacy"]

#: Gives the metadata of a file of a page, or nothing.
Metadata = Callable[[OfferedFile], bytes]


def render_legacy(page: ProjectPage, latest: str, index_url: str, metadata: Metadata) -> bytes:
    """Return the document; ``latest`` is the version that it speaks of."""
    base = f"{index_url}{page.name}/"
    releases = {
        version: [_file(one, base) for one in files]
        for version, files in groupby(page.files, key=lambda file: file.version)
    }
    newest = [file for file in page.files if file.version == latest]
    # a wheel says what an sdist may leave to its build
    newest.sort(key=lambda file: not file.filename.endswith(".whl"))
    texts = (text for text in map(metadata, newest) if text)
    raw, _ = parse_email(next(texts, b""))
    document = {
        "info": _info(page, latest, newest, raw),
        "last_serial": 0,
        "releases": releases,
        "urls": releases.get(latest, []),
        "vulnerabilities": [],
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _info(
    page: ProjectPage, latest: str, newest: list[OfferedFile], raw: RawMetadata
) -> dict[str, Any]:
    yanked = bool(newest) and all(file.yanked is not None for file in newest)
    requires_python = next((f.requires_python for f in newest if f.requires_python), None)
    return {
        "author": raw.get("author", ""),
        "author_email": raw.get("author_email", ""),
        "classifiers": raw.get("classifiers", []),
        "description": raw.get("description", ""),
        "description_content_type": raw.get("description_content_type"),
        "home_page": raw.get("home_page", ""),
        "keywords": ",".join(raw.get("keywords", [])),
        "license": raw.get("license", ""),
        "license_expression": raw.get("license_expression"),
        "maintainer": raw.get("maintainer", ""),
        "maintainer_email": raw.get("maintainer_email", ""),
        "name": raw.get("name", page.name),
        "project_urls": raw.get("project_urls") or None,
        "provides_extra": raw.get("provides_extra") or None,
        "requires_dist": raw.get("requires_dist") or None,
        "requires_python": raw.get("requires_python") or requires_python,
        "summary": raw.get("summary", ""),
        "version": latest,
        "yanked": yanked,
        "yanked_reason": next((file.yanked for file in newest if file.yanked), None)
        if yanked
        else None,
    }


def _file(file: OfferedFile, base: str) -> dict[str, Any]:
    kind, python = _kind(file.filename)
    return {
        "comment_text": "",
        "digests": {"sha256": file.sha256},
        "downloads": -1,
        "filename": file.filename,
        "has_sig": file.signed,
        "packagetype": kind,
        "python_version": python,
        "requires_python": file.requires_python or None,
        "size": file.size,
        "upload_time": file.uploaded.removesuffix("Z"),
        "upload_time_iso_8601": file.uploaded,
        # clients of this API give it to their HTTP library as it is
        "url": urljoin(base, file.url),
        "yanked": file.yanked is not None,
        "yanked_reason": file.yanked or None,
    }


def _kind(filename: str) -> tuple[str, str]:
    """Return what PyPI calls a kind of file, and the Python that it is for, as its name says."""
    path = PurePosixPath(filename)
    if path.suffix == ".whl":
        return "bdist_wheel", path.stem.split("-")[-3]
    if path.suffix == ".egg":
        return "bdist_egg", path.stem.rpartition("-py")[2]
    return "sdist", "source"
