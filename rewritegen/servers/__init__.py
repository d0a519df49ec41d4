"""The servers that rewritegen writes for, by the word that ``--server`` takes."""

from __future__ import annotations

from rewritegen.servers.base import Server

__all__ = ["SERVER_NAMES", "server"]

SERVER_NAMES = ("nginx", "apache")


def server(name: str) -> Server:
    """Return a server by name; its module is imported when it is asked for."""
    if name == "nginx":
        from rewritegen.servers.nginx import Nginx

        return Nginx()
    if name == "apache":
        from rewritegen.servers.apache import Apache

        return Apache()
    raise KeyError(name)
