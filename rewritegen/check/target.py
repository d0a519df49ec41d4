"""Where the server is that is looked at, from the URL of its index."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

__all__ = ["Target", "split_url"]


class Target(NamedTuple):
    """Where the server is."""

    scheme: str
    host: str
    port: int
    prefix: str
    """What stands before the site's own paths, where a front serves it at a sub-path; without a final slash."""
    mount: str
    connect: str = ""
    """Where to connect, when that is not the host: the server itself, whatever its name leads to."""

    @property
    def authority(self) -> str:
        """Host and port as they stand in a Host header: the scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The URL of the index, without credentials."""
        return f"{self.origin}{self.prefix}{self.mount}"

    def address(self, target: str) -> str:
        """Return the absolute URL of a path of the site."""
        return f"{self.origin}{self.prefix}{target}"


def split_url(url: str) -> tuple[Target, tuple[str, str] | None]:
    """Return where a URL leads (its whole path as ``mount``), and the name and password in it.

    :raises ValueError: with what is wrong with it, in words.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a URL such as https://packages.example.org/simple/")
    if parts.query or parts.fragment:
        raise ValueError("a URL without a query and a fragment")
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    path = parts.path if parts.path.endswith("/") else f"{parts.path}/"
    login = (parts.username, parts.password or "") if parts.username else None
    return Target(parts.scheme, parts.hostname, port, "", path), login
