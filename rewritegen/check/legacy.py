"""Probes of the legacy JSON: a private project's is its own, or is not there, and is nobody else's.

A public one is that of the project that was asked for, from a source that has documents. It may be missing where its
page is not: an index need not keep them.
"""

from __future__ import annotations

import json
from typing import Any

from rewritegen.check.context import Context
from rewritegen.check.results import About
from rewritegen.layouts import LEGACY
from rewritegen.names import InvalidNameError, NormalizedName, parse_name
from rewritegen.steps import HasJson, OwnsJson, Source, TryProxy

__all__ = ["look_at_document", "look_at_public_document"]


def look_at_document(context: Context, seen: About, source: Source, name: NormalizedName) -> None:
    """Ask for the document of a private project, where documents are served."""
    for step in context.plan.json:
        if isinstance(step, OwnsJson) and step.source == source:
            _look(context, seen, step, name)


def look_at_public_document(
    context: Context, seen: About, source: Source, name: NormalizedName
) -> None:
    """Ask for the document of a public project whose page a source has, if that has documents, too."""
    steps = [step for step in context.plan.json if isinstance(step, HasJson | TryProxy)]
    if all(step.source != source for step in steps):
        return
    ask, answer = context.get(f"{LEGACY}{name}/json")
    see = context.results.see
    if answer.status == 404:
        return
    if answer.status != 200:
        see("RG963", False, seen, ask.line, "200, or 404", answer.said)
        return
    labels = [step.source.label for step in steps]
    if see("RG961", answer.source in labels, seen, ask.line, " or ".join(labels), answer.said):
        found = _name_in(answer.body)
        see("RG912", found == name, seen, ask.line, f"info of {name}", found)


def _look(context: Context, seen: About, step: OwnsJson, name: NormalizedName) -> None:
    ask, answer = context.get(f"{LEGACY}{name}/json")
    see = context.results.see
    wanted = 404 if step.json is None else 200
    said = f"{wanted}, X-Index-Source {step.source.label}"
    if not see("RG911", answer.source == step.source.label, seen, ask.line, said, answer.said):
        return
    if not see("RG910", answer.status == wanted, seen, ask.line, said, answer.said):
        return
    if wanted == 200:
        found = _name_in(answer.body)
        see("RG912", found == name, seen, ask.line, f"info of {name}", found)


def _name_in(body: bytes) -> str:
    """Return whose document it is, in canonical form; in words, when it is none."""
    try:
        document: Any = json.loads(body)
        return parse_name(document["info"]["name"])
    except (ValueError, KeyError, TypeError, InvalidNameError):
        return "no JSON with a name in it"
