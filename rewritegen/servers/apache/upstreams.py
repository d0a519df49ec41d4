"""HTTP sources as the templates print them: how the fetching host is asked, and what becomes of its answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rewritegen.plan import ABSENT_SECONDS, Plan
from rewritegen.servers.apache.fetcher import Fetcher, fetcher
from rewritegen.servers.apache.following import ASKED, FOLLOW
from rewritegen.servers.apache.layout import continued, directive
from rewritegen.servers.apache.quoting import argument, regex
from rewritegen.servers.apache.turns import FileTurn, PageTurn, fetcher_url, file_turns, page_turns
from rewritegen.servers.apache.words import FILES_PLACE, pages_place
from rewritegen.steps import TryProxy

__all__ = [
    "CONDITIONAL_HEADERS",
    "Asking",
    "FileFetch",
    "Kept",
    "PageFetch",
    "asking",
]

#: Of a page nothing but all of it is asked for: its bytes are not those that the client saw.
CONDITIONAL_HEADERS = (
    *("Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"),
)

#: What the fetching host says when there is no answer, but 500; and 504 leads where that of the cache does.
_FAILURES = (403, 502, 503)

#: Where a 500 of it leads: a redirect, if the query says where to.
_MOVED = "/-/rg_%{reqenv:RG_MOVED_TO}?%{resp:RG-Moved}"


#: What is neither an answer nor "not here". mod_cache would write down what is `no-cache` alone.
_NOT_KEPT = 'Header set Cache-Control "no-cache, no-store"'

#: Seconds; a file has another name when it is another.
_FOREVER = 31536000

_WHOLE_OR_ONE_PART = (
    '"expr=%{REQUEST_STATUS} == 200 || (%{REQUEST_STATUS} == 206 && \\\n'
    '    %{CONTENT_TYPE} !~ m#^multipart/byteranges *;#)"'
)


class PageFetch(NamedTuple):
    """Pages of one upstream; arguments are quoted, lines are whole directives."""

    comment: str
    url: str
    links: tuple[str, ...]
    """Arguments of Substitute."""
    headers: tuple[str, ...]
    refused: str
    """Statuses that are not passed on."""


class FileFetch(NamedTuple):
    """Files below one URL of an upstream; arguments are quoted, lines are whole directives."""

    comment: str
    url: str
    """A pattern."""
    headers: tuple[str, ...]


class Kept(NamedTuple):
    """The cache; lines are whole directives."""

    root: tuple[str, ...]
    base: str
    """Argument of CacheKeyBaseURL."""
    files: int
    lines: tuple[str, ...]


class Asking(NamedTuple):
    """All of it."""

    fetcher: Fetcher | None
    pages: tuple[PageFetch, ...]
    files: tuple[FileFetch, ...]
    places: str
    """The begin of a <LocationMatch> of what is asked for, or kept."""
    begin: tuple[str, ...]
    """Where a request goes when it has begun as the answer that stands if the source fails."""
    kept: Kept | None
    pages_root: str
    files_root: str


def asking(plan: Plan, *, standalone: bool) -> Asking | None:
    """Return what the templates need of the HTTP sources; None when there are none."""
    pages, files = page_turns(plan), file_turns(plan)
    if not pages and not files:
        return None
    roots = f"{regex(pages_place(plan.mount))}|{regex(FILES_PLACE)}"
    begin = [f'ErrorDocument {status} "/%{{reqenv:RG_ASK}}"' for status in (200, 302, 502)]
    online = not plan.offline
    return Asking(
        fetcher=fetcher(plan),
        pages=tuple(_page(plan, turn) for turn in pages) if online else (),
        files=tuple(_file(plan, turn) for turn in files) if online else (),
        places=continued(directive("<LocationMatch", [f'"^(?:{roots})"'])),
        begin=tuple(begin) if online else (),
        kept=_kept(plan, standalone=standalone),
        pages_root=f"{plan.mount}-/",
        files_root="/files/-/",
    )


def _kept(plan: Plan, *, standalone: bool) -> Kept | None:
    if plan.copies is None:
        return None
    place = argument(f"{plan.copies.path}/apache", "cache.path")
    root: tuple[str, ...] = (f"CacheRoot {place}",)
    if standalone:
        # unlike all other paths it is not relative to the directory of the file
        elsewhere = ("<IfDefine !RG_CACHE>", f"    Define RG_CACHE {place}", "</IfDefine>")
        root = (*elsewhere, 'CacheRoot "${RG_CACHE}"')
    base = argument(f"http://{plan.server_name}/", "server_name")
    any_copy = f'RequestHeader set Cache-Control "only-if-cached, max-stale={plan.copies.stale}"'
    lines = (any_copy,) if plan.offline else _phases(any_copy)
    return Kept(root, base, plan.copies.files, lines)


def _phases(any_copy: str) -> tuple[str, ...]:
    """Return what makes mod_cache do what a request wants (``words.Phase``)."""
    look = "\"expr=reqenv('RG_DO') == 'look'\""
    failed = "\"expr=reqenv('RG_DO') == 'renew' && %{REQUEST_STATUS} -ge 500\""
    whole = ("If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")
    have = (
        any_copy,
        'RequestHeader set Range "bytes=9000000000000000-"',
        *(f"RequestHeader unset {name}" for name in whole),
        "# without chunks, which `close` means by now, a page that breaks off would look whole",
        "RequestHeader unset Connection",
        'ErrorDocument 416 "/-/rg_%{reqenv:RG_HIT}"',
    )
    return (
        "# a fresh copy, or 504",
        f'RequestHeader set Cache-Control "only-if-cached" \\\n    {look}',
        "# is there one that may stand in? it has no such range: 416; else 504",
        "\n    ".join(("<If \"reqenv('RG_DO') == 'have'\">", *have)) + "\n</If>",
        "# the source is asked; a copy stands in when it fails, but not one that is too old",
        "CacheStaleOnError On",
        "<If \"-n reqenv('RG_FETCHED')\">\n    CacheHeader Off\n</If>",
        "<If \"reqenv('RG_DO') == 'fetch'\">\n    CacheStaleOnError Off\n</If>",
        "RequestHeader unset Cache-Control \"expr=-n reqenv('RG_FETCHED')\"",
        'Header set X-Cache "MISS" "expr=%{REQUEST_STATUS} =~ /^(?:20[06]|404)$/"',
        'Header set X-Cache "REVALIDATED" "expr=%{REQUEST_STATUS} == 304"',
        f'Header always set X-Cache "STALE" \\\n    {failed}',
    )


def _page(plan: Plan, turn: PageTurn) -> PageFetch:
    source = turn.step.source
    # 304 answers nobody else's question but that of a copy
    renewed = "|304 renew" if plan.copies else ""
    links = [
        argument(f"s|{link.find}|{link.replace}|niq", source.key)
        for link in turn.step.upstream.links
    ]
    if turn.documents:
        # absolute URLs are long
        links = [f"\\\n        {link}" for link in links]
    return PageFetch(
        comment=f"{source.key} {source.name}: its {'documents' if turn.documents else 'pages'}",
        url=_asked(plan, turn.asked),
        links=tuple(links),
        headers=(*_page_headers(plan, turn), *_steps_behind(turn)),
        refused=f"expr='%{{REQUEST_STATUS}} %{{reqenv:RG_DO}}' !~ /^(?:200|404{renewed})/",
    )


def _asked(plan: Plan, path: str, end: str = "") -> str:
    """Return the pattern of all ways to ask the fetching host for something."""
    return f'"^{regex(fetcher_url(plan))}(?:{ASKED}|{FOLLOW})?{regex(path)}{end}"'


def _page_headers(plan: Plan, turn: PageTurn) -> Iterator[str]:
    proxy = isinstance(turn.step, TryProxy)
    if plan.copies is None:
        keep = "max-age=600" if proxy else "no-cache"
        # it is that of the bytes before
        yield "Header unset ETag"
    else:
        # a cache does not use what is said to be `no-cache`, not even when nobody answers
        keep = f"max-age={plan.copies.pages if proxy else 0}"
        # the copy is renewed with the upstream's own, without the suffix for compression
        yield 'Header edit ETag "-gzip\\"$" "\\""'
    yield _NOT_KEPT
    yield f'Header set Cache-Control "{keep}" "expr=%{{REQUEST_STATUS}} =~ /^(?:200|304)$/"'
    if plan.copies is not None:
        yield from _absent(ABSENT_SECONDS if proxy else 0)
    yield f'Header set X-Index-Source "{turn.step.source.label}"'
    if proxy:
        yield 'Header set X-Index-Source "none" "expr=%{REQUEST_STATUS} == 404"'


def _absent(seconds: int) -> Iterator[str]:
    yield '# "not here" is believed for so long, and stands in for nothing'
    control = f"max-age={seconds}, must-revalidate"
    yield f'Header set Cache-Control "{control}" "expr=%{{REQUEST_STATUS}} == 404"'


def _steps_behind(turn: PageTurn) -> Iterator[str]:
    if turn.goes_on:
        yield "# not here: the steps behind it"
        if turn.last:
            yield "ProxyErrorOverride On 404"
        else:
            yield "<If \"reqenv('RG_DO') == 'renew'\">\n    ProxyErrorOverride On 404\n</If>"
        yield 'ErrorDocument 404 "/-/rg_again/next"'
    if turn.last:
        yield from _redirects("404 500" if turn.goes_on else "500")
        return
    yield "# no answer and no copy: the steps behind it, too; a redirect (500) is followed"
    yield "<If \"reqenv('RG_DO') == 'fetch'\">\n    ProxyErrorOverride On\n</If>"
    yield f'ErrorDocument 500 "{_MOVED}"'
    for status in _FAILURES:
        yield f'ErrorDocument {status} "/-/rg_%{{reqenv:RG_FAIL}}"'


def _redirects(statuses: str) -> Iterator[str]:
    yield "# a redirect (500) is followed; when a copy is renewed, the fetching host does that"
    yield f"<If \"reqenv('RG_DO') == 'fetch'\">\n    ProxyErrorOverride On {statuses}\n</If>"
    yield f'ErrorDocument 500 "{_MOVED}"'


def _file(plan: Plan, turn: FileTurn) -> FileFetch:
    source = turn.attempt.source
    return FileFetch(
        comment=f"{source.key} {source.name}: its files, as they are",
        url=_asked(plan, f"{turn.asked}", end="[/?]"),
        headers=tuple(_file_headers(plan, turn)),
    )


def _file_headers(plan: Plan, turn: FileTurn) -> Iterator[str]:
    if plan.copies is not None:
        yield "# the client's range: another one asked the cache"
        yield "RequestHeader unset Range"
        yield 'RequestHeader set Range "%{RG_RANGE}e" "expr=-n reqenv(\'RG_RANGE\')"'
    keep = f"max-age={plan.copies.files if plan.copies else _FOREVER}, immutable"
    if turn.route.private:
        keep = "max-age=600"
    there = '"expr=%{REQUEST_STATUS} =~ /^(?:20[06]|304)$/"'
    yield _NOT_KEPT
    yield f'Header set Cache-Control "{keep}" \\\n    {there}'
    if plan.copies is not None:
        yield from _absent(ABSENT_SECONDS)
    yield "# files are octets, whatever the upstream calls them; several parts of one say what they are"
    yield f'Header set Content-Type "application/octet-stream" \\\n    {_WHOLE_OR_ONE_PART}'
    yield f'Header set X-Index-Source "{turn.attempt.source.label}" env=RG_FETCHED'
    yield from _redirects("500")
