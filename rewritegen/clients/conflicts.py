"""What stands in a file already and would undo the one thing that is meant: that this index decides.

A second index that is asked for every name makes a public package win over a private one; a setting that comes later
hides ours. Such a file is not changed: which of the two is right, only its owner knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from rewritegen.clients.index import ClientIndex
from rewritegen.clients.values import same_url

__all__ = ["CONFLICTS", "Conflicts"]

#: Takes what a file says after the change, and yields why that does not do.
Conflicts: TypeAlias = Callable[[Mapping[str, Any], ClientIndex], Iterator[str]]


_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})


def _below(file: Any, *keys: str) -> Mapping[str, Any]:
    """Return a table of a file; an empty one where there is none, or something else."""
    for key in keys:
        file = file.get(key) if isinstance(file, Mapping) else None
    return file if isinstance(file, Mapping) else {}


def _entries(table: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the tables of a list; what is no table means nothing to a tool, or stops it."""
    found = table.get(key)
    return (
        [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []
    )


def _pip(file: Mapping[str, Any], index: ClientIndex) -> Iterator[str]:
    """pip reads [global], then the section of its command, which wins."""
    for section, values in file.items():
        if values.get("no-index", "").strip().lower() in _TRUE:
            yield f"`no-index` in [{section}]: pip asks no index at all"
        if index.two:
            if same_url(values.get("index-url", ""), index.url):
                yield f"`index-url` in [{section}] is this index already: one is enough"
            continue
        if values.get("extra-index-url", "").strip():
            yield f"`extra-index-url` in [{section}]: {_SECOND}"
        if (
            section != "global"
            and "index-url" in values
            and not same_url(values["index-url"], index.url)
        ):
            yield f"`index-url` in [{section}] is another index, and wins over that in [global]"


_SECOND = "a second index is asked for every name, and the highest version wins"


def _variables(file: Mapping[str, Any], index: ClientIndex) -> Iterator[str]:
    if index.two:
        names: tuple[str, ...] = ("UV_INDEX_STRATEGY", "PIP_NO_INDEX", "UV_NO_INDEX")
    else:
        names = (
            "PIP_EXTRA_INDEX_URL",
            "UV_INDEX",
            "UV_EXTRA_INDEX_URL",
            "PIP_NO_INDEX",
            "UV_NO_INDEX",
        )
    for name in names:
        value = str(file.get(name, "")).strip()
        if value and (not name.endswith("_NO_INDEX") or value.lower() in _TRUE):
            yield f"`{name}` is set: {_why(name)}"
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        if index.two and same_url(str(file.get(name, "")), index.url):
            yield f"`{name}` is this index already: one is enough"


def _why(name: str) -> str:
    if name.endswith("_NO_INDEX"):
        return "no index is asked at all"
    if name == "UV_INDEX_STRATEGY":
        return "the first index that has a name must decide, which is uv's own way"
    return _SECOND if name.startswith("PIP") else "uv asks it before this one"


def _uv(file: Mapping[str, Any], index: ClientIndex) -> Iterator[str]:
    """uv asks indexes in their order, that with ``default = true`` last, those with ``explicit`` only when told to."""
    for old in ("index-url", "extra-index-url"):
        if old in file:
            yield f"`{old}`: the older spelling of an index, which uv asks as well"
    if str(file.get("index-strategy", "first-index")) != "first-index":
        yield "`index-strategy`: the first index that has a name must decide"
    for entry in _entries(file, "index"):
        if entry.get("name") == index.name or entry.get("explicit") is True:
            continue
        if not index.two or entry.get("default") is not True:
            yield f"another index, {_called(entry)}, is asked for every name"


def _uv_project(file: Mapping[str, Any], index: ClientIndex) -> Iterator[str]:
    return _uv(_below(file, "tool", "uv"), index)


def _poetry(file: Mapping[str, Any], index: ClientIndex) -> Iterator[str]:
    """A source without a priority is a primary one; PyPI is asked again as soon as it is listed."""
    for entry in _entries(_below(file, "tool", "poetry"), "source"):
        wanted = {index.name, "pypi"} if index.two else {index.name}
        if str(entry.get("name", "")).lower() in wanted or entry.get("priority") == "explicit":
            continue
        yield f"another source, {_called(entry)}, is asked for every name"


def _pdm(file: Mapping[str, Any], index: ClientIndex) -> Iterator[str]:
    wanted = {index.name, "pypi"} if index.two else {"pypi"}
    for entry in _entries(_below(file, "tool", "pdm"), "source"):
        if str(entry.get("name", "")).lower() not in wanted:
            yield f"another source, {_called(entry)}, is asked for names of no other"


def _hatch(file: Mapping[str, Any], index: ClientIndex) -> Iterator[str]:
    environments = _below(file, "tool", "hatch", "envs")
    for name in environments:
        for reason in _variables(_below(environments, name, "env-vars"), index):
            yield f"environment {name}: {reason}"


def _pixi(file: Mapping[str, Any], index: ClientIndex) -> Iterator[str]:
    options = _below(file, "pypi-options")
    others = options.get("extra-index-urls")
    for url in others if isinstance(others, list) else ():
        if not (index.two and same_url(str(url), index.url)):
            yield "`extra-index-urls`: pixi asks them before this one"
    if index.two and same_url(str(options.get("index-url", "")), index.url):
        yield "`index-url` is this index already: one is enough"


def _pixi_project(file: Mapping[str, Any], index: ClientIndex) -> Iterator[str]:
    return _pixi(_below(file, "tool", "pixi"), index)


def _pipenv(file: Mapping[str, Any], _: ClientIndex) -> Iterator[str]:
    """The first source is asked for what names none; the others, unless the file says otherwise, by name only."""
    sources = _entries(file, "source")
    if sources and sources[0].get("name") != "pypi":
        yield f"the first source is {_called(sources[0])}: it is asked for what names no other"
    if _below(file, "pipenv").get("install_search_all_sources") is True:
        yield f"`install_search_all_sources`: {_SECOND}"


def _buildout(file: Mapping[str, Any], index: ClientIndex) -> Iterator[str]:
    for section, values in file.items():
        for key in ("index +", "index -", "find-links -"):
            if section == "buildout" and key in values:
                yield f"`{key}=`: buildout has one index"
    if index.two and same_url(file.get("buildout", {}).get("index", ""), index.url):
        yield "`index` is this index already: one is enough"


def _easy_install(file: Mapping[str, Any], index: ClientIndex) -> Iterator[str]:
    if index.two and same_url(file.get("easy_install", {}).get("index_url", ""), index.url):
        yield "`index_url` is this index already: one is enough"


def _called(entry: Mapping[str, Any]) -> str:
    """Return the name of an entry; never its URL, which may hold a password."""
    return f"`{entry.get('name', 'without a name')}`"


CONFLICTS: dict[str, Conflicts] = {
    "pip": _pip,
    "env": _variables,
    "dotenv": _variables,
    "uv": _uv,
    "uv-project": _uv_project,
    "poetry": _poetry,
    "pdm": _pdm,
    "hatch": _hatch,
    "pixi": _pixi,
    "pixi-project": _pixi_project,
    "pipenv": _pipenv,
    "buildout": _buildout,
    "easy_install": _easy_install,
}
