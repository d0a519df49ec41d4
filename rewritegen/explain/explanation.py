"""An explanation as data: each rule that was looked at, with the line of the site file and the generated lines.

Upstreams are not asked for it. Where the answer depends on them, it is given for each thing that they may say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from rewritegen.decide import decide
from rewritegen.decision import Decision, Part, Request, TraceLine
from rewritegen.diagnostics import Place, RewritegenError
from rewritegen.explain.blocks import Block, blocks_of
from rewritegen.explain.carriers import carriers
from rewritegen.explain.here import Asker, Here
from rewritegen.layouts import LEGACY
from rewritegen.names import InvalidNameError, NormalizedName, parse_name
from rewritegen.plan import Plan, compile_plan
from rewritegen.servers import SERVER_NAMES, server
from rewritegen.servers.base import Files, Scope
from rewritegen.site import Site
from rewritegen.steps import Available, FileRoute, Reserved, SendTo, TryProxy
from rewritegen.yamltree import path_of

__all__ = ["Explained", "Explainer", "Explanation", "Outcome", "Texts", "is_empty", "texts_of"]


@dataclass(frozen=True, slots=True)
class Explained:
    """One rule of the trace, and everything that it came from and went into."""

    line: TraceLine
    number: int
    """Its number in the route table; 0 for what stands before the table, and for files."""
    places: tuple[Place, ...]
    """Where in the site file it was made."""
    lines: Mapping[str, tuple[Block, ...]]
    """By server; no block where that server cannot do this site."""
    depends: bool = False
    """It decides if the upstream says so."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a client gets under a condition; without upstreams there is one, and no condition."""

    condition: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class Explanation:
    """All about one request."""

    request: Request
    rules: tuple[Explained, ...]
    outcomes: tuple[Outcome, ...]
    unreached: tuple[str, ...]
    """The sources behind the rule that decides, which nobody asks."""
    unreadable: Mapping[str, str]
    """Paths that this user may not look at, and why."""
    missing: tuple[str, ...]
    """Markers that are not there, which is why the answer is 503."""
    said: Mapping[str, str]
    """What upstreams said when they were asked, by URL; empty when nobody was."""
    next: Request | None = None
    """What the client asks for then: the canonical URL that it is sent to."""


class Texts:
    """The generated text of each server, as blocks; or why there is none."""

    def __init__(self, blocks: Mapping[str, list[Block]], refused: Mapping[str, str]) -> None:
        self.blocks = blocks
        self.refused = refused


def texts_of(plan: Plan, scope: Scope = "vhost") -> Texts:
    """Render a plan for each server."""
    blocks: dict[str, list[Block]] = {}
    refused: dict[str, str] = {}
    for name in SERVER_NAMES:
        program = server(name)
        problems = program.refusals(plan, scope, program.baseline)
        try:
            if not problems:
                blocks[name] = blocks_of(program.render(plan, scope, program.baseline))
                continue
        except RewritegenError as error:
            problems = error.problems
        refused[name] = f"{problems[0].code}: {problems[0].message}"
    return Texts(blocks, refused)


@dataclass
class Explainer:
    """Explains requests to one site."""

    site: Site
    scope: Scope = "vhost"
    look: bool = True
    """Look at directories; else all roots count as there, and as empty."""
    asker: Asker | None = None
    installed: Mapping[str, Files] = field(default_factory=dict)
    """Texts from a server's disk, by server, whose lines are named instead of those of generated ones."""

    @cached_property
    def plan(self) -> Plan:
        """The plan of the site."""
        return compile_plan(self.site)

    @cached_property
    def texts(self) -> Texts:
        """Its generated text."""
        if self.installed:
            return Texts({name: blocks_of(files) for name, files in self.installed.items()}, {})
        return texts_of(self.plan, self.scope)

    def explain(self, request: Request) -> Explanation:
        """Explain one request."""
        world = Here(look=self.look, asker=self.asker)
        base = decide(self.plan, request, world)
        outcomes = tuple(self._outcomes(request, base))
        beside = _is_beside(self.plan, request)
        name = _name(self.plan, request)
        told = _told(base.trace, beside=beside)
        return Explanation(
            request,
            tuple(self.about(line, name, beside=beside) for line in told),
            outcomes,
            tuple(self._unreached(base)),
            world.unreadable,
            tuple(_missing(base)),
            {} if self.asker is None else dict(self.asker.said),
            _follow(request, base),
        )

    # ---------------------------------------------------------------- what upstreams may say

    def _outcomes(self, request: Request, base: Decision) -> Iterator[Outcome]:
        """Yield the answer for each thing that the upstreams may say, or the one that there is."""
        asked = base.forwarded
        if self.asker is not None:
            yield Outcome("", base)
            return
        if self.plan.offline:
            kept = decide(self.plan, request, Here(look=self.look, copies="stale"))
            if _same(kept, base):
                yield Outcome("", base)
            else:
                yield Outcome("the cache has a copy of it", kept)
                yield Outcome("no copy is kept", base)
            return
        for number, url in enumerate(asked):
            answers = (*[404] * number, 200)
            world = Here(answers, look=self.look)
            yield Outcome(f"{url} has it", decide(self.plan, request, world))
        if not asked:
            yield Outcome("", base)
            return
        yield Outcome("it says 404" if len(asked) == 1 else "all of them say 404", base)
        away = decide(self.plan, request, Here(default=502, look=self.look))
        words = "it does not answer" if len(asked) == 1 else "one does not answer, no other has it"
        kept_words = ", and no copy is kept" if self.plan.copies else ""
        if not _same(away, base):
            yield Outcome(f"{words}{kept_words}", away)

    # ---------------------------------------------------------------- where rules come from and go to

    def about(
        self, line: TraceLine, name: NormalizedName | None = None, *, beside: bool = False
    ) -> Explained:
        """Return what is known about one rule, for a project if it is about one."""
        asked = any(look.what == "answer" for look in line.looks)
        return Explained(
            line,
            _number(self.plan, line.part),
            tuple(self._places(line, name)),
            self._lines(line, name, beside=beside),
            depends=asked and self.asker is None,
        )

    def _lines(
        self, line: TraceLine, name: NormalizedName | None, *, beside: bool
    ) -> Mapping[str, tuple[Block, ...]]:
        found = {
            program: carriers(program, line.part, blocks, self.plan.mount, beside=beside)
            for program, blocks in self.texts.blocks.items()
        }
        if isinstance(line.part, Reserved) and line.decided:
            # it is private by a claim, or because it was scanned: two blocks, and one of them decides
            why = "claims:" if _is_claimed(line.part, name) else "state:"
            found = {
                program: [block for block in blocks if block.words.startswith(why)]
                for program, blocks in found.items()
            }
        return {program: tuple(blocks) for program, blocks in found.items()}

    def _places(self, line: TraceLine, name: NormalizedName | None) -> Iterator[Place]:
        document = self.site.document
        keys = [line.key]
        if isinstance(line.part, Reserved):
            keys = [*self._claims(name), "state"]
            if line.decided:
                keys = keys[:-1] if _is_claimed(line.part, name) else keys[-1:]
        elif line.part in ("grammar", "spelling"):
            keys = ["index"]
        for key in keys:
            place = self.site.place(key) if key else None
            if place is not None and document is not None and document.find(path_of(key))[1]:
                yield place

    def _claims(self, name: NormalizedName | None) -> Iterator[str]:
        """Yield the keys of the claims that cover a name; of all lists of claims when none does."""
        lists = [
            (f"{source.key}.claims", source.claims)
            for source in self.site.indexes[0].private
            if source.claims
        ]
        covering = [
            f"{key}[{number}]"
            for key, claims in lists
            for number, claim in enumerate(claims)
            if name is not None and claim.covers(name)
        ]
        yield from covering or (key for key, _ in lists)

    def _unreached(self, base: Decision) -> Iterator[str]:
        last = base.trace[-1].part
        if last in self.plan.page:
            for step in self.plan.page[self.plan.page.index(last) + 1 :]:
                source = getattr(step, "source", None)
                if source is not None and not isinstance(step, Available):
                    yield source.label


def _told(trace: tuple[TraceLine, ...], *, beside: bool) -> Iterator[TraceLine]:
    """Yield the rules without those that have nothing to do with this request: few proxies are asked for files."""
    for line in trace:
        step = line.part
        elsewhere = isinstance(step, SendTo) or (
            isinstance(step, TryProxy) and not step.upstream.beside
        )
        if not (is_empty(step) or (beside and elsewhere)):
            yield line


def _is_claimed(step: Reserved, name: NormalizedName | None) -> bool:
    return name is not None and step.claims.covers(name)


def is_empty(part: Part) -> bool:
    """Tell whether a rule is of no effect: no name is claimed, and without state none is scanned."""
    return isinstance(part, Reserved) and not (part.claims or part.scanned)


def _number(plan: Plan, part: Part) -> int:
    return plan.page.index(part) + 1 if part in plan.page else 0


def _name(plan: Plan, request: Request) -> NormalizedName | None:
    target = request.target.partition("?")[0]
    legacy = any(re.fullmatch(pattern, target) for pattern in plan.grammar.legacy)
    at = LEGACY if legacy else plan.mount
    first = target.removeprefix(at).partition("/")[0]
    try:
        return parse_name(first) if target.startswith(at) else None
    except InvalidNameError:
        return None


def _is_beside(plan: Plan, request: Request) -> bool:
    target = request.target.partition("?")[0]
    below = target.removeprefix(plan.mount)
    return target.startswith(plan.mount) and "/" in below and not below.endswith("/")


def _missing(base: Decision) -> Iterator[str]:
    """Yield the marker that the decision missed."""
    line = base.trace[-1]
    if base.status == 503 and (isinstance(line.part, Available | FileRoute) or line.part == "list"):
        yield from (look.where for look in line.looks if look.what == "file" and not look.seen)


def _follow(request: Request, base: Decision) -> Request | None:
    if base.status == 301 and base.location is not None:
        return replace(request, target=base.location)
    return None


def _same(one: Decision, other: Decision) -> bool:
    return (one.status, one.source) == (other.status, other.source)
