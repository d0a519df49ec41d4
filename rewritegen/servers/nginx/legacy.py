"""The legacy JSON of a project: its location, where the steps of the plan are rules, as for its page."""

from __future__ import annotations

from collections.abc import Iterator

from typing_extensions import assert_never

from rewritegen.layouts import LEGACY, LEGACY_MIRRORED, LEGACY_WRITTEN
from rewritegen.names import CANONICAL_NAME
from rewritegen.plan import Plan
from rewritegen.servers.nginx.chain import Chain
from rewritegen.servers.nginx.quoting import argument, comment, pattern, value
from rewritegen.servers.nginx.rules import Rules
from rewritegen.servers.nginx.view import Entry, Rule
from rewritegen.servers.nginx.words import (
    NO_CACHE,
    VARY,
    answered_by,
    escaped,
    go,
    named,
)
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
    Source,
    TryProxy,
)

__all__ = ["legacy_entry"]

_INDENT = "    "


def legacy_entry(plan: Plan, rules: Rules, guards: tuple[Rule, ...], inside: str) -> Entry:
    """Return the location; ``inside`` is what stands before each URL behind a gate."""
    chain = Chain("document", lambda step: _rules(step, rules), rules.inner)
    decided, last = chain.walk(plan.json)
    return Entry(
        comment("the legacy JSON of a project: the same decisions as for its page", _INDENT),
        f"~ {pattern(f'^{escaped(inside + LEGACY)}(?<rg_name>{CANONICAL_NAME})/json$')}",
        (answered_by("none"), VARY, NO_CACHE),
        last,
        (*guards, *decided),
        internal=bool(inside),
    )


def _rules(step: JsonStep, rules: Rules) -> Iterator[Rule]:
    match step:
        case Available() | Reserved() | AskPrivately():
            yield from rules.page(step)
        case OwnsJson(source=source, json=json):
            words: tuple[str, ...] = (named(source, "has the project"),)
            if json is not None:
                yield _document(source, json, LEGACY_WRITTEN, rules, words)
                words = ()
            for rule in rules.present(source, step.presence):
                yield rule._replace(comment=words)
                words = ()
        case HasJson(source=source, json=json):
            yield _document(
                source, json, LEGACY_MIRRORED, rules, (named(source, "has the document"),)
            )
        case NotFound() | JsonElsewhere() | TryProxy():
            pass
        case _:
            assert_never(step)


def _document(
    source: Source, tree: ProjectDirectories, file: str, rules: Rules, words: tuple[str, ...]
) -> Rule:
    test = f"-f {argument(f'{value(tree.root, source.key)}/$rg_name/{file}')}"
    return Rule(words, test, go(f"{rules.inner.json(source, tree.root)}$rg_name/{file}"))
