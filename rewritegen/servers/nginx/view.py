"""What the nginx templates lay out: text that is ready to stand in the file, in the order in which it stands there.

Every argument is quoted already (:mod:`rewritegen.servers.nginx.quoting`). A location names the template that lays it
out, so that a template decides nothing. Named tuples for the reason that :mod:`rewritegen.steps` gives.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

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


class Header(NamedTuple):
    """One ``add_header``; ``always`` is empty or ``" always"``."""

    name: str
    value: str
    always: str = " always"


class Rule(NamedTuple):
    """``if (condition) { action; }``, where the action ends the location: ``return`` or ``rewrite ... last``."""

    comment: tuple[str, ...]
    condition: str
    action: str


class Map(NamedTuple):
    """``map source variable { entries }``."""

    comment: tuple[str, ...]
    source: str
    variable: str
    entries: tuple[str, ...]


class Group(NamedTuple):
    """``upstream name { server address; }``."""

    comment: tuple[str, ...]
    name: str
    address: str


class Entry(NamedTuple):
    """Rules in order, then what happens when none of them applied."""

    comment: tuple[str, ...]
    match: str
    headers: tuple[Header, ...]
    last: str
    rules: tuple[Rule, ...] = ()
    sets: tuple[str, ...] = ()
    internal: bool = False

    @property
    def template(self) -> str:
        """The template that lays it out."""
        return "nginx/location_entry.j2"


class Respell(NamedTuple):
    """Names in another spelling, or without the slash: 301 to the canonical URL. Fields are arguments."""

    comment: tuple[str, ...]
    match: str
    headers: tuple[Header, ...]
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

    @property
    def template(self) -> str:
        """The template that lays it out."""
        return "nginx/location_respell.j2"


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


class Tls(NamedTuple):
    """How an https upstream is verified."""

    name: str
    ca: str


class Upstream(NamedTuple):
    """The constant part of a request to an upstream. ``tls`` is empty for plain http."""

    url: str
    host: str
    tls: tuple[Tls, ...]
    errors: tuple[tuple[str, str], ...]
    """Statuses, and the internal location that they lead to."""


class Ask(NamedTuple):
    """A page of an HTTP index. ``links``: arguments of ``sub_filter``; ``script``: an njs function instead."""

    comment: tuple[str, ...]
    match: str
    headers: tuple[Header, ...]
    rules: tuple[Rule, ...]
    upstream: Upstream
    accept: str
    links: tuple[tuple[str, str], ...]
    script: str

    @property
    def template(self) -> str:
        """The template that lays it out."""
        return "nginx/location_ask.j2"


class Fetch(NamedTuple):
    """A file of an HTTP index, by the path as it came in."""

    comment: tuple[str, ...]
    match: str
    headers: tuple[Header, ...]
    rules: tuple[Rule, ...]
    raw_path: str
    upstream: Upstream
    range: str
    if_range: str

    @property
    def template(self) -> str:
        """The template that lays it out."""
        return "nginx/location_fetch.j2"


#: Each has comment lines, what it matches, the complete set of its headers, and the template that lays it out.
Location: TypeAlias = Entry | Respell | PageTree | ListTree | FileTree | Ask | Fetch


class Container(NamedTuple):
    """What holds locations: our own server, or one prefix of somebody else's."""

    opening: str
    comment: tuple[str, ...]
    locations: tuple[Location, ...]


class View(NamedTuple):
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
