"""What a key of a copy ends with: it changes when a copy would no longer be the answer.

Both servers and the reader of their caches use these; a copy that was made by another configuration is never sent.
"""

from __future__ import annotations

import hashlib

from rewritegen.response_headers import OWN
from rewritegen.steps import FetchFrom, Upstream

__all__ = ["file_digest", "page_digest"]


def page_digest(upstream: Upstream) -> str:
    """Return what changes when the index is another, is asked in another way, or its links are rewritten so."""
    rules = (text for rule in upstream.links for text in rule)
    return _digest(upstream.url, *rules, *_more(upstream.spelled), *_more(upstream.empty))


def file_digest(attempt: FetchFrom) -> str:
    """Return what changes when the file host is another."""
    return _digest(attempt.url, *_more(attempt.spelled))


def _more(found: tuple[object, ...] | None) -> tuple[str, ...]:
    """Return nothing where there is nothing, so that the copies of most sites keep their keys."""
    return (repr(tuple(found)),) if found else ()


def _digest(*texts: str) -> str:
    # httpd keeps them with a copy, where no directive reaches
    ours = (text for header in OWN for text in header)
    return hashlib.sha256("\n".join((*texts, *ours)).encode()).hexdigest()[:8]
