"""One request on its way through the plan: what is known of it, what was looked at for it, and what left the site."""

from __future__ import annotations

import re

from rewritegen.decision import Decision, Request, Rule, TraceLine
from rewritegen.plan import Plan
from rewritegen.representations import Representation, negotiate
from rewritegen.routes import describe, key_of
from rewritegen.steps import Step
from rewritegen.world import Noted, World

__all__ = ["ANSWERS", "Inquiry", "decoded", "rule_of"]

#: What an upstream may say and be believed; everything else is "don't know".
ANSWERS = frozenset({200, 206, 304, 404, 416})


class Inquiry:
    """What the parts of the model share while they decide one request."""

    def __init__(self, plan: Plan, request: Request, world: World) -> None:
        self.plan = plan
        self.world = Noted(world)
        self.method = request.method
        self.target = request.target.partition("?")[0]
        self.admitted = request.admitted
        self.form = negotiate(request.headers.get("accept", ""))
        self.trace: list[TraceLine] = []
        self.forwarded: list[str] = []

    def fits(self, pattern: str) -> bool:
        """Tell whether the target is one of a part of the grammar."""
        return re.fullmatch(pattern, self.target) is not None

    def note(self, rule: Rule, *, decided: bool = False) -> None:
        """Note a rule that was looked at, with what was looked at for it."""
        looks = self.world.taken()
        self.trace.append(TraceLine(rule.key, rule.words, decided, rule.part, looks))

    def end(
        self,
        status: int,
        source: str = "none",
        *,
        rule: Rule,
        location: str | None = None,
        representation: Representation | None = None,
        path: str | None = None,
    ) -> Decision:
        """End the request."""
        self.note(rule, decided=True)
        return Decision(
            status,
            source,
            location,
            representation,
            path,
            tuple(self.forwarded),
            tuple(self.trace),
        )

    def ask(self, url: str, form: Representation | None) -> int:
        """Return what comes of asking an upstream: a fresh copy spares it, a stale one stands in for it."""
        kept = self.world.kept(url, form) if self.plan.copies else ""
        if kept == "fresh":
            return 200
        status = 502
        if not self.plan.offline:
            self.forwarded.append(url)
            status = self.world.ask(url, form)
        return 200 if kept and status not in ANSWERS else status

    def is_there(self, directory: str) -> bool:
        """Tell whether a directory is there, or a link that may lead to one that is not mounted."""
        return self.world.is_directory(directory) or self.world.is_link(directory)

    def first_page(self, directories: list[str]) -> tuple[Representation, str] | None:
        """Return the first page in some directories, in the representation that is asked for if it is there."""
        for directory in directories:
            for form in self.form.tried:
                path = f"{directory}/index.{form.suffix}"
                if self.world.is_file(path):
                    return form, path
        return None


def rule_of(step: Step) -> Rule:
    """Return the rule that a step is."""
    return Rule(describe(step), key_of(step), step)


def decoded(path: str) -> str:
    """Decode the two escapes that the grammar lets through."""
    return path.replace("%2B", "+").replace("%2b", "+").replace("%21", "!")
