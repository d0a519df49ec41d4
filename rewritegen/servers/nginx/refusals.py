"""What an nginx cannot do of a plan: said before anything is written, with the count or the module's name."""

from __future__ import annotations

from collections.abc import Iterator

from rewritegen.auth import Basic, Certificates, Service
from rewritegen.diagnostics import Problem, quoted
from rewritegen.plan import Plan
from rewritegen.servers.base import Capabilities, Scope
from rewritegen.servers.nginx.capabilities import DEFAULT, OLDEST
from rewritegen.servers.nginx.chain import chain_length
from rewritegen.servers.nginx.problems import problem
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
        help = f"install nginx {oldest} or newer"
        yield problem("RG603", f"nginx {found} is older than {oldest}", help)


def extra_modules(plan: Plan, capabilities: Capabilities) -> tuple[str, ...]:
    """Return the modules that the text for this plan uses and that are not in every build."""
    wanted = {*_needed(plan), *({"http_gzip_static"} & capabilities.modules)}
    if _lists_projects(plan):
        wanted |= {"http_random_index"} & capabilities.modules
    if _has_links(plan):
        wanted.add("http_sub" if "http_sub" in capabilities else "http_js")
    return tuple(sorted(wanted - DEFAULT))


def _lists_projects(plan: Plan) -> bool:
    return any(isinstance(step, OwnedBy) and isinstance(step.pages, Listing) for step in plan.page)


def _has_links(plan: Plan) -> bool:
    return any(step.upstream.links for step in plan.steps_with_upstream)


def _needed(plan: Plan) -> dict[str, str]:
    """Return the modules that cannot be done without, each with its reason."""
    origins = [origin for step in plan.steps_with_upstream for origin in step.upstream.origins]
    origins += [
        origin
        for route in plan.files
        for attempt in route.attempts
        if isinstance(attempt, FetchFrom)
        for origin in attempt.origins
    ]
    needed = dict.fromkeys(
        ("http_rewrite", "http_map", "http_charset", "http_gzip"), "every configuration"
    )
    if origins:
        needed |= dict.fromkeys(
            ("http_proxy", "http_upstream_keepalive", "http_upstream_zone"), "asking an HTTP index"
        )
    if _lists_projects(plan):
        needed["http_autoindex"] = "`listing: automatic`"
    if plan.root_list.listing is not None:
        needed["http_autoindex"] = "the list of the private projects"
    if any(origin.startswith("https:") for origin in origins):
        needed["http_ssl"] = "asking an HTTP index over TLS, or following its redirect there"
    if plan.tls is not None:
        needed["http_ssl"] = "`tls`"
    return needed | _needed_by_auth(plan)


def _needed_by_auth(plan: Plan) -> dict[str, str]:
    match plan.auth:
        case Basic():
            return {"http_auth_basic": "`auth: {basic: ...}`"}
        case Service():
            return dict.fromkeys(("http_auth_request", "http_proxy"), "`auth: {request: ...}`")
        case _:
            return {}


def _modules(plan: Plan, scope: Scope, capabilities: Capabilities) -> Iterator[Problem]:
    for module, reason in sorted(_needed(plan).items()):
        if module not in capabilities:
            yield _missing(module, reason)
    if _has_links(plan) and "http_sub" not in capabilities:
        if "http_js" not in capabilities:
            yield _missing("http_sub", "rewriting the links in the pages of an HTTP index")
        elif scope != "standalone":
            yield _missing(
                "http_sub",
                f"rewriting links in scope {quoted(scope)} (njs does it in `standalone` only)",
            )


def _missing(module: str, reason: str) -> Problem:
    help = "install an nginx that is built with it, such as the distribution's"
    return problem("RG604", f"this nginx has no {quoted(module)} module; {reason} needs it", help)


def _chain(plan: Plan) -> Iterator[Problem]:
    jumps = chain_length(plan) + bool(plan.auth)  # one into the gate
    if jumps > MOST_JUMPS:
        proxies = [step for step in plan.page if isinstance(step, TryProxy)]
        what = f"{len(proxies)} HTTP fallbacks and what follows them need {jumps} internal jumps"
        help = "take some HTTP fallbacks out, and put mirrors before them"
        yield problem("RG605", f"{what}, nginx allows {MOST_JUMPS}", help, proxies[-1].source.key)


def _scope(plan: Plan, scope: Scope) -> Iterator[Problem]:
    if scope == "locations" and plan.mount == "/":
        help = "use `--scope vhost`, or mount the index below a path such as `/simple/`"
        yield problem("RG606", "an index at `/` takes the whole server", help, "index")
    if scope == "locations" and isinstance(plan.auth, Certificates):
        help = "use `--scope vhost`, or let the virtual host that is there ask for them, and delete `auth`"
        what = "client certificates are asked for by the virtual host, which is not ours here"
        yield problem("RG607", what, help, "auth.certificates")
