"""The rules of a request that is on its way through the sources (see ``turns``): one internal redirect after another.

What it has to remember is in variables, which httpd hands on with ``REDIRECT_`` before their names:

* ``RG_ASK``: the URL of the copy, without its first slash; ``RG_GO``: what is wanted there next (``words.Phase``;
  ``follow`` a redirect; ``nowhere``: the answer that the request began as);
* ``RG_UNSURE``: a source before could not answer; ``RG_RANGE``: the client's Range; ``RG_MOVED``: where a redirect
  leads;
* ``RG_DO``: what the request does now (``words.Phase``);
* ``RG_MISS``, ``RG_HIT``, ``RG_FAIL``, ``RG_MOVED_TO``: where it goes on, below ``/-/rg_``: no copy; there is one; no
  answer; a redirect, or no answer.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from rewritegen.layouts import LEGACY
from rewritegen.names import CANONICAL_NAME
from rewritegen.plan import Plan
from rewritegen.servers.apache.file_fetch import ask_for_file
from rewritegen.servers.apache.following import ASKED, FOLLOW
from rewritegen.servers.apache.quoting import regex, substitution
from rewritegen.servers.apache.rules import Condition, Group, Item, Rule
from rewritegen.servers.apache.turns import (
    FileTurn,
    PageTurn,
    fetcher_url,
    file_turns,
    page_turns,
)
from rewritegen.servers.apache.words import (
    AGAIN_URL,
    BEGIN_URL,
    FILES_PLACE,
    NEVER_ASKED,
    NEXT_URL,
    NOT_COMPRESSED,
    pages_place,
)

__all__ = ["hop_rules", "next_rules"]

_CODING = "(gzip|identity)"
#: What ``RG_GO`` is while redirects are followed.
_FOLLOWED = ("follow", "follow2", "follow3", "follow4")
_ON_THE_WAY = "^(?:follow.?|nowhere)$"
_REMEMBERED = ("RG_ASK", "RG_GO", "RG_UNSURE", "RG_RANGE", "RG_MOVED")


def hop_rules(plan: Plan) -> Iterator[Group]:
    """Yield the rules of requests that are on their way; what comes from outside passes them over."""
    if not plan.steps_with_upstream and not file_turns(plan):
        return
    comment = (
        "requests on their way through the sources (see the end of this host); none comes from outside:"
        " httpd alone sets REDIRECT_RG_ASK",
    )
    outside = Rule("^", conditions=(Condition("%{ENV:REDIRECT_RG_ASK}", "!."),))
    yield Group(comment, outside, tuple(_hops(plan)))


def _hops(plan: Plan) -> Iterator[Item]:
    yield Rule("^", flags=tuple(f"E={name}:%{{ENV:REDIRECT_{name}}}" for name in _REMEMBERED))
    if plan.copies is not None and page_turns(plan):
        yield _varies(plan)
    comment = ("[R=200] ends the error that led here",)
    forward = ("R=200", "L")
    phases = "have|renew"
    yield Rule(f"^{AGAIN_URL}({phases})$", flags=("E=RG_GO:$1", *forward), comment=comment)
    to_begin = f"E=RG_TO:{BEGIN_URL.strip('/')}/"
    yield Rule(f"^{AGAIN_URL}begin$", flags=(to_begin, *forward))
    if not plan.offline:
        yield from _moved(to_begin)
    if any(turn.goes_on for turn in page_turns(plan)):
        to_next = (f"E=RG_TO:{NEXT_URL.strip('/')}/", "E=RG_GO:next")
        unsure = ("E=RG_UNSURE:1", *to_next, *forward)
        yield Rule(f"^{AGAIN_URL}(?:moved/)?unsure$", flags=unsure)
        yield Rule(f"^{AGAIN_URL}next$", flags=(*to_next, *forward))
    yield from _begins(plan)
    if plan.copies is not None and not plan.offline:
        places = f"^(?:{regex(pages_place(plan.mount))}|{regex(FILES_PLACE)})"
        flags = ("E=RG_DO:have", "E=RG_MISS:again/begin", "E=RG_HIT:again/renew", "P", "L")
        asked = (Condition("%{ENV:RG_GO}", "=have"),)
        yield Rule(places, NEVER_ASKED, flags, asked, ("is there a copy that may stand in?",))
    if not plan.offline:
        yield from _asks(plan)
    comment = ("whatever else an error leads to; /-/rg_stop fails, and httpd reports the error",)
    yield Rule(f"!^{NEXT_URL}", flags=("END",), comment=comment)


def _moved(to_begin: str) -> Iterator[Rule]:
    """Yield what becomes of a redirect of an upstream: it is asked for, up to so many times in a row."""
    forward = (to_begin, "R=200", "L")
    words: tuple[str, ...] = ("a redirect (RG-Moved) is followed; else it is no answer",)
    for before, after in itertools.pairwise(("fetch", *_FOLLOWED)):
        moved = (Condition("%{QUERY_STRING}", "."), Condition("%{ENV:RG_GO}", f"={before}"))
        flags = (f"E=RG_GO:{after}", "E=RG_MOVED:%{QUERY_STRING}", *forward)
        yield Rule(f"^{AGAIN_URL}moved/", flags=flags, conditions=moved, comment=words)
        words = ()
    yield Rule(f"^{AGAIN_URL}moved/nowhere$", flags=("E=RG_GO:nowhere", *forward))


def _varies(plan: Plan) -> Rule:
    """Return the rule that makes a copy say what it depends on: no Header directive reaches one."""
    looked_at = (Condition("%{HTTP:Accept}", "^"), Condition("%{HTTP:Accept-Encoding}", "^"))
    place = f"^(?:{NEXT_URL.rstrip('/')})?{regex(pages_place(plan.mount))}"
    return Rule(place, conditions=looked_at, comment=("Vary, which copies do not have",))


def _begins(plan: Plan) -> Iterator[Rule]:
    """Yield where a source is asked: as the answer that stands if it fails."""
    new = (Condition("%{ENV:RG_GO}", f"!{_ON_THE_WAY}"),)
    yield Rule(f"^{BEGIN_URL}", flags=("E=RG_GO:fetch",), conditions=new)
    pages = "begins as what it is if the source fails: 502, the redirect behind, or nothing yet"
    for number, turn in enumerate(page_turns(plan)):
        place = f"^{BEGIN_URL.rstrip('/')}{regex(turn.place)}([^/]+)/"
        target, flags = "-", ["E=RG_PAGE:1"]
        if not turn.last:
            flags.append("R=200")
        elif turn.behind is not None:
            end = turn.step.upstream.end
            target = f"{substitution(turn.behind.url, turn.behind.source.key)}$1{end}"
            flags += [f"E=RG_SOURCE:{turn.behind.source.label}", "R=302", "NE", "QSD"]
        else:
            if turn.step.source.role == "private":
                flags.append(f"E=RG_SOURCE:{turn.step.source.label}")
            flags.append("R=502")
        yield Rule(place, target, (*flags, "L"), comment=() if number else (pages,))
    for file in file_turns(plan):
        label = f"E=RG_SOURCE:{file.attempt.source.label}"
        place = f"^{BEGIN_URL.rstrip('/')}{regex(file.place)}/"
        yield Rule(place, flags=(label, "R=502", "L"))


def _asks(plan: Plan) -> Iterator[Rule]:
    """Yield the rules that ask."""
    early = (
        "what an upstream says before its answer (103, with cookies and links) goes to nobody",
    )
    yield Rule("^", flags=("E=proxy-interim-response:Suppress",), comment=early)
    now = Condition("%{ENV:RG_GO}", "^(renew|fetch)$")
    comment = (
        "the source is asked: to renew the copy, which stands in if that fails, or without one",
    )
    flags = ("E=RG_DO:%1", "E=RG_FETCHED:1", *_leads("stop"))
    yield Rule("^", flags=flags, conditions=(now,), comment=comment)
    moved = (Condition("%{ENV:RG_GO}", "^follow"),)
    flags = ("E=RG_DO:fetch", "E=RG_FETCHED:1", *_leads("stop"))
    yield Rule("^", flags=flags, conditions=moved)
    asked = (Condition("%{ENV:RG_DO}", "=fetch"),)
    yield Rule("^", flags=("E=RG_MOVED_TO:again/moved/nowhere",), conditions=asked)
    for turn in page_turns(plan):
        if not turn.last:
            on = (*_leads("again/unsure"), "E=RG_MOVED_TO:again/moved/unsure")
            yield Rule(f"^{regex(turn.place)}", flags=on, conditions=asked)
    pages = regex(pages_place(plan.mount))
    if page_turns(plan):
        yield Rule(f"^{pages}.+/gzip/", flags=("E=force-gzip:1",))
        yield Rule(f"^{pages}.+/identity/", flags=("E=no-gzip:1",))
    for turn in page_turns(plan):
        yield from _asks_for_page(plan, turn)
    for file in file_turns(plan):
        yield from _asks_for_file(plan, file)


#: How a source is asked: what RG_GO (or RG_DO) is, below which path of the fetching host, and with which query.
_WAYS = (
    (Condition("%{ENV:RG_GO}", "=fetch"), ASKED, ""),
    (Condition("%{ENV:RG_GO}", "^follow"), FOLLOW, "?%{ENV:RG_MOVED}"),
    (Condition("%{ENV:RG_DO}", "."), "", ""),
)


def _asks_for_page(plan: Plan, turn: PageTurn) -> Iterator[Rule]:
    pattern = f"^{regex(turn.place)}({CANONICAL_NAME})/{turn.form}/{_CODING}/{turn.digest}$"
    for way, path, query in _WAYS:
        kept = () if query else ("QSD",)
        flags = ("E=RG_FORM:$2", "E=RG_PAGE:1", "P", "NE", *kept, "L")
        yield Rule(pattern, f"{fetcher_url(plan)}{path}{turn.asked}$2/$1/{query}", flags, (way,))


def _asks_for_file(plan: Plan, turn: FileTurn) -> Iterator[Rule]:
    place = f"^{regex(turn.place)}/"
    for way, path, query in _WAYS:
        if query:
            there = f"{fetcher_url(plan)}{path}{turn.asked}{query}"
            yield Rule(place, there, (NOT_COMPRESSED, "P", "NE", "L"), (way,))
        else:
            yield ask_for_file(plan, turn, place, (way,), follow=not path)


def _leads(where: str) -> tuple[str, ...]:
    return tuple(f"E={name}:{where}" for name in ("RG_MISS", "RG_HIT", "RG_FAIL"))


def next_rules(plan: Plan) -> Iterator[Item]:
    """Yield the rules that take a request to the steps behind a source."""
    turns = [turn for turn in page_turns(plan) if turn.goes_on]
    for number, turn in enumerate(turns):
        comment = () if number else ("on to the steps behind a source",)
        yield _next(plan, turn, comment)
    if turns:
        packed = (Condition("%{ENV:RG_AFTER}", "."), Condition("%{ENV:RG_CODING}", "=gzip"))
        yield Rule("^", flags=("E=RG_GZIP:1", "E=force-gzip:1"), conditions=packed)


def _next(plan: Plan, turn: PageTurn, comment: tuple[str, ...]) -> Rule:
    place = f"^{NEXT_URL.rstrip('/')}{regex(turn.place)}({CANONICAL_NAME})/{turn.form}/{_CODING}/"
    flags = (f"E=RG_AFTER:{turn.number}", "E=RG_FORM:$2", "E=RG_CODING:$3", "E=RG_PAGE:1")
    on_its_way = (Condition("%{ENV:REDIRECT_RG_ASK}", "."),)
    where = LEGACY if turn.documents else plan.mount
    return Rule(place, f"{where}$1{turn.step.upstream.end}", flags, on_its_way, comment)
