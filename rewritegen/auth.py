"""Who may read the index, as both servers and the model need it, and in words.

It is looked at in one place, before anything else is: behind it nothing tells who is asking, and before it nothing
tells what is here.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from typing_extensions import assert_never

__all__ = ["Auth", "Basic", "Certificates", "Service", "describe_auth"]


class Basic(NamedTuple):
    """A name and a password (RFC 7617), looked up in a file that ``htpasswd`` writes."""

    file: str
    realm: str

    @property
    def status(self) -> int:
        """What everybody else gets."""
        return 401


class Certificates(NamedTuple):
    """A client certificate that was signed by this authority."""

    ca: str

    @property
    def status(self) -> int:
        """What everybody else gets: no header could ask for a certificate, so it is not 401 (RFC 9110, 15.5.2)."""
        return 403


class Service(NamedTuple):
    """An HTTP service, such as a single sign-on, that is asked about every request."""

    url: str

    @property
    def status(self) -> int:
        """What everybody else gets, unless the service says 403."""
        return 401


Auth: TypeAlias = Basic | Certificates | Service


def describe_auth(auth: Auth) -> str:
    """Return one sentence that says who may read what stands below it."""
    match auth:
        case Basic(file=file):
            who = f"with a name and password of {file}, else 401"
        case Certificates(ca=ca):
            who = f"with a client certificate signed by {ca}, else 403"
        case Service(url=url):
            who = f"for whom {url} lets in, else its 401 or 403; 503 if it says neither"
        case _:
            assert_never(auth)
    return f"all below only {who}; nothing is looked up or forwarded before"
