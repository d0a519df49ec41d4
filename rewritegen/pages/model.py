"""The values that the parts of ``rewritegen index`` hand to each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from packaging.utils import NormalizedName

from rewritegen.pages.problems import Problem

__all__ = [
    "IndexJob",
    "IndexReport",
    "Moved",
    "PrivateTree",
    "Progress",
    "Reading",
    "SourceReport",
    "Stamp",
    "TreeLayout",
]

#: ``projects``: one directory per project, any spelling. ``flat``: one directory of files. ``static``: one directory
#: per project with a page of its own in it; also the project directories of a mirror that keeps names as registered.
TreeLayout = Literal["projects", "flat", "static"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """How the links in ready pages become links to our own files."""

    target: str
    """What takes the place of what they begin with: ``../../files/old/``."""
    base: str = ""
    """Absolute links begin with this URL; empty: there are none."""
    packages: str = ""
    """Relative links begin with this, such as ``../../packages/``; empty: there are none."""
    beside: str | None = None
    """The directory above those of the projects, below ``target``, where files lie beside their page; else None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateTree:
    """One directory to index, private or a mirror."""

    source: str
    """Name of the source, as in the site file; a directory name in the state."""
    path: Path
    """The directory that holds the project directories, or with ``flat`` the files."""
    layout: TreeLayout
    root: Path | None = None
    """The directory that holds the marker, where that is not ``path`` but lies above it."""
    hashed: bool = False
    """A level with the first character of the name lies above the project's directory."""
    pages: bool = True
    """Write pages (``listing: pages``); else only names and aliases (``listing: automatic``, ``static``, mirrors)."""
    moved: Moved | None = None
    """Write the ready pages of the tree again, with these links."""
    private: bool = True
    """False for a mirror: no names, no marker, not in the root list; what is wrong in it is a warning."""
    files_url: str = ""
    """URL prefix of the files, relative to a project's page, ending in a slash: ``../../files/team/``."""

    @property
    def marked(self) -> Path:
        """The directory that holds the marker."""
        return self.root or self.path

    @property
    def written(self) -> bool:
        """Tell whether pages are written, from files or from pages."""
        return self.pages or self.moved is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexJob:
    """All that one run needs: no YAML, no environment."""

    trees: tuple[PrivateTree, ...]
    state: Path
    index_url: str
    """Absolute URL of the root list, ending in a slash: for the line to copy, and for provenance (PEP 740)."""
    legacy_json: bool = False
    """Write the legacy JSON beside the pages; its URLs are absolute."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells a changed file from an unchanged one without reading it."""

    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading one file gave; kept for as long as its :class:`Stamp` stays the same."""

    stamp: Stamp
    project: str = ""
    """Canonical name; empty when the file cannot be offered."""
    version: str = ""
    """Normalised (PEP 440)."""
    sha256: str = ""
    requires_python: str = ""
    """Empty when there is none, or none that an installer could read."""
    metadata_sha256: str = ""
    """Of the ``.metadata`` file in the state; empty when none may be advertised."""
    metadata_size: int = 0
    """Bytes of that file."""
    problems: tuple[tuple[str, str], ...] = ()
    """Code and message, said again on every run until the file changes."""
    lasting: bool = True
    """False when the next run must try again though the stamp is the same (the file could not be opened)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What happened to one source."""

    source: str
    projects: int
    """With a page, or with a directory where the server lists directories."""
    files: int
    """Offered."""
    read: int
    """Opened and hashed in this run; the others were unchanged."""
    written: int
    """Projects of which at least one page changed, appeared or went away."""
    available: bool = True
    """False when the root or its marker has gone: then nothing of this source was touched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReport:
    """The outcome of a run."""

    sources: tuple[SourceReport, ...]
    problems: tuple[Problem, ...]
    names_added: tuple[NormalizedName, ...]
    seconds: float

    @property
    def exit_code(self) -> int:
        """1 when there is an error among the problems, else 0. Warnings do not count."""
        return int(any(problem.severity == "error" for problem in self.problems))


class Progress(Protocol):
    """Whom to tell how far a run is. Every method may be called from any thread."""

    def waiting(self) -> None:
        """Another run holds the lock of the state; this one waits for it."""

    def start(self, source: str, total: int) -> None:
        """``total`` files of a source are about to be read."""

    def advance(self) -> None:
        """One more file was read."""

    def finish(self) -> None:
        """The run is over."""
