"""The site as frozen, typed values: what the rest of the program reads, and what the JSON Schema is made from.

The YAML file is read into these by :func:`rewritegen.site.load_site`; nothing after it checks a value again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    WithJsonSchema,
    model_validator,
)

from rewritegen.diagnostics import Place, quoted, suggestion
from rewritegen.layouts import KINDS, LAYOUTS, Kind, Layout
from rewritegen.names import NormalizedName
from rewritegen.values import (
    AbsolutePath,
    ClaimText,
    Duration,
    DurationText,
    HostName,
    Listen,
    ListenText,
    Mount,
    ProjectName,
    Size,
    SizeText,
    SourceName,
    Url,
    refusal,
)
from rewritegen.yamlfile import Document, path_of

__all__ = [
    "Cache",
    "Fallback",
    "Index",
    "Mirror",
    "PrivateDirectory",
    "PrivateProxy",
    "PrivateSource",
    "Proxy",
    "Pypi",
    "Redirect",
    "Site",
    "SiteFile",
    "Source",
    "Tls",
]


class _OneOf:
    """The validator of a word from a table, with a suggestion when it is nearly one of them."""

    def __init__(self, what: str, choices: list[str]) -> None:
        self.what = what
        self.choices = choices

    def __call__(self, value: str) -> str:
        if value in self.choices:
            return value
        known = ", ".join(map(quoted, self.choices))
        raise refusal(
            "RG309",
            f"{quoted(value)} is not {self.what}",
            f"{suggestion(value, self.choices)}known: {known}",
        )


_PRIVATE = [name for name, layout in LAYOUTS.items() if layout.private]
_MIRRORS = [name for name, layout in LAYOUTS.items() if layout.mirror]

PrivateLayout = Annotated[
    str,
    AfterValidator(_OneOf("a layout of private directories", _PRIVATE)),
    WithJsonSchema({"enum": _PRIVATE}),
]
MirrorLayout = Annotated[
    str, AfterValidator(_OneOf("a layout of mirrors", _MIRRORS)), WithJsonSchema({"enum": _MIRRORS})
]
KindName = Annotated[
    str,
    AfterValidator(_OneOf("a kind of index", list(KINDS))),
    WithJsonSchema({"enum": list(KINDS)}),
]


def _summaries(names: list[str], table: Mapping[str, Layout | Kind]) -> str:
    return "; ".join(f"{name}: {table[name].summary}" for name in names)


_CLAIMS = (
    "Names that are private even when no file of them exists: project names, or prefixes such as `acme-*` "
    "(`acme` itself and every name that begins with `acme-`)."
)
_KINDS = f"How its pages link to files. {_summaries(list(KINDS), KINDS)}."
_FILES = "The hosts that its pages link to for files, when that is not the index's own: URLs with the path in common."


class _Model(BaseModel):
    # Built when first used: a model that is only a part of others is then not built twice (5 ms of a start).
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Source(_Model):
    """A private source or a fallback; ``key`` is where it stands in the YAML file, such as ``private[0]``."""

    #: The YAML key that makes an entry this source, and the word for it in messages.
    mark: ClassVar[str]
    noun: ClassVar[str]

    name: SourceName = Field(
        "",
        description="Name in URLs, headers and state, unique in the site. Default: last part of the path, or the host.",
        examples=["team"],
    )
    _key: str = PrivateAttr("")

    @property
    def key(self) -> str:
        """Return the YAML key, or nothing for a source that is in no file."""
        return self._key

    def at(self, key: str) -> None:
        """Note the place in the YAML file."""
        self._key = key

    @model_validator(mode="before")
    @classmethod
    def _default_name(cls, values: Any) -> Any:
        if (
            isinstance(values, dict)
            and "name" not in values
            and isinstance(values.get(cls.mark), str)
        ):
            return {"name": default_name(values[cls.mark]), **values}
        return values


def default_name(place: str) -> str:
    """Return the name of a source that has none: the last part of its path, or its host, in canonical form."""
    if "://" in place:
        try:
            last = urlsplit(place).hostname or ""
        except ValueError:
            last = ""
    else:
        last = place.rstrip("/").rpartition("/")[2]
    return re.sub("[-_.:]+", "-", last.lower()).strip("-") or "unnamed"


class PrivateDirectory(Source):
    """A directory on the server that is ours."""

    mark = "path"
    noun = "private directory"

    path: AbsolutePath = Field(
        description="The directory, from the root.", examples=["/srv/packages/team"]
    )
    layout: PrivateLayout = Field(
        "projects",
        description=f"What lies in it. {_summaries(_PRIVATE, LAYOUTS)}.",
        examples=["projects"],
    )
    listing: Literal["pages", "automatic"] = Field(
        "pages",
        description="pages: HTML and JSON with hashes and metadata, written by `rewritegen index`; "
        "automatic: the web server's own listing.",
        examples=["pages"],
    )
    claims: tuple[ClaimText, ...] = Field((), description=_CLAIMS, examples=["[acme-*]"])


class PrivateProxy(Source):
    """An HTTP index that is ours; it is asked for its claims only, and its answer is final."""

    mark = "proxy"
    noun = "private index"

    proxy: Url = Field(
        description="The URL that project names are appended to.",
        examples=["http://127.0.0.1:3141/"],
    )
    kind: KindName = Field("simple", description=_KINDS, examples=["simple"])
    files: tuple[Url, ...] = Field(
        (), description=_FILES, examples=["[https://files.example.org/]"]
    )
    claims: tuple[ClaimText, ...] = Field(
        description=f"{_CLAIMS} The index is asked for these only.",
        examples=["[acme-*]"],
        min_length=1,
    )


class Mirror(Source):
    """A directory on the server with a copy of a public index."""

    mark = "mirror"
    noun = "mirror"

    mirror: AbsolutePath = Field(
        description="The directory, from the root.", examples=["/srv/pypi/web"]
    )
    layout: MirrorLayout = Field(
        "bandersnatch",
        description=f"The tool that made it. {_summaries(_MIRRORS, LAYOUTS)}.",
        examples=["bandersnatch"],
    )


class Proxy(Source):
    """A public HTTP index that is asked on behalf of the client."""

    mark = "proxy"
    noun = "proxy"

    proxy: Url = Field(
        description="The URL that project names are appended to, or the word `pypi`.",
        examples=["pypi"],
    )
    kind: KindName = Field("simple", description=_KINDS, examples=["simple"])
    files: tuple[Url, ...] = Field(
        (), description=_FILES, examples=["[https://files.example.org/]"]
    )


class Redirect(Source):
    """A public HTTP index that the client is sent to."""

    mark = "redirect"
    noun = "redirect"

    redirect: Url = Field(
        description="The URL that project names are appended to, or the word `pypi`.",
        examples=["pypi"],
    )


class Tls(_Model):
    """The certificate of the site; with it every `listen` speaks TLS."""

    certificate: AbsolutePath = Field(
        description="PEM file with the certificate and its chain.",
        examples=["/etc/ssl/certs/packages.example.org.pem"],
    )
    key: AbsolutePath = Field(
        description="PEM file with the private key.",
        examples=["/etc/ssl/private/packages.example.org.key"],
    )


class Cache(_Model):
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


class Pypi(_Model):
    """Where the word `pypi` points."""

    index: Url = Field(
        description="The URL that project names are appended to.",
        examples=["https://pypi.example.org/simple/"],
    )
    files: tuple[Url, ...] = Field(
        (), description=_FILES, examples=["[https://files.example.org/]"]
    )


PrivateSource = PrivateDirectory | PrivateProxy
Fallback = Mirror | Proxy | Redirect

PRIVATE_SOURCES: tuple[type[Source], ...] = (PrivateDirectory, PrivateProxy)
FALLBACKS: tuple[type[Source], ...] = (Mirror, Proxy, Redirect)

DEFAULT_LISTEN = (Listen(None, 8080),)
DEFAULT_CA = "/etc/ssl/certs/ca-certificates.crt"


class SiteFile(_Model):
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
    pypi: Pypi | None = Field(
        None, description=Pypi.__doc__, examples=["{index: https://pypi.example.org/simple/}"]
    )
    ca: AbsolutePath = Field(
        DEFAULT_CA,
        description="The PEM file with the authorities that the certificates of https sources are verified with.",
        examples=[DEFAULT_CA],
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
    state: str | None = None
    cache: Cache | None = None
    ca: str = DEFAULT_CA
    file: str = "-"
    document: Document | None = field(default=None, repr=False, compare=False)

    def place(self, key: str) -> Place | None:
        """Return the place of a key such as ``private[0].claims[1]`` in the file, or of what would enclose it."""
        return self.document.place(path_of(key)) if self.document else None
