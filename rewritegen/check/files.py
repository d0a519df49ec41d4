"""Files that a page offers: there, whole, the ones that the page says, in parts, and with their metadata."""

from __future__ import annotations

import hashlib
import re

from rewritegen.check.context import Context, stem
from rewritegen.check.documents import Document, Offered
from rewritegen.check.pages import Expected, archives
from rewritegen.check.results import About
from rewritegen.check.wire import Answer
from rewritegen.names import NormalizedName

__all__ = ["look_at_files", "look_for_what_is_missing"]

#: Larger files are not fetched to be hashed: a check is no download of a torch.
_MOST_BYTES = 16 << 20

_OCTETS = ("application/octet-stream", "binary/octet-stream")
_GZIP = (("Accept-Encoding", "gzip"),)


def look_at_files(context: Context, about: About, document: Document, expected: Expected) -> None:
    """Look at the smallest file that has metadata, else the smallest; with ``--all`` at each."""
    start = context.url("")
    offered = [file for file in archives(document.files) if file.url.startswith(start)]
    offered.sort(key=lambda file: (file.metadata is None, file.size or 0, file.filename))
    for file in offered if context.everything else offered[:1]:
        _look(context, about, file, file.url.removeprefix(start), expected)


def _look(context: Context, about: About, file: Offered, path: str, expected: Expected) -> None:
    see = context.results.see
    ask, head = context.get(path, method="HEAD")
    if not see("RG918", head.status == 200, about, ask.line, "200", head.said):
        return
    said = f"X-Index-Source {expected.label}"
    see(expected.other, head.source == expected.label, about, ask.line, said, head.said)
    length = int(head.one("Content-Length")) if head.one("Content-Length").isdigit() else None
    if file.size is not None:
        see(
            "RG922",
            length == file.size,
            about,
            ask.line,
            f"Content-Length: {file.size}",
            f"Content-Length: {length}",
        )
    _part(context, about, path, length)
    if length is not None and length <= _MOST_BYTES:
        _whole(context, about, file, path)
    if file.metadata is not None:
        _metadata(context, about, file, path)


def _part(context: Context, about: About, path: str, length: int | None) -> None:
    ask, answer = context.get(path, headers=(("Range", "bytes=0-0"),))
    wanted = f"bytes 0-0/{length if length is not None else '*'}"
    right = answer.status == 206 and len(answer.body) == 1
    right = right and answer.one("Content-Range") in (wanted, "bytes 0-0/*")
    came = (
        f"{answer.status}, Content-Range: {answer.one('Content-Range')}, {len(answer.body)} bytes"
    )
    context.results.see("RG923", right, about, ask.line, f"206, Content-Range: {wanted}", came)


def _whole(context: Context, about: About, file: Offered, path: str) -> None:
    see = context.results.see
    # asked for as pip does: no compression may come of it
    ask, answer = context.get(path, headers=_GZIP)
    if not see(
        "RG918", answer.status == 200 and answer.whole, about, ask.line, "200, whole", answer.said
    ):
        return
    octets = answer.media_type in _OCTETS and not answer.one("Content-Encoding")
    kind = f"{answer.one('Content-Type')}, Content-Encoding: {answer.one('Content-Encoding') or 'none'}"
    see("RG920", octets, about, ask.line, "application/octet-stream, no Content-Encoding", kind)
    if re.fullmatch("[0-9a-fA-F]{64}", file.sha256):
        digest = hashlib.sha256(answer.body).hexdigest()
        see(
            "RG919",
            digest == file.sha256.lower(),
            about,
            ask.line,
            f"sha256 {file.sha256}",
            f"sha256 {digest}",
        )


def _metadata(context: Context, about: About, file: Offered, path: str) -> None:
    ask, answer = context.get(f"{path}.metadata")
    see = context.results.see
    if not see("RG921", answer.status == 200, about, ask.line, "200", answer.said):
        return
    if re.fullmatch("[0-9a-fA-F]{64}", file.metadata or ""):
        digest = hashlib.sha256(answer.body).hexdigest()
        right = digest == (file.metadata or "").lower()
        see("RG921", right, about, ask.line, f"sha256 {file.metadata}", f"sha256 {digest}")


def look_for_what_is_missing(context: Context, about: About, name: NormalizedName) -> None:
    """Ask for files of a private project that are not there, and for what belongs to them: all of it is ours."""
    file = f"{stem(name)}-0.0.0+rg.check-py3-none-any.whl"
    prefixes = [
        f"{route.prefix}{name}/"
        for route in context.plan.public_files
        if any(attempt.source.label == about.family for attempt in route.attempts)
    ]
    for prefix in (context.page(name), *prefixes):
        for suffix in ("", ".metadata", ".asc", ".sha256", ".provenance"):
            ask, answer = context.get(f"{prefix}{file}{suffix}")
            _seen(context, about, ask.line, answer)


def _seen(context: Context, about: About, line: str, answer: Answer) -> None:
    right = answer.status == 404 and answer.source in ("none", about.family)
    right = right and not context.went_out(answer)
    said = f"404, X-Index-Source none or {about.family}"
    hint = context.hint(answer)
    context.results.see("RG933", right, about, line, said, answer.said, next_step=hint)
