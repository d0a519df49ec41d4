"""A directory tree -> its projects and files, by listing and ``stat`` alone: no file is opened but the small sidecars.

Everything that may stand in a directory is met here: other spellings, links to nowhere and in circles, pipes, names
that are no text. None of it stops the scan.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import NormalizedName

from rewritegen.names import InvalidNameError, parse_name
from rewritegen.pages.filenames import FileKind, file_kind, is_servable, possible_names
from rewritegen.pages.model import PrivateTree, Stamp
from rewritegen.pages.problems import Problem, problem, shown
from rewritegen.pages.sidecars import ProjectStatus, Sidecars, read_sidecars, read_status
from rewritegen.representations import REPRESENTATIONS

__all__ = ["FoundFile", "FoundProject", "Scan", "scan", "unreadable"]


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file with the name of a package."""

    path: str
    """Below the root, with slashes: ``Acme_Foo/acme_foo-1.0.tar.gz``."""
    filename: str
    kind: FileKind
    stamp: Stamp
    sidecars: Sidecars


@dataclass(frozen=True, slots=True)
class FoundProject:
    """A project directory, or with ``layout: flat`` the root itself (``name`` is None: the files say the projects)."""

    name: NormalizedName | None
    directory: str
    """Spelling of the directory; empty for the root."""
    files: tuple[FoundFile, ...] = ()
    empty: bool = False
    """Nothing at all is in it: a listing of it would be an empty page, which stops uv."""
    status: ProjectStatus | None = None
    ready: tuple[tuple[str, Stamp], ...] = ()
    """The pages that lie there already, where they are to be written again."""
    unoffered: tuple[str, ...] = ()
    """What has the name of a package, and cannot be offered: of another time, a link to nowhere, a directory."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What a tree holds."""

    projects: tuple[FoundProject, ...]
    names: frozenset[NormalizedName]
    """Of every directory and of every link, dangling or not, and whatever a package may belong to that cannot be
    offered by its name: all of them are ours."""
    unknown: frozenset[NormalizedName]
    """Projects that could not be looked into: their pages stay as they are, because "don't know" is not "not here"."""
    problems: tuple[Problem, ...]


def scan(tree: PrivateTree) -> Scan:
    """List a tree.

    :raises OSError: when the root itself cannot be listed.
    """
    if tree.layout == "flat":
        problems: list[Problem] = []
        project = _look_into(tree, None, "", problems)
        names = frozenset[NormalizedName]().union(*map(possible_names, project.unoffered))
        return Scan((project,), names, frozenset(), tuple(problems))
    return _scan_projects(tree)


def _scan_projects(tree: PrivateTree) -> Scan:
    problems: list[Problem] = []
    spellings: dict[NormalizedName, list[str]] = {}
    names: set[NormalizedName] = set()
    beside: set[NormalizedName] = set()
    for above, entry in _entries(tree):
        if file_kind(entry.name) is not None and not entry.name.startswith("."):
            beside |= possible_names(entry.name)
        name = _project_of(tree, entry, problems)
        if name is None:
            continue
        names.add(name)
        if _is_directory(entry):
            spellings.setdefault(name, []).append(f"{above}{entry.name}")
        else:
            path = Path(tree.path, above, entry.name)
            problems.append(problem("RG505", f"{shown(path)} points nowhere or to itself"))
    projects = []
    for name, directories in sorted(spellings.items()):
        directory = _chosen(tree, name, directories, problems)
        try:
            projects.append(_look_into(tree, name, directory, problems))
        except OSError as error:
            problems.append(unreadable(Path(tree.path, directory), error))
    return Scan(
        projects=tuple(projects),
        names=frozenset(names | beside),
        unknown=frozenset(names - {project.name for project in projects}),
        # nobody can mend the names of a mirror, whose pages are served as they are
        problems=tuple(problems) if tree.private or tree.written else (),
    )


def _entries(tree: PrivateTree) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield what may be a project, each with the level above it."""
    for entry in _sorted_entries(tree.path):
        if not tree.hashed:
            yield "", entry
        elif len(entry.name) == 1 and _is_directory(entry):
            for below in _sorted_entries(Path(entry.path)):
                yield f"{entry.name}/", below


def _project_of(
    tree: PrivateTree, entry: os.DirEntry[str], problems: list[Problem]
) -> NormalizedName | None:
    """Return the project that an entry of the root stands for; None when it is something else."""
    if entry.name.startswith("."):
        return None
    if not _is_directory(entry) and not _is_broken_link(entry):
        if file_kind(entry.name) is not None and tree.layout == "projects":
            path = Path(tree.path, entry.name)
            problems.append(problem("RG516", f"{shown(path)} lies beside the project directories"))
        return None
    try:
        return parse_name(entry.name)
    except InvalidNameError:
        path = Path(tree.path, entry.name)
        problems.append(problem("RG503", f"{shown(path)} is no valid project name"))
        return None


def _chosen(
    tree: PrivateTree, name: NormalizedName, directories: list[str], problems: list[Problem]
) -> str:
    """Return which of several spellings is indexed: the canonical one, else the first in sorted order.

    One and not all: the server's own listing and an alias can show only one directory too, so that every kind of
    source gives the same answer, and a file name that is in two of them has no second content.
    """
    canonical = (one for one in directories if one.rpartition("/")[2] == name)
    directory = next(canonical, directories[0])
    for other in directories:
        if other != directory:
            first, second = Path(tree.path, directory), Path(tree.path, other)
            message = f"{shown(second)} is not indexed: {shown(first)} is the same project"
            problems.append(problem("RG504", message))
    return directory


def _look_into(
    tree: PrivateTree, name: NormalizedName | None, directory: str, problems: list[Problem]
) -> FoundProject:
    """List one directory, not those below it.

    :raises OSError: when it cannot be listed.
    """
    root = tree.path / directory
    if tree.moved is not None:
        return FoundProject(name, directory, ready=tuple(_ready(root)))
    # a mirror may have half a million directories; which ones is all that counts
    if not tree.private and not tree.pages:
        return FoundProject(name, directory)
    entries = _sorted_entries(root)
    beside = {entry.name for entry in entries}
    files, unoffered = [], []
    for entry in entries if tree.pages else ():
        kind = file_kind(entry.name)
        if kind is None or entry.name.startswith("."):
            continue
        stamp = _stamp(entry, kind, problems)
        if stamp is None:
            unoffered.append(entry.name)
        else:
            sidecars = read_sidecars(root, entry.name, beside, problems)
            path = f"{directory}/{entry.name}" if directory else entry.name
            files.append(FoundFile(path, entry.name, kind, stamp, sidecars))
    status = read_status(root, beside, problems) if tree.pages and name else None
    return FoundProject(
        name, directory, tuple(files), not entries, status, unoffered=tuple(unoffered)
    )


def _ready(directory: Path) -> Iterator[tuple[str, Stamp]]:
    for form in REPRESENTATIONS:
        with suppress(FileNotFoundError):
            status = (directory / f"index.{form.suffix}").stat()
            yield f"index.{form.suffix}", Stamp(status.st_size, status.st_mtime_ns, status.st_ino)


def _stamp(entry: os.DirEntry[str], kind: FileKind, problems: list[Problem]) -> Stamp | None:
    """Return the stamp of a file that can be offered by its name and type; else say why not."""
    try:
        status = entry.stat()
    except OSError as error:
        if entry.is_symlink():
            problems.append(problem("RG505", f"{shown(entry.path)} points nowhere or to itself"))
        else:
            problems.append(unreadable(entry.path, error))
        return None
    if stat.S_ISDIR(
        status.st_mode
    ):  # an unpacked egg, or `docs.zip/`: nothing that an index can offer
        return None
    if not stat.S_ISREG(status.st_mode):
        problems.append(problem("RG512", f"{shown(entry.path)} is no regular file"))
    elif not is_servable(entry.name):
        problems.append(
            problem(
                "RG507",
                f"{shown(entry.path)} has a name that no file of an index may have",
            )
        )
    elif kind == "old":
        problems.append(problem("RG517", f"{shown(entry.path)} is in a format of other times"))
    else:
        return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)
    return None


def unreadable(path: object, error: OSError) -> Problem:
    """Return the problem of something that the operating system did not let us read."""
    reason = (error.strerror or str(error)).lower()
    return problem("RG511", f"{shown(path)} cannot be read: {reason}")


def _sorted_entries(path: Path) -> list[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


def _is_broken_link(entry: os.DirEntry[str]) -> bool:
    return entry.is_symlink() and not Path(entry.path).exists()
