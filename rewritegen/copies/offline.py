"""What a site would still answer if no source could be asked: ``offline: true``, or a train.

The model decides that, as it does for ``explain``: a copy of a name that is private now, or in a mirror, is not looked
at. A project is of use when its page stands in and a file that the page links to is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import unquote, urljoin

from rewritegen.copies.current import Host, file_hosts, uses
from rewritegen.copies.directory import Contents, read_body
from rewritegen.copies.entries import Entry
from rewritegen.copies.pages import Link, UnreadableError, links
from rewritegen.copies.projects import COMPANIONS
from rewritegen.decide import Request, decide
from rewritegen.names import NormalizedName
from rewritegen.plan import Plan
from rewritegen.representations import LEGACY_JSON, REPRESENTATIONS, Representation
from rewritegen.world import FileSystem

__all__ = ["Prospect", "prospects"]


class Prospect(NamedTuple):
    """What can be had of a project from the copies of one source."""

    project: str
    source: str
    pages: tuple[tuple[str, str], ...]
    """Form and coding of the page copies that would be answered, best first."""
    stands_until: int | None
    """Of the page that lasts longest; None when there is none."""
    kept: tuple[str, ...]
    """URLs in the page whose files are kept."""
    missing: tuple[str, ...]
    """URLs in the page whose files would have to be fetched."""
    without_metadata: tuple[str, ...]
    """Those of ``kept`` whose metadata the page promises, and is not kept: installers ask for it first."""
    elsewhere: int
    """Links of the page that do not lead through this site."""
    problem: str = ""
    """Why nothing of it would be answered, or why the page says nothing."""

    @property
    def of_use(self) -> bool:
        """Tell whether something of it can be installed."""
        return bool(self.pages) and len(self.kept) > len(self.without_metadata)


def prospects(plan: Plan, contents: Contents, now: float) -> list[Prospect]:
    """Return a prospect for every project of a source that has copies, by name."""
    return list(_Offline(replace(plan, offline=True), contents, now).prospects())


class _Copies(FileSystem):
    """The world of this machine, with what stands in for sources that nobody can ask."""

    def __init__(self) -> None:
        super().__init__(502)
        self.pages: set[tuple[str, str]] = set()

    def kept(
        self, url: str, representation: Representation | None
    ) -> Literal["fresh", "stale", ""]:
        """See :class:`rewritegen.world.World`."""
        suffix = representation.suffix if representation else ""
        return "stale" if (url, suffix) in self.pages else ""


@dataclass
class _Offline:
    plan: Plan
    contents: Contents
    now: float

    @cached_property
    def _world(self) -> _Copies:
        world = _Copies()
        asked = {step.source.name: step.upstream for step in self.plan.steps_with_upstream}
        for source, project in self._pages:
            for _, entry in self._pages[source, project]:
                page = asked[source].page(NormalizedName(project))
                world.pages.add((page, entry.key.form))
        return world

    @cached_property
    def _standing(self) -> list[tuple[Path, Entry]]:
        used = uses(self.plan)
        return [
            (directory, entry)
            for directory, entry in self.contents.entries
            if entry.stands(self.now) and entry.key in used
        ]

    @cached_property
    def _pages(self) -> dict[tuple[str, str], list[tuple[Path, Entry]]]:
        pages = defaultdict(list)
        for directory, entry in self._standing:
            if entry.key.kind == "page" and entry.key.form != LEGACY_JSON.suffix:
                pages[entry.key.source, entry.key.project].append((directory, entry))
        return dict(pages)

    @cached_property
    def _files(self) -> set[tuple[str, int, str]]:
        keys = (entry.key for _, entry in self._standing if entry.key.kind == "file")
        return {(key.source, key.host, unquote(key.path)) for key in keys}

    @cached_property
    def _hosts(self) -> list[Host]:
        """File hosts, those with the longest path on the site first."""
        return sorted(file_hosts(self.plan), key=lambda host: -len(host.prefix))

    def prospects(self) -> Iterator[Prospect]:
        names = {
            (entry.key.project, entry.key.source)
            for _, entry in self.contents.entries
            if entry.key.project and entry.status == 200
        }
        for project, source in sorted(names):
            yield self._prospect(project, source)

    def _prospect(self, project: str, source: str) -> Prospect:
        nothing = Prospect(project, source, (), None, (), (), (), 0)
        copies = self._pages.get((source, project), [])
        if not copies:
            return nothing._replace(problem="no page of it stands in")
        own = (f"by private/{source}", f"by proxy/{source}")
        answered = {form.suffix: self._answered_by(project, form) for form in REPRESENTATIONS}
        used = [one for one in copies if answered[one[1].key.form] in own]
        if not used:
            others = sorted({answered[entry.key.form] for _, entry in copies})
            return nothing._replace(problem=f"answered {', '.join(others)}")
        order = [form.suffix for form in REPRESENTATIONS]
        used.sort(key=lambda one: (order.index(one[1].key.form), one[1].key.coding))
        found = nothing._replace(
            pages=tuple((entry.key.form, entry.key.coding) for _, entry in used),
            stands_until=max(entry.stands_until for _, entry in used),
        )
        return self._with_files(found, *used[0])

    def _answered_by(self, project: str, form: Representation) -> str:
        """Return which source a page is answered by, or the status that it is answered with."""
        request = Request(f"{self.plan.mount}{project}/", headers={"accept": form.upstream_accept})
        decision = decide(self.plan, request, self._world)
        if decision.status == 200:
            return f"by {decision.source}"
        return f"with {decision.status}"

    def _with_files(self, found: Prospect, directory: Path, entry: Entry) -> Prospect:
        stored = read_body(directory, entry)
        if stored is None:
            return found._replace(problem="its page has just been removed")
        try:
            page = links(stored)
        except UnreadableError:
            return found._replace(problem="its page cannot be read")
        base = f"{self.plan.mount}{found.project}/"
        places = [(link, self._place(base, link.url)) for link in page]
        kept = [(link, place) for link, place in places if place in self._files]
        return found._replace(
            kept=_urls(link for link, _ in kept),
            missing=_urls(link for link, place in places if place and place not in self._files),
            without_metadata=_urls(
                link
                for link, (source, host, path) in kept
                if link.metadata and (source, host, f"{path}{COMPANIONS[0]}") not in self._files
            ),
            elsewhere=sum(place is None for _, place in places),
        )

    def _place(self, base: str, url: str) -> tuple[str, int, str] | None:
        """Return source, host and decoded path of the file that a link leads to; None for a file of somebody else."""
        try:
            path = urljoin(base, url)
        except ValueError:  # such as http://[
            return None
        for host in self._hosts:
            if path.startswith(host.prefix):
                below = path.removeprefix(host.prefix).partition("?")[0]
                return host.source, host.number, unquote(below)
        return None


def _urls(found: Iterable[Link]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(link.url for link in found))
