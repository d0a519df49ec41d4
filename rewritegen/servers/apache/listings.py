"""Listings of directories without files: 404, which httpd knows only when it has written the listing.

No condition of httpd sees what is in a directory. But mod_deflate counts what it compresses, mod_headers sees that
count before anything goes out, and a header that cannot be sent makes the answer fail; the document of that failure is
the 404. The listing is made the same for all versions of httpd and all names before it is counted, so that one number
tells a listing without a link (``EMPTY``) from every other (``tests/servers/test_apache_listings.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rewritegen.plan import Plan
from rewritegen.servers.apache.rules import Condition, Rule
from rewritegen.steps import Listing, OwnedBy

__all__ = [
    "ABSENT_URL",
    "EMPTY",
    "LISTED",
    "NO_FILES_URL",
    "SHORTEST_LINK",
    "Listings",
    "listings",
    "no_files",
]

#: Where a listing leads that has no link.
NO_FILES_URL = "/-/rg_no_files"
#: The 404 behind it.
ABSENT_URL = "/-/rg_absent"
#: Flags of the rule that leads to a listing: it is counted, so no END, which would hold for what follows, too.
LISTED = ("E=RG_LISTED:1", "E=!no-gzip", "E=force-gzip:1", "L")

#: Bytes of a listing without a link.
EMPTY = 111
#: Bytes that a link adds, at the least: the one of a file whose name has one letter.
SHORTEST_LINK = 28


class Listings(NamedTuple):
    """What the templates print of listings."""

    no_files: str
    absent: str
    empty: int
    """Bytes of one without a link."""
    shortest: int
    """Bytes; what is shorter has no link, with half a link's room for other versions of httpd."""


def listings(plan: Plan) -> Listings | None:
    """Return what a virtual host has for its listings; None when it has none."""
    if not _lists(plan):
        return None
    return Listings(NO_FILES_URL, ABSENT_URL, EMPTY, EMPTY + SHORTEST_LINK // 2)


def no_files(plan: Plan) -> Iterator[Rule]:
    """Yield the rules that make a 404 of a listing without a link."""
    if not _lists(plan):
        return
    inside = (Condition("%{ENV:REDIRECT_RG_LISTED}", "."),)
    comment = (
        "a listing without files: [R=200] ends the error that led here, and its document is 404;"
        " httpd alone sets REDIRECT_RG_LISTED",
    )
    same = ("E=RG_SOURCE:%{ENV:REDIRECT_RG_SOURCE}", "E=RG_PAGE:1")
    yield Rule(f"^{NO_FILES_URL}$", "-", (*same, "E=RG_LISTED:1", "R=200", "L"), inside, comment)
    yield Rule(f"^{ABSENT_URL}$", "-", (*same, "R=404", "L"), inside)


def _lists(plan: Plan) -> bool:
    return any(isinstance(step, OwnedBy) and isinstance(step.pages, Listing) for step in plan.page)
