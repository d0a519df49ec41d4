"""Pages: each of a source that is known, in every representation, as installers would read them."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable
from typing import NamedTuple

from rewritegen.check.context import Context
from rewritegen.check.documents import Document, Offered, UnreadableError, project_of, read_page
from rewritegen.check.results import About
from rewritegen.check.wire import Answer, Ask
from rewritegen.names import InvalidNameError, NormalizedName, parse_name
from rewritegen.representations import HTML, JSON, REPRESENTATIONS, V1_HTML, Representation
from rewritegen.response_headers import OWN
from rewritegen.steps import FileRoute

__all__ = ["ARCHIVE", "Expected", "archives", "look_at_pages"]

#: File names that installers look at; everything else that a page links to is for people.
ARCHIVE = re.compile(r".+\.(?:whl|tar\.gz|zip|tgz|tar\.bz2|tar\.xz|egg)")

_TYPES = frozenset({"text/html", JSON.content_type, V1_HTML.content_type})

#: A page is compressed where that is worth it.
_WORTH_IT = 1000


class Expected(NamedTuple):
    """What the pages of a project should be."""

    label: str
    """X-Index-Source."""
    exact: bool
    """Every representation is there: they are written by `rewritegen index`."""
    private: bool
    missing: str
    other: str
    """The codes of: no page, and another source answers."""


def look_at_pages(
    context: Context, about: About, name: NormalizedName, expected: Expected
) -> Document | None:
    """Look at the page of a project in every representation; return the best document, None when there is none."""
    documents: dict[str, Document] = {}
    bodies: dict[str, Answer] = {}
    for form in REPRESENTATIONS:
        accept = "" if form is HTML else form.content_type
        ask, answer = context.get(context.page(name), accept)
        document = _look(context, about, name, expected, form, ask, answer)
        if document is not None:
            documents[form.name], bodies[form.name] = document, answer
    if not documents:
        return None
    if expected.private:
        _same_files(context, about, name, documents)
    for form in REPRESENTATIONS:
        if form.name in bodies:
            accept = "" if form is HTML else form.content_type
            page = context.page(name)
            _compressed(context, about, page, accept, expected, bodies[form.name])
    best = "json" if "json" in documents else "html" if "html" in documents else "v1html"
    accept = next(form.content_type for form in REPRESENTATIONS if form.name == best)
    _other_ways(context, about, name, accept if best != "html" else "", bodies[best])
    return documents[best]


def _look(
    context: Context,
    about: About,
    name: NormalizedName,
    expected: Expected,
    form: Representation,
    ask: Ask,
    answer: Answer,
) -> Document | None:
    see = context.results.see
    came = answer.said
    source = f"200, X-Index-Source {expected.label}"
    hint = context.hint(answer)
    if answer.source != expected.label and answer.status in (200, 301, 302):
        see(expected.other, False, about, ask.line, source, came, next_step=hint)
        return None
    if not see(expected.missing, answer.status == 200, about, ask.line, source, came):
        return None
    see(expected.other, answer.source == expected.label, about, ask.line, source, came)
    _headers(context, about, expected, form, ask, answer)
    try:
        document = read_page(answer.media_type, answer.body, context.url(ask.target))
    except UnreadableError as error:
        see("RG914", False, about, ask.line, "a page of PEP 503 or 691", str(error))
        return None
    see("RG914", answer.whole, about, ask.line, "the whole page", answer.problem or "a part of it")
    _contents(context, about, name, expected, ask, document)
    return document


def _headers(
    context: Context,
    about: About,
    expected: Expected,
    form: Representation,
    ask: Ask,
    answer: Answer,
) -> None:
    see = context.results.see
    wanted = form.content_type.partition(";")[0]
    right = {wanted} if expected.exact else _TYPES
    see(
        "RG913",
        answer.media_type in right,
        about,
        ask.line,
        " or ".join(sorted(right)),
        answer.one("Content-Type"),
    )
    vary = {"accept", "accept-encoding"} <= answer.vary
    see(
        "RG915",
        vary,
        about,
        ask.line,
        "Vary: Accept, Accept-Encoding",
        f"Vary: {answer.one('Vary')}",
    )
    caching = answer.one("Cache-Control")
    if expected.private:
        fine = "no-cache" in caching or "max-age=0" in caching
        said = "no-cache"
    else:
        fine = (
            re.search(r"max-age=\d+|no-cache", caching) is not None and "immutable" not in caching
        )
        said = "max-age"
    if context.plan.auth is not None:
        fine, said = fine and "private" in caching, f"private, {said}"
    see("RG916", fine, about, ask.line, f"Cache-Control: {said}", f"Cache-Control: {caching}")
    for key, text in OWN:
        # a front may say more, but not something else
        found = answer.all(key)
        see("RG927", text in found, about, ask.line, f"{key}: {text}", f"{key}: {', '.join(found)}")
    plain = not answer.one("Content-Encoding")
    see("RG925", plain, about, ask.line, "no Content-Encoding", answer.one("Content-Encoding"))
    if not expected.private:
        passed = [key for key in ("Set-Cookie", "Location", "Link", "Refresh") if answer.all(key)]
        see("RG964", not passed, about, ask.line, "none of its own headers", ", ".join(passed))


def _contents(
    context: Context,
    about: About,
    name: NormalizedName,
    expected: Expected,
    ask: Ask,
    document: Document,
) -> None:
    see = context.results.see
    if document.name:
        see("RG912", _canonical(document.name) == name, about, ask.line, name, document.name)
    offered = archives(document.files)
    others = [file.filename for file in offered if project_of(file.filename) not in (None, name)]
    see("RG912", not others, about, ask.line, f"files of {name}", ", ".join(others[:3]))
    if expected.exact:
        bare = [file.filename for file in offered if not file.sha256]
        see(
            "RG914",
            not bare,
            about,
            ask.line,
            "a sha256 for every file",
            f"none for {', '.join(bare[:3])}",
        )
    foreign = [file.written for file in offered if not _is_ours(context, name, expected, file)]
    where = "links below this index, to files of the same source"
    see("RG917", not foreign, about, ask.line, where, ", ".join(foreign[:3]))


def _is_ours(context: Context, name: NormalizedName, expected: Expected, file: Offered) -> bool:
    """Tell whether a link leads to a file of the same source, by a path that the grammar has."""
    start = context.url("")
    if not file.url.startswith(start):
        return False
    path = file.url.removeprefix(start)
    page = context.page(name)
    if path.startswith(page) and "/" not in path.removeprefix(page):
        return re.fullmatch(context.plan.grammar.beside, path) is not None
    routes = zip(context.plan.grammar.files, context.plan.public_files, strict=True)
    return any(
        _serves(route, expected.label) and re.fullmatch(pattern, path) for pattern, route in routes
    )


def _serves(route: FileRoute, label: str) -> bool:
    return any(attempt.source.label == label for attempt in route.attempts)


def _same_files(
    context: Context, about: About, name: NormalizedName, documents: dict[str, Document]
) -> None:
    sets = {
        form: document.filenames for form, document in documents.items() if not document.listing
    }
    if len(sets) < 2:
        return
    counts = ", ".join(f"{form}: {len(names)} files" for form, names in sets.items())
    same = len(set(sets.values())) == 1
    line = f"GET {context.page(name)}"
    context.results.see("RG924", same, about, line, "the same files in each", counts)


def _other_ways(
    context: Context,
    about: About,
    name: NormalizedName,
    accept: str,
    first: Answer,
) -> None:
    """The same page by HEAD, compressed, with a condition and with a query."""
    see = context.results.see
    page = context.page(name)
    ask, answer = context.get(page, accept, method="HEAD")
    alike = (answer.status, answer.source, answer.media_type) == (
        200,
        first.source,
        first.media_type,
    )
    see("RG922", alike and not answer.body, about, ask.line, first.said, answer.said)
    if tag := first.one("ETag"):
        ask, answer = context.get(page, accept, headers=(("If-None-Match", tag),))
        right = answer.status == 304 or (answer.status, answer.source) == (200, first.source)
        see("RG926", right, about, ask.line, "304, or the same page", answer.said)
    query = f"{page}?format=json&url=https://index.example.org/"
    ask, answer = context.get(query, accept)
    right = (answer.status, answer.source) == (200, first.source)
    see(
        "RG944",
        right and answer.media_type == first.media_type,
        about,
        ask.line,
        first.said,
        answer.said,
    )


def _compressed(
    context: Context, about: About, page: str, accept: str, expected: Expected, first: Answer
) -> None:
    """Ask as all installers do: a cache in front may keep another page for them."""
    ask, answer = context.get(page, accept, headers=(("Accept-Encoding", "gzip"),))
    see = context.results.see
    alike = (answer.status, answer.source, answer.media_type)
    right = alike == (first.status, first.source, first.media_type)
    if not see(expected.other, right, about, ask.line, first.said, answer.said):
        return
    coding = answer.one("Content-Encoding")
    try:
        body = gzip.decompress(answer.body) if coding == "gzip" else answer.body
    except (OSError, EOFError, zlib.error):
        body = b""
    if not see("RG925", body == first.body, about, ask.line, "the same page", "another"):
        return
    if coding == "gzip":
        return
    small = len(first.body) < _WORTH_IT
    context.results.see(
        "RG925",
        small and not coding,
        about,
        ask.line,
        "Content-Encoding: gzip",
        coding or "none",
        severity="warning",
    )


def archives(files: Iterable[Offered]) -> list[Offered]:
    """Return the files that an installer would look at."""
    return [file for file in files if ARCHIVE.fullmatch(file.filename)]


def _canonical(raw: str) -> str:
    try:
        return parse_name(raw)
    except InvalidNameError:
        return raw
