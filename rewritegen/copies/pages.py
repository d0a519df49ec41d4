"""The links in the stored page of a project: PEP 691 JSON, or PEP 503 HTML."""

from __future__ import annotations

import json
import zlib
from html.parser import HTMLParser
from typing import Any, NamedTuple

__all__ = ["Link", "UnreadableError", "links"]

#: A page that unpacks to more is no page.
_LARGEST = 256 * 1024 * 1024

#: Names of the key or attribute that says that a file's metadata lies beside it (PEP 658, PEP 714).
_METADATA = ("core-metadata", "dist-info-metadata")


class UnreadableError(ValueError):
    """A stored page that is no page."""


class Link(NamedTuple):
    """A link to a file."""

    url: str
    """As in the page, without its fragment."""
    metadata: bool
    """The page says that the file's metadata lies beside it."""


def links(stored: bytes) -> list[Link]:
    """Return the links of a page as it was stored, compressed or not; its form is told from its first character.

    :raises UnreadableError: when it is cut off, or neither JSON nor text.
    """
    page = _unpacked(stored).lstrip()
    return _json_links(page) if page.startswith(b"{") else _html_links(page)


def _unpacked(stored: bytes) -> bytes:
    if not stored.startswith(b"\x1f\x8b"):
        return stored
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        page = unpack.decompress(stored, _LARGEST)
    except zlib.error as error:
        raise UnreadableError(str(error)) from error
    if not unpack.eof:
        raise UnreadableError("cut off, or too large")
    return page


def _json_links(page: bytes) -> list[Link]:
    try:
        files = json.loads(page)["files"]
        return [_json_link(file) for file in files]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableError(str(error)) from error


def _json_link(file: dict[str, Any]) -> Link:
    url = file["url"].partition("#")[0]
    return Link(url, any(file.get(key) for key in (*_METADATA, f"data-{_METADATA[1]}")))


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Link] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            return
        values = dict(attrs)
        if href := values.get("href"):
            said = (values.get(f"data-{name}", "false") for name in _METADATA)
            self.found.append(Link(href.partition("#")[0], any(one != "false" for one in said)))


def _html_links(page: bytes) -> list[Link]:
    parser = _Anchors()
    try:
        parser.feed(page.decode("utf-8"))
    except (
        ValueError,
        AssertionError,
    ) as error:  # html.parser asserts what malformed declarations break
        raise UnreadableError(str(error)) from error
    parser.close()
    return parser.found
