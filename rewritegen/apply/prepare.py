"""Which generation comes next: from a rendered site, or back to an older one."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from rewritegen.answering import Address, fingerprint_at
from rewritegen.apply.model import FileChange, Generation, state_after
from rewritegen.apply.store import Store
from rewritegen.diagnostics import Problem, RewritegenError, visible
from rewritegen.placing import Standing, present, real, standing
from rewritegen.provenance import fingerprint_of, foreign
from rewritegen.servers.base import Files

__all__ = ["next_generation", "older_generation"]

_HEX = re.compile(r"[0-9a-f]{64}")


def next_generation(
    store: Store, files: Files, directory: Path, addresses: tuple[Address, ...], *, force: bool
) -> Generation:
    """Return the generation that a rendered site makes of what is there.

    What the last generation wrote and this one does not, goes: another scope or directory would be loaded beside it.

    :raises RewritegenError: RG811 when a file would be lost that was not generated as it is, unless ``force``.
    """
    last = store.last()
    known = dict(state_after(last)) if last else {}
    directory = directory.absolute()
    wanted: dict[Path, bytes | None] = {
        directory / name: text.encode() for name, text in files.texts
    }
    changes = _changes(_instead(known, wanted))
    if not force and (problems := _handmade(changes, known, files, directory)):
        raise RewritegenError(problems)
    return _generation(last, changes, files.fingerprint, addresses, None)


def older_generation(store: Store, number: int | None) -> Generation:
    """Return the generation that brings an older one back: the one before the last, or ``number``.

    When what is there is not what the last generation wrote, that one comes back: what broke it was something else.

    :raises RewritegenError: RG854 when it is not kept any more.
    """
    kept = {generation.number: generation for generation in store.generations()}
    if not kept:
        raise RewritegenError([_not_kept(store, "nothing was applied here yet", ())])
    last = kept[max(kept)]
    now = state_after(last)
    if number is not None:
        return _to(store, last, kept, number)
    if any(present(path) != data for path, data in now.items()):
        return _generation(
            last, _changes(now, _left_by(last)), last.fingerprint, last.addresses, last.stands_for,
            what="rollback",
        )  # fmt: skip
    base = kept.get(last.stands_for)
    if base is None:
        message = "what was before is not kept any more"
        if last.stands_for == 0:
            message = "there is nothing older than what was there before the first generation"
        raise RewritegenError([_not_kept(store, message, kept)])
    wanted = _instead(now, {change.path: change.before for change in base.changes})
    return _generation(
        last, _changes(wanted, {change.path: change.was for change in base.changes}),
        _said_by(wanted), base.was_at, base.previous, what="rollback",
    )  # fmt: skip


def _to(store: Store, last: Generation, kept: Mapping[int, Generation], number: int) -> Generation:
    found = kept.get(number)
    if found is None:
        message = f"there is no generation {number}"
        raise RewritegenError([_not_kept(store, message, kept)])
    wanted = _instead(state_after(last), state_after(found))
    return _generation(
        last, _changes(wanted, _left_by(found)), found.fingerprint, found.addresses, found.stands_for,
        what="rollback",
    )  # fmt: skip


def _said_by(wanted: Mapping[Path, bytes | None]) -> str:
    """Return the fingerprint that files say they have, which is what a server answers that has read them."""
    texts = (data.decode("utf-8", "replace") for data in wanted.values() if data)
    return next(filter(None, map(fingerprint_of, texts)), "")


def _instead(old: Iterable[Path], new: Mapping[Path, bytes | None]) -> dict[Path, bytes | None]:
    """Return what is wanted in the place of old files, which go. One file under two spellings is one that stays."""
    kept = set(map(real, new))
    return {**{path: None for path in old if real(path) not in kept}, **new}


def _left_by(generation: Generation) -> Mapping[Path, Standing | None]:
    """Return mode, owner and link of the files after a generation: they keep them, or were given them."""
    return {change.path: change.was or change.becomes for change in generation.changes}


def _changes(
    wanted: Mapping[Path, bytes | None], becomes: Mapping[Path, Standing | None] | None = None
) -> tuple[FileChange, ...]:
    """Return the changes, in an order that a server can be started in.

    What goes may be needed until the new files are there. But where it comes back elsewhere, it goes first: a server
    that is started between the two renames has the host not at all then; with both it would not start.
    """
    found = [
        FileChange(path, present(path), data, standing(path), (becomes or {}).get(path))
        for path, data in wanted.items()
    ]
    written = {change.path.name for change in found if change.after is not None}
    moved = not any(None not in (change.before, change.after) for change in found)

    def turn(change: FileChange) -> int:
        if change.after is not None:
            return 1
        return 0 if moved or change.path.name in written else 2

    return tuple(sorted(found, key=turn))


def _generation(
    last: Generation | None,
    changes: tuple[FileChange, ...],
    fingerprint: str,
    addresses: tuple[Address, ...],
    stands_for: int | None,
    what: str = "apply",
) -> Generation:
    number = (last.number if last else 0) + 1
    was_at = (last.addresses if last else ()) or addresses
    answers = bool(was_at) and bool(_HEX.fullmatch(fingerprint_at(was_at[0], 5.0)))
    before = {change.path: change.before for change in changes}
    return Generation(
        number=number,
        stands_for=number if stands_for is None else stands_for,
        previous=last.stands_for if last else 0,
        what=what,
        when=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        fingerprint=fingerprint,
        addresses=addresses,
        was=_said_by(before) if answers else "",
        was_at=was_at,
        changes=changes,
    )


def _handmade(
    changes: Iterable[FileChange], known: Mapping[Path, bytes | None], files: Files, directory: Path
) -> tuple[Problem, ...]:
    """Return a problem for each file that would be lost and that nobody could make again."""
    wrote = {real(path): data for path, data in known.items()}
    doubtful = [
        change
        for change in changes
        if change.needed and change.before not in (None, wrote.get(real(change.path)))
    ]
    ours = [change.path.name for change in doubtful if change.after is not None]
    gone = [change.path for change in doubtful if change.after is None]
    help = "keep what is wanted of it, then remove it, or run this with --force"
    return (
        *foreign(files, directory, ours),
        *(
            Problem("RG811", f"{visible(str(path))} would go, and was changed by hand", None, help)
            for path in gone
        ),
    )


def _not_kept(store: Store, message: str, kept: Iterable[int]) -> Problem:
    numbers = ", ".join(map(str, sorted(kept))) or "none"
    help = f"kept in {visible(str(store.root))}: {numbers}; --keep N keeps more"
    return Problem("RG854", message, None, help)
