"""A cache directory: what is in it, the bytes of a copy, and removing one.

The server's user writes there, and an administrator runs this: below the directory no link is followed, nothing but
regular files is opened, and a name that vanishes meanwhile is as if it had never been there.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rewritegen.copies import apache_files, nginx_files
from rewritegen.copies.entries import Entry
from rewritegen.diagnostics import Problem, RewritegenError, quoted

__all__ = ["Contents", "read_body", "read_caches", "remove"]

#: Both servers make fewer levels of directories.
_DEEPEST = 20

#: A header, a key and the headers of the answer.
_HEAD = 16384

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(slots=True)
class Contents:
    """What is in the cache directories of a site."""

    directories: tuple[Path, ...]
    entries: list[tuple[Path, Entry]] = field(default_factory=list)
    """Each with the cache directory that it is in."""
    foreign: int = 0
    """Copies of sources that the site does not have: other sites may keep theirs in the same place."""
    unknown: int = 0
    """Files called like copies that are none that rewritegen's configuration would make."""


def read_caches(directories: tuple[Path, ...], sources: frozenset[str], stale: int = 0) -> Contents:
    """Read what is kept for these sources; a directory that is not there is empty.

    :param stale: how many seconds longer than it is fresh a copy of httpd stands in.
    :raises RewritegenError: when a directory cannot be read, or is a link.
    """
    contents = Contents(directories)
    for directory in directories:
        with _opened(directory) as root:
            for entry in _entries(root, stale) if root is not None else ():
                if entry is None:
                    contents.unknown += 1
                elif entry.key.source not in sources:
                    contents.foreign += 1
                else:
                    contents.entries.append((directory, entry))
    return contents


def read_body(directory: Path, entry: Entry) -> bytes | None:
    """Return the stored body of a copy, or None when it has gone."""
    path, start = entry.body
    with _opened(directory) as root, _below(root, path) as (parent, name):
        if parent is None or (file := _open_file(parent, name)) is None:
            return None
        with os.fdopen(file, "rb") as stream:
            stream.seek(start)
            return stream.read()


def remove(directory: Path, entry: Entry) -> bool:
    """Remove a copy, and tell whether it was still there.

    :raises RewritegenError: when it must not be removed.
    """
    there = False
    with _opened(directory) as root:
        for path in entry.paths:
            with _below(root, path) as (parent, name), suppress(FileNotFoundError):
                if parent is not None:
                    os.unlink(name, dir_fd=parent)
                    there = there or path == entry.paths[0]
    return there


@contextmanager
def _opened(directory: Path) -> Iterator[int | None]:
    """Open a cache directory; None when there is none. What is refused meanwhile is refused in it."""
    try:
        root = os.open(directory, _DIRECTORY)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise _refused(directory, error) from error
    try:
        yield root
    except PermissionError as error:
        raise _refused(directory, error) from error
    finally:
        os.close(root)


@contextmanager
def _below(root: int | None, path: str) -> Iterator[tuple[int | None, str]]:
    """Open the directory of a path below ``root``, level by level; None when it has gone or is a link now."""
    *parents, name = path.split("/")
    opened: list[int] = []
    current = root
    try:
        for part in parents:
            if current is not None and (current := _open_directory(current, part)) is not None:
                opened.append(current)
        yield current, name
    finally:
        for number in opened:
            os.close(number)


def _entries(root: int, stale: int) -> Iterator[Entry | None]:
    """Yield every copy, and None for what is called like one and is none."""
    for directory, prefix, name in _files(root, "", _DEEPEST):
        httpd = name.endswith(apache_files.HEADER)
        if not httpd and not nginx_files.NAME.fullmatch(name):
            continue
        if (found := _head(directory, name)) is None:
            continue
        head, size = found
        if not httpd:
            yield nginx_files.read_nginx(prefix + name, head, size)
        elif not apache_files.is_list(head):
            size += _size(directory, apache_files.body_of(name))
            yield apache_files.read_apache(prefix + name, head, size, stale)


def _files(directory: int, prefix: str, levels: int) -> Iterator[tuple[int, str, str]]:
    """Yield the directory, its path and the name of every regular file, in no order."""
    below = []
    with os.scandir(directory) as found:
        for one in found:
            if one.is_dir(follow_symlinks=False):
                below.append(one.name)
            elif one.is_file(follow_symlinks=False):
                yield directory, prefix, one.name
    for name in below if levels else ():
        if (inner := _open_directory(directory, name)) is None:
            continue
        try:
            yield from _files(inner, f"{prefix}{name}/", levels - 1)
        finally:
            os.close(inner)


def _head(directory: int, name: str) -> tuple[bytes, int] | None:
    """Return the beginning of a regular file and its size; None when it has gone, or is no such file any more."""
    if (file := _open_file(directory, name)) is None:
        return None
    try:
        return os.read(file, _HEAD), os.fstat(file).st_size
    finally:
        os.close(file)


def _open_directory(directory: int, name: str) -> int | None:
    try:
        return os.open(name, _DIRECTORY, dir_fd=directory)
    except PermissionError:
        raise
    except OSError:  # gone, or a link now
        return None


def _open_file(directory: int, name: str) -> int | None:
    try:
        file = os.open(name, _FILE, dir_fd=directory)
    except PermissionError:
        raise
    except OSError:  # gone, or a link, a socket or a device now
        return None
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    return None


def _size(directory: int, name: str) -> int:
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False).st_size
    except OSError:
        return 0


def _refused(directory: Path, error: OSError) -> RewritegenError:
    if isinstance(error, PermissionError):
        message = f"the copies in {quoted(directory)} are closed to {_user()}"
        advice = "run the same command as root (`sudo`), or as the user that the server runs as"
        return RewritegenError([Problem("RG822", message, None, advice)])
    message = f"{quoted(directory)} is no directory: {error.strerror}"
    advice = "links are not followed there: name the directory itself with --dir DIR"
    return RewritegenError([Problem("RG823", message, None, advice)])


def _user() -> str:
    with suppress(KeyError):
        return pwd.getpwuid(os.geteuid()).pw_name
    return f"user {os.geteuid()}"
