"""Groups of servers: one for each source that the site asks itself about, one for each host that is asked for it.

nginx counts failures for a group, and only where the group has more than one server. So the site asks its own fetcher
(:mod:`rewritegen.servers.nginx.fetcher`) through a group for each source: one that does not answer is left alone for
a while, whatever the versions can do with names that are looked up late. Measured in
``tests/servers/test_nginx_fetch_facts.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from rewritegen.plan import Plan
from rewritegen.servers.base import Capabilities
from rewritegen.servers.nginx.quoting import argument, comment, value
from rewritegen.servers.nginx.view import Group
from rewritegen.servers.nginx.view_fetching import Far
from rewritegen.steps import Limits, Source

__all__ = ["RESOLVE_IN_GROUPS", "Upstreams", "looked_up"]

#: From this version on, a group can look its names up while it runs (documentation of ``server ... resolve``).
RESOLVE_IN_GROUPS = (1, 27, 3)

_PORTS = {"http": 80, "https": 443}


@dataclass(slots=True)
class Upstreams:
    """Collects the groups of one site."""

    plan: Plan
    site: str
    capabilities: Capabilities
    near: dict[str, Group] = field(default_factory=dict)
    """By what is asked for, such as ``pypi`` and ``pypi.files``: the way to our own fetcher."""
    far: dict[tuple[str, str], Group] = field(default_factory=dict)
    """By source and address: the hosts that the fetcher asks."""

    def fetcher(self, source: Source, what: str, limits: Limits) -> str:
        """Return the group through which the fetcher is asked; ``what`` tells pages and file hosts apart."""
        name = f"rg_{source.name}{what}_{self.site}"
        address, port = self.plan.inner
        inner = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        if self.plan.offline:
            words = comment(f"{source.key} {source.name}: offline, nobody is asked")
            self.near[name] = Group(words, name, (f"server {inner} down",))
            return name
        words = comment(
            f"{source.key} {source.name}: left alone for {limits.retry} s after it did not answer. The second server "
            "is never asked; without it nginx would not count."
        )
        lines = (
            f"zone {name} 64k",
            f"server {inner} max_fails=1 fail_timeout={limits.retry}s",
            f"server {inner} down",
        )
        self.near[name] = Group(words, name, lines)
        return name

    def host(self, source: Source, origin: str) -> Far:
        """Return how a host is asked: ``origin`` is ``scheme://host:port``."""
        parts = urlsplit(origin)
        host = parts.hostname or ""
        address = f"[{host}]" if ":" in host else host
        port = parts.port or _PORTS[parts.scheme]
        tls = (argument(value(host, source.key)),) if parts.scheme == "https" else ()
        late = looked_up(host) and bool(self.plan.resolver)
        if late and self.capabilities.version < RESOLVE_IN_GROUPS:
            authority = f"{address}:{port}"
        else:
            authority = self._group(source, f"{address}:{port}", late=late)
        return Far(f"{parts.scheme}://{authority}", argument(value(parts.netloc, source.key)), tls)

    def _group(self, source: Source, address: str, *, late: bool) -> str:
        known = self.far.get((source.name, address))
        if known is not None:
            return known.name
        number = sum(name == source.name for name, _ in self.far)
        name = f"rg_at_{source.name}{f'.{number + 1}' if number else ''}_{self.site}"
        server = f"server {argument(value(address, source.key))}"
        if late:
            words = comment(f"{source.key} {source.name}: its name is looked up again and again")
            lines: tuple[str, ...] = (
                f"zone {name} 64k",
                f"resolver {' '.join(self.plan.resolver)}",
                f"{server} resolve",
                "keepalive 16",
            )
        else:
            words = comment(f"{source.key} {source.name}{_when(address)}")
            lines = (server, "keepalive 16")
        self.far[source.name, address] = Group(words, name, lines)
        return name


def looked_up(host: str) -> bool:
    """Tell whether a host is a name that a name server is asked for."""
    if host == "localhost":
        return False
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


def _when(address: str) -> str:
    host = address.rpartition(":")[0].strip("[]")
    return ": its name is looked up when nginx starts (see `resolver`)" if looked_up(host) else ""
