"""Explanations as JSON: everything that the text says, and every generated line, for programs."""

from __future__ import annotations

from typing import Any

from rewritegen.decision import Decision
from rewritegen.explain.explanation import Explained, Explainer, Explanation
from rewritegen.explain.live import Answer

__all__ = ["as_data", "rule_data"]


def as_data(
    explainer: Explainer, explanation: Explanation, answer: Answer | None = None
) -> dict[str, Any]:
    """Return one explanation as what :mod:`json` takes."""
    request = explanation.request
    return {
        "method": request.method,
        "target": request.target,
        "headers": dict(request.headers),
        "outcomes": [
            {"condition": outcome.condition, **_decision(outcome.decision)}
            for outcome in explanation.outcomes
        ],
        "rules": [rule_data(rule) for rule in explanation.rules],
        "not_reached": list(explanation.unreached),
        "unreadable": dict(explanation.unreadable),
        "missing_markers": list(explanation.missing),
        "cannot_serve": dict(explainer.texts.refused),
        "live": None if answer is None else _answer(explanation, answer),
    }


def _decision(decision: Decision) -> dict[str, Any]:
    form = decision.representation
    return {
        "status": decision.status,
        "source": decision.source,
        "location": decision.location,
        "content_type": form.content_type if form else None,
        "path": decision.path,
        "asked": list(decision.forwarded),
    }


def rule_data(rule: Explained) -> dict[str, Any]:
    """Return one rule as what :mod:`json` takes."""
    line = rule.line
    return {
        "number": rule.number or None,
        "rule": line.rule,
        "decided": line.decided,
        "depends_on_upstream": rule.depends,
        "key": line.key,
        "yaml": [
            {
                "file": place.file,
                "line": place.line,
                "column": place.column,
                "text": place.text,
            }
            for place in rule.places
        ],
        "generated": {
            name: [
                {
                    "file": block.file,
                    "first": block.first,
                    "last": block.last,
                    "words": block.words,
                    "head": block.head,
                }
                for block in blocks
            ]
            for name, blocks in rule.lines.items()
        },
        "looked_at": [
            {"what": look.what, "where": look.where, "seen": look.seen}
            for look in line.looks
            if not (rule.depends and look.what == "answer")
        ],
    }


def _answer(explanation: Explanation, answer: Answer) -> dict[str, Any]:
    return {
        "url": answer.url,
        "status": answer.status or None,
        "source": answer.source,
        "cache": answer.cache,
        "location": answer.location,
        "problem": answer.problem,
        "as_expected": answer.fits(explanation.outcomes),
    }
