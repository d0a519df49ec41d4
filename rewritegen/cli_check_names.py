"""The names that `rewritegen check` is given, judged by what the site does with them: none is left out in silence."""

from __future__ import annotations

from typing import NamedTuple

import click

from rewritegen.check.context import Sample
from rewritegen.check.foreign import Private
from rewritegen.names import InvalidNameError, NormalizedName, parse_name
from rewritegen.plan import Plan
from rewritegen.steps import AskPrivately, OwnedBy, Reserved, SendTo, TryMirror, TryProxy

__all__ = ["NamesOf", "name_of", "private_of"]


def name_of(raw: str) -> NormalizedName:
    """Return the canonical name.

    :raises click.UsageError: when it is none.
    """
    try:
        return parse_name(raw)
    except InvalidNameError as error:
        raise click.UsageError(str(error)) from error


def private_of(text: str) -> Private:
    """Return what NAME[:VERSION,...] says.

    :raises click.UsageError: when the name is none.
    """
    name, _, versions = text.partition(":")
    return Private(name_of(name), tuple(filter(None, versions.split(","))))


class NamesOf(NamedTuple):
    """The names for a site.

    Each method raises :class:`click.UsageError` when no probe would come of a name, or a wrong one.
    """

    plan: Plan

    def private(self, text: str) -> NormalizedName:
        """Return a private project that is there."""
        private = private_of(text)
        if private.versions:
            raise click.UsageError(f"--private {text}: versions are for --any; here pages say them")
        return private.name

    def sample(self, text: str) -> Sample:
        """Return what [SOURCE:]NAME says."""
        source, _, raw = text.rpartition(":")
        name = name_of(raw)
        if source:
            self._must_be_asked(text, source, name)
        elif self._is_claimed(name) and not self._relaying(name):
            raise click.UsageError(f"--sample {text} is private by a claim: --private {name}")
        return Sample(name, source)

    def canary(self, text: str) -> NormalizedName:
        """Return a name that must not leave the site."""
        name = name_of(text)
        if not self._is_claimed(name):
            raise click.UsageError(
                f"--canary {name} is not claimed: it would be sent to the fallbacks"
            )
        if step := self._relaying(name):
            raise click.UsageError(
                f"--canary {name} is asked of {step.source.label}, which has its claim: "
                "take a name below a claim of a directory"
            )
        return name

    def _must_be_asked(self, text: str, source: str, name: NormalizedName) -> None:
        sources = (OwnedBy, AskPrivately, TryMirror, TryProxy, SendTo)
        steps = {step.source.name: step for step in self.plan.page if isinstance(step, sources)}
        step = steps.get(source)
        if step is None:
            words = ", ".join(sorted(steps))
            raise click.UsageError(
                f"--sample {text}: no source is called {source}; there are {words}"
            )
        said = f"--sample {text}: {step.source.label}"
        if isinstance(step, OwnedBy):
            raise click.UsageError(f"{said} is a private directory: --private {name}")
        if isinstance(step, SendTo):
            raise click.UsageError(f"{said} is asked by clients themselves, and not by this site")
        if isinstance(step, AskPrivately) and not step.claims.covers(name):
            raise click.UsageError(f"{said} is asked for {step.claims} only")

    def _is_claimed(self, name: NormalizedName) -> bool:
        steps = (step for step in self.plan.page if isinstance(step, Reserved))
        return any(step.claims.covers(name) for step in steps)

    def _relaying(self, name: NormalizedName) -> AskPrivately | None:
        steps = (step for step in self.plan.page if isinstance(step, AskPrivately))
        return next((step for step in steps if step.claims.covers(name)), None)
