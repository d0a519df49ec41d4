"""One index as its clients see it, taken from the plan of a site."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic_core import PydanticCustomError

from rewritegen.auth import Auth
from rewritegen.diagnostics import Problem, RewritegenError
from rewritegen.names import ClaimSet, NormalizedName
from rewritegen.plan import Plan
from rewritegen.steps import Reserved, SendTo
from rewritegen.values import http_url

__all__ = ["ClientIndex", "Form", "client_index"]

#: One index URL, behind which the site decides; or the site beside PyPI, and the client decides.
Form: TypeAlias = Literal["one", "two"]


@dataclass(frozen=True, slots=True)
class ClientIndex:
    """What the tools are told of a site."""

    url: str
    """Ends with a slash."""
    name: str
    """What the tools call it: small letters, digits and dashes, never a name that a tool keeps for PyPI."""
    form: Form
    auth: Auth | None
    claims: ClaimSet
    packages: tuple[NormalizedName, ...]
    """Single names that are ours, for tools that cannot be told a prefix: what is claimed, and what was asked for."""
    away: bool
    """Whether the site sends clients to another host for what is not here."""
    local_only: bool
    """Whether the site listens on the loopback interface alone, and nobody said under which URL others reach it."""

    @property
    def two(self) -> bool:
        """Whether PyPI is asked beside it."""
        return self.form == "two"

    @property
    def netloc(self) -> str:
        """Host and port, as they stand in the URL."""
        return urlsplit(self.url).netloc

    @property
    def origin(self) -> str:
        """What all URLs of the site begin with: files lie beside the index, not below it."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}/"

    @property
    def host(self) -> str:
        """The host alone, as netrc wants it."""
        return urlsplit(self.url).hostname or ""

    @property
    def word(self) -> str:
        """The name within the name of an environment variable."""
        return self.name.upper().replace("-", "_")

    @property
    def plain(self) -> bool:
        """Whether requests cross a network in clear text: pip and pdm refuse that unless they are told."""
        return urlsplit(self.url).scheme == "http" and not _is_loopback(self.host)

    @property
    def patterns(self) -> tuple[str, ...]:
        """Globs over canonical names that match what is ours: the claim ``acme-*`` is ``acme`` and what is below it."""
        below = [text for name in self.claims.prefixes for text in (name, f"{name}-*")]
        return tuple(sorted({*below, *self.packages}))


def client_index(
    plan: Plan,
    url: str | None = None,
    form: Form = "one",
    packages: tuple[NormalizedName, ...] = (),
) -> ClientIndex:
    """Return what clients are told of the site of this plan.

    :param url: under which URL clients reach the index, where it is not the site's own: behind a TLS proxy.
    :raises RewritegenError: when that is no URL of an index.
    """
    claims = next(step.claims for step in plan.page if isinstance(step, Reserved))
    addresses = [address for address, _ in plan.listen]
    return ClientIndex(
        url=_checked(url) if url is not None else plan.public_url,
        name=_name(plan.server_name),
        form=form,
        auth=plan.auth,
        claims=claims,
        packages=tuple(sorted({*claims.names, *packages})),
        away=any(isinstance(step, SendTo) for step in plan.page),
        local_only=url is None and all(a is not None and _is_loopback(a) for a in addresses),
    )


def _checked(url: str) -> str:
    try:
        return http_url(url)
    except PydanticCustomError as refused:
        context = refused.context or {}
        problem = Problem(context["code"], f"--url: {context['message']}", None, context["help"])
        raise RewritegenError([problem]) from None


def _name(server_name: str) -> str:
    """Return the first part of the host name; the whole of it where that is what tools call PyPI, or no word.

    poetry takes no second ``PyPI``, and for pdm and pipenv ``pypi`` is the one that is replaced.
    """
    first, *rest = (re.sub("[^a-z0-9]+", "-", part).strip("-") for part in server_name.split("."))
    usable = re.match("[a-z]", first) and first != "pypi"
    return first if usable else "-".join(["index", *filter(None, [first, *rest])])


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
