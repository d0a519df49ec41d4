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
from rewritegen.redirects import FILE_PATH, FILE_QUERY, PAGE_PATH
from rewritegen.representations import REPRESENTATIONS
from rewritegen.servers.apache.following import ASKED, following_rules, moved_to
from rewritegen.servers.apache.logs import for_the_log
from rewritegen.servers.apache.quoting import argument, regex, substitution
from rewritegen.servers.apache.rules import Condition, Line, Rule, lines
from rewritegen.servers.apache.turns import (
    FORM,
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
)

#: Seconds after which the address of an upstream is looked up again.
_ADDRESS_SECONDS = 60

#: How many requests of one process may wait at once for the fetching host, so that some of its threads (25, if nobody
#: says otherwise) are left to be that host: tests/servers/test_apache_fetcher.py has a crowd.
_MOST_PAGES, _MOST_FILES, _MOST_MOVED_FILES, _MOST_FOLLOWED = 5, 8, 2, 6

#: Seconds that who asks waits longer than who is asked.
_LONGER_SECONDS = 5


#: Another type is no page.
_NO_PAGE = (
    'Header set RG-No-Page "\\n" \\\n    "expr=%{REQUEST_STATUS} == 200 && \\\n    %{CONTENT_TYPE}'
    r' !~ m#^(?:text/html|application/vnd\.pypi\.simple\.)#"'
)


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
    """A worker for the fetching host: how many of a process ask there at once, and how long they wait, in seconds."""

    url: str
    most: int
    timeout: int


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
    files: tuple[str, ...]
    """The same of files."""
    itself: Way
    """How the part that follows asks the part that asks."""
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
    itself = Way(argument(f"http://{address}/", "inner"), _MOST_FOLLOWED, longest + _LONGER_SECONDS)
    return Fetcher(
        listen=f'"{address}"',
        once=f"RG_LISTENS_ON_{word}",
        name=fetcher_name(plan.server_name),
        rules=tuple(lines((*_guards(plan), *following_rules(plan), *_asks(plan)))),
        workers=tuple(_workers(pages, files)),
        tls=any(_needs_tls(origins) for origins in _all_origins(pages, files)),
        ca=argument(plan.ca, "ca"),
        pages=(*_accepts(), _refused("200|304|404"), _NO_PAGE) if pages else (),
        files=('RequestHeader set Accept "*/*"', _refused("200|206|304|404|416")) if files else (),
        itself=itself,
        ways=tuple(_ways(address, pages, files)),
        all=f'"^http://{regex(address)}/"',
    )


def _ways(address: str, pages: tuple[PageTurn, ...], files: tuple[FileTurn, ...]) -> Iterator[Way]:
    by_path = (
        ("pages", _MOST_PAGES, [turn.step.upstream.limits for turn in pages]),
        (f"{ASKED.strip('/')}/files", _MOST_FILES, [turn.attempt.limits for turn in files]),
        ("files", _MOST_MOVED_FILES, [turn.attempt.limits for turn in files]),
    )
    for path, most, limits in by_path:
        if limits:
            # longer than it takes there
            longest = max(one.connect + one.read for one in limits) + 2 * _LONGER_SECONDS
            yield Way(argument(f"http://{address}/{path}/", "inner"), most, longest)


def _guards(plan: Plan) -> Iterator[Rule]:
    yield from for_the_log(agent=False)
    strangers = (Condition("%{HTTP_HOST}", f"!={fetcher_name(plan.server_name)}"),)
    comment = ("nobody else knows this name",)
    yield Rule("^", flags=("R=403", "L"), conditions=strangers, comment=comment)


def _asks(plan: Plan) -> Iterator[Rule]:
    """Yield the rules of the part that asks upstreams."""
    for page in page_turns(plan):
        yield from _asks_for_pages(page)
    for file in file_turns(plan):
        yield from _asks_for_files(file)
    yield Rule("^", flags=("R=403", "L"), comment=("nothing else is asked for",))


def _asks_for_pages(page: PageTurn) -> Iterator[Rule]:
    key = page.step.source.key
    path = substitution(urlsplit(page.step.upstream.url).path, key)
    flags = ("E=RG_FETCH:1", "E=RG_FORM:$1", "P", "NE", "QSD", "L")
    pattern = f"^{ASKED}{regex(page.asked)}{FORM}/({CANONICAL_NAME})/$"
    comment = (f"{key}: pages, by a canonical name, and where they have moved",)
    yield Rule(pattern, f"{page.group}{path}$2/", flags, comment=comment)
    for number in range(1, len(page.step.upstream.origins) + 1):
        moved = f"^{regex(moved_to(page.asked, number))}/{FORM}/({PAGE_PATH})$"
        yield Rule(moved, f"{_group(page.group, number)}/$2", flags)


def _asks_for_files(file: FileTurn) -> Iterator[Rule]:
    key = file.attempt.source.key
    path = substitution(urlsplit(file.attempt.url).path.rstrip("/"), key)
    comment = (f"{key}: a path goes out as it came in; `%2B` stays `%2B`",)
    raw = (Condition("%{THE_REQUEST}", f"^[A-Z]+ {ASKED}{regex(file.asked)}(/[^? ]+)"),)
    flags = ("E=RG_FETCH:1", "P", "NE", "QSD", "L")
    yield Rule(f"^{ASKED}{regex(file.asked)}/", f"{file.group}{path}%1", flags, raw, comment)
    for number in range(1, len(file.attempt.origins) + 1):
        place = f"^{regex(moved_to(file.asked, number))}$"
        group = _group(file.group, number)
        bare = (Condition("%{QUERY_STRING}", f"^/({FILE_PATH})$"),)
        yield Rule(place, f"{group}/%1", flags, bare)
        with_query = (Condition("%{QUERY_STRING}", rf"^/({FILE_PATH})\?({FILE_QUERY})$"),)
        yield Rule(place, f"{group}/%1?%2", ("E=RG_FETCH:1", "P", "NE", "L"), with_query)


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


def _group(group: str, number: int) -> str:
    """Return the balancer of the ``number``-th host that a source may redirect to; the first is its own."""
    return group if number == 1 else f"{group}_at{number}"


def _workers(pages: tuple[PageTurn, ...], files: tuple[FileTurn, ...]) -> Iterator[Worker]:
    for page in pages:
        upstream = page.step.upstream
        yield from _hosts(page.step.source, "pages", page.group, upstream.origins, upstream.limits)
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
            argument(f"{_group(group, number)}/", source.key),
            argument(origin, source.key),
            f"{times} keepalive=On ttl=30",
            f"addressttl={_ADDRESS_SECONDS}",
            origin.startswith("https:"),
        )


def _refused(statuses: str) -> str:
    return f'Header set RG-No-Answer "\\n" \\\n    "expr=%{{REQUEST_STATUS}} !~ /^(?:{statuses})$/"'


def _accepts() -> Iterator[str]:
    for form in REPRESENTATIONS:
        asked = f"\"expr=reqenv('RG_FORM') == '{form.suffix}'\""
        for number, media_type in enumerate(form.upstream_accept.split(", ")):
            action = "append" if number else "set"
            yield f'RequestHeader {action} Accept "{media_type}" \\\n    {asked}'
