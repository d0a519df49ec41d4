"""Links in the pages of HTTP indexes: how they begin, what they mean there, and what they become in our pages.

The links that we write are relative to the page of a project, so that they hold behind a proxy that serves the site
at a sub-path.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from rewritegen.layouts import KINDS
from rewritegen.site import PrivateProxy, Proxy
from rewritegen.steps import LinkRule

__all__ = ["file_roots", "files_prefix", "link_rules", "origins", "up_to_root"]

#: An attribute or a JSON string that begins like this is a link relative to the page, never text.
_PARENTS = '"../../'

#: An origin whose https twin is on the usual port as well.
_PLAIN = r"http://(?:[^:]+|\[.+\])"


def files_prefix(name: str, number: int = 0) -> str:
    """Return the public path of a source's files: ``/files/team/``; further file hosts are ``/files/team/~1/``."""
    return f"/files/{name}/" if number == 0 else f"/files/{name}/~{number}/"


def up_to_root(mount: str) -> str:
    """Return the relative URL from the page of a project to the server's root: ``../../`` for ``/simple/NAME/``."""
    return "../" * mount.count("/")


def file_roots(source: Proxy | PrivateProxy) -> tuple[str, ...]:
    """Return the upstream URLs below which the files of a source lie, in the order of their public paths."""
    return tuple(dict.fromkeys(url for _, url in _beginnings(source)))


def origins(source: Proxy | PrivateProxy, url: str) -> tuple[str, ...]:
    """Return the origins that are declared for a source, that of ``url`` first; plain http counts as https too."""
    declared = [_origin(one) for one in (url, source.proxy, *source.files)]
    upgraded = [
        f"https://{one.removeprefix('http://')}" for one in declared if re.fullmatch(_PLAIN, one)
    ]
    return tuple(dict.fromkeys([*declared, *upgraded]))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def link_rules(mount: str, source: Proxy | PrivateProxy) -> tuple[LinkRule, ...]:
    """Return the replacements that make the links in a source's pages lead to our file routes."""
    roots = file_roots(source)
    rules = []
    for begins, url in _beginnings(source):
        quote = '"' if begins.startswith('"') else ""
        path = files_prefix(source.name, roots.index(url)).removeprefix("/")
        rules.append(LinkRule(begins, f"{quote}{up_to_root(mount)}{path}"))
    return tuple(rules)


def _beginnings(source: Proxy | PrivateProxy) -> list[tuple[str, str]]:
    """Return how links begin, each with the upstream URL that it means."""
    kind = KINDS[source.kind]
    parts = urlsplit(source.proxy)
    origin = f"{parts.scheme}://{parts.netloc}/"
    absolute = {*source.files, *([origin] if kind.origin else [])}
    # the longest first: a declared file host may lie below the origin
    beginnings = [(url, url) for url in sorted(absolute, key=lambda url: (-len(url), url))]
    if kind.parents:
        above = parts.path.rstrip("/").rpartition("/")[0].lstrip("/")
        beginnings.insert(0, (_PARENTS, f"{origin}{above}/" if above else origin))
    return beginnings
