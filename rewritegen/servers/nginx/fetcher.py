"""The inner server: what asks upstreams, on a loopback address, for this nginx alone.

It fetches, follows redirects to declared hosts, rewrites links and compresses; what the site keeps above it are the
bytes that clients get, so that a copy costs what a file costs. It says one of three things: the page or file, 404, or
that it could not be had: 503 when something did answer, and nothing at all (it closes the connection) when nothing
did. nginx takes the latter for a dead server.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from rewritegen.names import CANONICAL_NAME
from rewritegen.plan import Plan
from rewritegen.redirects import FILE_QUERY, FRAGMENT, PAGE_PATH, PARENTS, host, same_project
from rewritegen.servers.nginx.names import Names, What
from rewritegen.servers.nginx.njs import script_function
from rewritegen.servers.nginx.page_check import ABSENT, NO_PAGE
from rewritegen.servers.nginx.quoting import argument, comment, pattern, value, verbose_pattern
from rewritegen.servers.nginx.shared import IF_RANGE, MATCH, RANGE, SINCE
from rewritegen.servers.nginx.upstreams import Upstreams
from rewritegen.servers.nginx.view import Rule
from rewritegen.servers.nginx.view_fetching import Fetched
from rewritegen.servers.nginx.words import escaped, go
from rewritegen.steps import AskPrivately, FetchFrom, Source, TryProxy, Upstream

__all__ = ["FAILED", "Fetcher"]

#: Where a request ends that brought neither an answer nor a 404.
FAILED = "/failed"

_SAME_PROJECT = {
    "/": "# to the same project only: its name is the last part of the path, in any spelling",
    "/json": "# to the document of the same project only: NAME/json ends the path, in any spelling",
}

_INDENT = "    "


@dataclass(slots=True)
class Fetcher:
    """Collects the locations of the inner server; each method returns the path at which it is asked."""

    plan: Plan
    names: Names
    upstreams: Upstreams
    script: bool
    """njs rewrites the links, not sub_filter."""
    locations: dict[str, Fetched] = field(default_factory=dict)

    def page(self, step: TryProxy | AskPrivately) -> str:
        """Return the path below which the pages (or documents) of an HTTP index are asked for, each as ``NAME/``."""
        source, upstream = step.source, step.upstream
        where = f"pages/{source.name}{'~json' if upstream.documents else ''}"
        prefix = f"/{where}/"
        if self.plan.offline:
            return prefix
        links = tuple(
            (argument(value(rule.find, source.key)), argument(value(rule.replace, source.key)))
            for rule in upstream.links
        )
        page = Fetched(
            comment=(),
            match=f"~ {pattern(f'^{prefix}(?<rg_name>{CANONICAL_NAME})/$')}",
            internal=False,
            moved="",
            sets=(),
            rules=(),
            far=self.upstreams.host(source, upstream.origins[0]),
            path=f"{value(urlsplit(upstream.url).path, source.key)}{self._spelled(source, upstream)}{upstream.end}",
            limits=upstream.limits,
            keep=self.names.unless_empty(
                upstream.empty, self._keep(source, "document" if upstream.documents else "page")
            ),
            most_on_disk="64m",
            page=True,
            end=upstream.end,
            astray=self.names.astray(NO_PAGE, upstream.empty, ABSENT, document=upstream.documents),
            links=() if self.script else links,
            script=script_function(step) if self.script and links else "",
        )
        url = f"{upstream.url}NAME/json" if upstream.documents else upstream.url
        self._add(page, source, where, url, upstream.origins)
        return prefix

    def file(self, number: int, attempt: FetchFrom) -> str:
        """Return the path below which the files of a host are asked for, as they came in; ``number`` counts hosts."""
        source = attempt.source
        prefix = f"/files/{source.name}/{number}/"
        if self.plan.offline:
            return prefix
        beside = f"(?<rg_name>{CANONICAL_NAME})/" if attempt.spelled else ""
        raw = f"^{escaped(prefix)}{beside}(?<rg_raw>[^?]+)"
        file = Fetched(
            comment=(),
            match=f"^~ {prefix}",
            internal=False,
            moved="",
            sets=(),
            rules=(
                Rule(
                    ("# the path goes out as it came in: `%2B` stays `%2B`",),
                    f"$request_uri !~ {verbose_pattern((raw,), '', _INDENT * 2, 22)}",
                    "return 404",
                ),
            ),
            far=self.upstreams.host(source, attempt.origins[0]),
            path=f"{value(urlsplit(attempt.url).path, source.key)}{self._directory(source, attempt)}$rg_raw",
            limits=attempt.limits,
            keep=self._keep(source, "file"),
            # passed on as it comes in, never written here
            most_on_disk="0",
            page=False,
        )
        self._add(file, source, f"files/{source.name}/{number}", attempt.url, attempt.origins)
        return prefix

    @property
    def conditions(self) -> tuple[tuple[str, str], ...]:
        """The request headers that go on when they look as they should, each with its variable."""
        return (
            ("Range", self.names.shared(RANGE)),
            ("If-Range", self.names.shared(IF_RANGE)),
            ("If-None-Match", self.names.shared(MATCH)),
            ("If-Modified-Since", self.names.shared(SINCE)),
        )

    def _spelled(self, source: Source, asked: Upstream | FetchFrom) -> str:
        """Return the variable that holds the name of the project as this index has it."""
        if not asked.spelled:
            return "$rg_name"
        return self.names.spelled(f"{source.key} {source.name}", asked.spelled)

    def _directory(self, source: Source, attempt: FetchFrom) -> str:
        return f"{self._spelled(source, attempt)}/" if attempt.spelled else ""

    def _keep(self, source: Source, what: What) -> str:
        """Return the Cache-Control that tells the site above how long it may keep an answer (RFC 5861)."""
        copies = self.plan.copies
        if copies is None:
            return ""
        if what == "file":
            text = f'"max-age={copies.files}, stale-if-error={copies.stale}"'
            return self.names.kept(text, what)
        # what is ours is looked at again each time: a new release counts at once
        fresh = 1 if source.role == "private" else copies.pages
        later = "" if source.role == "private" else f", stale-while-revalidate={fresh}"
        text = f'"max-age={fresh}{later}, stale-if-error={copies.stale}"'
        return self.names.kept(text, what)

    def _add(
        self, asked: Fetched, source: Source, where: str, url: str, origins: tuple[str, ...]
    ) -> None:
        """Add a location, and one for each host that a redirect may lead to."""
        if asked.match in self.locations:
            return
        words = comment(f"{source.key} {source.name}: {url}", _INDENT)
        asked = asked._replace(comment=words, moved=f"/moved/{where}/1")
        self.locations[asked.match] = asked
        for one in self._moved(asked, source, where, origins):
            self.locations[one.match] = one

    def _moved(
        self, asked: Fetched, source: Source, where: str, origins: tuple[str, ...]
    ) -> Iterator[Fetched]:
        for number, origin in enumerate(origins, 1):
            last = number == len(origins)
            path = f"/moved/{where}/{number}"
            yield asked._replace(
                comment=comment(f"{source.key} {source.name}: where it was redirected to", _INDENT),
                match=f"= {path}",
                internal=True,
                moved=path,
                sets=('$rg_both "$rg_name $upstream_http_location"',) if asked.page else (),
                rules=(
                    Rule(
                        (_SAME_PROJECT[asked.end],) if asked.page else (),
                        f"{'$rg_both' if asked.page else '$upstream_http_location'} !~ "
                        f"{_location(origin, asked)}",
                        go(FAILED if last else f"/moved/{where}/{number + 1}"),
                    ),
                ),
                far=self.upstreams.host(source, origin),
                path="/$rg_to",
            )


def _location(origin: str, asked: Fetched) -> str:
    """Return the pattern of a Location that leads to a host, also by a path on the host that sent it.

    For a page, the name of the project stands before the Location.
    """
    absolute = f"(?:{host(origin, _literal)})?/(?!/)"
    if not asked.page:
        return verbose_pattern(
            (f"^{absolute}", f"(?<rg_to>{FILE_QUERY}){FRAGMENT}$"), "", _INDENT * 2, 35
        )
    name, again = same_project(named=True)
    end = "/?" if asked.end == "/" else asked.end
    same = f"(?={PARENTS}(?i:{again}){end}{FRAGMENT}$)"
    parts = (f"^{name}[ ]", absolute, same, f"(?<rg_to>{PAGE_PATH}){FRAGMENT}$")
    return verbose_pattern(parts, "", _INDENT * 2, 35)


def _literal(netloc: str) -> str:
    return escaped(netloc).replace("[", r"\[").replace("]", r"\]")
