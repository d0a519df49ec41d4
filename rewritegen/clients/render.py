"""What a tool is told, as text; the templates lay out what is decided here."""

from __future__ import annotations

import glob
import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rewritegen import pypi
from rewritegen.auth import Certificates
from rewritegen.clients.advice import credentials
from rewritegen.clients.index import ClientIndex
from rewritegen.clients.tools import Tool
from rewritegen.templating import environment

__all__ = ["render"]


@dataclass(frozen=True, slots=True)
class _Variable:
    """One variable of an environment; a URL holds nothing that .env, TOML or a Dockerfile would read otherwise."""

    name: str
    value: str

    @property
    def quoted(self) -> str:
        """The value as a word of a shell."""
        return shlex.quote(self.value)


@dataclass(frozen=True, slots=True)
class _Source:
    """One entry of a list of indexes."""

    name: str
    url: str
    verify: bool
    patterns: str = ""
    """A line that says for which names it is asked; pdm only."""


def render(tool: Tool, index: ClientIndex) -> str:
    """Return the text for one tool; it holds no password, whatever the site asks for."""
    text = environment().get_template(f"clients/{tool.name}.j2").render(**_values(tool, index))
    lines = (line.rstrip() for line in text.splitlines())
    return "\n".join(_without_doubled_blanks(lines)).strip("\n") + "\n"


def _without_doubled_blanks(lines: Iterable[str]) -> list[str]:
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return kept


def _values(tool: Tool, index: ClientIndex) -> dict[str, Any]:
    mapped: dict[str, Any] = {
        "index": index,
        "comments": _comments(tool, index),
        "trusted": [index.netloc] if index.plain else [],
        "variables": _variables(index),
        "password": _asks_password(index),
        "key": "extra-index-url" if index.two else "index-url",
        "priority": "explicit" if index.two else "primary",
        "pins": index.packages if index.two else (),
        "pages": [f"{index.url}{name}/" for name in index.packages],
        # fnmatch reads the brackets of an IPv6 address as a set
        "hosts": [] if index.two or index.away else [glob.escape(index.netloc)],
        "table": "tool.pixi.pypi-options" if tool.name == "pixi-project" else "pypi-options",
    }
    if tool.name in ("pdm", "pipenv"):
        mapped["sources"] = _sources(tool, index)
    return mapped


def _comments(tool: Tool, index: ClientIndex) -> list[str]:
    if index.two:
        first = f"{index.host} beside PyPI; one index is safer, see `rewritegen clients --form one`"
    else:
        first = f"{index.host}: private packages first, everything else behind it"
    # a Dockerfile and CI have no home with a netrc in it: their text has its own way for a password
    own = tool.syntax == "paste" and _asks_password(index)
    return [first, *_how(tool, index), *(() if own else credentials(tool, index))]


def _asks_password(index: ClientIndex) -> bool:
    return index.auth is not None and not isinstance(index.auth, Certificates)


def _how(tool: Tool, index: ClientIndex) -> list[str]:
    """Return what has to be written elsewhere, or where this goes."""
    if index.two and tool.name == "poetry":
        return [f"what is ours says so: `poetry add --source {index.name} NAME`"]
    if index.two and tool.name == "pipenv":
        return [f"what is ours says so: `pipenv install --index {index.name} NAME`"]
    return {
        "env": ["read by a shell: `. ./index.sh`, or from ~/.profile"],
        "hatch": ["for the environment `default` and those that inherit from it"],
        "docker": ["below FROM, above the first `pip install` or `uv sync`"],
        "github": ["at the top of a workflow"],
        "gitlab": ["at the top of .gitlab-ci.yml"],
    }.get(tool.name, [])


def _variables(index: ClientIndex) -> list[_Variable]:
    trusted = [_Variable("PIP_TRUSTED_HOST", index.netloc)] if index.plain else []
    if index.two:
        named = f"{index.name}={index.url}"
        return [_Variable("PIP_EXTRA_INDEX_URL", index.url), *trusted, _Variable("UV_INDEX", named)]
    return [
        _Variable("PIP_INDEX_URL", index.url),
        *trusted,
        _Variable("UV_DEFAULT_INDEX", index.url),
    ]


def _sources(tool: Tool, index: ClientIndex) -> list[_Source]:
    """Return the list for pdm and pipenv; both take `pypi` for the index that is asked for everything."""
    if not index.two:
        return [_Source("pypi", index.url, not index.plain)]
    public = pypi.well_known()[0]
    ours = _Source(index.name, index.url, not index.plain)
    theirs = _Source("pypi", public, verify=True)
    if tool.name == "pipenv":
        return [theirs, ours]  # the first one is asked for what names none
    globs = json.dumps(index.patterns)
    return [
        _Source(ours.name, ours.url, ours.verify, f"include_packages = {globs}"),
        _Source(theirs.name, theirs.url, theirs.verify, f"exclude_packages = {globs}"),
    ]
