"""Rendered files to where they are wanted: standard output, a directory, or a comparison with what is there."""

from __future__ import annotations

import difflib
from pathlib import Path

from rewritegen.servers.base import Files

__all__ = ["as_text", "changed", "difference"]


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


def _present(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None
