"""One change from beginning to end: tried out, written down, put in place, loaded, looked at; or undone.

Killed at any point, a server that is started in that moment finds the old files or the new ones, each of them whole and
accepted by the server's own test; and what is written down tells the next run what to put back.
"""

from __future__ import annotations

from rewritegen.apply.asked import heard, unheard
from rewritegen.apply.means import Means
from rewritegen.apply.model import (
    ApplyFailedError,
    FileChange,
    Generation,
    NotRunningError,
    state_after,
)
from rewritegen.apply.store import Store
from rewritegen.apply.trial import sweep
from rewritegen.diagnostics import Problem, RewritegenError, visible
from rewritegen.placing import Standing, present, put, waiting_names

__all__ = ["carry_out", "named", "recover"]


def carry_out(store: Store, means: Means, generation: Generation, keep: int) -> None:
    """Make a generation the one that is there and answers, or leave everything as it was.

    Called where signals wait (:func:`unheard`): they are answered until it is committed, and while nothing is undone.

    :raises ApplyFailedError: when it did not work; the text says whether the old files are back.
    """
    installs_first = means.tests_installed or _has_files_of_its_own(generation)
    with heard():
        if not installs_first:
            last = store.last()
            means.try_out(state_after(generation), store.trial, state_after(last) if last else {})
        means.expect_running()
        means.run_before(generation, store.root)
    try:
        _expect(generation)
        store.begin(generation)
        _change(store, means, generation, keep, installs_first=installs_first)
    except BaseException:
        result = "failed" if store.is_under_way() else "undone"
        if problem := means.run_after(generation, result, store.root):
            means.say(f"warning: {problem.message}")
        raise


def _change(
    store: Store, means: Means, generation: Generation, keep: int, *, installs_first: bool
) -> None:
    try:
        with heard():
            _install(means, generation, installs_first=installs_first)
        store.commit(generation, keep)
    except BaseException as error:
        _undo(store, means, generation, error)
        raise


def _install(means: Means, generation: Generation, *, installs_first: bool) -> None:
    for change in generation.needed:
        _put(means, change, change.after, change.becomes)
    if installs_first:
        means.test_installed()
    unseen = means.is_answered(generation)
    means.reload()
    if unseen:
        means.give_time(generation)
    means.await_new(generation)
    if not unseen:
        said = generation.fingerprint[:12] or "nothing of ours"
        means.say(f"{means.server} answers with {said}")
    _look(means, generation)


def recover(store: Store, means: Means, *, force: bool) -> Generation | None:
    """Undo what a killed run began, and return it; None when nothing was put back.

    :raises RewritegenError: RG851 when somebody else has changed the files since, unless ``force``.
    :raises ApplyFailedError: when the server does not come back with the old files.
    """
    store.tidy()
    sweep(means.live, store.trial)
    pending = store.pending()
    if pending is None:
        return None
    for change in pending.needed:
        for like in (change.was, change.becomes):
            for waiting in waiting_names(change.path, like):
                waiting.unlink(missing_ok=True)
    if strange := [change for change in pending.needed if not _is_ours(change)]:
        if not force:
            raise RewritegenError([_changed_since(change) for change in strange])
        store.abandon()
        names = ", ".join(visible(str(change.path)) for change in pending.needed)
        means.say(
            f"warning: {named(pending)} was interrupted: it is forgotten, not undone: {names}"
        )
        return None
    means.say(f"{named(pending)} was interrupted: the files before it are put back")
    with unheard():
        _restore(store, means, pending, certainly=True)
    return pending


def named(pending: Generation) -> str:
    """Return what was begun and not ended, in words."""
    return f"{'an apply' if pending.what == 'apply' else 'a rollback'} of {pending.when}"


def _undo(store: Store, means: Means, generation: Generation, cause: BaseException) -> None:
    """Put the old files back after a failure, and say so in the failure.

    :raises ApplyFailedError: when that fails, too; what is written down stays for the next run.
    """
    try:
        _restore(store, means, generation, certainly=False)
    except BaseException as second:  # noqa: BLE001 - it is told, whatever it is
        raise _not_undone(cause, second) from cause
    means.say("the files before it are back")


def _restore(store: Store, means: Means, generation: Generation, *, certainly: bool) -> None:
    """Put the old files back and load them.

    :param certainly: the new ones may be loaded: nobody was there to see whether they were.
    """
    for change in reversed(generation.needed):
        if present(change.path) != change.before:
            _put(means, change, change.before, change.was)
    try:
        means.reload()
    except ApplyFailedError as error:
        # where nothing answered before, there may be no server to reload; what was to be rolled back may be broken
        done = isinstance(error, NotRunningError) or (certainly and generation.what == "rollback")
        if generation.was and certainly and not done:
            raise
        means.say(f"warning: {error.problems[0].message}")
        if done:
            store.abandon()
            return
    if generation.was and generation.was == generation.fingerprint:
        means.give_time(generation)
    means.await_old(generation)
    store.abandon()


def _put(means: Means, change: FileChange, data: bytes | None, like: Standing | None) -> None:
    if put(change.path, data, like):
        means.say(
            f"warning: {visible(str(change.path))} is mounted by itself and was written in place: "
            "who reads it in that moment sees half of it; mount its directory instead"
        )


def _expect(generation: Generation) -> None:
    """Look once more whether the files are what is written down: what somebody wrote meanwhile would be lost.

    :raises ApplyFailedError: RG855.
    """
    strange = [change for change in generation.needed if present(change.path) != change.before]
    if strange:
        message = f"{visible(str(strange[0].path))} was changed by somebody else meanwhile"
        raise ApplyFailedError(Problem("RG855", message, None, "run it again"))


def _look(means: Means, generation: Generation) -> None:
    if means.check is None or not generation.fingerprint:
        return
    if problems := means.check(generation):
        raise ApplyFailedError(*problems)


def _has_files_of_its_own(generation: Generation) -> bool:
    """Tell whether something changes that no `include` names: a test of copies would read the installed one."""
    return any(change.path.suffix != ".conf" for change in generation.needed)


def _is_ours(change: FileChange) -> bool:
    """Tell whether a file is what it was, what it becomes, or the half of that which a killed write in place left."""
    now = present(change.path)
    if now in (change.before, change.after):
        return True
    return now is not None and any(
        data is not None and data.startswith(now) for data in (change.before, change.after)
    )


def _changed_since(change: FileChange) -> Problem:
    message = (
        f"{visible(str(change.path))} was changed by somebody else after an apply was interrupted"
    )
    help = "keep what is wanted of it, then run it again with --force: what was interrupted is forgotten"
    return Problem("RG851", message, None, help)


def _not_undone(cause: BaseException, second: BaseException) -> ApplyFailedError:
    problems = list(cause.problems) if isinstance(cause, RewritegenError) else []
    if isinstance(second, OSError):
        reason = f"{(second.strerror or str(second)).lower()}: {visible(str(second.filename))}"
    elif isinstance(second, RewritegenError):
        reason = second.problems[0].message
    else:
        reason = f"{type(second).__name__} {visible(str(second))}".strip()
    help = "mend that, and run it again: it is written down what to put back"
    message = f"the change failed, and could not be undone: {reason}"
    problems.append(Problem("RG852", message, None, help))
    return ApplyFailedError(*problems, undone=False)
