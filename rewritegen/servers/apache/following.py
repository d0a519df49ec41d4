"""The part of the fetching host that follows redirects, by asking the other part, which asks upstreams.

httpd has no ``ErrorDocument`` for a redirect (3xx) of an upstream; but it has one for a 5xx, and the answer of the part
that asks is one, with the Location in a header of its own (``RG-Moved``). So a redirect takes a request from one part
of this host to the other; a page, which may have moved while its copy has not, always goes through both.
"""

from __future__ import annotations

from collections.abc import Iterator

from rewritegen.names import CANONICAL_NAME
from rewritegen.plan import Plan
from rewritegen.redirects import FILE_PATH, FILE_QUERY, PAGE_PATH, host, same_project
from rewritegen.servers.apache.quoting import regex
from rewritegen.servers.apache.rules import Condition, Group, Item, Rule
from rewritegen.servers.apache.turns import FORM, fetcher_url, file_turns, page_turns

__all__ = ["ASKED", "FOLLOW", "following_rules", "moved_to"]

#: What the part that asks is asked below.
ASKED = "/ask"
#: What this part is asked below when the site has a Location already; it is the query.
FOLLOW = "/follow"

_MOVED = "/moved"
_TO = "/moved/to"
_REMEMBERED = ("RG_WHAT", "RG_FORM", "RG_NAME", "RG_AT")


def moved_to(where: str, number: int) -> str:
    """Return the path of the ``number``-th host that redirects of a source may lead to; the raw path follows."""
    return f"/at{where.rstrip('/')}/{number}"


def following_rules(plan: Plan) -> Iterator[Item]:
    """Yield the rules that ask the other part, and those of what it says has moved."""
    yield from _asks(plan)
    comment = ("an upstream redirected; httpd alone sets REDIRECT_RG_WHAT",)
    known = Condition("%{ENV:REDIRECT_RG_WHAT}", ".")
    remembered = tuple(f"E={name}:%{{ENV:REDIRECT_{name}}}" for name in _REMEMBERED)
    yield Rule("^", flags=remembered, conditions=(known,), comment=comment)
    if file_turns(plan):
        yield Rule(f"^{FOLLOW}(/.+)$", flags=("E=RG_WHAT:$1", "E=RG_AT:1"))
    yield Group((), Rule("^", conditions=(Condition("%{ENV:RG_WHAT}", "!."),)), tuple(_moved(plan)))


def _asks(plan: Plan) -> Iterator[Rule]:
    there = f"{fetcher_url(plan)}{ASKED}"
    go = ("E=RG_AT:1", "P", "NE", "QSD", "L")
    if page_turns(plan):
        what = ("E=RG_WHAT:/pages/$1/", "E=RG_FORM:$2", "E=RG_NAME:$3")
        comment = ("what the site asks for: the other part of this host is asked",)
        page = rf"^/pages/([a-z0-9-]+)/{FORM}/({CANONICAL_NAME})/$"
        yield Rule(page, f"{there}/pages/$1/$2/$3/", (*what, *go), comment=comment)
    if file_turns(plan):
        raw = (Condition("%{THE_REQUEST}", r"^[A-Z]+ (/files/[a-z0-9-]+/[0-9]+)(/[^? ]+)"),)
        yield Rule("^/files/", f"{there}%1%2", ("E=RG_WHAT:%1", *go), raw)


def _moved(plan: Plan) -> Iterator[Rule]:
    wipe = ("[R=200] ends the error that led here",)
    yield Rule(f"^{_MOVED}$", flags=("R=200", "L"), comment=wipe)
    for page in page_turns(plan):
        key = page.step.source.key
        for number, origin in enumerate(page.step.upstream.origins, 1):
            comment = (
                f"{key}: to the same project only, its name is the last part in any spelling",
            )
            yield _moved_page(plan, page.asked, number, origin, comment if number == 1 else ())
    for file in file_turns(plan):
        for number, origin in enumerate(file.attempt.origins, 1):
            key = file.attempt.source.key
            words = (f"{key}: to its declared hosts",) if number == 1 else ()
            yield _moved_file(plan, file.asked, number, origin, words)
    yield Rule("^", flags=("R=502", "L"), comment=("anywhere else is not followed",))


def _moved_page(plan: Plan, what: str, number: int, origin: str, comment: tuple[str, ...]) -> Rule:
    name, again = same_project(named=False)
    conditions = (
        Condition("%{ENV:RG_WHAT}", f"={what}"),
        Condition("%{ENV:RG_NAME} %{QUERY_STRING}", rf"^{name} (?:\S*/)?(?i:{again})/?$"),
        _leads_to(origin, number, PAGE_PATH),
    )
    place = f"{fetcher_url(plan)}{moved_to(what, number)}/%{{ENV:RG_FORM}}%1"
    return Rule(f"^{_TO}$", place, _there(number), conditions, comment)


def _moved_file(plan: Plan, what: str, number: int, origin: str, comment: tuple[str, ...]) -> Rule:
    conditions = (
        Condition("%{ENV:RG_WHAT}", f"={what}"),
        _leads_to(origin, number, rf"{FILE_PATH}(?:\?{FILE_QUERY})?"),
    )
    # a mark that the path may have in it would not be one here
    place = f"{fetcher_url(plan)}{moved_to(what, number)}?%1"
    return Rule(f"^(?:{_TO}$|{FOLLOW}/)", place, _there(number), conditions, comment)


def _there(number: int) -> tuple[str, ...]:
    return (f"E=RG_AT:{number}", "P", "NE", "L")


def _leads_to(origin: str, number: int, path: str) -> Condition:
    """Return the condition on the Location, behind the number of the host that sent it.

    httpd has taken a fragment away: the Location was part of the URL of an ErrorDocument.
    """
    from_anywhere = f"[0-9]+ {host(origin, regex)}"
    return Condition(
        "%{ENV:RG_AT} %{QUERY_STRING}", f"^(?:{number} |{from_anywhere})(/(?!/){path})$"
    )
