"""The representations of a page, and the one rule by which nginx, httpd and the model choose among them.

The choice is a list of regular expressions over the ``Accept`` header, first match wins, matched without regard to
case. They use only what PCRE and :mod:`re` have in common and capture nothing, so that the same text is an nginx
``map``, an httpd ``RewriteCond`` and a Python pattern. Sources: PEP 691 (content types, ``latest``), RFC 9110
section 12 (``q=0`` excludes; order means nothing).
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = [
    "ACCEPT_GZIP",
    "HTML",
    "JSON",
    "LEGACY_JSON",
    "REPRESENTATIONS",
    "V1_HTML",
    "Representation",
    "accepts_gzip",
    "negotiate",
]

_JSON_TYPE = r"application/vnd\.pypi\.simple\.(?:v1|latest)\+json"
_HTML_TYPE = r"application/vnd\.pypi\.simple\.(?:v1|latest)\+html"
_EXCLUDED = r"[^,]*q\s*=\s*0(?:\.0*)?\s*(?:[;,]|$)"


def _accepted(media_type: str) -> str:
    """A media range that is offered and not excluded by q=0."""
    return rf"(?:^|[\s,]){media_type}\s*(?:;(?!{_EXCLUDED})[^,]*)?(?:,|$)"


# A client that grades JSON down and leaves an HTML type ungraded prefers the HTML. No known installer does; caches and
# scripts may.
_PREFERS_HTML = rf"(?=.*{_JSON_TYPE}\s*;[^,]*q\s*=\s*0\.)(?=.*(?:text/html|{_HTML_TYPE})\s*(?:,|$))"


class Representation(NamedTuple):
    """One form of a page."""

    name: str
    """The word for it in configurations and cache keys."""
    suffix: str
    """``index.SUFFIX`` is its file; bandersnatch's names."""
    content_type: str
    accept: str
    """Pattern of the Accept headers that get it; empty for the default."""
    upstream_accept: str
    """The Accept header that an upstream is asked with: one per representation, never the client's own."""
    order: tuple[str, ...]
    """Suffixes to look for in a page directory, best first: a tree need not have all representations."""

    @property
    def tried(self) -> tuple[Representation, ...]:
        """The representations that ``order`` names."""
        return tuple(_BY_SUFFIX[suffix] for suffix in self.order)


JSON = Representation(
    "json",
    "v1_json",
    "application/vnd.pypi.simple.v1+json",
    rf"^(?!{_PREFERS_HTML}).*{_accepted(_JSON_TYPE)}",
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01",
    ("v1_json", "html", "v1_html"),
)
V1_HTML = Representation(
    "v1html",
    "v1_html",
    "application/vnd.pypi.simple.v1+html",
    _accepted(_HTML_TYPE),
    "application/vnd.pypi.simple.v1+html, text/html;q=0.5",
    ("v1_html", "html", "v1_json"),
)
HTML = Representation(
    "html",
    "html",
    "text/html; charset=utf-8",
    "",
    "text/html",
    ("html", "v1_html", "v1_json"),
)

#: Not a page, but negotiated about as little as it can be: the legacy JSON of a project has one form.
LEGACY_JSON = Representation("legacy", "legacy", "application/json", "", "application/json", ())

#: In the order in which the Accept patterns are tried; the last one is the default.
REPRESENTATIONS = (JSON, V1_HTML, HTML)

_BY_SUFFIX = {form.suffix: form for form in REPRESENTATIONS}

#: Accept-Encoding headers of a client that takes gzip.
ACCEPT_GZIP = r"(?:^|[\s,])gzip\s*(?:,|$|;(?!\s*q=0(?:\.0*)?\s*(?:,|$)))"


def negotiate(accept: str) -> Representation:
    """Return the representation for an Accept header (empty when there is none)."""
    for form in REPRESENTATIONS:
        if form.accept and re.search(form.accept, accept, re.IGNORECASE):
            return form
    return HTML


def accepts_gzip(accept_encoding: str) -> bool:
    """Tell whether a client with this Accept-Encoding header takes gzip."""
    return re.search(ACCEPT_GZIP, accept_encoding, re.IGNORECASE) is not None
