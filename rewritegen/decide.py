"""The model: a plan and a request in, the decision and its trace out.

It is the third interpreter of the plan, beside the two servers, and the oracle of the tests. It looks at the world
(files, upstreams) through :class:`rewritegen.world.World` only.
"""

from __future__ import annotations

from rewritegen.auth import describe_auth
from rewritegen.decide_files import Files
from rewritegen.decide_legacy import legacy_json
from rewritegen.decide_pages import Pages
from rewritegen.decision import Decision, Request, Rule, TraceLine
from rewritegen.inquiry import Inquiry, decoded
from rewritegen.names import parse_name
from rewritegen.plan import METHODS, Plan
from rewritegen.world import World

__all__ = ["Decision", "Request", "TraceLine", "decide"]


def decide(plan: Plan, request: Request, world: World) -> Decision:
    """Decide one request."""
    inquiry = Inquiry(plan, request, world)
    grammar = plan.grammar
    if inquiry.method not in METHODS:
        return inquiry.end(405, rule=Rule("not GET or HEAD", part="methods"))
    if inquiry.target in grammar.meta:
        return inquiry.end(200, rule=Rule("about the site itself", part="meta"))
    return _stranger(inquiry) or _of_the_index(inquiry)


def _stranger(inquiry: Inquiry) -> Decision | None:
    """Refuse who may not read, before anything says what is here."""
    auth = inquiry.plan.auth
    if auth is None:
        return None
    if not any(inquiry.fits(pattern) for pattern in inquiry.plan.grammar.targets):
        return inquiry.end(404, rule=Rule("outside the grammar"))
    rule = Rule(describe_auth(auth), "auth", "auth")
    if not inquiry.admitted:
        return inquiry.end(auth.status, rule=rule)
    inquiry.note(rule)
    return None


def _of_the_index(inquiry: Inquiry) -> Decision:
    plan, grammar = inquiry.plan, inquiry.plan.grammar
    files = Files(inquiry)
    pages = Pages(inquiry, files)
    if inquiry.fits(grammar.root):
        return pages.root_list()
    if inquiry.fits(grammar.page):
        return pages.page()
    if inquiry.fits(grammar.beside):
        name, _, file = inquiry.target.removeprefix(plan.mount).partition("/")
        return pages.walk(parse_name(name), decoded(file))
    for pattern, route in zip(grammar.files, plan.public_files, strict=True):
        if inquiry.fits(pattern):
            return files.of_route(route, inquiry.target.removeprefix(route.prefix))
    if any(inquiry.fits(pattern) for pattern in grammar.legacy):
        return legacy_json(inquiry)
    return inquiry.end(404, rule=Rule("outside the grammar"))
