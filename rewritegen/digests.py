"""What a key of a copy ends with: it changes when a copy would no longer be the answer.

Both servers and the reader of their caches use these; a copy that was made by another configuration is never sent.
"""

from __future__ import annotations

import hashlib

from rewritegen.steps import FetchFrom, Upstream

__all__ = ["file_digest", "page_digest"]


def page_digest(upstream: Upstream) -> str:
    """Return what changes when the index is another, or its links are rewritten in another way."""
    rules = (text for rule in upstream.links for text in rule)
    return _digest(upstream.url, *rules)


def file_digest(attempt: FetchFrom) -> str:
    """Return what changes when the file host is another."""
    return _digest(attempt.url)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:8]
