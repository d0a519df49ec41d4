"""The generations that are kept, as text."""

from __future__ import annotations

from collections.abc import Iterator

from rewritegen.apply.model import Generation, difference
from rewritegen.apply.store import Store

__all__ = ["history"]


def history(store: Store, *, diffs: bool) -> Iterator[str]:
    """Yield a line for each generation, the newest first, and its diff when that is wanted."""
    for generation in reversed(store.generations()):
        yield _line(generation)
        if diffs:
            yield difference(generation).rstrip("\n")


def _line(generation: Generation) -> str:
    what = generation.what
    if generation.stands_for != generation.number:
        what = f"{what} to {generation.stands_for or 'what was there before'}"
    fingerprint = generation.fingerprint[:12] or "-"
    names = ", ".join(change.path.name for change in generation.needed)
    return f"{generation.number:>4}  {generation.when}  {fingerprint:<12}  {what}: {names}"
