"""Pages as installers read them: HTML (PEP 503) and JSON (PEP 691) to the files that they offer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin

from rewritegen.names import InvalidNameError, NormalizedName, parse_name

__all__ = [
    "Document",
    "Offered",
    "UnreadableError",
    "project_of",
    "read_list",
    "read_page",
    "resolved",
]

_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = ("application/vnd.pypi.simple.v1+html", "text/html")


class UnreadableError(ValueError):
    """The body is no page; the text says why."""


class Offered(NamedTuple):
    """One file of a page."""

    filename: str
    url: str
    """Absolute, without a fragment."""
    written: str
    """The link as it stands in the page."""
    sha256: str
    size: int | None
    metadata: str | None
    """Its hash, or empty when it is said to be there without one; None when it is not advertised."""


@dataclass(frozen=True, slots=True)
class Document:
    """A page of a project."""

    form: str
    name: str
    """What the page says that it is of; empty in HTML, which has no certain place for it."""
    files: tuple[Offered, ...]
    listing: bool = False
    """The server's own listing: anchor texts may be cut, and there are no hashes."""

    @property
    def filenames(self) -> frozenset[str]:
        """The names of the files."""
        return frozenset(file.filename for file in self.files)


def read_page(media_type: str, body: bytes, url: str) -> Document:
    """Read a page by its media type.

    :raises UnreadableError: when it is none, or breaks off.
    """
    if media_type == _JSON:
        return _json_page(body, url)
    if media_type in _HTML:
        return _html_page(body, url)
    raise UnreadableError(f"Content-Type {media_type or 'missing'} is not that of a page")


def read_list(media_type: str, body: bytes) -> tuple[NormalizedName, ...]:
    """Return the names of the list of projects, in its order.

    :raises UnreadableError: when it is no list, or has something that is no name in it.
    """
    if media_type == _JSON:
        entries = _parsed(body).get("projects")
        if not isinstance(entries, list):
            raise UnreadableError("the JSON has no `projects`")
        raw = [str(entry.get("name")) if isinstance(entry, dict) else "" for entry in entries]
    elif media_type in _HTML:
        anchors = _anchors(body)
        if not anchors.ended:
            raise UnreadableError("the HTML breaks off: no </html>")
        raw = [unquote(href).strip("/").rpartition("/")[2] for href, _, _ in anchors.found]
        raw = [name for name in raw if name not in ("", "..", ".")]
    else:
        raise UnreadableError(f"Content-Type {media_type or 'missing'} is not that of a list")
    try:
        return tuple(dict.fromkeys(parse_name(name) for name in raw))
    except InvalidNameError as error:
        raise UnreadableError(f"in the list: {error}") from error


def project_of(filename: str) -> NormalizedName | None:
    """Return the project that the name of a wheel or sdist says; None when it says none for certain."""
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        parse_sdist_filename,
        parse_wheel_filename,
    )

    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[0]
        if filename.endswith((".tar.gz", ".zip")) and filename.count("-") == 1:
            return parse_sdist_filename(filename)[0]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None
    return None


def resolved(url: str, link: str) -> str:
    """Return where a link in a page leads, without its fragment; a link that is no URL as it is."""
    try:
        return urldefrag(urljoin(url, link)).url
    except ValueError:
        return link


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError as error:
        raise UnreadableError(f"the JSON cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise UnreadableError("the JSON is no object")
    return document


def _json_page(body: bytes, url: str) -> Document:
    document = _parsed(body)
    files = document.get("files")
    if not isinstance(files, list):
        raise UnreadableError("the JSON has no `files`")
    offered = tuple(_json_file(file, url) for file in files if isinstance(file, dict))
    return Document(_JSON, str(document.get("name", "")), offered)


def _json_file(file: Mapping[str, Any], url: str) -> Offered:
    hashes = file.get("hashes")
    written = str(file.get("url", ""))
    metadata = file.get(
        "core-metadata", file.get("data-dist-info-metadata", file.get("dist-info-metadata"))
    )
    size = file.get("size")
    return Offered(
        str(file.get("filename", "")),
        resolved(url, written),
        written,
        str(hashes.get("sha256", "")) if isinstance(hashes, dict) else "",
        size if isinstance(size, int) else None,
        _json_metadata(metadata),
    )


def _json_metadata(value: object) -> str | None:
    if isinstance(value, dict):
        return str(value.get("sha256", ""))
    return "" if value is True else None


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, dict[str, str | None]]] = []
        self.ended = False
        self._open: tuple[str, dict[str, str | None]] | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            attributes = dict(attrs)
            self._open, self._text = (attributes.get("href") or "", attributes), ""

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._open is not None:
            self.found.append((self._open[0], self._text.strip(), self._open[1]))
            self._open = None
        self.ended = self.ended or tag == "html"


def _anchors(body: bytes) -> _Anchors:
    anchors = _Anchors()
    anchors.feed(body.decode("utf-8", "replace"))
    anchors.close()
    return anchors


def _html_page(body: bytes, url: str) -> Document:
    anchors = _anchors(body)
    if b"<html" in body.lower() and not anchors.ended:
        raise UnreadableError("the HTML breaks off: no </html>")
    files = []
    listing = False
    for href, text, attributes in anchors.found:
        path = href.partition("#")[0].partition("?")[0]
        name = unquote(path.rpartition("/")[2])
        if not name:  # the list, the directory above
            listing = listing or path in ("../", "./")
            continue
        link, fragment = resolved(url, href), href.rpartition("#")[2]
        digest = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else ""
        # the listing of a server may cut the text, never the link
        shown = text if text == name or digest else name
        files.append(Offered(shown, link, href, digest, None, _html_metadata(attributes)))
    hashed = any(file.sha256 for file in files)
    return Document("text/html", "", tuple(files), listing=listing and not hashed)


def _html_metadata(attributes: Mapping[str, str | None]) -> str | None:
    for key in ("data-core-metadata", "data-dist-info-metadata"):
        if key in attributes:
            value = attributes[key] or ""
            return value.removeprefix("sha256=") if value.startswith("sha256=") else ""
    return None
