"""What all probes share: the plan, the wire, what is known of the names, and the words for what they are about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from urllib.parse import urljoin

from rewritegen.check.results import About, Results
from rewritegen.check.wire import Answer, Ask, Wire
from rewritegen.decide import decide
from rewritegen.decision import Decision, Request
from rewritegen.names import NormalizedName
from rewritegen.plan import Plan
from rewritegen.representations import Representation
from rewritegen.site import Site
from rewritegen.steps import AskPrivately, Available, OwnedBy, Reserved, Source
from rewritegen.world import World

__all__ = ["Context", "Outside", "Sample", "about", "block", "spread", "stem"]

#: Sentences of the generated text that only a request hears which went through the fallbacks.
_NOBODY = (b"no source has this project", b"no source could say")


class Sample(NamedTuple):
    """A public name to ask for, and the source that should answer."""

    name: NormalizedName
    source: str = ""
    """Its name in the YAML; empty: any fallback."""


class Outside:
    """The world as somebody sees it who has no access to the server: all roots are there, and nothing in them."""

    def __init__(self, plan: Plan) -> None:
        self._markers = {step.marker for step in plan.page if isinstance(step, Available)}

    def is_file(self, path: str) -> bool:
        """The markers only."""
        return path in self._markers

    def is_directory(self, path: str) -> bool:
        """None."""
        del path
        return False

    def has_files(self, path: str) -> bool:
        """None."""
        del path
        return False

    def is_link(self, path: str) -> bool:
        """None."""
        del path
        return False

    def ask(self, url: str, representation: Representation | None) -> int:
        """Nobody has it."""
        del url, representation
        return 404

    def kept(
        self, url: str, representation: Representation | None
    ) -> Literal["fresh", "stale", ""]:
        """Nothing."""
        del url, representation
        return ""


@dataclass(slots=True)
class Context:
    """One check."""

    site: Site
    plan: Plan
    wire: Wire
    results: Results
    word: str
    """In every name that the run makes up; another one in each run, so that no copy answers."""
    world: World | None = None
    """The directories of the server, when this is the server."""
    samples: Sequence[Sample] = ()
    everything: bool = False
    canary: NormalizedName | None = None
    """A private name that is asked for in every way, instead of made-up ones."""
    names: tuple[NormalizedName, ...] = ()
    """The private projects: the list, and those that were given."""
    owners: dict[NormalizedName, str] = field(default_factory=dict)
    """X-Index-Source of those that were asked for."""
    asked: set[NormalizedName] = field(default_factory=set)
    """Private names that were asked for: what went out of them is a leak."""
    whole_host: bool = True
    """All paths of the host are ours; False when the running text is of the scope `locations`."""
    admitted: bool = True
    """Whether we may read: what `auth` protects is looked at only then."""

    # ------------------------------------------------------------------ asking

    def get(
        self,
        target: str,
        accept: str = "",
        *,
        method: str = "GET",
        headers: tuple[tuple[str, str], ...] = (),
        known: bool = True,
    ) -> tuple[Ask, Answer]:
        """Ask for a path of the site."""
        given = ((("Accept", accept),) if accept else ()) + headers
        ask = Ask(target, method, given, known=known)
        return ask, self.wire.ask(ask)

    def page(self, name: NormalizedName) -> str:
        """The path of a project's page."""
        return f"{self.plan.mount}{name}/"

    def url(self, target: str) -> str:
        """The URL of a path of the site as clients know it."""
        return self.wire.target.address(target)

    def leads_to(self, target: str, location: str) -> str:
        """Where a Location leads that came for a path; what is no URL leads nowhere."""
        try:
            return urljoin(self.url(target), location)
        except ValueError:
            return ""

    # ------------------------------------------------------------------ what is expected

    def decided(self, target: str, method: str = "GET", accept: str = "") -> Decision:
        """What the model says: with the directories if they are here, else as for names that nobody has."""
        headers = {"accept": accept} if accept else {}
        return decide(self.plan, Request(target, method, headers), self.world or Outside(self.plan))

    def is_ours(self, target: str) -> bool:
        """Tell whether a path is answered by us: in somebody else's host only what begins like one of our own."""
        prefixes = (self.plan.mount, *(route.prefix for route in self.plan.public_files), "/-/")
        return self.whole_host or target.startswith(prefixes)

    @property
    def private_labels(self) -> frozenset[str]:
        """X-Index-Source of what is ours."""
        steps = (step for step in self.plan.page if isinstance(step, OwnedBy | AskPrivately))
        return frozenset(step.source.label for step in steps)

    @property
    def fallbacks(self) -> tuple[Source, ...]:
        """The fallbacks, in order."""
        steps = (getattr(step, "source", None) for step in self.plan.page)
        return tuple(source for source in steps if source and source.role != "private")

    @property
    def reserved(self) -> Reserved:
        """The step of the claims; every plan has one."""
        return next(step for step in self.plan.page if isinstance(step, Reserved))

    def is_owned(self, name: NormalizedName) -> bool:
        """Tell whether a name is private by what is known here."""
        return name in self.names or self.reserved.claims.covers(name)

    def is_relayed(self, name: NormalizedName) -> bool:
        """Tell whether a private index is asked for a name."""
        steps = (step for step in self.plan.page if isinstance(step, AskPrivately))
        return any(step.claims.covers(name) for step in steps)

    def made_up(self) -> Iterator[NormalizedName]:
        """The canary, and names that nobody has, each below a claimed prefix."""
        if self.canary is not None:
            yield self.canary
        for prefix in self.reserved.claims.prefixes:
            yield NormalizedName(f"{prefix}-rg-check-{self.word}")

    @property
    def nobodys(self) -> NormalizedName:
        """A public name that nobody has."""
        return NormalizedName(f"rg-nobody-{self.word}")

    @property
    def control(self) -> NormalizedName:
        """A public name that nobody has, and that is asked for last: no copy of an answer is there."""
        return NormalizedName(f"rg-control-{self.word}")

    @staticmethod
    def hint(answer: Answer) -> str:
        """Return a next step of its own for an answer that does not say who gave it; else none."""
        if answer.source or not answer.status:
            return ""
        return "let the front pass X-Index-Source on, or check behind it: nothing else says who answered"

    def went_out(self, answer: Answer) -> bool:
        """Tell whether an answer shows that a fallback was asked, or is one."""
        if answer.source and answer.source != "none" and answer.source not in self.private_labels:
            return True
        if answer.one("X-Cache") and answer.source not in self.private_labels:
            return True
        return any(words in answer.body for words in _NOBODY)


def block(source: Source | None, word: str = "") -> str:
    """Return what to search for in the generated text: its comments name the YAML key and the source."""
    if source is None:
        return word
    return f"{source.key} {source.name}"


def about(source: Source) -> About:
    """Return what a probe of a source is about."""
    return About(source.label, source.key, block(source))


def spread(names: Sequence[NormalizedName], most: int) -> tuple[NormalizedName, ...]:
    """Return at most so many, evenly spread over the whole, the first and the last among them."""
    if len(names) <= most:
        return tuple(names)
    if most == 1:
        return (names[0],)
    step = (len(names) - 1) / (most - 1)
    return tuple(dict.fromkeys(names[round(number * step)] for number in range(most)))


def stem(name: str) -> str:
    """Return how a file name begins that is of this project."""
    return re.sub("-", "_", name)
