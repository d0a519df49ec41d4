"""The whole site, rule by rule: the route table with the lines of the site file and of both servers."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from rewritegen.auth import describe_auth
from rewritegen.decision import TraceLine
from rewritegen.explain.as_json import rule_data
from rewritegen.explain.explanation import Explained, Explainer, is_empty
from rewritegen.explain.text import lines_text
from rewritegen.layouts import LEGACY
from rewritegen.routes import describe, describe_files, describe_json
from rewritegen.steps import (
    AskPrivately,
    HasJson,
    JsonElsewhere,
    OwnsJson,
    Reserved,
    Step,
    TryProxy,
)

__all__ = ["all_rules", "table_data", "table_text"]


def all_rules(explainer: Explainer) -> Iterator[Explained]:
    """Yield every rule of a site, in the order in which requests meet them."""
    plan = explainer.plan
    yield explainer.about(TraceLine("", "not GET or HEAD: 405", False, "methods"))
    yield explainer.about(TraceLine("", "outside the grammar: 404", False, "grammar"))
    yield explainer.about(TraceLine("", "/-/health and /-/rewritegen: 200", False, "meta"))
    if plan.auth is not None:
        yield explainer.about(TraceLine("auth", describe_auth(plan.auth), False, "auth"))
    root = plan.root_list.source.key if plan.root_list.source else "state"
    yield explainer.about(TraceLine(root, f"{plan.mount}: the private projects", False, "list"))
    words = f"{plan.mount}NAME in another spelling or without its slash: 301"
    yield explainer.about(TraceLine("", words, False, "spelling"))
    for step in plan.page:
        if not is_empty(step):
            yield explainer.about(TraceLine(_key(step), describe(step), False, step))
    if plan.json:
        words = f"{LEGACY}NAME/json in another spelling: 301"
        yield explainer.about(TraceLine("", words, False, "json spelling"))
    for document in plan.json:
        if isinstance(document, OwnsJson | HasJson | JsonElsewhere):
            said = f"{LEGACY}NAME/json: {describe_json(document)}"
            yield explainer.about(TraceLine(document.source.key, said, False, "json"))
        elif isinstance(document, TryProxy | AskPrivately):
            said = f"{LEGACY}NAME/json: {describe(document)}"
            yield explainer.about(TraceLine(document.source.key, said, False, document))
    for route in plan.files:
        key = route.attempts[0].source.key
        yield explainer.about(TraceLine(key, describe_files(route), False, route))


def _key(step: Step) -> str:
    if isinstance(step, Reserved):
        return "claims"
    source = getattr(step, "source", None)
    return source.key if source else "state" if hasattr(step, "marker") else ""


def table_text(explainer: Explainer, width: int) -> str:
    """Return the table; ends with a newline."""
    lines = []
    for rule in all_rules(explainer):
        number = f"{rule.number}." if rule.number else "-"
        below = [f"{place.file}:{place.line}" for place in rule.places]
        lines += _wrapped(rule.line.rule, width, f"{number:>4} ")
        lines += _wrapped(" ".join([*below, lines_text(rule, explainer)]), width, " " * 5)
    return "\n".join(lines) + "\n"


def _wrapped(text: str, width: int, first: str) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=" " * 5,
        break_long_words=False,
        break_on_hyphens=False,
    )


def table_data(explainer: Explainer) -> dict[str, Any]:
    """Return the table as what :mod:`json` takes."""
    return {
        "rules": [rule_data(rule) for rule in all_rules(explainer)],
        "cannot_serve": dict(explainer.texts.refused),
    }
