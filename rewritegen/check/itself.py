"""Probes of the server itself: that it answers, its certificate and clock, health, fingerprint, and the list."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime

from rewritegen.check.context import Context
from rewritegen.check.documents import UnreadableError, read_list
from rewritegen.check.results import About
from rewritegen.check.tasks import Task
from rewritegen.check.wire import Answer
from rewritegen.names import NormalizedName
from rewritegen.representations import JSON, REPRESENTATIONS, negotiate

__all__ = ["SERVER", "itself", "look_at_certificate", "look_at_list", "root_list"]

SERVER = About("server", "server_name", "health")
_TLS = About("certificate", "tls", "TLS")
_FINGERPRINT = About("fingerprint", "", "Fingerprint")
_LIST = About("list", "index", "the list")

_DAY = 86400
_SOON_DAYS = 21
_CLOCK_SECONDS = 60

#: OpenSSL's words (x509_vfy.h) for a certificate that is not yet or no longer valid.
_TIMES = (9, 10)


def look_at_certificate(context: Context) -> bool:
    """Connect; return whether the server can be talked to."""
    see = context.results.see
    target = context.wire.target
    asked = f"connect {target.authority}"
    try:
        connection = context.wire.connect()
    except ssl.SSLCertVerificationError as error:
        code = "RG903" if error.verify_code in _TIMES else "RG902"
        see(code, False, _TLS, asked, f"a certificate of {target.host}", error.verify_message)
        return False
    except OSError as error:
        see("RG901", False, SERVER, asked, "a connection", str(error).lower())
        return False
    with connection:
        see("RG901", True, SERVER)
        if isinstance(connection, ssl.SSLSocket):
            see("RG902", True, _TLS)
            _validity(context, asked, connection.getpeercert() or {})
    return True


def _validity(context: Context, asked: str, certificate: Mapping[str, object]) -> None:
    until, since = (str(certificate.get(key, "")) for key in ("notAfter", "notBefore"))
    ends = ssl.cert_time_to_seconds(until) if until else 0.0
    begins = ssl.cert_time_to_seconds(since) if since else 0.0
    # one that lives for six days is renewed later than three weeks before its end
    soon = min(_SOON_DAYS * _DAY, (ends - begins) / 4)
    left = ends - time.time()
    came = f"valid until {until}, {left / _DAY:.0f} days"
    said = f"valid for {soon / _DAY:.0f} days at least"
    context.results.see("RG903", left > soon, _TLS, asked, said, came, severity="warning")


def itself(context: Context, fingerprints: Mapping[str, str]) -> Iterator[Task]:
    """Yield the probes of what is said of the site itself.

    :param fingerprints: of the texts that the YAML gives, each with what it is for, such as ``nginx, vhost``.
    """
    yield lambda: _health(context)
    yield lambda: _fingerprint(context, fingerprints)


def _health(context: Context) -> None:
    ask, answer = context.get("/-/health")
    right = answer.status == 200 and answer.body.strip() == b"ok"
    context.results.see("RG905", right, SERVER, ask.line, "200, ok", answer.said)
    _clock(context, ask.line, answer)


def _clock(context: Context, line: str, answer: Answer) -> None:
    try:
        there = parsedate_to_datetime(answer.one("Date")).timestamp()
    except ValueError:
        return
    off = there - time.time()
    right = abs(off) <= _CLOCK_SECONDS
    said = f"Date within {_CLOCK_SECONDS} s"
    came = f"Date: {answer.one('Date')}, {off:+.0f} s"
    context.results.see("RG904", right, SERVER, line, said, came, severity="warning")


def _fingerprint(context: Context, fingerprints: Mapping[str, str]) -> None:
    ask, answer = context.get("/-/rewritegen")
    found = re.search(rb"\b[0-9a-f]{64}\b", answer.body)
    running = found[0].decode() if found and answer.status == 200 else ""
    context.whole_host = ", locations" not in fingerprints.get(running, "")
    said = " or ".join(f"{value[:12]}... ({what})" for value, what in fingerprints.items())
    came = f"{running[:12]}..." if running else answer.said
    context.results.see("RG906", running in fingerprints, _FINGERPRINT, ask.line, said, came)


def root_list(context: Context) -> Iterator[Task]:
    """Yield the probes of the list in every representation."""
    if context.plan.root_list.pages is None and context.plan.root_list.listing is None:
        return
    for form in REPRESENTATIONS:
        yield lambda form=form: _list_in(context, form.content_type)  # type: ignore[misc]


def _list_in(context: Context, accept: str) -> None:
    see = context.results.see
    ask, answer = context.get(context.plan.mount, accept)
    if not see("RG950", answer.status == 200, _LIST, ask.line, "200", answer.said):
        return
    if context.plan.root_list.pages is not None:
        wanted = negotiate(accept).content_type.partition(";")[0]
        see(
            "RG913",
            answer.media_type == wanted,
            _LIST,
            ask.line,
            wanted,
            answer.one("Content-Type"),
        )
    vary = {"accept", "accept-encoding"} <= answer.vary
    see(
        "RG915",
        vary,
        _LIST,
        ask.line,
        "Vary: Accept, Accept-Encoding",
        f"Vary: {answer.one('Vary')}",
    )
    names = _read(context, ask.line, answer)
    if names is not None:
        listed = set(context.names)
        more = f"{len(set(names) - listed)} more, {len(listed - set(names))} fewer"
        see("RG924", set(names) <= listed, _LIST, ask.line, "the same projects", more)


def look_at_list(context: Context) -> tuple[NormalizedName, ...]:
    """Ask for the list, and return the private projects that it has; none where the plan has no list."""
    root = context.plan.root_list
    ask, answer = context.get(context.plan.mount, "text/html")
    see = context.results.see
    if root.pages is None and root.listing is None:
        said = "404: without state nobody knows all private projects"
        see("RG951", answer.status == 404, _LIST, ask.line, said, answer.said)
        return ()
    if not see("RG950", answer.status == 200, _LIST, ask.line, "200", answer.said):
        return ()
    label = root.source.label if root.source else "none"
    right = answer.source == label
    hint = context.hint(answer)
    see("RG951", right, _LIST, ask.line, f"X-Index-Source {label}", answer.said, next_step=hint)
    # names that a stranger put into the list are asked for nowhere: they are no private names of this site
    if not right:
        return ()
    names = _read(context, ask.line, answer)
    if names is None:
        ask, answer = context.get(context.plan.mount, JSON.content_type)
        names = _read(context, ask.line, answer)
    return names or ()


def _read(context: Context, line: str, answer: Answer) -> tuple[NormalizedName, ...] | None:
    try:
        names = read_list(answer.media_type, answer.body)
    except UnreadableError as error:
        context.results.see("RG950", False, _LIST, line, "a list of projects", str(error))
        return None
    context.results.see("RG950", answer.whole, _LIST, line, "the whole list", "a part of it")
    return names
