"""Bytes into the state directory, by a temporary file in the same directory and one rename.

What a crash can do. Killed at any point: every name is either the whole old content or the whole new one, and what is
left over begins with ``.rg-`` and goes away in the next run. Losing power: a page is not synced to the disk, because
its content can be made again and the next run sees that its size or time is not what it remembers; what cannot be made
again, a scanned name and the memory of a source, is synced (:func:`sync_directory`).
"""

from __future__ import annotations

import fcntl
import gzip
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import time

__all__ = [
    "State",
    "is_leftover",
    "names_in",
    "remove_directory",
    "remove_file",
    "replace_link",
    "sync_directory",
    "write_file",
    "write_pages",
]

_TEMPORARY = ".rg-"

#: The usual trade: level 9 makes pages 1% smaller in twice the time.
_GZIP_LEVEL = 6


class State:
    """Where things are in a state directory; the servers' configuration reads the same paths."""

    def __init__(self, root: Path) -> None:
        # Aliases and the configuration have absolute paths; an index may be started with a relative one.
        self.root = root.absolute()
        self.names = self.root / "names"
        self.root_list = self.root / "root"
        self.sources = self.root / "sources"
        self.lock_file = self.root / "lock"

    def pages(self, source: str) -> Path:
        """Return the directory of a source's pages, one directory per canonical name."""
        return self.root / "pages" / source

    def metadata(self, source: str) -> Path:
        """Return the directory of a source's ``.metadata`` files, in the order of its files."""
        return self.root / "metadata" / source

    def aliases(self, source: str) -> Path:
        """Return the directory of the links from canonical names to directories of another spelling."""
        return self.root / "aliases" / source

    def memory(self, source: str) -> Path:
        """Return the file that remembers what the last run read."""
        return self.sources / f"{source}.json"

    @contextmanager
    def lock(self, busy: Iterator[None] | None = None) -> Iterator[None]:
        """Hold the lock: one run writes at a time. ``busy`` is advanced once when another run holds it."""
        self.root.mkdir(parents=True, exist_ok=True)
        with self.lock_file.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if busy is not None:
                    next(busy, None)
                fcntl.flock(file, fcntl.LOCK_EX)
            yield


def names_in(directory: Path) -> list[str]:
    """Return the sorted names in a directory, none when it is missing; clear away what a killed run left."""
    try:
        names = sorted(os.listdir(directory))  # noqa: PTH208 - names only
    except FileNotFoundError:
        return []
    for name in names:
        if is_leftover(name):
            remove_file(directory / name)
    return [name for name in names if not is_leftover(name)]


def write_file(path: Path, data: bytes, *, mtime: int | None = None, sync: bool = False) -> None:
    """Put a whole file in place, with the mode that the umask gives; make its directory.

    :param mtime: seconds since the epoch, for files that must have the same.
    """
    temporary = _temporary(path)
    try:
        descriptor = os.open(temporary, _NEW_FILE, 0o666)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, _NEW_FILE, 0o666)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        if sync:
            file.flush()
            os.fsync(descriptor)
    if mtime is not None:
        os.utime(temporary, (mtime, mtime))
    os.replace(temporary, path)  # noqa: PTH105 - twelve thousand times on a cold run


def write_pages(directory: Path, pages: Mapping[str, bytes]) -> bool:
    """Write the pages of one directory, each with its ``.gz`` of the same time; return whether any byte changed.

    The time is a whole second later than that of the page before it at least: nginx makes the ETag of a file from its
    seconds and its size, and a page that changes twice in a second, say by a hash, would keep its ETag.
    """
    changed = False
    contents = set(pages.values())  # two of three pages are the same bytes
    compressed = {data: gzip.compress(data, _GZIP_LEVEL, mtime=0) for data in contents}
    for name, data in pages.items():
        packed = compressed[data]
        page, beside = directory / name, directory / f"{name}.gz"
        if _holds(page, data) and _holds(beside, packed) and _mtime(page) == _mtime(beside):
            continue
        mtime = max(int(time()), _mtime(page) + 1, _mtime(beside) + 1)
        write_file(beside, packed, mtime=mtime)
        write_file(page, data, mtime=mtime)
        changed = True
    return changed


def replace_link(link: Path, target: Path) -> None:
    """Make ``link`` a symbolic link to ``target``, in one step."""
    temporary = _temporary(link)
    with suppress(FileNotFoundError):
        temporary.unlink()
    link.parent.mkdir(parents=True, exist_ok=True)
    temporary.symlink_to(target)
    temporary.replace(link)


def remove_directory(path: Path) -> None:
    """Take a directory out of sight in one step, then remove it."""
    hidden = path.with_name(f"{_TEMPORARY}gone-{path.name}")
    if hidden.exists():
        shutil.rmtree(hidden)
    path.replace(hidden)
    shutil.rmtree(hidden)


def remove_file(path: Path) -> None:
    """Remove a file, or what a killed run left behind."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def is_leftover(name: str) -> bool:
    """Tell whether a name is that of a temporary file; nobody else writes here, so under the lock it is litter."""
    return name.startswith(_TEMPORARY)


def sync_directory(path: Path) -> None:
    """Make the entries of a directory survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


def _temporary(path: Path) -> Path:
    """One per thread is enough, and its length does not depend on that of the name."""
    return path.with_name(f"{_TEMPORARY}{os.getpid()}-{threading.get_ident()}")


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False


def _mtime(path: Path) -> int:
    try:
        return int(path.stat().st_mtime)
    except OSError:
        return 0
