"""The model of files: those of a route, and those that lie beside their page."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewritegen.decision import Decision, Rule
from rewritegen.grammar import ARCHIVE_SUFFIX
from rewritegen.inquiry import ANSWERS, Inquiry, decoded
from rewritegen.names import NormalizedName, path_belongs_to
from rewritegen.routes import describe_files
from rewritegen.stems import file_stems
from rewritegen.steps import FetchFrom, FileRoute, Scanned, Upstream

__all__ = ["Files"]


class Files:
    """Decides the files that a request asks for."""

    def __init__(self, inquiry: Inquiry) -> None:
        self.inquiry = inquiry

    def of_route(self, route: FileRoute, raw: str) -> Decision:
        """Decide a file of a route; its path is as it came in."""
        path = decoded(raw)
        rule = Rule(describe_files(route), route.attempts[0].source.key, route)
        if route.scanned and not self.inquiry.world.is_file(route.scanned.marker):
            return self.inquiry.end(503, rule=rule._replace(key="state"))
        if path_belongs_to(path, route.refused) or self._was_scanned(path, route.scanned):
            return self.inquiry.end(404, rule=rule)
        for attempt in route.attempts:
            if isinstance(attempt, FetchFrom):
                status = self.inquiry.ask(attempt.at(raw), None)
                status = status if status in ANSWERS else 502
                return self.inquiry.end(status, attempt.source.label, rule=rule)
            if attempt.marker is not None and not self.inquiry.world.is_file(attempt.marker):
                return self.inquiry.end(503, rule=rule._replace(key=attempt.source.key))
            for file in self._candidates(attempt.roots, path):
                return self.inquiry.end(200, attempt.source.label, rule=rule, path=file)
        source = route.attempts[0].source.label if route.private else "none"
        return self.inquiry.end(404, source, rule=rule)

    def _was_scanned(self, path: str, scanned: Scanned | None) -> bool:
        """Tell whether a part of a path may belong to a scanned name; what nobody can tell does."""
        stems = file_stems(path) if scanned else ()
        return stems is None or any(
            scanned and self.inquiry.world.is_file(f"{scanned.directory}/{stem}") for stem in stems
        )

    def _candidates(self, roots: tuple[str, ...], path: str) -> Iterator[str]:
        return (f"{root}/{path}" for root in roots if self.inquiry.world.is_file(f"{root}/{path}"))

    def proxied_beside(self, upstream: Upstream, name: NormalizedName) -> Decision | None:
        """Ask for a file that lies beside its page there; its name is passed on as it came in."""
        file = self.inquiry.target.removeprefix(f"{self.inquiry.plan.mount}{name}/")
        if not upstream.beside or re.search(f"{ARCHIVE_SUFFIX}$", file) is None:
            return None
        route = next(route for route in self.inquiry.plan.files if route.prefix == upstream.beside)
        return self.of_route(route, f"{name}/{file}")
