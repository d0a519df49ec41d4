"""The YAML file as frozen, typed, validated values, each with its place in the file.

:func:`load_site` parses once: what it returns needs no further check, and what it refuses is told with every problem
that the file has, each at its place and with what to write instead.
"""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import Any

from pydantic import ValidationError

from rewritegen import pypi
from rewritegen.access import Access
from rewritegen.diagnostics import Problem, SiteError, quoted, suggestion
from rewritegen.model import Cache, Index, Pypi, Site, SiteFile, Tls
from rewritegen.names import Claim, ClaimSet
from rewritegen.quantities import Duration, Size
from rewritegen.site_checks import clashes
from rewritegen.site_problems import translate
from rewritegen.sources import (
    FALLBACKS,
    PRIVATE_SOURCES,
    Fallback,
    Mirror,
    PrivateDirectory,
    PrivateProxy,
    PrivateSource,
    Proxy,
    Redirect,
    Source,
)
from rewritegen.values import Listen
from rewritegen.yamlfile import read_yaml
from rewritegen.yamltree import Document, KeyPath, Mapping, key_of, plain

__all__ = [
    "Access",
    "Cache",
    "Claim",
    "ClaimSet",
    "Duration",
    "Fallback",
    "Index",
    "Listen",
    "Mirror",
    "PrivateDirectory",
    "PrivateProxy",
    "PrivateSource",
    "Proxy",
    "Pypi",
    "Redirect",
    "Site",
    "SiteFile",
    "Size",
    "Source",
    "Tls",
    "load_site",
]


def load_site(path: str | os.PathLike[str], *, text: bytes | None = None) -> Site:
    """Read a site file; ``-`` is standard input, and ``text`` the file's content when it has been read already.

    :raises SiteError: with all problems of the file.
    """
    path = os.fspath(path)
    document, problems = read_yaml(path, text)
    loader = _Loader(document)
    site = loader.site(path)
    # What YAML problems left without a value has no other problem.
    lost = {_position(problem) for problem in problems}
    problems += [problem for problem in loader.problems if _position(problem) not in lost]
    if site is None or any(problem.severity == "error" for problem in problems):
        raise SiteError(sorted(problems, key=_position))
    return site


def _position(problem: Problem) -> tuple[int, int]:
    return (problem.place.line, problem.place.column) if problem.place else (0, 0)


#: Takes the place of required values that are wrong or missing, so that the rest can be checked; never returned.
_STAND_IN = {"server_name": "stand-in", "private": (PrivateDirectory(path="/stand-in"),)}


#: Stands for a key without a value, where the model takes None for a key that is not there.
_NOTHING = object()


class _Loader:
    """Builds the site from a document. What is wrong is reported and left out, so that the rest is checked as well."""

    def __init__(self, document: Document) -> None:
        self.problems: list[Problem] = []
        self._document = document

    def site(self, path: str) -> Site | None:
        """Return the site, or what can be made of it to look for clashes; None when that is nothing."""
        if not isinstance(self._document.root, Mapping):
            self._report(
                "RG203",
                (),
                "the file is not a map",
                "begin it with `server_name: packages.example.org`",
            )
            return None
        # A key without a value is not the same as no key: it may be half of what was meant.
        values = {
            key: _NOTHING if value is None else value
            for key, value in plain(self._document.root).items()
        }
        word = self._word(values.get("pypi"))
        private: list[Any] = self._sources("private", PRIVATE_SOURCES, values, word)
        fallbacks: list[Any] = self._sources("fallbacks", FALLBACKS, values, word)
        file = self._file(values)
        site = Site(
            server_name=file.server_name,
            indexes=(Index(file.index, tuple(private), file.public, tuple(fallbacks)),),
            listen=file.listen,
            tls=file.tls,
            auth=file.auth,
            state=file.state,
            cache=file.cache,
            resolver=file.resolver,
            inner=file.inner,
            offline=file.offline,
            legacy_json=file.legacy_json,
            ca=file.ca,
            lint=file.lint,
            file=PurePath(path).name,
            document=self._document,
        )
        self.problems += clashes(site)
        return site

    def _file(self, values: dict[str, Any]) -> SiteFile:
        """Return the top level; what is wrong with it is reported and has its default."""
        try:
            return SiteFile.model_validate(values)
        except ValidationError as error:
            self.problems += translate(error, SiteFile, "site file", self._document, ())
            wrong = {entry["loc"][0] for entry in error.errors(include_url=False)}
        return SiteFile.model_validate(
            {**_STAND_IN, **{key: values[key] for key in values if key not in wrong}}
        )

    def _word(self, value: Any) -> Pypi | None:
        """Return where the site points the word ``pypi``; what is wrong with it is reported by the top level."""
        try:
            return Pypi.model_validate(value)
        except ValidationError:
            return None

    def _sources(
        self,
        key: str,
        variants: tuple[type[Source], ...],
        values: dict[str, Any],
        word: Pypi | None,
    ) -> list[Source]:
        """Return the sources of a list, and put them in the place of their entries in ``values``."""
        entries = values.get(key)
        if not isinstance(entries, list):
            return []
        read = (
            self._source((key, number), variants, entry, word)
            for number, entry in enumerate(entries)
        )
        sources = [source for source in read if source is not None]
        if entries:
            values[key] = sources or _STAND_IN.get(key, ())
        return sources

    def _source(
        self, path: KeyPath, variants: tuple[type[Source], ...], entry: Any, word: Pypi | None
    ) -> Source | None:
        """Return one source. The key that says what it is decides first, so that errors are about what was meant."""
        model = self._variant(path, variants, entry)
        if model is None:
            return None
        if model in (Proxy, Redirect) and entry[model.mark] == pypi.WORD:
            entry = pypi.resolve(entry, model.mark, word)
        try:
            source = model.model_validate(entry)
        except ValidationError as error:
            self.problems += translate(error, model, model.noun, self._document, path)
            return None
        source.at(key_of(path))
        return source

    def _variant(
        self, path: KeyPath, variants: tuple[type[Source], ...], entry: Any
    ) -> type[Source] | None:
        marks = [model.mark for model in variants]
        known = f"an entry of {quoted(path[0])} has {' or '.join(map(quoted, marks))}"
        name = quoted(path[0])
        if not isinstance(entry, dict):
            example = "{path: /srv/packages/team}" if path[0] == "private" else "{proxy: pypi}"
            advice = f"write {quoted(f'- {example}')}; {known}"
            self._report("RG203", path, f"an entry of {name} must be a map", advice)
            return None
        found = [model for model in variants if model.mark in entry]
        if len(found) == 1:
            return found[0]
        if found:
            both = " and ".join(quoted(model.mark) for model in found)
            self._report(
                "RG204", path, f"an entry of {name} has {both}", "make it one entry for each"
            )
            return None
        hint = next(filter(None, (suggestion(key, marks) for key in entry)), "")
        if path[0] == "private" and {"mirror", "redirect"} & set(entry):
            hint = "move the entry to `fallbacks`; "
        elif path[0] == "fallbacks" and "path" in entry:
            hint = "a directory that is ours stands in `private`, a copy of a public index is a `mirror`; "
        self._report("RG204", path, f"nothing says what this entry of {name} is", f"{hint}{known}")
        return None

    def _report(self, code: str, path: KeyPath, message: str, advice: str) -> None:
        self.problems.append(
            Problem(code, message, self._document.place(path), advice, key=key_of(path))
        )
