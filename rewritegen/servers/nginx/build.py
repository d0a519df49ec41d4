"""From the plan to the view: every decision about the nginx configuration is made here.

The steps of the plan become *rules* of one location, tested from top to bottom, as long as they look at this machine
only. An HTTP index ends a location (it is its content handler), and what it does not answer goes on at the next
location by ``error_page``: the *chain*. Facts about nginx that this relies on are written down as tests in
``tests/servers/test_nginx_facts.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from rewritegen.names import CANONICAL_NAME, TOO_MANY_CAPITALS, TOO_MANY_SEPARATORS
from rewritegen.plan import Plan
from rewritegen.servers.base import FINGERPRINT_PLACE
from rewritegen.servers.nginx.names import Names
from rewritegen.servers.nginx.quoting import argument, comment, pattern, sentence, value
from rewritegen.servers.nginx.upstreams import Upstreams
from rewritegen.servers.nginx.view import (
    Ask,
    Entry,
    Fetch,
    FileTree,
    Header,
    ListTree,
    Location,
    PageTree as PageLocation,
    Respell,
    Rule,
)
from rewritegen.steps import (
    AskPrivately,
    Available,
    FetchFrom,
    FileRoute,
    Listing,
    NotFound,
    OwnedBy,
    PageTree,
    ProjectDirectories,
    Reserved,
    SendTo,
    ServeFrom,
    Source,
    Step,
    TryMirror,
    TryProxy,
)

__all__ = ["Builder", "INNER"]

#: All locations that only nginx itself can reach begin with this; the grammar has nothing that does.
INNER = "/-/rg_"

VARY = Header("Vary", '"Accept, Accept-Encoding"')
NO_CACHE = Header("Cache-Control", "no-cache")
#: Without `always`, so that an error is not kept: a page or file that is there.
TEN_MINUTES = Header("Cache-Control", "max-age=600", "")
FOREVER = Header("Cache-Control", '"max-age=31536000, immutable"', "")

_PATH = r"[\w+][\w.+!~/-]*"
_FORMS = ("$rg_form", "$rg_second", "$rg_third")


def _answered_by(label: str) -> Header:
    return Header("X-Index-Source", label)


def _go(target: str) -> str:
    return f"rewrite ^ {target} last"


def _refuse(status: int, text: str) -> str:
    return f"return {status} {sentence(text)}"


@dataclass(slots=True)
class Builder:
    """Collects the locations of one site; :attr:`inner` grows while the entries are made."""

    plan: Plan
    names: Names
    upstreams: Upstreams
    gzip_static: bool
    script: bool
    """njs rewrites the links, not sub_filter."""
    guards: tuple[Rule, ...] = ()
    """Rules that every entry needs for itself, where the server is not ours."""
    inner: dict[str, Location] = field(default_factory=dict)
    """By what they match, in the order in which they are first needed."""

    # ---------------------------------------------------------------- entries

    def entries(self) -> list[tuple[str, Location]]:
        """Return the locations that clients reach, each with the public prefix that it is below."""
        mount = self.plan.mount
        return [
            ("/-/", self._meta("= /-/health", "ok", "for load balancers")),
            ("/-/", self._meta("= /-/rewritegen", FINGERPRINT_PLACE, "which configuration is running")),
            (mount, self._root_list()),
            (mount, self._pages()),
            (mount, self._beside()),
            *((route.prefix, self._files(route)) for route in self.plan.files),
            (mount, self._respell()),
        ]

    def _meta(self, match: str, body: str, why: str) -> Entry:
        headers = (_answered_by("none"), NO_CACHE)
        return Entry(comment(why, "    "), match, headers, f"return 200 {sentence(body)}", self.guards)

    def _root_list(self) -> Entry:
        root = self.plan.root_list
        rules: list[Rule] = []
        last = _refuse(404, "this index has no list of projects")
        if root.marker is not None:
            rules.append(self._available("the list", root.marker, "state" if root.source is None else root.source.key))
        if root.pages is not None:
            prefix = f"{INNER}root/"
            self._page_tree(prefix, root.pages, "none", NO_CACHE, "state", "the list of the private projects")
            pages = value(root.pages, "state")
            for form in _FORMS:
                file = f"index.{form}"
                rules.append(Rule((), f"-f {argument(f'{pages}/{file}')}", _go(prefix + file)))
            last = _refuse(404, "no list of the private projects has been written yet")
        elif root.listing is not None and root.source is not None:
            prefix = f"{INNER}list/{root.source.name}/"
            self._list_tree(prefix, ProjectDirectories(root.listing), root.source)
            last = _go(prefix)
        return Entry(
            comment("the list: private projects only, never an upstream's", "    "),
            f"= {self.plan.mount}",
            (_answered_by("none"), VARY, NO_CACHE),
            last,
            (*self.guards, *rules),
            self._forms(),
        )

    def _pages(self) -> Entry:
        """The page of a canonical name: the steps up to the first HTTP fallback."""
        rules, last = self._chain()
        return Entry(
            comment("the page of a project: the first rule that applies decides", "    "),
            f"~ {pattern(f'^{self._mount}{self._name_capture()}/$')}",
            (_answered_by("none"), VARY, NO_CACHE),
            last,
            (*self.guards, *rules),
            self._forms(),
        )

    def _beside(self) -> Entry:
        rules: list[Rule] = []
        for step in self.plan.page:
            rules.extend(self._beside_rules(step))
        capture = f"{self._name_capture()}/(?<rg_file>[\\w+][\\w.+!~-]*)"
        return Entry(
            comment("a file beside the page: the same owner as the page, and never fetched", "    "),
            f"~ {pattern(f'^{self._mount}{capture}$')}",
            (_answered_by("none"), NO_CACHE),
            _refuse(404, "no such file"),
            (*self.guards, *rules),
            self._forms(),
        )

    def _files(self, route: FileRoute) -> Entry | Fetch:
        rules: list[Rule] = []
        if route.refused:
            why = comment("claims: no file of a claimed project comes from a public source", "        ")
            words = tuple(line.strip() for line in why)
            rules.append(Rule(words, self.names.refused(route.refused), _go(self._refused())))
        match = f"~ {pattern(f'^{_escaped(route.prefix)}(?<rg_path>{_PATH})$')}"
        for attempt in route.attempts:
            if isinstance(attempt, FetchFrom):
                return self._fetch(route, attempt, match, rules)
            rules.extend(self._serve(attempt))
        owner = route.attempts[0].source
        last = _go(self._absent(owner)) if route.private else _refuse(404, "no such file")
        who = ", then ".join(f"{attempt.source.key} {attempt.source.name}" for attempt in route.attempts)
        return Entry(
            comment(f"{who}: files", "    "),
            match,
            (_answered_by("none"), NO_CACHE),
            last,
            (*self.guards, *rules),
        )

    def _serve(self, attempt: ServeFrom) -> Iterator[Rule]:
        source = attempt.source
        if attempt.marker is not None:
            yield self._available(source.label, attempt.marker, source.key)
        for number, root in enumerate(attempt.roots):
            prefix = _numbered(f"{INNER}file/{source.name}", self._number("file", source, root, number))
            self._file_tree(prefix, root, source)
            yield Rule((), f"-f {argument(f'{value(root, source.key)}/$rg_path')}", _go(f"{prefix}$rg_path"))

    def _fetch(self, route: FileRoute, attempt: FetchFrom, match: str, rules: list[Rule]) -> Fetch:
        source = attempt.source
        errors = ((404, self._absent(source)), (None, self._down(source)))
        return Fetch(
            comment(f"{source.key} {source.name}: files from {attempt.url}", "    "),
            match,
            (_answered_by(source.label), FOREVER),
            (*self.guards, *rules),
            pattern(f"^{_escaped(route.prefix)}(?<rg_raw_path>[^?]+)"),
            self.upstreams.request(source, attempt.url, "$rg_raw_path", errors, file=True),
            self.names.variable("range"),
            self.names.variable("ifrange"),
        )

    def _respell(self) -> Respell:
        head = "[^/]*"
        mount = self._mount
        ends_with_letter = "(?<rg_head>(?:[^/]*[A-Za-z0-9])?)"
        replaced = argument(f"{self.plan.mount}${{rg_head}}-$rg_tail")
        too_many = tuple(
            Rule(text, f"$uri ~ {pattern(regex)}", _refuse(404, "nobody spells a project like this"))
            for text, regex in (
                (("# more than nginx can rewrite within its limit of 10 passes",), TOO_MANY_CAPITALS),
                ((), TOO_MANY_SEPARATORS),
            )
        )
        return Respell(
            comment(
                "another spelling, or the slash is missing: 301 to the canonical URL; never forwarded, so no other "
                "spelling of a private name can leak",
                "    ",
            ),
            f"~ {pattern(f'^{mount}[A-Za-z0-9._-]{{1,200}}/?$')}",
            (_answered_by("none"), VARY, NO_CACHE),
            mount,
            (*self.guards, *too_many),
            tuple(
                (letter, argument(f"{self.plan.mount}${{rg_head}}{letter.lower()}$rg_tail"))
                for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
            ),
            pattern(f"^{mount}{ends_with_letter}[-._]*[._][-._]*(?<rg_tail>.*)$"),
            pattern(f"^{mount}{ends_with_letter}--+(?<rg_tail>.*)$"),
            replaced,
            pattern(f"^{mount}{head}(?:[A-Z._]|--)"),
            f"{pattern(f'^{mount}(?<rg_head>[a-z0-9-]+)$')} {argument(f'{self.plan.mount}$rg_head/')}",
            pattern(f"^{mount}{CANONICAL_NAME}/$"),
        )

    # ---------------------------------------------------------------- the chain of a page

    def _chain(self) -> tuple[list[Rule], str]:
        """Return the rules of the first location of the chain and its end; make the others."""
        places = _places(self.plan.page)
        following = [self._place_of(place) for place in places[1:]]
        first = places[0]
        rules = [rule for step in first.before for rule in self._page_rules(step)]
        for place, here, target in zip(places[1:], following, [*following, ""][1:], strict=True):
            self._station(place, here, target)
        if isinstance(first.end, NotFound):
            return rules, _refuse(404, "no source has this project")
        return rules, _go(following[0])

    def _place_of(self, place: _Place) -> str:
        word = {TryProxy: "ask", SendTo: "send", NotFound: "nobody"}[type(place.end)]
        name = f"{place.end.source.name}/" if isinstance(place.end, TryProxy | SendTo) else ""
        return f"{INNER}{word}/{name}$rg_name/"

    def _station(self, place: _Place, here: str, target: str) -> None:
        rules = tuple(rule for step in place.before for rule in self._page_rules(step))
        match = f"^~ {here.removesuffix('$rg_name/')}"
        end = place.end
        if isinstance(end, TryProxy):
            self._ask(end, match, rules, ((0, target),))
        elif isinstance(end, SendTo):
            headers = (_answered_by(end.source.label), VARY, NO_CACHE)
            words = comment(f"{end.source.key} {end.source.name}: the client asks there itself", "    ")
            url = argument(f"{value(end.url, end.source.key)}$rg_name/")
            self.inner[match] = Entry(words, match, headers, f"return 302 {url}", rules, (), internal=True)
        else:
            self._nobody(match, rules)

    def _nobody(self, match: str, rules: tuple[Rule, ...]) -> None:
        """Everybody was asked. nginx keeps the statuses of all upstreams of a request, so nothing has to be noted."""
        unsure = Rule(
            ("# one of them said something else than 404: nobody knows", ),
            f"$upstream_status !~ {pattern('^(?:404(?:(?:, | : )404)*)?$')}",
            _refuse(502, "no source could say whether this project exists; try again"),
        )
        headers = (_answered_by("none"), VARY, NO_CACHE)
        last = _refuse(404, "no source has this project")
        words = comment("no fallback has the project", "    ")
        self.inner[match] = Entry(words, match, headers, last, (*rules, unsure), (), internal=True)

    def _ask(
        self,
        step: TryProxy | AskPrivately,
        match: str,
        rules: tuple[Rule, ...],
        errors: tuple[tuple[int | None, str], ...],
    ) -> None:
        source = step.source
        words = comment(f"{source.key} {source.name}: {step.upstream.url}", "    ")
        caching = NO_CACHE if source.role == "private" else TEN_MINUTES
        links = tuple(
            (argument(value(rule.find, source.key)), argument(value(rule.replace, source.key)))
            for rule in step.upstream.links
        )
        self.inner[match] = Ask(
            words,
            match,
            (_answered_by(source.label), VARY, caching),
            rules,
            self.upstreams.request(source, step.upstream.url, "$rg_name/", errors, file=False),
            self.names.variable("accept") + self.names.variable("others"),
            () if self.script else links,
            script_function(source) if self.script and links else "",
        )

    def _page_rules(self, step: Step) -> Iterator[Rule]:
        """Return the rules of a step that looks at this machine only."""
        if isinstance(step, Available):
            source = step.source
            what, key = ("the state of this index", "state") if source is None else (source.label, source.key)
            yield self._available(what, step.marker, key)
        elif isinstance(step, OwnedBy):
            yield from _headed(step.source, "has the project", self._owned_rules(step))
        elif isinstance(step, AskPrivately):
            yield self._asked_rule(step, f"{INNER}ask/{step.source.name}/$rg_name/")
            errors = ((404, self._absent(step.source)), (None, self._down(step.source)))
            self._ask(step, f"^~ {INNER}ask/{step.source.name}/", (), errors)
        elif isinstance(step, Reserved):
            yield from self._reserved_rules(step)
        elif isinstance(step, TryMirror):
            caching = TEN_MINUTES
            yield from _headed(step.source, "has the page", self._page_files(step.source, step.pages, caching))

    def _asked_rule(self, step: AskPrivately, target: str) -> Rule:
        words = (f"# {step.source.key} {step.source.name}: its claims, and its answer is final",)
        return Rule(words, self.names.claimed(step.claims, step.source.name), _go(target))

    def _available(self, what: str, marker: str, key: str) -> Rule:
        words = (f"# {key}: not mounted or not readable; nothing is forwarded on a guess",)
        return Rule(words, f"!-f {argument(value(marker, key))}", _refuse(503, f"{what} is not available now; try again"))

    def _owned_rules(self, step: OwnedBy) -> Iterator[Rule]:
        if isinstance(step.pages, Listing):
            for number, tree in enumerate(step.pages.directories):
                prefix = _numbered(f"{INNER}list/{step.source.name}", number)
                self._list_tree(prefix, tree, step.source)
                yield Rule((), self._is("-d", tree, "", step.source), _go(f"{prefix}{_project(tree)}/"))
            return
        yield from self._page_files(step.source, step.pages, NO_CACHE)
        for tree in step.presence:
            yield Rule((), self._is("-d", tree, "", step.source), _go(self._absent(step.source)))

    def _page_files(self, source: Source, pages: PageTree, caching: Header) -> Iterator[Rule]:
        for number, tree in enumerate(pages.directories):
            prefix = _numbered(f"{INNER}page/{source.name}", number)
            self._page_tree(prefix, tree.root, source.label, caching, source.key, f"{source.key} {source.name}: pages")
            for form in _FORMS:
                file = f"/index.{form}"
                yield Rule((), self._is("-f", tree, file, source), _go(f"{prefix}{_project(tree)}{file}"))

    def _reserved_rules(self, step: Reserved) -> Iterator[Rule]:
        missing = _refuse(404, "this name is private, and no such project is here")
        words: tuple[str, ...] = ("# claims: ours, also when it is not here",)
        if step.claims:
            yield Rule(words, self.names.claimed(step.claims), missing)
            words = ()
        if step.scanned is not None:
            scanned = argument(f"{value(step.scanned, 'state')}/$rg_name")
            yield Rule(("# state: every name that was ever here is ours",), f"-f {scanned}", missing)

    def _beside_rules(self, step: Step) -> Iterator[Rule]:
        if isinstance(step, Available | Reserved):
            yield from self._page_rules(step)
        elif isinstance(step, OwnedBy):
            yield from _headed(step.source, "has the project", self._owned_beside(step))
        elif isinstance(step, AskPrivately):
            yield self._asked_rule(step, self._absent(step.source))
        elif isinstance(step, TryMirror):
            gone = _go(self._absent(step.source)) if step.pages.beside else _refuse(404, "no such file")
            rules = [*self._files_beside(step.source, step.pages)] if step.pages.beside else []
            rules += [
                Rule((), self._is("-d", tree, "", step.source), gone) for tree in step.pages.directories
            ]
            yield from _headed(step.source, "has the project", iter(rules))

    def _owned_beside(self, step: OwnedBy) -> Iterator[Rule]:
        if isinstance(step.pages, Listing) or step.pages.beside:
            yield from self._files_beside(step.source, step.pages)
        else:
            for tree in step.pages.directories:
                for form in _FORMS:
                    yield Rule(
                        (), self._is("-f", tree, f"/index.{form}", step.source), _go(self._absent(step.source))
                    )
        for tree in step.presence:
            yield Rule((), self._is("-d", tree, "", step.source), _go(self._absent(step.source)))

    def _files_beside(self, source: Source, pages: PageTree | Listing) -> Iterator[Rule]:
        for number, tree in enumerate(pages.directories):
            prefix = _numbered(f"{INNER}beside/{source.name}", number)
            self._file_tree(prefix, tree.root, source)
            yield Rule(
                (), self._is("-f", tree, "/$rg_file", source), _go(f"{prefix}{_project(tree)}/$rg_file")
            )

    # ---------------------------------------------------------------- inner locations

    def _page_tree(self, prefix: str, root: str, label: str, caching: Header, key: str, why: str) -> None:
        match = f"^~ {prefix}"
        alias = argument(f"{value(root, key)}/")
        headers = (_answered_by(label), VARY, caching)
        self.inner[match] = PageLocation(comment(why, "    "), match, headers, alias, self.gzip_static)

    def _list_tree(self, prefix: str, tree: ProjectDirectories, source: Source) -> None:
        match = f"^~ {prefix}"
        alias = argument(f"{value(tree.root, source.key)}/")
        words = comment(f"{source.key} {source.name}: nginx's own listing", "    ")
        self.inner[match] = ListTree(words, match, (_answered_by(source.label), VARY, NO_CACHE), alias)

    def _file_tree(self, prefix: str, root: str, source: Source) -> None:
        match = f"^~ {prefix}"
        caching = TEN_MINUTES if source.role == "private" else FOREVER
        alias = argument(f"{value(root, source.key)}/")
        words = comment(f"{source.key} {source.name}: files in {root}", "    ")
        self.inner[match] = FileTree(words, match, (_answered_by(source.label), caching), alias)

    def _absent(self, source: Source) -> str:
        """Return where a request ends whose owner is known, but has no such thing."""
        path = f"{INNER}absent/{source.name}"
        text = f"{source.label} does not have this"
        self._final(path, source, _refuse(404, text), "is who to ask, and does not have it")
        return path

    def _refused(self) -> str:
        """Return where a request for a file of a claimed project ends that asked a public source."""
        match = f"= {INNER}refused"
        words = comment("a file of a claimed project is not fetched from a public source", "    ")
        headers = (_answered_by("none"), NO_CACHE)
        self.inner[match] = Entry(words, match, headers, _refuse(404, "no such file"), (), (), internal=True)
        return f"{INNER}refused"

    def _down(self, source: Source) -> str:
        path = f"{INNER}down/{source.name}"
        self._final(path, source, _refuse(502, f"{source.label} does not answer; try again"), "does not answer")
        return path

    def _final(self, path: str, source: Source, last: str, why: str) -> None:
        match = f"= {path}"
        headers = (_answered_by(source.label), VARY, NO_CACHE)
        words = comment(f"{source.key} {source.name} {why}", "    ")
        self.inner[match] = Entry(words, match, headers, last, (), (), internal=True)

    # ---------------------------------------------------------------- words

    @property
    def _mount(self) -> str:
        return _escaped(self.plan.mount)

    def _name_capture(self) -> str:
        """Return the capture of a canonical name, with its first character where a tree has a level for it."""
        trees = [
            tree
            for step in self.plan.page
            if isinstance(step, OwnedBy | TryMirror)
            for tree in (*step.pages.directories, *(step.presence if isinstance(step, OwnedBy) else ()))
        ]
        initial = "(?=(?<rg_initial>[a-z0-9]))" if any(tree.hashed for tree in trees) else ""
        return f"{initial}(?<rg_name>{CANONICAL_NAME})"

    def _forms(self) -> tuple[str, ...]:
        """Return the assignments that make the rules below them short."""
        words = ("form", "second", "third")
        return tuple(f"set {form} {self.names.variable(word)}" for form, word in zip(_FORMS, words, strict=True))

    def _is(self, test: str, tree: ProjectDirectories, file: str, source: Source) -> str:
        return f"{test} {argument(f'{value(tree.root, source.key)}/{_project(tree)}{file}')}"

    def _number(self, word: str, source: Source, root: str, number: int) -> int:
        """Return a number that no other directory of the source has under this word."""
        while True:
            match = f"^~ {_numbered(f'{INNER}{word}/{source.name}', number)}"
            taken = self.inner.get(match)
            if not isinstance(taken, FileTree) or taken.alias == argument(f"{value(root, source.key)}/"):
                return number
            number += 1


@dataclass(frozen=True, slots=True)
class _Place:
    """One location of the chain: local steps, then what ends it."""

    before: tuple[Step, ...]
    end: TryProxy | SendTo | NotFound


def _places(steps: tuple[Step, ...]) -> list[_Place]:
    """Cut the steps into locations; the first ends with NotFound when nothing but this machine is asked."""
    places: list[_Place] = []
    before: list[Step] = []
    for step in steps:
        if not isinstance(step, TryProxy | SendTo | NotFound):
            before.append(step)
            continue
        places.append(_Place(tuple(before), step))
        before = []
        if isinstance(step, SendTo | NotFound):
            break
    if not isinstance(places[0].end, NotFound):
        # what comes before the first HTTP source is decided where the request comes in
        places = [places[0], _Place((), places[0].end), *places[1:]]
    return places


def chain_length(plan: Plan) -> int:
    """Return the greatest number of internal jumps that one request for a page makes."""
    places = _places(plan.page)
    return len(places) - 1 + (1 if len(places) == 1 or places[-1].before else 0)


def script_function(source: Source) -> str:
    """Return the name of the njs function that rewrites the links of a source."""
    return f"from_{source.name.replace('-', '_')}"


def _headed(source: Source, why: str, rules: Iterator[Rule]) -> Iterator[Rule]:
    """Put a comment above the first of some rules."""
    words: tuple[str, ...] = (f"# {source.key} {source.name} {why}",)
    for rule in rules:
        yield Rule(words, rule.condition, rule.action)
        words = ()


def _numbered(path: str, number: int) -> str:
    return f"{path}/" if number == 0 else f"{path}~{number + 1}/"


def _project(tree: ProjectDirectories) -> str:
    return "$rg_initial/$rg_name" if tree.hashed else "$rg_name"


def _escaped(path: str) -> str:
    return path.replace(".", r"\.").replace("+", r"\+")
