"""Who may read, as the site file says it."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, WithJsonSchema

from rewritegen.diagnostics import quoted
from rewritegen.quantities import refusal
from rewritegen.sources import Part
from rewritegen.values import AbsolutePath, http_url

__all__ = ["WAYS", "Access"]

_REALM = r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9._-])?"
_ENDPOINT = r"https?://[^\s/?#@]+(?:/[^\s?#]*)?"


def _endpoint(value: str) -> str:
    """Return the URL of one resource, as it is written: a final slash would be another one."""
    if "?" in value or "#" in value:
        raise refusal(
            "RG315",
            f"the URL {quoted(value)} has a query or a fragment",
            "write the URL up to its path; the service is told what was asked for in `X-Original-URI`",
        )
    url = http_url(value)
    return url if urlsplit(value).path in ("", "/") or value.endswith("/") else url.rstrip("/")


def _realm(value: str) -> str:
    """Return the name of a realm; nginx takes the word ``off`` for no authentication at all."""
    if not re.fullmatch(_REALM, value) or value.lower() == "off":
        advice = "write 1 to 64 letters, digits, blanks, `.`, `_` or `-`, but not `off`, such as `packages`"
        raise refusal("RG316", f"{quoted(value)} is not a realm", advice)
    return value


Endpoint = Annotated[
    str,
    AfterValidator(_endpoint),
    WithJsonSchema({"type": "string", "pattern": f"^{_ENDPOINT}$"}),
]
Realm = Annotated[
    str, AfterValidator(_realm), WithJsonSchema({"type": "string", "pattern": f"^{_REALM}$"})
]

#: The keys of `auth` of which one says who may read.
WAYS = ("basic", "certificates", "request")


class Access(Part):
    """Who may read the index: one of `basic`, `certificates` and `request`; without `auth`, everybody."""

    basic: AbsolutePath | None = Field(
        None,
        description="The file of names and passwords that `htpasswd` writes; the server's user reads it.",
        examples=["/etc/rewritegen/htpasswd"],
    )
    realm: Realm = Field(
        "packages",
        description="What `basic` tells clients that the password is for.",
        examples=["packages"],
    )
    certificates: AbsolutePath | None = Field(
        None,
        description="The PEM file of the authority that signs the certificates of clients; needs `tls`.",
        examples=["/etc/ssl/team-ca.pem"],
    )
    request: Endpoint | None = Field(
        None,
        description="The URL of a service that is asked about every request (nginx: auth_request).",
        examples=["http://127.0.0.1:9091/auth"],
    )
