"""What the nginx templates lay out: text that is ready to stand in the file, in the order in which it stands there.

Every argument is quoted already (:mod:`rewritegen.servers.nginx.quoting`). A location names the template that lays it
out, so that a template decides nothing. Named tuples for the reason that :mod:`rewritegen.steps` gives.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from rewritegen.servers.nginx.lines import Block, Group, Header, Map, Rule
from rewritegen.servers.nginx.trees import FileTree, JsonTree, Listed, ListTree, PageTree
from rewritegen.servers.nginx.view_fetching import Fetching

__all__ = [
    "Ask",
    "AskService",
    "Block",
    "Container",
    "Entry",
    "Fetch",
    "FileTree",
    "Gate",
    "Group",
    "Header",
    "JsonTree",
    "ListTree",
    "Listed",
    "Location",
    "Map",
    "Near",
    "PageTree",
    "Respell",
    "Rule",
    "Stems",
    "View",
]


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
    separators: tuple[str, ...]
    """Rewrites of a run of separators with a dot or underscore in it, and of a run of dashes."""
    again: str
    """Pattern of what is not done yet."""
    same: str
    """Rewrite that only begins again."""
    slashless: tuple[str, ...]
    """Rewrite that adds the slash, where there is one."""
    canonical: str
    """Pattern of what is done."""
    location: str
    internal: bool = False

    @property
    def template(self) -> str:
        """The template that lays it out."""
        return "nginx/location_respell.j2"


class Stems(NamedTuple):
    """The path of a file, in which nothing that is ours may be named."""

    comment: tuple[str, ...]
    match: str
    headers: tuple[Header, ...]
    blocks: tuple[Block, ...]
    again: str
    """Rewrite that only begins again."""

    @property
    def template(self) -> str:
        """The template that lays it out."""
        return "nginx/location_stems.j2"


class Near(NamedTuple):
    """How the inner server is asked, and how its answers are kept."""

    url: str
    host: str
    wait: str
    """Longest silence; longer than the inner server is silent itself."""
    keep: tuple[str, ...]
    """Directives of the cache; empty when nothing is kept."""
    errors: tuple[tuple[str, str], ...]
    """Statuses, and the internal location that they lead to."""


class Ask(NamedTuple):
    """A page of an HTTP index."""

    comment: tuple[str, ...]
    match: str
    headers: tuple[Header, ...]
    rules: tuple[Rule, ...]
    near: Near
    accept: str
    coding: str

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
    near: Near
    internal: bool = False

    @property
    def template(self) -> str:
        """The template that lays it out."""
        return "nginx/location_fetch.j2"


class Gate(NamedTuple):
    """Where requests come in that only some may make; who may, goes on inside."""

    comment: tuple[str, ...]
    match: str
    headers: tuple[Header, ...]
    rules: tuple[Rule, ...]
    admits: tuple[str, ...]
    """Directives that nginx looks at before ``try_files``."""
    inside: str
    """What stands before the URL inside."""

    @property
    def template(self) -> str:
        """The template that lays it out."""
        return "nginx/location_gate.j2"


class AskService(NamedTuple):
    """The service that says who may read."""

    comment: tuple[str, ...]
    match: str
    headers: tuple[Header, ...]
    url: str
    host: str
    asked: str
    """Scheme and host of this site, as the service is told them."""
    tls: tuple[tuple[str, str], ...]
    """Name in its certificate, and the authorities, if it speaks TLS."""

    @property
    def template(self) -> str:
        """The template that lays it out."""
        return "nginx/location_service.j2"


#: Each has comment lines, what it matches, the complete set of its headers, and the template that lays it out.
Location: TypeAlias = (
    Entry
    | Respell
    | Stems
    | PageTree
    | JsonTree
    | ListTree
    | Listed
    | FileTree
    | Ask
    | Fetch
    | Gate
    | AskService
)


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
    client_ca: tuple[str, ...]
    """The authority of client certificates; empty when nobody is asked for one."""
    own: tuple[Header, ...]
    """Headers of every answer."""
    ciphers: str
    log: str
    temporary: tuple[str, ...]
    """Modules that keep temporary files of their own."""
    jit: bool
    """The build compiles regular expressions to machine code."""
    ssi: bool
    """The build has server-side includes, which an outer configuration may have switched on."""
    script: tuple[str, ...]
    """Argument of ``js_import``, when njs rewrites the links."""
    maps: tuple[Map, ...]
    hashes: tuple[str, ...]
    """Lines that the claims need of nginx's hashes; empty for most sites."""
    copies: tuple[str, ...]
    """Lines of ``proxy_cache_path``; empty when nothing is kept."""
    groups: tuple[Group, ...]
    fetching: tuple[Fetching, ...]
    """The inner server; empty when nobody is asked."""
    guards: tuple[Rule, ...]
    nothing_else: tuple[str, ...]
    """What our own server says to what no location has; empty behind a gate, which has all."""
    containers: tuple[Container, ...]
