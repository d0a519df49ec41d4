"""The contract of a server: what ``rewritegen`` asks of nginx, of httpd, and of any third.

Everything that differs between servers lies behind :class:`Server`: quoting, what an installed binary can do, what a
plan asks that the server cannot, how a tree is tested, run and reloaded. Rendering is pure: the same plan, scope and
capabilities give the same bytes on any machine.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from rewritegen.diagnostics import Problem
from rewritegen.plan import Plan

if TYPE_CHECKING:
    from rewritegen.servers.live import Live

__all__ = [
    "FINGERPRINT_PLACE",
    "Capabilities",
    "Files",
    "Scope",
    "Server",
    "fetcher_name",
    "seal",
    "site_word",
]

#: standalone: a tree that runs as it is; vhost: what an administrator includes; locations: for a host that is there.
Scope: TypeAlias = Literal["vhost", "standalone", "locations"]

#: Stands in rendered text where the fingerprint goes, until :func:`seal` knows it.
FINGERPRINT_PLACE = "0" * 64


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an installed server can do: its version, and the modules that it has or can load."""

    version: tuple[int, ...]
    modules: frozenset[str]

    def __contains__(self, module: str) -> bool:
        return module in self.modules


@dataclass(frozen=True, slots=True)
class Files:
    """Rendered configuration: text by path relative to a directory, and the directories that must exist there."""

    texts: tuple[tuple[str, str], ...]
    directories: tuple[str, ...] = ()
    fingerprint: str = FINGERPRINT_PLACE
    """SHA-256 in hex; what ``/-/rewritegen`` answers and the header says."""

    def write(self, directory: Path) -> None:
        """Write the tree; directories are made, files replaced."""
        for name in ("", *self.directories):
            (directory / name).mkdir(parents=True, exist_ok=True)
        for name, text in self.texts:
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")


def seal(files: Files) -> Files:
    """Put the fingerprint into rendered texts: the SHA-256 of all of them with zeros in its place.

    So a text proves by itself whether it was edited: put zeros in place of its fingerprint and hash it again.
    """
    digest = hashlib.sha256()
    for name, text in files.texts:
        digest.update(f"{name}\0{text}\0".encode())
    fingerprint = digest.hexdigest()
    texts = tuple(
        (name, text.replace(FINGERPRINT_PLACE, fingerprint)) for name, text in files.texts
    )
    return replace(files, texts=texts, fingerprint=fingerprint)


def site_word(server_name: str) -> str:
    """Return four characters that stand for a site in the names that the generated text invents.

    It is short, because nginx's hash of variables has 64 bytes for each place: names of up to 14 characters fit in
    pairs, and a few sites fit without a warning. Should two sites of one nginx ever have the same word, nginx refuses
    the second log format of this name.
    """
    return hashlib.sha256(server_name.encode()).hexdigest()[:4]


def fetcher_name(server_name: str) -> str:
    """Return the host name by which a site asks what fetches for it; it exists nowhere else."""
    return f"rg-{site_word(server_name)}.invalid"


class Server(Protocol):
    """One web server program."""

    name: str
    """The word for ``--server``."""
    baseline: Capabilities
    """What ``generate`` writes for unless it is told a binary: the oldest version, as distributions build it."""

    def find(self) -> str | None:
        """Return the path of the installed program, or None."""

    def capabilities(self, binary: str) -> Capabilities:
        """Ask a program for its version and modules.

        :raises RewritegenError: when it cannot be run or understood.
        """

    def refusals(self, plan: Plan, scope: Scope, capabilities: Capabilities) -> tuple[Problem, ...]:
        """Return what of this plan this server cannot do, each with what to do instead."""

    def render(self, plan: Plan, scope: Scope, capabilities: Capabilities) -> Files:
        """Write the configuration; nothing of ``refusals`` is looked at again.

        :raises RewritegenError: when a value cannot be quoted safely.
        """

    def command(self, binary: str, tree: Path) -> list[str]:
        """Return the command that runs a standalone tree in the foreground."""

    def test_command(self, binary: str, tree: Path) -> list[str]:
        """Return the command that tests a standalone tree and exits 0 when it is fine."""

    def live(self, binary: str, config: Path | None, root: Path | None) -> Live:
        """Return the server as it is set up on this machine.

        :param config: its main configuration, when it is not the one that the program was built for.
        :param root: the directory that it was started with (nginx ``-p``, httpd ``-d``).
        """
