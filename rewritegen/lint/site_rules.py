"""Rules that look at the site file alone."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from rewritegen.lint.context import Context
from rewritegen.lint.rule import Found, Rule, rule
from rewritegen.notes import is_named, is_open
from rewritegen.site import PrivateDirectory, PrivateProxy, Proxy

__all__ = ["RULES"]

RULES: dict[str, Rule] = {}


@rule(
    RULES,
    "RG001",
    "warning",
    "site",
    reason="a name is private from the first scan of its files on; before it, and where a scan is lost, fallbacks are "
    "asked for it, and whoever registered it there is answered",
    fix="write `claims: [acme-*]` with the prefix of your names, or the names themselves, at the private source",
)
def nothing_claimed(context: Context) -> Iterator[Found]:
    """No name is claimed, and fallbacks are asked for what is not there."""
    if context.index.fallbacks and not any(source.claims for source in context.index.private):
        yield Found("no private source claims a name", "private")


@rule(
    RULES,
    "RG002",
    "warning",
    "site",
    reason="whoever sits in between can change pages and files, and the hashes with them",
    fix="use https, or a host of this machine; where the network in between is yours, ignore this with that reason",
)
def plain_http(context: Context) -> Iterator[Found]:
    """An index on another machine is asked over plain http."""
    for source in (*context.index.private, *context.index.fallbacks):
        if isinstance(source, Proxy | PrivateProxy) and is_open(source.proxy):
            yield Found(f"{source.proxy} is plain http to another machine", f"{source.key}.proxy")


@rule(
    RULES,
    "RG003",
    "note",
    "site",
    reason="nginx looks names up when it starts, and does not start while that fails; addresses stay until a reload",
    fix="write `resolver: [127.0.0.53]`, with the address of the machine's name server",
)
def no_resolver(context: Context) -> Iterator[Found]:
    """The name of an upstream is looked up when nginx starts, and never again."""
    if context.site.resolver or context.site.offline:
        return
    for source in (*context.index.private, *context.index.fallbacks):
        if isinstance(source, Proxy | PrivateProxy) and is_named(source.proxy):
            host = urlsplit(source.proxy).hostname
            yield Found(f"{host} is looked up when nginx starts", f"{source.key}.proxy")


@rule(
    RULES,
    "RG004",
    "warning",
    "site",
    reason="answers of a name server on the internet come over an open network, nginx believes them, and the names of "
    "internal hosts are told to it",
    fix="write the address of the machine's own name server, or that of your network",
)
def public_resolver(context: Context) -> Iterator[Found]:
    """Upstreams are looked up at a name server on the internet."""
    for number, resolver in enumerate(context.site.resolver):
        host = urlsplit(f"//{resolver}").hostname or resolver
        try:
            if ip_address(host).is_global:
                yield Found(f"{resolver} is on the internet", f"resolver[{number}]")
        except ValueError:
            continue


@rule(
    RULES,
    "RG005",
    "warning",
    "site",
    reason="without it nobody knows of a project whose directory is spelled `Like_This` or has been removed: fallbacks "
    "are asked for its name",
    fix="write `state: /var/lib/rewritegen/packages` and run `rewritegen index`",
)
def no_state(context: Context) -> Iterator[Found]:
    """Fallbacks are asked, and no state remembers the private names."""
    if context.site.state is None and context.index.fallbacks and context.directories:
        yield Found(
            "there is no `state`, which remembers private names", context.directories[0].key
        )


@rule(
    RULES,
    "RG006",
    "warning",
    "site",
    reason="name and password go over the network as they are, with every request",
    fix="add `tls`, or listen on 127.0.0.1 behind a front that has it",
)
def open_password(context: Context) -> Iterator[Found]:
    """Passwords are asked for without TLS on an address that others reach."""
    site = context.site
    if site.auth is None or site.auth.certificates or site.tls is not None:
        return
    for number, listen in enumerate(site.listen):
        if listen.address is None or not ip_address(listen.address).is_loopback:
            yield Found(f"passwords come over plain http to {listen}", f"listen[{number}]")


@rule(
    RULES,
    "RG007",
    "note",
    "site",
    reason="when the index does not answer, nothing stands in for it: every install that needs it fails",
    fix="write `cache: {path: /var/cache/rewritegen, size: 20g}`",
)
def nothing_kept(context: Context) -> Iterator[Found]:
    """A public index is asked, and no copies are kept."""
    if context.site.cache is None:
        proxies = [one for one in context.index.fallbacks if isinstance(one, Proxy)]
        if proxies:
            yield Found(f"nothing that {proxies[0].name} answers is kept", proxies[0].key)


@rule(
    RULES,
    "RG008",
    "note",
    "site",
    reason="what is new in it is private after the next `rewritegen index` only; until then fallbacks are asked for a "
    "name that has no directory yet",
    fix="write `claims` at this source, too",
)
def source_without_claims(context: Context) -> Iterator[Found]:
    """A private directory claims nothing, though others do."""
    sources = context.index.private
    if not context.index.fallbacks or not any(source.claims for source in sources):
        return
    for source in sources:
        if isinstance(source, PrivateDirectory) and not source.claims:
            yield Found(f"{source.name} claims no name", source.key)


@rule(
    RULES,
    "RG009",
    "note",
    "site",
    reason="no upstream is asked, so that nothing new of theirs is seen, and copies end one by one",
    fix="remove it when the network is back; `generate --offline` does the same for once",
)
def offline(context: Context) -> Iterator[Found]:
    """The site is offline for good."""
    if context.site.offline and context.plan.steps_with_upstream:
        yield Found("`offline: true` stands in the file", "offline")
