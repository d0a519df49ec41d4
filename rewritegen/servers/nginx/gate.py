"""The gate of a site that only some may read: one location that looks at credentials and does nothing else.

nginx goes through the rewrite rules of a location (``if``, ``return``, ``rewrite``) before it looks at credentials, so
that the 404 or the redirect of a rule would answer everybody. ``try_files`` comes after them: it takes who was let in
to :data:`INSIDE`, where all rules are, and where no request from outside gets (``internal``, and not in the grammar).
The credentials are looked at once for a request; hashing a password takes longer than all the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from rewritegen.auth import Basic, Certificates, Service, describe_auth
from rewritegen.plan import Plan
from rewritegen.servers.nginx.quoting import argument, comment, value
from rewritegen.servers.nginx.view import AskService, Entry, Gate, Location, Rule
from rewritegen.servers.nginx.words import INNER, NO_CACHE, answered_by, refuse

__all__ = ["INSIDE", "asked", "client_ca", "gate", "private"]

#: Stands before every URL behind the gate.
INSIDE = f"{INNER}in"

_SERVICE = f"{INNER}who"
_UNSURE = f"{INNER}who_knows"
_INDENT = "    "


def gate(plan: Plan, guards: tuple[Rule, ...], *, whole_server: bool) -> list[tuple[str, Location]]:
    """Return the gate, for each prefix that is ours, and what is at its other side when nothing else is there."""
    if plan.auth is None:
        return []
    prefixes = [plan.mount, *(route.prefix for route in plan.files if not route.beside)]
    beyond = Entry(
        (), f"{INSIDE}/", _HEADERS, refuse(404, "outside this index"), guards, internal=True
    )
    return [
        *(
            (prefix, _gate(plan, prefix, guards))
            for prefix in (["/"] if whole_server else dict.fromkeys(prefixes))
        ),
        ("/-/", beyond),
    ]


_HEADERS = (answered_by("none"), NO_CACHE)


def _gate(plan: Plan, prefix: str, guards: tuple[Rule, ...]) -> Gate:
    rules = guards
    if isinstance(plan.auth, Certificates):
        answer = refuse(403, "this index needs a client certificate")
        rules = (*guards, Rule((), "$ssl_client_verify != SUCCESS", answer))
    words = comment(f"auth: {describe_auth(plan.auth)}" if plan.auth else "", _INDENT)
    return Gate(words, prefix, _HEADERS, rules, tuple(_admits(plan)), INSIDE)


def _admits(plan: Plan) -> Iterator[str]:
    match plan.auth:
        case Basic(file=file, realm=realm):
            yield f'auth_basic "{value(realm, "auth.realm")}"'
            yield f"auth_basic_user_file {argument(value(file, 'auth.basic'))}"
        case Service():
            yield f"auth_request {_SERVICE}"
            # what is neither yes nor no is 500 there; an error_page here hides that of the server
            yield f"error_page 500 = {_UNSURE}"
            yield "error_page 405 = @rg_405"


def asked(plan: Plan) -> tuple[Location, ...]:
    """Return the locations that ask the service, where there is one."""
    if not isinstance(plan.auth, Service):
        return ()
    parts = urlsplit(plan.auth.url)
    tls = (argument(parts.hostname or ""), argument(value(plan.ca, "ca")))
    unsure = refuse(503, "nobody can say who may read this index now; try again")
    return (
        AskService(
            comment(f"auth: whether {plan.auth.url} lets the client in", _INDENT),
            f"= {_SERVICE}",
            (),
            argument(value(plan.auth.url, "auth.request")),
            argument(parts.netloc),
            argument(plan.public_url.removesuffix(plan.mount)),
            (tls,) if parts.scheme == "https" else (),
        ),
        Entry(
            comment("auth: it said neither yes nor no, or nothing; nobody is let in", _INDENT),
            f"= {_UNSURE}",
            _HEADERS,
            unsure,
            internal=True,
        ),
    )


def client_ca(plan: Plan) -> tuple[str, ...]:
    """Return the file of the authority that signs client certificates, where they are asked for."""
    if not isinstance(plan.auth, Certificates):
        return ()
    return (argument(value(plan.auth.ca, "auth.certificates")),)


def private(location: Location) -> Location:
    """Return a location whose answers no shared cache keeps (RFC 9111, 5.2.2.7).

    Not for the sake of Authorization alone, with which a cache keeps nothing of what we send (3.5): a cookie or a
    certificate says nothing to it.
    """
    headers = tuple(
        header._replace(value=argument(f"private, {header.value.strip(chr(34))}"))
        if header.name == "Cache-Control"
        else header
        for header in location.headers
    )
    return location._replace(headers=headers)
