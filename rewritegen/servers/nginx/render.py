"""The view and the files: three scopes of one text."""

from __future__ import annotations

import shlex

from rewritegen import __version__
from rewritegen.plan import Plan
from rewritegen.redirects import REDIRECTS
from rewritegen.representations import JSON, LEGACY_JSON, V1_HTML
from rewritegen.response_headers import DROPPED, OWN, POLICY
from rewritegen.routes import route_table
from rewritegen.servers.base import (
    FINGERPRINT_PLACE,
    Capabilities,
    Files,
    Scope,
    fetcher_name,
    site_word,
)
from rewritegen.servers.nginx.capabilities import OLDEST
from rewritegen.servers.nginx.entries import Entries
from rewritegen.servers.nginx.fetcher import FAILED, Fetcher
from rewritegen.servers.nginx.gate import INSIDE, asked, client_ca, gate, private
from rewritegen.servers.nginx.inner import Inner
from rewritegen.servers.nginx.names import Names
from rewritegen.servers.nginx.near import Ways, copies
from rewritegen.servers.nginx.njs import SCRIPT_NAME, script_text
from rewritegen.servers.nginx.page_check import page_check
from rewritegen.servers.nginx.quoting import argument, comment, value
from rewritegen.servers.nginx.refusals import extra_modules
from rewritegen.servers.nginx.shared import OURS
from rewritegen.servers.nginx.upstreams import Upstreams
from rewritegen.servers.nginx.view import Container, Header, Location, Rule, View
from rewritegen.servers.nginx.view_fetching import Fetching
from rewritegen.templating import environment

__all__ = ["render"]

#: What Mozilla's intermediate list comes to without the slow DHE (server side TLS guidelines 5.7); TLS 1.3 has suites
#: of its own, which nginx leaves to OpenSSL.
CIPHERS = "ECDHE+AESGCM:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

#: Answers of an upstream that are passed on besides 2xx, and nginx's own word for a client that went away.
_NO_FAILURES = (304, 404, 416, 499)

#: Where every distribution has it.
_LOG_DIRECTORY = "/var/log/nginx"

#: What is said here alone, or by another host's word for where to go.
_DROPPED = sorted((*DROPPED, "Cache-Control", "Location"), key=str.lower)

_TEMPORARY = ("proxy", "fastcgi", "uwsgi", "scgi")


def render(plan: Plan, scope: Scope, capabilities: Capabilities) -> Files:
    """Return the files of a scope; the fingerprint is not in them yet.

    :raises RewritegenError: when a value cannot be quoted.
    """
    view = _view(plan, scope, capabilities)
    if scope == "locations":
        parts = ("http.conf", "locations.conf")
        return Files(tuple((f"{plan.server_name}.{part}", _lay_out(part, view)) for part in parts))
    vhost = (view.file, _lay_out("vhost.conf", view))
    if scope == "vhost":
        return Files((vhost,))
    texts = [("nginx.conf", _lay_out("nginx.conf", view)), vhost]
    texts.extend((name, script_text(plan)) for name in view.script)
    return Files(tuple(texts), ("logs", "temp"))


def _lay_out(template: str, view: View) -> str:
    return environment().get_template(f"nginx/{template}.j2").render(view=view)


def _view(plan: Plan, scope: Scope, capabilities: Capabilities) -> View:
    site = site_word(plan.server_name)
    names = Names(plan, site)
    upstreams = Upstreams(plan, site, capabilities)
    guards = _guards(names)
    script = "http_sub" not in capabilities and bool(plan.steps_with_upstream)
    fetcher = Fetcher(plan, names, upstreams, script)
    inner = Inner(
        names,
        Ways(plan, site, fetcher),
        gzip_static="http_gzip_static" in capabilities,
        random_index="http_random_index" in capabilities,
    )
    own = guards if scope == "locations" else ()
    gated = gate(plan, own, whole_server=scope != "locations")
    entries = [*gated, *Entries(plan, names, inner, own, INSIDE if gated else "").all()]
    others = (*inner.locations.values(), *asked(plan))
    if gated:
        entries = [(prefix, private(location)) for prefix, location in entries]
        others = tuple(map(private, others))
    fetching = _fetching(plan, fetcher, scope)
    return View(
        site=site,
        file=f"{plan.server_name}.conf",
        header=_header(plan, scope, capabilities),
        server_name=plan.server_name,
        listen=_listen(plan),
        certificate=_certificate(plan),
        client_ca=client_ca(plan),
        own=_own(names),
        ciphers=CIPHERS,
        log=_log(plan, scope),
        temporary=tuple(word for word in _TEMPORARY if f"http_{word}" in capabilities),
        jit="pcre_jit" in capabilities,
        ssi="http_ssi" in capabilities,
        script=(SCRIPT_NAME,) if script else (),
        maps=tuple(names.maps()),
        hashes=names.hashes(),
        copies=tuple(copies(plan, site, standalone=scope == "standalone")),
        groups=(*upstreams.near.values(), *upstreams.far.values()),
        fetching=fetching,
        guards=guards,
        nothing_else=() if gated else ('return 404 "outside this index\\n"',),
        containers=_containers(entries, others, scope),
    )


def _fetching(plan: Plan, fetcher: Fetcher, scope: Scope) -> tuple[Fetching, ...]:
    """Return the inner server, where somebody is asked."""
    if not fetcher.locations:
        return ()
    address, port = plan.inner
    others = [s for s in range(300, 600) if s not in (*REDIRECTS, *_NO_FAILURES)]
    rows = [others[start : start + 20] for start in range(0, len(others), 20)]
    log = _log(plan, scope).replace(".access.json", ".fetch.json")
    tls = any(location.far.tls for location in fetcher.locations.values())
    return (
        Fetching(
            listen=f"{_bound(address)}{port}",
            name=fetcher_name(plan.server_name),
            log=log,
            resolver=" ".join(plan.resolver),
            failed=FAILED,
            redirects=" ".join(map(str, REDIRECTS)),
            others="\n        ".join(" ".join(map(str, row)) for row in rows),
            ca=(argument(value(plan.ca, "ca")),) if tls else (),
            conditions=fetcher.conditions,
            dropped=tuple(_DROPPED),
            packed=_packed(plan),
            locations=tuple(fetcher.locations.values()),
            check=page_check(plan),
        ),
    )


def _own(names: Names) -> tuple[Header, ...]:
    """Return the headers of every answer; one is too long for a line, and stands in a variable."""
    return tuple(
        Header(name, names.shared(OURS) if text == POLICY else argument(text)) for name, text in OWN
    )


def _packed(plan: Plan) -> str:
    """Return the types of what is fetched for its text; nginx knows that of HTML itself."""
    pages = f"{V1_HTML.content_type} {JSON.content_type}"
    if not plan.documents_with_upstream:
        return pages
    return f"{LEGACY_JSON.content_type}\n        {pages}"


def _guards(names: Names) -> tuple[Rule, ...]:
    """Return what comes before every rule, in this order: an unknown method is 405 on any path."""
    return (
        Rule((), '$request_method !~ "^(?:GET|HEAD)$"', "return 405"),
        Rule(
            ("# default deny: what the grammar does not have is not here, and nobody is asked",),
            names.denied,
            'return 404 "outside this index\\n"',
        ),
    )


def _listen(plan: Plan) -> tuple[str, ...]:
    tls = " ssl" if plan.tls else ""
    return tuple(f"{_bound(address)}{port}{tls}" for address, port in plan.listen)


def _bound(address: str | None) -> str:
    if address is None:
        return ""
    return f"[{address}]:" if ":" in address else f"{address}:"


def _certificate(plan: Plan) -> tuple[tuple[str, str], ...]:
    if plan.tls is None:
        return ()
    certificate = argument(value(plan.tls.certificate, "tls.certificate"))
    return ((certificate, argument(value(plan.tls.key, "tls.key"))),)


def _log(plan: Plan, scope: Scope) -> str:
    directory = "logs" if scope == "standalone" else _LOG_DIRECTORY
    return f"{directory}/{plan.server_name}.access.json"


def _containers(
    entries: list[tuple[str, Location]], inner: tuple[Location, ...], scope: Scope
) -> tuple[Container, ...]:
    """Return our server's locations, or one container for each prefix that is ours in somebody else's server."""
    if scope != "locations":
        return (Container("", (), (*(location for _, location in entries), *inner)),)
    by_prefix: dict[str, list[Location]] = {}
    for prefix, location in entries:
        by_prefix.setdefault(prefix, []).append(location)
    by_prefix.setdefault("/-/", []).extend(inner)
    return tuple(
        Container(
            f"^~ {prefix}", (f"# {prefix} is ours, and nothing in it leaks out",), tuple(locations)
        )
        for prefix, locations in by_prefix.items()
    )


def _header(plan: Plan, scope: Scope, capabilities: Capabilities) -> tuple[str, ...]:
    site_file = plan.site_file
    extra = "" if scope == "vhost" else f" --scope {scope}"
    extra += " --offline" if plan.offline else ""
    modules = ", ".join(extra_modules(plan, capabilities)) or "no extra module"
    lines = [
        *comment(f"{plan.public_url}: a private-first Python package index."),
        *comment(
            f"Generated by rewritegen {__version__} from {site_file}; change that file, then run:"
        ),
        *comment(f"    rewritegen generate {shlex.quote(site_file)} --server nginx{extra}"),
        *comment(f"Needs nginx {'.'.join(map(str, OLDEST))} or newer, built with: {modules}."),
        *comment(f"Fingerprint: {FINGERPRINT_PLACE}"),
        "#",
        *comment("What is answered, first match first:"),
    ]
    for line in route_table(plan):
        indent = len(line) - len(line.lstrip())
        lines.extend(comment(line.strip(), hanging="    ", lead="  " + " " * indent))
    return tuple(lines)
