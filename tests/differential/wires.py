"""One request of the differential test: every byte of it, in parts that shrink well and that a seed file can keep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rewritegen.decide import Request
from tests.support.credentials import basic

__all__ = ["CREDENTIALS", "HOST_LINE", "Wire", "wire_from_json"]

#: What lets a client in, where only some may read.
CREDENTIALS = ("Authorization", basic())

HOST_LINE = ("Host", "packages.example.org")

#: What a connection can be used again after.
_ORDINARY = re.compile(r"[!-~]+")
_ALONE = frozenset(
    {"connection", "content-length", "transfer-encoding", "expect", "upgrade", "keep-alive"}
)


@dataclass(frozen=True, slots=True)
class Wire:
    """A request; all text is latin-1, character by byte."""

    target: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = (HOST_LINE,)
    version: str = "HTTP/1.1"
    """Empty: the line of HTTP/0.9, which has none."""
    body: str = ""
    """Sent behind the headers as it is; a length is announced by its header or not at all."""
    end: str = "\r\n"

    @property
    def data(self) -> bytes:
        """The bytes."""
        line = f"{self.method} {self.target} {self.version}".rstrip(" ")
        if not self.version:
            return f"{line}{self.end}{self.end}".encode("latin-1")
        headers = list(self.headers)
        if self.alone and not any(name.lower() == "connection" for name, _ in headers):
            headers.append(("Connection", "close"))
        lines = [line, *(f"{name}: {value}" for name, value in headers)]
        return (self.end.join([*lines, "", ""]) + self.body).encode("latin-1")

    @property
    def alone(self) -> bool:
        """Whether it needs a connection of its own."""
        return not (
            self.method in ("GET", "HEAD")
            and self.version == "HTTP/1.1"
            and _ORDINARY.fullmatch(self.target)
            and len(self.target) < 7000
            and not self.body
            and self.end == "\r\n"
            and not any(name.lower() in _ALONE for name, _ in self.headers)
            and all(name.isascii() and value.isprintable() for name, value in self.headers)
        )

    def all(self, name: str) -> list[str]:
        """The values of a header."""
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def request(self) -> Request:
        """What the model is asked; a header that is there twice counts as one list (RFC 9110, 5.2)."""
        headers: dict[str, str] = {}
        for name, value in self.headers:
            key = name.lower()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
        admitted = bool(self.version) and self.all("authorization") == [CREDENTIALS[1]]
        return Request(self.target, self.method, headers, admitted)

    def with_headers(self, *more: tuple[str, str]) -> Wire:
        """The same with further header lines."""
        return replace(self, headers=(*self.headers, *more))

    def to_json(self) -> dict[str, Any]:
        """Plain values, without those that are as always."""
        usual = Wire("")
        values: dict[str, Any] = {"target": self.target}
        for key in ("method", "version", "body", "end"):
            if getattr(self, key) != getattr(usual, key):
                values[key] = getattr(self, key)
        if self.headers != usual.headers:
            values["headers"] = [list(pair) for pair in self.headers]
        return values


def wire_from_json(values: Mapping[str, Any]) -> Wire:
    """The opposite of :meth:`Wire.to_json`."""
    rest = {key: value for key, value in values.items() if key != "headers"}
    if "headers" in values:
        rest["headers"] = tuple((name, value) for name, value in values["headers"])
    return Wire(**rest)
