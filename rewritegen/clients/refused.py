"""Why a text is not put into a file; what it would have been is printed instead, for people to place."""

from __future__ import annotations

__all__ = ["MergeRefusedError"]


class MergeRefusedError(Exception):
    """The file that is there cannot be changed without a guess, or would not do what is meant afterwards."""
