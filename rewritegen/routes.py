"""The route plan in words: the table at the top of the generated text, and what ``explain`` prints."""

from __future__ import annotations

from collections.abc import Iterator

from typing_extensions import assert_never

from rewritegen.auth import describe_auth
from rewritegen.layouts import LEGACY
from rewritegen.plan import Plan
from rewritegen.quantities import Duration
from rewritegen.steps import (
    AskPrivately,
    Available,
    FetchFrom,
    FileRoute,
    HasJson,
    JsonElsewhere,
    JsonStep,
    Listing,
    NotFound,
    OwnedBy,
    OwnsJson,
    Reserved,
    SendTo,
    Step,
    TryMirror,
    TryProxy,
    Upstream,
)

__all__ = ["describe", "describe_files", "describe_json", "key_of", "route_table"]

#: More claims than this are counted in the table, not listed: the configuration below it has them all.
_LISTED_CLAIMS = 12


def describe(step: Step) -> str:
    """Return one sentence that says what the step does with a page of a canonical name."""
    match step:
        case Available(source=None, marker=marker):
            return f"state is not there ({marker}): 503, nothing is forwarded on a guess"
        case Available(marker=marker):
            return f"root is not there ({marker}): 503, nothing is forwarded on a guess"
        case OwnedBy(source=source, pages=Listing()):
            return f"{source.label} has a directory of the project: the server's listing of it"
        case OwnedBy(source=source):
            return f"{source.label} has the project: its page, else 404"
        case AskPrivately(source=source, upstream=upstream, claims=claims):
            where = f"{upstream.url}NAME/json" if upstream.documents else upstream.url
            asked = f"{source.label} claims {_listed(str(claims))}: {where}"
            return f"{asked}, its answer is final{_odd(upstream)}"
        case Reserved():
            return _describe_reserved(step)
        case TryMirror(source=source):
            return f"{source.label} has the page: serve it"
        case TryProxy(source=source, upstream=upstream):
            where = f"{upstream.url}NAME/json" if upstream.documents else upstream.url
            text = f"{source.label}: ask {where}; 200 serves, 404 is next, no answer is next"
            return f"{text}{_odd(upstream)}"
        case SendTo(source=source, url=url):
            return f"{source.label}: 302 to {url}NAME/"
        case NotFound(unsure=True):
            return "nobody has it: 404; 502 to 504 if a fallback could not answer"
        case NotFound():
            return "nobody has it: 404"
        case _:
            assert_never(step)


def _odd(upstream: Upstream) -> str:
    """Return what is special about an index, in words."""
    noun = "names"
    spelled = ", ".join(text for _, text in upstream.spelled)
    empty = f"; a page of {upstream.empty} bytes is 404" if upstream.empty else ""
    return f"{f'; spelled {_listed(spelled, noun)}' if spelled else ''}{empty}"


def _describe_reserved(step: Reserved) -> str:
    kinds = []
    if step.claims:
        kinds.append(f"claimed ({_listed(str(step.claims))})")
    if step.scanned is not None:
        kinds.append(f"scanned ({step.scanned}/NAME)")
    if not kinds:
        return "nothing is claimed"
    text = f"{' or '.join(kinds)}, but not there: 404"
    public = step.claims.public
    return f"{text}; public all the same: {', '.join(public)}" if public else text


def _listed(claims: str, noun: str = "claims") -> str:
    count = claims.count(",") + 1
    return claims if count <= _LISTED_CLAIMS else f"{count} {noun}"


def key_of(step: Step) -> str:
    """Return the YAML key that made the step."""
    match step:
        case Available(source=None):
            return "state"
        case Reserved():
            return "claims"
        case NotFound():
            return ""
        case _:
            return step.source.key if step.source else ""


def describe_files(route: FileRoute) -> str:
    """Return one sentence that says what a file route does."""
    places = []
    for attempt in route.attempts:
        if isinstance(attempt, FetchFrom):
            places.append(f"{attempt.source.label} at {attempt.url}")
        else:
            places.append(f"{attempt.source.label} in {' or '.join(attempt.roots)}")
    text = f"{route.prefix}PATH: {', then '.join(places)}"
    owned = [*(["claimed"] if route.refused else []), *(["scanned"] if route.scanned else [])]
    return f"{text}; files of {' or '.join(owned)} names: 404" if owned else text


def describe_json(step: OwnsJson | HasJson | JsonElsewhere) -> str:
    """Return one sentence that says what a step does with the legacy JSON of a project."""
    match step:
        case OwnsJson(source=source, json=None):
            return f"{source.label} has the project: 404, there is no document of it"
        case OwnsJson(source=source):
            return f"{source.label} has the project: its document, else 404"
        case HasJson(source=source):
            return f"{source.label} has the document: serve it"
        case JsonElsewhere(source=source, url=url):
            return f"{source.label}: 302 to {url}NAME/json"
        case _:
            assert_never(step)


def route_table(plan: Plan) -> tuple[str, ...]:
    """Return the whole table, a line an entry, in the order in which requests are decided."""
    lines = [
        "not GET or HEAD: 405, never forwarded",
        "outside the grammar (other paths, escapes, dots, absolute URLs): 404, never forwarded",
        "/-/health: ok; /-/rewritegen: the fingerprint of this text",
        *([describe_auth(plan.auth)] if plan.auth else []),
        f"{plan.mount}: {_describe_root(plan)}",
        f"{plan.mount}NAME in another spelling or without its slash: 301 to the canonical URL",
        f"{plan.mount}NAME/ and {plan.mount}NAME/FILE, the first line that fits:",
    ]
    lines.extend(f"  {number}. {describe(step)}" for number, step in enumerate(plan.page, start=1))
    if plan.json:
        lines.append(f"{LEGACY}NAME/json in another spelling: 301 to the canonical URL")
        lines.append(f"{LEGACY}NAME/json, the first line that fits:")
        lines.extend(f"  {n}. {_json_line(step)}" for n, step in enumerate(plan.json, start=1))
        lines.extend(_not_asked(plan))
    lines.extend(describe_files(route) for route in plan.files)
    lines.extend(_describe_copies(plan))
    return tuple(lines)


def _json_line(step: JsonStep) -> str:
    if isinstance(step, OwnsJson | HasJson | JsonElsewhere):
        return describe_json(step)
    return describe(step)


def _not_asked(plan: Plan) -> Iterator[str]:
    """Yield a line about the proxies whose kinds have no documents."""
    asked = {step.source for step in plan.documents_with_upstream}
    proxies = [step.source for step in plan.page if isinstance(step, TryProxy)]
    left = [source.label for source in proxies if source not in asked]
    if left:
        yield f"  not asked, because their kinds have no such documents: {', '.join(left)}"


def _describe_copies(plan: Plan) -> Iterator[str]:
    if not plan.steps_with_upstream:
        return
    if plan.offline:
        yield "offline: no proxy is asked; what was kept of it answers"
    if plan.copies is not None:
        times = (str(Duration(seconds)) for seconds in plan.copies[2:])
        pages, files, stale = times
        yield (
            f"answers of proxies are kept: pages for {pages}, files for {files}, and {stale} longer "
            "for a proxy that does not answer"
        )


def _describe_root(plan: Plan) -> str:
    root = plan.root_list
    if root.pages is not None:
        return f"the private projects ({root.pages})"
    if root.listing is not None:
        return f"the private projects (the listing of {root.listing})"
    return "404: without state nobody knows all private projects"
