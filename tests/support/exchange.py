"""What goes over the wire between a server under test and its upstream, and how the upstream may fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["ELSEWHERE", "NO_ANSWER", "Mode", "Recorded", "Reply"]

Mode = Literal[
    "ok",
    "404",
    "429",
    "500",
    "502",
    "503",
    "504",
    "refuse",  # the port is closed
    "reset",  # RST instead of an answer
    "hang",  # not a byte
    "slow",  # in five pieces, half a second in all
    "drip",  # in five pieces, each gap shorter than `read` in the tests, all together longer
    "stall",  # half of the body, then nothing for longer than `read`, then the rest
    "truncated",  # half of the body, then the end
    "too-long",  # more bytes announced than sent
    "too-short",  # fewer bytes announced than sent
    "html",  # HTML, whatever was asked for
    "text",  # text/plain, as a portal in between answers
    "gzip",  # compressed, unasked
    "redirect",  # to a host that nobody declared
    "moved",  # 301 to the same path at `moved_to`
    "respelt",  # 301 to another spelling of the project's name, which answers
    "loop",  # 301 to itself
]

ELSEWHERE = "https://elsewhere.example.org/simple/"
"""Where the mode ``redirect`` sends its client."""

#: Modes that give a client no answer, or not the whole of one.
NO_ANSWER = frozenset({"refuse", "reset", "hang", "stall", "truncated", "too-long"})


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it came in."""

    server: str
    """``index`` or ``files``."""
    raw: bytes
    """Request line, headers and the blank line."""
    sni: str | None
    """The name in the TLS handshake."""

    @property
    def line(self) -> str:
        """The request line."""
        return self.raw.split(b"\r\n", 1)[0].decode("latin-1")

    @property
    def target(self) -> str:
        """The raw request target."""
        return self.line.split(" ")[1]

    @property
    def headers(self) -> dict[str, str]:
        """Header fields, names in lower case; repeated ones are joined with a comma."""
        found: dict[str, str] = {}
        for line in self.raw.decode("latin-1").split("\r\n")[1:]:
            name, colon, value = line.partition(":")
            if colon:
                key = name.strip().lower()
                found[key] = f"{found[key]}, {value.strip()}" if key in found else value.strip()
        return found


@dataclass(frozen=True, slots=True)
class Reply:
    """What an upstream answers."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
