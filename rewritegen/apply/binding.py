"""Before a reload: whether the server will be able to listen where the new text says."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable

from rewritegen.diagnostics import Problem

__all__ = ["unbindable"]


def unbindable(
    wanted: Iterable[tuple[str, int]], present: Iterable[tuple[str, int]]
) -> tuple[Problem, ...]:
    """Return a problem for each new address that cannot be bound now.

    httpd ends at a reload when it cannot bind an address; what it holds already, it keeps. It holds `127.0.0.1:8080`
    while it tries to bind `8080`, so that such a change needs a restart.
    """
    problems = []
    for address, port in sorted(set(wanted) - set(present)):
        reason = _reason(address, port)
        if reason:
            shown = f"{address}:{port}" if address else str(port)
            message = f"the new configuration listens on {shown}, which cannot be bound: {reason}"
            help = (
                "at the reload httpd would end: take another port; or, if it is httpd itself that holds the port "
                "under another address, write the files with `generate` and restart it"
            )
            problems.append(Problem("RG848", message, None, help))
    return tuple(problems)


def _reason(address: str, port: int) -> str:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # as servers bind: connections that were closed a moment ago do not count
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "somebody listens there already"
            return (error.strerror or str(error)).lower()
    return ""
