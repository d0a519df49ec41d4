"""Rules that look at where the text of a server comes from: changed by hand, or of another site."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from itertools import permutations

from rewritegen.lint.context import Context, Text
from rewritegen.lint.rule import Found, Rule, rule
from rewritegen.servers import server
from rewritegen.servers.base import FINGERPRINT_PLACE, Scope

__all__ = ["RULES"]

RULES: dict[str, Rule] = {}

_SCOPES: tuple[Scope, ...] = ("vhost", "standalone", "locations")


def fingerprint_in(text: str) -> str | None:
    """Return the fingerprint in the header of a generated text."""
    match = re.search(r"^# Fingerprint: ([0-9a-f]{64})$", text[:8000], re.MULTILINE)
    return match[1] if match else None


@rule(
    RULES,
    "RG060",
    "warning",
    "text",
    reason="a change by hand is lost when the text is written again, and is not tested by anybody",
    fix="change the site file, and write the text again",
)
def changed_by_hand(context: Context) -> Iterator[Found]:
    """A generated text has been changed by hand."""
    sealed: dict[str, list[Text]] = {}
    for text in context.texts:
        said = fingerprint_in(text.text)
        if said is not None:
            sealed.setdefault(said, []).append(text)
    for said, texts in sealed.items():
        # files that were written together have one fingerprint, in the order in which they are written
        if said not in {_digest(order, said) for order in permutations(texts)}:
            names = " and ".join(text.name for text in texts)
            message = (
                f"{names}: not the text that the fingerprint was made of, or not all of its files"
            )
            yield Found(message, "", names)


def _digest(texts: Iterable[Text], said: str) -> str:
    """Return the fingerprint that these texts prove, as :func:`rewritegen.servers.base.seal` makes it."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(f"{text.name}\0{text.text.replace(said, FINGERPRINT_PLACE)}\0".encode())
    return digest.hexdigest()


@rule(
    RULES,
    "RG061",
    "warning",
    "text",
    reason="the server does what this text says, and not what the site file says",
    fix="write it again with `rewritegen generate`, and reload the server",
)
def of_another_site(context: Context) -> Iterator[Found]:
    """An installed text is not what this site file gives."""
    wanted: dict[str, set[str]] = {}
    for text in context.texts:
        said = fingerprint_in(text.text)
        if not text.installed or said is None:
            continue
        if text.server not in wanted:
            program = server(text.server)
            wanted[text.server] = {
                program.render(context.plan, scope, program.baseline).fingerprint
                for scope in _SCOPES
                if not program.refusals(context.plan, scope, program.baseline)
            }
        if said not in wanted[text.server]:
            message = f"{text.name} was made from another site file, version or --binary"
            yield Found(message, "", text.name, said)
