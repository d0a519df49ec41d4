"""The contract of a server that runs on this machine: how its whole configuration is read, tested and loaded again.

What differs between nginx and httpd when a file of theirs is replaced lies behind :class:`Live`; ``rewritegen apply``
knows neither of them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["TRIAL", "Include", "Live", "alive", "program"]

#: Ends the name of a copy that lies beside what it is a copy of, but for what tells the runs apart.
TRIAL = ".rewritegen-trial"

_MORE_PLACES = "/usr/sbin:/usr/local/sbin:/usr/local/apache2/bin"


@dataclass(frozen=True, slots=True)
class Include:
    """A directive that reads other files: where it stands in the text, and what it names."""

    start: int
    end: int
    pattern: str


class Live(Protocol):
    """One server as it is set up here."""

    binary: str
    config: Path
    """The main configuration."""
    base: Path
    """What relative names of included files are below."""
    directories: tuple[Path, ...]
    """Where distributions put virtual hosts, the usual one first."""

    def includes(self, text: str) -> tuple[Include, ...]:
        """Return what a text includes."""

    def include(self, path: Path) -> str:
        """Return the directive that includes one file."""

    def trial(self, directory: Path) -> Path:
        """Return where a changed copy of the main configuration is read as the real one is: the other copies lie in
        ``directory``, whose name no other run has."""

    def trials(self) -> Iterable[Path]:
        """Return such copies that are there now, and do not lie in their directory."""

    def test_command(self, config: Path) -> list[str]:
        """Return the command that tests a whole configuration, by its main file, and exits 0 when it is fine."""

    def reload_command(self) -> list[str]:
        """Return the server's own control command for a graceful reload; it tests first and never just signals."""

    def start_instead(self) -> str:
        """Return what starts the server, when it does not run and its reload would start it; else nothing."""

    def opens(self, new: Iterable[str], present: Iterable[str]) -> frozenset[tuple[str, int]]:
        """Return the addresses that the server must bind at a reload and does not hold; ``""`` is any address."""


def program(*names: str) -> str | None:
    """Return the first of these programs that is installed, also where an ordinary user's PATH does not look."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), _MORE_PLACES])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def alive(pid: int) -> bool:
    """Tell whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    except OverflowError:
        return False
    return True
