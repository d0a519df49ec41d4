"""A whole file into its place: all of it or nothing, with the mode and owner of the one that was there.

What is read by a server that may restart at any moment is never half written: a file beside it, synced, and one rename.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

__all__ = ["entry", "is_leftover", "present", "put", "real", "sync_directory", "waiting_name"]

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_WAITING = ".rewritegen-new"


def present(path: Path) -> bytes | None:
    """Return what a file holds; None when there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def real(path: Path) -> Path:
    """Return the one name of what a path leads to, however it is spelled."""
    return Path(os.path.realpath(path))


def entry(path: Path) -> Path:
    """Return the one name of a path itself: where it is a link, that of the link."""
    return real(path.parent) / path.name


def waiting_name(path: Path) -> Path:
    """Return where a new file waits for its rename; no `*.conf`, and no `*` of either server, reads a hidden file."""
    place = real(path)
    return place.with_name(f".{place.name}{_WAITING}")


def is_leftover(path: Path) -> bool:
    """Tell whether a file waits for a rename that never came: its writer was killed."""
    return path.name.startswith(".") and path.name.endswith(_WAITING)


def put(path: Path, data: bytes | None) -> bool:
    """Make a file hold ``data``, or take it away; return whether it could only be written in place.

    A link stays one: what it leads to is replaced. In place means that a reader may see half of it. It is done where
    nothing else can be: a file that is mounted by itself, as in a container, is no directory entry that could change.

    :raises OSError: when it cannot; the old file is whole then, but for a failure in place.
    """
    place = real(path)
    if data is None:
        return _take_away(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    waiting = waiting_name(place)
    try:
        _write(waiting, data, like=place)
        os.replace(waiting, place)  # noqa: PTH105 - tests count the calls of os
    except OSError as error:
        with suppress(OSError):
            waiting.unlink()
        if error.errno != errno.EBUSY:
            error.filename = str(place)
            raise
        _in_place(place, data)
        return True
    sync_directory(place.parent)
    return False


def sync_directory(path: Path) -> None:
    """Make the entries of a directory survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _take_away(place: Path) -> bool:
    try:
        place.unlink(missing_ok=True)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        _in_place(place, b"")
        return True
    if place.parent.is_dir():
        sync_directory(place.parent)
    return False


def _write(path: Path, data: bytes, *, like: Path) -> None:
    descriptor = os.open(path, _NEW_FILE, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        try:
            status = like.stat()
        except FileNotFoundError:
            os.fchmod(descriptor, 0o644)  # there is no secret in it, whatever the umask
        else:
            with suppress(PermissionError):  # the file of somebody else, in a directory of ours
                os.fchown(descriptor, status.st_uid, status.st_gid)
            os.fchmod(descriptor, status.st_mode & 0o7777)
        os.fsync(descriptor)


def _in_place(place: Path, data: bytes) -> None:
    descriptor = os.open(place, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
