"""The model: a plan and a request in, the decision and its trace out.

It is the third interpreter of the plan, beside the two servers, and the oracle of the tests. It looks at the world
(files, upstreams) through :class:`rewritegen.world.World` only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from typing_extensions import assert_never

from rewritegen.auth import describe_auth
from rewritegen.decision import Decision, Request, Rule, TraceLine
from rewritegen.grammar import ARCHIVE_SUFFIX
from rewritegen.names import NormalizedName, is_redirectable, parse_name, path_belongs_to
from rewritegen.plan import METHODS, Plan
from rewritegen.representations import HTML, Representation, negotiate
from rewritegen.routes import describe, describe_files, key_of
from rewritegen.stems import file_stems
from rewritegen.steps import (
    AskPrivately,
    Available,
    FetchFrom,
    FileRoute,
    Listing,
    NotFound,
    OwnedBy,
    PageTree,
    Reserved,
    RootList,
    Scanned,
    SendTo,
    Step,
    TryMirror,
    TryProxy,
    Upstream,
)
from rewritegen.world import Noted, World

__all__ = ["Decision", "Request", "TraceLine", "decide"]


def decide(plan: Plan, request: Request, world: World) -> Decision:
    """Decide one request."""
    return _Interpreter(plan, request, world).decide()


#: What an upstream may say and be believed; everything else is "don't know".
_ANSWERS = frozenset({200, 206, 304, 404, 416})


class _Interpreter:
    def __init__(self, plan: Plan, request: Request, world: World) -> None:
        self.plan = plan
        self.world = Noted(world)
        self.method = request.method
        self.target = request.target.partition("?")[0]
        self.admitted = request.admitted
        self.form = negotiate(request.headers.get("accept", ""))
        self.trace: list[TraceLine] = []
        self.forwarded: list[str] = []
        self.unsure = False

    def decide(self) -> Decision:
        if self.method not in METHODS:
            return self._end(405, rule=Rule("not GET or HEAD", part="methods"))
        grammar = self.plan.grammar
        if self.target in grammar.meta:
            return self._end(200, rule=Rule("about the site itself", part="meta"))
        if (refused := self._stranger()) is not None:
            return refused
        if self._fits(grammar.root):
            return self._root_list()
        if self._fits(grammar.page):
            return self._page()
        if self._fits(grammar.beside):
            name, _, file = self.target.removeprefix(self.plan.mount).partition("/")
            return self._walk(parse_name(name), _decoded(file))
        for pattern, route in zip(grammar.files, self.plan.public_files, strict=True):
            if self._fits(pattern):
                return self._file(route, self.target.removeprefix(route.prefix))
        return self._end(404, rule=Rule("outside the grammar"))

    def _stranger(self) -> Decision | None:
        """Refuse who may not read, before anything says what is here."""
        auth = self.plan.auth
        if auth is None:
            return None
        if not any(self._fits(pattern) for pattern in self.plan.grammar.targets):
            return self._end(404, rule=Rule("outside the grammar"))
        rule = Rule(describe_auth(auth), "auth", "auth")
        if not self.admitted:
            return self._end(auth.status, rule=rule)
        self._note(rule)
        return None

    def _fits(self, pattern: str) -> bool:
        return re.fullmatch(pattern, self.target) is not None

    def _note(self, rule: Rule, *, decided: bool = False) -> None:
        looks = self.world.taken()
        self.trace.append(TraceLine(rule.key, rule.words, decided, rule.part, looks))

    def _end(
        self,
        status: int,
        source: str = "none",
        *,
        rule: Rule,
        location: str | None = None,
        representation: Representation | None = None,
        path: str | None = None,
    ) -> Decision:
        self._note(rule, decided=True)
        return Decision(
            status,
            source,
            location,
            representation,
            path,
            tuple(self.forwarded),
            tuple(self.trace),
        )

    # ---------------------------------------------------------------- pages

    def _root_list(self) -> Decision:
        root = self.plan.root_list
        rule = Rule("the list of the private projects", _list_key(root), "list")
        if root.marker is not None and not self.world.is_file(root.marker):
            return self._end(503, rule=rule._replace(words="the marker of the list is not there"))
        source = root.source.label if root.source else "none"
        if root.pages is not None:
            return self._page_in(root.pages, rule) or self._end(
                404, rule=rule._replace(words="no list has been written")
            )
        if root.listing is not None:
            return self._end(200, source, representation=HTML, path=root.listing, rule=rule)
        return self._end(404, rule=rule._replace(words="no list without state"))

    def _page(self) -> Decision:
        raw = self.target.removeprefix(self.plan.mount)
        name = parse_name(raw.rstrip("/"))
        if raw == f"{name}/":
            return self._walk(name, None)
        if not is_redirectable(raw):
            words = "more capitals or separators than a server can rewrite"
            return self._end(404, rule=Rule(words, part="spelling"))
        location = f"{self.plan.mount}{name}/"
        return self._end(
            301, location=location, rule=Rule("not the canonical URL", part="spelling")
        )

    def _walk(self, name: NormalizedName, file: str | None) -> Decision:
        """Take a page (``file`` None) or a file beside it through the steps; the first decision stands."""
        for step in self.plan.page:
            if (decision := self._step(step, name, file)) is not None:
                return decision
            self._note(_rule(step))
        raise AssertionError("a plan ends with NotFound")

    def _step(self, step: Step, name: NormalizedName, file: str | None) -> Decision | None:
        decided = _rule(step)
        match step:
            case Available():
                return None if self.world.is_file(step.marker) else self._end(503, rule=decided)
            case OwnedBy():
                return self._owned(step, name, file)
            case AskPrivately():
                if not step.claims.covers(name):
                    return None
                return self._private_answer(step, name, file)
            case Reserved():
                return self._end(404, rule=decided) if self._is_reserved(step, name) else None
            case TryMirror():
                return self._mirror(step, name, file)
            case TryProxy():
                if file is None:
                    return self._proxy(step, name)
                return self._proxied_beside(step.upstream, name)
            case SendTo():
                if file is not None:
                    return None
                return self._end(
                    302, step.source.label, location=f"{step.url}{name}/", rule=decided
                )
            case NotFound():
                return self._end(502 if self.unsure else 404, rule=decided)
            case _:
                assert_never(step)

    def _owned(self, step: OwnedBy, name: NormalizedName, file: str | None) -> Decision | None:
        label = step.source.label
        directories = [tree.of(name) for tree in step.pages.directories]
        present = [tree.of(name) for tree in step.presence]
        page = self._first_page(directories) if isinstance(step.pages, PageTree) else None
        if page is None and not any(self._is_there(directory) for directory in present):
            return None
        decided = _rule(step)
        if file is not None:
            beside = isinstance(step.pages, Listing) or step.pages.beside
            return self._beside(directories if beside else [], file, label, rule=decided)
        if page is not None:
            return self._end(200, label, representation=page[0], path=page[1], rule=decided)
        if isinstance(step.pages, Listing):
            for directory in filter(self.world.is_directory, directories):
                return self._end(200, label, representation=HTML, path=directory, rule=decided)
        return self._end(404, label, rule=decided)

    def _mirror(self, step: TryMirror, name: NormalizedName, file: str | None) -> Decision | None:
        label = step.source.label
        directories = [tree.of(name) for tree in step.pages.directories]
        decided = _rule(step)
        if file is None:
            page = self._first_page(directories)
            if page is None:
                return None
            return self._end(200, label, representation=page[0], path=page[1], rule=decided)
        if not any(map(self.world.is_directory, directories)):
            return None
        if step.pages.beside:
            return self._beside(directories, file, label, rule=decided)
        return self._end(404, rule=decided)

    def _beside(self, directories: list[str], file: str, label: str, *, rule: Rule) -> Decision:
        for directory in directories:
            if self.world.is_file(f"{directory}/{file}"):
                return self._end(200, label, path=f"{directory}/{file}", rule=rule)
        return self._end(404, label, rule=rule)

    def _proxy(self, step: TryProxy, name: NormalizedName) -> Decision | None:
        status = self._ask(step.upstream.page(name), self.form)
        if status == 200:
            return self._end(
                200,
                step.source.label,
                rule=_rule(step),
                representation=self.form,
            )
        self.unsure = self.unsure or status != 404
        return None

    def _proxied_beside(self, upstream: Upstream, name: NormalizedName) -> Decision | None:
        """Ask for a file that lies beside its page there; its name is passed on as it came in."""
        file = self.target.removeprefix(f"{self.plan.mount}{name}/")
        if not upstream.beside or re.search(f"{ARCHIVE_SUFFIX}$", file) is None:
            return None
        route = next(route for route in self.plan.files if route.prefix == upstream.beside)
        return self._file(route, f"{name}/{file}")

    def _private_answer(
        self, step: AskPrivately, name: NormalizedName, file: str | None
    ) -> Decision:
        if file is not None:
            found = self._proxied_beside(step.upstream, name)
            return found or self._end(404, step.source.label, rule=_rule(step))
        status = self._ask(step.upstream.page(name), self.form)
        form = self.form if status == 200 else None
        return self._end(
            status if status in {200, 404} else 502,
            step.source.label,
            rule=_rule(step),
            representation=form,
        )

    def _ask(self, url: str, form: Representation | None) -> int:
        """Return what comes of asking an upstream: a fresh copy spares it, a stale one stands in for it."""
        kept = self.world.kept(url, form) if self.plan.copies else ""
        if kept == "fresh":
            return 200
        status = 502
        if not self.plan.offline:
            self.forwarded.append(url)
            status = self.world.ask(url, form)
        return 200 if kept and status not in _ANSWERS else status

    def _is_reserved(self, step: Reserved, name: NormalizedName) -> bool:
        if step.scanned is not None and self.world.is_file(f"{step.scanned}/{name}"):
            return True
        return step.claims.covers(name)

    def _is_there(self, directory: str) -> bool:
        return self.world.is_directory(directory) or self.world.is_link(directory)

    def _first_page(self, directories: list[str]) -> tuple[Representation, str] | None:
        for directory in directories:
            for form in self.form.tried:
                path = f"{directory}/index.{form.suffix}"
                if self.world.is_file(path):
                    return form, path
        return None

    def _page_in(self, directory: str, rule: Rule) -> Decision | None:
        page = self._first_page([directory])
        if page is None:
            return None
        return self._end(200, representation=page[0], path=page[1], rule=rule)

    # ---------------------------------------------------------------- files

    def _file(self, route: FileRoute, raw: str) -> Decision:
        path = _decoded(raw)
        rule = Rule(describe_files(route), route.attempts[0].source.key, route)
        if route.scanned and not self.world.is_file(route.scanned.marker):
            return self._end(503, rule=rule._replace(key="state"))
        if path_belongs_to(path, route.refused) or self._was_scanned(path, route.scanned):
            return self._end(404, rule=rule)
        for attempt in route.attempts:
            if isinstance(attempt, FetchFrom):
                status = self._ask(attempt.at(raw), None)
                status = status if status in _ANSWERS else 502
                return self._end(status, attempt.source.label, rule=rule)
            if attempt.marker is not None and not self.world.is_file(attempt.marker):
                return self._end(503, rule=rule._replace(key=attempt.source.key))
            for file in self._candidates(attempt.roots, path):
                return self._end(200, attempt.source.label, rule=rule, path=file)
        source = route.attempts[0].source.label if route.private else "none"
        return self._end(404, source, rule=rule)

    def _was_scanned(self, path: str, scanned: Scanned | None) -> bool:
        """Tell whether a part of a path may belong to a scanned name; what nobody can tell does."""
        stems = file_stems(path) if scanned else ()
        return stems is None or any(
            scanned and self.world.is_file(f"{scanned.directory}/{stem}") for stem in stems
        )

    def _candidates(self, roots: tuple[str, ...], path: str) -> Iterator[str]:
        return (f"{root}/{path}" for root in roots if self.world.is_file(f"{root}/{path}"))


def _rule(step: Step) -> Rule:
    return Rule(describe(step), key_of(step), step)


def _list_key(root: RootList) -> str:
    return root.source.key if root.source else "state"


def _decoded(path: str) -> str:
    """Decode the two escapes that the grammar lets through."""
    return path.replace("%2B", "+").replace("%2b", "+").replace("%21", "!")
