"""What the nginx templates lay out of directories: ready pages and documents, listings, files; see :mod:`.view`."""

from __future__ import annotations

from typing import NamedTuple

from rewritegen.servers.nginx.lines import Header

__all__ = ["FileTree", "JsonTree", "ListTree", "Listed", "PageTree"]


class PageTree(NamedTuple):
    """A directory with ready pages."""

    comment: tuple[str, ...]
    match: str
    headers: tuple[Header, ...]
    alias: str
    gzip_static: bool

    @property
    def template(self) -> str:
        """The template that lays it out."""
        return "nginx/location_pages.j2"


class JsonTree(NamedTuple):
    """A directory with ready JSON documents."""

    comment: tuple[str, ...]
    match: str
    headers: tuple[Header, ...]
    alias: str
    gzip_static: bool

    @property
    def template(self) -> str:
        """The template that lays it out."""
        return "nginx/location_json.j2"


class ListTree(NamedTuple):
    """A directory whose project directories are listed by the server."""

    comment: tuple[str, ...]
    match: str
    headers: tuple[Header, ...]
    alias: str

    @property
    def template(self) -> str:
        """The template that lays it out."""
        return "nginx/location_listing.j2"


class Listed(NamedTuple):
    """Asks whether a project directory has a file, before it is listed."""

    comment: tuple[str, ...]
    match: str
    headers: tuple[Header, ...]
    alias: str
    listing: str
    """Where a request goes on when it has."""
    absent: str
    """Where it ends when it has none."""

    @property
    def template(self) -> str:
        """The template that lays it out."""
        return "nginx/location_listed.j2"


class FileTree(NamedTuple):
    """A directory with files that are sent as they are."""

    comment: tuple[str, ...]
    match: str
    headers: tuple[Header, ...]
    alias: str

    @property
    def template(self) -> str:
        """The template that lays it out."""
        return "nginx/location_files.j2"
