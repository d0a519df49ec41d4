"""Probes of the private steps: what is there, what is claimed and not there, and what a private index answers."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from rewritegen.check.context import Context, about, block, spread, stem
from rewritegen.check.files import look_at_files, look_for_what_is_missing
from rewritegen.check.legacy import look_at_document
from rewritegen.check.pages import Expected, look_at_pages
from rewritegen.check.results import About
from rewritegen.check.shapes import look_at_spellings
from rewritegen.check.tasks import Task
from rewritegen.check.wire import Answer
from rewritegen.names import NormalizedName
from rewritegen.representations import JSON
from rewritegen.steps import (
    AskPrivately,
    Available,
    Listing,
    OwnedBy,
    PageTree,
    Reserved,
    Source,
)

__all__ = ["available", "locate", "owned", "relayed", "reserved", "unlisted"]

#: Projects of a source that are looked at in full, and names of which only the owner is asked; more with ``--all``.
_PROJECTS, _LOCATED, _CLAIMS = 6, 200, 12

#: Claims that are asked for once each, besides those that are asked for in every way; more with ``--all``.
_ONCE = 500

_LIST = About("private projects", "private")


def locate(context: Context) -> Iterator[Task]:
    """Yield tasks that find out which source answers for each private project."""
    names = context.names if context.everything else spread(context.names, _LOCATED)
    for name in names:
        yield lambda name=name: _locate(context, name)  # type: ignore[misc]


def _locate(context: Context, name: NormalizedName) -> None:
    context.asked.add(name)
    # httpd writes no listing for HEAD, and so cannot see that a directory has no file
    listed = any(isinstance(s, OwnedBy) and isinstance(s.pages, Listing) for s in context.plan.page)
    method = "GET" if listed else "HEAD"
    ask, answer = context.get(context.page(name), JSON.content_type, method=method)
    see = context.results.see
    said = "200 from a private source"
    if answer.status != 200 and not listed:
        head, (ask, answer) = answer, context.get(context.page(name), JSON.content_type)
        see("RG922", answer.status != 200, _LIST, ask.line, answer.said, f"HEAD: {head.said}")
    if answer.status == 200:
        right = answer.source in context.private_labels
        hint = context.hint(answer)
        if see("RG911", right, _LIST, ask.line, said, answer.said, next_step=hint):
            context.owners[name] = answer.source
    else:
        code = "RG911" if context.went_out(answer) else "RG910"
        see(code, False, _LIST, ask.line, said, answer.said)
    if context.world is not None:
        decided = context.decided(ask.target, ask.method, JSON.content_type)
        same = (answer.status, answer.source) == (decided.status, decided.source)
        wanted = f"{decided.status}, X-Index-Source {decided.source}"
        see("RG983", same, _LIST, ask.line, wanted, answer.said)


def available(context: Context, step: Available) -> Iterator[Task]:
    """Yield the probe of a root or of the state: on the server its marker, from outside that nothing says 503."""
    yield lambda: _available(context, step)


def _available(context: Context, step: Available) -> None:
    seen = about(step.source) if step.source else About("state", "state", "state")
    if context.world is not None:
        there = context.world.is_file(step.marker)
        context.results.see("RG982", there, seen, step.marker, "a readable file", "none")
        return
    # a name that nobody has goes through all of the roots
    name = next(context.made_up(), context.nobodys)
    ask, answer = context.get(context.page(name))
    right = answer.status not in (0, 503)
    context.results.see("RG982", right, seen, ask.line, "no 503", answer.said)


def owned(context: Context, step: OwnedBy) -> Iterator[Task]:
    """Yield the probes of a private directory: some of its projects, in full."""
    names = [name for name, label in sorted(context.owners.items()) if label == step.source.label]
    if not names:
        words = "no project of it is in the list, or it was not asked for"
        context.results.note("RG910", about(step.source), words, "name one: --private NAME")
    for name in names if context.everything else spread(names, _PROJECTS):
        yield lambda name=name: _project(context, step, name)  # type: ignore[misc]


def _project(context: Context, step: OwnedBy, name: NormalizedName) -> None:
    seen = about(step.source)
    tree = step.pages
    written = isinstance(tree, PageTree) and tree.complete
    expected = Expected(step.source.label, written, True, "RG910", "RG911")
    document = look_at_pages(context, seen, name, expected)
    if document is not None:
        look_at_files(context, seen, document, expected)
    if written and context.world is not None:
        _as_written(context, seen, name)
    look_for_what_is_missing(context, seen, name)
    look_at_document(context, seen, step.source, name)
    look_at_spellings(context, seen, name)


def _as_written(context: Context, seen: About, name: NormalizedName) -> None:
    """Compare a page with the file that the model takes it from: a cache in front may keep an older one."""
    page = context.page(name)
    path = context.decided(page, "GET", JSON.content_type).path
    if path is None:
        return
    ask, answer = context.get(page, JSON.content_type)
    try:
        same = Path(path).read_bytes() == answer.body
        if not same:  # `rewritegen index` may have written it just now
            ask, answer = context.get(page, JSON.content_type)
            same = Path(path).read_bytes() == answer.body
    except OSError:
        return  # this user may not read it, or it has gone
    if answer.status == 200:
        context.results.see("RG983", same, seen, ask.line, f"the bytes of {path}", "others")


def relayed(context: Context, step: AskPrivately) -> Iterator[Task]:
    """Yield the probes of a private index: what is there of its claims, and a name that it does not have."""
    for sample in context.samples:
        if step.claims.covers(sample.name):
            yield lambda name=sample.name: _relayed_project(context, step, name)  # type: ignore[misc]
    for prefix in step.claims.prefixes:
        name = NormalizedName(f"{prefix}-rg-check-{context.word}")
        yield lambda name=name: _not_relayed(context, step, name)  # type: ignore[misc]
    for name in step.claims.names if context.everything else spread(step.claims.names, _ONCE):
        yield lambda name=name: _not_relayed(context, step, name)  # type: ignore[misc]


def _relayed_project(context: Context, step: AskPrivately, name: NormalizedName) -> None:
    seen = about(step.source)
    expected = Expected(step.source.label, False, True, "RG910", "RG911")
    document = look_at_pages(context, seen, name, expected)
    if document is not None:
        look_at_files(context, seen, document, expected)


def _not_relayed(context: Context, step: AskPrivately, name: NormalizedName) -> None:
    ask, answer = context.get(context.page(name), JSON.content_type)
    seen = about(step.source)
    if answer.status in (502, 503, 504):
        context.results.see("RG963", False, seen, ask.line, "200 or 404", answer.said)
        return
    right = answer.status in (200, 404) and answer.source == step.source.label
    said = f"X-Index-Source {step.source.label}: its answer is final"
    context.results.see("RG931", right, seen, ask.line, said, answer.said)


def reserved(context: Context, step: Reserved) -> Iterator[Task]:
    """Yield the probes of the claims, and of names that were here once: 404 here, by every way."""
    claims = step.claims
    names = [*context.made_up(), *claims.prefixes, *claims.names]
    absent = [name for name in dict.fromkeys(names) if _is_absent(context, name)]
    chosen = absent if context.everything else spread(absent, _CLAIMS)
    if not chosen:
        context.results.note(
            "RG930", _claims(context), "nothing is claimed", "claim a prefix: `claims: [acme-*]`"
        )
    for name in (*chosen, *_gone(context, step)):
        yield lambda name=name: _absent(context, name)  # type: ignore[misc]
    # one of them may be missing in the running text
    others = [name for name in absent if name not in chosen]
    for name in spread(others, _ONCE):
        yield lambda name=name: _absent_page(context, name)  # type: ignore[misc]
    if len(others) > _ONCE:
        words = f"{len(others) - _ONCE} claims were not asked for"
        context.results.note("RG930", _claims(context), words, "ask for all of them: --all")
    for name in claims.public:
        yield lambda name=name: _public_exception(context, name)  # type: ignore[misc]


def _gone(context: Context, step: Reserved) -> tuple[NormalizedName, ...]:
    """Return names that were scanned once and of which nothing is there now; only the server has them."""
    if step.scanned is None:
        return ()
    absent = [name for name, status in _scanned(context, context.names) if status == 404]
    return tuple(absent) if context.everything else spread(absent, _CLAIMS)


def unlisted(context: Context, listed: Collection[NormalizedName]) -> tuple[NormalizedName, ...]:
    """Return names that are here and not in the list that came: what serves it may have an older state."""
    return tuple(name for name, status in _scanned(context, listed) if status == 200)


def _scanned(
    context: Context, but: Collection[NormalizedName]
) -> Iterator[tuple[NormalizedName, int]]:
    """Yield scanned names with the status of their page by the directories of the server; nothing from outside."""
    directory = context.reserved.scanned
    if context.world is None or directory is None:
        return
    try:
        scanned = [NormalizedName(entry.name) for entry in os.scandir(directory)]
    except OSError:
        return  # what is wrong with the state is another probe's
    known = set(but)
    for name in sorted(scanned):
        if name in known or not name[0].isalnum():
            continue
        try:
            yield name, context.decided(context.page(name)).status
        except PermissionError:
            return  # a root that this user may not look into


def _claims(context: Context, name: NormalizedName | None = None) -> About:
    """Return what a probe of a claim is about: the entry that covers the name, else the first list of them."""
    sources = context.site.indexes[0].private
    for source in sources:
        for number, claim in enumerate(source.claims):
            if name is None or claim.covers(name):
                return About("claims", f"{source.key}.claims[{number}]", "claims")
    # scanned once, or nothing is claimed
    return About("claims", "state" if name else sources[0].key, "state" if name else "claims")


def _is_absent(context: Context, name: NormalizedName) -> bool:
    """Tell whether a claimed name is private and nothing of it is there, as far as is known here."""
    if (
        name in context.names
        or context.is_relayed(name)
        or not context.reserved.claims.covers(name)
    ):
        return False
    return context.world is None or context.decided(context.page(name)).status == 404


def _absent(context: Context, name: NormalizedName) -> None:
    context.asked.add(name)
    seen = _claims(context, name)
    for accept, method in (("", "GET"), (JSON.content_type, "GET"), (JSON.content_type, "HEAD")):
        ask, answer = context.get(context.page(name), accept, method=method)
        _judge_absent(context, seen, ask.line, answer)
    for route in context.plan.public_files:
        # a name that was scanned and is not claimed is kept back as a page only
        if route.private or not route.refused.covers(name):
            continue
        for suffix in ("", ".metadata"):
            file = f"{route.prefix}aa/bb/cc/{stem(name)}-1.0-py3-none-any.whl{suffix}"
            ask, answer = context.get(file)
            right = answer.status == 404 and answer.source == "none"
            right = right and not context.went_out(answer)
            context.results.see(
                "RG932",
                right,
                _source_of(route.attempts[0].source),
                ask.line,
                "404, X-Index-Source none",
                answer.said,
                next_step=context.hint(answer),
            )


def _absent_page(context: Context, name: NormalizedName) -> None:
    context.asked.add(name)
    ask, answer = context.get(context.page(name), JSON.content_type)
    _judge_absent(context, _claims(context, name), ask.line, answer)


def _source_of(source: Source) -> About:
    return About(source.label, source.key, block(source))


def _judge_absent(context: Context, seen: About, line: str, answer: Answer) -> None:
    see = context.results.see
    said = "404, X-Index-Source none"
    # what does not say who answered may be anybody's
    unsigned = answer.status != 0 and not answer.source
    out = context.went_out(answer) or answer.status in (301, 302, 502, 504) or unsigned
    if not see("RG931", not out, seen, line, said, answer.said, next_step=context.hint(answer)):
        return
    # a directory that appeared after the list was read answers for itself
    fine = answer.status == 404 or (
        answer.status == 200 and answer.source in context.private_labels
    )
    see("RG930", fine, seen, line, said, answer.said)


def _public_exception(context: Context, name: NormalizedName) -> None:
    ask, answer = context.get(context.page(name), JSON.content_type)
    decided = context.decided(ask.target)
    refused = answer.status == 404 and b"this name is private" in answer.body
    private = answer.source in context.private_labels and decided.source == "none"
    seen = About("public", "public", "claims")
    asked = answer.status and not refused and not private
    context.results.see("RG966", asked, seen, ask.line, "asked of the fallbacks", answer.said)
