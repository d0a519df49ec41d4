"""What a page says -> the bytes of its representations (PEP 503, 592, 658, 691, 700, 714, 740, 792)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from rewritegen.pages.listing import OfferedFile, ProjectPage
from rewritegen.pages.sidecars import ProjectStatus
from rewritegen.templating import environment, templates_directory

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

__all__ = ["human_size", "latest", "render_project", "render_root", "renderer_identity"]

#: 1.5 is for indexes that grant name spaces (PEP 752), which a site does not.
API_VERSION = "1.4"

_PROJECT, _ROOT, _STYLE = "pages/project.html.j2", "pages/root.html.j2", "pages/style.css.j2"


@dataclass(frozen=True, slots=True)
class _Link:
    """One row of the table, ready to be printed."""

    filename: str
    url: str
    """With the hash as its fragment."""
    attributes: tuple[tuple[str, Markup], ...]
    size: str
    date: str
    sha256: str
    requires_python: Markup
    yanked: bool
    notice: str
    reason: Markup


@dataclass(frozen=True, slots=True)
class _Release:
    """The files of one version."""

    version: str
    links: tuple[_Link, ...]


def render_project(page: ProjectPage, index_url: str) -> dict[str, bytes]:
    """Return the pages of a project by file name."""
    releases = [
        _Release(version, tuple(_link(file) for file in files))
        for version, files in groupby(reversed(page.files), key=lambda file: file.version)
    ]
    status = page.status or ProjectStatus("", "")
    html = _template(_PROJECT).render(
        api_version=API_VERSION,
        name=page.name,
        index_url=index_url,
        latest=latest(page),
        releases=releases,
        count=_counted(len(page.files), "file"),
        status=status.status,
        notice=_notice(f"This project is {status.status}", status.reason),
        reason=_plain(status.reason),
    )
    return _representations(html, _project_json(page))


def render_root(names: Iterable[str], index_url: str) -> dict[str, bytes]:
    """Return the list of the private projects by file name."""
    projects = sorted(names)
    html = _template(_ROOT).render(
        api_version=API_VERSION,
        projects=projects,
        index_url=index_url,
        count=_counted(len(projects), "project"),
    )
    document = {
        "meta": {"api-version": API_VERSION},
        "projects": [{"name": name} for name in projects],
    }
    return _representations(html, document)


@cache
def renderer_identity() -> str:
    """Return a digest of the templates: pages are made again when they change."""
    digest = sha256(API_VERSION.encode())
    for name in (_PROJECT, _ROOT, _STYLE):
        digest.update(templates_directory().joinpath(name).read_bytes())
    return digest.hexdigest()


def _representations(html: str, document: dict[str, Any]) -> dict[str, bytes]:
    page = html.encode()
    data = json.dumps(document, separators=(",", ":")).encode()
    return {"index.v1_json": data, "index.v1_html": page, "index.html": page}


def _project_json(page: ProjectPage) -> dict[str, Any]:
    document: dict[str, Any] = {
        "meta": {"api-version": API_VERSION},
        "name": page.name,
        "versions": list(page.versions),
        "files": [_file_json(file) for file in page.files],
    }
    if page.status is not None:
        status = {"status": page.status.status}
        if page.status.reason:
            status["reason"] = page.status.reason
        document["project-status"] = status
    return document


def _file_json(file: OfferedFile) -> dict[str, Any]:
    metadata: dict[str, str] | bool = bool(file.metadata_sha256)
    if file.metadata_sha256:
        metadata = {"sha256": file.metadata_sha256}
    entry: dict[str, Any] = {
        "filename": file.filename,
        "url": file.url,
        "hashes": {"sha256": file.sha256},
        "size": file.size,
        # Never under PEP 658's name `dist-info-metadata`: pip 22.3 to 23.0 crash on a map there (PEP 714).
        "core-metadata": metadata,
        "yanked": file.yanked or file.yanked is not None,
    }
    if file.uploaded:
        entry["upload-time"] = file.uploaded
    if file.requires_python:
        entry["requires-python"] = file.requires_python
    if file.signed:
        entry["gpg-sig"] = True
    if file.provenance:
        entry["provenance"] = file.provenance
    return entry


def _link(file: OfferedFile) -> _Link:
    attributes: list[tuple[str, str]] = []
    if file.requires_python:
        attributes.append(("data-requires-python", file.requires_python))
    if file.metadata_sha256:
        value = f"sha256={file.metadata_sha256}"
        attributes += [("data-core-metadata", value), ("data-dist-info-metadata", value)]
    if file.yanked is not None:
        attributes.append(("data-yanked", file.yanked))
    if file.signed:
        attributes.append(("data-gpg-sig", "true"))
    if file.provenance:
        attributes.append(("data-provenance", file.provenance))
    return _Link(
        filename=file.filename,
        url=f"{file.url}#sha256={file.sha256}",
        attributes=tuple((name, _plain(value)) for name, value in attributes),
        size=human_size(file.size),
        date=file.uploaded[:10],
        sha256=file.sha256,
        requires_python=_plain(file.requires_python),
        yanked=file.yanked is not None,
        notice=_notice("Yanked", file.yanked or ""),
        reason=_plain(file.yanked or ""),
    )


def _plain(text: str) -> Markup:
    """Escape text; setuptools also takes ``href=...`` outside a tag for a link, so no page has that by accident.

    https://github.com/pypa/setuptools/blob/v79.0.1/setuptools/package_index.py (``HREF``) searches the raw page.
    """
    from markupsafe import Markup, escape

    escaped = escape(text)
    if not re.search("href", text, re.IGNORECASE):
        return escaped
    return Markup(str(escaped).replace("=", "&#61;"))  # noqa: S704 - escaped in the line above


def _notice(what: str, reason: str) -> str:
    return f"{what}:" if reason else f"{what}."


def latest(page: ProjectPage) -> str:
    """Return the version that an installer takes when it may choose: no pre-release, not yanked, if there is one."""
    offered = [file.version for file in page.files if file.yanked is None]
    stable = [version for version in offered if not Version(version).is_prerelease]
    return [*page.versions[-1:], *offered[-1:], *stable[-1:]][-1] if page.versions else ""


def human_size(size: int) -> str:
    """Return a number of bytes as people read it, three digits of it."""
    if size < 1000:
        return f"{size} B"
    amount, units = size / 1000, ["kB", "MB", "GB", "TB"]
    while amount >= 999.5 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{amount:.3g} {units[0]}" if amount < 999.5 else f"{amount:.0f} {units[0]}"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


@cache
def _template(name: str) -> Template:
    return environment(html=True).get_template(name)
