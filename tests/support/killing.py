"""A call in a child process that dies, or is refused by the system, at the n-th change that it makes.

Counted are the calls that change a file system, and the programs that are started, before and after. A file that is
opened for writing counts twice, so that the child also dies when it is there and still empty.
"""

from __future__ import annotations

import errno
import itertools
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["CHANGES", "die_before", "in_a_child", "refuse_at"]

CHANGES = ("replace", "rename", "mkdir", "rmdir", "unlink", "utime", "fsync", "symlink", "link")


def in_a_child(call: Callable[[], int], last: int) -> int:
    """Run it in a child that dies before its ``last``-th change; return the exit code, negative for a signal."""
    child = os.fork()
    if child == 0:
        try:
            die_before(last)
            os._exit(call())
        finally:
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die_before(last: int) -> None:
    """Count, for good, so in a child only."""
    calls = itertools.count(1)
    lock = threading.Lock()

    def step() -> None:
        with lock:
            if next(calls) == last:
                os.kill(os.getpid(), signal.SIGKILL)

    _wrap(step, setattr)
    started = subprocess.Popen.__init__
    waited = subprocess.Popen.wait

    def start(self: Any, *arguments: Any, **keywords: Any) -> None:
        step()
        started(self, *arguments, **keywords)

    def wait(self: Any, *arguments: Any, **keywords: Any) -> Any:
        code = waited(self, *arguments, **keywords)
        step()
        return code

    subprocess.Popen.__init__ = start  # type: ignore[method-assign]
    subprocess.Popen.wait = wait  # type: ignore[method-assign]


def refuse_at(number: int, code: int, put: Callable[[Any, str, Any], None]) -> Callable[[], bool]:
    """Refuse the ``number``-th change with an error of the system; what is returned tells whether it came to that.

    :param put: sets an attribute of a module, and takes care that it is set back.
    """
    calls = itertools.count(1)
    refused = [False]

    def step() -> None:
        if next(calls) == number:
            refused[0] = True
            raise OSError(code, os.strerror(code))

    _wrap(step, put, leave={"unlink", "rmdir"} if code == errno.ENOSPC else set())
    return lambda: refused[0]


def _wrap(
    step: Callable[[], None],
    put: Callable[[Any, str, Any], None],
    leave: set[str] | frozenset[str] = frozenset(),
) -> None:
    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any, **keywords: Any) -> Any:
            step()
            return function(*arguments, **keywords)

        return wrapper

    opens = os.open

    def open_file(path: Any, flags: int, *arguments: Any, **keywords: Any) -> int:
        writes = flags & (os.O_WRONLY | os.O_RDWR)
        if writes:
            step()
        descriptor: int = opens(path, flags, *arguments, **keywords)
        if writes:
            step()
        return descriptor

    for name in CHANGES:
        if name not in leave:
            put(os, name, counted(getattr(os, name)))
    put(os, "open", open_file)
