"""Rendered files to where they are wanted: standard output, a directory, or a comparison with what is there."""

from __future__ import annotations

import difflib
from pathlib import Path

from rewritegen.diagnostics import RewritegenError
from rewritegen.placing import put
from rewritegen.provenance import foreign
from rewritegen.servers.base import Files

__all__ = ["as_text", "changed", "difference", "write_changed"]


def as_text(files: Files) -> str:
    """Return one file as it is, several with a comment line above each that names it."""
    if len(files.texts) == 1:
        return files.texts[0][1]
    return "\n".join(f"# ---- file: {name}\n{text}" for name, text in files.texts)


def changed(files: Files, directory: Path) -> tuple[str, ...]:
    """Return the names of the files that are missing in ``directory`` or have other bytes there."""
    return tuple(name for name, text in files.texts if _present(directory / name) != text)


def difference(files: Files, directory: Path) -> str:
    """Return a unified diff from what is in ``directory`` to the rendered files; empty when nothing would change."""
    parts: list[str] = []
    for name, text in files.texts:
        old = _present(directory / name)
        source = name if old is not None else "/dev/null"
        lines = difflib.unified_diff(
            (old or "").splitlines(keepends=True), text.splitlines(keepends=True), source, name
        )
        parts.extend(lines)
    return "".join(parts)


def write_changed(files: Files, directory: Path, *, force: bool) -> dict[str, bool]:
    """Write what changed, each file by one rename; return by name whether it could only be written in place.

    :raises RewritegenError: when a file is there that was not generated as it is, unless ``force``.
    """
    names = changed(files, directory)
    if not force and (problems := foreign(files, directory, names)):
        raise RewritegenError(problems)
    for name in ("", *files.directories):
        (directory / name).mkdir(parents=True, exist_ok=True)
    texts = dict(files.texts)
    return {name: put(directory / name, texts[name].encode()) for name in names}


def _present(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None
