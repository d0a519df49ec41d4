"""Scanned names: one file per canonical name, ever. A name leaves by :func:`forget` only, never by an accident."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.utils import NormalizedName

from rewritegen.pages.memory import load_memory, save_memory
from rewritegen.pages.store import State, names_in, sync_directory, write_file

__all__ = ["SENTINEL", "forget", "record_names"]

#: The servers answer 503 while it cannot be seen: a state that was lost must not look like a state without names.
#: No dot begins it, so that ``rm names/*`` takes it along, and ``~`` comes behind every name, so that what copies in
#: their order (rsync) and stops half way has not copied it.
SENTINEL = "~rewritegen-names"


def record_names(
    state: State, names: Mapping[str, Iterable[str]], fresh: Mapping[str, Iterable[str]]
) -> tuple[tuple[NormalizedName, ...], tuple[NormalizedName, ...]]:
    """Add names by source; return those that were not known before, and those of them that had gone unseen.

    :param names: all names of every source; what is missing is written, so that a name lost by accident comes back.
    :param fresh: those that a source did not have in the run before.

    Names go unseen while the sentinel stays: no server can tell that from a name that was never there.

    The sentinel comes last, so that a first run that is killed leaves a site that answers 503, not one that knows
    half of its names.
    """
    state.names.mkdir(parents=True, exist_ok=True)
    known = set(names_in(state.names))
    wanted: dict[str, list[str]] = {}
    for source, of_source in names.items():
        for name in of_source:
            wanted.setdefault(name, []).append(source)
    added = [NormalizedName(name) for name in sorted(wanted) if name not in known]
    for name in added:
        write_file(state.names / name, _lines(wanted[name]))
    for source, of_source in fresh.items():
        _write_source(state, source, set(of_source) & known)
    if added:
        sync_directory(state.names)
    if SENTINEL not in known:
        write_file(state.names / SENTINEL, b"", sync=True)
        sync_directory(state.names)
    fresh_names = {name for of_source in fresh.values() for name in of_source}
    unseen = tuple(name for name in added if SENTINEL in known and name not in fresh_names)
    return tuple(added), unseen


def _write_source(state: State, source: str, names: Iterable[str]) -> None:
    """Write a further source into the files of names that are known already; for people, no server reads it."""
    for name in names:
        path = state.names / name
        sources = path.read_text("utf-8", "replace").split()
        if source not in sources:
            write_file(path, _lines([*sources, source]))


def forget(state: Path, name: NormalizedName) -> bool:
    """Release a name, for good unless its directory is still there; return whether it was known.

    :raises OSError: when the state cannot be written.
    """
    at = State(state)
    with at.lock():
        for path in sorted(at.sources.glob("*.json")):
            memory = load_memory(path)
            if name in memory.names:
                memory.names.remove(name)
                save_memory(path, memory)
        try:
            (at.names / name).unlink()
        except FileNotFoundError:
            return False
        sync_directory(at.names)
        return True


def _lines(sources: Iterable[str]) -> bytes:
    return "".join(f"{source}\n" for source in sources).encode()
