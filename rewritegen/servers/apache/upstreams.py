"""What is asked over HTTP: workers, what may leave with a request, and what becomes of an answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rewritegen.plan import Plan
from rewritegen.representations import REPRESENTATIONS
from rewritegen.servers.apache.pages import PAGE_URL
from rewritegen.servers.apache.quoting import argument, expression, regex
from rewritegen.steps import AskPrivately, FetchFrom, SendTo, TryProxy

__all__ = [
    "CONDITIONAL_HEADERS",
    "FAILURES",
    "PRIVATE_HEADERS",
    "FileFetch",
    "PageFetch",
    "Worker",
    "fetched_urls",
    "file_fetches",
    "page_fetches",
    "workers",
]

#: Statuses of an upstream that mean "don't know", and that httpd has a name for (others count as 500). 404 is an
#: answer; 416 is one to a Range.
FAILURES = (
    *(400, 401, 402, 403, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 417, 421, 422, 423, 424, 426, 428),
    *(429, 431, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511),
)

#: Request headers that say who asks, from where and for what. httpd cannot whitelist; these are those with a name.
PRIVATE_HEADERS = (
    *("Authorization", "Proxy-Authorization", "Cookie", "Referer", "Origin", "From", "Forwarded", "Via"),
    *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Server", "X-Forwarded-Proto", "X-Forwarded-Port"),
    *("X-Forwarded-Prefix", "X-Forwarded-User", "X-Real-IP", "X-Client-IP", "X-Original-URL", "X-Rewrite-URL"),
    *("X-Requested-With", "X-HTTP-Method-Override", "X-Request-ID", "X-Correlation-ID", "Traceparent", "Tracestate"),
    *("True-Client-IP", "CF-Connecting-IP", "Accept-Language", "Accept-Charset", "Upgrade", "Expect", "Max-Forwards"),
    *("Cache-Control", "Pragma", "DNT"),
)
#: Of a page nothing but all of it is asked for: its bytes are not those that the client saw.
CONDITIONAL_HEADERS = (
    "Range",
    "If-Range",
    "If-Match",
    "If-None-Match",
    "If-Modified-Since",
    "If-Unmodified-Since",
)

_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Worker:
    """A ``<Proxy>`` block: connections to one upstream; arguments are quoted."""

    comment: str
    url: str
    tls: bool
    ca: str
    timeout: int = _SECONDS


@dataclass(frozen=True, slots=True)
class PageFetch:
    """Pages of one upstream, below :data:`PAGE_URL`; arguments are quoted, or regular expressions."""

    comment: str
    path: str
    url: str
    other_label: str | None
    """X-Index-Source of all that is no page; None: the source's own, because its answer is final."""
    links: tuple[str, ...]
    """Arguments of Substitute."""
    accepts: tuple[tuple[str, str], ...]
    """Accept header and condition, one for each representation."""
    keep: str
    """Cache-Control of a page."""
    next_url: str | None
    """ErrorDocument of everything but success: where a `redirect` behind it sends the client."""
    next_location: str | None
    """The same as the Location for an upstream that redirects."""


@dataclass(frozen=True, slots=True)
class FileFetch:
    """Files below one URL of an upstream; the URL is quoted."""

    comment: str
    url: str


def workers(plan: Plan) -> tuple[Worker, ...]:
    """Return one worker for each URL that is asked, each once."""
    found: dict[str, Worker] = {}
    for comment, key, url in _asked(plan):
        ca = argument(plan.ca, "ca")
        found.setdefault(url, Worker(comment, argument(url, key), url.startswith("https://"), ca))
    return tuple(found.values())


def _asked(plan: Plan) -> Iterator[tuple[str, str, str]]:
    for step in plan.steps_with_upstream:
        key = step.source.key
        yield f"{key} {step.source.name}: pages", key, step.upstream.url
    for route in plan.files:
        for attempt in route.attempts:
            if isinstance(attempt, FetchFrom):
                key = attempt.source.key
                yield f"{key} {attempt.source.name}: files", key, attempt.url


def page_fetches(plan: Plan) -> tuple[PageFetch, ...]:
    """Return the page fetches in the order of the steps."""
    redirect = next((step for step in plan.page if isinstance(step, SendTo)), None)
    fetches = []
    for step in plan.steps_with_upstream:
        key = step.source.key
        after = redirect if isinstance(step, TryProxy) else None
        target = expression(after.url, after.source.key) if after else None
        fetches.append(
            PageFetch(
                comment=f"{key} {step.source.name}",
                path=f"{PAGE_URL}{step.source.name}/",
                url=argument(step.upstream.url, key),
                other_label=_other_label(step, after),
                links=tuple(
                    argument(f"s|{link.find}|{link.replace}|nq", key) for link in step.upstream.links
                ),
                accepts=tuple(
                    (argument(form.upstream_accept, key), f"expr=%{{reqenv:RG_FORM}} == '{form.name}'")
                    for form in REPRESENTATIONS
                ),
                keep="max-age=600" if isinstance(step, TryProxy) else "no-cache",
                next_url=f'"{target}%{{reqenv:RG_NAME}}/"' if target else None,
                next_location=f'"{target}%{{RG_NAME}}e/"' if target else None,
            )
        )
    return tuple(fetches)


def _other_label(step: TryProxy | AskPrivately, after: SendTo | None) -> str | None:
    if isinstance(step, AskPrivately):
        return None
    return after.source.label if after else "none"


def file_fetches(plan: Plan) -> tuple[FileFetch, ...]:
    """Return the file routes that end at an upstream."""
    return tuple(
        FileFetch(f"{attempt.source.key} {attempt.source.name}", argument(attempt.url, attempt.source.key))
        for route in plan.files
        for attempt in route.attempts
        if isinstance(attempt, FetchFrom)
    )


def fetched_urls(plan: Plan) -> str:
    """Return the pattern of all URLs that are asked."""
    urls = dict.fromkeys(url for _, _, url in _asked(plan))
    return f"^(?:{'|'.join(map(regex, urls))})"
