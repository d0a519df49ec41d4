"""Which sources are asked over HTTP, in which turn, and what stands behind each.

httpd cannot turn what an upstream says into another status, and it serves no second answer when the document of an
error fails: it reports the first error. Three things make a chain of sources out of that, all measured in
tests/servers/test_apache_fetch.py:

* A rule with ``[R=200]`` ends the error that a request is the document of, so that the next error has a document again.
* A request that asks the last source *begins* as the error that it shall be if there is no usable answer (502, or the
  redirect behind), and an answer that is neither yes nor no is made to fail.
* ``Cache-Control: only-if-cached`` asks the cache and nobody else: 504 says that there is no copy. ``max-stale`` bounds
  its age; and a range that no copy has (416) tells that there is one without sending it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rewritegen.digests import file_digest, page_digest
from rewritegen.plan import Plan
from rewritegen.representations import LEGACY_JSON, REPRESENTATIONS
from rewritegen.servers.apache.words import FILES_PLACE, pages_place
from rewritegen.steps import (
    AskPrivately,
    FetchFrom,
    FileRoute,
    HasJson,
    JsonElsewhere,
    JsonStep,
    SendTo,
    Step,
    TryMirror,
    TryProxy,
)

__all__ = [
    "FORM",
    "MOST_PROXIES",
    "FileTurn",
    "PageTurn",
    "fetcher_address",
    "fetcher_url",
    "file_turns",
    "page_turns",
]

#: A representation in a URL.
FORM = f"({'|'.join(form.suffix for form in REPRESENTATIONS)})"
#: The one of a document.
_DOCUMENT = f"({LEGACY_JSON.suffix})"

#: Each proxy takes up to eight internal redirects; two are what the tests go through.
MOST_PROXIES = 2


class PageTurn(NamedTuple):
    """The pages of one source, or its legacy JSON, which is asked for like pages of one more representation."""

    step: TryProxy | AskPrivately
    place: str
    """The URL that its copies begin with; NAME/FORM/CODING/DIGEST follows."""
    digest: str
    asked: str
    """The path below which the fetching host is asked; FORM/NAME/ follows."""
    group: str
    """The balancer that the fetching host asks."""
    number: int
    """The steps behind it are those behind step NUMBER; 0: its answer is final."""
    last: bool
    """No mirror and no proxy stands behind it."""
    behind: SendTo | JsonElsewhere | None
    """The redirect that stands behind it."""
    form: str
    """The pattern of its representations."""

    @property
    def documents(self) -> bool:
        """Tell whether these are documents."""
        return self.step.upstream.documents

    @property
    def goes_on(self) -> bool:
        """Tell whether a 404 of it is not yet the answer."""
        return self.number > 0


class FileTurn(NamedTuple):
    """The files of one file host."""

    route: FileRoute
    attempt: FetchFrom
    place: str
    """The URL that its copies begin with, without the final slash."""
    asked: str
    """The path below which the fetching host is asked, without the final slash; the raw path follows. Below ``/ask``
    it does not follow redirects."""
    group: str
    """The balancer that the fetching host asks."""
    prefix: str
    """What stands before the raw path in a client's request: of its route, or the mount for one beside its page."""


def page_turns(plan: Plan) -> tuple[PageTurn, ...]:
    """Return the sources of pages in the order of the steps, then those of documents."""
    return (*_page_turns(plan, plan.page), *_page_turns(plan, plan.json))


def _page_turns(plan: Plan, steps: tuple[Step | JsonStep, ...]) -> Iterator[PageTurn]:
    proxies = [step for step in steps if isinstance(step, TryProxy)]
    redirect = next((step for step in steps if isinstance(step, SendTo | JsonElsewhere)), None)
    for index, step in enumerate(steps):
        if isinstance(step, TryProxy):
            later = steps[index + 1 :]
            last = not any(isinstance(other, TryProxy | TryMirror | HasJson) for other in later)
            alone = last and redirect is None and len(proxies) == 1 and not plan.offline
            yield _page_turn(plan, step, 0 if alone else index + 1, last, redirect)
        elif isinstance(step, AskPrivately):
            yield _page_turn(plan, step, 0, True, None)


def _page_turn(
    plan: Plan,
    step: TryProxy | AskPrivately,
    number: int,
    last: bool,
    behind: SendTo | JsonElsewhere | None,
) -> PageTurn:
    name, documents = step.source.name, step.upstream.documents
    where = f"{name}~json" if documents else name
    return PageTurn(
        step,
        f"{pages_place(plan.mount)}{where}/",
        page_digest(step.upstream),
        f"/pages/{where}/",
        f"balancer://rg_{name}_{'json' if documents else 'pages'}",
        number,
        last,
        behind if last else None,
        _DOCUMENT if documents else FORM,
    )


def file_turns(plan: Plan) -> tuple[FileTurn, ...]:
    """Return the file hosts in the order of the routes."""
    return tuple(_file_turns(plan))


def _file_turns(plan: Plan) -> Iterator[FileTurn]:
    for route in plan.files:
        for attempt in route.attempts:
            if isinstance(attempt, FetchFrom):
                last = route.prefix.rstrip("/").rpartition("/")[2]
                number = last.removeprefix("~") if last.startswith("~") else "0"
                name = attempt.source.name
                place = f"{FILES_PLACE}{name}/{number}-{file_digest(attempt)}"
                asked = f"/files/{name}/{number}"
                group = f"balancer://rg_{name}_files{number}"
                prefix = plan.mount if route.beside else route.prefix
                yield FileTurn(route, attempt, place, asked, group, prefix)


def fetcher_address(plan: Plan) -> str:
    """Return where the fetching host listens."""
    address, port = plan.inner
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def fetcher_url(plan: Plan) -> str:
    """Return what stands before the paths of the fetching host."""
    return f"http://{fetcher_address(plan)}"
