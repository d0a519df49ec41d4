"""When a value that is there says the same as the one that is wanted, and what becomes of it when it does not."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

__all__ = ["LISTS", "merged_value", "same_url"]

#: Settings with several values: a wanted one is added to those that are there.
LISTS = frozenset(
    {
        "allow-hosts",
        "allow_hosts",
        "extra-index-url",
        "find-links",
        "find_links",
        "trusted-host",
        "PIP_EXTRA_INDEX_URL",
        "PIP_TRUSTED_HOST",
        "UV_INDEX",
    }
)


def same_url(one: str, other: str) -> bool:
    """Tell whether two texts are one URL but for credentials, which the owner of the file put there, and the slash."""
    return _bare(one) == _bare(other)


def merged_value(key: str, there: str, wanted: str, separator: str = " ") -> str:
    """Return the value of a setting, which is what is there when that says what is wanted."""
    if key not in LISTS:
        return there if _same(there, wanted) else wanted
    have = re.split(r"[\s,]+", there)
    missing = [w for w in wanted.split() if not any(_same(h, w) for h in have)]
    if key == "allow_hosts":
        separator = ", "  # the one list of distutils that is split at commas
    return separator.join([there, *missing]) if missing else there


def _same(there: str, wanted: str) -> bool:
    return there == wanted or ("://" in wanted and same_url(there, wanted))


def _bare(text: str) -> tuple[Any, ...]:
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return (text,)
    host = parts.netloc.rpartition("@")[2].lower()
    return (parts.scheme, host, parts.path.rstrip("/"), parts.query)
