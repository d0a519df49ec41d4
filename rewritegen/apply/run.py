"""``rewritegen apply``: what it does, in order, for one site."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rewritegen.answering import Address, fingerprint_at
from rewritegen.apply.asked import unheard
from rewritegen.apply.means import Means
from rewritegen.apply.model import ApplyFailedError, Generation, difference, state_after
from rewritegen.apply.prepare import next_generation, older_generation
from rewritegen.apply.store import Store
from rewritegen.apply.transaction import carry_out, named, recover
from rewritegen.diagnostics import Problem, visible
from rewritegen.servers.base import Files

__all__ = ["Order", "apply_site", "roll_back"]

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted, however it is reached."""

    wait: float = 0.0
    keep: int = 10
    force: bool = False
    dry_run: bool = False
    show: Say | None = None
    """Where the diff goes; None: nowhere."""


def apply_site(
    store: Store,
    means: Means,
    files: Files,
    directory: Path,
    addresses: tuple[Address, ...],
    order: Order,
) -> int:
    """Make a rendered site the one that answers; return the exit code.

    :raises RewritegenError: when nothing was touched.
    :raises ApplyFailedError: when it was tried, and the old files are back (or could not be brought back).
    """

    def prepare() -> Generation:
        return next_generation(store, files, directory, addresses, force=order.force)

    if order.dry_run:
        return _rehearse(store, means, prepare, order)
    with _told(store), store.lock(order.wait):
        recover(store, means, force=order.force)
        generation = prepare()
        if not generation.needed:
            return _make_answer(store, means, generation)
        for name in files.directories:
            (directory / name).mkdir(parents=True, exist_ok=True)
        return _change(store, means, generation, order)


def roll_back(store: Store, means: Means, number: int | None, order: Order) -> int:
    """Bring an older generation back; return the exit code.

    :raises RewritegenError: when nothing was touched.
    :raises ApplyFailedError: when it was tried, and what was there is back (or could not be brought back).
    """
    if order.dry_run:
        return _rehearse(store, means, lambda: older_generation(store, number), order)
    with _told(store), store.lock(order.wait):
        undone = recover(store, means, force=order.force)
        if undone is not None and undone.what == "apply" and number is None:
            return 0  # what was begun last is undone, and that was asked for
        generation = older_generation(store, number)
        if not generation.needed:
            return _make_answer(store, means, generation)
        means.say(f"back to {_name(generation.stands_for)}")
        return _change(store, means, generation, order)


def _change(store: Store, means: Means, generation: Generation, order: Order) -> int:
    if order.show is not None:
        order.show(difference(generation))
    with unheard():
        carry_out(store, means, generation, order.keep)
        with _told(store, f"generation {generation.number} is in place, and then it went wrong"):
            _tell(store, means, generation)
    return 0


def _tell(store: Store, means: Means, generation: Generation) -> None:
    """Say what was committed, to people and to the hook."""
    for change in generation.needed:
        verb = "removed" if change.after is None else "wrote"
        means.say(f"{verb} {visible(str(change.path))}")
    means.say(f"generation {generation.number} is in place")
    result = "applied" if generation.what == "apply" else "rolled-back"
    if problem := means.run_after(generation, result, store.root):
        raise ApplyFailedError(problem, undone=False)


def _make_answer(store: Store, means: Means, generation: Generation) -> int:
    """The files are right already; the server may not have read them yet."""
    if all(fingerprint_at(place, 5.0) == generation.fingerprint for place in generation.addresses):
        means.say("unchanged")
        return 0
    means.say(
        "the files are as they should be, but the server does not answer with them: reloading"
    )
    if means.tests_installed:
        means.test_installed()
    else:
        _try_out(store, means, generation)
    means.reload()
    means.await_new(generation)
    return 0


def _rehearse(store: Store, means: Means, prepare: Callable[[], Generation], order: Order) -> int:
    """Say what would be done, and let the server test it where it can be tested apart."""
    with store.lock_if_possible(order.wait):
        return _rehearsed(store, means, prepare(), order)


def _rehearsed(store: Store, means: Means, generation: Generation, order: Order) -> int:
    if pending := store.pending():
        means.say(f"{named(pending)} was interrupted: it would be undone first")
    if order.show is not None:
        order.show(difference(generation))
    if not generation.needed:
        means.say("no file would change")
        return 0
    for change in generation.needed:
        verb = "remove" if change.after is None else "write"
        means.say(f"would {verb} {visible(str(change.path))}")
    if means.tests_installed:
        means.say("would test it when it is installed: the test command reads no other file")
    else:
        try:
            _try_out(store, means, generation)
            means.say(f"{means.server} accepts it")
        except OSError as error:
            means.say(f"not tested: {error.strerror or error}: {visible(str(error.filename))}")
    return 3


def _try_out(store: Store, means: Means, generation: Generation) -> None:
    last = store.last()
    means.try_out(state_after(generation), store.trial, state_after(last) if last else {})


def _name(number: int) -> str:
    return f"generation {number}" if number else "what was there before the first generation"


_HELP = {
    errno.ENOSPC: "make room there, and run it again",
    errno.EDQUOT: "make room there, and run it again",
    errno.EROFS: "the file system is mounted read-only: mount it writable, or name another place",
    errno.EACCES: "run it as a user who may write there, or name another place (-o DIR, --state DIR)",
    errno.EPERM: "run it as a user who may write there, or name another place (-o DIR, --state DIR)",
    errno.ENOENT: "is the name right? -o DIR, --server-config FILE, --state DIR",
}


@contextmanager
def _told(store: Store, so_far: str = "nothing is changed") -> Iterator[None]:
    """Make what the system refused a problem with a help; by then nothing is changed, or ``so_far``.

    :raises ApplyFailedError: RG853.
    """
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"{so_far}: {reason}: {visible(str(error.filename or store.base))}"
        help = _HELP.get(error.errno or 0, "mend that, and run it again")
        raise ApplyFailedError(Problem("RG853", message, None, help)) from error
