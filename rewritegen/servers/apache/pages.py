"""The steps of the plan as rewrite rules.

Every rule of this module stands inside the guard "a page of a canonical name, or a file beside it", so that patterns
need not say again what a name is. Names of environment variables:

* ``RG_SOURCE``: X-Index-Source; ``RG_ASK`` and others: the way through the HTTP sources (see ``hops``);
* ``RG_AFTER``: the step behind which the search goes on; ``RG_UNSURE``: a source could not answer;
* ``RG_FORM``: representation, ``RG_GZIP``: the client takes gzip, ``RG_CODING``: the same in the URL of a copy;
* ``RG_FILE``: the page file that was found;
* ``RG_PAGE``, ``RG_PACKED``, ``RG_FRESH``, ``RG_SHORT``, ``RG_LONG``: which headers the answer gets (see the view).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from typing_extensions import assert_never

from rewritegen.grammar import ARCHIVE_SUFFIX
from rewritegen.plan import Plan
from rewritegen.representations import ACCEPT_GZIP, LEGACY_JSON, REPRESENTATIONS
from rewritegen.servers.apache.choice import choose
from rewritegen.servers.apache.claims import not_claimed, reserved
from rewritegen.servers.apache.file_fetch import look_for_file
from rewritegen.servers.apache.listings import LISTED
from rewritegen.servers.apache.quoting import regex, substitution, test_string
from rewritegen.servers.apache.rules import Condition, Group, Item, Rule
from rewritegen.servers.apache.stems import claimed_files, stem_rules
from rewritegen.servers.apache.turns import PageTurn, file_turns, page_turns
from rewritegen.servers.apache.words import NEVER_ASKED, NOT_COMPRESSED
from rewritegen.steps import (
    AskPrivately,
    Available,
    JsonStep,
    Listing,
    NotFound,
    OwnedBy,
    PageTree,
    ProjectDirectories,
    Reserved,
    RootList,
    SendTo,
    Step,
    TryMirror,
    TryProxy,
)

__all__ = [
    "NOT_COMPRESSED",
    "look",
    "negotiation",
    "page_rules",
    "root_rules",
    "stepwise",
    "unavailable",
]

#: A step of a page, or of a document.
AnyStep = TypeVar("AnyStep", Step, JsonStep)

#: Answers here ask the host's mod_deflate, if any, to keep its hands off.


def negotiation(mount: str) -> Group:
    """Return the rules that put representation and encoding of a page into variables."""
    here = f"^{regex(mount)}(?:[^/]+/)?$"
    # these match always, and so say `Vary` for a copy, which no Header directive reaches
    varies = tuple(Condition(f"%{{HTTP:{name}}}", "^") for name in ("Accept", "Accept-Encoding"))
    first = ("E=RG_PAGE:1", f"E=RG_FORM:{REPRESENTATIONS[-1].suffix}", "E=RG_CODING:identity")
    rules = [Rule(here, flags=first, conditions=varies)]
    for form in reversed(REPRESENTATIONS):
        if form.accept:
            accept = Condition("%{HTTP:Accept}", form.accept, ("NC",))
            rules.append(Rule(here, flags=(f"E=RG_FORM:{form.suffix}",), conditions=(accept,)))
    gzip = Condition("%{HTTP:Accept-Encoding}", ACCEPT_GZIP, ("NC",))
    flags = ("E=RG_GZIP:1", "E=RG_CODING:gzip", "E=force-gzip:1")
    rules.append(Rule(here, flags=flags, conditions=(gzip,)))
    return Group(
        ("representation (the best that the client accepts) and encoding of a page",),
        None,
        tuple(rules),
    )


def unavailable(marker: str, key: str, comment: tuple[str, ...], pattern: str = "^") -> Rule:
    """Return the rule that answers 503 while a marker file cannot be seen."""
    gone = Condition(test_string(marker, key), "!-f")
    return Rule(pattern, flags=("R=503", "L"), conditions=(gone,), comment=comment)


def root_rules(root: RootList, mount: str) -> Group:
    """Return the rules of the list of private projects."""
    label = root.source.label if root.source else "none"
    key = root.source.key if root.source else "state"
    body: list[Item] = []
    if root.marker is not None:
        body.append(unavailable(root.marker, key, ()))
    flags = (f"E=RG_SOURCE:{label}", "E=RG_FRESH:1", NOT_COMPRESSED)
    if root.pages is not None:
        body.extend(_first_file(root.pages, key, flags))
    if root.listing is not None:
        body.append(Rule("^", f"{substitution(root.listing, key)}/", (*flags, "END")))
    body.append(Rule("^", flags=("R=404", "L")))
    return Group(
        (f"{mount}: the private projects, never those of a mirror or an upstream",),
        Rule(f"!^{regex(mount)}$"),
        tuple(body),
    )


def page_rules(plan: Plan) -> Iterator[Item]:
    """Yield what each step does, in order; a request that comes back passes over the steps that it has been at."""
    mount = regex(plan.mount)
    return stepwise(
        plan,
        plan.page,
        lambda turn: _asked(plan, turn, mount),
        lambda step: _step(step, mount, gated=plan.auth is not None),
    )


def stepwise(
    plan: Plan,
    steps: tuple[AnyStep, ...],
    asked: Callable[[PageTurn], Iterator[Item]],
    step_rules: Callable[[AnyStep], Iterator[Item]],
) -> Iterator[Item]:
    """Yield the rules of the steps of a page, or of a document: of those that ask, and of the others."""
    turns = {turn.step: turn for turn in page_turns(plan)}
    numbers = [turns[step].number for step in steps if isinstance(step, TryProxy | AskPrivately)]
    numbers = [number for number in numbers if number]
    waiting: list[Item] = []
    for step in steps:
        if isinstance(step, TryProxy | AskPrivately):
            waiting.extend(asked(turns[step]))
            if turns[step].goes_on:
                later = "|".join(map(str, numbers[numbers.index(turns[step].number) :]))
                been = Rule("^", conditions=(Condition("%{ENV:RG_AFTER}", f"^(?:{later})$"),))
                yield Group((f"up to {step.source.key}",), been, tuple(waiting))
                waiting = []
        elif isinstance(step, NotFound) and numbers:
            unsure = (Condition("%{ENV:RG_UNSURE}", "=1"),)
            comment = ("nobody has it, and a source could not answer",)
            waiting.append(Rule("^", flags=("R=502", "L"), conditions=unsure, comment=comment))
            waiting.extend(step_rules(step))
        else:
            waiting.extend(step_rules(step))
    yield from waiting


def _step(step: Step, mount: str, *, gated: bool) -> Iterator[Item]:
    match step:
        case Available(source=source, marker=marker):
            key = source.key if source else "state"
            what = f"{key} {source.name}" if source else "state"
            reason = f"{what}: not there means not mounted or not readable; nothing is forwarded on a guess"
            yield unavailable(marker, key, (reason,))
        case OwnedBy():
            yield _owned(step, mount, gated=gated)
        case Reserved():
            yield from reserved(step, mount)
        case TryMirror():
            yield _mirror(step, mount)
        case SendTo(source=source, url=url):
            flags = (f"E=RG_SOURCE:{source.label}", "R=302", "NE", "QSD", "L")
            target = f"{substitution(url, source.key)}$1/"
            text = f"{source.key} {source.name}: the client goes there"
            yield Rule(f"^{mount}([^/]+)/$", target, flags, comment=(text,))
        case NotFound():
            yield Rule("^", flags=("R=404", "L"), comment=("nobody has it",))
        case TryProxy() | AskPrivately():
            raise AssertionError("these have a turn")
        case _:
            assert_never(step)


# ---------------------------------------------------------------- private directories


def _owned(step: OwnedBy, mount: str, *, gated: bool) -> Group:
    key = step.source.key
    presence: list[Condition] = []
    for tree in step.presence:
        place = _place(tree, key)
        presence += [Condition(place, "!-d"), Condition(place, "!-l")]
    if isinstance(step.pages, PageTree):
        for tree in step.pages.directories:
            if tree not in step.presence:
                forms = (
                    Condition(f"{_place(tree, key)}/index.{form.suffix}", "!-f")
                    for form in REPRESENTATIONS
                )
                presence.extend(forms)
    # the same body reads $1 and $2 everywhere
    skip = Rule(_project(_trees(step), mount), conditions=tuple(presence))
    comment = (
        f"{key} {step.source.name}: owns what it has a page, a directory or a link of",
        "(-l too: the name of a link whose target is not mounted is still ours)",
    )
    body: list[Item] = [Rule("^", flags=(f"E=RG_SOURCE:{step.source.label}",))]
    if isinstance(step.pages, Listing):
        body.extend(_beside(step.pages.directories, key, mount, "E=RG_SHORT:1"))
        body.extend(_listings(step.pages.directories, key, mount, gated=gated))
    else:
        if step.pages.beside:
            body.extend(_beside(step.pages.directories, key, mount, "E=RG_SHORT:1"))
        for tree in step.pages.directories:
            body.extend(_pages_in(tree, key, mount, ("E=RG_FRESH:1", NOT_COMPRESSED)))
    body.append(Rule("^", flags=("R=404", "L"), comment=("nothing else of it is here",)))
    return Group(comment, skip, tuple(body))


def _trees(step: OwnedBy) -> tuple[ProjectDirectories, ...]:
    return (*step.presence, *step.pages.directories)


def _listings(
    trees: tuple[ProjectDirectories, ...], key: str, mount: str, *, gated: bool
) -> Iterator[Rule]:
    for tree in trees:
        there = Condition(_place(tree, key), "-d")
        page, target = f"{_project((tree,), mount)}$", f"{_target(tree, key)}/"
        # INFLATE does nothing behind an internal redirect, as the gate makes one
        packed = (Condition("%{ENV:RG_GZIP}", "."),) if gated else ()
        yield Rule(page, target, ("E=RG_FRESH:1", *LISTED), (there, *packed))
        if gated:
            yield Rule(page, target, ("E=RG_FRESH:1", NOT_COMPRESSED, "END"), (there,))


# ---------------------------------------------------------------- mirrors


def _mirror(step: TryMirror, mount: str) -> Group:
    source = step.source
    trees = step.pages.directories
    body: list[Item] = [_mirror_files(step, mount)]
    label = f"E=RG_SOURCE:{source.label}"
    for tree in trees:
        body.extend(_pages_in(tree, source.key, mount, (label, "E=RG_SHORT:1", NOT_COMPRESSED)))
    return Group((f"{source.key} {source.name}: serves what it has a page of",), None, tuple(body))


def _mirror_files(step: TryMirror, mount: str) -> Group:
    """Return the answer for a file beside the page of a project that the mirror has: this one owns it."""
    source = step.source
    trees = step.pages.directories
    absent = tuple(Condition(_place(tree, source.key), "!-d") for tree in trees)
    # a page is not a file: the skip has to match pages and projects that are not here, one rule each
    inner: list[Item] = []
    if step.pages.beside:
        inner.append(Rule("^", flags=(f"E=RG_SOURCE:{source.label}",)))
        inner.extend(_beside(trees, source.key, mount, "E=RG_LONG:1"))
    inner.append(Rule("^", flags=("R=404", "L")))
    here = Group((), Rule(_project(trees, mount), conditions=absent), tuple(inner))
    return Group((), Rule("/$"), (here,))


# ---------------------------------------------------------------- what both have


def _beside(
    trees: tuple[ProjectDirectories, ...], key: str, mount: str, keep: str
) -> Iterator[Rule]:
    for tree in trees:
        file = "$3" if tree.hashed else "$2"
        there = Condition(f"{_place(tree, key)}/{file}", "-f")
        flags = ("T=application/octet-stream", "H=default-handler", keep, NOT_COMPRESSED, "END")
        pattern = f"{_project((tree,), mount)}([^/]+)$"
        yield Rule(pattern, f"{_target(tree, key)}/{file}", flags, (there,))


def _pages_in(
    tree: ProjectDirectories, key: str, mount: str, flags: tuple[str, ...]
) -> Iterator[Rule]:
    return choose(f"{_project((tree,), mount)}$", _place(tree, key), _target(tree, key), flags)


def _first_file(root: str, key: str, flags: tuple[str, ...]) -> Iterator[Rule]:
    return choose("^", test_string(root, key), substitution(root, key), flags)


def _project(trees: tuple[ProjectDirectories, ...], mount: str) -> str:
    """Return the pattern of a page and all that lies below it: $1 is the name, in hashed trees $2 its first letter."""
    hashed = any(tree.hashed for tree in trees)
    return f"^{mount}(([a-z0-9])[^/]*)/" if hashed else f"^{mount}([^/]+)/"


def _place(tree: ProjectDirectories, key: str) -> str:
    return test_string(tree.root, key) + ("/$2/$1" if tree.hashed else "/$1")


def _target(tree: ProjectDirectories, key: str) -> str:
    return substitution(tree.root, key) + ("/$2/$1" if tree.hashed else "/$1")


# ---------------------------------------------------------------- upstreams


def _asked(plan: Plan, turn: PageTurn, mount: str) -> Iterator[Item]:
    """Yield the rules that look for a copy of a page, or have it fetched, by constants and the canonical name only."""
    source = turn.step.source
    if isinstance(turn.step, AskPrivately):
        label = f"E=RG_SOURCE:{source.label}"
        beside = (*_besides(plan, turn, mount), Rule("[^/]$", flags=(label, "R=404", "L")))
        text = f"{source.key} {source.name}: asked for what it claims, and for nothing else; its answer is final"
        body = (*beside, look(plan, turn, f"^{mount}([^/]+)/$", label))
        yield Group((text,), not_claimed(turn.step.claims, mount), body)
    else:
        yield from _besides(plan, turn, mount)
        text = f"{source.key} {source.name}: pages only; a file has an owner or is not here"
        yield Group((text,), None, (look(plan, turn, f"^{mount}([^/]+)/$"),))


def _besides(plan: Plan, turn: PageTurn, mount: str) -> Iterator[Item]:
    """Yield the rules of files that lie beside their page, where the kind of the source has them there."""
    prefix = turn.step.upstream.beside
    if prefix:
        files = next(one for one in file_turns(plan) if one.route.prefix == prefix)
        source = turn.step.source
        text = f"{source.key} {source.name}: its files lie beside their pages"
        skip = Rule(f"!^{mount}[^/]+/[^/]+{ARCHIVE_SUFFIX}$")
        refused: list[Rule | Group] = [*claimed_files(files.route, mount)]
        if files.route.scanned:
            refused += stem_rules(files.route.scanned, f"^{mount}(.+)$")
        yield Group((text,), skip, (*refused, *look_for_file(plan, files)))


def look(plan: Plan, turn: PageTurn, page: str, *label: str) -> Rule:
    """Return the rule that looks for a copy of a page (a pattern, $1 is the name), or has it fetched."""
    form = LEGACY_JSON.suffix if turn.documents else "%{ENV:RG_FORM}"
    if plan.copies is None and plan.offline:
        return Rule(page, flags=(*label, "R=502", "L") if label else ("E=RG_UNSURE:1",))
    place = f"{turn.place}$1/{form}/%{{ENV:RG_CODING}}/{turn.digest}"
    flags = (*label, f"E=RG_ASK:{place.lstrip('/')}")
    if plan.copies is None:
        return Rule(page, NEVER_ASKED, (*flags, "E=RG_MISS:again/begin", "P", "QSD", "L"))
    if plan.offline:
        way = ("kept", "again/unsure" if turn.goes_on else "again/begin", "stop")
    elif label:
        way = ("have", "again/begin", "again/renew")
    else:
        way = ("look", "again/have", "stop")
    names = ("RG_DO", "RG_MISS", "RG_HIT")
    steps = tuple(f"E={name}:{word}" for name, word in zip(names, way, strict=True))
    return Rule(page, place, (*flags, *steps, "PT", "QSD", "L"))
