"""Which configuration answers: the fingerprint at ``/-/rewritegen``, asked where the site listens."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any

from rewritegen.plan import Plan

__all__ = ["Address", "addresses_of", "await_fingerprint", "fingerprint_at"]

#: Right after a reload old and new processes accept side by side, on a busy machine for a while: one new answer does
#: not mean that the next is new.
_IN_A_ROW = 5
_PAUSE = 0.02

_WILDCARDS = {None: "127.0.0.1", "": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


@dataclass(frozen=True, slots=True)
class Address:
    """Where a site answers, and the name by which it is asked there."""

    scheme: str
    address: str
    port: int
    host: str
    """What stands in the Host header, and is asked for in TLS."""
    prefix: str = ""
    """What a front puts before the site's own paths; without a final slash."""

    def __str__(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{address}:{self.port}{self.prefix}"

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def addresses_of(plan: Plan) -> tuple[Address, ...]:
    """Return every address that a site listens on, as it is reached from this machine."""
    scheme = "https" if plan.tls else "http"
    return tuple(
        Address(scheme, _WILDCARDS.get(address, address or ""), port, plan.server_name)
        for address, port in plan.listen
    )


def fingerprint_at(address: Address, timeout: float = 1.0) -> str:
    """Return the fingerprint that is answered on a new connection; empty when nobody answers with one.

    The certificate is not looked at: it is for clients, who know the site by its name.
    """
    request = f"GET {address.prefix}/-/rewritegen HTTP/1.1\r\nHost: {address.host}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((address.address, address.port), timeout) as plain:
            connection = plain
            if address.scheme == "https":
                context = ssl._create_unverified_context()  # noqa: S323
                connection = context.wrap_socket(plain, server_hostname=address.host)
            with connection:
                connection.sendall(request.encode("ascii"))
                response = HTTPResponse(connection)
                response.begin()
                text = response.read(200).decode("ascii", errors="replace").strip()
                return text if response.status == 200 else ""
    except (OSError, HTTPException):
        return ""


def await_fingerprint(
    addresses: Iterable[Address],
    wanted: Callable[[str], bool],
    seconds: float,
    goes_on: Callable[[], bool] = lambda: True,
) -> tuple[Address, str] | None:
    """Ask until every address answers as wanted, several times in a row; return the one that does not in time.

    :param goes_on: asked before each wait; when it says no, the time is up.
    """
    deadline = time.monotonic() + seconds
    for address in addresses:
        in_a_row, came = 0, ""
        while in_a_row < _IN_A_ROW:
            came = fingerprint_at(address, max(0.2, min(2.0, deadline - time.monotonic())))
            if wanted(came):
                in_a_row += 1
                if in_a_row == _IN_A_ROW:
                    break
            else:
                in_a_row = 0
                if time.monotonic() > deadline or not goes_on():
                    return address, came
            with suppress(InterruptedError):
                time.sleep(_PAUSE)
    return None
