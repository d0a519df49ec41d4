"""Clashes: values that are right by themselves and wrong together.

Every check costs no more than the number of values times the depth of a path or the dashes of a name, so that a site
with thousands of claims loads at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rewritegen.access import WAYS
from rewritegen.diagnostics import Problem, quoted
from rewritegen.http_checks import http_clashes
from rewritegen.kinds import KINDS
from rewritegen.layouts import LEGACY
from rewritegen.model import Index, Site
from rewritegen.sources import Mirror, PrivateDirectory, PrivateSource, Proxy, Redirect, Source
from rewritegen.tree_checks import tree_problems
from rewritegen.yamltree import path_of

__all__ = ["clashes"]


def clashes(site: Site) -> list[Problem]:
    """Return what is wrong between the values of a site, each problem at the later of the two."""
    checks = _Checks(site)
    problems = [*checks.listens(), *checks.auth(), *checks.directories()]
    for index in site.indexes:
        problems += checks.names(index)
        problems += checks.mount(index)
        problems += checks.claims(index)
        problems += checks.public(index)
        problems += tree_problems(site, index)
        problems += checks.fallbacks(index)
        problems += http_clashes(site, index)
    return problems


@dataclass(frozen=True, slots=True)
class _Directory:
    """A path of the site: served to clients, our own, or the private key of the certificate, or passwords."""

    path: str
    key: str
    role: Literal["served", "own", "secret"]


class _Checks:
    """The checks, with what they share: the site and the places in its file."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def listens(self) -> Iterator[Problem]:
        """One address and port can be bound once; ``0.0.0.0`` and ``[::]`` are all addresses of their family."""
        taken: dict[tuple[int, str], int] = {}
        for number, listen in enumerate(self._site.listen):
            clashing, taking = _addresses(listen.address)
            rivals = [taken[listen.port, key] for key in clashing if (listen.port, key) in taken]
            if rivals:
                rival = self._site.listen[rivals[0]]
                message = f"{quoted(listen)} is bound by {quoted(rival)} already"
                advice = f"delete this entry or {quoted(f'listen[{rivals[0]}]')}"
                yield self._problem("RG407", f"listen[{number}]", message, advice)
            else:
                for key in taking:
                    taken.setdefault((listen.port, key), number)

        inner = self._site.inner
        clashing, _ = _addresses(inner.address)
        rivals = [taken[inner.port, key] for key in clashing if (inner.port, key) in taken]
        if rivals:
            message = f"{quoted(inner)} is bound by {quoted(self._site.listen[rivals[0]])} already"
            yield self._problem("RG407", "inner", message, "choose another port for `inner`")

    def auth(self) -> Iterator[Problem]:
        """One way says who may read: of two, one of the servers would ask for either."""
        auth = self._site.auth
        if auth is None:
            return
        ways = [key for key in WAYS if getattr(auth, key)]
        for key in WAYS:
            if key not in ways and self._is_written(f"auth.{key}"):
                message = f"{quoted(key)} must be a string, and is nothing"
                yield self._problem(
                    "RG203", f"auth.{key}", message, "give it a value, or delete it"
                )
        known = f"known: {', '.join(map(quoted, WAYS))}"
        if not ways:
            yield self._problem("RG207", "auth", "nothing in `auth` says who may read", known)
        for way in ways[1:]:
            message = (
                f"{quoted(ways[0])} says who may read already, in {self._line(f'auth.{ways[0]}')}"
            )
            advice = f"delete {quoted(ways[0])} or {quoted(way)}"
            yield self._problem("RG207", f"auth.{way}", message, advice)
        if self._is_written("auth.realm") and ways and "basic" not in ways:
            advice = f"delete it: {quoted(ways[0])} asks for no password"
            yield self._problem("RG413", "auth.realm", "only `basic` has a realm", advice)
        if auth.certificates and not self._is_written("tls"):
            advice = "write `tls: {certificate: ..., key: ...}`; behind a front that speaks TLS, let it check them"
            message = "clients show certificates over TLS only, and `tls` is missing"
            yield self._problem("RG414", "auth.certificates", message, advice)

    def directories(self) -> Iterator[Problem]:
        """No directory of the site is another one, or lies in it."""
        known: dict[str, _Directory] = {}
        directories = list(self._directories())
        for directory in directories:
            if directory.path in known:
                yield self._overlap(directory, known[directory.path])
            elif directory.role != "secret":
                known[directory.path] = directory
        for directory in directories:
            parts = directory.path.split("/")
            for end in range(len(parts) - 1, 1, -1):
                outer = known.get("/".join(parts[:end]))
                if outer is not None:
                    yield self._overlap(directory, outer)
                    break

    def _directories(self) -> Iterator[_Directory]:
        for index in self._site.indexes:
            for source in (*index.private, *index.fallbacks):
                if isinstance(source, PrivateDirectory):
                    yield _Directory(source.path, f"{source.key}.path", "served")
                elif isinstance(source, Mirror):
                    yield _Directory(source.mirror, f"{source.key}.mirror", "served")
        if self._site.state:
            yield _Directory(self._site.state, "state", "own")
        if self._site.cache:
            yield _Directory(self._site.cache.path, "cache.path", "own")
        if self._site.tls:
            yield _Directory(self._site.tls.key, "tls.key", "secret")
        if self._site.auth and self._site.auth.basic:
            yield _Directory(self._site.auth.basic, "auth.basic", "secret")

    def _overlap(self, inner: _Directory, outer: _Directory) -> Problem:
        relation = "is" if inner.path == outer.path else "lies inside"
        message = f"{quoted(inner.path)} {relation} {quoted(outer.path)} of {self._at(outer.key)}"
        if inner.role == "secret":
            what = "the key" if inner.key == "tls.key" else "the passwords"
            where = "/etc/ssl/private" if inner.key == "tls.key" else "/etc/rewritegen"
            advice = f"keep {what} where no source is, such as {quoted(where)}"
            return self._problem("RG410", inner.key, message, advice)
        if inner.role == outer.role == "served":
            return self._problem(
                "RG402",
                inner.key,
                message,
                "give every source a directory of its own, side by side",
            )
        return self._problem(
            "RG403", inner.key, message, "keep it apart from the other, such as below `/var`"
        )

    def names(self, index: Index) -> Iterator[Problem]:
        """Names of sources are unique."""
        known: dict[str, Source] = {}
        for source in (*index.private, *index.fallbacks):
            first = known.setdefault(source.name, source)
            if first is source:
                continue
            message = f"{quoted(source.name)} is the name of {self._at(first.key)} already"
            written = self._is_written(f"{source.key}.name")
            advice = f"choose another name for {quoted(source.key)}"
            if not written:
                message += ", and of this source by default"
                advice = "give one of them a `name:`"
            yield self._problem("RG401", f"{source.key}.name", message, advice)

    def claims(self, index: Index) -> Iterator[Problem]:
        """No name is claimed by two sources, and no claim stands twice in one."""
        exact: dict[str, tuple[PrivateSource, int]] = {}
        prefixes: dict[str, tuple[PrivateSource, int]] = {}
        for source in index.private:
            for number, claim in enumerate(source.claims):
                table = prefixes if claim.prefix else exact
                owner, first = table.setdefault(claim.name, (source, number))
                if owner is source and first != number:
                    message = f"the claim {quoted(claim)} stands twice, also {self._at(_claim(source, first))}"
                    yield self._problem(
                        "RG405", _claim(source, number), message, "delete one of them"
                    )
                elif owner is not source:
                    yield self._claimed_twice(source, number, owner, first)
        for source in index.private:
            for number, claim in enumerate(source.claims):
                for name in _above(claim.name, itself=not claim.prefix):
                    owner, first = prefixes.get(name, (source, 0))
                    if owner is not source:
                        yield self._claimed_twice(source, number, owner, first)
                        break

    def _claimed_twice(
        self, source: PrivateSource, number: int, owner: PrivateSource, first: int
    ) -> Problem:
        claim, other = quoted(source.claims[number]), quoted(owner.claims[first])
        message = (
            f"{claim} is claimed by two sources: {other} stands at {self._at(_claim(owner, first))}"
        )
        advice = f"leave it to {quoted(source.key)} or to {quoted(owner.key)}"
        return self._problem("RG404", _claim(source, number), message, advice)

    def public(self, index: Index) -> Iterator[Problem]:
        """A public name is an exception, written out, below a claimed prefix; it is not claimed itself."""
        if not index.public:
            return
        claimed = {
            claim.name: (source, number)
            for source in index.private
            for number, claim in enumerate(source.claims)
        }
        prefixes = {c.name for source in index.private for c in source.claims if c.prefix}
        known: dict[str, int] = {}
        for number, name in enumerate(index.public):
            key = f"public[{number}]"
            first = known.setdefault(name, number)
            if first != number:
                message = (
                    f"{quoted(name)} stands twice in `public`, also {self._at(f'public[{first}]')}"
                )
                yield self._problem("RG411", key, message, "delete one of them")
            elif name in claimed:
                message = f"{quoted(name)} is public here and claimed at {self._at(_claim(*claimed[name]))}"
                advice = "delete it in one place; only a name below a prefix may be public: `acme-oss` with `acme-*`"
                yield self._problem("RG406", key, message, advice)
            elif not any(above in prefixes for above in _above(name, itself=False)):
                message = f"{quoted(name)} is public anyway: it is below no claimed prefix"
                advice = "delete it, or claim the prefix that it is an exception of: `acme-oss` with `acme-*`"
                yield self._problem("RG415", key, message, advice)

    def mount(self, index: Index) -> Iterator[Problem]:
        """A project's legacy JSON must not be a file beside the page of another."""
        if self._site.legacy_json and index.mount == LEGACY:
            message = f"{quoted(f'{LEGACY}NAME/json')} would be a file beside the page of NAME"
            advice = "write `index: /simple/`, or another path, or leave `legacy_json` out"
            yield self._problem("RG418", "legacy_json", message, advice)

    def fallbacks(self, index: Index) -> Iterator[Problem]:
        """No fallback is asked twice, none stands behind a redirect, and one at most has bare links."""
        known: dict[str, Source] = {}
        beside: list[Proxy] = []
        for number, source in enumerate(index.fallbacks):
            if isinstance(source, Redirect) and number < len(index.fallbacks) - 1:
                message = "a redirect stands before other fallbacks, which are never asked"
                yield self._problem(
                    "RG409", f"{source.key}.redirect", message, "move it to the end of `fallbacks`"
                )
            if isinstance(source, Proxy) and KINDS[source.kind].beside:
                beside.append(source)
                if len(beside) == 2:
                    message = (
                        "links of this kind are bare file names, as those of "
                        f"{self._at(beside[0].key)} are"
                    )
                    advice = "keep one of the two, or have one of them ask the other"
                    yield self._problem("RG412", f"{source.key}.kind", message, advice)
            if isinstance(source, (Proxy, Redirect)):
                url = source.proxy if isinstance(source, Proxy) else source.redirect
                first = known.setdefault(url, source)
                if first is not source:
                    message = f"this URL is that of {self._at(first.key)} already"
                    yield self._problem(
                        "RG408",
                        f"{source.key}.{source.mark}",
                        message,
                        "delete one of the two entries",
                    )

    def _at(self, key: str) -> str:
        place = self._site.place(key)
        return f"{quoted(key)} in line {place.line}" if place else quoted(key)

    def _line(self, key: str) -> str:
        place = self._site.place(key)
        return f"line {place.line}" if place else quoted(key)

    def _is_written(self, key: str) -> bool:
        document = self._site.document
        return document is not None and document.find(path_of(key))[1]

    def _problem(self, code: str, key: str, message: str, advice: str) -> Problem:
        return Problem(code, message, self._site.place(key), advice, key=key)


def _addresses(address: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what would clash with an address, and what it takes: itself, one of its family, one at all."""
    if address is None:
        return ("one",), ("all", "one", "one of IPv4", "one of IPv6")
    every, one = ("::", "one of IPv6") if ":" in address else ("0.0.0.0", "one of IPv4")  # noqa: S104
    return ("all", one) if address == every else ("all", every, address), (address, one, "one")


def _claim(source: Source, number: int) -> str:
    return f"{source.key}.claims[{number}]"


def _above(name: str, *, itself: bool) -> Iterator[str]:
    """Yield the names whose prefix claim covers ``name``, the nearest first."""
    if itself:
        yield name
    end = name.rfind("-")
    while end > 0:
        yield name[:end]
        end = name.rfind("-", 0, end)
