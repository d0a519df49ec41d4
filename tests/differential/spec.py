"""What a site of the differential test is, as a small value: Hypothesis makes it, a seed file keeps it.

Private and public names are made of different syllables, and those of the private ones occur in no other word: so a
private name is recognised wherever it turns up, in any case, separator or encoding.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from packaging.utils import canonicalize_name

__all__ = [
    "Fallback",
    "FallbackForm",
    "Links",
    "Mode",
    "Private",
    "PrivateForm",
    "SiteSpec",
    "from_json",
    "stem_of",
]

PrivateForm = Literal["projects", "flat", "static", "automatic", "proxy"]
FallbackForm = Literal[
    "bandersnatch",
    "bandersnatch-hash-index",
    "pep381client",
    "static",
    "pypimirror",
    "flat",
    "proxy",
    "redirect",
]
Links = Literal["absolute", "packages", "devpi", "beside"]
Mode = Literal["ok", "503", "refuse"]


@dataclass(frozen=True, slots=True)
class Private:
    """A private source; names are as somebody spelled them."""

    name: str
    form: PrivateForm
    projects: tuple[str, ...]
    gone: tuple[str, ...] = ()
    """Indexed once, then removed: only the scanned names know them."""
    links: tuple[str, ...] = ()
    """Indexed once; now a link to what is not mounted."""
    fresh: tuple[str, ...] = ()
    """Directories that came after the last index: only the test of the server knows them."""
    claims: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    """Names below a claimed prefix that are public."""
    lost: bool = False
    """Its marker is gone, as if it were not mounted."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """A public source."""

    name: str
    form: FallbackForm
    projects: tuple[str, ...] = ()
    links: Links = "absolute"
    mode: Mode = "ok"


@dataclass(frozen=True, slots=True)
class SiteSpec:
    """One site and the world around it."""

    mount: str
    private: tuple[Private, ...]
    fallbacks: tuple[Fallback, ...]
    state: bool = True
    cache: bool = False
    offline: bool = False
    lost: bool = False
    """The state is gone."""
    auth: bool = False
    """Only who has a name and password may read."""
    legacy: bool = False
    """The legacy JSON of projects is served."""

    @property
    def sources(self) -> tuple[Private | Fallback, ...]:
        """All of them, in order."""
        return (*self.private, *self.fallbacks)

    @property
    def exact(self) -> frozenset[str]:
        """Canonical names that are private by themselves: claimed, there, or there once."""
        found = set()
        for source in self.private:
            found |= {c for c in source.claims if not c.endswith("*")}
            if source.form != "proxy":
                found |= {*source.projects, *source.gone, *source.links, *source.fresh}
        return frozenset(map(canonicalize_name, found))

    @property
    def scanned(self) -> frozenset[str]:
        """Canonical names that `index` has seen, and so the state knows."""
        found: set[str] = set()
        for source in self.private:
            if self.state and source.form != "proxy":
                found |= {*source.projects, *source.gone, *source.links}
        return frozenset(map(canonicalize_name, found))

    @property
    def claimed(self) -> frozenset[str]:
        """Canonical names that are claimed one by one."""
        claims = (claim for source in self.private for claim in source.claims)
        return frozenset(canonicalize_name(c) for c in claims if not c.endswith("*"))

    @property
    def prefixes(self) -> frozenset[str]:
        """Canonical names that are claimed with all that begins with them."""
        claims = (claim for source in self.private for claim in source.claims)
        return frozenset(canonicalize_name(c[:-2]) for c in claims if c.endswith("*"))

    @property
    def public(self) -> frozenset[str]:
        """Names that are public although a prefix covers them."""
        return frozenset(name for source in self.private for name in source.public)

    def owns(self, name: str, *, by_claim: bool = False) -> bool:
        """Whether a canonical name is private, as the specification of claims says it (PEP 752), in other words."""
        if name in (self.claimed if by_claim else self.exact):
            return True
        below = any(name == p or name.startswith(f"{p}-") for p in self.prefixes)
        return below and name not in self.public

    def owns_files_of(self, name: str) -> bool:
        """Whether files of a canonical name are refused: it is claimed or scanned."""
        return name in self.scanned or self.owns(name, by_claim=True)

    def owns_file(self, part: str) -> bool:
        """Whether a part of a path is the name, or a file, of a claimed or scanned project."""
        canonical = canonicalize_name(part)
        if self.owns(stem_of(canonical), by_claim=True):
            return True
        return any(
            canonical == name or re.match(f"{name}-v?[0-9]", canonical) for name in self.scanned
        )

    @property
    def owned(self) -> tuple[str, ...]:
        """Private names to ask for: each that is private by itself, each prefix, and one below each."""
        below = {f"{prefix}-ghost" for prefix in self.prefixes}
        return tuple(sorted({*self.exact, *self.prefixes, *below} - self.public))

    @property
    def tokens(self) -> tuple[str, ...]:
        """What a private name looks like without its separators."""
        words = {*self.exact, *self.prefixes} - self.public
        return tuple(sorted({word.replace("-", "") for word in words}))

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a seed file."""
        return dataclasses.asdict(self)


def stem_of(canonical: str) -> str:
    """What stands before the version in a canonicalised file name."""
    return re.split(r"-v?[0-9]", canonical, maxsplit=1)[0]


def from_json(values: Mapping[str, Any]) -> SiteSpec:
    """The opposite of :meth:`SiteSpec.to_json`."""

    def each(kind: type, rows: list[dict[str, Any]]) -> Iterator[Any]:
        for row in rows:
            yield kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()})

    rest = {k: v for k, v in values.items() if k not in ("private", "fallbacks")}
    return SiteSpec(
        private=tuple(each(Private, values["private"])),
        fallbacks=tuple(each(Fallback, values["fallbacks"])),
        **rest,
    )
