"""What an nginx cannot do of a plan: said before anything is written, with the count or the module's name."""

from __future__ import annotations

from collections.abc import Iterator

from rewritegen.diagnostics import Problem, quoted
from rewritegen.plan import Plan
from rewritegen.servers.base import Capabilities, Scope
from rewritegen.servers.nginx.capabilities import DEFAULT, OLDEST
from rewritegen.servers.nginx.chain import chain_length
from rewritegen.steps import FetchFrom, Listing, OwnedBy, TryProxy

__all__ = ["MOST_JUMPS", "extra_modules", "refusals"]

#: nginx ends a request at its 11th internal redirect with 500 (NGX_HTTP_MAX_URI_CHANGES).
MOST_JUMPS = 10


def refusals(plan: Plan, scope: Scope, capabilities: Capabilities) -> tuple[Problem, ...]:
    """Return every reason why this nginx cannot be given this plan."""
    return (
        *_version(capabilities),
        *_modules(plan, scope, capabilities),
        *_chain(plan),
        *_scope(plan, scope),
    )


def _version(capabilities: Capabilities) -> Iterator[Problem]:
    if capabilities.version < OLDEST:
        found = ".".join(map(str, capabilities.version))
        oldest = ".".join(map(str, OLDEST))
        yield Problem(
            "RG603",
            f"nginx {found} is older than {oldest}",
            None,
            f"install nginx {oldest} or newer",
        )


def extra_modules(plan: Plan) -> tuple[str, ...]:
    """Return the modules that the text for this plan uses and that are not in every build."""
    links = any(step.upstream.links for step in plan.steps_with_upstream)
    return tuple(
        sorted({*_needed(plan), "http_gzip_static", *(["http_sub"] if links else [])} - DEFAULT)
    )


def _needed(plan: Plan) -> dict[str, str]:
    """Return the modules that cannot be done without, each with its reason."""
    urls = [step.upstream.url for step in plan.steps_with_upstream]
    fetched = [
        attempt
        for route in plan.files
        for attempt in route.attempts
        if isinstance(attempt, FetchFrom)
    ]
    urls += [attempt.url for attempt in fetched]
    needed = dict.fromkeys(
        ("http_rewrite", "http_map", "http_charset", "http_gzip"), "every configuration"
    )
    if urls:
        needed |= dict.fromkeys(("http_proxy", "http_upstream_keepalive"), "asking an HTTP index")
    if any(isinstance(step, OwnedBy) and isinstance(step.pages, Listing) for step in plan.page):
        needed["http_autoindex"] = "`listing: automatic`"
    if plan.root_list.listing is not None:
        needed["http_autoindex"] = "the list of the private projects"
    if any(url.startswith("https:") for url in urls):
        needed["http_ssl"] = "asking an HTTP index over TLS"
    if plan.tls is not None:
        needed["http_ssl"] = "`tls`"
    return needed


def _modules(plan: Plan, scope: Scope, capabilities: Capabilities) -> Iterator[Problem]:
    for module, reason in sorted(_needed(plan).items()):
        if module not in capabilities:
            yield _missing(module, reason)
    if (
        any(step.upstream.links for step in plan.steps_with_upstream)
        and "http_sub" not in capabilities
    ):
        if "http_js" not in capabilities:
            yield _missing("http_sub", "rewriting the links in the pages of an HTTP index")
        elif scope != "standalone":
            yield _missing(
                "http_sub",
                f"rewriting links in scope {quoted(scope)} (njs does it in `standalone` only)",
            )


def _missing(module: str, reason: str) -> Problem:
    help = "install an nginx that is built with it, such as the distribution's"
    return Problem(
        "RG604", f"this nginx has no {quoted(module)} module, which {reason} needs", None, help
    )


def _chain(plan: Plan) -> Iterator[Problem]:
    jumps = chain_length(plan)
    if jumps > MOST_JUMPS:
        count = sum(isinstance(step, TryProxy) for step in plan.page)
        last = [step for step in plan.page if isinstance(step, TryProxy)][-1]
        yield Problem(
            "RG605",
            f"{count} HTTP fallbacks need {jumps} internal jumps for one request; nginx allows {MOST_JUMPS}",
            None,
            "take some HTTP fallbacks out, or put mirrors before them",
            key=last.source.key,
        )


def _scope(plan: Plan, scope: Scope) -> Iterator[Problem]:
    if scope == "locations" and plan.mount == "/":
        help = "use `--scope vhost`, or mount the index below a path such as `/simple/`"
        yield Problem("RG606", "an index at `/` takes the whole server", None, help, key="index")
