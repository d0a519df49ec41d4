"""The locations that clients reach: the two about the site itself, the list, pages, files, and other spellings."""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from rewritegen.grammar import ARCHIVE_SUFFIX
from rewritegen.layouts import LEGACY
from rewritegen.names import CANONICAL_NAME, TOO_MANY_CAPITALS, TOO_MANY_SEPARATORS
from rewritegen.plan import Plan
from rewritegen.servers.base import FINGERPRINT_PLACE
from rewritegen.servers.nginx.chain import Chain
from rewritegen.servers.nginx.inner import Inner
from rewritegen.servers.nginx.legacy import legacy_entry
from rewritegen.servers.nginx.names import Names
from rewritegen.servers.nginx.quoting import (
    WIDTH,
    argument,
    comment,
    pattern,
    sentence,
    verbose_pattern,
)
from rewritegen.servers.nginx.rules import Rules
from rewritegen.servers.nginx.stems import looked_at, taken
from rewritegen.servers.nginx.view import Entry, Fetch, Location, Respell, Rule
from rewritegen.servers.nginx.words import (
    FOREVER,
    NO_CACHE,
    TEN_MINUTES,
    VARY,
    answered_by,
    escaped,
    go,
    refuse,
)
from rewritegen.steps import FetchFrom, FileRoute, OwnedBy, TryMirror

__all__ = ["Entries"]

_INDENT = "    "

#: The raw request line has passed the grammar; these are the decoded forms of what it lets through.
_FILE = r"[\w+][\w.+!~-]*"
_PATH = r"[\w+][\w.+!~/-]*"

_NO_FILE = refuse(404, "no such file")


_PAGE_WHY = (
    "another spelling, or the slash is missing: 301 to the canonical URL; never forwarded, so no other spelling of a "
    "private name can leak"
)
_LEGACY_WHY = "another spelling of a name whose legacy JSON is asked for: 301 to the canonical URL; never forwarded"


class Spelled(NamedTuple):
    """URLs with a name in them that have one right spelling: what stands before the name, and behind it."""

    prefix: str
    end: str
    why: str


@dataclass(frozen=True, slots=True)
class Entries:
    """Makes the locations of one site."""

    plan: Plan
    names: Names
    inner: Inner
    guards: tuple[Rule, ...]
    """Rules that each location needs for itself, where the server around it is not ours."""
    inside: str = ""
    """What stands before each URL behind a gate, where only nginx itself comes; see :mod:`.gate`."""

    def all(self) -> list[tuple[str, Location]]:
        """Return the locations, each with the public prefix that it is below."""
        mount = self.plan.mount
        rules = Rules(self.names, self.inner, self.inside)
        found: list[tuple[str, Location]] = [
            ("/-/", self._meta("= /-/health", "ok", "for load balancers")),
            ("/-/", self._meta("= /-/rewritegen", FINGERPRINT_PLACE, "what configuration runs")),
            (mount, self._root_list(rules)),
            (mount, self._pages(rules)),
            (mount, self._beside(rules)),
            *((route.prefix, self._files(route, rules)) for route in self.plan.files),
            (mount, self._respell(Spelled(mount, "/", _PAGE_WHY))),
            *((LEGACY, location) for location in self._legacy(rules)),
        ]
        return [("/-/", location) for _, location in found] if self.inside else found

    def _meta(self, match: str, body: str, why: str) -> Entry:
        headers = (answered_by("none"), NO_CACHE)
        words = comment(why, _INDENT)
        return Entry(words, match, headers, f"return 200 {sentence(body)}", self.guards)

    def _root_list(self, rules: Rules) -> Entry:
        root = self.plan.root_list
        decided: list[Rule] = []
        last = refuse(404, "this index has no list of projects")
        if root.marker is not None:
            decided.append(rules.available(root.source, root.marker))
        if root.pages is not None:
            decided.extend(rules.root_pages(root.pages))
            last = refuse(404, "no list of the private projects has been written yet")
        elif root.listing is not None and root.source is not None:
            last = go(self.inner.listing(root.source, root.listing))
        return Entry(
            comment("the list: private projects only, never an upstream's", _INDENT),
            f"= {self.inside}{self.plan.mount}",
            (answered_by("none"), VARY, NO_CACHE),
            last,
            (*self.guards, *decided),
            internal=self._internal,
        )

    def _pages(self, rules: Rules) -> Entry:
        decided, last = Chain("project", rules.page, self.inner).walk(self.plan.page)
        return Entry(
            comment("the page of a project: the first rule that applies decides", _INDENT),
            f"~ {pattern(f'^{self._mount}{self._name}/$')}",
            (answered_by("none"), VARY, NO_CACHE),
            last,
            (*self.guards, *decided),
            self._sets,
            internal=self._internal,
        )

    def _beside(self, rules: Rules) -> Entry:
        why = "a file beside the page: the same owner as the page, and no upstream is asked"
        decided = (rule for step in self.plan.page for rule in rules.beside(step))
        target = (f"^{self._mount}{self._name}/", f"(?<rg_file>{_FILE})$")
        return Entry(
            comment(why, _INDENT),
            f"~ {verbose_pattern(target, '', _INDENT, 13)}",
            (answered_by("none"), NO_CACHE),
            _NO_FILE,
            (*self.guards, *decided),
            self._sets,
            internal=self._internal,
        )

    def _files(self, route: FileRoute, rules: Rules) -> Entry | Fetch:
        match = f"~ {pattern(f'^{escaped(self.inside + route.prefix)}(?<rg_path>{_PATH})$')}"
        if route.scanned is None:
            decided = (*self._guards_of(route), *self._refused(route))
            return self._taken(route, rules, match, decided, internal=self._internal)
        # an `error_page` of the location that asks would catch what these return
        self.inner.stems(route.scanned)
        self.inner.take(self._taken(route, rules, f"= {taken(route)}", (), internal=True))
        known = rules.available(None, route.scanned.marker)
        return Entry(
            comment(f"{_who(route)}: files that do not belong to a name of ours", _INDENT),
            match,
            (answered_by("none"), VARY, NO_CACHE),
            go(f"{looked_at(route)}$rg_path"),
            (*self.guards, known, *self._refused(route)),
            internal=route.beside or self._internal,
        )

    def _refused(self, route: FileRoute) -> Iterator[Rule]:
        """Yield the rules that need no state."""
        if route.beside:
            test = f"$rg_path !~ {pattern(f'{ARCHIVE_SUFFIX}$')}"
            yield Rule((), test, go(self.inner.absent(route.attempts[0].source)))
        if route.refused:
            words = ("# claims: a public source is not asked for files of these",)
            yield Rule(words, self.names.hidden(route.refused), go(self.inner.refused()))

    def _taken(
        self,
        route: FileRoute,
        rules: Rules,
        match: str,
        refused: tuple[Rule, ...],
        *,
        internal: bool,
    ) -> Entry | Fetch:
        """Return the location that serves a file, or asks for it."""
        decided = [*refused]
        for attempt in route.attempts:
            if isinstance(attempt, FetchFrom):
                return self._fetch(route, attempt, match, refused, internal=internal)
            decided.extend(rules.files(attempt))
        owner = route.attempts[0].source
        return Entry(
            comment(f"{_who(route)}: files", _INDENT),
            match,
            (answered_by("none"), NO_CACHE),
            go(self.inner.absent(owner)) if route.private else _NO_FILE,
            tuple(decided),
            internal=internal,
        )

    def _guards_of(self, route: FileRoute) -> Iterator[Rule]:
        """Yield the guards; the `error_page` of a location that asks would catch what they return."""
        asks = any(isinstance(attempt, FetchFrom) for attempt in route.attempts)
        for rule in self.guards:
            refused = asks and rule.action.startswith("return 404")
            yield rule._replace(action=go(self.inner.refused())) if refused else rule

    def _fetch(
        self,
        route: FileRoute,
        attempt: FetchFrom,
        match: str,
        decided: tuple[Rule, ...],
        *,
        internal: bool,
    ) -> Fetch:
        source = attempt.source
        hosts = [
            one.url
            for route in self.plan.files
            for one in route.attempts
            if isinstance(one, FetchFrom) and one.source.name == source.name
        ]
        caching = TEN_MINUTES if source.role == "private" else FOREVER
        methods = (("405", "@rg_405"),) if self.guards and decided else ()
        errors = (*self.inner.final_errors(source), *methods)
        return Fetch(
            comment(f"{source.key} {source.name}: files from {attempt.url}", _INDENT),
            match,
            (answered_by(source.label), caching, *self.inner.kept),
            decided,
            # a file beside its page comes here by its public URL: NAME/FILE stands behind the mount then
            pattern(
                f"^{escaped(self.plan.mount if route.beside else route.prefix)}(?<rg_raw_path>[^?]+)"
            ),
            self.inner.ways.file(hosts.index(attempt.url), attempt, errors),
            internal=route.beside or internal,
        )

    def _legacy(self, rules: Rules) -> tuple[Location, ...]:
        """Return the locations of the legacy JSON; behind those of pages, which may lie below the same path."""
        if not self.plan.json:
            return ()
        return (
            legacy_entry(self.plan, rules, self.guards, self.inside),
            self._respell(Spelled(LEGACY, "/json", _LEGACY_WHY)),
        )

    def _respell(self, spelled: Spelled) -> Respell:
        at = escaped(self.inside + spelled.prefix)
        head, tail = "(?<rg_head>(?:[^/]*[A-Za-z0-9])?)", "(?<rg_tail>.*)"
        joined = "${rg_head}-$rg_tail"
        # the way in was one of nginx's 10 passes: two of a kind in each make up for it
        often = 2 if self.inside else 1
        end = spelled.end
        optional = f"{end}?" if end == "/" else end

        def rewrite(name: str, replacement: str) -> str:
            return self._rewrite(spelled.prefix, name, replacement)

        return Respell(
            comment(spelled.why, _INDENT),
            f"~ {pattern(f'^{at}[A-Za-z0-9._-]{{1,200}}{optional}$')}",
            (answered_by("none"), VARY, NO_CACHE),
            rules=(*self.guards, *_bounds(at)),
            letters=tuple(
                rewrite(f"(?<rg_head>[^/]*){letter}{tail}", f"${{rg_head}}{letter.lower()}$rg_tail")
                for letter in string.ascii_uppercase
                for _ in range(often)
            ),
            separators=tuple(
                rewrite(f"{head}{run}{tail}", joined)
                for run in ("[-._]*[._][-._]*", "--+")
                for _ in range(often)
            ),
            again=pattern(f"^{at}[^/]*(?:[A-Z._]|--)"),
            same=rewrite(f"(?<rg_tail>[A-Za-z0-9._-]+{optional})", "$rg_tail"),
            slashless=(rewrite("(?<rg_head>[a-z0-9-]+)", "$rg_head/"),) if end == "/" else (),
            canonical=pattern(f"^{at}(?<rg_name>{CANONICAL_NAME}){end}$"),
            location=f"{spelled.prefix}$rg_name{end}",
            internal=self._internal,
        )

    def _rewrite(self, prefix: str, name: str, replacement: str) -> str:
        """Return the arguments of a ``rewrite`` of the name, on two lines when they are too long for one."""
        find = pattern(f"^{escaped(self.inside + prefix)}{name}$")
        replaced = argument(f"{self.inside}{prefix}{replacement}")
        short = len(f"        rewrite {find} {replaced};") <= WIDTH
        return f"{find} {replaced}" if short else f"{find}\n{_INDENT * 3}{replaced}"

    @property
    def _mount(self) -> str:
        return escaped(f"{self.inside}{self.plan.mount}")

    @property
    def _internal(self) -> bool:
        return bool(self.inside)

    @property
    def _hashed(self) -> bool:
        """Tell whether a tree has a level for the first character of a name."""
        trees = [
            tree
            for step in self.plan.page
            if isinstance(step, OwnedBy | TryMirror)
            for tree in step.pages.directories
        ]
        return any(tree.hashed for tree in trees)

    @property
    def _name(self) -> str:
        """Return the capture of a canonical name."""
        if self._hashed:
            return "(?<rg_initial>[a-z0-9])(?<rg_rest>[a-z0-9]*(?:-[a-z0-9]+)*)"
        return f"(?<rg_name>{CANONICAL_NAME})"

    @property
    def _sets(self) -> tuple[str, ...]:
        """Return what puts a name together again that was captured in two parts."""
        return ("set $rg_name $rg_initial$rg_rest",) if self._hashed else ()


def _who(route: FileRoute) -> str:
    return ", then ".join(f"{step.source.key} {step.source.name}" for step in route.attempts)


def _bounds(mount: str) -> tuple[Rule, ...]:
    """Return the rules that refuse a spelling which would end in nginx's 500."""
    answer = refuse(404, "no project is spelled like this")
    words = ("# more than nginx can rewrite within its limit of 10 passes",)
    tests = (
        verbose_pattern((f"^{mount}", bound), "", _INDENT * 2, 15)
        for bound in (TOO_MANY_CAPITALS, TOO_MANY_SEPARATORS)
    )
    return tuple(Rule(words, f"$uri ~ {test}", answer) for test in tests)
