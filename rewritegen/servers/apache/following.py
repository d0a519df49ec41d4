"""The part of the fetching host that knows where redirects may lead.

httpd has no ``ErrorDocument`` for a redirect (3xx) of an upstream; but it has one for a 5xx, and what asks upstreams
says a redirect by one, with the Location in a header of its own (``RG-Moved``), behind the number of the host that sent
it. Whoever asked, asks again below ``/follow``, with that as the query. That is the site itself, so that a request
takes no more than two threads; but where a copy is renewed, which mod_cache would forget over an ``ErrorDocument``, and
for a HEAD, which that would make a GET, this host asks itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from rewritegen.names import CANONICAL_NAME
from rewritegen.plan import Plan
from rewritegen.redirects import FILE_PATH, FILE_QUERY, PAGE_PATH, host, same_project
from rewritegen.representations import LEGACY_JSON
from rewritegen.servers.apache.empty_pages import NOT_HERE
from rewritegen.servers.apache.quoting import regex
from rewritegen.servers.apache.rules import Condition, Rule
from rewritegen.servers.apache.turns import (
    FORM,
    FileTurn,
    PageTurn,
    fetcher_url,
    file_turns,
    page_turns,
)

__all__ = ["ASKED", "FOLLOW", "MOVED", "TO", "at", "following_rules", "itself_rules"]

#: Below it, an upstream is asked.
ASKED = "/ask"
#: Below it, an upstream is asked for what has moved; the query says where to.
FOLLOW = "/follow"
#: Where this host goes when it has asked itself, and there was a redirect.
MOVED = "/moved"
TO = "/moved/to"


def at(group: str, number: int) -> str:
    """Return the balancer of the ``number``-th host that a source may redirect to; the first is its own."""
    return group if number == 1 else f"{group}_at{number}"


def itself_rules(plan: Plan) -> Iterator[Rule]:
    """Yield the rules by which this host asks itself, and follows."""
    url = fetcher_url(plan)
    proxied = ("P", "NE", "QSD", "L")
    comment: tuple[str, ...] = ("this host asks itself, and follows (see below)",)
    if page_turns(plan):
        flags = ("E=RG_WHAT:$1", *proxied)
        for asked in _asked_itself(plan):
            yield Rule(f"^({asked}/{CANONICAL_NAME}/)$", f"{url}{ASKED}$1", flags, comment=comment)
            comment = ()
    if file_turns(plan):
        raw = (Condition("%{THE_REQUEST}", r"^[A-Z]+ (/files/[a-z0-9-]+/[0-9]+)(/[^? ]+)"),)
        flags = ("E=RG_WHAT:%1", *proxied)
        yield Rule("^/files/", f"{url}{ASKED}%1%2", flags, raw)
    moved = "E=RG_WHAT:%{ENV:REDIRECT_RG_WHAT}"
    known = (Condition("%{ENV:REDIRECT_RG_WHAT}", "."),)
    comment = ("[R=200] ends the error that led here; httpd alone sets REDIRECT_RG_WHAT",)
    yield Rule(f"^{MOVED}$", flags=(moved, "R=200", "L"), conditions=known, comment=comment)
    where = f"{url}{FOLLOW}%{{ENV:REDIRECT_RG_WHAT}}?%{{QUERY_STRING}}"
    yield Rule(f"^{TO}$", where, (moved, "P", "NE", "L"), known)


def _asked_itself(plan: Plan) -> Iterator[str]:
    """Yield the patterns of pages and of documents, before the name of a project."""
    yield f"/pages/[a-z0-9-]+/{FORM}"
    if plan.documents_with_upstream:
        yield f"/pages/[a-z0-9-]+~json/{LEGACY_JSON.suffix}"


def following_rules(plan: Plan) -> Iterator[Rule]:
    """Yield the rules of what has moved: to declared hosts, and a page only to the same project."""
    for page in page_turns(plan):
        for number, origin in enumerate(page.step.upstream.origins, 1):
            yield _moved_page(page, number, origin)
    for file in file_turns(plan):
        for number, origin in enumerate(file.attempt.origins, 1):
            yield from _moved_file(file, number, origin)
    if any(page.step.upstream.empty for page in page_turns(plan)):
        absent = (Condition("%{QUERY_STRING}", f"={NOT_HERE}"),)
        comment = ("an empty page, which says that the project is not there",)
        yield Rule(f"^{FOLLOW}/pages/", flags=("R=404", "L"), conditions=absent, comment=comment)
    yield Rule(f"^{FOLLOW}/", flags=("R=502", "L"), comment=("anywhere else is not followed",))


def _moved_page(page: PageTurn, number: int, origin: str) -> Rule:
    name, again = same_project(named=False)
    end = page.step.upstream.end if page.documents else "/?"
    conditions = (
        Condition("$2 %{QUERY_STRING}", rf"^{name} \S*/(?i:{again}){end}$"),
        Condition("%{QUERY_STRING}", f"^{_sent_to(origin, number)}/(?!/)({PAGE_PATH})$"),
    )
    place = f"^{FOLLOW}{regex(page.asked)}{page.form}/({CANONICAL_NAME})/$"
    name_too = ("E=RG_NAME:$2",) if page.step.upstream.empty else ()
    flags = (*_fetched(number), "E=RG_FORM:$1", *name_too, "P", "NE", "QSD", "L")
    key = page.step.source.key
    comment = (
        f"{key}: a document that has moved; NAME/json ends its path, in any spelling"
        if page.documents
        else f"{key}: a page that has moved; its name is the last part, in any spelling"
    )
    words = (comment,) if number == 1 else ()
    return Rule(place, f"{at(page.group, number)}/%1", flags, conditions, words)


def _moved_file(file: FileTurn, number: int, origin: str) -> Iterator[Rule]:
    place = f"^{FOLLOW}{regex(file.asked)}$"
    group = at(file.group, number)
    begin = f"^{_sent_to(origin, number)}/(?!/)({FILE_PATH})"
    words = (f"{file.attempt.source.key}: a file that has moved",) if number == 1 else ()
    bare = (Condition("%{QUERY_STRING}", f"{begin}$"),)
    yield Rule(place, f"{group}/%1", (*_fetched(number), "P", "NE", "QSD", "L"), bare, words)
    with_query = (Condition("%{QUERY_STRING}", rf"{begin}\?({FILE_QUERY})$"),)
    yield Rule(place, f"{group}/%1?%2", (*_fetched(number), "P", "NE", "L"), with_query)


def _fetched(number: int) -> tuple[str, ...]:
    return ("E=RG_FETCH:1", f"E=RG_AT:{number}")


def _sent_to(origin: str, number: int) -> str:
    """Return the pattern of what stands before the path: the host itself has sent it, or its origin is written out.

    httpd has taken a fragment away: the Location was part of the URL of an ErrorDocument.
    """
    return f"(?:{number}/|[0-9]+/{host(origin, regex)})"
