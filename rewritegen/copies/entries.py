"""One copy in a cache as a typed value, and the keys that rewritegen gives to copies.

The key of a page is ``pages/SOURCE/NAME/FORM/CODING/DIGEST``, with ``SOURCE~json`` for the legacy JSON; that of a file
``files/SOURCE/N-DIGEST/PATH``, where N counts the file hosts of the source and PATH is as it was requested. The digests
change when the index, or how its links are rewritten, changes: a copy with another digest is not answered any more.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

from rewritegen.copies.projects import project_of
from rewritegen.names import CANONICAL_NAME
from rewritegen.representations import LEGACY_JSON, REPRESENTATIONS

__all__ = ["LATEST", "Entry", "Key", "Program", "read_key"]

#: The year 3000: no server writes a later time, and calendars do not go on for ever.
LATEST = 32_503_680_000

Program: TypeAlias = Literal["nginx", "apache"]

_FORMS = "|".join(form.suffix for form in REPRESENTATIONS)
_DIGEST = "[0-9a-f]{8}"
_PAGE = re.compile(
    f"pages/({CANONICAL_NAME})/({CANONICAL_NAME})/({_FORMS})/(identity|gzip)/({_DIGEST})"
)
_DOCUMENT = re.compile(
    f"pages/({CANONICAL_NAME})~json/({CANONICAL_NAME})/({LEGACY_JSON.suffix})/(identity|gzip)/({_DIGEST})"
)
_FILE = re.compile(f"files/({CANONICAL_NAME})/([0-9]{{1,3}})-({_DIGEST})/([!-~]+)")


class Key(NamedTuple):
    """What a copy is of."""

    kind: Literal["page", "file"]
    source: str
    project: str
    """Canonical; of a file as its name says, empty when that says nothing."""
    digest: str
    form: str = ""
    """Of a page: ``html``, ``v1_html`` or ``v1_json``; ``legacy`` of the legacy JSON, which is kept like a page."""
    coding: str = ""
    """Of a page: ``gzip`` or ``identity``."""
    host: int = 0
    """Of a file: the number of the file host."""
    path: str = ""
    """Of a file: below its host, as it was requested."""

    def __str__(self) -> str:
        if self.kind == "page":
            what = "~json" if self.form == LEGACY_JSON.suffix else ""
            place = f"pages/{self.source}{what}/{self.project}"
            return f"{place}/{self.form}/{self.coding}/{self.digest}"
        return f"files/{self.source}/{self.host}-{self.digest}/{self.path}"


class Entry(NamedTuple):
    """One copy. Times are seconds since 1970, sizes bytes."""

    key: Key
    program: Program
    """Whose cache it is in."""
    status: int
    size: int
    """On the disk, with what the server notes beside the bytes."""
    since: int
    """When the source answered it, or said that it has not changed."""
    fresh_until: int
    stands_until: int
    """So long it is answered when the source cannot be asked."""
    paths: tuple[str, ...]
    """Its files, relative to the cache directory; the first one is what makes it a copy."""
    body: tuple[str, int]
    """The file that holds the answer's body, and where in it that begins."""

    def stands(self, now: float) -> bool:
        """Tell whether it is answered at this time when the source cannot be asked."""
        return self.status == 200 and self.stands_until >= now


def read_key(text: str) -> Key | None:
    """Return a key from its text, or None when it is none of ours."""
    if match := _PAGE.fullmatch(text) or _DOCUMENT.fullmatch(text):
        source, project, form, coding, digest = match.groups()
        return Key("page", source, project, digest, form=form, coding=coding)
    if match := _FILE.fullmatch(text):
        source, host, digest, path = match.groups()
        return Key("file", source, project_of(path), digest, host=int(host), path=path)
    return None
