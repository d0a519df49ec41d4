"""The site as frozen, typed values: what the rest of the program reads, and what the JSON Schema is made from.

The YAML file is read into these by :func:`rewritegen.site.load_site`; nothing after it checks a value again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import (
    Field,
)

from rewritegen.access import Access
from rewritegen.diagnostics import Place
from rewritegen.ignored import Lint
from rewritegen.names import NormalizedName
from rewritegen.quantities import Duration, Size
from rewritegen.sources import FILES, Fallback, Part, PrivateSource
from rewritegen.values import (
    AbsolutePath,
    DurationText,
    HostName,
    Listen,
    ListenText,
    LoopbackText,
    Mount,
    ProjectName,
    ResolverText,
    SizeText,
    Url,
)
from rewritegen.yamltree import Document, path_of

__all__ = ["Cache", "Index", "Pypi", "Site", "SiteFile", "Tls"]


class Tls(Part):
    """The certificate of the site; with it every `listen` speaks TLS."""

    certificate: AbsolutePath = Field(
        description="PEM file with the certificate and its chain.",
        examples=["/etc/ssl/certs/packages.example.org.pem"],
    )
    key: AbsolutePath = Field(
        description="PEM file with the private key.",
        examples=["/etc/ssl/private/packages.example.org.key"],
    )


class Cache(Part):
    """The copies of what proxies answered; sizes in bytes, times in seconds."""

    path: AbsolutePath = Field(
        description="The directory, from the root; the server writes it.",
        examples=["/var/cache/rewritegen"],
    )
    size: SizeText = Field(
        Size(10 * 1024**3), description="The most that is kept.", examples=["20g"]
    )
    pages: DurationText = Field(
        Duration(600), description="How long a page is fresh.", examples=["10m"]
    )
    files: DurationText = Field(
        Duration(365 * 86400), description="How long a file is fresh.", examples=["365d"]
    )
    stale: DurationText = Field(
        Duration(30 * 86400),
        description="How long an old copy may stand in for a failing index.",
        examples=["30d"],
    )


class Pypi(Part):
    """Where the word `pypi` points."""

    index: Url = Field(
        description="The URL that project names are appended to.",
        examples=["https://pypi.example.org/simple/"],
    )
    files: tuple[Url, ...] = Field((), description=FILES, examples=["[https://files.example.org/]"])


DEFAULT_LISTEN = (Listen(None, 8080),)
DEFAULT_INNER = Listen("127.0.0.1", 8179)
DEFAULT_CA = "/etc/ssl/certs/ca-certificates.crt"


class SiteFile(Part):
    """The YAML file as it is written; `Site` is what it means."""

    server_name: HostName = Field(
        description="The host name that clients use, without wildcard.",
        examples=["packages.example.org"],
    )
    listen: tuple[ListenText, ...] = Field(
        DEFAULT_LISTEN,
        description="Ports, or IP addresses with a port.",
        examples=["[8080]"],
        min_length=1,
    )
    tls: Tls | None = Field(
        None,
        description=Tls.__doc__,
        examples=["{certificate: /etc/ssl/site.pem, key: /etc/ssl/private/site.key}"],
    )
    auth: Access | None = Field(
        None, description=Access.__doc__, examples=["{basic: /etc/rewritegen/htpasswd}"]
    )
    index: Mount = Field("/simple/", description="The path of the index.", examples=["/simple/"])
    state: AbsolutePath | None = Field(
        None,
        description="The directory of the pages and scanned names that `rewritegen index` writes.",
        examples=["/var/lib/rewritegen/packages"],
    )
    private: tuple[PrivateSource, ...] = Field(
        description="The sources that are ours, consulted first, in order.",
        examples=["[{path: /srv/packages/team}]"],
        min_length=1,
    )
    public: tuple[ProjectName, ...] = Field(
        (),
        description="Names that are public although they are below a claimed prefix.",
        examples=["[acme-oss]"],
    )
    fallbacks: tuple[Fallback, ...] = Field(
        (),
        description="What is asked for names that are not private, in order.",
        examples=["[{proxy: pypi}]"],
    )
    cache: Cache | None = Field(
        None, description=Cache.__doc__, examples=["{path: /var/cache/rewritegen, size: 20g}"]
    )
    resolver: tuple[ResolverText, ...] = Field(
        (),
        description="The name servers that nginx looks up upstreams with while it runs. "
        "Without them names are looked up when nginx starts, which then needs them to resolve.",
        examples=["[127.0.0.53]"],
    )
    inner: LoopbackText = Field(
        DEFAULT_INNER,
        description="The loopback address and port where the part listens that fetches from upstreams.",
        examples=["127.0.0.1:8179"],
    )
    offline: bool = Field(
        False,
        description="Ask no upstream: private sources, mirrors, and what the cache has.",
        examples=["true"],
        strict=True,
    )
    legacy_json: bool = Field(
        False,
        description="Serve `/pypi/NAME/json`, PyPI's older document of a project: of private projects whose pages are "
        "written, and of mirrors and proxies that have it.",
        examples=["true"],
        strict=True,
    )
    pypi: Pypi | None = Field(
        None, description=Pypi.__doc__, examples=["{index: https://pypi.example.org/simple/}"]
    )
    ca: AbsolutePath = Field(
        DEFAULT_CA,
        description="The PEM file with the authorities that the certificates of https sources are verified with.",
        examples=[DEFAULT_CA],
    )
    lint: Lint | None = Field(
        None,
        description=Lint.__doc__,
        examples=["{ignore: [{code: RG002, reason: reached through the VPN only}]}"],
    )


@dataclass(frozen=True, slots=True)
class Index:
    """One simple index (PEP 503/691): where it is mounted, and what is asked in which order."""

    mount: str
    private: tuple[PrivateSource, ...]
    public: tuple[NormalizedName, ...] = ()
    fallbacks: tuple[Fallback, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """One virtual host; ``file`` is the base name of the YAML file, or ``-``. There is one index in this version."""

    server_name: str
    indexes: tuple[Index, ...]
    listen: tuple[Listen, ...] = DEFAULT_LISTEN
    tls: Tls | None = None
    auth: Access | None = None
    state: str | None = None
    cache: Cache | None = None
    resolver: tuple[str, ...] = ()
    inner: Listen = DEFAULT_INNER
    offline: bool = False
    legacy_json: bool = False
    ca: str = DEFAULT_CA
    lint: Lint | None = None
    file: str = "-"
    document: Document | None = field(default=None, repr=False, compare=False)

    def place(self, key: str) -> Place | None:
        """Return the place of a key such as ``private[0].claims[1]`` in the file, or of what would enclose it."""
        return self.document.place(path_of(key)) if self.document else None
