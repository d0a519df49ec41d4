"""What is said beside a configuration: how credentials are given, and why one index is safer than two."""

from __future__ import annotations

from collections.abc import Iterator

from typing_extensions import assert_never

from rewritegen.auth import Basic, Certificates, Service
from rewritegen.clients.index import ClientIndex
from rewritegen.clients.tools import Tool

__all__ = ["LISTED", "credentials", "warnings"]

_NETRC = (
    "~/.netrc (mode 600) has `machine {host} login NAME password PASSWORD`",
    "or the keyring has it: `keyring set {host} NAME`",
)

#: How each tool is given a name and a password; none of it holds one.
_PASSWORDS: dict[str, tuple[str, ...]] = {
    "pip": _NETRC,
    "uv": (
        "UV_INDEX_{word}_USERNAME and UV_INDEX_{word}_PASSWORD are set",
        "or ~/.netrc (mode 600) has `machine {host} login NAME password PASSWORD`",
    ),
    "both": (_NETRC[0],),
    "poetry": (
        "POETRY_HTTP_BASIC_{word}_USERNAME and POETRY_HTTP_BASIC_{word}_PASSWORD are set",
        "or `poetry config http-basic.{name} NAME` has asked for it, and the keyring keeps it",
    ),
    "pdm": (_NETRC[0], "or `pdm config pypi.username NAME` and the keyring has the password"),
    "pixi": (
        "~/.netrc (mode 600) has `machine {host} login NAME password PASSWORD`",
        "or `pixi config set --global pypi-config.keyring-provider subprocess` and the keyring has it",
    ),
    "pypirc": (
        "~/.pypirc (mode 600) has `[distutils] index-servers = {name}`, and",
        "`[{name}] repository = {origin}`, `username = NAME`, `password = PASSWORD`",
    ),
}

#: The same for a client certificate, with its key in one PEM file.
_CERTIFICATES: dict[str, tuple[str, ...]] = {
    "pip": ("PIP_CLIENT_CERT is the path of the PEM file",),
    "uv": ("SSL_CLIENT_CERT is the path of the PEM file",),
    "both": ("PIP_CLIENT_CERT and SSL_CLIENT_CERT are the path of the PEM file",),
    "poetry": ("`poetry config certificates.{name}.client-cert FILE` has been run",),
    "pdm": (
        "`pdm config pypi.client_cert FILE` has been run; pdm 2.29 takes none beside `pypi.ca_certs`",
    ),
    "pixi": ("no setting of pixi for it is known",),
    "pypirc": ("this tool cannot show one: give it a front that does",),
}


def credentials(tool: Tool, index: ClientIndex) -> tuple[str, ...]:
    """Return how this tool is given what the site asks for, as lines of a comment; nothing when it asks for nothing."""
    texts: dict[str, tuple[str, ...]]
    match index.auth:
        case None:
            return ()
        case Certificates():
            head, texts = "Who reads it shows a client certificate:", _CERTIFICATES
        case Basic():
            head, texts = (
                "Who reads it has a name and a password, which are never in here:",
                _PASSWORDS,
            )
        case Service():
            head, texts = "Who reads it is let in by a service; if it takes a password:", _PASSWORDS
        case _:
            assert_never(index.auth)
    values = {
        "host": index.host,
        "name": _entry(tool, index),
        "word": index.word,
        "origin": index.origin,
    }
    return (head, *(f"  {text.format(**values)}" for text in texts[tool.reads]))


def _entry(tool: Tool, index: ClientIndex) -> str:
    """Return the name of the index in the settings of this tool; pdm's is that of the index that it replaces."""
    return "pypi" if tool.name == "pdm" else index.name


#: What each tool does with two indexes (measured, or as documented where that is said).
_TWO = {
    "pip": "pip asks both for every name and takes the highest version: whoever registers one of your names at PyPI is "
    "installed",
    "uv": "uv takes a name from the first index that has it: each private name must be pinned here, or be on this "
    "index before it is asked for",
    "both": "pip asks both for every name and takes the highest version: whoever registers one of your names at PyPI "
    "is installed; uv takes the first index that has the name",
    "poetry": "only what names this source in its dependency comes from here: a dependency of a dependency, or a "
    "forgotten `source`, comes from PyPI",
    "pdm": "names that match include_packages come from here only; any other private name that is missing here is "
    "asked for at PyPI",
    "pixi": "the first index that has a name decides: a private name that is missing here is asked for at PyPI",
    "pypirc": "links are merged with the index (by easy_install: with --upgrade), and the highest version wins: "
    "whoever registers one of your names at PyPI is installed",
}


def warnings(tool: Tool, index: ClientIndex) -> Iterator[str]:
    """Yield what whoever uses this should know, a sentence each."""
    if index.two:
        yield (
            f"two indexes: {_TWO[tool.reads]}. With one (`--form one`) the site decides, first match first, and a "
            "private name never leaves"
        )
    if index.two and tool.name == "uv-project" and not index.packages:
        yield "no single name is claimed, and uv pins no prefix: name what the project uses with --package NAME"
    if index.local_only:
        yield (
            "the site listens on the loopback interface only: give the URL of what stands in front of it with --url"
        )
    if index.plain and index.auth is not None:
        yield "plain http shows names and passwords to everybody in between: use `tls:`, or a front with --url"
    elif index.plain:
        yield "plain http: whoever sits in between can change what is installed: use `tls:`, or a front with --url"
    if index.away and not index.two and tool.reads == "pypirc":
        yield "allow-hosts is left out: the site redirects to another host, whose files may lie on a third"


#: Tools whose two-index form is a list of the pages of single names, and nothing without them.
LISTED = frozenset({"buildout", "easy_install"})
