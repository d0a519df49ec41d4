"""Links from canonical names to directories of another spelling, for pages that the server lists or a tree brings."""

from __future__ import annotations

import os
from pathlib import Path

from rewritegen.pages.model import PrivateTree
from rewritegen.pages.scan import Scan
from rewritegen.pages.store import State, names_in, remove_file, replace_link

__all__ = ["write_aliases"]


def write_aliases(state: State, tree: PrivateTree, scan: Scan) -> int:
    """Make the links of a source what the scan says; return how many were made, changed or removed.

    None are needed where pages are generated. A link of a project that could not be looked into stays as it is.
    """
    directory = state.aliases(tree.source)
    root = tree.path.absolute()
    wanted = {
        project.name: root / project.directory
        for project in scan.projects
        if not tree.written and project.name is not None and project.directory != project.name
    }
    changed = 0
    present = _links(directory)
    for name in sorted(set(present) - set(wanted) - scan.unknown):
        remove_file(directory / name)
        changed += 1
    for name, target in wanted.items():
        if present.get(name) != str(target):
            replace_link(directory / name, target)
            changed += 1
    return changed


def _links(directory: Path) -> dict[str, str]:
    """Return the links that are there, with their targets."""
    links: dict[str, str] = {}
    for name in names_in(directory):
        path = directory / name
        links[name] = os.readlink(path) if path.is_symlink() else ""  # noqa: PTH115
    return links
