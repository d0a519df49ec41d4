"""What is legal in a site but good to know when its configuration is written: ``generate`` says it on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from rewritegen.site import PrivateProxy, Proxy, Site

__all__ = ["is_named", "is_open", "notes"]


def notes(site: Site, server_name: str) -> Iterator[str]:
    """Yield one sentence for each thing; ``server_name`` is the word of ``--server``."""
    index = site.indexes[0]
    if site.state is None and index.fallbacks:
        yield (
            "without `state:` nobody knows of a project directory that is spelled `Like_This`, or has been removed: "
            "fallbacks are asked for its name unless a claim covers it"
        )
    sources = (*index.private, *index.fallbacks)
    late = [s for s in sources if isinstance(s, Proxy | PrivateProxy) and is_named(s.proxy)]
    if server_name == "nginx" and late and not site.resolver and not site.offline:
        yield (
            f"{late[0].key}: nginx looks up {urlsplit(late[0].proxy).hostname} when it starts, and does not start "
            "while that fails: write `resolver: [ADDRESS]` with the machine's name server, and it is looked up later"
        )
    for source in sources:
        if isinstance(source, Proxy | PrivateProxy) and is_open(source.proxy):
            yield f"{source.key}: {source.proxy} is plain http to another machine: {_RISK[server_name]}"


_RISK = {
    "nginx": "whoever sits in between can change pages and files; and nginx passes on an answer that is no HTTP as it "
    "is, so that he can also forge the next answer on the client's connection",
    "apache": "whoever sits in between can change pages and files",
}


def is_named(url: str) -> bool:
    """Tell whether the host of a URL is a name that a name server is asked for."""
    host = urlsplit(url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return host != "localhost"
    return False


def is_open(url: str) -> bool:
    """Tell whether requests to this URL cross a network unprotected."""
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return False
    try:
        return not ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return True
