"""The model of the legacy JSON of a project: the decisions of its page, about another document."""

from __future__ import annotations

from typing_extensions import assert_never

from rewritegen.decision import Decision, Rule
from rewritegen.inquiry import Inquiry, rule_of
from rewritegen.layouts import LEGACY, LEGACY_MIRRORED, LEGACY_WRITTEN
from rewritegen.names import NormalizedName, is_redirectable, parse_name
from rewritegen.representations import LEGACY_JSON
from rewritegen.routes import describe_json
from rewritegen.steps import (
    AskPrivately,
    Available,
    HasJson,
    JsonElsewhere,
    JsonStep,
    NotFound,
    OwnsJson,
    ProjectDirectories,
    Reserved,
    TryProxy,
)

__all__ = ["legacy_json"]


def legacy_json(inquiry: Inquiry) -> Decision:
    """Decide the document of a project, in whatever spelling it is asked for."""
    raw = inquiry.target.removeprefix(LEGACY).removesuffix("/json")
    name = parse_name(raw)
    if raw != name:
        rule = Rule("not the canonical URL", part="json spelling")
        if not is_redirectable(raw):
            words = "more capitals or separators than a server can rewrite"
            return inquiry.end(404, rule=rule._replace(words=words))
        return inquiry.end(301, location=f"{LEGACY}{name}/json", rule=rule)
    unsure = False
    for step in inquiry.plan.json:
        if isinstance(step, TryProxy):
            status = inquiry.ask(step.upstream.page(name), LEGACY_JSON)
            if status == 200:
                return _answered(inquiry, step, 200)
            unsure = unsure or status != 404
        elif isinstance(step, NotFound):
            return inquiry.end(502 if unsure else 404, rule=_rule(step))
        elif (decision := _step(inquiry, step, name)) is not None:
            return decision
        inquiry.note(_rule(step))
    raise AssertionError("a plan ends with NotFound")


def _answered(inquiry: Inquiry, step: TryProxy | AskPrivately, status: int) -> Decision:
    form = LEGACY_JSON if status == 200 else None
    return inquiry.end(status, step.source.label, representation=form, rule=_rule(step))


def _step(
    inquiry: Inquiry,
    step: Available | OwnsJson | AskPrivately | Reserved | HasJson | JsonElsewhere,
    name: NormalizedName,
) -> Decision | None:
    rule = _rule(step)
    match step:
        case Available():
            return None if inquiry.world.is_file(step.marker) else inquiry.end(503, rule=rule)
        case Reserved():
            known = step.scanned is not None and inquiry.world.is_file(f"{step.scanned}/{name}")
            return inquiry.end(404, rule=rule) if known or step.claims.covers(name) else None
        case OwnsJson(source=source):
            if step.json is not None:
                found = _document(inquiry, step.json, name, LEGACY_WRITTEN, source.label, rule)
                if found is not None:
                    return found
            if any(inquiry.is_there(tree.of(name)) for tree in step.presence):
                return inquiry.end(404, source.label, rule=rule)
            return None
        case HasJson(source=source):
            return _document(inquiry, step.json, name, LEGACY_MIRRORED, source.label, rule)
        case JsonElsewhere(source=source, url=url):
            return inquiry.end(302, source.label, location=f"{url}{name}/json", rule=rule)
        case AskPrivately():
            if not step.claims.covers(name):
                return None
            status = inquiry.ask(step.upstream.page(name), LEGACY_JSON)
            return _answered(inquiry, step, status if status in {200, 404} else 502)
        case _:
            assert_never(step)


def _document(
    inquiry: Inquiry,
    tree: ProjectDirectories,
    name: NormalizedName,
    file: str,
    label: str,
    rule: Rule,
) -> Decision | None:
    path = f"{tree.of(name)}/{file}"
    if not inquiry.world.is_file(path):
        return None
    return inquiry.end(200, label, representation=LEGACY_JSON, path=path, rule=rule)


def _rule(step: JsonStep) -> Rule:
    if isinstance(step, Available | Reserved | AskPrivately | TryProxy | NotFound):
        return rule_of(step)
    return Rule(describe_json(step), step.source.key, "json")
