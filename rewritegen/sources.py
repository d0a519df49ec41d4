"""The sources of a site as frozen, typed values: private ones, and fallbacks."""

from __future__ import annotations

import re
from collections.abc import Mapping
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

from rewritegen.diagnostics import quoted, suggestion
from rewritegen.kinds import KINDS, Kind
from rewritegen.layouts import LAYOUTS, Layout
from rewritegen.odd_values import EmptyPage, Spelling
from rewritegen.quantities import Duration, refusal
from rewritegen.values import (
    AbsolutePath,
    ClaimText,
    DurationText,
    SourceName,
    Url,
)

__all__ = [
    "FALLBACKS",
    "FILES",
    "PRIVATE_SOURCES",
    "Fallback",
    "HttpSource",
    "Mirror",
    "Part",
    "PrivateDirectory",
    "PrivateProxy",
    "PrivateSource",
    "Proxy",
    "Redirect",
    "Source",
    "default_name",
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
_BASE_URL = (
    "Where absolute links in its pages begin, such as `base_url` of z3c.pypimirror, `root_uri` of bandersnatch, "
    "`packages-url` of dumb-pypi. `rewritegen index` writes pages with links to our own files instead."
)
FILES = "The hosts that its pages link to for files, when that is not the index's own: URLs with the path in common."


_SPELLED = "Names that it knows in this spelling only, where that is not the canonical one."
_EMPTY = (
    "The length of the page that it gives for a project that it does not have, where that is not 404: bytes, and how "
    "often the name is among them (`250+2n`). What the kind says is the default."
)


class Part(BaseModel):
    """A map in the file: every key is known, and nothing changes once it is read."""

    # Built when first used: a model that is only a part of others is then not built twice (5 ms of a start).
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Source(Part):
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
    base_url: Url | None = Field(
        None, description=_BASE_URL, examples=["https://packages.example.org/old/"]
    )
    claims: tuple[ClaimText, ...] = Field((), description=_CLAIMS, examples=["[acme-*]"])


class HttpSource(Source):
    """An HTTP index that is asked on behalf of the client."""

    kind: KindName = Field("simple", description=_KINDS, examples=["simple"])
    files: tuple[Url, ...] = Field((), description=FILES, examples=["[https://files.example.org/]"])
    spelled: tuple[Spelling, ...] = Field((), description=_SPELLED, examples=["[Zope.Interface]"])
    empty: EmptyPage | None = Field(None, description=_EMPTY, examples=["250+2n"])
    connect: DurationText = Field(
        Duration(2), description="How long a connection may take.", examples=["2s"]
    )
    read: DurationText | None = Field(
        None,
        description="How long it may be silent while it answers. Default: 15s for pages, 120s for files.",
        examples=["15s"],
    )
    retry: DurationText = Field(
        Duration(10),
        description="How long it is not asked after it did not answer.",
        examples=["10s"],
    )


class PrivateProxy(HttpSource):
    """An HTTP index that is ours; it is asked for its claims only, and its answer is final."""

    mark = "proxy"
    noun = "private index"

    proxy: Url = Field(
        description="The URL that project names are appended to.",
        examples=["http://127.0.0.1:3141/"],
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
    base_url: Url | None = Field(
        None, description=_BASE_URL, examples=["http://mirror.example.org/index/"]
    )


class Proxy(HttpSource):
    """A public HTTP index that is asked on behalf of the client."""

    mark = "proxy"
    noun = "proxy"

    proxy: Url = Field(
        description="The URL that project names are appended to, or the word `pypi`.",
        examples=["pypi"],
    )


class Redirect(Source):
    """A public HTTP index that the client is sent to."""

    mark = "redirect"
    noun = "redirect"

    redirect: Url = Field(
        description="The URL that project names are appended to, or the word `pypi`.",
        examples=["pypi"],
    )


PrivateSource = PrivateDirectory | PrivateProxy
Fallback = Mirror | Proxy | Redirect

PRIVATE_SOURCES: tuple[type[Source], ...] = (PrivateDirectory, PrivateProxy)
FALLBACKS: tuple[type[Source], ...] = (Mirror, Proxy, Redirect)
