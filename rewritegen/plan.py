"""The route plan: the ordered decision table that a site compiles to, and the compiler.

nginx, httpd and the model (:mod:`rewritegen.decide`) interpret this one table. It is complete (no interpreter looks at
the site again), free of server words, and small enough to be read aloud: :mod:`rewritegen.routes` does that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rewritegen.layouts import LAYOUTS, Layout
from rewritegen.links import file_roots, files_prefix, link_rules
from rewritegen.names import CANONICAL_NAME, MAX_NAME_LENGTH, RAW_NAME, ClaimSet
from rewritegen.site import Index, Mirror, PrivateDirectory, PrivateProxy, Proxy, Redirect, Site
from rewritegen.steps import (
    AskPrivately,
    Available,
    FetchFrom,
    FileRoute,
    Listing,
    NotFound,
    OwnedBy,
    PageTree,
    ProjectDirectories,
    Reserved,
    RootList,
    SendTo,
    ServeFrom,
    Source,
    Step,
    TryMirror,
    TryProxy,
    Upstream,
)

__all__ = ["METHODS", "Grammar", "Plan", "TlsFiles", "compile_plan"]

METHODS = ("GET", "HEAD")


#: One part of a file's path, unanchored: no leading dot, dash or tilde, no percent-encoding but that of
#: ``+`` and ``!``.
PATH_PART = "(?:[A-Za-z0-9_+]|%2[Bb])(?:[A-Za-z0-9._+!~-]|%2[Bb]|%21){0,250}"


#: What the name of a file that an upstream is asked for ends with, unanchored: an archive that installers take, or what
#: belongs to one (PEP 658 metadata, signature, PEP 740 provenance). So no page or API of the upstream is a "file".
ARCHIVE_SUFFIX = (
    r"\.(?:whl|tar\.gz|zip|tgz|tar\.bz2|tar\.xz|tar\.Z|tar|egg|exe|msi|rpm|deb|dmg)"
    r"(?:\.(?:metadata|asc|sig|provenance))?"
)


class Grammar(NamedTuple):
    """Regular expressions of the raw request targets that are served, unanchored and without the query.

    Matched against the request line as it came in, before any decoding. Everything else is 404, here.
    """

    root: str
    page: str
    """Any valid spelling of a name, with or without the final slash."""
    beside: str
    """Canonical names only."""
    files: tuple[str, ...]
    """One per file route, in the order of ``Plan.files``."""
    meta: tuple[str, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """All of them, in the order in which they are tried."""
        return (self.root, self.page, self.beside, *self.files, *self.meta)


class TlsFiles(NamedTuple):
    """Certificate chain and key, absolute paths."""

    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a server needs to know of one index of a site."""

    site_file: str
    """Base name of the YAML file, for the header of the generated text."""
    server_name: str
    listen: tuple[tuple[str | None, int], ...]
    """Address (None: all) and port."""
    tls: TlsFiles | None
    ca: str
    """CA bundle that verifies upstreams."""
    mount: str
    """Begins and ends with a slash."""
    grammar: Grammar
    page: tuple[Step, ...]
    """Decides a page, and with it the files beside the page; ends with NotFound."""
    root_list: RootList
    files: tuple[FileRoute, ...]
    state: str | None

    @property
    def public_url(self) -> str:
        """The URL of the index as clients write it."""
        _, port = self.listen[0]
        scheme, usual = ("https", 443) if self.tls else ("http", 80)
        return f"{scheme}://{self.server_name}{'' if port == usual else f':{port}'}{self.mount}"

    @property
    def steps_with_upstream(self) -> tuple[TryProxy | AskPrivately, ...]:
        """The steps that ask an HTTP index, in order."""
        return tuple(step for step in self.page if isinstance(step, TryProxy | AskPrivately))


def compile_plan(site: Site) -> Plan:
    """Compile a valid site; nothing can go wrong here any more."""
    index = site.indexes[0]
    routes = _file_routes(site, index)
    return Plan(
        site_file=site.file,
        server_name=site.server_name,
        listen=tuple((listen.address, listen.port) for listen in site.listen),
        tls=TlsFiles(site.tls.certificate, site.tls.key) if site.tls else None,
        ca=site.ca,
        mount=index.mount,
        grammar=_grammar(index.mount, routes),
        page=tuple(_page_steps(site, index)),
        root_list=_root_list(site, index),
        files=routes,
        state=site.state,
    )


def _page_steps(site: Site, index: Index) -> list[Step]:
    steps: list[Step] = []
    if site.state is not None:
        steps.append(Available(None, f"{site.state}/names/.rewritegen-names"))
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
    steps.append(NotFound())
    return steps


def _fallback_step(site: Site, index: Index, fallback: Mirror | Proxy | Redirect) -> Step:
    if isinstance(fallback, Mirror):
        layout = LAYOUTS[fallback.layout]
        trees = _directories(site, fallback.name, f"{fallback.mirror}/{layout.pages}", layout)
        source = Source("mirror", fallback.name, fallback.key)
        return TryMirror(source, PageTree(trees, layout.beside))
    if isinstance(fallback, Proxy):
        return TryProxy(Source("proxy", fallback.name, fallback.key), _upstream(index, fallback))
    return SendTo(Source("redirect", fallback.name, fallback.key), fallback.redirect)


def _owned_by(site: Site, source: Source, private: PrivateDirectory) -> OwnedBy:
    layout = LAYOUTS[private.layout]
    own = _directories(site, private.name, f"{private.path}/{layout.pages}", layout)
    if private.listing == "automatic":
        return OwnedBy(source, Listing(own), own)
    if not layout.generated:
        return OwnedBy(source, PageTree(own, layout.beside), own)
    pages = PageTree((ProjectDirectories(f"{site.state}/pages/{private.name}"),), beside=False)
    return OwnedBy(source, pages, own if layout.listing else ())


def _directories(
    site: Site, name: str, root: str, layout: Layout
) -> tuple[ProjectDirectories, ...]:
    """Return where the project directories of a tree are: itself, then the links to its other spellings."""
    trees = [ProjectDirectories(root.rstrip("/"), layout.hashed)]
    if layout.raw_names and site.state is not None:
        trees.append(ProjectDirectories(f"{site.state}/aliases/{name}"))
    return tuple(trees)


def _marker(private: PrivateDirectory) -> str:
    return f"{private.path}/.rewritegen-root"


def _claims(index: Index) -> ClaimSet:
    claims = (claim for private in index.private for claim in private.claims)
    return ClaimSet.of(claims, index.public)


def _upstream(index: Index, source: Proxy | PrivateProxy) -> Upstream:
    return Upstream(source.proxy, link_rules(index.mount, source))


def _file_routes(site: Site, index: Index) -> tuple[FileRoute, ...]:
    claims = _claims(index)
    nothing = ClaimSet()
    routes: list[FileRoute] = []
    packages: list[ServeFrom] = []
    for private in index.private:
        source = Source("private", private.name, private.key)
        if isinstance(private, PrivateProxy):
            routes.extend(_fetch_routes(source, private, nothing))
        else:
            routes.append(
                FileRoute(
                    files_prefix(private.name), (_private_files(site, source, private),), nothing
                )
            )
    for fallback in index.fallbacks:
        if isinstance(fallback, Mirror):
            source = Source("mirror", fallback.name, fallback.key)
            layout = LAYOUTS[fallback.layout]
            own = ServeFrom(source, (f"{fallback.mirror}/{layout.files}".rstrip("/"),), None)
            routes.append(FileRoute(files_prefix(fallback.name), (own,), claims))
            if layout.packages is not None:
                root = f"{fallback.mirror}/{layout.packages}".rstrip("/")
                packages.append(ServeFrom(source, (root,), None))
        elif isinstance(fallback, Proxy):
            source = Source("proxy", fallback.name, fallback.key)
            routes.extend(_fetch_routes(source, fallback, claims))
    if packages:
        # the links say ../../packages/ as seen from a project's page
        parent = index.mount.rstrip("/").rpartition("/")[0]
        routes.append(FileRoute(f"{parent}/packages/", tuple(packages), claims))
    return tuple(routes)


def _private_files(site: Site, source: Source, private: PrivateDirectory) -> ServeFrom:
    roots = [private.path]
    if LAYOUTS[private.layout].generated and private.listing == "pages":
        roots.append(f"{site.state}/metadata/{private.name}")
    return ServeFrom(source, tuple(roots), _marker(private))


def _fetch_routes(
    source: Source, upstream: Proxy | PrivateProxy, refused: ClaimSet
) -> list[FileRoute]:
    return [
        FileRoute(
            files_prefix(upstream.name, number),
            (FetchFrom(source, url, pages=_below(url, upstream.proxy)),),
            refused,
        )
        for number, url in enumerate(file_roots(upstream))
    ]


def _root_list(site: Site, index: Index) -> RootList:
    if site.state is not None:
        marker = f"{site.state}/names/.rewritegen-names"
        return RootList(f"{site.state}/root", None, marker, None)
    directories = [private for private in index.private if isinstance(private, PrivateDirectory)]
    if len(directories) != 1:
        return RootList(None, None, None, None)
    only = directories[0]
    source = Source("private", only.name, only.key)
    return RootList(None, only.path, _marker(only), source)


def _below(url: str, index: str) -> str | None:
    """Return the path of the index relative to the root of its files, when it lies below it."""
    return index.removeprefix(url) if index.startswith(url) else None


def _grammar(mount: str, routes: tuple[FileRoute, ...]) -> Grammar:
    at = _escaped(mount)
    return Grammar(
        root=at,
        page=f"{at}{RAW_NAME}/?",
        # `index.html` and the like are the page itself under another name
        beside=f"{at}(?=[^/]{{1,{MAX_NAME_LENGTH}}}/){CANONICAL_NAME}/(?!index\\.){PATH_PART}",
        files=tuple(_file_target(mount, route) for route in routes),
        meta=("/-/health", "/-/rewritegen"),
    )


def _file_target(mount: str, route: FileRoute) -> str:
    fetched = [attempt.pages for attempt in route.attempts if isinstance(attempt, FetchFrom)]
    above = "*"
    if mount == "/" and route.prefix.count("/") == 2:
        # a project may be called `packages`: two parts are a file beside its page, three are a path here
        above = "+"
    elif "" in fetched:
        # the pages lie at NAME/ here: only what is too deep for a page or a file beside it is a file
        above = "{2,}"
    # A page is never a file: through it, a private name could be asked for.
    not_pages = "".join(f"(?!(?i:{_escaped(path, raw=True)}))" for path in fetched if path)
    suffix = ARCHIVE_SUFFIX if fetched else ""
    return f"{_escaped(route.prefix)}{not_pages}(?:{PATH_PART}/){above}{PATH_PART}{suffix}"


def _escaped(path: str, *, raw: bool = False) -> str:
    """Escape a path for both PCRE and re, ``raw``: as clients may write it, with its plus signs encoded or not.

    Its characters are those that the site model lets through.
    """
    plus = r"(?:\+|%2[Bb])" if raw else r"\+"
    return path.replace(".", r"\.").replace("+", plus)
