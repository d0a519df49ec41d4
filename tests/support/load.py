"""Clients that never stop asking: half of them on kept connections, half on a new one for each request.

What counts as failed is what pip and uv would tell somebody: no answer, a broken one, or a status that is not expected.
A kept connection may be closed by the server at any moment, also in the one in which a request is on its way
(RFC 9112, 9.3.1); a client asks again on a new connection then, if nothing of an answer had come (RFC 9110, 9.2.2).
pip's urllib3 and uv's reqwest do; so do these clients, and count it. They do so once, for kept connections only.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.ports import HOST

__all__ = ["Load", "load"]

_TIMEOUT_SECONDS = 60.0


@dataclass
class Load:
    """What the clients saw so far."""

    port: int
    targets: Sequence[str]
    pause: float = 0.03
    answered: int = 0
    asked_again: int = 0
    failures: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def _client(self, number: int) -> None:
        keeps = number % 2 == 0
        kept: http.client.HTTPConnection | None = None
        turn = number
        # a pause, so that the servers and the tests get something of two processors, too
        while not self._stop.wait(self.pause):
            target = self.targets[turn % len(self.targets)]
            turn += 1
            used = kept
            try:
                kept = self._ask(kept, target, keeps=keeps)
            except (OSError, http.client.HTTPException) as error:
                kept = None
                # nothing of an answer had come, on a connection that had been used before
                unread = isinstance(error, (http.client.RemoteDisconnected, ConnectionError))
                if used is not None and unread:
                    self._count(again=1)
                    try:
                        kept = self._ask(None, target, keeps=keeps)
                    except (OSError, http.client.HTTPException) as second:
                        self._failed(f"{target}, asked again: {second!r}")
                else:
                    self._failed(f"{target}, {'kept' if used else 'new'}: {error!r}")
        if kept is not None:
            kept.close()

    def _ask(
        self, kept: http.client.HTTPConnection | None, target: str, *, keeps: bool
    ) -> http.client.HTTPConnection | None:
        connection = kept or http.client.HTTPConnection(HOST, self.port, timeout=_TIMEOUT_SECONDS)
        try:
            headers = {"Host": "packages.example.org"}
            if not keeps:
                headers["Connection"] = "close"
            connection.request("GET", target, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        except BaseException:
            connection.close()
            raise
        if answer.status != 200 or not body:
            self._failed(f"{target}: {answer.status}, {len(body)} bytes")
        self._count(status=answer.status)
        if not keeps or answer.will_close:
            connection.close()
            return None
        return connection

    def _count(self, *, status: int = 0, again: int = 0) -> None:
        with self._lock:
            self.asked_again += again
            if status:
                self.answered += 1
                self.statuses[status] += 1

    def _failed(self, text: str) -> None:
        with self._lock:
            self.failures.append(f"{time.monotonic():.3f} {text}")


@contextmanager
def load(port: int, targets: Sequence[str], clients: int = 50) -> Iterator[Load]:
    """Let so many clients ask; they end with the block."""
    seen = Load(port, targets)
    threads = [threading.Thread(target=seen._client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        seen._stop.set()
        for thread in threads:
            thread.join(2 * _TIMEOUT_SECONDS)
