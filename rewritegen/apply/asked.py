"""When an apply is asked to end (Ctrl-C, SIGTERM, a lost terminal), and when it listens to that.

What is being undone is undone to its end, and what is committed stays: to be asked in the middle of either would leave
half of it. The signals wait then, and are answered afterwards.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["ended_politely", "heard", "unheard"]

_ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Ears:
    """The handlers of the three signals, while they are exchanged for one that only remembers."""

    def __init__(self) -> None:
        self._handlers: dict[int, Callable[[int, FrameType | None], Any] | int] = {}
        self._came: int | None = None

    def close(self) -> None:
        for number in _ASKING:
            handler = signal.getsignal(number)
            # what is ignored stays so: by nohup, or because it was asked already
            if handler is not None and handler is not signal.SIG_IGN:
                self._handlers[number] = handler
                signal.signal(number, self._remember)

    def open(self, *, answer: bool) -> None:
        while self._handlers:
            number, handler = self._handlers.popitem()
            if signal.getsignal(number) == self._remember:
                signal.signal(number, handler)
        came, self._came = self._came, None
        if came is not None and answer:
            signal.raise_signal(came)

    def _remember(self, number: int, _frame: FrameType | None) -> None:
        self._came = self._came or number


#: Of the one apply of this process: one, or none.
_closed: list[_Ears] = []


@contextmanager
def unheard() -> Iterator[None]:
    """Let the three signals wait until the end of the block; in it, :func:`heard` lets them be answered for a while."""
    if _closed or threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is told of signals
        return
    ears = _Ears()
    _closed.append(ears)
    ended = False
    try:
        ears.close()
        yield
        ended = True
    finally:
        _closed.clear()
        ears.open(answer=ended)  # what ends by an exception ends, and its reason is told


@contextmanager
def heard() -> Iterator[None]:
    """Let the signals be answered, by an exception, which ends the block; after it they wait again."""
    if not _closed:
        yield
        return
    ears = _closed.pop()
    try:
        ears.open(answer=True)
        yield
    finally:
        _closed.append(ears)
        ears.close()


@contextmanager
def ended_politely() -> Iterator[None]:
    """Make each way of asking it to end undo what was begun, and be asked once only."""
    # what nohup ignores stays ignored
    numbers = [number for number in _ASKING if signal.getsignal(number) is not signal.SIG_IGN]

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    previous = [(number, signal.signal(number, stop)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in previous:
            signal.signal(number, handler)
