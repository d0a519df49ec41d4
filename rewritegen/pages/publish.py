"""Pages and metadata of one source in the state, made what they should be: written, kept or removed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from packaging.utils import NormalizedName

from rewritegen.layouts import LEGACY_WRITTEN
from rewritegen.names import InvalidNameError, parse_name
from rewritegen.pages.legacy import Metadata, render_legacy
from rewritegen.pages.listing import ProjectPage
from rewritegen.pages.memory import PageMemory
from rewritegen.pages.render import latest, render_project, render_root, renderer_identity
from rewritegen.pages.store import (
    is_leftover,
    names_in,
    remove_directory,
    remove_file,
    write_pages,
)

__all__ = [
    "METADATA_SUFFIX",
    "Work",
    "digest",
    "page_work",
    "publish_pages",
    "publish_root",
    "remove_metadata",
]

METADATA_SUFFIX = ".metadata"


class Work(NamedTuple):
    """The pages of one project, to be made."""

    inputs: str
    """What they are made from: while it stays the same, so do they."""
    render: Callable[[], dict[str, bytes] | None]
    """File name -> bytes, none for a project without a page; None when nobody can tell now, so that they stay."""


def page_work(page: ProjectPage, index_url: str, metadata: Metadata | None = None) -> Work:
    """Return the work of writing what a page says.

    :param metadata: of the files; with it the legacy JSON is written as well.
    """
    inputs = digest(repr(page), f"{index_url}\nlegacy" if metadata else index_url)
    return Work(inputs, partial(_documents, page, index_url, metadata))


def publish_pages(
    directory: Path,
    pages: Mapping[NormalizedName, Work],
    remembered: Mapping[str, PageMemory],
    keep: frozenset[NormalizedName],
) -> tuple[dict[str, PageMemory], int]:
    """Write the pages that changed, remove those of projects that have gone, but for the names in ``keep``.

    :return: what to remember, and how many projects changed.
    """
    memory: dict[str, PageMemory] = {}
    memory.update((name, remembered[name]) for name in keep if name in remembered)
    changed = 0
    for entry in names_in(directory):
        if entry not in pages and entry not in keep:
            remove_directory(directory / entry)
            changed += 1
    for name, work in pages.items():
        memory[name], written = _publish(directory / name, work, remembered.get(name))
        changed += written
    return memory, changed


def _documents(page: ProjectPage, index_url: str, metadata: Metadata | None) -> dict[str, bytes]:
    documents = render_project(page, index_url)
    if metadata is not None:
        documents[LEGACY_WRITTEN] = render_legacy(page, latest(page), index_url, metadata)
    return documents


def publish_root(
    directory: Path, names: Iterable[str], remembered: PageMemory | None, index_url: str
) -> PageMemory:
    """Write the list of the private projects when it changed; return what to remember."""
    listed = sorted(names)
    inputs = digest(repr(listed), index_url)
    work = Work(inputs, lambda: render_root(listed, index_url))
    memory, _ = _publish(directory, work, remembered)
    return memory


def remove_metadata(directory: Path, wanted: set[str], keep: frozenset[NormalizedName]) -> None:
    """Remove metadata that no page speaks of any more; ``wanted`` are paths below ``directory``.

    Directories of the projects in ``keep`` are left alone.
    """
    for entry in names_in(directory):
        path = directory / entry
        if not path.is_dir():
            if entry not in wanted:
                remove_file(path)
            continue
        if _is_kept(entry, keep):
            continue
        for name in names_in(path):
            if f"{entry}/{name}" not in wanted:
                remove_file(path / name)
        if not any(path.iterdir()):
            path.rmdir()


def _publish(directory: Path, work: Work, remembered: PageMemory | None) -> tuple[PageMemory, int]:
    """Render only when the inputs, or what lies on the disk, differ from what is remembered."""
    present = _stats(directory)
    if remembered is not None and remembered == PageMemory(work.inputs, present):
        return remembered, 0
    pages = work.render()
    if pages is None:
        return PageMemory("", present), 0  # no inputs are like that: the next run tries again
    if not pages and present:
        remove_directory(directory)
        return PageMemory(work.inputs, {}), 1
    for name in set(present) - {file for page in pages for file in (page, f"{page}.gz")}:
        remove_file(directory / name)
    changed = write_pages(directory, pages)
    return PageMemory(work.inputs, _stats(directory)), int(changed)


def digest(content: str, index_url: str = "") -> str:
    """Return the inputs of a work from all that its pages depend on, but for the code that renders them."""
    text = f"{renderer_identity()}\n{index_url}\n{content}"
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _stats(directory: Path) -> dict[str, list[int]]:
    """Return size and time of every page that lies there; clear away what a killed run left."""
    found: dict[str, list[int]] = {}
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if is_leftover(entry.name):
                    remove_file(Path(entry.path))
                else:
                    status = entry.stat(follow_symlinks=False)
                    found[entry.name] = [status.st_size, status.st_mtime_ns]
    except FileNotFoundError:
        pass
    return found


def _is_kept(directory: str, keep: frozenset[NormalizedName]) -> bool:
    try:
        return parse_name(directory) in keep
    except InvalidNameError:
        return False
