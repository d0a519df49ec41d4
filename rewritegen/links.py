"""Links in the pages of HTTP indexes: how they begin, what they mean there, and what they become in our pages.

The links that we write are relative to the page of a project, so that they hold behind a proxy that serves the site
at a sub-path.
"""

from __future__ import annotations

import re
from typing import TypeAlias
from urllib.parse import urlsplit

from rewritegen.kinds import KINDS
from rewritegen.site import PrivateProxy, Proxy
from rewritegen.steps import LinkRule

__all__ = ["document_rules", "file_roots", "files_prefix", "link_rules", "origins", "up_to_root"]

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
    found = dict.fromkeys(url for _, url in _beginnings(source))
    return tuple(found)


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
    """Return the replacements that make the links in a source's pages lead to our file routes.

    They are matched without regard to case, as schemes and hosts are (RFC 3986, 6.2.2.1), and so that none is found
    inside other text: each begins with a scheme, or with the quote of an attribute or of a JSON string.
    """
    roots = file_roots(source)
    beginnings = _beginnings(source)
    # httpd applies one rule after the other: what the first one of two relative ones wrote must not be found again
    twice = sum(texts[0][0].startswith('"../') for texts, _ in beginnings) > 1
    return tuple(
        LinkRule(begins, f"{quote}{'./' if quote and twice else ''}{up_to_root(mount)}{path}")
        for texts, url in beginnings
        for path in (files_prefix(source.name, roots.index(url)).removeprefix("/"),)
        for begins, quote in texts
    )


def document_rules(root: str, source: Proxy | PrivateProxy) -> tuple[LinkRule, ...]:
    """Return the same for its legacy JSON, whose URLs are absolute; ``root`` is what ours begin with.

    Only what files are declared to begin with: other URLs in it lead to pages about a project.
    """
    parts = urlsplit(source.proxy)
    own = [f"{parts.scheme}://{parts.netloc}/"] if KINDS[source.kind].upwards else []
    roots = file_roots(source)
    return tuple(
        LinkRule(begins, f"{quote}{root}{files_prefix(source.name, roots.index(url))}")
        for url in sorted({*source.files, *own}, key=lambda url: (-len(url), url))
        for begins, quote in _absolute(url)
    )


#: Ways to write the beginning of a link, each with what of it stays: the quote, or nothing.
_Texts: TypeAlias = tuple[tuple[str, str], ...]


def _quoted(text: str) -> _Texts:
    """Return the ways to write a link without a scheme: in HTML, and in JSON with its ``\\/`` (RFC 8259, 7)."""
    escaped = text.replace("/", "\\/")
    return ((f'"{text}', '"'), (f"'{text}", "'"), (f'"{escaped}', '"'))


def _absolute(url: str) -> _Texts:
    """Return the ways to write a URL: as it is, with the scheme's own port, each with and without the scheme."""
    parts = urlsplit(url)
    port = {"http": 80, "https": 443}[parts.scheme]
    hosts = [parts.netloc] if parts.port else [parts.netloc, f"{parts.netloc}:{port}"]
    found: list[tuple[str, str]] = []
    for host in hosts:
        rest = f"//{host}{parts.path}"
        escaped = rest.replace("/", "\\/")
        found += [(f"{parts.scheme}:{rest}", ""), (f"{parts.scheme}:{escaped}", ""), *_quoted(rest)]
    return tuple(found)


def _beginnings(source: Proxy | PrivateProxy) -> list[tuple[_Texts, str]]:
    """Return how links begin, and the upstream URLs that they begin with."""
    kind = KINDS[source.kind]
    parts = urlsplit(source.proxy)
    origin = f"{parts.scheme}://{parts.netloc}/"
    own = [*([origin] if kind.origin else []), *([source.proxy] if kind.below else [])]
    absolute = {*source.files, *own}
    # the longest first: a declared file host may lie below the origin
    beginnings = [
        (_absolute(url), url) for url in sorted(absolute, key=lambda url: (-len(url), url))
    ]
    above = f"{parts.path.rstrip('/').rpartition('/')[0].lstrip('/')}/".lstrip("/")
    if kind.rooted:
        path = f"{above}{kind.rooted}"
        beginnings.insert(0, (_quoted(f"/{path}"), f"{origin}{path}"))
    relative = {}
    if kind.parents:
        relative["../../"] = f"{origin}{above}"
    if kind.upwards:
        relative[up_to_root(parts.path)] = origin
    # the longest first: it begins with the other one
    ordered = sorted(relative.items(), key=lambda one: -len(one[0]))
    return [*((_quoted(text), url) for text, url in ordered), *beginnings]
