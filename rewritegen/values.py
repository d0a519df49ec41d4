"""The single values of a site file: each type parses one spelling, or refuses it with what to write instead.

Every type is a whitelist, so that nothing reaches a configuration that a server's quoting has not been tested with;
only paths are free text, and they hold printable characters only.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, PlainValidator, WithJsonSchema

from rewritegen.diagnostics import quoted
from rewritegen.names import CANONICAL_NAME, Claim, InvalidNameError, NormalizedName, parse_name
from rewritegen.quantities import (
    DURATION,
    SIZE,
    Duration,
    Size,
    parse_duration,
    parse_size,
    refusal,
    string,
)

__all__ = [
    "AbsolutePath",
    "ClaimText",
    "DurationText",
    "HostName",
    "Listen",
    "ListenText",
    "LoopbackText",
    "Mount",
    "ProjectName",
    "ResolverText",
    "SizeText",
    "SourceName",
    "Url",
    "host_name",
    "http_url",
    "parse_resolver",
]

# Text, not compiled: re keeps what it has compiled, and most site files need few of them.
_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*"
_URL_PATH = r"(?:/[A-Za-z0-9._~+@=-]+)*/?"
_MOUNT = r"/(?:[A-Za-z0-9_~.-]+/)*"
_LISTEN = r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):([0-9]{1,5})"
_RESOLVER = r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::([0-9]{1,5}))?"


def host_name(value: str) -> str:
    """Return a host name in lower case; underscores are allowed, as some networks use them."""
    if value == "_" or "*" in value or value.startswith("."):
        raise refusal(
            "RG301",
            f"{quoted(value)} is not one host name",
            "write the name that the clients use, such as `packages.example.org`",
        )
    if "/" in value or ":" in value:
        raise refusal(
            "RG301",
            f"{quoted(value)} is more than a host name",
            "write the host name alone; ports go to `listen`, paths to `index`",
        )
    if not re.fullmatch(_HOST, value) or len(value) > 253:
        advice = "letters, digits, `-` and `_` in parts of at most 63 characters, joined by dots; 253 in all"
        raise refusal("RG301", f"{quoted(value)} is not a host name", advice)
    return value.lower()


def _absolute_path(value: str) -> str:
    """Return an absolute POSIX path without final slash, doubled slash or ``.`` part."""
    if not value.isprintable():
        raise refusal(
            "RG303",
            f"the path {quoted(value)} holds a character that cannot be seen",
            "write the path with printable characters only",
        )
    if not value.startswith("/"):
        advice = (
            "write it from the root, such as `/srv/packages`; `~` and variables are not expanded"
        )
        raise refusal("RG303", f"the path {quoted(value)} is not absolute", advice)
    parts = [part for part in value.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise refusal(
            "RG303", f"the path {quoted(value)} has a part `..`", "write the path that it leads to"
        )
    if not parts:
        raise refusal(
            "RG303", "the path is the root of the file system", "write the directory that is meant"
        )
    if len(value) > 1024:
        raise refusal(
            "RG303",
            "the path is longer than 1024 characters",
            "use a shorter path, perhaps a symbolic link",
        )
    return "/" + "/".join(parts)


def http_url(value: str) -> str:
    """Return an http(s) URL with a lower-case host, without the scheme's own port, with a final slash."""
    example = "write it like `https://index.example.org/simple/`"
    if not value.isascii() or not value.isprintable() or " " in value:
        raise refusal(
            "RG304",
            f"the URL {quoted(value)} has characters outside ASCII",
            f"{example}, an international host name as `xn--...`",
        )
    try:
        parts = urlsplit(value)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise refusal("RG304", f"{quoted(value)} is not a URL", example) from None
    if parts.scheme not in ("http", "https"):
        raise refusal("RG304", f"{quoted(value)} is not an http or https URL", example)
    if "@" in parts.netloc:
        raise refusal(
            "RG304",
            "the URL holds credentials",
            "write it without user and password; a site file is read by many",
        )
    if "?" in value or "#" in value:
        raise refusal(
            "RG304",
            f"the URL {quoted(value)} has a query or a fragment",
            "write the URL up to its path; project names are appended to it",
        )
    if not host or not _is_host(host) or port == 0 or parts.netloc.endswith(":"):
        raise refusal("RG304", f"the URL {quoted(value)} has no host that could be asked", example)
    if not re.fullmatch(_URL_PATH, parts.path) or {".", ".."} & set(parts.path.split("/")):
        advice = "parts of letters, digits and `. _ ~ + @ = -`, none of them `.` or `..` or empty"
        raise refusal("RG304", f"the path of the URL {quoted(value)} cannot be used", advice)
    if len(value) > 1024:
        raise refusal("RG304", "the URL is longer than 1024 characters", "use a shorter one")
    authority = f"[{host}]" if ":" in host else host
    if port is not None and (parts.scheme, port) not in (("http", 80), ("https", 443)):
        authority += f":{port}"
    return f"{parts.scheme}://{authority}{parts.path.rstrip('/')}/"


def _is_host(host: str) -> bool:
    return (
        _is_address(host)
        if ":" in host
        else len(host) <= 253 and re.fullmatch(_HOST, host) is not None
    )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _mount(value: str) -> str:
    """Return the path of the index; ``/-/`` and ``/files/`` are the site's own, ``packages/`` is beside every mount."""
    if not re.fullmatch(_MOUNT, value) or {".", ".."} & set(value.split("/")):
        suggested = "/" + "".join(
            f"{part}/" for part in re.findall("[A-Za-z0-9_~.-]*[A-Za-z0-9_~-]+", value)
        )
        raise refusal(
            "RG305",
            f"{quoted(value)} is not a mount",
            f"write a path that begins and ends with a slash: {quoted(suggested)}",
        )
    if len(value) > 200:
        raise refusal("RG305", "the mount is longer than 200 characters", "choose a shorter one")
    parts = value.strip("/").split("/")
    if parts[0] in ("-", "files", "packages") or parts[-1] == "packages":
        advice = "choose another, such as `/simple/`: `/-/`, `/files/` and `packages/` beside the mount are taken"
        raise refusal(
            "RG305", f"the mount {quoted(value)} overlaps a path of the site itself", advice
        )
    return value


def _source_name(value: str) -> str:
    if not re.fullmatch(CANONICAL_NAME, value) or len(value) > 64:
        advice = "lower-case letters and digits, joined by single dashes, at most 64 characters"
        raise refusal("RG306", f"{quoted(value)} is not a name for a source", advice)
    return value


def _claim(value: Any) -> Claim:
    if isinstance(value, Claim):
        return value
    try:
        return Claim.parse(string(value))
    except InvalidNameError:
        stem = value.rstrip("*").rstrip("-_.")
        advice = "write a project name, or a prefix such as `acme-*`"
        if value.endswith("*") and stem and _is_project(stem):
            advice = f"write {quoted(stem + '-*')}: {quoted(stem)} and every name that begins with {quoted(stem + '-')}"
        raise refusal("RG307", f"{quoted(value)} is not a claim", advice) from None


def _is_project(text: str) -> bool:
    try:
        parse_name(text)
    except InvalidNameError:
        return False
    return True


def _project_name(value: Any) -> NormalizedName:
    try:
        return parse_name(string(value))
    except InvalidNameError:
        advice = "write one project name: letters and digits, with `-`, `_` or `.` between them, at most 200 characters"
        raise refusal("RG308", f"{quoted(value)} is not a project name", advice) from None


@dataclass(frozen=True, slots=True)
class Listen:
    """An address and port to bind; without an address all of the machine's. ``str()`` is the YAML spelling."""

    address: str | None
    port: int

    def __str__(self) -> str:
        if self.address is None:
            return str(self.port)
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{address}:{self.port}"


def _listen(value: Any) -> Listen:
    example = 'write `8080`, `127.0.0.1:8080` or `"[::1]:8080"`'
    if isinstance(value, Listen):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Listen(None, _port(value, example))
    if not isinstance(value, str):
        raise refusal(
            "RG302", "an entry of `listen` is neither a port nor an IP address with a port", example
        )
    match = re.fullmatch(_LISTEN, value)
    if match is None:
        if value.isascii() and value.isdigit():
            advice = f"write {quoted(value)} without quotes"
            raise refusal("RG302", f"the port {quoted(value)} is text", advice)
        raise refusal(
            "RG302", f"{quoted(value)} is neither a port nor an IP address with a port", example
        )
    address = match[1] or match[2]
    if not _is_address(address) or (match[1] is not None) != (":" in address):
        raise refusal("RG302", f"{quoted(address)} is not an IP address", example)
    return Listen(address.lower(), _port(int(match[3]), example))


def _loopback(value: Any) -> Listen:
    listen = _listen(value)
    if listen.address is None or not ipaddress.ip_address(listen.address).is_loopback:
        raise refusal(
            "RG314",
            f"{quoted(listen)} can be reached from other machines",
            "write a loopback address with a port, such as `127.0.0.1:8179`",
        )
    return listen


def parse_resolver(value: Any) -> str:
    """Return a name server as both servers write it: IPv6 in brackets, the port behind a colon if there is one."""
    text = string(value)
    match = re.fullmatch(_RESOLVER, text)
    address = (match[1] or match[2] or text) if match else text
    # an IPv6 address with a zone (`%eth0`) is one, but not for a server
    if not _is_address(address) or "%" in address or (match and match[1] and ":" not in address):
        advice = "write the IP address of a name server, such as `127.0.0.53` or `[::1]:5353`"
        raise refusal("RG313", f"{quoted(text)} is not a name server", advice)
    port = f":{_port(int(match[3]), 'write a port, or none for 53')}" if match and match[3] else ""
    return f"[{address.lower()}]{port}" if ":" in address else f"{address}{port}"


def _port(port: int, advice: str) -> int:
    if not 1 <= port <= 65535:
        raise refusal("RG302", f"the port {quoted(port)} is not between 1 and 65535", advice)
    return port


def _pattern(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


HostName = Annotated[str, AfterValidator(host_name), _pattern(_HOST)]
AbsolutePath = Annotated[str, AfterValidator(_absolute_path), _pattern("/.*[^/].*")]
Url = Annotated[str, AfterValidator(http_url), _pattern(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?")]
Mount = Annotated[str, AfterValidator(_mount), _pattern(_MOUNT)]
SourceName = Annotated[str, AfterValidator(_source_name), _pattern(CANONICAL_NAME)]
ClaimText = Annotated[
    Claim,
    PlainValidator(_claim),
    _pattern(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*(?:[A-Za-z0-9]|[._-]\*))?"),
]
ProjectName = Annotated[
    NormalizedName,
    PlainValidator(_project_name),
    _pattern(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"),
]
SizeText = Annotated[Size, PlainValidator(parse_size), _pattern(SIZE)]
DurationText = Annotated[Duration, PlainValidator(parse_duration), _pattern(DURATION)]
ListenText = Annotated[
    Listen,
    PlainValidator(_listen),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 65535},
                {"type": "string", "pattern": f"^{_LISTEN}$"},
            ]
        }
    ),
]
LoopbackText = Annotated[
    Listen, PlainValidator(_loopback), WithJsonSchema({"type": "string", "pattern": f"^{_LISTEN}$"})
]
ResolverText = Annotated[
    str, PlainValidator(parse_resolver), _pattern(rf"(?:{_RESOLVER}|[0-9A-Fa-f:]+)")
]
