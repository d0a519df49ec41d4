"""The gate of a site that only some may read: requests are looked at there before a rule knows what they ask for.

Rules of a virtual host run before httpd looks at credentials, so that their 404 or redirect would answer everybody. A
first rule sends every request to a handler and says nothing; httpd looks at the credentials on the way there, and the
handler (mod_actions) begins the request again, now as one that was let in: httpd alone sets ``REDIRECT_RG_GATE``. The
method and the conditions of the request stay what they were, which they do not behind an ErrorDocument.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rewritegen.auth import Basic, Certificates, Service
from rewritegen.diagnostics import Problem
from rewritegen.plan import Plan
from rewritegen.servers.apache.quoting import argument
from rewritegen.servers.apache.rules import Condition, Rule
from rewritegen.servers.base import Scope, site_word

__all__ = ["Gate", "gate", "gate_refusals", "gate_rules"]

#: Below a directory that is on every Unix machine, and not there: it is never opened.
_NOWHERE = "/usr/rg_gate"

#: What tells who a client is, and what a front in between says of that; the fetching host takes away the rest.
_CREDENTIALS = (
    *("Authorization", "Proxy-Authorization", "Cookie", "X-Forwarded-User", "X-Forwarded-Email"),
    *("X-Forwarded-Groups", "X-Forwarded-Access-Token", "X-Forwarded-Preferred-Username"),
    *("Remote-User", "Remote-Groups", "Remote-Email", "Remote-Name", "X-Remote-User"),
    *("X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Access-Token"),
    *("X-Client-Cert", "X-SSL-Client-Cert", "X-SSL-Client-Verify", "X-SSL-Client-S-DN"),
    *("SSL-Client-Cert", "Client-Cert", "Client-Cert-Chain", "X-Forwarded-Client-Cert"),
    *("X-Forwarded-Tls-Client-Cert",),
)


class Gate(NamedTuple):
    """The gate as the templates print it; lines are whole directives."""

    word: str
    """What the rules put into RG_GATE: a virtual host may include several sites."""
    admits: tuple[str, ...]
    client_ca: tuple[str, ...]
    """The authority of client certificates, quoted; empty when nobody is asked for one."""
    credentials: tuple[str, ...]


def gate(plan: Plan) -> tuple[Gate, ...]:
    """Return the gate; none where everybody may read.

    :raises RewritegenError: RG701 when a value cannot be quoted.
    """
    if plan.auth is None:
        return ()
    ca = (
        (argument(plan.auth.ca, "auth.certificates"),)
        if isinstance(plan.auth, Certificates)
        else ()
    )
    return (Gate(site_word(plan.server_name), tuple(_admits(plan)), ca, _CREDENTIALS),)


def _admits(plan: Plan) -> Iterator[str]:
    match plan.auth:
        case Basic(file=file, realm=realm):
            yield "AuthType Basic"
            yield f"AuthName {argument(realm, 'auth.realm')}"
            yield "AuthBasicProvider file"
            yield f"AuthUserFile {argument(file, 'auth.basic')}"
            yield "Require valid-user"
            yield 'ErrorDocument 401 "This index is read with a name and a password.\\n"'
        case Certificates():
            yield "AuthType None"
            yield "Require ssl-verify-client"
            yield 'ErrorDocument 403 "This index is read with a client certificate.\\n"'


def gate_rules(plan: Plan) -> Iterator[Rule]:
    """Yield the rule that sends a request to the gate, until it has been there."""
    if plan.auth is None:
        return
    word = site_word(plan.server_name)
    comment = (
        "auth: nothing is looked up before httpd has seen who asks; who was let in comes back with status 200",
    )
    outside = (
        Condition("%{ENV:REDIRECT_STATUS} %{ENV:REDIRECT_RG_GATE}", f"!^200 {word}$"),
        Condition("%{ENV:REDIRECT_RG_ASK}", "!."),
    )
    flags = (f"E=RG_GATE:{word}", "H=rg_gate", "QSD", "L")
    yield Rule("^", _NOWHERE, flags, outside, comment)


def gate_refusals(plan: Plan, scope: Scope) -> Iterator[Problem]:
    """Yield what httpd cannot ask of clients."""
    if isinstance(plan.auth, Service):
        message = "Apache cannot ask a service who may read: it has no counterpart of nginx's auth_request"
        advice = "use nginx, `auth: {basic: ...}`, or in scope locations a module of the single sign-on itself"
        yield Problem("RG708", message, None, advice, key="auth.request")
    if scope == "locations" and isinstance(plan.auth, Certificates):
        message = "client certificates are asked for by the virtual host, which is not ours here"
        advice = "use --scope vhost, or let the virtual host that is there ask for them, and delete `auth`"
        yield Problem("RG709", message, None, advice, key="auth.certificates")
