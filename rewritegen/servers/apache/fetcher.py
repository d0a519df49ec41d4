"""The fetching host: a second virtual host on a loopback address, which asks upstreams for the first and nobody else.

It says one of three things: the page or file, 404, or 5xx. That takes a host of its own, because httpd cannot do it on
the connection of a client (tests/servers/test_apache_fetcher.py):

* When an upstream breaks a connection off before it has answered, and the client has asked something on its own
  connection before, mod_proxy_http closes that connection without a word, so that the client may try again. Here each
  connection has one request.
* httpd has no ``ErrorDocument`` for a redirect (3xx) of an upstream, so neither could it be followed, nor a next source
  be asked. Here it is made to fail, by a header that cannot be sent, and is a 500 for whoever asked (``following``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from rewritegen.names import CANONICAL_NAME
from rewritegen.plan import Plan
from rewritegen.representations import LEGACY_JSON, REPRESENTATIONS
from rewritegen.servers.apache.empty_pages import EmptyPages, empty_pages
from rewritegen.servers.apache.following import ASKED, FOLLOW, at, following_rules, itself_rules
from rewritegen.servers.apache.logs import for_the_log
from rewritegen.servers.apache.quoting import argument, regex, substitution
from rewritegen.servers.apache.rules import Condition, Line, Rule, lines
from rewritegen.servers.apache.turns import (
    FileTurn,
    PageTurn,
    fetcher_address,
    file_turns,
    page_turns,
)
from rewritegen.servers.base import fetcher_name
from rewritegen.steps import Limits, Source

__all__ = ["PRIVATE_HEADERS", "Fetcher", "Way", "Worker", "fetcher"]

#: Request headers that say who asks, from where and for what. httpd cannot whitelist; these are those with a name.
PRIVATE_HEADERS = (
    *("Authorization", "Proxy-Authorization", "Cookie", "Referer", "Origin", "From"),
    *("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Server"),
    *("X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-User"),
    *("X-Real-IP", "X-Client-IP", "X-Original-URL", "X-Rewrite-URL", "X-Requested-With"),
    *("X-HTTP-Method-Override", "X-Request-ID", "X-Correlation-ID", "Traceparent", "Tracestate"),
    *("True-Client-IP", "CF-Connecting-IP", "Accept-Language", "Accept-Charset", "Upgrade"),
    *("Expect", "Max-Forwards", "Cache-Control", "Pragma", "DNT"),
    *("If-Match", "If-Unmodified-Since", "Content-Length"),
)

#: Seconds after which the address of an upstream is looked up again.
_ADDRESS_SECONDS = 60

#: How many requests of one process may wait at once for the fetching host, so that some of its threads (25, if nobody
#: says otherwise) are left to be that host: tests/servers/test_apache_fetcher.py has a crowd.
_MOST_PAGES, _MOST_FILES, _MOST_FOLLOWED = 6, 8, 3

#: Seconds that who asks waits longer than who is asked.
_LONGER_SECONDS = 5

#: Milliseconds that a request waits for its turn to ask; less where this host would ask itself, because a crowd that
#: waits for that leaves no thread for it. For most of them a copy is there.
_TURN, _SHORT_TURN = 15000, 1000


def _no(what: str, types: str) -> str:
    """Return what makes an answer fail that is not what was asked for.

    Another type is no page; and in one that is compressed, though that was not asked for, no link could be rewritten.
    """
    return (
        f'Header set RG-No-{what} "\\n" \\\n'
        "    \"expr=%{REQUEST_STATUS} == 200 && (-n resp('Content-Encoding') || "
        f'%{{CONTENT_TYPE}} !~ \\\n    m#^{types} *(?:;|$)#)"'
    )


_NO_PAGE = _no("Page", r"(?:text/html|application/vnd\.pypi\.simple\.v1\+(?:json|html))")
_NO_DOCUMENT = _no("Document", "application/json")


class Worker(NamedTuple):
    """A ``<Proxy balancer://...>`` block: connections to one upstream; arguments are quoted."""

    comment: str
    group: str
    url: str
    limits: str
    """Parameters of its BalancerMember."""
    address: str
    """The one that not every httpd knows."""
    tls: bool


class Way(NamedTuple):
    """A worker for the fetching host."""

    url: str
    most: int
    """So many of a process ask there at once."""
    turn: int
    """So long others wait for that, in milliseconds."""
    timeout: int
    """So long they wait for an answer, in seconds."""


class Fetcher(NamedTuple):
    """The fetching host as the templates print it; arguments are quoted, lines are whole directives."""

    listen: str
    """Argument of Listen and <VirtualHost>."""
    once: str
    """The variable that says that somebody listens there already."""
    name: str
    rules: tuple[Line, ...]
    workers: tuple[Worker, ...]
    tls: bool
    """It cannot do without mod_ssl: some host is declared with https. Of others, http alone may be had."""
    ca: str
    pages: tuple[str, ...]
    """What pages are asked for, and what makes an answer fail that is not to be passed on; empty without pages."""
    documents: tuple[str, ...]
    """The same of the legacy JSON."""
    empty: tuple[EmptyPages, ...]
    """Sources whose empty pages say that a project is not there."""
    files: tuple[str, ...]
    """The same of files."""
    itself: Way
    """How this host asks itself."""
    ways: tuple[Way, ...]
    """How the site asks."""
    all: str
    """The pattern of all ways."""


def fetcher(plan: Plan) -> Fetcher | None:
    """Return the fetching host; None when nobody is ever asked."""
    pages, files = page_turns(plan), file_turns(plan)
    if plan.offline or not (pages or files):
        return None
    address = fetcher_address(plan)
    word = "".join(letter if letter.isalnum() else "_" for letter in address)
    longest = max(
        one.connect + one.read
        for one in (
            *(turn.step.upstream.limits for turn in pages),
            *(turn.attempt.limits for turn in files),
        )
    )
    itself = argument(f"http://{address}/", "inner")
    return Fetcher(
        listen=f'"{address}"',
        once=f"RG_LISTENS_ON_{word}",
        name=fetcher_name(plan.server_name),
        rules=tuple(lines((*_guards(plan), *itself_rules(plan), *_asks(plan)))),
        workers=tuple(_workers(pages, files)),
        tls=any(_needs_tls(origins) for origins in _all_origins(pages, files)),
        ca=argument(plan.ca, "ca"),
        pages=(*_accepts(), _refused("200|304|404"), _NO_PAGE) if pages else (),
        documents=tuple(_for_documents()) if plan.documents_with_upstream else (),
        empty=tuple(empty_pages(pages)),
        files=('RequestHeader set Accept "*/*"', _refused("200|206|304|404|416")) if files else (),
        itself=Way(itself, _MOST_FOLLOWED, _SHORT_TURN, longest + _LONGER_SECONDS),
        ways=tuple(_ways(address, pages, files)),
        all=f'"^http://{regex(address)}/"',
    )


def _ways(address: str, pages: tuple[PageTurn, ...], files: tuple[FileTurn, ...]) -> Iterator[Way]:
    limits = {
        "pages": [turn.step.upstream.limits for turn in pages],
        "files": [turn.attempt.limits for turn in files],
    }
    most = {"pages": _MOST_PAGES, "files": _MOST_FILES}
    for what, found in limits.items():
        if found:
            # longer than it takes there
            patience = max(one.connect + one.read for one in found) + 2 * _LONGER_SECONDS
            for path in (ASKED, FOLLOW):
                url = argument(f"http://{address}{path}/{what}/", "inner")
                yield Way(url, most[what] if path == ASKED else _MOST_FOLLOWED, _TURN, patience)
            url = argument(f"http://{address}/{what}/", "inner")
            yield Way(url, _MOST_FOLLOWED, _SHORT_TURN, patience)


def _guards(plan: Plan) -> Iterator[Rule]:
    yield from for_the_log(agent=False)
    strangers = (Condition("%{HTTP_HOST}", f"!={fetcher_name(plan.server_name)}"),)
    comment = ("nobody else knows this name",)
    yield Rule("^", flags=("R=403", "L"), conditions=strangers, comment=comment)


def _asks(plan: Plan) -> Iterator[Rule]:
    """Yield the rules of the part that asks upstreams."""
    for page in page_turns(plan):
        yield from _asks_for_page(page)
    for file in file_turns(plan):
        yield from _asks_for_file(file)
    yield from following_rules(plan)
    yield Rule("^", flags=("R=403", "L"), comment=("nothing else is asked for",))


def _asks_for_page(page: PageTurn) -> Iterator[Rule]:
    key = page.step.source.key
    path = substitution(urlsplit(page.step.upstream.url).path, key)
    # an empty page is told by its length, and the name in it counts
    name_too = ("E=RG_NAME:$2",) if page.step.upstream.empty else ()
    flags = ("E=RG_FETCH:1", "E=RG_AT:1", "E=RG_FORM:$1", *name_too, "P", "NE", "QSD", "L")
    begin = f"^{ASKED}{regex(page.asked)}{page.form}"
    end = page.step.upstream.end
    for name, spelling in page.step.upstream.spelled:
        comment = (f"{key}: spelled: {spelling}",)
        target = f"{page.group}{path}{substitution(spelling, key)}{end}"
        yield Rule(f"{begin}/({regex(name)})/$", target, flags, comment=comment)
    what = "documents" if page.documents else "pages"
    comment = (f"{key}: {what}, by a canonical name",)
    target = f"{page.group}{path}$2{end}"
    yield Rule(f"{begin}/({CANONICAL_NAME})/$", target, flags, comment=comment)


def _asks_for_file(file: FileTurn) -> Iterator[Rule]:
    key = file.attempt.source.key
    path = substitution(urlsplit(file.attempt.url).path.rstrip("/"), key)
    flags = ("E=RG_FETCH:1", "E=RG_AT:1", "P", "NE", "QSD", "L")
    place, begin = f"^{ASKED}{regex(file.asked)}/", f"^[A-Z]+ {ASKED}{regex(file.asked)}"
    for name, spelling in file.attempt.spelled:
        comment = (f"{key}: spelled: {spelling}",)
        raw = (Condition("%{THE_REQUEST}", f"{begin}/{regex(name)}(/[^? ]+)"),)
        target = f"{file.group}{path}/{substitution(spelling, key)}%1"
        yield Rule(place, target, flags, raw, comment)
    comment = (f"{key}: a path goes out as it came in; `%2B` stays `%2B`",)
    raw = (Condition("%{THE_REQUEST}", f"{begin}(/[^? ]+)"),)
    yield Rule(place, f"{file.group}{path}%1", flags, raw, comment)


def _all_origins(
    pages: tuple[PageTurn, ...], files: tuple[FileTurn, ...]
) -> Iterator[tuple[str, ...]]:
    yield from (page.step.upstream.origins for page in pages)
    yield from (file.attempt.origins for file in files)


def _needs_tls(origins: tuple[str, ...]) -> bool:
    """Tell whether a host stands there that has no twin with http (see ``links.origins``)."""
    return any(
        one.startswith("https:") and f"http:{one.removeprefix('https:')}" not in origins
        for one in origins
    )


def _workers(pages: tuple[PageTurn, ...], files: tuple[FileTurn, ...]) -> Iterator[Worker]:
    for page in pages:
        upstream = page.step.upstream
        what = "documents" if page.documents else "pages"
        yield from _hosts(page.step.source, what, page.group, upstream.origins, upstream.limits)
    for file in files:
        attempt = file.attempt
        yield from _hosts(attempt.source, "files", file.group, attempt.origins, attempt.limits)


def _hosts(
    source: Source, what: str, group: str, origins: tuple[str, ...], limits: Limits
) -> Iterator[Worker]:
    times = f"connectiontimeout={limits.connect} timeout={limits.read} retry={limits.retry}"
    for number, origin in enumerate(origins, 1):
        yield Worker(
            f"{source.key} {source.name}: {what}{'' if number == 1 else ' that have moved'}",
            argument(f"{at(group, number)}/", source.key),
            argument(origin, source.key),
            f"{times} keepalive=On ttl=30",
            f"addressttl={_ADDRESS_SECONDS}",
            origin.startswith("https:"),
        )


def _refused(statuses: str) -> str:
    return f'Header set RG-No-Answer "\\n" \\\n    "expr=%{{REQUEST_STATUS}} !~ /^(?:{statuses})$/"'


def _for_documents() -> Iterator[str]:
    yield f'RequestHeader set Accept "{LEGACY_JSON.upstream_accept}"'
    yield _refused("200|304|404")
    yield _NO_DOCUMENT


def _accepts() -> Iterator[str]:
    for form in REPRESENTATIONS:
        asked = f"\"expr=reqenv('RG_FORM') == '{form.suffix}'\""
        for number, media_type in enumerate(form.upstream_accept.split(", ")):
            action = "append" if number else "set"
            yield f'RequestHeader {action} Accept "{media_type}" \\\n    {asked}'
