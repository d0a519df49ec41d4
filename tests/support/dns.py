"""A name server whose records change while it runs, to be silent or ignorant at will (RFC 1035, A and AAAA only)."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.support.processes import HOST

__all__ = ["NameServer", "name_server"]

_NXDOMAIN = 3
_A, _IN = 1, 1


@dataclass(slots=True)
class NameServer:
    """Answers on one UDP port; every answer has a time to live of ``ttl`` seconds."""

    port: int
    records: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Name -> IPv4 addresses; a name that is not here does not exist (NXDOMAIN)."""
    silent: bool = False
    """Answer nothing at all."""
    ttl: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        """As nginx's ``resolver`` wants it."""
        return f"{HOST}:{self.port}"

    def reply(self, query: bytes) -> bytes | None:
        """The answer to one datagram, or None for silence."""
        name, end = _name(query)
        kind, _ = struct.unpack("!HH", query[end : end + 4])
        self.asked.append(name)
        if self.silent:
            return None
        known = self.records.get(name)
        addresses = known if known and kind == _A else ()
        flags = 0x8180 | (0 if known is not None else _NXDOMAIN)
        head = query[:2] + struct.pack("!HHHHH", flags, 1, len(addresses), 0, 0)
        rows = (
            struct.pack("!HHHIH", 0xC00C, _A, _IN, self.ttl, 4) + socket.inet_aton(address)
            for address in addresses
        )
        return head + query[12 : end + 4] + b"".join(rows)


def _name(query: bytes) -> tuple[str, int]:
    """The name that is asked for, and where its type stands."""
    at, labels = 12, []
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode("ascii").lower())
        at += 1 + length
    return ".".join(labels), at + 1


@contextlib.contextmanager
def name_server(**records: str) -> Iterator[NameServer]:
    """A name server on a port of the loopback interface; ``index_test="127.0.0.2"`` is ``index.test``."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind((HOST, 0))
        known: dict[str, tuple[str, ...]] = {
            name.replace("_", "."): (address,) for name, address in records.items()
        }
        server = NameServer(listening.getsockname()[1], known)
        thread = threading.Thread(target=_serve, args=(listening, server), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            _wake(listening)
            thread.join(5)


def _serve(listening: socket.socket, server: NameServer) -> None:
    while True:
        query, client = listening.recvfrom(4096)
        if not query:
            return
        answer = server.reply(query)
        if answer is not None:
            listening.sendto(answer, client)


def _wake(listening: socket.socket) -> None:
    """Send the empty datagram that ends the thread."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
        sending.sendto(b"", listening.getsockname())
