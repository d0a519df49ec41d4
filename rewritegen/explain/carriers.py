"""Which generated lines carry a rule of the plan: how the comment of its block begins, for each server.

This is the one place that knows the comments of both servers. A test looks for every part of the plans of all examples
in the text of every scope, so that a comment cannot change unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from typing_extensions import assert_never

from rewritegen.decision import Part
from rewritegen.explain.blocks import Block
from rewritegen.servers.nginx.stems import taken
from rewritegen.steps import (
    AskPrivately,
    Available,
    FetchFrom,
    FileRoute,
    NotFound,
    OwnedBy,
    Reserved,
    SendTo,
    Source,
    Step,
    TryMirror,
    TryProxy,
)

__all__ = ["carriers"]


class _Mark(NamedTuple):
    """How to know a block: the beginning of its comment, and what stands in its first line of code."""

    words: str
    code: str = ""


_BESIDE = "a file beside the page: "
_PAGE = "the page of a project: "
_NGINX_PARTS = {
    "methods": ("an upload of a private wheel",),
    "grammar": ("default deny: ", "The raw request line, before nginx"),
    "meta": ("for load balancers", "what configuration runs"),
    "auth": ("auth: all below only",),
    "list": ("the list: private projects only",),
    "spelling": ("another spelling, or the slash is missing",),
    "json": ("the legacy JSON of a project: ",),
    "json spelling": ("another spelling of a name whose legacy JSON is asked for",),
}
_APACHE_PARTS = {
    "methods": ("an upload must not be forwarded",),
    "grammar": ("the grammar, matched against the raw request line",),
    "meta": ("a text without a file: ", "Texts without files."),
    "auth": ("auth: nothing is looked up before", "auth: where the rules send every request"),
    "list": ("{mount}: the private projects, never those of",),
    "spelling": ("spellings: one name has one URL", "The redirect to the canonical URL"),
    "json": ("the legacy JSON of a project: ",),
    "json spelling": ("the same for the legacy JSON", "The redirect to the canonical URL"),
}


def carriers(
    server: str, part: Part, blocks: list[Block], mount: str, *, beside: bool = False
) -> list[Block]:
    """Return the blocks that carry a rule, the one that decides first.

    :param beside: the request was for a file beside a page, for which nginx has rules of its own.
    """
    if isinstance(part, str):
        parts = _NGINX_PARTS if server == "nginx" else _APACHE_PARTS
        marks = [_Mark(words.format(mount=mount)) for words in parts[part]]
    elif server == "nginx":
        blocks = [block for block in blocks if _is_of(block, part, beside)]
        marks = list(_nginx(part, beside))
    else:
        marks = list(_apache(part, beside))
    found = list(_marked(blocks, marks))
    if not found and isinstance(part, NotFound):
        # without fallbacks the rules of a page end in its own location
        found = list(_marked(blocks, [_Mark(_PAGE)]))
    return found


def _marked(blocks: list[Block], marks: list[_Mark]) -> Iterator[Block]:
    for mark in marks:
        for block in blocks:
            if block.words.startswith(mark.words) and mark.code in block.head:
                yield block


def _is_of(block: Block, part: Part, beside: bool) -> bool:
    """Tell whether a block of nginx's is about pages, or about files beside them, whichever was asked for."""
    if isinstance(part, FileRoute):
        return True
    if beside:
        return block.words.startswith(_BESIDE) or block.within(_BESIDE)
    others = (_BESIDE, *_NGINX_PARTS["list"], *_NGINX_PARTS["json"])
    files = any(": files" in parent.words for parent in block.parents)
    return not (files or any(map(block.within, others)))


def _at(source: Source, why: str) -> _Mark:
    return _Mark(f"{source.key} {source.name}: {why}")


def _state_or(source: Source | None, why: str) -> _Mark:
    return _at(source, why) if source else _Mark(f"state: {why}")


def _nginx(part: Step | FileRoute, beside: bool) -> Iterator[_Mark]:
    match part:
        case Available(source=source):
            yield _state_or(source, "not mounted or not readable")
        case OwnedBy(source=source):
            yield _at(source, "has the project")
        case TryProxy() | AskPrivately() if part.upstream.documents:
            source = part.source
            yield _Mark(f"{source.key} {source.name}: ", f"/-/rg_ask-json/{source.name}/")
        case AskPrivately(source=source):
            yield _at(source, "its claims, and its answer is final")
            yield _Mark(f"{source.key} {source.name}: ", f"/-/rg_ask/{source.name}/")
        case Reserved():
            yield _Mark("claims: ours, also when it is not here")
            yield _Mark("state: every name that was ever here is ours")
        case TryMirror(source=source):
            yield _at(source, "has the project" if beside else "has the page")
        case TryProxy(source=source):
            asks = _Mark(f"{source.key} {source.name}: ", f"/-/rg_ask/{source.name}/")
            yield _at(source, "its files lie beside their pages") if beside else asks
        case SendTo(source=source):
            yield _at(source, "the client asks there itself")
        case NotFound():
            yield _Mark(_BESIDE if beside else "no fallback has the project")
        case FileRoute():
            sources = ", then ".join(f"{one.source.key} {one.source.name}" for one in part.attempts)
            yield _Mark(
                f"{sources}: files", f"{part.prefix.replace('.', chr(92) + '.')}(?<rg_path>"
            )
            if part.scanned:
                yield _Mark(f"{sources}: ", f"location = {taken(part)} {{")
        case _:
            assert_never(part)


def _apache(part: Step | FileRoute, beside: bool) -> Iterator[_Mark]:
    match part:
        case Available(source=source):
            yield _state_or(source, "not there means not mounted")
        case OwnedBy(source=source):
            yield _at(source, "owns what it has")
        case TryProxy() | AskPrivately() if part.upstream.documents:
            yield _at(part.source, "asked for the document")
        case AskPrivately(source=source):
            yield _at(source, "asked for what it claims")
        case Reserved():
            yield _Mark("claims: ours, also when no file of it is here")
            yield _Mark("state: names that were here once stay ours")
        case TryMirror(source=source):
            yield _at(source, "serves what it has a page of")
        case TryProxy(source=source):
            yield _at(source, "its files lie beside" if beside else "pages only; ")
        case SendTo(source=source):
            yield _at(source, "the client goes there")
        case NotFound():
            yield _Mark("nobody has it")
        case FileRoute(attempts=(FetchFrom(source=source),), beside=True):
            yield _at(source, "its files lie beside")
        case FileRoute():
            yield _Mark(f"{part.prefix}: ")
        case _:
            assert_never(part)
