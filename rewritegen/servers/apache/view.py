"""Plan to view: everything that the templates print, decided and quoted, so that they only lay it out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rewritegen import __version__
from rewritegen.auth import Basic, Certificates
from rewritegen.plan import Plan
from rewritegen.redirects import LOCATION, REDIRECTS
from rewritegen.routes import route_table
from rewritegen.servers.apache.capabilities import MODULE_DIRECTORIES, OLDEST, PACKAGES
from rewritegen.servers.apache.entry import own_urls, ruleset
from rewritegen.servers.apache.fetcher import PRIVATE_HEADERS, fetcher
from rewritegen.servers.apache.gate import Gate, gate
from rewritegen.servers.apache.layout import continued, directive
from rewritegen.servers.apache.listings import Listings, listings
from rewritegen.servers.apache.logs import ACCESS, FETCHES, log_format, log_places
from rewritegen.servers.apache.own_headers import OwnHeaders, own_headers
from rewritegen.servers.apache.quoting import argument, comment, directory, expression
from rewritegen.servers.apache.rules import Line, lines
from rewritegen.servers.apache.upstreams import (
    CONDITIONAL_HEADERS,
    Asking,
    asking,
)
from rewritegen.servers.apache.words import (
    AGAIN_URL,
    BEGIN_URL,
    CANONICAL_URL,
    METHODS_URL,
    NEVER_ASKED,
    STOP_URL,
)
from rewritegen.servers.base import FINGERPRINT_PLACE, Scope
from rewritegen.steps import HasJson, Listing, OwnedBy, ServeFrom, Source, TryMirror

__all__ = ["Directory", "Module", "Tls", "View", "fetcher_file", "file_name", "modules", "view"]

_WIDTH = 98


class Module(NamedTuple):
    """A module that the configuration needs."""

    name: str
    file: str
    how: str
    """The sentence that the config test stops with where it is missing."""


class Directory(NamedTuple):
    """A ``<Directory>`` block; the path is quoted."""

    comment: str
    path: str
    listed: bool


class Tls(NamedTuple):
    """Certificate and key, quoted."""

    certificate: str
    key: str


class View(NamedTuple):
    """What the templates see."""

    header: tuple[str, ...]
    fetcher_header: tuple[str, ...]
    modules: tuple[Module, ...]
    module_directories: tuple[str, ...]
    probe: str
    """A module file that tells a directory of modules from another."""
    server_name: str
    listen: tuple[str, ...]
    """Arguments of Listen."""
    addresses: str
    """Arguments of <VirtualHost>."""
    tls: Tls | None
    directories: tuple[Directory, ...]
    listings: Listings | None
    """None when nothing is listed."""
    gate: tuple[Gate, ...]
    """Who may read; empty: everybody."""
    asking: Asking | None
    """The HTTP sources; None when there are none."""
    own: str | None
    """The begin of a <LocationMatch> of our URLs in a virtual host that has others."""
    private_headers: tuple[str, ...]
    conditional_headers: tuple[str, ...]
    ours: OwnHeaders
    redirects: str
    """Pattern of the statuses that are followed."""
    location: str
    """Pattern of what a Location must be for that."""
    log: str
    """Argument of LogFormat."""
    logs: tuple[str, ...]
    """Paragraphs that say where the log goes."""
    fetch_log: str
    fetch_logs: tuple[str, ...]
    """The same for the fetching host."""
    rules: tuple[Line, ...]
    fingerprint: str
    canonical_url: str
    methods_url: str
    again_url: str
    begin_url: str
    stop_url: str
    never_asked: str
    mount: str
    refused_files: str
    """Statuses for a file that are not passed on, as a condition."""
    origin: str
    """Scheme, host and port of the site, for servers that cannot send a relative Location."""


def file_name(plan: Plan, scope: Scope) -> str:
    """Return the name of the file of this scope."""
    names = {"vhost": f"{plan.server_name}.conf", "locations": f"{plan.server_name}.locations.conf"}
    return names.get(scope, "httpd.conf")


def fetcher_file(plan: Plan) -> str:
    """Return the name of the file of the fetching host, where it has one of its own."""
    return f"{plan.server_name}.fetcher.conf"


def view(plan: Plan, scope: Scope) -> View:
    """Return what the templates of this scope print.

    :raises RewritegenError: RG701, when a value of the site cannot be quoted.
    """
    part = scope == "locations"
    needed = modules(plan, scope)
    return View(
        header=tuple(_header(plan, scope, needed)),
        fetcher_header=tuple(_fetcher_header(plan)),
        modules=needed,
        module_directories=MODULE_DIRECTORIES,
        probe="mod_rewrite.so",
        server_name=argument(plan.server_name, "server_name"),
        listen=tuple(_listen(plan, scope)),
        addresses=" ".join(f'"{_address(address, port)}"' for address, port in plan.listen),
        tls=_tls(plan),
        directories=tuple(_directories(plan)),
        listings=listings(plan),
        gate=gate(plan),
        asking=asking(plan, standalone=scope == "standalone"),
        own=continued(directive("<LocationMatch", [f'"{own_urls(plan)}"'])) if part else None,
        private_headers=PRIVATE_HEADERS,
        conditional_headers=CONDITIONAL_HEADERS,
        ours=own_headers(),
        location=LOCATION,
        redirects=f"(?:{'|'.join(map(str, REDIRECTS))})",
        log=log_format(ACCESS),
        logs=tuple(log_places(plan, scope, "access", "rg_json")),
        fetch_log=log_format(FETCHES),
        fetch_logs=tuple(log_places(plan, scope, "fetch", "rg_fetch env=RG_FETCH")),
        rules=tuple(lines(ruleset(plan, part=part, logged=not part))),
        fingerprint=FINGERPRINT_PLACE,
        canonical_url=CANONICAL_URL,
        methods_url=METHODS_URL,
        again_url=AGAIN_URL,
        begin_url=BEGIN_URL,
        stop_url=STOP_URL,
        never_asked=NEVER_ASKED,
        mount=plan.mount,
        refused_files="expr=%{REQUEST_STATUS} !~ /^(?:200|206|304|404|416|50[234])$/",
        origin=expression(plan.public_url.removesuffix(plan.mount), "server_name"),
    )


def modules(plan: Plan, scope: Scope) -> tuple[Module, ...]:
    """Return the modules that the configuration of this plan needs, sorted."""
    names = {"alias", "authz_core", "autoindex", "headers", "rewrite", "version"}
    if scope != "locations":
        names.add("log_config")
    if scope == "standalone":
        names.add("unixd")
    if plan.steps_with_upstream:
        # deflate registers its filter with the library that filter provides
        names |= {"deflate", "filter", "proxy", "proxy_balancer", "proxy_http", "substitute"}
        # a balancer of one, because only a balancer notices that a host hangs
        names |= {"lbmethod_byrequests", "slotmem_shm"}
        if plan.copies is not None:
            names |= {"cache", "cache_disk"}
    if listings(plan) is not None:
        names |= {"deflate", "filter", "substitute"}
    if _speaks_tls(plan, scope):
        names.add("ssl")
    if plan.auth is not None:
        names.add("actions")
    if isinstance(plan.auth, Basic):
        names |= {"auth_basic", "authn_core", "authn_file", "authz_user"}
    elif isinstance(plan.auth, Certificates):
        names.add("authn_core")
    return tuple(_module(name) for name in sorted(names))


def _speaks_tls(plan: Plan, scope: Scope) -> bool:
    asks = fetcher(plan)
    upstream = asks is not None and asks.tls
    return upstream or (plan.tls is not None and scope != "locations")


def _module(name: str) -> Module:
    how = f"rewritegen: needs mod_{name} (a2enmod {name}{PACKAGES.get(name, '')})"
    return Module(name, f"mod_{name}", how)


def _header(plan: Plan, scope: Scope, needed: Iterable[Module]) -> Iterator[str]:
    """Yield the comment lines at the top, without their ``#``."""
    site = comment(plan.site_file)
    oldest = ".".join(map(str, OLDEST))
    yield f"Generated by rewritegen {__version__} from {site}. Changes made here are lost."
    command = f"rewritegen generate {site} --server apache --scope {scope} -o DIR"
    command += " --offline" if plan.offline else ""
    yield from textwrap.wrap(f"Made again by: {command}", _WIDTH, subsequent_indent="    ")
    yield from _placement(plan, scope)
    yield f"Server: Apache httpd {oldest} or newer, but not 2.4.64 (CVE-2025-54090)."
    yield from textwrap.wrap(f"Modules: {', '.join(module.name for module in needed)}.", _WIDTH)
    yield from _about_copies(plan, scope)
    yield f"Fingerprint: {FINGERPRINT_PLACE}"
    yield ""
    yield "What is answered, in this order:"
    for line in route_table(plan):
        indent = " " * (len(line) - len(line.lstrip()))
        yield from textwrap.wrap(
            comment(line),
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=f"{indent}    ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def _fetcher_header(plan: Plan) -> Iterator[str]:
    yield f"Generated by rewritegen {__version__} from {comment(plan.site_file)}. Changes made here are lost."
    yield "Belongs into: sites-enabled or conf.d, at the level of virtual hosts, because it is one; the"
    yield f"host that includes {comment(file_name(plan, 'locations'))} asks it."
    yield f"Fingerprint: {FINGERPRINT_PLACE}"


def _about_copies(plan: Plan, scope: Scope) -> Iterator[str]:
    if plan.copies is None:
        return
    place = comment(f"{plan.copies.path}/apache")
    yield f"Copies: {place}"
    yield "    made by: install -d -o USER -g GROUP DIR, as the user that httpd's workers run as (www-data,"
    yield "    apache); kept within its size by htcacheclean (examples/systemd), because httpd does not"
    if scope == "standalone":
        yield '    elsewhere: apache2 -C "Define RG_CACHE /absolute/path" ...'


def _placement(plan: Plan, scope: Scope) -> Iterator[str]:
    if scope == "standalone":
        yield "Run by: apache2 -d DIR -f httpd.conf (or httpd; -DFOREGROUND stays), from any directory."
    elif scope == "vhost":
        yield "Belongs into: sites-enabled or conf.d, at the level of other virtual hosts."
    else:
        yield "Belongs into: a <VirtualHost>, by Include; touches no URL but those of this table."
        yield "Include it above every ProxyPass and RewriteRule of the host: what stands above comes first."
        if fetcher(plan) is not None:
            yield f"Needs {comment(fetcher_file(plan))} beside that host: what asks upstreams."


def _listen(plan: Plan, scope: Scope) -> Iterator[str]:
    """Yield the arguments of Listen; in a virtual host file only for ports that no distribution listens on already."""
    for address, port in plan.listen:
        if scope == "standalone" or port not in (80, 443):
            where = _bracketed(address)
            yield f'"{where}:{port}"' if address else f'"{port}"'


def _address(address: str | None, port: int) -> str:
    return f"{_bracketed(address) if address else '*'}:{port}"


def _bracketed(address: str | None) -> str:
    return f"[{address}]" if address and ":" in address else address or ""


def _tls(plan: Plan) -> Tls | None:
    if plan.tls is None:
        return None
    return Tls(argument(plan.tls.certificate, "tls.certificate"), argument(plan.tls.key, "tls.key"))


def _directories(plan: Plan) -> Iterator[Directory]:
    """Yield what may be read at all, each directory once, sorted."""
    found: dict[str, tuple[str, bool]] = {}
    for path, what, listed in _read(plan):
        before = found.get(path, (what, False))
        found[path] = (before[0], before[1] or listed)
    for path, (what, listed) in sorted(found.items()):
        # what a source has in the state stands at `state` in the site file
        ours = plan.state is not None and path.startswith(f"{plan.state}/")
        key = "state" if ours else what.partition(" ")[0]
        yield Directory(what, directory(path, key), listed)


def _read(plan: Plan) -> Iterator[tuple[str, str, bool]]:
    """Yield each directory that an answer comes from, whose it is, and whether it is listed."""
    for step in plan.page:
        if isinstance(step, OwnedBy | TryMirror):
            for tree in step.pages.directories:
                yield tree.root, _whose(step.source), isinstance(step.pages, Listing)
    for document in plan.json:
        if isinstance(document, HasJson):
            yield document.json.root, _whose(document.source), False
    for route in plan.files:
        for attempt in route.attempts:
            if isinstance(attempt, ServeFrom):
                for root in attempt.roots:
                    yield root, _whose(attempt.source), False
    if plan.root_list.pages is not None:
        yield plan.root_list.pages, "state: the list of private projects", False
    if plan.root_list.listing is not None and plan.root_list.source is not None:
        yield plan.root_list.listing, _whose(plan.root_list.source), True


def _whose(source: Source) -> str:
    return f"{source.key} {source.name}"
