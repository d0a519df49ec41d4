"""Evil answers for private names, and the search for what must never be seen: their bytes, and a private name outside.

The upstreams answer every spelling of every private name with a page and files that hold a canary. No client may get
one, whatever it sends; and nothing of a private name may be in anything that an upstream reads, in any encoding.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes, urlsplit

from packaging.utils import canonicalize_name

from tests.differential.spec import SiteSpec
from tests.support.scenes import wheels
from tests.support.trees import Files
from tests.support.upstream import JSON_TYPE, Index, Recorded, Reply
from tests.support.wire import Answer

__all__ = ["CANARY", "EvilIndex", "Watch", "evil_files"]

#: In the name and in the bytes of every file that an attacker would have published.
CANARY = "canary7f3a91"


def evil_files(name: str) -> Files:
    """A wheel of this name as an attacker would publish it."""
    ((_, files),) = wheels(f"{name}-99.0+{CANARY}").items()
    return {file: content + CANARY.encode() for file, content in files.items()}


class EvilIndex(Index):
    """A public index, open to all: it has a page and files for every spelling of every private name."""

    spec: SiteSpec

    def prepare(self, spec: SiteSpec) -> None:
        """Learn which names are private; both hosts answer evilly to them from now on."""
        self.spec = spec
        self.files.reply = self._reply_of_files  # type: ignore[method-assign]

    def reply(self, request: Recorded) -> Reply:
        """Evil for a page of a private name, or for a file of a claimed one; else what an index says."""
        path = _decoded(request.target.partition("?")[0])
        name = path.rstrip("/").rpartition("/")[2]
        if (document := path.removesuffix("/json").rpartition("/")[2]) and path.endswith("/json"):
            name = document
        beside = self.links == "beside" and "/" in path.removeprefix(self.mount).rstrip("/")
        below = (self.mount, self.documents)
        if self.spec.owns(canonicalize_name(name)) and path.startswith(below) and not beside:
            return _evil_page(name, request)
        return self._evil_file(path) or super().reply(request)

    def _reply_of_files(self, request: Recorded) -> Reply:
        path = _decoded(request.target.partition("?")[0])
        # made here, because FileHost.reply is what this method stands in for
        return self._evil_file(path) or self.files.file_reply(path, request)

    def _evil_file(self, path: str) -> Reply | None:
        parts = [part for part in path.split("/") if part]
        if any(self.spec.owns_file(part) for part in parts):
            return Reply(200, {"Content-Type": "binary/octet-stream"}, CANARY.encode())
        return None


def _evil_page(name: str, request: Recorded) -> Reply:
    if request.headers.get("accept") == "application/json":
        document = f'{{"info":{{"name":"{name}"}},"urls":[],"x":"{CANARY}"}}'
        return Reply(200, {"Content-Type": "application/json"}, document.encode())
    if JSON_TYPE in request.headers.get("accept", ""):
        body = f'{{"meta":{{"api-version":"1.0"}},"name":"{name}","files":[],"x":"{CANARY}"}}'
        return Reply(200, {"Content-Type": JSON_TYPE}, body.encode())
    page = f'<!DOCTYPE html><html><body><a href="x">{CANARY}</a></body></html>'
    return Reply(200, {"Content-Type": "text/html"}, page.encode())


def _decoded(path: str) -> str:
    return unquote_to_bytes(unquote_to_bytes(path.encode("latin-1"))).decode("latin-1")


class Watch:
    """Looks for canaries in answers, and for private names in what upstreams read."""

    def __init__(self, spec: SiteSpec) -> None:
        self._spec = spec
        needles = [token.encode() for token in spec.tokens]
        self._tokens = re.compile(b"|".join(map(re.escape, needles)) or b"(?!)")
        coded = {piece for token in spec.tokens for piece in _base64(token)}
        self._coded = re.compile(b"|".join(map(re.escape, sorted(coded))) or b"(?!)")
        allowed = sorted((n.replace("-", "").encode() for n in spec.public), key=len, reverse=True)
        self._public = re.compile(b"|".join(map(re.escape, allowed)) or b"(?!)")

    def answer(self, answer: Answer) -> Iterator[str]:
        """What is wrong with the bytes of an answer."""
        for where, data in (
            ("answer", answer.raw),
            ("body", answer.body),
            ("text", _plain(answer)),
        ):
            if CANARY.encode() in data:
                yield f"LEAK: the {where} holds a canary: {data[:200]!r}"
                return

    def upstream(
        self, recorded: Recorded, *, private: frozenset[str], expected: bool, page: bool
    ) -> Iterator[str]:
        """What an upstream should not have read.

        :param private: tokens that are this upstream's own (it is a private one).
        :param expected: the target is one that the model forwards: it may be a public name that looks like a private
            one, so it is judged by its parts, as names.
        :param page: the target is that of a page, not of a file.
        """
        raw = recorded.raw
        if expected:
            line, _, raw = raw.partition(b"\r\n")
            if not private:
                yield from self._named(recorded.target, page=page)
            if b"?" in line:
                yield f"LEAK: a query went out: {line!r}"
        found = self._found(raw) - private
        if found:
            yield f"LEAK: {sorted(found)} in what an upstream read: {recorded.raw[:500]!r}"

    def _named(self, target: str, *, page: bool) -> Iterator[str]:
        parts = [part for part in _decoded(urlsplit(target).path).split("/") if part]
        owned = (
            [part for part in parts[-1:] if self._spec.owns(canonicalize_name(part))]
            if page
            else [part for part in parts if self._spec.owns_file(part)]
        )
        if owned:
            yield f"LEAK: the private {owned} went out in {target}"

    def _found(self, raw: bytes) -> set[str]:
        once = unquote_to_bytes(raw)
        found: set[str] = {m.decode() for m in self._coded.findall(raw)}
        for text in {raw, once, unquote_to_bytes(once)}:
            plain = self._public.sub(b"", re.sub(rb"[-_.+\s]", b"", text.lower()))
            found |= {token.decode() for token in self._tokens.findall(plain)}
        return found


def _plain(answer: Answer) -> bytes:
    if answer.status == 206 and answer.one("Content-Encoding"):
        return b""  # a part of compressed bytes is not text
    try:
        return answer.decoded
    except (OSError, EOFError):
        return b""


def _base64(token: str) -> Iterator[bytes]:
    """What of a token is in every base64 text that holds it, for each of the three places where it may begin."""
    for spelled in {token, token.upper(), token.capitalize()}:
        for before in range(3):
            coded = base64.b64encode(b"\0" * before + spelled.encode())
            # a character is that of the token alone where all of its six bits are
            piece = coded[-(-8 * before // 6) : 8 * (before + len(token)) // 6]
            if len(piece) >= 5:
                yield piece
