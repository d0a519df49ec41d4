"""nginx on a configuration that a test wrote by hand, to see what one construct does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tests.support.processes import HOST, Server
from tests.support.wire import Answer, ask

__all__ = ["ELSEWHERE", "Bench", "StartBench", "stand_in"]


@dataclass(frozen=True, slots=True)
class Bench:
    """A running nginx with one server of which the test wrote the inside."""

    port: int
    server: Server

    def get(self, target: str, **headers: str) -> Answer:
        return ask(self.port, target, headers=tuple(headers.items()))


class StartBench(Protocol):
    """Http-level text and server-level text to a running Bench; ``{404}`` is the port of what answers 404."""

    def __call__(self, http: str, server: str) -> Bench: ...


ELSEWHERE = "http://elsewhere.example.org/"


def stand_in(status: int, port: int) -> str:
    """A server that always answers the same."""
    body = ELSEWHERE if status == 302 else '"$request_uri"'
    return f"server {{ listen {HOST}:{port}; location / {{ return {status} {body}; }} }}\n"
