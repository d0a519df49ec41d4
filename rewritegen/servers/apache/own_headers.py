"""Headers that every answer has (``response_headers``), and those of upstreams that go to nobody, as httpd says them.

httpd sends a header twice that is both set for successes and set ``always``. What is fetched has ours among the headers
that a copy is kept with, because no directive reaches a copy; so everything else gets them by conditions, the same by
which it gets its ``X-Index-Source``.
"""

from __future__ import annotations

from typing import NamedTuple

from rewritegen.response_headers import DROPPED, OWN, POLICY

__all__ = ["OwnHeaders", "own_headers"]

#: The age of a copy is what this machine says; and what nginx drops by itself.
_ACCEL = ("Buffering", "Charset", "Expires", "Limit-Rate", "Redirect")
_MORE = ("Date", "X-Cache-Detail", *(f"X-Accel-{word}" for word in _ACCEL))


class OwnHeaders(NamedTuple):
    """Arguments of ``Header``."""

    lines: tuple[str, ...]
    """Name and value."""
    policy: str
    """Argument of Define: the longest of the values."""
    here: str
    """The condition for answers that nobody gave, and no copy."""
    dropped: tuple[str, ...]
    """Names."""
    not_here: str
    """The text of a 404, also in place of an upstream's."""


def own_headers() -> OwnHeaders:
    """Return what the templates print of them."""
    return OwnHeaders(
        tuple(f'{name} "{_said(text)}"' for name, text in OWN),
        f'"{POLICY}"',
        # the 304 of a copy has what the copy has
        "expr=(-z reqenv('RG_FETCHED') && %{REQUEST_STATUS} != 304) || \\\n"
        "    (-n reqenv('RG_SOURCE') && !(%{REQUEST_STATUS} == 304 && -n reqenv('RG_ASK'))) || \\\n"
        "    (%{REQUEST_STATUS} -ge 500 && reqenv('RG_DO') == 'fetch' && -n reqenv('RG_PAGE'))",
        tuple(sorted((*DROPPED, *_MORE), key=str.lower)),
        "Not here: no such project, file or URL in this index.\\n",
    )


def _said(text: str) -> str:
    return "${RG_POLICY}" if text == POLICY else text
