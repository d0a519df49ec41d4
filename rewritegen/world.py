"""What a decision depends on besides the plan and the request: files, and the answers of upstreams."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from rewritegen.representations import Representation

__all__ = ["FileSystem", "Look", "Noted", "World", "has_files"]


class Look(NamedTuple):
    """One thing that was looked at in the world, and what was seen."""

    what: Literal["file", "directory", "files", "link", "answer", "copy"]
    where: str
    """A path, or the URL that an upstream is asked for."""
    seen: bool | int | str
    """Whether the path is there; the status of the answer; which copy is kept."""


class World(Protocol):
    """What a decision depends on besides the plan."""

    def is_file(self, path: str) -> bool:
        """A readable regular file, links followed."""

    def is_directory(self, path: str) -> bool:
        """A directory, links followed."""

    def has_files(self, path: str) -> bool:
        """A directory with a regular file in it, links followed, whose name begins with no dot: one that is listed."""

    def is_link(self, path: str) -> bool:
        """A symbolic link, dangling or not."""

    def ask(self, url: str, representation: Representation | None) -> int:
        """Return the status that an upstream gives, 502 when it cannot be reached; files have no representation.

        Redirects within the hosts that are declared for it are followed.
        """

    def kept(
        self, url: str, representation: Representation | None
    ) -> Literal["fresh", "stale", ""]:
        """Tell what the cache has of an answer: a fresh copy, one that stands in when nobody answers, or nothing."""


def has_files(path: str) -> bool:
    """Tell whether a file in a directory is listed.

    :raises OSError: when the directory cannot be read.
    """
    with os.scandir(path) as entries:
        return any(not entry.name.startswith(".") and entry.is_file() for entry in entries)


class FileSystem:
    """The world of this machine; every upstream answers with one status, unless a subclass knows better."""

    def __init__(self, upstream_status: int = 200) -> None:
        self._upstream_status = upstream_status

    def is_file(self, path: str) -> bool:
        """See :class:`World`."""
        return Path(path).is_file()

    def is_directory(self, path: str) -> bool:
        """See :class:`World`."""
        return Path(path).is_dir()

    def has_files(self, path: str) -> bool:
        """See :class:`World`; what cannot be read is not known to have none."""
        try:
            return has_files(path)
        except OSError:
            return True

    def is_link(self, path: str) -> bool:
        """See :class:`World`."""
        return Path(path).is_symlink()

    def ask(self, url: str, representation: Representation | None) -> int:
        """Return the one status; no request is made."""
        del url, representation
        return self._upstream_status

    def kept(
        self, url: str, representation: Representation | None
    ) -> Literal["fresh", "stale", ""]:
        """Return nothing: no cache is looked at."""
        del url, representation
        return ""


class Noted:
    """Another world, and a note of each look at it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._looks: list[Look] = []

    def taken(self) -> tuple[Look, ...]:
        """Return the notes since the last call."""
        looks = tuple(self._looks)
        self._looks.clear()
        return looks

    def is_file(self, path: str) -> bool:
        """See :class:`World`."""
        seen = self._world.is_file(path)
        self._looks.append(Look("file", path, seen))
        return seen

    def is_directory(self, path: str) -> bool:
        """See :class:`World`."""
        seen = self._world.is_directory(path)
        self._looks.append(Look("directory", path, seen))
        return seen

    def has_files(self, path: str) -> bool:
        """See :class:`World`."""
        seen = self._world.has_files(path)
        self._looks.append(Look("files", path, seen))
        return seen

    def is_link(self, path: str) -> bool:
        """See :class:`World`."""
        seen = self._world.is_link(path)
        self._looks.append(Look("link", path, seen))
        return seen

    def ask(self, url: str, representation: Representation | None) -> int:
        """See :class:`World`."""
        status = self._world.ask(url, representation)
        self._looks.append(Look("answer", url, status))
        return status

    def kept(
        self, url: str, representation: Representation | None
    ) -> Literal["fresh", "stale", ""]:
        """See :class:`World`."""
        seen = self._world.kept(url, representation)
        self._looks.append(Look("copy", url, seen))
        return seen
