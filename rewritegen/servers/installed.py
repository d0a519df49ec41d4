"""Configuration as it lies on a server's disk: which server it is for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from rewritegen.servers.base import Files

__all__ = ["read_installed", "server_of"]


def server_of(text: str) -> Literal["nginx", "apache"]:
    """Return the server that a text is for: ours says so in its header, others by what only one of them has."""
    head = text[:4000]
    if "--server nginx" in head:
        return "nginx"
    apache = ("--server apache" in head, "<VirtualHost" in text, "\nRewriteRule" in text)
    return "apache" if any(apache) else "nginx"


def read_installed(names: Iterable[str]) -> dict[str, Files]:
    """Read files, by the server that each is for.

    :raises OSError: when one cannot be read.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for name in names:
        text = Path(name).read_text("utf-8", "replace")
        found.setdefault(server_of(text), []).append((Path(name).name, text))
    return {server: Files(tuple(texts)) for server, texts in found.items()}
