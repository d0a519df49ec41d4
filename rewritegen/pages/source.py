"""One source on its way through a run: looked at, read, and only then written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from packaging.utils import NormalizedName

from rewritegen.pages.aliases import write_aliases
from rewritegen.pages.filenames import possible_names
from rewritegen.pages.listing import OfferedFile, ProjectPage, offered_file, project_page
from rewritegen.pages.marker import Root, UnavailableError, open_root
from rewritegen.pages.memory import Memory, PageMemory, load_memory, save_memory
from rewritegen.pages.model import PrivateTree, Progress, Reading, SourceReport
from rewritegen.pages.moving import pages_to_move
from rewritegen.pages.problems import Problem, problem
from rewritegen.pages.publish import (
    METADATA_SUFFIX,
    Work,
    page_work,
    publish_pages,
    remove_metadata,
)
from rewritegen.pages.reading import read_file
from rewritegen.pages.scan import FoundFile, FoundProject, Scan, scan
from rewritegen.pages.store import State

__all__ = ["Source"]


@dataclass(slots=True)
class Source:
    """What is known of one source so far. The methods are called in the order in which they stand."""

    state: State
    tree: PrivateTree
    memory: Memory = field(default_factory=Memory)
    root: Root | None = None
    """None when the root is unavailable: then nothing of the source is touched."""
    scan: Scan = Scan((), frozenset(), frozenset(), ())  # noqa: RUF009 - frozen
    readings: dict[str, Reading] = field(default_factory=dict)
    """By path below the root."""
    read: int = 0
    written: int = 0
    unavailable: list[Problem] = field(default_factory=list)
    troubles: list[Problem] = field(default_factory=list)
    """What is wrong in the tree."""

    @property
    def problems(self) -> list[Problem]:
        """All that is wrong; what is wrong in a mirror is for others to mend."""
        if self.tree.private:
            return self.unavailable + self.troubles
        return self.unavailable + [replace(one, severity="warning") for one in self.troubles]

    def look(self) -> None:
        """List the tree.

        :raises OSError: when the state cannot be written.
        """
        self.memory = load_memory(self.state.memory(self.tree.source))
        try:
            root = open_root(self.state, self.tree)
            self.scan = scan(self.tree)
            self.root = root
        except UnavailableError as unavailable:
            self.unavailable.append(unavailable.problem)

    def read_files(self, jobs: int, progress: Progress | None) -> None:
        """Read what changed, in parallel: hashing and decompressing let other threads run."""
        if self.root is None:
            return
        unread = []
        for project in self.scan.projects:
            for found in project.files:
                known = self.memory.files.get(found.path)
                if (
                    known is not None
                    and known.stamp == found.stamp
                    and self._has_metadata(found, known)
                ):
                    self.readings[found.path] = known
                else:
                    unread.append((found, project.name))
        if unread:
            self._read_all(unread, jobs, progress)
        try:
            self.root.check()
        except UnavailableError as unavailable:
            self.root = None
            self.unavailable.append(unavailable.problem)
            return
        self.troubles += self.scan.problems
        for reading in self.readings.values():
            self.troubles += (problem(code, message) for code, message in reading.problems)

    def names(self) -> set[str]:
        """Return every name that this source has or ever had; none of a mirror."""
        if not self.tree.private:
            return set()
        names: set[str] = {*self.memory.names, *self.scan.names}
        if self.root is not None and self.tree.layout == "flat":
            for found in _files(self.scan):
                names |= _names_of(found, self.readings[found.path])
        return names

    def new_names(self) -> set[str]:
        """Return the names that this source did not have in the run before."""
        return self.names() - set(self.memory.names)

    def write(self, index_url: str, *, legacy: bool = False) -> None:
        """Make pages, metadata and aliases what was read; and the legacy JSON, where it is served.

        :raises OSError: when the state cannot be written.
        """
        if self.root is None:
            self._withdraw()
            return
        # Both ways also when one is empty: a source may have turned from pages to listings, or back.
        aliases = write_aliases(self.state, self.tree, self.scan)
        pages, changed = publish_pages(
            self.state.pages(self.tree.source),
            self._work(index_url, legacy=legacy),
            self.memory.pages,
            self.scan.unknown,
        )
        self._clear_metadata()
        self.written = aliases + changed
        self.memory = Memory(
            files={path: reading for path, reading in self.readings.items() if reading.lasting},
            pages=pages,
            names=sorted(self.names()),
            listed=sorted(self._listed(pages)),
        )
        save_memory(self.state.memory(self.tree.source), self.memory)

    def _withdraw(self) -> None:
        """Take the pages of a mirror back that cannot be read: the next fallback is asked, as without the tree.

        What was read of it is remembered, so that nothing is read again when it is back. A private source stays.
        """
        if self.tree.private or not self.tree.written:
            return
        pages = self.state.pages(self.tree.source)
        self.memory.pages, self.written = publish_pages(pages, {}, {}, frozenset())
        self.memory.listed = []
        save_memory(self.state.memory(self.tree.source), self.memory)

    def report(self) -> SourceReport:
        """Return what happened."""
        return SourceReport(
            source=self.tree.source,
            projects=len(self.memory.listed),
            files=sum(bool(reading.project) for reading in self.readings.values()),
            read=self.read,
            written=self.written,
            available=self.root is not None,
        )

    def _read_all(
        self,
        unread: list[tuple[FoundFile, NormalizedName | None]],
        jobs: int,
        progress: Progress | None,
    ) -> None:
        metadata = self.state.metadata(self.tree.source)
        if progress is not None:
            progress.start(self.tree.source, len(unread))

        def read(item: tuple[FoundFile, NormalizedName | None]) -> Reading:
            found, project = item
            target = metadata / f"{found.path}{METADATA_SUFFIX}"
            reading = read_file(self.tree.path, found, project, target)
            if progress is not None:
                progress.advance()
            return reading

        with ThreadPoolExecutor(jobs) as pool:
            try:
                for (found, _), reading in zip(unread, pool.map(read, unread), strict=True):
                    self.readings[found.path] = reading
            except BaseException:
                pool.shutdown(cancel_futures=True)  # Ctrl-C waits for the files in hand only
                raise
        self.read = len(unread)

    def _has_metadata(self, found: FoundFile, reading: Reading) -> bool:
        """Tell whether the metadata that would be advertised is there: a 404 for it stops pip and uv."""
        if not reading.metadata_sha256:
            return True
        path = self.state.metadata(self.tree.source) / f"{found.path}{METADATA_SUFFIX}"
        try:
            return path.stat().st_size == reading.metadata_size
        except OSError:
            return False

    def _work(self, index_url: str, *, legacy: bool) -> dict[NormalizedName, Work]:
        """Return what there is to write, and to keep as it is."""
        if self.tree.moved is None:
            pages = self._pages(index_url)
            metadata = self._metadata if legacy and self.tree.private else None
            return {name: page_work(page, index_url, metadata) for name, page in pages.items()}
        return {
            project.name: pages_to_move(self.tree, project, self.troubles)
            for project in self.scan.projects
            if project.name is not None
        }

    def _pages(self, index_url: str) -> dict[NormalizedName, ProjectPage]:
        """Return the page of every project that has a file to offer."""
        pages: dict[NormalizedName, ProjectPage] = {}
        for project in self.scan.projects:
            for name, files in self._by_name(project).items():
                offered = [
                    offered_file(self.tree, index_url, found, self.readings[found.path])
                    for found in files
                ]
                pages[name] = project_page(name, offered, project.status)
        return pages

    def _metadata(self, file: OfferedFile) -> bytes:
        """Return the metadata that is served beside a file; nothing of a file that has none."""
        if not file.metadata_sha256:
            return b""
        path = unquote(file.url.removeprefix(self.tree.files_url))
        target = self.state.metadata(self.tree.source) / f"{path}{METADATA_SUFFIX}"
        try:
            return target.read_bytes()
        except OSError:
            return b""

    def _by_name(self, project: FoundProject) -> dict[NormalizedName, list[FoundFile]]:
        by_name: dict[NormalizedName, list[FoundFile]] = {}
        for found in project.files:
            name = self.readings[found.path].project
            if name:
                by_name.setdefault(NormalizedName(name), []).append(found)
        return by_name

    def _listed(self, pages: Mapping[str, PageMemory]) -> set[str]:
        """Return the projects for the root list; those that could not be looked into stay in it."""
        if self.tree.written:
            return {name for name, page in pages.items() if page.written}
        full = {
            project.name for project in self.scan.projects if project.name and not project.empty
        }
        return full | (self.scan.unknown & set(self.memory.listed))

    def _clear_metadata(self) -> None:
        wanted = {
            f"{path}{METADATA_SUFFIX}"
            for path, reading in self.readings.items()
            if reading.metadata_sha256
        }
        remove_metadata(self.state.metadata(self.tree.source), wanted, self.scan.unknown)


def _files(scan: Scan) -> Iterable[FoundFile]:
    return (found for project in scan.projects for found in project.files)


def _names_of(found: FoundFile, reading: Reading) -> set[str]:
    """Return whose file it is; of one that could not be read, every project that it may belong to."""
    if reading.project:
        return {reading.project}
    return set(possible_names(found.filename))
