"""The ways in which a request for a private name can be written that leak it elsewhere.

What each must come to is what the model decides; here stand only the ways to write it. The name is one that nobody
has, below a claim: should the server be wrong, nothing that means anything gets out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rewritegen.check.context import Context
from rewritegen.check.results import About
from rewritegen.check.tasks import Task
from rewritegen.check.wire import Answer, Ask
from rewritegen.names import NormalizedName, is_redirectable

__all__ = ["look_at_spellings", "shapes"]

GRAMMAR = About("request grammar", "index", "raw request line")
METHODS = About("methods", "index", "GET, HEAD")

#: What a server's own parser says to what is no request for it, before any rule.
_OWN_REFUSALS = frozenset({400, 403, 404, 405, 414, 431, 501})


class Shape(NamedTuple):
    """One way to write a request."""

    ask: Ask
    code: str


def shapes(context: Context) -> Iterator[Task]:
    """Yield the probes of the grammar and of the methods."""
    name = next(context.made_up(), None) or next(iter(context.names), None)
    if name is None:
        words = "no name is known to be private, so there is none to be kept here"
        context.results.note("RG942", GRAMMAR, words, "name one: --private NAME")
        return
    context.asked.add(name)
    yield lambda: look_at_spellings(context, GRAMMAR, name)
    for target in filter(context.is_ours, _targets(context, name)):
        yield lambda target=target: _refused(context, Ask(target))  # type: ignore[misc]
    for ask in _raw(context, name):
        yield lambda ask=ask: _refused(context, ask)  # type: ignore[misc]
    for ask in (one for one in _methods(context, name) if context.is_ours(one.target)):
        yield lambda ask=ask: _method(context, ask)  # type: ignore[misc]


def look_at_spellings(context: Context, seen: About, name: NormalizedName) -> None:
    """Ask for a name in other spellings, and without its slash: each is redirected to the canonical URL."""
    mount = context.plan.mount
    dashed = name.replace("-", "_"), name.replace("-", "._-"), name.title().replace("-", ".")
    spelled = dict.fromkeys((name.upper(), *dashed))
    targets = [f"{mount}{raw}{slash}" for raw in spelled if raw != name for slash in ("/", "")]
    for target in (f"{mount}{name}", f"{mount}{name}?x=/", *targets):
        raw = target.removeprefix(mount).partition("?")[0].rstrip("/")
        if is_redirectable(raw):
            _redirected(context, seen, Ask(target), name)


def _redirected(context: Context, seen: About, ask: Ask, name: NormalizedName) -> None:
    see = context.results.see
    answer = context.wire.ask(ask)
    page = context.page(name)
    location = answer.one("Location")
    wanted = f"301, Location: {page}"
    if not see("RG940", answer.status == 301 and location, seen, ask.line, wanted, answer.said):
        return
    canonical = location.partition("?")[0].endswith(f"/{name}/")
    if not see("RG940", canonical, seen, ask.line, wanted, answer.said):
        return
    here = context.leads_to(ask.target, location) == context.url(page)
    see("RG941", here, seen, ask.line, f"to {context.url(page)}", answer.said)


def _targets(context: Context, name: NormalizedName) -> Iterator[str]:
    """Yield paths that decode, resolve or shorten to something that is asked for elsewhere."""
    mount = context.plan.mount
    above = mount.rstrip("/").rpartition("/")[0]
    last = mount.rstrip("/").rpartition("/")[2]
    encoded = f"%{ord(name[0]):02x}{name[1:]}"
    for written in (
        encoded,
        f"%25{encoded[1:]}",
        name.replace("-", "%2D", 1),
        name.replace("-", "%5F", 1),
        f"{name}%2F",
        f"/{name}",
        f"./{name}",
        f"x/../{name}",
        f"x/%2e%2e/{name}",
        f"{name}/;v=1",
        f"{name};v=1",
        f"{name}.",
        f"{name}%20",
        f"{name}%00",
        f"{name}%0d%0aX-Rg:%20x",
        f"%EF%BD%81{name}",
        f"-{name}",
        f"{name}/1.0/json",
    ):
        if written != name:
            yield f"{mount}{written}/"
    yield f"/{mount}{name}/"
    yield f"{mount}{name}//"
    yield f"{mount}{name}/index.html"
    yield f"{mount.rstrip('/')}\\{name}/"
    yield f"{mount}{'a' * 9000}/"
    if last:
        yield f"{above}/{last.upper()}/{name}/"
    yield from (
        f"/pypi/{name}/json",
        f"/pypi/{name}/1.0/json",
        f"/integrity/{name}/1.0/x/provenance",
        f"/project/{name}/",
        f"/search?q={name}",
        f"/rss/project/{name}/releases.xml",
        f"/-/{name}/",
    )


def _raw(context: Context, name: NormalizedName) -> Iterator[Ask]:
    """Yield requests that no client library sends."""
    page = context.page(name)
    yield Ask(page, absolute=f"http://other.example.org{page}")
    yield Ask(page, absolute=context.url(page))
    if context.whole_host:
        yield Ask(page, absolute=f"//other.example.org{page}")
    # without a name, or with one that is not ours, a request may come to another host of the server
    yield Ask(page, version="HTTP/1.0", host=None)
    yield Ask(page, host="other.example.org")


def _refused(context: Context, ask: Ask) -> None:
    answer = context.wire.ask(ask)
    decided = context.decided(ask.target)
    wanted = f"{decided.status}, and nobody is asked"
    right = answer.status == decided.status or answer.status in _OWN_REFUSALS or answer.is_refusal
    # a front may clean a path up first: then it is the page of a claimed name, or leads there
    right = right or _is_cleaned(context, ask, answer)
    # a project that is there, when no name could be made up; and what another host of the server says is its own
    right = right or (answer.status == 200 and answer.source in context.private_labels)
    right = right or (answer.status != 0 and _is_for_another_host(context, ask))
    right = right and not context.went_out(answer)
    context.results.see("RG942", right, GRAMMAR, ask.line, wanted, answer.said)


def _is_for_another_host(context: Context, ask: Ask) -> bool:
    return ask.host != "" or ask.absolute not in ("", context.url(ask.target))


def _is_cleaned(context: Context, ask: Ask, answer: Answer) -> bool:
    if answer.status not in (301, 308):
        return False
    location = context.leads_to(ask.target, answer.one("Location"))
    return context.wire.target.prefix != "" and location.startswith(context.wire.target.origin)


def _methods(context: Context, name: NormalizedName) -> Iterator[Ask]:
    mount = context.plan.mount
    page = context.page(name)
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "BREW", "get"):
        yield Ask(page, method)
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    upload = f":action=file_upload&name={name}".encode()
    for target in (mount, "/legacy/", "/pypi", "/RPC2"):
        yield Ask(target, "POST", form, upload)
    yield Ask(page, "POST", (("X-HTTP-Method-Override", "PUT"),))


def _method(context: Context, ask: Ask) -> None:
    answer = context.wire.ask(ask)
    allowed = {word.strip() for word in answer.one("Allow").split(",")} == {"GET", "HEAD"}
    right = answer.status == 405 and allowed
    if ask.method in (
        "get",
        "BREW",
        "PROPFIND",
    ):  # what no parser need know: nginx says 400 to `get`, fronts what they like
        right = right or answer.status in (400, 403, 501)
    came = f"{answer.said}, Allow: {answer.one('Allow')}"
    right = right and not context.went_out(answer)
    context.results.see("RG943", right, METHODS, ask.line, "405, Allow: GET, HEAD", came)
