"""The route plan: the ordered decision table that a site compiles to, and the compiler.

nginx, httpd and the model (:mod:`rewritegen.decide`) interpret this one table. It is complete (no interpreter looks at
the site again), free of server words, and small enough to be read aloud: :mod:`rewritegen.routes` does that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rewritegen.auth import Auth, Basic, Certificates, Service
from rewritegen.grammar import Grammar, grammar_of
from rewritegen.kinds import KINDS, Empty
from rewritegen.layouts import LAYOUTS, LEGACY
from rewritegen.legacy import json_steps
from rewritegen.links import file_roots, files_prefix, link_rules, origins
from rewritegen.names import ClaimSet, NormalizedName, parse_name
from rewritegen.site import Index, Mirror, PrivateDirectory, PrivateProxy, Proxy, Redirect, Site
from rewritegen.steps import (
    AskPrivately,
    Available,
    FetchFrom,
    FileRoute,
    JsonStep,
    Limits,
    Listing,
    NotFound,
    OwnedBy,
    Reserved,
    RootList,
    Scanned,
    SendTo,
    ServeFrom,
    Source,
    Step,
    TryMirror,
    TryProxy,
    Upstream,
)
from rewritegen.trees import file_roots_of, own_directories, page_tree

__all__ = ["ABSENT_SECONDS", "METHODS", "Copies", "Plan", "TlsFiles", "compile_plan"]

METHODS = ("GET", "HEAD")

#: How long "not here" is believed without asking again.
ABSENT_SECONDS = 60

#: Seconds between two pieces of an answer, unless the site says otherwise.
_READ_PAGE, _READ_FILE = 15, 120


class TlsFiles(NamedTuple):
    """Certificate chain and key, absolute paths."""

    certificate: str
    key: str


class Copies(NamedTuple):
    """The cache: copies of what HTTP indexes answered. Sizes in bytes, times in seconds."""

    path: str
    size: int
    pages: int
    """So long a page is answered without asking whether it changed."""
    files: int
    """So long a file is."""
    stale: int
    """So long after that a copy stands in for an index that does not answer."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a server needs to know of one index of a site."""

    site_file: str
    """Base name of the YAML file, for the header of the generated text."""
    server_name: str
    listen: tuple[tuple[str | None, int], ...]
    """Address (None: all) and port."""
    tls: TlsFiles | None
    auth: Auth | None
    """Who may read; None: everybody. It decides before all that `grammar` has, but what is about the site itself."""
    ca: str
    """CA bundle that verifies upstreams."""
    mount: str
    """Begins and ends with a slash."""
    grammar: Grammar
    page: tuple[Step, ...]
    """Decides a page, and with it the files beside the page; ends with NotFound."""
    json: tuple[JsonStep, ...]
    """Decides the legacy JSON of a project, and ends with NotFound; empty when that is not served."""
    root_list: RootList
    files: tuple[FileRoute, ...]
    state: str | None
    copies: Copies | None
    offline: bool
    """No upstream is asked: copies are all that there is of them."""
    resolver: tuple[str, ...]
    """Name servers, as nginx writes them; empty: names are looked up at start."""
    inner: tuple[str, int]
    """Loopback address and port of what fetches from upstreams."""

    @property
    def public_url(self) -> str:
        """The URL of the index as clients write it."""
        return f"{_origin_of(self.server_name, self.listen[0][1], tls=self.tls is not None)}{self.mount}"

    @property
    def public_files(self) -> tuple[FileRoute, ...]:
        """The file routes that clients may ask for, in the order of ``grammar.files``."""
        return tuple(route for route in self.files if not route.beside)

    @property
    def steps_with_upstream(self) -> tuple[TryProxy | AskPrivately, ...]:
        """The steps that ask an HTTP index, in order."""
        return tuple(step for step in self.page if isinstance(step, TryProxy | AskPrivately))

    @property
    def documents_with_upstream(self) -> tuple[TryProxy | AskPrivately, ...]:
        """The steps that ask an HTTP index for legacy JSON, in order."""
        return tuple(step for step in self.json if isinstance(step, TryProxy | AskPrivately))


def _origin_of(server_name: str, port: int, *, tls: bool) -> str:
    scheme, usual = ("https", 443) if tls else ("http", 80)
    return f"{scheme}://{server_name}{'' if port == usual else f':{port}'}"


def _origin(site: Site) -> str:
    return _origin_of(site.server_name, site.listen[0].port, tls=site.tls is not None)


def compile_plan(site: Site) -> Plan:
    """Compile a valid site; nothing can go wrong here any more."""
    index = site.indexes[0]
    routes = _file_routes(site, index)
    page = tuple(_page_steps(site, index))
    legacy = LEGACY if site.legacy_json else ""
    return Plan(
        site_file=site.file,
        server_name=site.server_name,
        listen=tuple((listen.address, listen.port) for listen in site.listen),
        tls=TlsFiles(site.tls.certificate, site.tls.key) if site.tls else None,
        auth=_auth(site),
        ca=site.ca,
        mount=index.mount,
        grammar=grammar_of(index.mount, routes, legacy=legacy),
        page=page,
        json=json_steps(index, site.state, page, _origin(site)) if legacy else (),
        root_list=_root_list(site, index),
        files=routes,
        state=site.state,
        copies=_copies(site),
        offline=site.offline,
        resolver=site.resolver,
        inner=(site.inner.address or "127.0.0.1", site.inner.port),
    )


def _auth(site: Site) -> Auth | None:
    written = site.auth
    if written is None:
        return None
    if written.basic:
        return Basic(written.basic, written.realm)
    return (
        Certificates(written.certificates)
        if written.certificates
        else Service(written.request or "")
    )


def _copies(site: Site) -> Copies | None:
    kept = site.cache
    if kept is None:
        return None
    return Copies(kept.path, int(kept.size), int(kept.pages), int(kept.files), int(kept.stale))


def _page_steps(site: Site, index: Index) -> list[Step]:
    steps: list[Step] = []
    if site.state is not None:
        steps.append(Available(None, _sentinel(site.state)))
    for private in index.private:
        source = Source("private", private.name, private.key)
        if isinstance(private, PrivateProxy):
            upstream = _upstream(index, private)
            steps.append(AskPrivately(source, upstream, ClaimSet.of(private.claims, index.public)))
        else:
            steps.append(Available(source, _marker(private)))
            steps.append(_owned_by(site, source, private))
    scanned = f"{site.state}/names" if site.state is not None else None
    steps.append(Reserved(_claims(index), scanned))
    steps.extend(_fallback_step(site, index, fallback) for fallback in index.fallbacks)
    steps.append(NotFound(unsure=any(isinstance(step, TryProxy) for step in steps)))
    return steps


def _fallback_step(site: Site, index: Index, fallback: Mirror | Proxy | Redirect) -> Step:
    if isinstance(fallback, Mirror):
        source = Source("mirror", fallback.name, fallback.key)
        return TryMirror(source, page_tree(site, fallback))
    if isinstance(fallback, Proxy):
        return TryProxy(Source("proxy", fallback.name, fallback.key), _upstream(index, fallback))
    return SendTo(Source("redirect", fallback.name, fallback.key), fallback.redirect)


def _owned_by(site: Site, source: Source, private: PrivateDirectory) -> OwnedBy:
    own = own_directories(site, private)
    pages = Listing(own) if private.listing == "automatic" else page_tree(site, private)
    return OwnedBy(source, pages, own)


def _marker(private: PrivateDirectory) -> str:
    return f"{private.path}/.rewritegen-root"


def _sentinel(state: str) -> str:
    return f"{state}/names/~rewritegen-names"


def _scanned(site: Site) -> Scanned | None:
    return Scanned(f"{site.state}/names", _sentinel(site.state)) if site.state is not None else None


def _claims(index: Index) -> ClaimSet:
    claims = (claim for private in index.private for claim in private.claims)
    return ClaimSet.of(claims, index.public)


def _upstream(index: Index, source: Proxy | PrivateProxy) -> Upstream:
    return Upstream(
        source.proxy,
        link_rules(index.mount, source),
        _limits(source, _READ_PAGE),
        origins(source, source.proxy),
        files_prefix(source.name, len(file_roots(source))) if KINDS[source.kind].beside else "",
        _spelled(source),
        Empty(*source.empty) if source.empty else KINDS[source.kind].empty,
    )


def _spelled(source: Proxy | PrivateProxy) -> tuple[tuple[NormalizedName, str], ...]:
    return tuple((parse_name(text), text) for text in source.spelled)


def _limits(source: Proxy | PrivateProxy, read: int) -> Limits:
    return Limits(int(source.connect), int(source.read or read), int(source.retry))


def _file_routes(site: Site, index: Index) -> tuple[FileRoute, ...]:
    claims, scanned = _claims(index), _scanned(site)
    nothing = ClaimSet()
    routes: list[FileRoute] = []
    packages: list[ServeFrom] = []
    for private in index.private:
        source = Source("private", private.name, private.key)
        if isinstance(private, PrivateProxy):
            routes.extend(_fetch_routes(source, private, nothing, None))
        else:
            own = _private_files(site, source, private)
            routes.append(FileRoute(files_prefix(private.name), (own,), nothing, None))
    for fallback in index.fallbacks:
        if isinstance(fallback, Mirror):
            source = Source("mirror", fallback.name, fallback.key)
            layout = LAYOUTS[fallback.layout]
            own = ServeFrom(source, file_roots_of(site, fallback), None)
            prefix = files_prefix(fallback.name)
            routes.append(FileRoute(prefix, (own,), claims, scanned, archives=not layout.packages))
            if layout.packages is not None:
                root = f"{fallback.mirror}/{layout.packages}".rstrip("/")
                packages.append(ServeFrom(source, (root,), None))
        elif isinstance(fallback, Proxy):
            source = Source("proxy", fallback.name, fallback.key)
            routes.extend(_fetch_routes(source, fallback, claims, scanned))
    if packages:
        # the links say ../../packages/ as seen from a project's page
        parent = index.mount.rstrip("/").rpartition("/")[0]
        routes.append(FileRoute(f"{parent}/packages/", tuple(packages), claims, scanned))
    return tuple(routes)


def _private_files(site: Site, source: Source, private: PrivateDirectory) -> ServeFrom:
    return ServeFrom(source, file_roots_of(site, private), _marker(private))


def _fetch_routes(
    source: Source, upstream: Proxy | PrivateProxy, refused: ClaimSet, scanned: Scanned | None
) -> list[FileRoute]:
    found = [
        FileRoute(
            files_prefix(upstream.name, number),
            (
                FetchFrom(
                    source,
                    url,
                    _limits(upstream, _READ_FILE),
                    origins(upstream, url),
                    pages=_below(url, upstream.proxy),
                ),
            ),
            refused,
            scanned,
        )
        for number, url in enumerate(file_roots(upstream))
    ]
    if KINDS[upstream.kind].beside:
        fetch = FetchFrom(
            source,
            upstream.proxy,
            _limits(upstream, _READ_FILE),
            origins(upstream, upstream.proxy),
            spelled=_spelled(upstream),
        )
        prefix = files_prefix(upstream.name, len(found))
        found.append(FileRoute(prefix, (fetch,), refused, scanned, beside=True))
    return found


def _root_list(site: Site, index: Index) -> RootList:
    if site.state is not None:
        return RootList(f"{site.state}/root", None, _sentinel(site.state), None)
    directories = [private for private in index.private if isinstance(private, PrivateDirectory)]
    if len(directories) != 1:
        return RootList(None, None, None, None)
    only = directories[0]
    source = Source("private", only.name, only.key)
    return RootList(None, only.path, _marker(only), source)


def _below(url: str, index: str) -> str | None:
    """Return the path of the index relative to the root of its files, when it lies below it."""
    return index.removeprefix(url) if index.startswith(url) else None
