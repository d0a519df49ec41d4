"""The locations that only nginx itself can reach: where the rules send a request to be answered."""

from __future__ import annotations

from dataclasses import dataclass, field

from rewritegen.representations import LEGACY_JSON
from rewritegen.servers.nginx.names import Names
from rewritegen.servers.nginx.near import ERRORS, Ways
from rewritegen.servers.nginx.quoting import argument, comment, value
from rewritegen.servers.nginx.shared import ACCEPT, CODING, OTHERS
from rewritegen.servers.nginx.stems import stems_location
from rewritegen.servers.nginx.view import (
    Ask,
    Entry,
    Fetch,
    FileTree,
    Header,
    JsonTree,
    Listed,
    ListTree,
    Location,
    PageTree,
    Rule,
)
from rewritegen.servers.nginx.words import (
    FOREVER,
    INNER,
    NO_CACHE,
    TEN_MINUTES,
    VARY,
    X_CACHE,
    answered_by,
    project_path,
    refuse,
)
from rewritegen.steps import AskPrivately, ProjectDirectories, Scanned, Source, TryProxy

__all__ = ["Inner", "asked_below"]

_INDENT = "    "


@dataclass(slots=True)
class Inner:
    """Collects inner locations; each method returns where to send a request, and makes the location once."""

    names: Names
    ways: Ways
    gzip_static: bool
    random_index: bool
    """Whether this nginx can tell that there is a file in a directory."""
    locations: dict[str, Location] = field(default_factory=dict)
    """By what they match, in the order in which they are first needed."""
    _roots: dict[str, list[str]] = field(default_factory=dict)

    def pages(self, source: Source, root: str) -> str:
        """Return the prefix below which the ready pages in a directory are sent."""
        prefix = self._prefix("page", source, root)
        caching = NO_CACHE if source.role == "private" else TEN_MINUTES
        why = f"{source.key} {source.name}: pages in {root}"
        self._page_tree(prefix, root, source.label, caching, source.key, why)
        return prefix

    def root_pages(self, root: str) -> str:
        """Return the prefix of the list of private projects."""
        prefix = f"{INNER}root/"
        self._page_tree(prefix, root, "none", NO_CACHE, "state", "the list of the private projects")
        return prefix

    def _page_tree(
        self, prefix: str, root: str, label: str, caching: Header, key: str, why: str
    ) -> None:
        headers = (answered_by(label), VARY, caching)
        alias = argument(f"{value(root, key)}/")
        self._add(PageTree(comment(why, _INDENT), f"^~ {prefix}", headers, alias, self.gzip_static))

    def listing(self, source: Source, root: str) -> str:
        """Return the prefix below which nginx lists the directories in a directory."""
        prefix = self._prefix("list", source, root)
        words = comment(f"{source.key} {source.name}: nginx's own listing of {root}", _INDENT)
        alias = argument(f"{value(root, source.key)}/")
        headers = (answered_by(source.label), VARY, NO_CACHE)
        self._add(ListTree(words, f"^~ {prefix}", headers, alias))
        return prefix

    def listed(self, source: Source, tree: ProjectDirectories) -> str:
        """Return the prefix below which nginx lists the directories that have a file in them."""
        listing = self.listing(source, tree.root)
        if not self.random_index:
            return listing
        prefix = self._prefix("some", source, tree.root)
        why = f"{source.key} {source.name}: a directory without a file is no page (uv stops at one)"
        self._add(
            Listed(
                comment(why, _INDENT),
                f"^~ {prefix}",
                (answered_by(source.label), VARY, NO_CACHE),
                argument(f"{value(tree.root, source.key)}/"),
                f"{listing}{project_path(tree)}/",
                self.absent(source),
            )
        )
        return prefix

    def json(self, source: Source, root: str) -> str:
        """Return the prefix below which the legacy JSON documents in a directory are sent."""
        prefix = self._prefix("json", source, root)
        private = source.role == "private"
        words = comment(f"{source.key} {source.name}: documents in {root}", _INDENT)
        headers = (answered_by(source.label), VARY, NO_CACHE if private else TEN_MINUTES)
        alias = argument(f"{value(root, source.key)}/")
        packed = self.gzip_static and private
        self._add(JsonTree(words, f"^~ {prefix}", headers, alias, packed))
        return prefix

    def files(self, source: Source, root: str) -> str:
        """Return the prefix below which the files in a directory are sent."""
        prefix = self._prefix("file", source, root)
        words = comment(f"{source.key} {source.name}: files in {root}", _INDENT)
        caching = TEN_MINUTES if source.role == "private" else FOREVER
        alias = argument(f"{value(root, source.key)}/")
        self._add(
            FileTree(words, f"^~ {prefix}", (answered_by(source.label), caching), alias),
        )
        return prefix

    def ask(
        self,
        step: TryProxy | AskPrivately,
        rules: tuple[Rule, ...] = (),
        after: str = "",
    ) -> str:
        """Return the prefix below which an HTTP index is asked for a page, or a document.

        :param after: where a request goes that it has no page for; empty: its answer is final.
        """
        source = step.source
        documents = step.upstream.documents
        prefix = asked_below(step)
        accept = self.names.shared(ACCEPT) + self.names.shared(OTHERS)
        url = step.upstream.url
        # 304 would be the answer to a question that nobody asked
        errors = ((_statuses(304, 404, *ERRORS), after),) if after else self.final_errors(source)
        caching = NO_CACHE if source.role == "private" else TEN_MINUTES
        self._add(
            Ask(
                comment(
                    f"{source.key} {source.name}: {url}{'NAME/json' if documents else ''}", _INDENT
                ),
                f"^~ {prefix}",
                (answered_by(source.label), VARY, caching, *self.kept),
                rules,
                self.ways.page(step, errors),
                LEGACY_JSON.upstream_accept if documents else accept,
                self.names.shared(CODING),
            )
        )
        return prefix

    @property
    def kept(self) -> tuple[Header, ...]:
        """The header that says what the cache did, where there is one."""
        return (X_CACHE,) if self.ways.plan.copies else ()

    def final_errors(self, source: Source) -> tuple[tuple[str, str], ...]:
        """Return where the statuses lead when only this source could answer."""
        return (
            ("404", self.absent(source)),
            (_statuses(*ERRORS), self.down(source)),
        )

    def absent(self, source: Source) -> str:
        """Return where a request ends that only this source could answer, and it has no such thing."""
        text = f"{source.label} does not have this"
        why = f"{source.key} {source.name}: nobody else is asked for what it does not have"
        return self._final(f"absent/{source.name}", source.label, refuse(404, text), why)

    def down(self, source: Source) -> str:
        """Return where a request ends that only this source could answer, and it cannot be asked."""
        text = f"{source.label} does not answer; try again"
        why = f"{source.key} {source.name} does not answer, and nobody else is asked"
        return self._final(f"down/{source.name}", source.label, refuse(502, text), why)

    def refused(self) -> str:
        """Return where a request for a file of a claimed project ends that asked a public source."""
        why = "claims: a file of a claimed project is not taken from a public source"
        return self._final("refused", "none", refuse(404, "no such file"), why)

    def stems(self, scanned: Scanned) -> None:
        """Make the location that looks for scanned names in the path of a file."""
        self._add(stems_location(scanned, (answered_by("none"), VARY, NO_CACHE)))

    def take(self, location: Entry | Fetch) -> None:
        """Keep a location that a path goes on to from there."""
        self._add(location)

    def final(self, prefix: str, label: str, last: str, why: str, rules: tuple[Rule, ...]) -> None:
        """Make the location at the end of a chain."""
        headers = (answered_by(label), VARY, NO_CACHE)
        words = comment(why, _INDENT)
        self._add(Entry(words, f"^~ {prefix}", headers, last, rules, internal=True))

    def _final(self, path: str, label: str, last: str, why: str) -> str:
        headers = (answered_by(label), VARY, NO_CACHE)
        words = comment(why, _INDENT)
        self._add(Entry(words, f"= {INNER}{path}", headers, last, internal=True))
        return f"{INNER}{path}"

    def _prefix(self, word: str, source: Source, root: str) -> str:
        """Return a prefix for a directory; the second of a source is numbered 2, and so on."""
        roots = self._roots.setdefault(f"{word} {source.name}", [])
        if root not in roots:
            roots.append(root)
        number = roots.index(root) + 1
        return f"{INNER}{word}/{source.name}{'' if number == 1 else f'~{number}'}/"

    def _add(self, location: Location) -> None:
        self.locations.setdefault(location.match, location)


def asked_below(step: TryProxy | AskPrivately) -> str:
    """Return the prefix of the location that asks an HTTP index, before its name of a project."""
    return f"{INNER}ask{'-json' if step.upstream.documents else ''}/{step.source.name}/"


def _statuses(*statuses: int) -> str:
    return " ".join(map(str, statuses))
