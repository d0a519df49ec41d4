"""Empty pages: the answer 200 that means "not here", told by its length, which is all of a body that httpd sees here.

Such a page is made to fail like all that is no answer, and says in the header of a redirect where it leads: to the 404
of the fetching host (``following``). So whoever asked, asks once more, of that host only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rewritegen.kinds import Empty
from rewritegen.names import MAX_NAME_LENGTH
from rewritegen.servers.apache.quoting import regex
from rewritegen.servers.apache.turns import PageTurn

__all__ = ["NOT_HERE", "EmptyPages", "empty_pages"]

#: Where an empty page leads; no Location of an upstream is sent like that: its host has a number.
NOT_HERE = "not-here"

#: Lengths of names on one line.
_MOST = 6


class EmptyPages(NamedTuple):
    """What makes the empty pages of one source fail."""

    comment: tuple[str, ...]
    groups: str
    """A pattern of its balancers: its own, and those of hosts that it may redirect to."""
    test: tuple[str, ...]
    """The lines of a pattern (?x) of status, name and length of such a page."""
    leads_to: str = NOT_HERE


def empty_pages(pages: tuple[PageTurn, ...]) -> Iterator[EmptyPages]:
    """Yield the sources that have such pages."""
    for page in pages:
        empty = page.step.upstream.empty
        if empty is not None:
            groups = f'"^{regex(page.group)}(?:_at[0-9]+)?/"'
            source = page.step.source
            words = (
                f"{source.key} {source.name}: empty: a page of just this length says that the",
                "project is not there; it leads to the 404 of this host",
            )
            yield EmptyPages(words, groups, tuple(_test(empty)))


def _test(empty: Empty) -> Iterator[str]:
    lengths = range(1, MAX_NAME_LENGTH + 1) if empty.names else (0,)
    found = [f"{f'.{{{n}}}' if n else '.+'}:{empty.length('n' * n)}" for n in lengths]
    for start in range(0, len(found), _MOST):
        yield f"{'|' if start else ''}{'|'.join(found[start : start + _MOST])}"
