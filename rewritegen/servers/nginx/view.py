"""What the nginx templates lay out: text that is ready to stand in the file, in the order in which it stands there.

Every argument is quoted already (:mod:`rewritegen.servers.nginx.quoting`). A location names the template that lays it
out, so that a template decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = [
    "Ask",
    "Container",
    "Entry",
    "Fetch",
    "FileTree",
    "Group",
    "Header",
    "ListTree",
    "Location",
    "Map",
    "PageTree",
    "Respell",
    "Rule",
    "Tls",
    "Upstream",
    "View",
]


@dataclass(frozen=True, slots=True)
class Header:
    """One ``add_header``; ``always`` is empty or ``" always"``."""

    name: str
    value: str
    always: str = " always"


@dataclass(frozen=True, slots=True)
class Rule:
    """``if (condition) { action; }``, where the action ends the location: ``return`` or ``rewrite ... last``."""

    comment: tuple[str, ...]
    condition: str
    action: str


@dataclass(frozen=True, slots=True)
class Map:
    """``map source variable { entries }``."""

    comment: tuple[str, ...]
    source: str
    variable: str
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """``upstream name { server address; }``."""

    comment: tuple[str, ...]
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Location:
    """What all locations have: comment lines, what they match, and the complete set of headers."""

    template: ClassVar[str]
    comment: tuple[str, ...]
    match: str
    headers: tuple[Header, ...]


@dataclass(frozen=True, slots=True)
class Entry(Location):
    """Rules in order, then what happens when none of them applied."""

    template = "nginx/location_entry.j2"
    last: str
    rules: tuple[Rule, ...] = ()
    sets: tuple[str, ...] = ()
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Respell(Location):
    """Names in another spelling, or without the slash: 301 to the canonical URL. Fields are arguments."""

    template = "nginx/location_respell.j2"
    rules: tuple[Rule, ...]
    letters: tuple[str, ...]
    """Rewrites that make one capital small."""
    mixed: str
    """Rewrite of a run of separators with a dot or underscore in it."""
    dashes: str
    """Rewrite of a run of dashes."""
    again: str
    """Pattern of what is not done yet."""
    same: str
    """Rewrite that only begins again."""
    slashless: str
    """Rewrite that adds the slash."""
    canonical: str
    """Pattern of what is done."""
    location: str


@dataclass(frozen=True, slots=True)
class PageTree(Location):
    """A directory with ready pages."""

    template = "nginx/location_pages.j2"
    alias: str
    gzip_static: bool


@dataclass(frozen=True, slots=True)
class ListTree(Location):
    """A directory whose project directories are listed by the server."""

    template = "nginx/location_listing.j2"
    alias: str


@dataclass(frozen=True, slots=True)
class FileTree(Location):
    """A directory with files that are sent as they are."""

    template = "nginx/location_files.j2"
    alias: str


@dataclass(frozen=True, slots=True)
class Tls:
    """How an https upstream is verified."""

    name: str
    ca: str


@dataclass(frozen=True, slots=True)
class Upstream:
    """The constant part of a request to an upstream. ``tls`` is empty for plain http."""

    url: str
    host: str
    tls: tuple[Tls, ...]
    errors: tuple[tuple[str, str], ...]
    """Statuses, and the internal location that they lead to."""


@dataclass(frozen=True, slots=True)
class Ask(Location):
    """A page of an HTTP index. ``links``: arguments of ``sub_filter``; ``script``: an njs function instead."""

    template = "nginx/location_ask.j2"
    rules: tuple[Rule, ...]
    upstream: Upstream
    accept: str
    links: tuple[tuple[str, str], ...]
    script: str


@dataclass(frozen=True, slots=True)
class Fetch(Location):
    """A file of an HTTP index, by the path as it came in."""

    template = "nginx/location_fetch.j2"
    rules: tuple[Rule, ...]
    raw_path: str
    upstream: Upstream
    range: str
    if_range: str


@dataclass(frozen=True, slots=True)
class Container:
    """What holds locations: our own server, or one prefix of somebody else's."""

    opening: str
    comment: tuple[str, ...]
    locations: tuple[Location, ...]


@dataclass(frozen=True, slots=True)
class View:
    """One site."""

    site: str
    """Ends every name that we invent at http level, so that several sites live side by side."""
    file: str
    """Name of the file with the server in it."""
    header: tuple[str, ...]
    """Comment lines at the top of each file."""
    server_name: str
    listen: tuple[str, ...]
    certificate: tuple[tuple[str, str], ...]
    """Certificate and key; empty without TLS."""
    ciphers: str
    log: str
    temporary: tuple[str, ...]
    """Modules that keep temporary files of their own."""
    ssi: bool
    """The build has server-side includes, which an outer configuration may have switched on."""
    script: tuple[str, ...]
    """Argument of ``js_import``, when njs rewrites the links."""
    maps: tuple[Map, ...]
    hashes: tuple[str, ...]
    """Lines that the claims need of nginx's hashes; empty for most sites."""
    groups: tuple[Group, ...]
    guards: tuple[Rule, ...]
    containers: tuple[Container, ...]
