"""What is wrong between the values of one HTTP source."""

from __future__ import annotations

from collections.abc import Iterator

from rewritegen.diagnostics import Problem, quoted
from rewritegen.kinds import KINDS
from rewritegen.model import Index, Site
from rewritegen.names import ClaimSet, parse_name
from rewritegen.sources import HttpSource, PrivateProxy, Proxy

__all__ = ["http_clashes"]


def http_clashes(site: Site, index: Index) -> Iterator[Problem]:
    """Yield the problems of each HTTP source of an index."""
    for source in (*index.private, *index.fallbacks):
        if isinstance(source, PrivateProxy | Proxy):
            yield from _url(site, source)
            yield from _spellings(site, index, source)


def _url(site: Site, source: PrivateProxy | Proxy) -> Iterator[Problem]:
    """Some software has several pages of a project, of which one says what is not there."""
    wanted = KINDS[source.kind].ends
    if wanted and not source.proxy.endswith(wanted):
        key = f"{source.key}.proxy"
        message = f"an index of the kind {quoted(source.kind)} has its pages below {quoted(wanted)}"
        advice = f"write the URL that ends so, such as `http://127.0.0.1:8080{wanted}`"
        yield Problem("RG416", message, site.place(key), advice, key=key)


def _spellings(site: Site, index: Index, source: HttpSource) -> Iterator[Problem]:
    claims = ClaimSet.of(source.claims, index.public) if isinstance(source, PrivateProxy) else None
    known: dict[str, str] = {}
    for number, text in enumerate(source.spelled):
        key = f"{source.key}.spelled[{number}]"
        name = parse_name(text)
        if name in known:
            message = f"{quoted(text)} is another spelling of {quoted(known[name])}"
            advice = "delete the one that the index does not have"
            yield Problem("RG417", message, site.place(key), advice, key=key)
        elif claims is not None and not claims.covers(name):
            message = f"{quoted(text)} is not claimed, so it is never asked for here"
            advice = f"add {quoted(name)} to the claims of {quoted(source.key)}"
            yield Problem("RG417", message, site.place(key), advice, key=key)
        known.setdefault(name, text)
