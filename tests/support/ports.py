"""Ports of the loopback interface that servers under test listen on."""

from __future__ import annotations

import os
import random
import socket

__all__ = ["HOST", "free_port"]

HOST = "127.0.0.1"

#: Below what Linux (32768) and others (49152) give to connections; each worker has every fourth.
_FIRST_PORT, _LAST_PORT, _WORKERS = 10240, 32768, 4
_PORTS = random.SystemRandom()

_given_ports: set[int] = set()


def free_port() -> int:
    """A TCP port on the loopback interface that nothing listens on; the same one is never given twice.

    It is none of those that the system gives to connections, because it is bound some time after this returns, and no
    other worker of pytest-xdist is given it.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for _ in range(1000):
        port = _PORTS.randrange(_FIRST_PORT, _LAST_PORT, _WORKERS) + worker % _WORKERS
        if port not in _given_ports and _is_free(port):
            _given_ports.add(port)
            return port
    raise AssertionError(f"no port between {_FIRST_PORT} and {_LAST_PORT} is free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # as servers bind it: connections that were closed a moment ago do not count
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
