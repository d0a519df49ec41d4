"""Where the servers of a site keep their copies."""

from __future__ import annotations

from pathlib import Path

from rewritegen.diagnostics import Problem, RewritegenError, quoted
from rewritegen.plan import Plan
from rewritegen.servers import SERVER_NAMES
from rewritegen.site import Site

__all__ = ["cache_directories"]


def cache_directories(site: Site, plan: Plan, named: str | None) -> tuple[Path, ...]:
    """Return the directory of each server below ``cache:``, or the one that was named instead.

    :raises RewritegenError: when the site keeps no copies, or what was named is not there.
    """
    if plan.copies is None:
        message = "this site has no `cache:`, so nothing is kept of upstreams"
        advice = "add `cache: {path: /var/cache/rewritegen, size: 20g}`"
        raise RewritegenError([Problem("RG821", message, site.place("fallbacks"), advice)])
    if named is None:
        return tuple(Path(plan.copies.path, server) for server in SERVER_NAMES)
    directory = Path(named)
    if not directory.is_dir():
        message = f"{quoted(named)} is no directory"
        advice = "a standalone tree keeps its copies in its directory `cache`"
        raise RewritegenError([Problem("RG823", message, None, advice)])
    return (directory.resolve(),)
