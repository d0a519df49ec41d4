"""The fetching host: a second virtual host on a loopback address, which asks upstreams for the first and nobody else.

It says one of three things: the page or file, 404, or 5xx. That takes a host of its own, because httpd cannot do it on
the connection of a client (tests/servers/test_apache_fetcher.py):

* When an upstream breaks a connection off before it has answered, and the client has asked something on its own
  connection before, mod_proxy_http closes that connection without a word, so that the client may try again. Here each
  connection has one request.
* httpd has no ``ErrorDocument`` for a redirect (3xx) of an upstream, so no next source could be asked. Here it is made
  to fail, by a header that cannot be sent, and is a 500 for the host that asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from rewritegen.names import CANONICAL_NAME
from rewritegen.plan import Plan
from rewritegen.representations import REPRESENTATIONS
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
from rewritegen.steps import Limits

__all__ = ["PRIVATE_HEADERS", "Fetcher", "PagesAt", "Worker", "fetcher"]

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
    ca: str
    accepts: tuple[str, ...]
    """What it is asked for, as whole directives."""
    refused: tuple[str, ...]
    """What makes an answer fail that is not to be passed on, as whole directives."""


class PagesAt(NamedTuple):
    """Where the site asks, and how long it waits; see :func:`fetcher`."""

    url: str
    timeout: int


class Fetcher(NamedTuple):
    """The fetching host as the templates print it."""

    listen: str
    """Argument of Listen and <VirtualHost>, with quotes."""
    once: str
    """The variable that says that somebody listens there already."""
    name: str
    rules: tuple[Line, ...]
    workers: tuple[Worker, ...]
    at: tuple[PagesAt, ...]
    """The site's workers for it, one for pages and one for files, so that downloads leave pages a way."""
    all: str
    """The pattern of both."""


def fetcher(plan: Plan) -> Fetcher | None:
    """Return the fetching host; None when nobody is ever asked."""
    pages, files = page_turns(plan), file_turns(plan)
    if plan.offline or not (pages or files):
        return None
    address = fetcher_address(plan)
    word = "".join(letter if letter.isalnum() else "_" for letter in address)
    return Fetcher(
        listen=f'"{address}"',
        once=f"RG_LISTENS_ON_{word}",
        name=fetcher_name(plan.server_name),
        rules=tuple(lines(_rules(plan))),
        workers=tuple(_workers(plan, pages, files)),
        at=tuple(_at(address, pages, files)),
        all=f'"^http://{regex(address)}/"',
    )


def _at(
    address: str, pages: tuple[PageTurn, ...], files: tuple[FileTurn, ...]
) -> Iterator[PagesAt]:
    by_path = {
        "pages": [turn.step.upstream.limits for turn in pages],
        "files": [turn.attempt.limits for turn in files],
    }
    for path, limits in by_path.items():
        if limits:
            # longer than it takes there
            longest = max(one.connect + one.read for one in limits) + 5
            yield PagesAt(argument(f"http://{address}/{path}/", "inner"), longest)


def _rules(plan: Plan) -> Iterator[Rule]:
    yield from for_the_log(agent=False)
    strangers = (Condition("%{HTTP_HOST}", f"!={fetcher_name(plan.server_name)}"),)
    comment = ("nobody else knows this name",)
    yield Rule("^", flags=("R=403", "L"), conditions=strangers, comment=comment)
    for turn in page_turns(plan):
        path = substitution(urlsplit(turn.step.upstream.url).path, turn.step.source.key)
        flags = ("E=RG_FORM:$1", "P", "NE", "QSD", "L")
        pattern = f"^{regex(turn.asked)}{FORM}/({CANONICAL_NAME})/$"
        yield Rule(pattern, f"{turn.group}{path}$2/", flags, comment=_named(turn.step.source.key))
    for file in file_turns(plan):
        key = file.attempt.source.key
        path = substitution(urlsplit(file.attempt.url).path.rstrip("/"), key)
        comment = (f"{key}: a path goes out as it came in; `%2B` stays `%2B`",)
        raw = (Condition("%{THE_REQUEST}", f"^[A-Z]+ {regex(file.asked)}(/[^? ]+)"),)
        way = f"{file.group}{path}%1"
        yield Rule(f"^{regex(file.asked)}/", way, ("P", "NE", "QSD", "L"), raw, comment)
    yield Rule("^", flags=("R=403", "L"), comment=("nothing else is asked for",))


def _named(key: str) -> tuple[str, ...]:
    return (f"{key}: pages, by a canonical name",)


def _workers(
    plan: Plan, pages: tuple[PageTurn, ...], files: tuple[FileTurn, ...]
) -> Iterator[Worker]:
    ca = argument(plan.ca, "ca")
    for page in pages:
        source, upstream = page.step.source, page.step.upstream
        comment = f"{source.key} {source.name}: pages"
        accepts = tuple(_accepts(source.key))
        worker = _worker(comment, page.group, upstream.url, source.key, upstream.limits)
        yield worker._replace(ca=ca, accepts=accepts, refused=(_refused("200|304|404"), _NO_PAGE))
    for file in files:
        source, attempt = file.attempt.source, file.attempt
        comment = f"{source.key} {source.name}: files"
        accepts = ('RequestHeader set Accept "*/*"',)
        worker = _worker(comment, file.group, attempt.url, source.key, attempt.limits)
        yield worker._replace(ca=ca, accepts=accepts, refused=(_refused("200|206|304|404|416"),))


def _worker(comment: str, group: str, url: str, key: str, limits: Limits) -> Worker:
    parts = urlsplit(url)
    times = f"connectiontimeout={limits.connect} timeout={limits.read} retry={limits.retry}"
    return Worker(
        comment,
        argument(f"{group}/", key),
        argument(f"{parts.scheme}://{parts.netloc}", key),
        f"{times} keepalive=On ttl=30",
        f"addressttl={_ADDRESS_SECONDS}",
        parts.scheme == "https",
        ca="",
        accepts=(),
        refused=(),
    )


def _refused(statuses: str) -> str:
    return f'Header set RG-No-Answer "\\n" \\\n    "expr=%{{REQUEST_STATUS}} !~ /^(?:{statuses})$/"'


def _accepts(key: str) -> Iterator[str]:
    for form in REPRESENTATIONS:
        asked = f"\"expr=reqenv('RG_FORM') == '{form.suffix}'\""
        for number, media_type in enumerate(form.upstream_accept.split(", ")):
            action = "append" if number else "set"
            value = argument(media_type, key)
            yield f"RequestHeader {action} Accept {value} \\\n    {asked}"
