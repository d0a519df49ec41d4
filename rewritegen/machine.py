"""A site as it runs on this machine: what ``rewritegen serve`` finds out that a site file cannot say."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from rewritegen.site import Listen, Site
from rewritegen.values import parse_resolver

__all__ = ["RESOLV_CONF", "adapted", "keep_copies", "name_servers"]

#: Where this machine's name servers are written (resolv.conf(5)).
RESOLV_CONF = Path("/etc/resolv.conf")

_LOOPBACK = "127.0.0.1"


def adapted(site: Site, port: int | None, state: str | None) -> Site:
    """Return the site with a port of its own for the inner part, this machine's name servers, and what was asked for.

    :param port: listen on this port of the loopback address only; 0 takes a free one.
    """
    site = replace(site, inner=Listen(_LOOPBACK, free_port()))
    if port is not None:
        site = replace(site, listen=(Listen(_LOOPBACK, port or free_port()),))
    if state is not None:
        site = replace(site, state=str(Path(state).absolute()))
    if not site.resolver:
        site = replace(site, resolver=tuple(name_servers()))
    return site


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def name_servers(path: Path | None = None) -> Iterator[str]:
    """Yield the name servers of this machine, as servers write them; an address with a zone is left out."""
    try:
        text = (path or RESOLV_CONF).read_text(errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        word, _, address = line.strip().partition(" ")
        if word == "nameserver":
            with suppress(ValueError):
                yield parse_resolver(address.strip())


def keep_copies(site: Site, tree: Path, server_name: str, owner: tuple[int, int] | None) -> bool:
    """Let the copies of a standalone tree lie in the cache of the site, so that they outlive it.

    :param owner: user and group that the server runs as, when that is somebody else.
    :return: whether they do; False when this user may not write there.
    """
    if site.cache is None:
        return False
    place = Path(site.cache.path) / server_name
    try:
        if place.is_dir():
            mine = place.stat().st_uid == (owner[0] if owner else os.geteuid())
        else:
            place.mkdir(parents=True)
            if owner is not None:
                os.chown(place, *owner)
            mine = True
    except OSError:
        return False
    if not mine:
        return False
    (tree / "cache").symlink_to(place)
    return True
