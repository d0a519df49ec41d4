"""How the site asks its own fetcher for pages and files of an HTTP index, and how it keeps what it gets.

A copy is fresh for as long as the fetcher's Cache-Control says, and stands in for a source that does not answer as
long as that says (``stale-if-error``; nginx honours it where the connection fails, so the fetcher closes it). Where the
source answers with an error, nginx has ``proxy_cache_use_stale`` only, which has no limit in time but ``inactive``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rewritegen.digests import file_digest, page_digest
from rewritegen.plan import ABSENT_SECONDS, Plan
from rewritegen.representations import LEGACY_JSON
from rewritegen.servers.base import fetcher_name
from rewritegen.servers.nginx.fetcher import Fetcher
from rewritegen.servers.nginx.page_check import LONGER_SECONDS, pages_name
from rewritegen.servers.nginx.quoting import argument, value
from rewritegen.servers.nginx.shared import CODING, FORM
from rewritegen.servers.nginx.view import Near
from rewritegen.steps import AskPrivately, FetchFrom, TryProxy

__all__ = ["ERRORS", "Ways", "copies", "zone"]

#: What the fetcher says when it has no answer, and what nginx says when the fetcher closes the connection; 400 is for
#: headers that fit into the first server only.
ERRORS = (400, 500, 502, 503, 504)

#: A range that begins further on than this is passed on, and the file is not fetched for it.
_FETCHED_FOR_RANGE = "1m"


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to the fetcher of one site."""

    plan: Plan
    site: str
    fetcher: Fetcher

    def page(self, step: TryProxy | AskPrivately, errors: tuple[tuple[str, str], ...]) -> Near:
        """Return how the page (or document) of ``$rg_name`` is asked for."""
        source, upstream = step.source, step.upstream
        group = self.fetcher.upstreams.fetcher(source, "", upstream.limits)
        shared = self.fetcher.names.shared
        digest = page_digest(upstream)
        place, form = f"pages/{source.name}", shared(FORM)
        if upstream.documents:
            place, form = f"{place}~json", LEGACY_JSON.suffix
        key = f"{place}/$rg_name/{form}/{shared(CODING)}/{digest}"
        limits = upstream.limits
        patience = 2 * limits.connect + limits.read
        keep = (
            "proxy_cache_lock on",
            f"proxy_cache_lock_timeout {patience}s",
            f"proxy_cache_lock_age {patience}s",
            "proxy_cache_background_update on",
        )
        url = f"http://{group}{self.fetcher.page(step)}$rg_name/"
        return self._near(url, pages_name(self.plan), key, keep, errors)

    def file(self, number: int, attempt: FetchFrom, errors: tuple[tuple[str, str], ...]) -> Near:
        """Return how the file ``$rg_raw_path`` of a file host is asked for; ``number`` counts the hosts."""
        source = attempt.source
        what = f".files{number + 1 if number else ''}"
        group = self.fetcher.upstreams.fetcher(source, what, attempt.limits)
        key = f"files/{source.name}/{number}-{file_digest(attempt)}/$rg_raw_path"
        keep = (
            "proxy_cache_lock on",
            f"proxy_cache_max_range_offset {_FETCHED_FOR_RANGE}",
            "proxy_force_ranges on",
        )
        url = f"http://{group}{self.fetcher.file(number, attempt)}$rg_raw_path"
        return self._near(url, fetcher_name(self.plan.server_name), key, keep, errors)

    def _near(
        self,
        url: str,
        host: str,
        key: str,
        keep: tuple[str, ...],
        errors: tuple[tuple[str, str], ...],
    ) -> Near:
        kept = (
            (
                f"proxy_cache {zone(self.site)}",
                f"proxy_cache_key {key}",
                f"proxy_cache_valid 404 {ABSENT_SECONDS}s",
                *keep,
                "proxy_cache_revalidate on",
                "proxy_cache_use_stale http_500 http_503",
            )
            if self.plan.copies
            else ("proxy_cache off",)
        )
        return Near(url, host, f"{LONGER_SECONDS}s", kept, errors)


def copies(plan: Plan, site: str, *, standalone: bool) -> Iterator[str]:
    """Yield the lines of the cache; a standalone tree keeps it below itself."""
    if plan.copies is None:
        return
    path = "cache" if standalone else value(f"{plan.copies.path}/nginx", "cache.path")
    kept = max(plan.copies.files, plan.copies.pages + plan.copies.stale)
    sizes = f"keys_zone={zone(site)}:32m max_size={plan.copies.size // 1024}k inactive={kept}s"
    yield f"proxy_cache_path {argument(path)} levels=1:2 use_temp_path=off\n    {sizes}"


def zone(site: str) -> str:
    """Return the name of the cache of a site."""
    return f"rg_copies_{site}"
