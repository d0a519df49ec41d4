"""When a value that is there says the same as the one that is wanted."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

__all__ = ["same", "same_url"]


def same_url(one: str, other: str) -> bool:
    """Tell whether two texts are one URL but for credentials, which the owner of the file put there, and the slash."""
    return _bare(one) == _bare(other)


def same(there: Any, wanted: Any) -> bool:
    """Tell whether a value may stay as it is written."""
    if isinstance(there, str) and isinstance(wanted, str):
        return there == wanted or ("://" in wanted and same_url(there, wanted))
    return bool(type(there) is type(wanted) and there == wanted)


def _bare(text: str) -> tuple[str, str, str, str]:
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return ("", "", "", text)
    host = parts.netloc.rpartition("@")[2].lower()
    return (parts.scheme, host, parts.path.rstrip("/"), parts.query)
