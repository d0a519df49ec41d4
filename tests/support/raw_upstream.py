"""An upstream that answers with bytes, also such as no HTTP server sends."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from tests.support.exchange import Mode, Recorded
from tests.support.upstream import Index

__all__ = ["RawIndex", "Sender", "peak_kilobytes"]

#: Sends an answer, whatever it is; the connection is closed behind it.
Sender: TypeAlias = Callable[[socket.socket], None]


class RawIndex(Index):
    """An index that answers some paths with bytes, and counts what it was rid of."""

    def __init__(self, projects: Mapping[str, Mapping[str, bytes]]) -> None:
        super().__init__(projects)
        self.raw: dict[str, bytes | Sender] = {}
        self.keeps_open: set[str] = set()
        """Paths whose connection stays open behind the answer."""

    def _answer(self, connection: socket.socket, mode: Mode, request: Recorded) -> bool:
        path = request.target.partition("?")[0]
        found = self.raw.get(path)
        if found is None:
            return super()._answer(connection, mode, request)
        if isinstance(found, bytes):
            connection.sendall(found)
        else:
            found(connection)
        return path in self.keeps_open


def peak_kilobytes(pid: int) -> dict[int, int]:
    """The largest resident size so far of a process and of all below it (VmHWM of proc(5))."""
    sizes: dict[int, int] = {}
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{one}/status").read_text()
            if "VmHWM:" in status:  # not of one that has ended
                sizes[one] = int(status.partition("VmHWM:")[2].split()[0])
            for task in os.listdir(f"/proc/{one}/task"):  # noqa: PTH208 - names only
                children = Path(f"/proc/{one}/task/{task}/children").read_text()
                waiting.extend(map(int, children.split()))
    return sizes
