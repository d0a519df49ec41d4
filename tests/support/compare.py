"""Compare what a server answered, and what left the site for it, with what the model decided."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rewritegen.decide import Decision
from rewritegen.plan import Plan
from rewritegen.representations import LEGACY_JSON, REPRESENTATIONS, Representation
from rewritegen.response_headers import OWN
from rewritegen.steps import AskPrivately, FetchFrom
from tests.support.upstream import Index, Recorded
from tests.support.wire import Answer

__all__ = [
    "UNAVAILABLE",
    "differences",
    "foreign_headers",
    "hrefs",
    "partial_differences",
    "upstream_differences",
]

#: The model says 502 for "don't know"; each server has its own word for each cause.
UNAVAILABLE = frozenset({502, 503, 504})

_NEVER_FORWARDED = (
    "authorization",
    "proxy-authorization",
    "cookie",
    "referer",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-server",
    "x-forwarded-proto",
    "x-real-ip",
)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value or "" for name, value in attrs if name == "href"]


def hrefs(page: bytes) -> list[str]:
    """The link targets of an HTML page, in order."""
    links = _Links()
    links.feed(page.decode())
    return links.found


def differences(
    plan: Plan, decision: Decision, answer: Answer, method: str, upstreams: Sequence[Index]
) -> Iterator[str]:
    """What of an answer is not as decided, one sentence each."""
    right = UNAVAILABLE if decision.status == 502 else {decision.status}
    if answer.status not in right:
        yield f"status {answer.status}, decided {decision.status}"
        return
    yield from _header(answer, "X-Index-Source", decision.source)
    yield from _header(answer, "Location", decision.location)
    yield from _own_headers(answer)
    if decision.status == 405:
        yield from _header(answer, "Allow", "GET, HEAD")
        if not answer.body and method != "HEAD":
            yield "no sentence says why"
    if answer.all("Set-Cookie"):
        yield "a cookie of the upstream is passed on"
    if any(character.isdigit() for character in answer.one("Server") or ""):
        yield f"the version of the server is told: {answer.one('Server')}"
    if method == "HEAD" and answer.body:
        yield "HEAD has a body"
    yield from _page_headers(plan, decision, answer)
    if decision.status == 200 and method != "HEAD":
        yield from _body(plan, decision, answer, upstreams)


#: Request headers that make a 200 something else, by the status that it becomes.
_CONDITIONS = {
    206: ("range",),
    416: ("range",),
    304: ("if-none-match", "if-modified-since"),
    412: ("if-match", "if-unmodified-since"),
}


def partial_differences(
    plan: Plan,
    decision: Decision,
    answer: Answer,
    headers: Mapping[str, str],
    method: str,
    upstreams: Sequence[Index],
) -> Iterator[str] | None:
    """What of a 206, 304, 412 or 416 is not right, where the model says 200; None for any other answer.

    :param headers: those of the request, names in lower case.
    """
    conditions = _CONDITIONS.get(answer.status, ())
    if decision.status != 200 or not any(name in headers for name in conditions):
        return None
    return _partial(plan, decision, answer, method, upstreams)


def _partial(
    plan: Plan, decision: Decision, answer: Answer, method: str, upstreams: Sequence[Index]
) -> Iterator[str]:
    # an error that is a server's own page need not say whose the file was
    if answer.status in (206, 304):
        yield from _header(answer, "X-Index-Source", decision.source)
        yield from _own_headers(answer)
    yield from _header(answer, "Location", None)
    if answer.status == 304 and answer.body:
        yield "304 has a body"
    if answer.status != 206 or method == "HEAD":
        return
    span = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.one("Content-Range") or "")
    if span is None:
        if answer.content_type != "multipart/byteranges":
            yield f"206 with Content-Range {answer.one('Content-Range')!r}"
        return
    first, last, size = map(int, span.groups())
    if len(answer.body) != last - first + 1:
        yield f"206 of {last - first + 1} bytes has {len(answer.body)}"
    directory = decision.path is not None and Path(decision.path).is_dir()
    whole = None if directory else _expected_body(plan, decision, upstreams)
    if whole is None or answer.one("Content-Encoding"):
        return
    if size != len(whole) or answer.body != whole[first : last + 1]:
        yield f"bytes {first} to {last} of {size} are not those of the {len(whole)} expected"


def _header(answer: Answer, name: str, value: str | None) -> Iterator[str]:
    found = answer.all(name)
    if found != (() if value is None else (value,)):
        yield f"{name} {found}, decided {value}"


def _own_headers(answer: Answer) -> Iterator[str]:
    """What keeps an upstream's page from reading the others in a browser, once each."""
    for name, value in OWN:
        yield from _header(answer, name, value)


def _page_headers(plan: Plan, decision: Decision, answer: Answer) -> Iterator[str]:
    role = decision.source.partition("/")[0]
    form = decision.representation
    if decision.status != 200:
        return
    if form is not None:
        wanted = form.content_type.partition(";")[0]
        if answer.content_type != wanted:
            yield f"Content-Type {answer.content_type!r}, decided {wanted!r}"
        if not {"accept", "accept-encoding"} <= answer.vary:
            yield f"Vary {sorted(answer.vary)} lacks Accept or Accept-Encoding"
        caching = {"private": "no-cache", "none": "no-cache", "mirror": "max-age=600"}.get(role)
        if _is_renewed_each_time(plan, decision) and answer.one("Cache-Control") == "max-age=0":
            caching = None
    elif role == "none":
        return
    else:
        if answer.content_type != "application/octet-stream":
            yield f"Content-Type of a file is {answer.content_type!r}"
        if answer.one("Content-Encoding"):
            yield "a file is sent with a content encoding"
        caching = "max-age=600" if role == "private" else "immutable"
    if caching and caching not in (answer.one("Cache-Control") or ""):
        yield f"Cache-Control {answer.one('Cache-Control')!r} lacks {caching}"


def _is_renewed_each_time(plan: Plan, decision: Decision) -> bool:
    """Whether it is of an index of ours of which there are copies: httpd's cache uses none that is `no-cache`."""
    steps = [step for step in plan.steps_with_upstream if isinstance(step, AskPrivately)]
    return plan.copies is not None and decision.source in {step.source.label for step in steps}


def _body(
    plan: Plan, decision: Decision, answer: Answer, upstreams: Sequence[Index]
) -> Iterator[str]:
    if decision.path is not None and Path(decision.path).is_dir():
        yield from _listing(Path(decision.path), answer)
        return
    expected = _expected_body(plan, decision, upstreams)
    if expected is not None and answer.decoded != expected:
        yield f"body of {len(answer.decoded)} bytes, expected {len(expected)}: {_first(answer, expected)}"


def _first(answer: Answer, expected: bytes) -> str:
    found = answer.decoded
    at = next((i for i, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b), 0)
    at = max(0, at - 20)
    return f"from byte {at} {found[at : at + 80]!r}, expected {expected[at : at + 80]!r}"


def _listing(directory: Path, answer: Answer) -> Iterator[str]:
    entries = [entry for entry in directory.iterdir() if not entry.name.startswith(".")]
    wanted = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries)
    links = sorted(unquote(link.removeprefix("./")) for link in hrefs(answer.decoded))
    if [link for link in links if link != "../"] != wanted:
        yield f"the listing links {links}, the directory has {wanted}"


def _expected_body(plan: Plan, decision: Decision, upstreams: Sequence[Index]) -> bytes | None:
    if decision.path is not None:
        return Path(decision.path).read_bytes()
    if not decision.forwarded:
        return None
    url = decision.forwarded[-1]
    parts = urlsplit(url)
    index = next(i for i in upstreams if url.startswith((i.origin + "/", i.files.origin + "/")))
    if decision.representation is None:
        recorder = index.files if url.startswith(f"{index.files.origin}/") else index
        return recorder.reply(
            Recorded("", f"GET {parts.path} HTTP/1.1\r\n\r\n".encode(), None)
        ).body
    if decision.representation == LEGACY_JSON:
        steps = plan.documents_with_upstream
        page = index.document(parts.path.removesuffix("/json").rpartition("/")[2])
    else:
        steps = plan.steps_with_upstream
        page = index.page(parts.path.rstrip("/").rpartition("/")[2], decision.representation.name)
    step = next(s for s in steps if url.startswith(s.upstream.url))
    for rule in step.upstream.links:
        page = page.replace(rule.find.encode(), rule.replace.encode())
    return page


def upstream_differences(
    plan: Plan,
    decision: Decision,
    upstreams: Sequence[Index],
    spared: Container[str] = (),
    form: Representation | None = None,
) -> Iterator[str]:
    """What left the site and should not have, or the other way round.

    :param spared: URLs that need not be asked, because there is a copy.
    :param form: the representation that the client wants, where it is not that of the answer.
    """
    asked = []
    for index in upstreams:
        for recorder in (index, index.files):
            for request in recorder.requests:
                asked.append(recorder.origin + request.target)
                wanted = form or decision.representation
                yield from _request_differences(plan, wanted, recorder.origin, request)
    right = [url for url in decision.forwarded if url in asked or url not in spared]
    if sorted(asked) != sorted(right):
        yield f"asked upstream {asked}, decided {list(decision.forwarded)}"


def _request_differences(
    plan: Plan, form: Representation | None, origin: str, request: Recorded
) -> Iterator[str]:
    headers = request.headers
    if request.line.partition(" ")[0] not in ("GET", "HEAD"):
        yield f"forwarded {request.line}"
    for name in _NEVER_FORWARDED:
        if name in headers:
            yield f"forwarded {name}: {headers[name]}"
    if headers.get("host") != urlsplit(origin).netloc:
        yield f"forwarded Host {headers.get('host')}, wanted {urlsplit(origin).netloc}"
    files = [a.url for r in plan.files for a in r.attempts if isinstance(a, FetchFrom)]
    url = origin + request.target
    documents = [step.upstream.url for step in plan.documents_with_upstream]
    if url.startswith(tuple(documents)) and url.endswith("/json"):
        form = LEGACY_JSON
    if not any(url.startswith(prefix) for prefix in files) and form is not None:
        if headers.get("accept") != form.upstream_accept:
            yield f"forwarded Accept {headers.get('accept')!r}"
        if headers.get("accept-encoding", "identity") != "identity":
            yield f"asked for a page in encoding {headers['accept-encoding']!r}"


#: Values of the headers that an upstream is asked with; anything else is from a client.
_FIXED = {
    "host": None,  # compared with the origin above
    "user-agent": {"rewritegen"},
    "accept": {"*/*", *(form.upstream_accept for form in (*REPRESENTATIONS, LEGACY_JSON))},
    "accept-encoding": {"identity", ""},
    "connection": {"close", "keep-alive", "Keep-Alive", ""},
}

#: The ETags of :class:`~tests.support.upstream.Index` and its files.
_OURS = re.compile(r'(?:W/)?"[0-9a-f]{16}"')

#: What a file may be asked for with, as the client sent it.
_OF_FILES = ("range", "if-range", "if-none-match", "if-modified-since")


def foreign_headers(
    request: Recorded, sent: Container[tuple[str, str]], *, page: bool, kept: bool = False
) -> Iterator[tuple[str, str]]:
    """Headers of a request upstream that are none of the fixed ones.

    :param sent: the client's header lines, names in lower case.
    :param kept: the site keeps copies, and renews them with the ETag that the upstream gave.
    """
    for name, value in request.headers.items():
        if not page and name in _OF_FILES and (name, value) in sent:
            continue
        known = name == "if-none-match" and _OURS.fullmatch(value)
        if kept and known and (name, value) not in sent:
            continue
        fixed = _FIXED.get(name, set())
        if fixed is not None and value not in fixed:
            yield name, value
