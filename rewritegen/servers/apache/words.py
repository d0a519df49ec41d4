"""URLs that only the configuration itself goes to. From outside they are 404, by the grammar."""

from __future__ import annotations

__all__ = ["BEGIN_URL", "CANONICAL_URL", "FETCH_URL", "METHODS_URL", "begin_url"]

CANONICAL_URL = "/-/rg_canonical"
METHODS_URL = "/-/rg_only_get_and_head/"
FETCH_URL = "/-/rg_fetch/"
#: Never asked: what is sent to it has its answer, and an ErrorDocument, before a connection is made.
BEGIN_URL = "http://rg_begin.invalid/"


def begin_url(ask: str) -> str:
    """Return where a request begins that is to be answered by an upstream (see ``upstreams``)."""
    return f"{BEGIN_URL}{ask}"
