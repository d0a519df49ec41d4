"""What rules look at: the site, its directories, and the text of both servers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from rewritegen.diagnostics import RewritegenError
from rewritegen.layouts import LAYOUTS
from rewritegen.names import InvalidNameError, NormalizedName, parse_name
from rewritegen.plan import Plan, compile_plan
from rewritegen.servers import SERVER_NAMES, server
from rewritegen.servers.base import Scope
from rewritegen.site import Index, Mirror, PrivateDirectory, Site
from rewritegen.steps import Reserved
from rewritegen.trees import page_tree

__all__ = ["Context", "Project", "Text"]


class Text(NamedTuple):
    """Configuration of one server, generated now or read from its disk."""

    server: str
    name: str
    text: str
    installed: bool = False


class Project(NamedTuple):
    """A project of a private directory, as it is spelled there; or None for what is no project name."""

    name: NormalizedName | None
    raw: str
    path: Path


@dataclass(eq=False)
class Context:
    """One run: everything is read once, and only when a rule asks for it."""

    site: Site
    look: bool = True
    """Look at directories."""
    installed: tuple[Text, ...] = ()
    """Texts from a server's disk, to be looked at instead of what would be generated."""
    known: frozenset[str] = frozenset()
    """Names that somebody says are public."""
    scope: Scope = "vhost"

    @property
    def index(self) -> Index:
        """The index of the site."""
        return self.site.indexes[0]

    @cached_property
    def plan(self) -> Plan:
        """The plan of the site."""
        return compile_plan(self.site)

    @cached_property
    def reserved(self) -> Reserved:
        """The names that are ours by claim or scan."""
        return next(step for step in self.plan.page if isinstance(step, Reserved))

    @property
    def directories(self) -> list[PrivateDirectory]:
        """The private directories."""
        return [one for one in self.index.private if isinstance(one, PrivateDirectory)]

    @property
    def mirrors(self) -> list[Mirror]:
        """The mirrors."""
        return [one for one in self.index.fallbacks if isinstance(one, Mirror)]

    @cached_property
    def projects(self) -> dict[str, list[Project]]:
        """The projects of each private directory, by the source's name; of a wheelhouse, what has pages."""
        found = {}
        for source in self.directories:
            if LAYOUTS[source.layout].flat:
                root = Path(self.site.state or "/nonexistent", "pages", source.name)
            else:
                root = Path(source.path, LAYOUTS[source.layout].pages)
            found[source.name] = list(_projects(root))
        return found

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """The texts to look at; a server that refuses the site has none."""
        return self.installed or tuple(self._generated())

    def _generated(self) -> Iterator[Text]:
        for name in SERVER_NAMES:
            program = server(name)
            try:
                if not program.refusals(self.plan, self.scope, program.baseline):
                    files = program.render(self.plan, self.scope, program.baseline)
                    yield from (Text(name, file, text) for file, text in files.texts)
            except RewritegenError:
                continue  # what cannot be quoted is an error of `generate`, with its place

    def texts_of(self, server_name: str) -> Iterator[Text]:
        """Yield the texts of one server."""
        return (text for text in self.texts if text.server == server_name)

    def in_mirror(self, mirror: Mirror, name: NormalizedName) -> bool:
        """Tell whether a mirror has a project."""
        trees = page_tree(self.site, mirror).directories
        return any(Path(tree.of(name)).is_dir() for tree in trees)


def _projects(root: Path) -> Iterator[Project]:
    try:
        with os.scandir(root) as entries:
            found = sorted(
                entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")
            )
    except OSError:
        return
    for raw in found:
        try:
            yield Project(parse_name(raw), raw, root / raw)
        except InvalidNameError:
            yield Project(None, raw, root / raw)
