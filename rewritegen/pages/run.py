"""One run of ``rewritegen index``: look, read, then write; nothing of a source is changed before it was read whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from time import monotonic

from packaging.utils import NormalizedName

from rewritegen.pages.memory import Memory, load_memory, save_memory
from rewritegen.pages.model import IndexJob, IndexReport, Progress
from rewritegen.pages.owned import record_names
from rewritegen.pages.problems import Problem, problem, shown
from rewritegen.pages.publish import publish_root
from rewritegen.pages.source import Source
from rewritegen.pages.store import State, names_in

__all__ = ["run_index"]


def run_index(
    job: IndexJob, *, jobs: int | None = None, progress: Progress | None = None
) -> IndexReport:
    """Bring the state up to date with the private directories.

    Everything that is wrong with a file or directory is in the report, and the rest is indexed. A second run on the
    same state waits for the first one.

    :param jobs: threads that read files; by default one more than there are processors, as they also wait for disks.
    :param progress: told how many files are read.
    """
    started = monotonic()
    state = State(job.state)
    sources = [Source(state, tree) for tree in job.trees]
    problems: list[Problem] = []
    added: tuple[NormalizedName, ...] = ()
    workers = jobs or (os.cpu_count() or 1) + 1
    try:
        with state.lock(_told(progress)):
            added, lost = _run(state, sources, job, workers, progress)
        problems += _lost_problems(state, lost)
    except OSError as error:
        problems.append(_state_problem(state, error))
    finally:
        if progress is not None:
            progress.finish()
    problems += [trouble for source in sources for trouble in source.problems]
    return IndexReport(
        sources=tuple(source.report() for source in sources),
        problems=tuple(problems),
        names_added=added,
        seconds=monotonic() - started,
    )


def _run(
    state: State, sources: list[Source], job: IndexJob, jobs: int, progress: Progress | None
) -> tuple[tuple[NormalizedName, ...], tuple[NormalizedName, ...]]:
    """Return the names that were written, and those of them that had been lost."""
    names_in(state.sources)  # clears away what a killed run left
    for source in sources:
        source.look()
    for source in sources:
        source.read_files(jobs, progress)
    # Names before pages: a name is ours from the moment that anybody could see a page of it.
    names = {source.tree.source: source.names() for source in sources}
    fresh = {source.tree.source: source.new_names() for source in sources}
    added, lost = record_names(state, names, fresh)
    for source in sources:
        source.write(job.index_url, legacy=job.legacy_json)
    _write_root(state, sources, job.index_url)
    return added, lost


def _write_root(state: State, sources: list[Source], index_url: str) -> None:
    """Write the root list; an unavailable source keeps its projects in it."""
    path = state.sources / ".root.json"
    remembered = load_memory(path).pages.get("")
    private = [source for source in sources if source.tree.private]
    names = {name for source in private for name in source.memory.listed}
    memory = publish_root(state.root_list, names, remembered, index_url)
    save_memory(path, Memory(pages={"": memory}))


def _lost_problems(state: State, lost: tuple[NormalizedName, ...]) -> Iterator[Problem]:
    """Say that the state had forgotten names: the servers cannot see it, and took them for public meanwhile."""
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        yield problem("RG520", f"{shown(lost[0])}{more} had gone from {shown(state.names)}")


def _told(progress: Progress | None) -> Iterator[None]:
    if progress is not None:
        progress.waiting()
    yield


def _state_problem(state: State, error: OSError) -> Problem:
    path = error.filename if error.filename is not None else state.root
    reason = (error.strerror or str(error)).lower()
    return problem("RG518", f"{shown(path)} cannot be written: {reason}")
