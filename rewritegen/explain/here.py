"""The world as ``explain`` sees it: the directories of this machine, and upstreams as they might answer, or do."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from rewritegen.representations import Representation
from rewritegen.world import has_files

__all__ = ["Asker", "Here", "who"]


class Asker(Protocol):
    """Asks an upstream for real."""

    said: dict[str, str]
    """What was said, by URL."""

    def __call__(self, url: str, representation: Representation | None) -> int:
        """Return the status, 502 for what is no answer."""


#: Files that are there as long as what they stand for is.
_MARKERS = ("/.rewritegen-root", "/~rewritegen-names")


class Here:
    """Directories are looked at unless told otherwise; the n-th upstream that is asked gives the n-th answer.

    What may not be looked at counts as not there, and is noted: the server runs as somebody else and may see it.
    """

    def __init__(
        self,
        answers: Sequence[int] = (),
        *,
        default: int = 404,
        copies: Literal["fresh", "stale", ""] = "",
        look: bool = True,
        asker: Asker | None = None,
    ) -> None:
        self.asked: list[str] = []
        self.unreadable: dict[str, str] = {}
        """Paths that this user may not look at, and why."""
        self._answers = answers
        self._default = default
        self._copies = copies
        self._look = look
        self._asker = asker

    def is_file(self, path: str) -> bool:
        """See :class:`rewritegen.world.World`: readable, too, as servers mean it."""
        if not self._look:
            return path.endswith(_MARKERS)
        if not self._is(path, stat.S_ISREG):
            return False
        if not os.access(path, os.R_OK):
            self.unreadable[path] = "Permission denied"
        return True

    def is_directory(self, path: str) -> bool:
        """See :class:`rewritegen.world.World`."""
        return self._look and self._is(path, stat.S_ISDIR)

    def has_files(self, path: str) -> bool:
        """See :class:`rewritegen.world.World`."""
        try:
            return self._look and has_files(path)
        except OSError as error:
            self.unreadable[path] = error.strerror or "Permission denied"
            return True

    def is_link(self, path: str) -> bool:
        """See :class:`rewritegen.world.World`."""
        return self._look and self._is(path, stat.S_ISLNK, follow=False)

    def ask(self, url: str, representation: Representation | None) -> int:
        """See :class:`rewritegen.world.World`."""
        number = len(self.asked)
        self.asked.append(url)
        if self._asker is not None:
            return self._asker(url, representation)
        return self._answers[number] if number < len(self._answers) else self._default

    def kept(
        self, url: str, representation: Representation | None
    ) -> Literal["fresh", "stale", ""]:
        """See :class:`rewritegen.world.World`."""
        del url, representation
        return self._copies

    def _is(self, path: str, kind: Callable[[int], bool], *, follow: bool = True) -> bool:
        try:
            return kind(os.stat(path, follow_symlinks=follow).st_mode)  # noqa: PTH116 -- Path.stat costs as much again
        except PermissionError as error:
            self.unreadable[path] = error.strerror or "Permission denied"
        except (OSError, ValueError):
            pass
        return False


def who() -> str:
    """Return the user that looks."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
