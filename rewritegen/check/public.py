"""Probes of the fallbacks: in order, each answers what it has; what nobody has is 404."""

from __future__ import annotations

import os
from collections.abc import Iterator

from rewritegen.check.context import Context, Sample, about
from rewritegen.check.files import look_at_files
from rewritegen.check.legacy import look_at_public_document
from rewritegen.check.pages import Expected, look_at_pages
from rewritegen.check.results import About
from rewritegen.check.tasks import Task
from rewritegen.check.wire import Answer
from rewritegen.names import InvalidNameError, NormalizedName, parse_name
from rewritegen.representations import JSON
from rewritegen.steps import NotFound, ProjectDirectories, SendTo, Source, TryMirror, TryProxy

__all__ = ["mirrored", "nobody", "proxied", "sent_away"]

_NOBODY = About("not found", "fallbacks", "no fallback has the project")
_SAMPLES = 3

#: X-Cache of an answer that was not asked of the upstream while the client waited.
_COPIES = ("HIT", "STALE", "UPDATING", "REVALIDATED")
_TRIES = 3


def mirrored(context: Context, step: TryMirror) -> Iterator[Task]:
    """Yield the probes of a mirror: samples that were named, and on the server some that lie there."""
    names = [sample.name for sample in context.samples if sample.source == step.source.name]
    if context.world is not None and not names:
        names = list(_lying_there(context, step))
    if not names:
        hint = f"name a project that it has: --sample {step.source.name}:NAME"
        context.results.note("RG960", about(step.source), "no project of it is known here", hint)
    for name in names:
        yield lambda name=name: _page(context, step.source, name)  # type: ignore[misc]


def proxied(context: Context, step: TryProxy) -> Iterator[Task]:
    """Yield the probes of a proxy: samples that were named."""
    if context.plan.offline:
        context.results.note("RG960", about(step.source), "the site is offline")
        return
    names = [sample.name for sample in context.samples if sample.source == step.source.name]
    if not names:
        hint = f"name a project that it has: --sample {step.source.name}:NAME"
        context.results.note("RG960", about(step.source), "no project of it is known here", hint)
    for name in names:
        yield lambda name=name: _page(
            context, step.source, name, kept=context.plan.copies is not None
        )  # type: ignore[misc]


def sent_away(context: Context, step: SendTo) -> Iterator[Task]:
    """Yield the probe of a redirect: a name that nobody has here goes there, by its canonical URL."""
    yield lambda: _sent_away(context, step)


def _sent_away(context: Context, step: SendTo) -> None:
    name = context.nobodys
    ask, answer = context.get(context.page(name))
    seen = about(step.source)
    if _is_unavailable(answer):
        context.results.see("RG963", False, seen, ask.line, "302", answer.said, severity="warning")
        return
    wanted = f"{step.url}{name}/"
    right = answer.status == 302 and answer.one("Location") == wanted
    right = right and answer.source == step.source.label
    said = f"302, X-Index-Source {step.source.label}, Location {wanted}"
    context.results.see("RG961", right, seen, ask.line, said, answer.said)


def nobody(context: Context, _: NotFound) -> Iterator[Task]:
    """Yield the probes of what nobody has, and of samples without a source."""
    for sample in context.samples:
        if not sample.source and not context.is_owned(sample.name):
            yield lambda sample=sample: _anywhere(context, sample)  # type: ignore[misc]
    if not any(source.role == "redirect" for source in context.fallbacks):
        yield lambda: _nobodys(context)


def _nobodys(context: Context) -> None:
    see = context.results.see
    for accept in ("", JSON.content_type):
        ask, answer = context.get(context.page(context.nobodys), accept)
        if _is_unavailable(answer):
            away = context.plan.offline and any(s.role == "proxy" for s in context.fallbacks)
            see("RG963", away, _NOBODY, ask.line, "404", answer.said, severity="warning")
            continue
        right = answer.status == 404 and answer.source == "none"
        hint = context.hint(answer)
        said = "404, X-Index-Source none"
        see("RG965", right, _NOBODY, ask.line, said, answer.said, next_step=hint)


def _anywhere(context: Context, sample: Sample) -> None:
    """A sample whose source was not named: the first that answers is looked at."""
    ask, answer = context.get(context.page(sample.name), JSON.content_type)
    by_label = {source.label: source for source in context.fallbacks}
    source = by_label.get(answer.source)
    if source is None or answer.status not in (200, 302):
        code = "RG963" if _is_unavailable(answer) else "RG960"
        said = f"an answer of {', '.join(by_label) or 'a fallback'}"
        context.results.see(code, False, _NOBODY, ask.line, said, answer.said)
        return
    if answer.status == 200:
        kept = context.plan.copies is not None and source.role == "proxy"
        _page(context, source, sample.name, kept=kept)


def _page(context: Context, source: Source, name: NormalizedName, *, kept: bool = False) -> None:
    seen = about(source)
    ask, answer = context.get(context.page(name), JSON.content_type)
    if _is_unavailable(answer):
        said = f"200, X-Index-Source {source.label}"
        context.results.see("RG963", False, seen, ask.line, said, answer.said)
        return
    expected = Expected(source.label, False, False, "RG960", "RG961")
    document = look_at_pages(context, seen, name, expected)
    if document is None:
        return
    look_at_files(context, seen, document, expected)
    look_at_public_document(context, seen, source, name)
    if kept:
        _kept(context, seen, name)


def _kept(context: Context, seen: About, name: NormalizedName) -> None:
    """Ask again: a copy that is being written answers the next one."""
    for _ in range(_TRIES - 1):
        _, answer = context.get(context.page(name), JSON.content_type)
        if _is_copy(answer):
            break
    ask, answer = context.get(context.page(name), JSON.content_type)
    context.results.see("RG962", _is_copy(answer), seen, ask.line, "X-Cache: HIT", answer.said)


def _is_copy(answer: Answer) -> bool:
    """Tell by the first word: httpd says `HIT from SERVER_NAME`."""
    return answer.one("X-Cache").partition(" ")[0] in _COPIES


def _is_unavailable(answer: Answer) -> bool:
    return answer.status in (502, 503, 504)


def _lying_there(context: Context, step: TryMirror) -> Iterator[NormalizedName]:
    """Yield some projects of a mirror on this machine which it answers for: nothing before it has them."""
    number = 0
    for tree in step.pages.directories:
        for name in _names(tree):
            decided = context.decided(context.page(name))
            if (decided.status, decided.source) == (200, step.source.label):
                yield name
                number += 1
                if number == _SAMPLES:
                    return


def _names(tree: ProjectDirectories) -> Iterator[NormalizedName]:
    """Yield canonical names of project directories, without reading all of a large tree first."""
    try:
        with os.scandir(tree.root) as entries:
            for entry in entries:
                if tree.hashed and len(entry.name) == 1 and entry.is_dir():
                    for below in os.scandir(entry.path):
                        yield from _canonical(below.name)
                else:
                    yield from _canonical(entry.name)
    except OSError:
        return


def _canonical(raw: str) -> Iterator[NormalizedName]:
    try:
        name = parse_name(raw)
    except InvalidNameError:
        return
    if name == raw:
        yield name
