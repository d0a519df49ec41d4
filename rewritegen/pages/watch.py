"""``rewritegen index --watch``: index again when something changes, and now and then in case nobody says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from time import monotonic

from rewritegen.pages.model import IndexJob, IndexReport, Progress
from rewritegen.pages.run import run_index

__all__ = ["watch"]

#: Seconds between two looks at the roots and at ``stop_event``.
_TICK = 1.0


def watch(
    job: IndexJob,
    on_report: Callable[[IndexReport], None],
    stop_event: Event,
    *,
    rescan: float = 60.0,
    quiet: float = 0.3,
    progress: Progress | None = None,
) -> None:
    """Index, and again after every change, until ``stop_event`` is set.

    :param on_report: gets the report of the first run, and of every run that changed something or found other problems
        than the one before.
    :param rescan: seconds after which a run is made though nothing was heard: network file systems do not tell.
    :param quiet: seconds without a change after which a burst of changes counts as over.
    :raises ImportError: when watchfiles is not installed (``pip install rewritegen[watch]``).
    """
    import watchfiles  # noqa: F401 - fail now, not after the first run

    last: IndexReport | None = None
    while not stop_event.is_set():
        # Watched anew whenever a root comes, goes or is mounted over: the system watches directories, not their names.
        watched = _roots(job)
        ran = 0.0
        for changed in _ticks(sorted(watched), stop_event, quiet):
            if changed or monotonic() - ran >= rescan:
                ran = monotonic()
                report = run_index(job, progress=progress)
                if _is_news(report, last):
                    on_report(report)
                last = report
            if stop_event.is_set() or _roots(job) != watched:
                break


def _ticks(roots: list[Path], stop_event: Event, quiet: float) -> Iterator[bool]:
    """Yield about once a second and after every burst of changes; True when something changed."""
    import watchfiles

    yield True
    first = True
    try:
        if roots:
            for changes in watchfiles.watch(
                *roots,
                watch_filter=None,
                step=int(quiet * 1000),
                rust_timeout=int(_TICK * 1000),
                yield_on_timeout=True,
                stop_event=stop_event,
                raise_interrupt=True,
            ):
                # What happened between the run before and the start of the watcher was not heard: run once more.
                yield bool(changes) or first
                first = False
            return
    except (OSError, RuntimeError):
        yield True  # the root went away just now, or the system has no watch to spare: ask the clock instead
    while not stop_event.wait(_TICK):
        yield False


def _roots(job: IndexJob) -> dict[Path, tuple[int, int]]:
    """Return the roots that are there, with device and inode."""
    found = {}
    for tree in job.trees:
        try:
            status = tree.path.stat()
        except OSError:
            continue
        found[tree.path] = (status.st_dev, status.st_ino)
    return found


def _is_news(report: IndexReport, last: IndexReport | None) -> bool:
    touched = any(source.read or source.written for source in report.sources)
    return last is None or touched or bool(report.names_added) or report.problems != last.problems
