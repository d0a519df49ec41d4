"""From what is written on the command line to a wire: URL, certificates, credentials."""

from __future__ import annotations

import netrc
import ssl
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rewritegen.check.target import Target, split_url
from rewritegen.check.wire import Limits, Wire

__all__ = ["Reach", "ReachError", "reach"]


class ReachError(ValueError):
    """What was given cannot be used; the text says why, and never holds a secret."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How to get to the server, as it was written."""

    url: str
    headers: Sequence[str] = ()
    """``NAME: VALUE``."""
    netrc_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    ca: str | None = None
    limits: Limits = field(default_factory=Limits)


def reach(given: Reach, mount: str | None) -> Wire:
    """Return the wire; ``mount`` is the path of the index that the URL must end with, None: any.

    :raises ReachError: when something of it cannot be used.
    """
    try:
        found, login = split_url(given.url)
    except ValueError as error:
        raise ReachError(f"--url is {error}") from error
    target = _mounted(found, mount)
    tls = strangers = None
    if target.scheme == "https":
        tls = _context(given.ca)
        if given.client_cert:
            strangers = _context(given.ca)
            _load(tls, given.client_cert, given.client_key)
    elif given.client_cert or given.ca:
        raise ReachError("--client-cert and --ca are for https URLs")
    credentials = tuple(_header(text) for text in given.headers)
    if login is None and given.netrc_file is not None:
        login = _from_netrc(given.netrc_file, target.host)
    if login is not None:
        encoded = b64encode(f"{login[0]}:{login[1]}".encode()).decode()
        credentials = (*credentials, ("Authorization", f"Basic {encoded}"))
    return Wire(target, given.limits, credentials, tls, strangers)


def _mounted(target: Target, mount: str | None) -> Target:
    """Part the path of the URL into what a front puts before the site's paths, and the path of the index."""
    path = target.mount
    if mount is None:
        return target
    if path == "/":
        return target._replace(mount=mount)
    if not path.endswith(mount):
        raise ReachError(f"--url must end with the path of the index, {mount}")
    return target._replace(prefix=path[: len(path) - len(mount)], mount=mount)


def _context(ca: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise ReachError(f"--ca {ca}: {error}") from error


def _load(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    try:
        # without a password: a check asks nobody
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ssl.SSLError) as error:
        raise ReachError(f"--client-cert {certificate}: {error}") from error


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or not name.isascii() or any(c in text for c in "\r\n\0"):
        raise ReachError("--header is `NAME: VALUE`")
    return name.strip(), value.strip()


def _from_netrc(path: str, host: str) -> tuple[str, str]:
    file = Path(path).expanduser()
    try:
        found = netrc.netrc(str(file)).authenticators(host)
    except (OSError, netrc.NetrcParseError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it cannot be read"
        raise ReachError(f"--netrc {path}: {reason}") from None
    if found is None:
        raise ReachError(f"--netrc {path} has nothing for {host}")
    return found[0], found[2] or ""
