"""What is asked over HTTP: workers, what may leave with a request, and what becomes of an answer.

httpd cannot turn what an upstream says into another status, with one exception: when the document of an error fails,
it reports the first error. So a request that an upstream is to answer *begins* as the error that it shall be if the
upstream has no usable answer (502, or the redirect that stands behind the proxy), the upstream's answer is the
document of that error, and an answer that is neither yes nor no is made to fail. Measured with refused connections,
timeouts, unknown hosts, and statuses 3xx, 4xx, 5xx and 520: tests/servers/test_apache_fetch.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rewritegen.plan import Plan
from rewritegen.representations import REPRESENTATIONS
from rewritegen.servers.apache.files import fetch_file, file_ask
from rewritegen.servers.apache.layout import continued, directive
from rewritegen.servers.apache.pages import behind_proxy
from rewritegen.servers.apache.quoting import argument, expression, regex
from rewritegen.servers.apache.rules import Condition, Group, Item, Rule
from rewritegen.servers.apache.words import FETCH_URL, begin_url
from rewritegen.steps import AskPrivately, FetchFrom, FileRoute, SendTo, TryProxy

__all__ = [
    "CONDITIONAL_HEADERS",
    "PRIVATE_HEADERS",
    "FileFetch",
    "PageFetch",
    "Worker",
    "fetch_rules",
    "fetched_urls",
    "file_fetches",
    "page_fetches",
    "workers",
]

#: Request headers that say who asks, from where and for what. httpd cannot whitelist; these are those with a name.
PRIVATE_HEADERS = (
    *(
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "Referer",
        "Origin",
        "From",
        "Forwarded",
        "Via",
    ),
    *(
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Server",
        "X-Forwarded-Proto",
        "X-Forwarded-Port",
    ),
    *(
        "X-Forwarded-Prefix",
        "X-Forwarded-User",
        "X-Real-IP",
        "X-Client-IP",
        "X-Original-URL",
        "X-Rewrite-URL",
    ),
    *(
        "X-Requested-With",
        "X-HTTP-Method-Override",
        "X-Request-ID",
        "X-Correlation-ID",
        "Traceparent",
        "Tracestate",
    ),
    *(
        "True-Client-IP",
        "CF-Connecting-IP",
        "Accept-Language",
        "Accept-Charset",
        "Upgrade",
        "Expect",
        "Max-Forwards",
    ),
    *("Cache-Control", "Pragma", "DNT"),
)
#: Of a page nothing but all of it is asked for: its bytes are not those that the client saw.
CONDITIONAL_HEADERS = (
    *("Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"),
)

_SECONDS = 30


class Worker(NamedTuple):
    """A ``<Proxy>`` block: connections to one upstream; arguments are quoted."""

    comment: str
    url: str
    tls: bool
    ca: str
    timeout: int = _SECONDS


class PageFetch(NamedTuple):
    """Pages of one upstream; arguments are quoted."""

    comment: str
    begin: str
    """Where a request for a page begins."""
    begins_as: str
    """Arguments of Redirect: the answer unless the upstream has a page."""
    begin_status: int
    path: str
    """Where it goes on."""
    url: str
    refused: str
    """Statuses that are not passed on."""
    other_label: str | None
    """X-Index-Source of a 404 that the upstream gave; None: the source's own, because its answer is final."""
    links: tuple[str, ...]
    """Arguments of Substitute."""
    accepts: tuple[tuple[str, str, str], ...]
    """``set`` or ``append``, one media type of an Accept header, and the condition."""
    keep: str
    """Cache-Control of a page."""


class FileFetch(NamedTuple):
    """Files below one URL of an upstream; arguments are quoted."""

    comment: str
    begin: str
    url: str
    replaceable: bool
    """A file of ours may be replaced; how long one of a public index holds, it says itself."""


def workers(plan: Plan) -> tuple[Worker, ...]:
    """Return one worker for each URL that is asked, each once."""
    found: dict[str, Worker] = {}
    for comment, key, url in _asked(plan):
        ca = argument(plan.ca, "ca")
        found.setdefault(url, Worker(comment, argument(url, key), url.startswith("https://"), ca))
    return tuple(found.values())


def fetched_urls(plan: Plan) -> str:
    """Return the pattern of all URLs that are asked, in quotes."""
    urls = dict.fromkeys(url for _, _, url in _asked(plan))
    return continued(directive("<ProxyMatch", [f'"^(?:{"|".join(map(regex, urls))})"']))


def _asked(plan: Plan) -> Iterator[tuple[str, str, str]]:
    for step in plan.steps_with_upstream:
        key = step.source.key
        yield f"{key} {step.source.name}: pages", key, step.upstream.url
    for _, attempt in _file_attempts(plan):
        key = attempt.source.key
        yield f"{key} {attempt.source.name}: files", key, attempt.url


def _file_attempts(plan: Plan) -> Iterator[tuple[FileRoute, FetchFrom]]:
    for route in plan.files:
        for attempt in route.attempts:
            if isinstance(attempt, FetchFrom):
                yield route, attempt


def fetch_rules(plan: Plan) -> Iterator[Item]:
    """Yield the rules of requests that have begun; what comes from outside has no REDIRECT_RG_ASK."""
    rules: list[Item] = []
    begun = Condition("$1 %{ENV:REDIRECT_RG_ASK}", r"^(\S+) \1$")
    for step in plan.steps_with_upstream:
        flags = (f"E=RG_SOURCE:{step.source.label}", "L")
        rules.append(Rule(f"^{FETCH_URL}(page/{step.source.name}/.+)$", "-", flags, (begun,)))
    for route, attempt in _file_attempts(plan):
        pattern = f"^{FETCH_URL}({file_ask(route, attempt)})$"
        rules.append(fetch_file(route, attempt, pattern, (begun,)))
    if rules:
        comment = "what an upstream is asked, after the request began as the failure that it is otherwise (see below)"
        yield Group((comment,), None, tuple(rules))


def page_fetches(plan: Plan) -> tuple[PageFetch, ...]:
    """Return the page fetches in the order of the steps."""
    redirect = behind_proxy(plan)
    return tuple(
        _page_fetch(step, redirect if isinstance(step, TryProxy) else None)
        for step in plan.steps_with_upstream
    )


def _page_fetch(step: TryProxy | AskPrivately, behind: SendTo | None) -> PageFetch:
    key, name = step.source.key, step.source.name
    comment, begins_as, status, passed = f"{key} {name}: pages", "502", 502, "200|404"
    if behind is not None:
        target = expression(behind.url, behind.source.key)
        comment += f"; else {behind.source.key} {behind.source.name}"
        begins_as, status, passed = f'302 "{target}%{{reqenv:RG_NAME}}/"', 302, "200"
    return PageFetch(
        comment=comment,
        begin=argument(begin_url(f"page/{name}/"), key),
        begins_as=begins_as,
        begin_status=status,
        path=f"{FETCH_URL}page/{name}/",
        url=argument(step.upstream.url, key),
        refused=f"expr=%{{REQUEST_STATUS}} !~ /^(?:{passed})$/",
        other_label="none" if isinstance(step, TryProxy) else None,
        links=tuple(
            argument(f"s|{link.find}|{link.replace}|nq", key) for link in step.upstream.links
        ),
        accepts=tuple(_accepts(key)),
        keep="max-age=600" if isinstance(step, TryProxy) else "no-cache",
    )


def _accepts(key: str) -> Iterator[tuple[str, str, str]]:
    for form in REPRESENTATIONS:
        asked = f"expr=%{{reqenv:RG_FORM}} == '{form.name}'"
        for number, media_type in enumerate(form.upstream_accept.split(", ")):
            yield "append" if number else "set", argument(media_type, key), asked


def file_fetches(plan: Plan) -> tuple[FileFetch, ...]:
    """Return the file routes that end at an upstream."""
    return tuple(
        FileFetch(
            f"{attempt.source.key} {attempt.source.name}",
            argument(begin_url(file_ask(route, attempt)), attempt.source.key),
            argument(attempt.url, attempt.source.key),
            replaceable=route.private,
        )
        for route, attempt in _file_attempts(plan)
    )
