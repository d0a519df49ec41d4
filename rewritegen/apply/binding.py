"""Before a reload: whether the server will be able to listen where the new text says."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterable

from rewritegen.diagnostics import Problem

__all__ = ["unbindable"]

#: What a server gave up at a reload a moment ago, its old processes may still hold.
_SECONDS = 2.0
_PAUSE = 0.05


def unbindable(addresses: Iterable[tuple[str, int]]) -> tuple[Problem, ...]:
    """Return a problem for each address that cannot be bound now.

    nginx goes on with its old configuration then, and httpd ends. Both hold `127.0.0.1:8080` while they try to bind
    `8080`, so that such a change needs a restart.
    """
    problems = []
    deadline = time.monotonic() + _SECONDS
    for address, port in sorted(addresses):
        while (reason := _reason(address, port)) and time.monotonic() < deadline:
            time.sleep(_PAUSE)
        if reason:
            shown = f"{address}:{port}" if address else str(port)
            message = f"the new configuration listens on {shown}, which cannot be bound: {reason}"
            help = (
                "take another port; or, if it is the server itself that holds it under another address, write the "
                "files with `generate`, and restart it"
            )
            problems.append(Problem("RG848", message, None, help))
    return tuple(problems)


def _reason(address: str, port: int) -> str:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # as servers bind: connections that were closed a moment ago do not count
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "somebody listens there already"
            return (error.strerror or str(error)).lower()
    return ""
