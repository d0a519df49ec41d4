"""The model of pages: the list, the page of a project, and what lies beside it, through the steps of the plan."""

from __future__ import annotations

from typing_extensions import assert_never

from rewritegen.decide_files import Files
from rewritegen.decision import Decision, Rule
from rewritegen.inquiry import Inquiry, rule_of
from rewritegen.names import NormalizedName, is_redirectable, parse_name
from rewritegen.representations import HTML
from rewritegen.steps import (
    AskPrivately,
    Available,
    Listing,
    NotFound,
    OwnedBy,
    PageTree,
    Reserved,
    RootList,
    SendTo,
    Step,
    TryMirror,
    TryProxy,
)

__all__ = ["Pages"]


class Pages:
    """Decides the pages that a request asks for."""

    def __init__(self, inquiry: Inquiry, files: Files) -> None:
        self.inquiry = inquiry
        self.files = files
        self.unsure = False

    def root_list(self) -> Decision:
        """Decide the list of the private projects."""
        root = self.inquiry.plan.root_list
        rule = Rule("the list of the private projects", _list_key(root), "list")
        if root.marker is not None and not self.inquiry.world.is_file(root.marker):
            return self.inquiry.end(
                503, rule=rule._replace(words="the marker of the list is not there")
            )
        source = root.source.label if root.source else "none"
        if root.pages is not None:
            return self._page_in(root.pages, rule) or self.inquiry.end(
                404, rule=rule._replace(words="no list has been written")
            )
        if root.listing is not None:
            return self.inquiry.end(200, source, representation=HTML, path=root.listing, rule=rule)
        return self.inquiry.end(404, rule=rule._replace(words="no list without state"))

    def page(self) -> Decision:
        """Decide the page of a project, in whatever spelling it is asked for."""
        raw = self.inquiry.target.removeprefix(self.inquiry.plan.mount)
        name = parse_name(raw.rstrip("/"))
        if raw == f"{name}/":
            return self.walk(name, None)
        if not is_redirectable(raw):
            words = "more capitals or separators than a server can rewrite"
            return self.inquiry.end(404, rule=Rule(words, part="spelling"))
        location = f"{self.inquiry.plan.mount}{name}/"
        return self.inquiry.end(
            301, location=location, rule=Rule("not the canonical URL", part="spelling")
        )

    def walk(self, name: NormalizedName, file: str | None) -> Decision:
        """Take a page (``file`` None) or a file beside it through the steps; the first decision stands."""
        for step in self.inquiry.plan.page:
            if (decision := self._step(step, name, file)) is not None:
                return decision
            self.inquiry.note(rule_of(step))
        raise AssertionError("a plan ends with NotFound")

    def _step(self, step: Step, name: NormalizedName, file: str | None) -> Decision | None:
        decided = rule_of(step)
        match step:
            case Available():
                return (
                    None
                    if self.inquiry.world.is_file(step.marker)
                    else self.inquiry.end(503, rule=decided)
                )
            case OwnedBy():
                return self._owned(step, name, file)
            case AskPrivately():
                if not step.claims.covers(name):
                    return None
                return self._private_answer(step, name, file)
            case Reserved():
                return (
                    self.inquiry.end(404, rule=decided) if self._is_reserved(step, name) else None
                )
            case TryMirror():
                return self._mirror(step, name, file)
            case TryProxy():
                if file is None:
                    return self._proxy(step, name)
                return self.files.proxied_beside(step.upstream, name)
            case SendTo():
                if file is not None:
                    return None
                return self.inquiry.end(
                    302, step.source.label, location=f"{step.url}{name}/", rule=decided
                )
            case NotFound():
                return self.inquiry.end(502 if self.unsure else 404, rule=decided)
            case _:
                assert_never(step)

    def _owned(self, step: OwnedBy, name: NormalizedName, file: str | None) -> Decision | None:
        label = step.source.label
        directories = [tree.of(name) for tree in step.pages.directories]
        present = [tree.of(name) for tree in step.presence]
        page = self.inquiry.first_page(directories) if isinstance(step.pages, PageTree) else None
        if page is None and not any(self.inquiry.is_there(directory) for directory in present):
            return None
        decided = rule_of(step)
        if file is not None:
            beside = isinstance(step.pages, Listing) or step.pages.beside
            return self._beside(directories if beside else [], file, label, rule=decided)
        if page is not None:
            return self.inquiry.end(200, label, representation=page[0], path=page[1], rule=decided)
        if isinstance(step.pages, Listing):
            for directory in filter(self.inquiry.world.is_directory, directories):
                if not self.inquiry.world.has_files(directory):
                    break
                return self.inquiry.end(
                    200, label, representation=HTML, path=directory, rule=decided
                )
        return self.inquiry.end(404, label, rule=decided)

    def _mirror(self, step: TryMirror, name: NormalizedName, file: str | None) -> Decision | None:
        label = step.source.label
        directories = [tree.of(name) for tree in step.pages.directories]
        decided = rule_of(step)
        if file is None:
            page = self.inquiry.first_page(directories)
            if page is None:
                return None
            return self.inquiry.end(200, label, representation=page[0], path=page[1], rule=decided)
        if not any(map(self.inquiry.world.is_directory, directories)):
            return None
        if step.pages.beside:
            return self._beside(directories, file, label, rule=decided)
        return self.inquiry.end(404, rule=decided)

    def _beside(self, directories: list[str], file: str, label: str, *, rule: Rule) -> Decision:
        for directory in directories:
            if self.inquiry.world.is_file(f"{directory}/{file}"):
                return self.inquiry.end(200, label, path=f"{directory}/{file}", rule=rule)
        return self.inquiry.end(404, label, rule=rule)

    def _proxy(self, step: TryProxy, name: NormalizedName) -> Decision | None:
        status = self.inquiry.ask(step.upstream.page(name), self.inquiry.form)
        if status == 200:
            return self.inquiry.end(
                200,
                step.source.label,
                rule=rule_of(step),
                representation=self.inquiry.form,
            )
        self.unsure = self.unsure or status != 404
        return None

    def _private_answer(
        self, step: AskPrivately, name: NormalizedName, file: str | None
    ) -> Decision:
        if file is not None:
            found = self.files.proxied_beside(step.upstream, name)
            return found or self.inquiry.end(404, step.source.label, rule=rule_of(step))
        status = self.inquiry.ask(step.upstream.page(name), self.inquiry.form)
        form = self.inquiry.form if status == 200 else None
        return self.inquiry.end(
            status if status in {200, 404} else 502,
            step.source.label,
            rule=rule_of(step),
            representation=form,
        )

    def _is_reserved(self, step: Reserved, name: NormalizedName) -> bool:
        if step.scanned is not None and self.inquiry.world.is_file(f"{step.scanned}/{name}"):
            return True
        return step.claims.covers(name)

    def _page_in(self, directory: str, rule: Rule) -> Decision | None:
        page = self.inquiry.first_page([directory])
        if page is None:
            return None
        return self.inquiry.end(200, representation=page[0], path=page[1], rule=rule)


def _list_key(root: RootList) -> str:
    return root.source.key if root.source else "state"
