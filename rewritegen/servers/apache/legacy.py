"""The legacy JSON of a project as rewrite rules: the steps of its page, about another document.

The rules stand inside the guard "the document of a canonical name", so that patterns need not say again what a name is.
"""

from __future__ import annotations

from collections.abc import Iterator

from typing_extensions import assert_never

from rewritegen.layouts import LEGACY, LEGACY_MIRRORED, LEGACY_WRITTEN
from rewritegen.names import CANONICAL_NAME, TOO_MANY_CAPITALS, TOO_MANY_SEPARATORS
from rewritegen.plan import Plan
from rewritegen.representations import ACCEPT_GZIP, LEGACY_JSON
from rewritegen.servers.apache.claims import not_claimed, reserved
from rewritegen.servers.apache.pages import look, stepwise, unavailable
from rewritegen.servers.apache.quoting import regex, substitution, test_string
from rewritegen.servers.apache.rules import Condition, Group, Item, Rule
from rewritegen.servers.apache.turns import PageTurn
from rewritegen.servers.apache.words import CANONICAL_URL, NOT_COMPRESSED
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

__all__ = ["legacy_rules", "legacy_spellings"]

_MOUNT = regex(LEGACY)
_NOT_FOUND = ("R=404", "L")


def legacy_spellings(plan: Plan) -> Iterator[Item]:
    """Yield the rules that lead to the canonical URL of a document; see those of pages."""
    if not plan.json:
        return
    comment = ("the same for the legacy JSON",)
    below = rf"^{_MOUNT}(?=[A-Za-z0-9._-]+/json$)"
    yield Rule(f"{below}{TOO_MANY_CAPITALS}", flags=_NOT_FOUND, comment=comment)
    yield Rule(f"{below}{TOO_MANY_SEPARATORS}", flags=_NOT_FOUND)
    raw, name = "[A-Za-z0-9._-]", CANONICAL_NAME
    yield Rule(f"^{_MOUNT}({raw}*[A-Z]{raw}*)/json$", f"{LEGACY}${{rg_lower:$1}}/json")
    run = "(?:-[._-]+|[._][._-]*)"
    yield Rule(
        f"^{_MOUNT}({name}){run}([a-z0-9][a-z0-9._-]*)/json$", f"{LEGACY}$1-$2/json", ("N=20",)
    )
    changed = Condition("$1 %{REQUEST_URI}", r"!^(\S+) \1$")
    flags = ("E=RG_CANONICAL:$1", "E=RG_PAGE:1", "PT", "QSD", "L")
    yield Rule(f"^({_MOUNT}{name}/json)$", CANONICAL_URL, flags, (changed,))


def legacy_rules(plan: Plan) -> Iterator[Group]:
    """Yield the group that decides the documents, where they are served."""
    if not plan.json:
        return
    body = [*_coding(plan), *stepwise(plan, plan.json, lambda turn: _asked(plan, turn), _step)]
    comment = ("the legacy JSON of a project: the same decisions as for its page",)
    guard = f"!^{_MOUNT}{_not_files(plan)}{CANONICAL_NAME}/json$"
    yield Group(comment, Rule(guard), tuple(body))


def _not_files(plan: Plan) -> str:
    """Return what leaves files out: those of mirrors are at `/pypi/packages/` for an index at `/pypi/simple/`."""
    below = [route.prefix for route in plan.public_files if route.prefix.startswith(LEGACY)]
    return "".join(f"(?!{regex(prefix.removeprefix(LEGACY))})" for prefix in below)


def _coding(plan: Plan) -> Iterator[Item]:
    """Yield the rules that put the encoding of a document into variables; a request that comes back has them."""
    gzip = Condition("%{HTTP:Accept-Encoding}", ACCEPT_GZIP, ("NC",))
    if not plan.documents_with_upstream:
        yield Rule("^", flags=("E=RG_PAGE:1",))
        yield Rule("^", flags=("E=RG_GZIP:1",), conditions=(gzip,))
        return
    new = Condition("%{ENV:RG_AFTER}", "!.")
    # these match always, and so say `Vary` for a copy, which no Header directive reaches
    varies = tuple(Condition(f"%{{HTTP:{name}}}", "^") for name in ("Accept", "Accept-Encoding"))
    first = ("E=RG_PAGE:1", "E=RG_CODING:identity")
    yield Rule("^", flags=first, conditions=(new, *varies))
    packed = ("E=RG_GZIP:1", "E=RG_CODING:gzip", "E=force-gzip:1")
    yield Rule("^", flags=packed, conditions=(new, gzip))


def _asked(plan: Plan, turn: PageTurn) -> Iterator[Item]:
    """Yield the rules that look for a copy of a document, or have it fetched."""
    source, step = turn.step.source, turn.step
    document = f"^{_MOUNT}([^/]+)/json$"
    if isinstance(step, AskPrivately):
        text = f"{source.key} {source.name}: asked for the documents of what it claims; its answer is final"
        rule = look(plan, turn, document, f"E=RG_SOURCE:{source.label}")
        yield Group((text,), not_claimed(step.claims, _MOUNT), (rule,))
    else:
        text = f"{source.key} {source.name}: asked for the document"
        yield Group((text,), None, (look(plan, turn, document),))


def _step(step: JsonStep) -> Iterator[Item]:
    match step:
        case Available(source=source, marker=marker):
            key = source.key if source else "state"
            what = f"{key} {source.name}" if source else "state"
            yield unavailable(marker, key, (f"{what}: nothing is answered on a guess",))
        case Reserved():
            yield from reserved(step, _MOUNT)
        case OwnsJson():
            yield _owned(step)
        case HasJson(source=source, json=json):
            text = f"{source.key} {source.name}: serves what it has a document of"
            found = (f"E=RG_SOURCE:{source.label}", "E=RG_SHORT:1")
            yield Group((text,), None, (_document(source, json, LEGACY_MIRRORED, found),))
        case JsonElsewhere(source=source, url=url):
            flags = (f"E=RG_SOURCE:{source.label}", "R=302", "NE", "QSD", "L")
            target = f"{substitution(url, source.key)}$1/json"
            text = f"{source.key} {source.name}: the client asks there for the document"
            yield Rule(f"^{_MOUNT}([^/]+)/json$", target, flags, comment=(text,))
        case TryProxy() | AskPrivately():
            raise AssertionError("these have a turn")
        case NotFound():
            yield Rule("^", flags=_NOT_FOUND, comment=("nobody has it",))
        case _:
            assert_never(step)


def _owned(step: OwnsJson) -> Group:
    key = step.source.key
    presence: list[Condition] = []
    for tree in step.presence:
        place = f"{test_string(tree.root, key)}/$1"
        presence += [Condition(place, "!-d"), Condition(place, "!-l")]
    skip = Rule(f"^{_MOUNT}([^/]+)/", conditions=tuple(presence))
    body: list[Rule | Group] = [Rule("^", flags=(f"E=RG_SOURCE:{step.source.label}",))]
    if step.json is not None:
        accepted = Condition("%{ENV:RG_GZIP}", "=1")
        packed = ("E=RG_FRESH:1", "E=RG_PACKED:1")
        body.append(_document(step.source, step.json, f"{LEGACY_WRITTEN}.gz", packed, accepted))
        body.append(_document(step.source, step.json, LEGACY_WRITTEN, ("E=RG_FRESH:1",)))
    body.append(Rule("^", flags=_NOT_FOUND))
    comment = (f"{key} {step.source.name}: the document of what it owns, or 404",)
    return Group(comment, skip, tuple(body))


def _document(
    source: Source,
    tree: ProjectDirectories,
    file: str,
    flags: tuple[str, ...],
    *conditions: Condition,
) -> Rule:
    there = Condition(f"{test_string(tree.root, source.key)}/$1/{file}", "-f")
    kind = (f"T={LEGACY_JSON.content_type}", "H=default-handler", NOT_COMPRESSED, "END")
    target = f"{substitution(tree.root, source.key)}/$1/{file}"
    return Rule(f"^{_MOUNT}([^/]+)/json$", target, (*flags, *kind), (*conditions, there))
