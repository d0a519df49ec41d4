"""What a YAML file gives: the texts for either server, each scope, and what is installed here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, get_args

from rewritegen.check.results import About, Results
from rewritegen.diagnostics import RewritegenError, visible
from rewritegen.plan import compile_plan
from rewritegen.servers import SERVER_NAMES, server
from rewritegen.servers.base import FINGERPRINT_PLACE, Capabilities, Files, Scope, Server
from rewritegen.site import Site

__all__ = ["Generated", "generated", "look_at_config"]


class Generated(NamedTuple):
    """One text that `generate` would write."""

    what: str
    """Such as ``nginx, vhost``."""
    files: Files


def generated(site: Site, binaries: Sequence[str]) -> tuple[Generated, ...]:
    """Return every text that this YAML gives: without --binary, for the installed servers, for ``binaries``.

    :raises RewritegenError: when one of ``binaries`` is none of our servers.
    """
    return tuple(_all(site, binaries))


def _all(site: Site, binaries: Sequence[str]) -> Iterator[Generated]:
    for name in SERVER_NAMES:
        program = server(name)
        for about, can in _capabilities(program, binaries):
            for scope in get_args(Scope):
                for offline in {site.offline, True}:
                    words = f"{name}, {scope}{about}"
                    if offline and not site.offline:
                        words += ", --offline"
                    if files := _rendered(replace(site, offline=offline), program, scope, can):
                        yield Generated(words, files)


def _rendered(site: Site, program: Server, scope: Scope, can: Capabilities) -> Files | None:
    plan = compile_plan(site)
    if program.refusals(plan, scope, can):
        return None
    try:
        return program.render(plan, scope, can)
    except RewritegenError:
        return None  # a value that this server cannot have: it is not what runs


def _capabilities(program: Server, binaries: Sequence[str]) -> Iterator[tuple[str, Capabilities]]:
    yield "", program.baseline
    installed = program.find()
    for binary in dict.fromkeys([*([installed] if installed else []), *binaries]):
        try:
            yield f", --binary {binary}", program.capabilities(binary)
        except RewritegenError:
            continue  # the binary of another server


def look_at_config(results: Results, texts: Sequence[Generated], path: Path) -> None:
    """Compare an installed file with the texts, byte for byte.

    :raises OSError: when it cannot be read.
    """
    seen = About("installed text", "", "Fingerprint")
    text = path.read_text(encoding="utf-8", errors="replace")
    known = any(text == one for each in texts for _, one in each.files.texts)
    results.see(
        "RG909",
        known,
        seen,
        visible(str(path)),
        "what `generate` writes",
        _what_is(path.name, text),
    )


def _what_is(name: str, text: str) -> str:
    """Tell whether a text of one file is as it was generated: its fingerprint is its own hash."""
    marker = "Fingerprint: "
    start = text.find(marker) + len(marker)
    fingerprint = text[start : start + 64]
    if marker not in text or len(fingerprint) < 64:
        return "a text without a fingerprint: it was not generated, or its header was taken away"
    blank = text.replace(fingerprint, FINGERPRINT_PLACE)
    digest = hashlib.sha256(f"{name}\0{blank}\0".encode()).hexdigest()
    if digest == fingerprint:
        return "generated as it is, from another YAML or by another version"
    return "edited after it was generated, or one file of several"
