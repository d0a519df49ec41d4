"""Sites as Hypothesis draws them: every kind of private source and of fallback, in any order that a site may have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import strategies as st

from tests.differential.spec import (
    Fallback,
    FallbackForm,
    Links,
    Mode,
    Private,
    PrivateForm,
    SiteSpec,
)

__all__ = ["PRIVATE_SYLLABLES", "PUBLIC_NAMES", "site_specs"]

#: One for each private source: they are in no word that the tests, the servers or HTTP use.
PRIVATE_SYLLABLES = ("quxvo", "zyblof", "wraktu")

PUBLIC_NAMES = ("lumen", "maple-oil", "orbit", "a", "q7", "files", "packages", "simple", "index")

#: `simple` and `files` are also parts of our own paths, and of mounts.
MOUNTS = ("/simple/", "/", "/pypi/simple/", "/a.b/c-d_e/idx/")

SOURCE_NAMES = ("team", "house", "rg-ask")
FALLBACK_NAMES = ("copy", "public", "rg-list", "more", "last")


def _spelled(name: str) -> st.SearchStrategy[str]:
    """A directory name as people write it."""
    forms = [name, name.replace("-", "_"), name.replace("-", "."), name.title().replace("-", "_")]
    return st.sampled_from(sorted(set(forms)))


@st.composite
def _private(draw: st.DrawFn, number: int, forms: tuple[PrivateForm, ...], state: bool) -> Private:
    word = PRIVATE_SYLLABLES[number]
    form = draw(st.sampled_from(forms))
    names = draw(
        st.lists(
            st.sampled_from(
                [f"{word}-tool", f"{word}-lib", f"{word}x", f"{word}-a-b7", f"{word}-2-3d"]
            ),
            min_size=1,
            max_size=3,
            unique=True,
        )
    )
    spelled = tuple(draw(_spelled(name)) for name in names) if state else tuple(names)
    claims: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    kind = draw(st.sampled_from(["prefix", "exact", "both", "none"]))
    if kind in ("prefix", "both") or form == "proxy":
        claims = (f"{word}-*",)
        if draw(st.booleans()):
            public = (f"{word}-oss",)
    if kind in ("exact", "both"):
        claims = (*claims, f"{word}x" if draw(st.booleans()) else f"{word}y-secret")
    gone: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    if state and form in ("projects", "static", "automatic"):
        gone = (f"{word}-gone",) if draw(st.booleans()) else ()
        links = (f"{word}-linked",) if draw(st.booleans()) else ()
    fresh: tuple[str, ...] = ()
    if form in ("projects", "automatic"):
        fresh = (f"{word}-fresh",) if draw(st.booleans()) else ()
    name = SOURCE_NAMES[number]
    if form == "proxy":
        return Private(
            name,
            form,
            tuple(f"{word}-{part}" for part in ("tool", "lib")),
            claims=claims,
            public=public,
        )
    lost = draw(st.integers(0, 59)) == 0
    return Private(name, form, spelled, gone, links, fresh, claims, public, lost)


@st.composite
def _fallback(draw: st.DrawFn, number: int, form: FallbackForm, extra: tuple[str, ...]) -> Fallback:
    names = st.lists(st.sampled_from([*PUBLIC_NAMES, *extra]), min_size=1, max_size=5, unique=True)
    name = FALLBACK_NAMES[number]
    if form == "redirect":
        return Fallback(name, form)
    if form != "proxy":
        return Fallback(name, form, tuple(draw(names)))
    links: Links = draw(st.sampled_from(["absolute", "absolute", "packages", "devpi", "beside"]))
    mode: Mode = draw(st.sampled_from(["ok"] * 8 + ["503", "refuse"]))
    return Fallback(name, form, tuple(draw(names)), links, mode)


def _one_beside(fallbacks: tuple[Fallback, ...]) -> Iterator[Fallback]:
    """A site takes one source whose files lie beside their pages (RG412)."""
    beside = [source for source in fallbacks if source.form == "proxy" and source.links == "beside"]
    for source in fallbacks:
        yield replace(source, links="absolute") if source in beside[1:] else source


_MIRRORS: tuple[FallbackForm, ...] = (
    "bandersnatch",
    "bandersnatch-hash-index",
    "pep381client",
    "static",
)
#: Their pages are written, by `rewritegen index`.
_WRITTEN: tuple[FallbackForm, ...] = ("pypimirror", "flat")


@st.composite
def site_specs(draw: st.DrawFn) -> SiteSpec:
    """A site that both servers take: at most two proxied fallbacks, which is what httpd asks."""
    state = draw(st.integers(0, 7)) != 0
    if state:
        forms: tuple[PrivateForm, ...] = ("projects", "flat", "static", "automatic", "proxy")
        sources = draw(st.integers(1, 3))
    else:
        forms, sources = ("automatic",), 1
    private = tuple(draw(_private(number, forms, state)) for number in range(sources))
    if not state and draw(st.booleans()):
        private = (*private, draw(_private(1, ("proxy",), state)))
    exceptions = tuple(name for source in private for name in source.public)
    chain: list[FallbackForm] = []
    mirrors = (*_MIRRORS, *_WRITTEN) if state else _MIRRORS
    for _ in range(draw(st.integers(0, 4))):
        form: FallbackForm = draw(st.sampled_from([*mirrors, "proxy", "proxy", "proxy"]))
        if form != "proxy" or chain.count("proxy") < 2:
            chain.append(form)
    if draw(st.integers(0, 4)) == 0:
        chain.append("redirect")
    fallbacks = tuple(draw(_fallback(n, form, exceptions)) for n, form in enumerate(chain))
    return SiteSpec(
        mount=draw(st.sampled_from([MOUNTS[0], *MOUNTS])),
        private=private,
        fallbacks=tuple(_one_beside(fallbacks)),
        state=state,
        cache=draw(st.booleans()),
        offline=draw(st.integers(0, 11)) == 7,
        lost=state and draw(st.integers(0, 59)) == 0,
        auth=draw(st.integers(0, 4)) == 0,
        legacy=draw(st.integers(0, 2)) == 0,
    )
