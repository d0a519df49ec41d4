"""Roots that went away. An empty mount point looks like an empty root; the marker tells them apart.

``.rewritegen-root`` is written the first time that a private root is indexed and never again (DESIGN 1.5). "The first
time" means: there is no memory of the source. The memory is therefore written right after the marker, before any name
or page: a run that is killed in between has written nothing that an empty root could take away.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from rewritegen.pages.memory import Memory, save_memory
from rewritegen.pages.model import PrivateTree
from rewritegen.pages.problems import Problem, problem, shown
from rewritegen.pages.store import State

__all__ = ["MARKER", "Root", "UnavailableError", "open_root"]

MARKER = ".rewritegen-root"


class UnavailableError(Exception):
    """The root cannot be used now; carries the problem."""

    def __init__(self, trouble: Problem) -> None:
        super().__init__(trouble.message)
        self.problem = trouble


@dataclass(frozen=True, slots=True)
class Root:
    """A root that was there when the run began."""

    tree: PrivateTree
    device: int
    inode: int

    def check(self) -> None:
        """Make sure that it is still the same, after it was read and before anything is changed.

        :raises UnavailableError: when it has gone in the meantime.
        """
        now = _look(self.tree)
        if (now.device, now.inode) != (self.device, self.inode):
            message = f"{shown(self.tree.path)} was exchanged while it was read"
            raise UnavailableError(problem("RG501", message))
        if self.tree.private and not _has_marker(self.tree.marked):
            raise UnavailableError(_marker_gone(self.tree.marked))


def open_root(state: State, tree: PrivateTree) -> Root:
    """Look for the root and its marker; write both marker and memory for a source that was never seen.

    :raises UnavailableError: when it has gone, or cannot be marked.
    :raises OSError: when the state cannot be written.
    """
    root = _look(tree)
    memory = state.memory(tree.source)
    if tree.private and not _has_marker(tree.marked):
        if memory.exists():
            raise UnavailableError(_marker_gone(tree.marked))
        _write_marker(tree.marked)
    if not memory.exists():
        save_memory(memory, Memory())
    return root


def _look(tree: PrivateTree) -> Root:
    try:
        status = tree.path.stat()
        if not stat.S_ISDIR(status.st_mode):
            raise UnavailableError(problem("RG501", f"{shown(tree.path)} is no directory"))
        with os.scandir(tree.path):
            return Root(tree, status.st_dev, status.st_ino)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"the root {shown(tree.path)} of {shown(tree.source)} cannot be read: {reason}"
        raise UnavailableError(problem("RG501", message)) from error


def _has_marker(path: Path) -> bool:
    try:
        return (path / MARKER).exists()
    except OSError:
        return False


def _marker_gone(path: Path) -> Problem:
    return problem("RG502", f"the marker {shown(path / MARKER)} has gone")


def _write_marker(path: Path) -> None:
    try:
        (path / MARKER).touch(mode=0o644)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"the marker {shown(path / MARKER)} cannot be written: {reason}"
        raise UnavailableError(problem("RG502", message)) from error
