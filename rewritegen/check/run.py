"""One check from beginning to end: what is asked first decides what can be asked at all."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewritegen.check.context import Context, Sample
from rewritegen.check.disclosure import Record, look_at_record
from rewritegen.check.drift import look_for_drift
from rewritegen.check.fingerprints import generated, look_at_config
from rewritegen.check.itself import SERVER, itself, look_at_certificate, look_at_list, root_list
from rewritegen.check.private import available, locate, owned, relayed, reserved, unlisted
from rewritegen.check.public import mirrored, nobody, proxied, sent_away
from rewritegen.check.results import Results
from rewritegen.check.rules import RULES
from rewritegen.check.shapes import shapes
from rewritegen.check.strangers import is_admitted, strangers
from rewritegen.check.tasks import Task, run_tasks
from rewritegen.check.wire import OutOfTimeError, Wire
from rewritegen.names import NormalizedName
from rewritegen.plan import Plan, compile_plan
from rewritegen.reports import Report
from rewritegen.site import Site
from rewritegen.steps import (
    AskPrivately,
    Available,
    NotFound,
    OwnedBy,
    Reserved,
    SendTo,
    TryMirror,
    TryProxy,
)
from rewritegen.world import FileSystem

__all__ = ["FAMILIES", "Options", "is_here", "run_check"]

#: A family of probes for each step of a plan; a test fails when a step has none.
FAMILIES: Mapping[type, Callable[[Context, Any], Iterator[Task]]] = {
    Available: available,
    OwnedBy: owned,
    AskPrivately: relayed,
    Reserved: reserved,
    TryMirror: mirrored,
    TryProxy: proxied,
    SendTo: sent_away,
    NotFound: nobody,
}

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    private: tuple[NormalizedName, ...] = ()
    """Private projects that are there, besides those of the list."""
    samples: tuple[Sample, ...] = ()
    everything: bool = False
    here: bool = False
    """This is the server: its directories are looked at, too."""
    binaries: tuple[str, ...] = ()
    config: Path | None = None
    canary: NormalizedName | None = None
    record: Record | None = None


def is_here(plan: Plan) -> bool:
    """Tell whether directories of the site are on this machine; those that are not have gone."""
    world = FileSystem()
    try:
        return any(world.is_file(step.marker) for step in plan.page if isinstance(step, Available))
    except PermissionError:
        return False  # this user sees as little as somebody elsewhere


def run_check(
    site: Site, wire: Wire, options: Options, progress: Progress = lambda _what, _done, _all: None
) -> Report:
    """Look at everything, and return what was seen.

    :raises RewritegenError: when a ``--binary`` is no server.
    :raises OSError: when the file of ``--config`` cannot be read.
    """
    began = time.monotonic()
    plan = compile_plan(site)
    results = Results(site)
    context = Context(
        site=site,
        plan=plan,
        wire=wire,
        results=results,
        word=secrets.token_hex(4),
        world=FileSystem(404) if options.here else None,
        samples=options.samples,
        everything=options.everything,
        canary=options.canary,
    )
    wire.begin()
    try:
        if look_at_certificate(context):
            _Run(context, options, progress).all()
    except OutOfTimeError:
        _late(results, wire, 1)
    finally:
        wire.close()
    facts = (("requests", str(wire.asked)), ("private projects", str(len(context.names))))
    rules = {code: rule.why for code, rule in RULES.items()}
    seconds = time.monotonic() - began
    return Report("check", wire.target.url, results.findings(), rules, facts, seconds)


def _late(results: Results, wire: Wire, number: int) -> None:
    came = f"{number} groups of probes were not finished"
    said = f"all of them within {wire.limits.total:g} s"
    results.see("RG907", not number, SERVER, "", said, came, severity="warning")


@dataclass(slots=True)
class _Run:
    context: Context
    options: Options
    progress: Progress

    def all(self) -> None:
        context, options = self.context, self.options
        texts = generated(context.site, options.binaries)
        if options.config is not None:
            look_at_config(context.results, texts, options.config)
        fingerprints = {text.files.fingerprint: text.what for text in reversed(texts)}
        self._run("the server", itself(context, fingerprints))
        context.admitted = is_admitted(context)
        if context.admitted:
            self._inside()
        if context.plan.auth is not None:
            self._run("strangers", strangers(context, context.plan.auth))
        if options.here:
            look_for_drift(context.site, context.results)
        if options.record is not None:
            self._proof(options.record)

    def _inside(self) -> None:
        context = self.context
        found = (*look_at_list(context), *self.options.private)
        context.names = tuple(sorted({*found, *unlisted(context, found)}))
        self._run("owners", [*root_list(context), *locate(context)])
        tasks = [*shapes(context)]
        for step in context.plan.page:
            tasks += FAMILIES[type(step)](context, step)
        self._run("probes", tasks)

    def _run(self, what: str, tasks: Iterable[Task]) -> None:
        todo = list(tasks)
        late = run_tasks(
            todo,
            self.context.wire.limits.connections,
            lambda done: self.progress(what, done, len(todo)),
        )
        if late:
            _late(self.context.results, self.context.wire, late)

    def _proof(self, record: Record) -> None:
        context = self.context
        # asked for last: what else went out did so before it
        context.get(context.page(context.control))
        # what a private index of ours is asked for went out rightly
        private = sorted(name for name in context.asked if not context.is_relayed(name))
        samples = (sample.name for sample in context.samples)
        public = [context.nobodys, *samples, *context.reserved.claims.public]
        look_at_record(context.results, record, private, public, context.control)
