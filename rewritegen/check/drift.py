"""On the server: whether pages, metadata and scanned names are those of the directories as they are now.

Nothing is written. What `rewritegen index` would read again is told by the same comparison that it makes itself: size,
time and inode of every file against what it remembers.
"""

from __future__ import annotations

from collections.abc import Iterator

from rewritegen.check.results import About, Results
from rewritegen.diagnostics import RewritegenError, visible
from rewritegen.indexing import index_job
from rewritegen.pages import PrivateTree
from rewritegen.pages.memory import Memory, load_memory
from rewritegen.pages.moving import pages_to_move
from rewritegen.pages.scan import Scan, scan
from rewritegen.pages.store import State
from rewritegen.site import Site

__all__ = ["look_for_drift"]

_SHOWN = 3


def look_for_drift(site: Site, results: Results) -> None:
    """Compare the private directories with the state."""
    try:
        job = index_job(site)
    except RewritegenError:
        return  # without state the server looks into the directories itself
    state = State(job.state)
    for tree in job.trees:
        if not tree.private:
            continue
        key = next(one.key for one in site.indexes[0].private if one.name == tree.source)
        seen = About(f"private/{tree.source}", key, f"{key} {tree.source}")
        try:
            _tree(results, seen, state, tree)
        except PermissionError as error:
            words = f"this user may not read {visible(str(error.filename))}"
            results.note("RG980", seen, words, "run it as one who may, or with --remote")


def _tree(results: Results, seen: About, state: State, tree: PrivateTree) -> None:
    asked = visible(str(tree.path))
    try:
        found = scan(tree)
    except PermissionError:
        raise
    except OSError as error:
        results.see("RG982", False, seen, asked, "a readable directory", str(error))
        return
    memory = load_memory(state.memory(tree.source))
    _names(results, seen, state, found, memory, asked)
    if tree.written:
        changes = list(_changes(found, memory) if tree.pages else _pages(tree, found, memory))
        came = f"{len(changes)} changed: {', '.join(changes[:_SHOWN])}"
        results.see(
            "RG980", not changes, seen, asked, "nothing that is newer", came, severity="warning"
        )
    missing = [
        name
        for name, page in sorted(memory.pages.items())
        if not all((state.pages(tree.source) / name / file).is_file() for file in page.written)
    ]
    results.see(
        "RG980",
        not missing,
        seen,
        asked,
        "every page that was written",
        f"none of {', '.join(missing[:_SHOWN])}",
    )


def _names(
    results: Results, seen: About, state: State, found: Scan, memory: Memory, asked: str
) -> None:
    wanted = {*found.names, *memory.names}
    lost = sorted(name for name in wanted if not (state.names / name).is_file())
    came = f"{len(lost)} are not: {', '.join(lost[:_SHOWN])}"
    results.see("RG981", not lost, seen, asked, "each in state/names", came)


def _changes(found: Scan, memory: Memory) -> Iterator[str]:
    present = {file.path: file.stamp for project in found.projects for file in project.files}
    for path, stamp in sorted(present.items()):
        known = memory.files.get(path)
        if known is None:
            yield f"{visible(path)} is new"
        elif known.stamp != stamp:
            yield f"{visible(path)} is another"
    for path in sorted(set(memory.files) - set(present)):
        yield f"{visible(path)} has gone"


def _pages(tree: PrivateTree, found: Scan, memory: Memory) -> Iterator[str]:
    """Yield the ready pages that are not the ones that were written again."""
    present = {project.name: project for project in found.projects if project.name}
    for name, project in sorted(present.items()):
        known = memory.pages.get(name)
        if known is None or known.inputs != pages_to_move(tree, project, []).inputs:
            yield f"the page of {visible(project.directory)} is {'another' if known else 'new'}"
    for gone in sorted(memory.pages.keys() - present.keys()):
        yield f"the page of {gone} has gone"
