"""Whether an installed text is still what was generated: it carries the hash of itself, so nobody need remember it.

What somebody changed by hand, or wrote, is not overwritten without being asked: it may be the only copy.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from rewritegen.diagnostics import Problem, visible
from rewritegen.servers.base import FINGERPRINT_PLACE, Files

__all__ = ["fingerprint_of", "foreign"]

_FINGERPRINT = re.compile(r"^# Fingerprint: ([0-9a-f]{64})$", re.MULTILINE)

#: A site has three files at most; more orders need not be tried.
_MOST_FILES = 4
_LARGEST = 16 << 20


def fingerprint_of(text: str) -> str:
    """Return the fingerprint that a text says it has; empty when it says none."""
    found = _FINGERPRINT.search(text)
    return found[1] if found else ""


def foreign(files: Files, directory: Path, names: Iterable[str]) -> tuple[Problem, ...]:
    """Return a problem for each of ``names`` in ``directory`` that is not as some rewritegen generated it."""
    problems = []
    for name in names:
        text = _text(directory / name)
        if text is None or files.fingerprint not in dict(files.texts).get(name, files.fingerprint):
            continue  # a new file, or one that carries no fingerprint itself
        if why := _why_foreign(text, name, files, directory):
            help = "keep what is wanted of it, then write over it with --force; or write to another directory"
            message = f"{visible(str(directory / name))} {why}"
            problems.append(Problem("RG811", message, None, help))
    return tuple(problems)


def _why_foreign(text: str, name: str, files: Files, directory: Path) -> str:
    fingerprint = fingerprint_of(text)
    if not fingerprint:
        return "was not written by rewritegen"
    if any(_digest(group) == fingerprint for group in _groups(fingerprint, name, files, directory)):
        return ""
    return "was changed by hand after it was generated"


def _groups(
    fingerprint: str, name: str, files: Files, directory: Path
) -> Iterator[tuple[tuple[str, str], ...]]:
    """Yield what may have been generated together: a fingerprint is that of all files of a site, in their order."""
    here = {path.name for path in directory.glob("*.conf") if path.is_file()}
    here |= {each for each, _ in files.texts if (directory / each).is_file()}
    known = [known for known, _ in files.texts if known in here]
    texts = {each: _text(directory / each) or "" for each in [*known, *sorted(here - {*known})]}
    unmarked = [each for each, new in files.texts if files.fingerprint not in new]
    group = [
        each
        for each, text in texts.items()
        if fingerprint_of(text) == fingerprint or each in unmarked
    ]
    blank = {each: texts[each].replace(fingerprint, FINGERPRINT_PLACE) for each in group}
    yield ((name, blank[name]),)
    if len(group) <= _MOST_FILES:
        for order in itertools.permutations(group):
            yield tuple((each, blank[each]) for each in order)


def _digest(group: Iterable[tuple[str, str]]) -> str:
    digest = hashlib.sha256()
    for name, text in group:
        digest.update(f"{name}\0{text}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _text(path: Path) -> str | None:
    try:
        if path.stat().st_size > _LARGEST:
            return ""
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
