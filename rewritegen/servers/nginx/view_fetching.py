"""What the templates of the inner server lay out, as :mod:`rewritegen.servers.nginx.view` is for the site."""

from __future__ import annotations

from typing import NamedTuple

from rewritegen.servers.nginx.lines import Rule
from rewritegen.servers.nginx.page_check import PageCheck
from rewritegen.steps import Limits

__all__ = ["Far", "Fetched", "Fetching"]


class Far(NamedTuple):
    """A host that is asked."""

    url: str
    """Scheme and group or address."""
    host: str
    tls: tuple[str, ...]
    """The name in its certificate, if it speaks TLS."""


class Fetched(NamedTuple):
    """A location of the inner server: what is asked of a host, and what becomes of the answer."""

    comment: tuple[str, ...]
    match: str
    internal: bool
    moved: str
    """Where a redirect leads to."""
    sets: tuple[str, ...]
    rules: tuple[Rule, ...]
    far: Far
    path: str
    limits: Limits
    keep: str
    """Cache-Control for the server above; empty when nothing is kept."""
    most_on_disk: str
    """What is buffered on disk while the server above is slow: an endless page must not fill it."""
    page: bool
    """A page, or a document, which is treated like one."""
    end: str = "/"
    """What stands behind the name of a project in the URL of its page."""
    astray: str = ""
    """The variable that says what becomes of an answer to a question for a page."""
    links: tuple[tuple[str, str], ...] = ()
    """Arguments of ``sub_filter``."""
    script: str = ""
    """An njs function instead."""

    @property
    def template(self) -> str:
        """The template that lays it out."""
        return "nginx/location_fetched.j2"


class Fetching(NamedTuple):
    """The inner server."""

    listen: str
    name: str
    log: str
    resolver: str
    """Name servers for hosts that are looked up while nginx runs; may be empty."""
    failed: str
    redirects: str
    others: str
    """Statuses that are neither an answer nor a redirect, in lines."""
    ca: tuple[str, ...]
    """The CA bundle; empty where no host that is asked speaks TLS."""
    conditions: tuple[tuple[str, str], ...]
    dropped: tuple[str, ...]
    """Headers of an upstream that go to nobody."""
    packed: str
    """The types that are compressed."""
    locations: tuple[Fetched, ...]
    check: PageCheck
