"""The rules that every request meets: what is refused before anything is looked at, and the canonical spelling."""

from __future__ import annotations

from collections.abc import Iterator

from rewritegen.layouts import LEGACY
from rewritegen.names import CANONICAL_NAME, TOO_MANY_CAPITALS, TOO_MANY_SEPARATORS
from rewritegen.plan import METHODS, Plan
from rewritegen.servers.apache.files import file_rules
from rewritegen.servers.apache.gate import gate_rules
from rewritegen.servers.apache.hops import hop_rules, next_rules
from rewritegen.servers.apache.legacy import legacy_rules, legacy_spellings
from rewritegen.servers.apache.listings import no_files
from rewritegen.servers.apache.logs import for_the_log
from rewritegen.servers.apache.pages import negotiation, page_rules, root_rules
from rewritegen.servers.apache.quoting import regex
from rewritegen.servers.apache.rules import Condition, Group, Item, Rule
from rewritegen.servers.apache.stems import scanned_files
from rewritegen.servers.apache.turns import file_turns
from rewritegen.servers.apache.words import CANONICAL_URL, FILES_PLACE, METHODS_URL

__all__ = ["own_urls", "ruleset"]

#: A directory that is on every Unix machine; its listing, with everything ignored, is the body of the 405.
_SOME_DIRECTORY = "/usr/"

_NOT_FOUND = ("R=404", "L")


def ruleset(plan: Plan, *, part: bool, logged: bool) -> tuple[Item, ...]:
    """Return all rules of a virtual host.

    :param part: the virtual host has other URLs than ours, which no rule may touch.
    :param logged: set what the JSON log shows of a request.
    """
    items: list[Item] = [_body_of_405(), *no_files(plan)]
    items.extend((*(for_the_log(agent=True) if logged else ()), *_first_refusals(plan)))
    items.extend(hop_rules(plan))
    text = "a text without a file: the answer 200 has its ErrorDocument, below"
    meta = Rule("^/-/(?:health|rewritegen)$", flags=("R=200", "L"), comment=(text,))
    if plan.auth is None:
        items.extend((*_spellings(plan), meta))
    else:
        items.extend((meta, *gate_rules(plan), *_spellings(plan)))
    items.append(negotiation(plan.mount))
    items.extend(next_rules(plan))
    items.append(root_rules(plan.root_list, plan.mount))
    page = Rule(f"!^{regex(plan.mount)}{CANONICAL_NAME}/[^/]*$")
    comment = ("pages, and files beside them: the first that fits decides",)
    items.append(Group(comment, page, tuple(page_rules(plan))))
    items.extend(legacy_rules(plan))
    items.extend(scanned_files(plan))
    items.extend(file_rules(plan))
    items.append(Rule("^", flags=_NOT_FOUND, comment=("nothing else is here",)))
    if not part:
        return tuple(items)
    comment = ("every other URL of this virtual host is passed over; n counts all rules below",)
    other = Condition("%{REQUEST_URI}", f"!{own_urls(plan)}")
    return (Group(comment, Rule("^", conditions=(other,)), tuple(items)),)


def own_urls(plan: Plan) -> str:
    """Return the pattern of the URLs that are ours in a virtual host that has others as well."""
    prefixes = dict.fromkeys([plan.mount, *(route.prefix for route in plan.files)])
    ours = [regex(prefix) for prefix in [*prefixes, *([LEGACY] if plan.json else [])]]
    if file_turns(plan):
        ours.append(regex(FILES_PLACE))
    return f"^(?:{'|'.join([*ours, '/-/rg_', '/-/(?:health|rewritegen)$'])})"


def _body_of_405() -> Rule:
    refused = Condition("%{ENV:REDIRECT_STATUS}", "=405")
    comment = (
        "the body of a 405: an empty listing with a sentence, because httpd adds a second, empty `Allow`"
        " to every 405 whose body is an ErrorDocument text"
    )
    return Rule(f"^{METHODS_URL}$", _SOME_DIRECTORY, ("END",), (refused,), (comment,))


def _first_refusals(plan: Plan) -> Iterator[Item]:
    methods = "|".join(METHODS)
    other = Condition("%{REQUEST_METHOD}", f"!^(?:{methods})$")
    comment = ("an upload must not be forwarded: a private wheel would reach a public index",)
    yield Rule("^", flags=("R=405", "L"), conditions=(other,), comment=comment)
    if plan.steps_with_upstream:
        body = Condition("%{HTTP:Content-Length}%{HTTP:Transfer-Encoding}", "!^0?$", ("NV",))
        comment = ("nor the body of a GET",)
        yield Rule("^", flags=("R=400", "L"), conditions=(body,), comment=comment)
    comment = (
        "the grammar, matched against the raw request line: no escapes but those of + and !, no dot parts, no //,"
        " no other spelling that could be decoded differently elsewhere",
    )
    line = Condition("%{THE_REQUEST}", rf"!^(?:{methods}) \S+ HTTP/(?:1\.[01]|2\.0)$")
    yield Rule("^", flags=_NOT_FOUND, conditions=(line,), comment=comment)
    outside = tuple(
        Condition("%{THE_REQUEST}", rf"!^[A-Z]+ {target}[? ]") for target in plan.grammar.targets
    )
    yield Rule("^", flags=_NOT_FOUND, conditions=outside)


def _spellings(plan: Plan) -> Iterator[Item]:
    mount = regex(plan.mount)
    comment = (
        "spellings: one name has one URL, so that no other one can slip past what follows; names with more capitals"
        " or separators than nginx can rewrite as well are 404",
    )
    yield Rule(f"^{mount}{TOO_MANY_CAPITALS}", flags=_NOT_FOUND, comment=comment)
    yield Rule(f"^{mount}{TOO_MANY_SEPARATORS}", flags=_NOT_FOUND)
    raw, name = "[A-Za-z0-9._-]", CANONICAL_NAME
    yield Rule(f"^{mount}({raw}*[A-Z]{raw}*)/?$", f"{plan.mount}${{rg_lower:$1}}/")
    run = "(?:-[._-]+|[._][._-]*)"
    # one run a round, at most 11 runs; the round after the last one finds nothing
    yield Rule(f"^{mount}({name}){run}([a-z0-9][a-z0-9._-]*)/?$", f"{plan.mount}$1-$2/", ("N=20",))
    yield Rule(f"^{mount}({name})$", f"{plan.mount}$1/")
    changed = Condition("$1 %{REQUEST_URI}", r"!^(\S+) \1$")
    flags = ("E=RG_CANONICAL:$1", "PT", "QSD", "L")
    yield Rule(f"^({mount}{name}/)$", CANONICAL_URL, flags, (changed,))
    yield from legacy_spellings(plan)
