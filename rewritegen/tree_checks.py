"""What is wrong between a directory tree of a site, its layout, and the rest of the file."""

from __future__ import annotations

from collections.abc import Iterator

from rewritegen.diagnostics import Problem, quoted
from rewritegen.layouts import LAYOUTS
from rewritegen.model import Index, Site
from rewritegen.sources import Mirror, PrivateDirectory
from rewritegen.trees import is_written
from rewritegen.yamltree import path_of

__all__ = ["tree_problems"]


def tree_problems(site: Site, index: Index) -> Iterator[Problem]:
    """Yield the problems of the directory trees of an index."""
    yield from _listings(site, index)
    yield from _base_urls(site, index)
    yield from _state(site, index)


def _listings(site: Site, index: Index) -> Iterator[Problem]:
    """The server's own listing is possible where every project has a directory."""
    able = ", ".join(quoted(name) for name, layout in LAYOUTS.items() if layout.listing)
    for source in index.private:
        if not isinstance(source, PrivateDirectory) or source.listing == "pages":
            continue
        if not LAYOUTS[source.layout].listing:
            message = f"the layout {quoted(source.layout)} cannot be listed by the server"
            advice = f"write `listing: pages`, or use the layout {able}"
            yield _problem(site, "RG312", f"{source.key}.listing", message, advice)


def _base_urls(site: Site, index: Index) -> Iterator[Problem]:
    """``base_url`` stands where links may be absolute, and has to where they always are."""
    able = ", ".join(quoted(name) for name, layout in LAYOUTS.items() if layout.base is not None)
    for source in _trees(index):
        layout = LAYOUTS[source.layout]
        if source.base_url is not None and layout.base is None:
            message = f"pages of the layout {quoted(source.layout)} have no absolute links"
            advice = f"delete it, or correct `layout`: absolute links are in trees of {able}"
            yield _problem(site, "RG341", f"{source.key}.base_url", message, advice)
        elif source.base_url is None and layout.absolute:
            message = f"`base_url` is missing: all links in pages of {quoted(source.layout)} begin with it"
            advice = "write what stands before NAME/FILE in the links of one of its pages"
            yield _problem(site, "RG342", f"{source.key}.layout", message, advice)


def _state(site: Site, index: Index) -> Iterator[Problem]:
    """Written pages, and the owners of names among several directories, need a place."""
    if site.state or _is_there(site, "state"):
        return
    written = [tree for tree in _trees(index) if is_written(tree)]
    directories = [source for source in index.private if isinstance(source, PrivateDirectory)]
    advice = "write `state: /var/lib/rewritegen/packages`, and run `rewritegen index` on the server"
    if written:
        message = f"`state` is missing: the pages of {quoted(written[0].name)} are written there"
        yield _problem(site, "RG206", written[0].key, message, advice)
    elif len(directories) > 1:
        message = "`state` is missing: with several private directories it keeps whose a name is"
        yield _problem(site, "RG206", directories[1].key, message, advice)


def _trees(index: Index) -> list[PrivateDirectory | Mirror]:
    sources = (*index.private, *index.fallbacks)
    return [source for source in sources if isinstance(source, PrivateDirectory | Mirror)]


def _is_there(site: Site, key: str) -> bool:
    return site.document is not None and site.document.find(path_of(key))[1]


def _problem(site: Site, code: str, key: str, message: str, advice: str) -> Problem:
    return Problem(code, message, site.place(key), advice, key=key)
