"""Running probes: many at a time, each on its own, until all are done or the time is up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

from rewritegen.check.wire import OutOfTimeError

__all__ = ["Task", "run_tasks"]

#: Asks, and notes what it sees.
Task: TypeAlias = Callable[[], None]


def run_tasks(tasks: Iterable[Task], workers: int, progress: Callable[[int], None]) -> int:
    """Run all tasks; return how many did not come to their end because the time was up.

    :param progress: is called with the number of tasks that are done.
    """
    todo = list(tasks)
    with ThreadPoolExecutor(workers, thread_name_prefix="rg-check") as pool:
        futures = [pool.submit(task) for task in todo]
        late = 0
        try:
            for number, future in enumerate(futures, start=1):
                try:
                    future.result()
                except OutOfTimeError:
                    late += 1
                progress(number)
        except BaseException:
            pool.shutdown(cancel_futures=True)  # Ctrl-C waits for the requests in hand only
            raise
    return late
