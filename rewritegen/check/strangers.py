"""Probes of `auth`: who shows nothing is refused before anything is looked up, and learns nothing from how."""

from __future__ import annotations

from collections.abc import Iterator

from rewritegen.auth import Auth
from rewritegen.check.context import Context, stem
from rewritegen.check.results import About
from rewritegen.check.tasks import Task
from rewritegen.check.wire import Answer, Ask

__all__ = ["is_admitted", "strangers"]

_AUTH = About("auth", "auth", "auth")


def is_admitted(context: Context) -> bool:
    """Ask for the list with what we have; return whether we may read."""
    ask, answer = context.get(context.plan.mount)
    refused = answer.status in (401, 403)
    if context.plan.auth is None:
        said = "no credentials asked for: the YAML has no `auth`"
        step = "if a front asks for them: --netrc or --header" if refused else ""
        context.results.see(
            "RG908", not refused, _AUTH, ask.line, said, answer.said, next_step=step
        )
        return not refused
    if refused and not context.wire.credentials and context.wire.strangers_tls is None:
        words = "no credentials were given: only the refusals are looked at"
        context.results.note("RG908", _AUTH, words, "give --netrc, --header or --client-cert")
        return False
    context.results.see("RG908", not refused, _AUTH, ask.line, "an answer", answer.said)
    return not refused


def strangers(context: Context, auth: Auth) -> Iterator[Task]:
    """Yield the probes of what somebody gets who shows nothing."""
    yield lambda: _strangers(context, auth)


def _strangers(context: Context, auth: Auth) -> None:
    see = context.results.see
    answers: list[tuple[str, Answer]] = []
    for target in _targets(context):
        ask = Ask(target, known=False)
        answer = context.wire.ask(ask)
        # a wrong or missing client certificate: nginx says 400, httpd ends the handshake
        refused = answer.status in (auth.status, 401, 403) or (
            auth.status == 403 and (answer.is_refusal or answer.status == 400)
        )
        said = f"{auth.status}, whatever was asked for"
        see("RG970", refused, _AUTH, ask.line, said, answer.said)
        quiet = (
            answer.source in ("none", "")
            and not answer.one("X-Cache")
            and not answer.one("Location")
        )
        see("RG971", quiet, _AUTH, ask.line, "no source, no copy, no redirect", answer.said)
        answers.append((ask.line, answer))
    kinds = {(answer.status, answer.body) for _, answer in answers}
    came = "; ".join(f"{line}: {answer.said}" for line, answer in answers)
    see("RG971", len(kinds) == 1, _AUTH, "all of them", "one and the same answer", came)


def _targets(context: Context) -> Iterator[str]:
    """Yield a list, pages, files and redirects of names that are private, public and nowhere."""
    mount = context.plan.mount
    names = [*list(context.names)[:2], *list(context.made_up())[:1], context.nobodys]
    names += [sample.name for sample in context.samples[:1]]
    yield mount
    for name in names:
        yield context.page(name)
        yield f"{mount}{name}"
        for route in context.plan.public_files:
            yield f"{route.prefix}{name}/aa/{stem(name)}-1.0-py3-none-any.whl"
