"""The grammar of requests: what a raw request target may look like. Everything else is 404, before any decoding."""

from __future__ import annotations

from typing import NamedTuple

from rewritegen.names import CANONICAL_NAME, MAX_NAME_LENGTH, RAW_NAME
from rewritegen.steps import FetchFrom, FileRoute

__all__ = ["ARCHIVE_SUFFIX", "PATH_PART", "Grammar", "grammar_of"]

#: One part of a file's path, unanchored: no leading dot, dash or tilde, no percent-encoding but that of
#: ``+`` and ``!``.
PATH_PART = "(?:[A-Za-z0-9_+]|%2[Bb])(?:[A-Za-z0-9._+!~-]|%2[Bb]|%21){0,250}"


#: What the path of a file that an upstream is asked for ends with, unanchored: an archive that installers take, or
#: what belongs to one (PEP 658 metadata, signature, PEP 740 provenance, which may lie below the name of the file). So
#: no page or other API of the upstream is a "file".
ARCHIVE_SUFFIX = (
    r"\.(?:whl|tar\.gz|zip|tgz|tar\.bz2|tar\.xz|tar\.Z|tar|egg|exe|msi|rpm|deb|dmg)"
    r"(?:\.(?:metadata|asc|sig|provenance)|/provenance/?)?"
)


class Grammar(NamedTuple):
    """Regular expressions of the raw request targets that are served, unanchored and without the query.

    Matched against the request line as it came in, before any decoding. Everything else is 404, here.
    """

    root: str
    page: str
    """Any valid spelling of a name, with or without the final slash."""
    beside: str
    """Canonical names only."""
    files: tuple[str, ...]
    """One per file route, in the order of ``Plan.files``."""
    meta: tuple[str, ...]
    legacy: tuple[str, ...] = ()
    """The legacy JSON of a project, in any spelling of its name; empty when it is not served."""

    @property
    def targets(self) -> tuple[str, ...]:
        """All of them, in the order in which they are tried."""
        return (self.root, self.page, self.beside, *self.files, *self.legacy, *self.meta)


def grammar_of(mount: str, routes: tuple[FileRoute, ...], *, legacy: str = "") -> Grammar:
    """Return the grammar of a site with these file routes; ``legacy`` is what stands before names there."""
    at = _escaped(mount)
    return Grammar(
        root=at,
        page=f"{at}{RAW_NAME}/?",
        # `index.html` and the like are the page itself under another name
        beside=f"{at}(?=[^/]{{1,{MAX_NAME_LENGTH}}}/){CANONICAL_NAME}/(?!index\\.){PATH_PART}",
        files=tuple(_file_target(mount, route) for route in routes if not route.beside),
        meta=("/-/health", "/-/rewritegen"),
        legacy=(f"{_escaped(legacy)}{RAW_NAME}/json",) if legacy else (),
    )


def _file_target(mount: str, route: FileRoute) -> str:
    fetched = [attempt.pages for attempt in route.attempts if isinstance(attempt, FetchFrom)]
    above = "*"
    if mount == "/" and route.prefix.count("/") == 2:
        # a project may be called `packages`: two parts are a file beside its page, three are a path here
        above = "+"
    elif "" in fetched:
        # the pages lie at NAME/ here: only what is too deep for a page or a file beside it is a file
        above = "{2,}"
    # A page is never a file: through it, a private name could be asked for.
    not_pages = "".join(f"(?!(?i:{_escaped(path, raw=True)}))" for path in fetched if path)
    suffix = ARCHIVE_SUFFIX if fetched or route.archives else ""
    return f"{_escaped(route.prefix)}{not_pages}(?:{PATH_PART}/){above}{PATH_PART}{suffix}"


def _escaped(path: str, *, raw: bool = False) -> str:
    """Escape a path for both PCRE and re, ``raw``: as clients may write it, with its plus signs encoded or not.

    Its characters are those that the site model lets through.
    """
    plus = r"(?:\+|%2[Bb])" if raw else r"\+"
    return path.replace(".", r"\.").replace("+", plus)
