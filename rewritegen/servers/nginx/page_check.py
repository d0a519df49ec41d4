"""Between the site and its fetcher, for pages: what is no page is a failure.

nginx turns no answer below 300 into an error by itself. But it follows ``X-Accel-Redirect`` of what it asks, whatever
the status is (documentation of ``proxy_ignore_headers``; held by ``tests/servers/test_nginx_fetch_facts.py``). So the
fetcher puts that header on what is no page, and a server of its own between the two follows it: neither the site nor
the fetcher ever does, and an upstream's own header stops at the fetcher.
"""

from __future__ import annotations

from typing import NamedTuple

from rewritegen.plan import Plan
from rewritegen.servers.base import fetcher_name

__all__ = ["ABSENT", "LONGER_SECONDS", "NO_PAGE", "PageCheck", "page_check", "pages_name"]

#: The fetcher limits its silence itself; this is for its own end.
LONGER_SECONDS = 600

#: Where an answer is dropped that is no page.
NO_PAGE = "/no-page"
#: Where an answer is dropped that is the empty page of a project that is not there.
ABSENT = "/absent"
#: Where a request ends that the fetcher closed the connection for.
_DEAD = "/dead"


class PageCheck(NamedTuple):
    """The server in between."""

    name: str
    no_page: str
    absent: str
    """Empty where no upstream has such pages."""
    dead: str
    url: str
    """The fetcher."""
    wait: str
    """Longest silence of the fetcher."""


def page_check(plan: Plan) -> PageCheck:
    """Return the server in between."""
    address, port = plan.inner
    inner = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return PageCheck(
        name=pages_name(plan),
        no_page=NO_PAGE,
        absent=ABSENT if any(s.upstream.empty for s in plan.steps_with_upstream) else "",
        dead=_DEAD,
        url=f"http://{inner}",
        wait=f"{LONGER_SECONDS}s",
    )


def pages_name(plan: Plan) -> str:
    """Return the host name by which the site asks for pages; it exists nowhere else."""
    return f"pages.{fetcher_name(plan.server_name)}"
