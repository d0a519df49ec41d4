"""The chain of sources as a graph: what is looked at in which order, and where each answer and failure leads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from typing_extensions import assert_never

from rewritegen.decision import Request
from rewritegen.explain.explanation import Explainer, is_empty
from rewritegen.plan import Plan
from rewritegen.steps import (
    AskPrivately,
    Available,
    Listing,
    NotFound,
    OwnedBy,
    Reserved,
    SendTo,
    Step,
    TryMirror,
    TryProxy,
)

__all__ = ["Chain", "Edge", "Kind", "Node", "chain_of", "way_of"]

Kind: TypeAlias = Literal[
    "start", "gate", "private", "claims", "mirror", "proxy", "redirect", "end"
]


class Node(NamedTuple):
    """One stop: what stands in it, in lines."""

    name: str
    kind: Kind
    lines: tuple[str, ...]


class Edge(NamedTuple):
    """Where an answer leads: to another node, or out with a status."""

    start: str
    words: str
    end: str
    out: bool
    """It ends there: ``end`` is what the client gets."""


@dataclass(frozen=True, slots=True)
class Chain:
    """All stops in their order, and what leads from each."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def chain_of(plan: Plan) -> Chain:
    """Return the chain that a page of a project goes through."""
    stops = [("request", Node("request", "start", (f"{plan.mount}NAME/",)))]
    leads: dict[str, tuple[tuple[str, str], ...]] = {"request": ()}
    onward: dict[str, str] = {"request": ""}
    if plan.auth is not None:
        node = Node("auth", "gate", ("auth: who may read?",))
        stops.append(("auth", node))
        leads["auth"] = (("no", f"{plan.auth.status}"),)
        onward["auth"] = "yes"
    for number, step in enumerate(plan.page, start=1):
        if isinstance(step, NotFound) or is_empty(step):
            continue
        name = f"step{number}"
        kind, lines, ends, on = _stop(plan, step)
        stops.append((name, Node(name, kind, lines)))
        leads[name] = ends
        onward[name] = on
        if isinstance(step, SendTo):
            break
    else:
        stops.append(("nobody", Node("nobody", "end", ("nobody has it",))))
        ends_words = [("all said 404", "404")]
        if plan.steps_with_upstream and any(isinstance(step, TryProxy) for step in plan.page):
            ends_words.append(("one did not answer", "502"))
        else:
            ends_words = [("", "404")]
        leads["nobody"] = tuple(ends_words)
    return Chain(
        tuple(node for _, node in stops), tuple(_edges([n for n, _ in stops], leads, onward))
    )


def _edges(
    names: list[str], leads: dict[str, tuple[tuple[str, str], ...]], onward: dict[str, str]
) -> Iterator[Edge]:
    for number, name in enumerate(names):
        for words, end in leads[name]:
            yield Edge(name, words, end, out=True)
        if number + 1 < len(names):
            yield Edge(name, onward[name], names[number + 1], out=False)


_Ends: TypeAlias = tuple[tuple[str, str], ...]


def _stop(plan: Plan, step: Step) -> tuple[Kind, tuple[str, ...], _Ends, str]:
    """Return what stands in a stop, where it ends, and the words on the way to the next one."""
    match step:
        case Available(source=None):
            return "gate", ("state is there?",), (("no, or not readable", "503"),), "yes"
        case Available(source=source):
            label = source.label if source else ""
            return "gate", (f"{label} is mounted?",), (("no, or not readable", "503"),), "yes"
        case OwnedBy(source=source, pages=pages):
            what = "listing" if isinstance(pages, Listing) else "page"
            return (
                "private",
                (source.label, "has the project?"),
                (("yes", f"200 {what}"), ("yes, no page", "404")),
                "no",
            )
        case AskPrivately(source=source, claims=claims):
            ends = (("200", "200 page"), ("404", "404"), ("no answer", "502"))
            told = (source.label, f"claims {_short(str(claims))}")
            return "private", told, ends, "not its claims"
        case Reserved(claims=claims, scanned=scanned):
            lines = [f"claimed: {_short(str(claims))}"] if claims else []
            lines += ["scanned (state/names)"] if scanned is not None else []
            return "claims", tuple(lines), (("yes", "404"),), "no"
        case TryMirror(source=source):
            return "mirror", (source.label, "has the page?"), (("yes", "200 page"),), "no"
        case TryProxy(source=source, upstream=upstream):
            copies = (("no answer, a copy", "200 stale copy"),) if plan.copies else ()
            return (
                "proxy",
                (source.label, upstream.url),
                (("200", "200 page"), *copies),
                "404, or no answer",
            )
        case SendTo(source=source, url=url):
            return "redirect", (source.label,), (("", f"302 {url}NAME/"),), ""
        case NotFound():
            raise AssertionError("the end has a stop of its own")
        case _:
            assert_never(step)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


def way_of(explainer: Explainer, request: Request) -> Iterator[str]:
    """Yield the stops that a request comes to; the last one decides, or would if no upstream before it did."""
    explanation = explainer.explain(request)
    if explanation.next is not None:
        explanation = explainer.explain(explanation.next)
    if not any(rule.number or rule.line.part == "auth" for rule in explanation.rules):
        return
    yield "request"
    for rule in explanation.rules:
        if rule.line.part == "auth":
            yield "auth"
        elif isinstance(rule.line.part, NotFound):
            yield "nobody"
        elif rule.number:
            yield f"step{rule.number}"
