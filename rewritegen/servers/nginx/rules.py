"""The steps of the plan that look at this machine only, as rules of one location, tested from top to bottom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rewritegen.grammar import ARCHIVE_SUFFIX
from rewritegen.servers.nginx.inner import Inner
from rewritegen.servers.nginx.names import Names
from rewritegen.servers.nginx.quoting import argument, pattern, value
from rewritegen.servers.nginx.view import Rule
from rewritegen.servers.nginx.words import go, named, project_path, refuse
from rewritegen.steps import (
    AskPrivately,
    Available,
    Listing,
    OwnedBy,
    PageTree,
    ProjectDirectories,
    Reserved,
    ServeFrom,
    Source,
    Step,
    TryMirror,
    TryProxy,
)

__all__ = ["Rules"]

_MISSING = refuse(404, "this name is private, and no such project is here")


@dataclass(frozen=True, slots=True)
class Rules:
    """Makes rules; the inner locations that they lead to are made with them."""

    names: Names
    inner: Inner
    inside: str = ""
    """What stands before the URLs of files behind a gate."""

    def page(self, step: Step) -> Iterator[Rule]:
        """Return the rules of a step for the page of a project."""
        if isinstance(step, Available):
            yield self.available(step.source, step.marker)
        elif isinstance(step, OwnedBy):
            yield from _headed(named(step.source, "has the project"), self._owned_page(step))
        elif isinstance(step, AskPrivately):
            yield self._claimed(step, f"{self.inner.ask(step)}$rg_name/")
        elif isinstance(step, Reserved):
            yield from self._reserved(step)
        elif isinstance(step, TryMirror):
            pages = self._pages(step.source, step.pages)
            yield from _headed(named(step.source, "has the page"), pages)

    def beside(self, step: Step) -> Iterator[Rule]:
        """Return the rules of a step for a file beside the page of a project."""
        if isinstance(step, Available | Reserved):
            yield from self.page(step)
        elif isinstance(step, OwnedBy):
            yield from _headed(named(step.source, "has the project"), self._owned_beside(step))
        elif isinstance(step, AskPrivately):
            route = step.upstream.beside
            target = (
                f"{self.inside}{route}$rg_name/$rg_file"
                if route
                else self.inner.absent(step.source)
            )
            yield self._claimed(step, target)
        elif isinstance(step, TryMirror):
            yield from _headed(named(step.source, "has the project"), self._mirrored_beside(step))
        elif isinstance(step, TryProxy) and step.upstream.beside:
            words = named(step.source, "its files lie beside their pages")
            test = f"$rg_file ~ {pattern(f'{ARCHIVE_SUFFIX}$')}"
            yield Rule((words,), test, go(f"{self.inside}{step.upstream.beside}$rg_name/$rg_file"))

    def files(self, attempt: ServeFrom) -> Iterator[Rule]:
        """Return the rules that serve a file from local directories."""
        if attempt.marker is not None:
            yield self.available(attempt.source, attempt.marker)
        for root in attempt.roots:
            test = f"-f {argument(f'{value(root, attempt.source.key)}/$rg_path')}"
            yield Rule((), test, go(f"{self.inner.files(attempt.source, root)}$rg_path"))

    def available(self, source: Source | None, marker: str) -> Rule:
        """Return the rule that stops everything when nobody knows what is private."""
        why = "not mounted or not readable; nothing is forwarded on a guess"
        words = named(source, why) if source else f"# state: {why}"
        what = source.label if source else "the state of this index"
        test = f"!-f {argument(value(marker, source.key if source else 'state'))}"
        return Rule((words,), test, refuse(503, f"{what} is not available now; try again"))

    def root_pages(self, root: str) -> Iterator[Rule]:
        """Return the rules that send the list of private projects."""
        prefix, state = self.inner.root_pages(root), value(root, "state")
        for form in self.names.forms:
            test = f"-f {argument(state + f'/index.{form}')}"
            yield Rule((), test, go(f"{prefix}index.{form}"))

    def _owned_page(self, step: OwnedBy) -> Iterator[Rule]:
        source = step.source
        if isinstance(step.pages, Listing):
            for tree in step.pages.directories:
                prefix = self.inner.listed(source, tree)
                yield _rule("-d", tree, "", source, f"{prefix}{project_path(tree)}/")
            return
        yield from self._pages(source, step.pages)
        yield from self.present(source, step.presence)

    def _owned_beside(self, step: OwnedBy) -> Iterator[Rule]:
        source = step.source
        if isinstance(step.pages, Listing) or step.pages.beside:
            yield from self._files_beside(source, step.pages)
        else:
            # its files are elsewhere: what has a page here has no file here
            for tree in step.pages.directories:
                for form in self.names.forms:
                    yield _rule("-f", tree, f"/index.{form}", source, self.inner.absent(source))
        yield from self.present(source, step.presence)

    def _mirrored_beside(self, step: TryMirror) -> Iterator[Rule]:
        if step.pages.beside:
            yield from self._files_beside(step.source, step.pages)
            yield from self.present(step.source, step.pages.directories)
            return
        for tree in step.pages.directories:
            yield Rule((), _test("-d", tree, "", step.source), refuse(404, "no such file"))

    def present(self, source: Source, trees: Iterable[ProjectDirectories]) -> Iterator[Rule]:
        """Return the rules of what a source owns, and has not."""
        for tree in trees:
            yield _rule("-d", tree, "", source, self.inner.absent(source))

    def _pages(self, source: Source, pages: PageTree) -> Iterator[Rule]:
        for tree in pages.directories:
            directory = f"{self.inner.pages(source, tree.root)}{project_path(tree)}"
            for form in self.names.forms:
                file = f"/index.{form}"
                yield _rule("-f", tree, file, source, f"{directory}{file}")

    def _files_beside(self, source: Source, pages: PageTree | Listing) -> Iterator[Rule]:
        for tree in pages.directories:
            file = f"{self.inner.files(source, tree.root)}{project_path(tree)}/$rg_file"
            yield _rule("-f", tree, "/$rg_file", source, file)

    def _claimed(self, step: AskPrivately, target: str) -> Rule:
        words = named(step.source, "its claims, and its answer is final")
        return Rule((words,), self.names.claimed(step.claims, step.source.name), go(target))

    def _reserved(self, step: Reserved) -> Iterator[Rule]:
        if step.claims:
            words = ("# claims: ours, also when it is not here",)
            yield Rule(words, self.names.claimed(step.claims), _MISSING)
        if step.scanned is not None:
            words = ("# state: every name that was ever here is ours",)
            test = f"-f {argument(value(step.scanned, 'state') + '/$rg_name')}"
            yield Rule(words, test, _MISSING)


def _test(test: str, tree: ProjectDirectories, file: str, source: Source) -> str:
    return f"{test} {argument(f'{value(tree.root, source.key)}/{project_path(tree)}{file}')}"


def _rule(test: str, tree: ProjectDirectories, file: str, source: Source, target: str) -> Rule:
    return Rule((), _test(test, tree, file, source), go(target))


def _headed(words: str, rules: Iterable[Rule]) -> Iterator[Rule]:
    """Put a comment above the first of some rules."""
    head: tuple[str, ...] = (words,)
    for rule in rules:
        yield Rule(head, rule.condition, rule.action)
        head = ()
