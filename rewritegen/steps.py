"""The steps of the route plan: small frozen values, one class for each thing that can happen to a request.

To add a step is to add its class here, a block in each server's templates, a branch in :mod:`rewritegen.decide`, a
paragraph in :mod:`rewritegen.routes` and a family of probes; a test fails when one of these is missing.

Named tuples, because there are many and a dataclass takes ten times as long to define: every command pays for that.

Paths are absolute POSIX paths without a final slash. URLs of upstreams end with a slash.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from rewritegen.kinds import Empty
from rewritegen.names import ClaimSet, NormalizedName

__all__ = [
    "AskPrivately",
    "Available",
    "FetchFrom",
    "FileRoute",
    "HasJson",
    "JsonElsewhere",
    "JsonStep",
    "Limits",
    "LinkRule",
    "Listing",
    "NotFound",
    "OwnedBy",
    "OwnsJson",
    "PageTree",
    "ProjectDirectories",
    "Reserved",
    "RootList",
    "Scanned",
    "SendTo",
    "ServeFrom",
    "Source",
    "Step",
    "TryMirror",
    "TryProxy",
    "Upstream",
]


class Source(NamedTuple):
    """What answers: the value of X-Index-Source is its label."""

    role: Literal["private", "mirror", "proxy", "redirect"]
    name: str
    key: str
    """The YAML key that made it, such as ``private[0]``."""

    @property
    def label(self) -> str:
        """What answers carry, such as ``private/team``."""
        return f"{self.role}/{self.name}"


class ProjectDirectories(NamedTuple):
    """A directory with one directory per project: ``ROOT/NAME``, or hashed ``ROOT/N/NAME``."""

    root: str
    hashed: bool = False

    def of(self, name: NormalizedName) -> str:
        """Return the directory of a project."""
        return f"{self.root}/{name[0]}/{name}" if self.hashed else f"{self.root}/{name}"


class PageTree(NamedTuple):
    """Ready pages ``index.html``, ``index.v1_html``, ``index.v1_json`` in project directories, tried in this order.

    The first directory that has a page in any representation has the project.
    """

    directories: tuple[ProjectDirectories, ...]
    beside: bool
    """Files lie beside the page and are answered at ``MOUNT/NAME/FILE``."""
    complete: bool = False
    """``rewritegen index`` made the pages from the files: every representation is there, with hashes."""


class Listing(NamedTuple):
    """The server's own listing of a project's directory is its page; files lie beside it."""

    directories: tuple[ProjectDirectories, ...]


class LinkRule(NamedTuple):
    """A text in a proxied page, and the text that takes its place; both begin with what keeps them unambiguous."""

    find: str
    replace: str


class Limits(NamedTuple):
    """How long an upstream is waited for, in seconds."""

    connect: int
    read: int
    """Between two pieces of an answer."""
    retry: int
    """After it did not answer (refused, timed out, not resolved, broke off), it is not asked for so long."""


class Upstream(NamedTuple):
    """An HTTP index: ``url`` + NAME + ``end`` is the page of a project. Always asked for, and with, constants only."""

    url: str
    links: tuple[LinkRule, ...]
    limits: Limits
    origins: tuple[str, ...]
    """``scheme://host:port`` of all hosts that are declared for it, its own first: redirects to these are followed."""
    beside: str = ""
    """The prefix of the route of its files, where they lie beside their page, at ``url`` + NAME + ``/`` + FILE."""
    spelled: tuple[tuple[NormalizedName, str], ...] = ()
    """Names that it knows in another spelling than the canonical one."""
    empty: Empty | None = None
    """An answer of just this length is its way to say that a project is not there."""
    end: Literal["/", "/json"] = "/"
    """What stands behind NAME: a slash, or ``/json``, and then it is asked for legacy JSON instead of pages."""

    @property
    def documents(self) -> bool:
        """Tell whether it is asked for the legacy JSON of projects."""
        return self.end == "/json"

    def page(self, name: NormalizedName) -> str:
        """Return the URL of the page (or document) of a project."""
        return f"{self.url}{dict(self.spelled).get(name, name)}{self.end}"


class Available(NamedTuple):
    """The marker is there, else 503: without it nobody knows what is private.

    ``source`` is None for the state (pages and scanned names of all sources).
    """

    source: Source | None
    marker: str


class OwnedBy(NamedTuple):
    """A private directory that has the project answers for it, also when the page or the file is missing (404)."""

    source: Source
    pages: PageTree | Listing
    presence: tuple[ProjectDirectories, ...]
    """A directory or link of the project in one of these, or a page of it, is what "has the project" means."""


class AskPrivately(NamedTuple):
    """A private HTTP index, for its claims only; whatever it answers is final."""

    source: Source
    upstream: Upstream
    claims: ClaimSet


class Reserved(NamedTuple):
    """Ours but not there, by claim or because it was scanned once: 404."""

    claims: ClaimSet
    scanned: str | None
    """The directory that holds one file per scanned name; None when the site has no state."""


class TryMirror(NamedTuple):
    """A local tree: has the page, serves it; else the next step."""

    source: Source
    pages: PageTree


class TryProxy(NamedTuple):
    """An HTTP index: 200 serves; 404 next; no answer (refused, timeout, 5xx, 429) next, remembered as "don't know"."""

    source: Source
    upstream: Upstream


class SendTo(NamedTuple):
    """302 to the canonical URL of the project there."""

    source: Source
    url: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nobody has it: 404; if somebody could not be asked, 502."""

    unsure: bool = False
    """A proxy comes before it, which may not have answered."""


class OwnsJson(NamedTuple):
    """A private directory that has the project answers for its legacy JSON as well, also when there is none (404)."""

    source: Source
    json: ProjectDirectories | None
    """Where ``NAME/legacy.json`` lies that was written with the pages; None where no pages are written."""
    presence: tuple[ProjectDirectories, ...]
    """A directory or link of the project in one of these is what "has the project" means."""


class HasJson(NamedTuple):
    """A mirror that keeps the JSON documents of PyPI: has it, serves it; else the next step."""

    source: Source
    json: ProjectDirectories
    """Where ``NAME/json`` lies."""


class JsonElsewhere(NamedTuple):
    """302 to the legacy JSON beside the index there."""

    source: Source
    url: str


Step: TypeAlias = (
    Available | OwnedBy | AskPrivately | Reserved | TryMirror | TryProxy | SendTo | NotFound
)


#: The steps of the legacy JSON; those that ask are those of pages, at another URL.
JsonStep: TypeAlias = (
    Available | OwnsJson | AskPrivately | Reserved | HasJson | TryProxy | JsonElsewhere | NotFound
)


class ServeFrom(NamedTuple):
    """Files below local directories, tried in this order."""

    source: Source
    roots: tuple[str, ...]
    marker: str | None
    """Seen, or 503 (private directories)."""


class FetchFrom(NamedTuple):
    """Files below an upstream URL; the path is passed on as it came in (``%2B`` stays ``%2B``)."""

    source: Source
    url: str
    limits: Limits
    origins: tuple[str, ...]
    """As in :class:`Upstream`."""
    pages: str | None = None
    """Where the pages of the index lie below ``url``: never reachable as files."""
    spelled: tuple[tuple[NormalizedName, str], ...] = ()
    """As in :class:`Upstream`, where the path begins with the name of a project: a file beside its page."""

    def at(self, path: str) -> str:
        """Return the URL of a file."""
        name, slash, file = path.partition("/")
        spelling = dict(self.spelled).get(NormalizedName(name), name)
        return f"{self.url}{spelling}{slash}{file}"


class Scanned(NamedTuple):
    """The names that were scanned once, as files of a directory."""

    directory: str
    marker: str
    """Seen, or 503."""


class FileRoute(NamedTuple):
    """``PREFIX PATH``: the attempts in order, the first that has the file answers; 404 when none has."""

    prefix: str
    attempts: tuple[ServeFrom, ...] | tuple[FetchFrom]
    refused: ClaimSet
    """A path with a part that belongs to one of these is 404 here (empty for private sources)."""
    scanned: Scanned | None
    """So is one with a part that belongs to one of these (None for private sources, and without state)."""
    beside: bool = False
    """No client comes here: a request for a file beside its page does, as ``NAME/FILE``, when no rule decided it."""
    archives: bool = False
    """Only what is named like an archive is served: other things, such as locks, lie in the same directory."""

    @property
    def private(self) -> bool:
        """Tell whether everything that it serves is ours."""
        return all(attempt.source.role == "private" for attempt in self.attempts)


class RootList(NamedTuple):
    """``MOUNT`` itself, the private projects: pages of the state, or the listing of one directory, or nothing (404)."""

    pages: str | None
    """Directory with index.* files."""
    listing: str | None
    """Directory to list when there are no pages."""
    marker: str | None
    """Seen, or 503."""
    source: Source | None
    """The only private directory, when its listing is the list."""
