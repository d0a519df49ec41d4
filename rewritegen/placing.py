"""A whole file into its place: all of it or nothing, with the mode and owner of the one that was there.

What is read by a server that may restart at any moment is never half written: a file beside it, synced, and one rename.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "Standing",
    "entry",
    "is_leftover",
    "present",
    "put",
    "real",
    "standing",
    "sync_directory",
    "waiting_name",
    "waiting_names",
]

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_WAITING = ".rewritegen-new"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a file is beside its bytes: mode and owner, and what its name leads to where that is a link."""

    mode: int
    uid: int
    gid: int
    link: str = ""


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


def standing(path: Path) -> Standing | None:
    """Return what a file is beside its bytes; None when there is none."""
    try:
        status = path.stat()
        link = os.readlink(path) if path.is_symlink() else ""  # noqa: PTH115 - as it is spelled
    except FileNotFoundError:
        return None
    return Standing(status.st_mode & 0o7777, status.st_uid, status.st_gid, link)


def waiting_names(path: Path, like: Standing | None) -> tuple[Path, ...]:
    """Return where a file may wait that was to become like that one."""
    beside = (waiting_name(_target(path, like)),) if like and like.link else ()
    return (waiting_name(path), *beside)


def waiting_name(path: Path) -> Path:
    """Return where a new file waits for its rename; no `*.conf`, and no `*` of either server, reads a hidden file."""
    place = real(path)
    return place.with_name(f".{place.name}{_WAITING}")


def is_leftover(path: Path) -> bool:
    """Tell whether a file waits for a rename that never came: its writer was killed."""
    return path.name.startswith(".") and path.name.endswith(_WAITING)


def put(path: Path, data: bytes | None, like: Standing | None = None) -> bool:
    """Make a file hold ``data``, or take it away; return whether it could only be written in place.

    A link stays one: what it leads to is replaced. One that is taken away goes itself, as `a2dissite` has it: what it
    leads to would be missed by it, and a server ends at a link to nothing. In place means that a reader may see half of
    it. It is done where nothing else can be: a file that is mounted by itself, as in a container, is no directory entry
    that could change.

    :param like: what a file that is not there becomes.
    :raises OSError: when it cannot; the old file is whole then, but for a failure in place.
    """
    if data is None:
        return _take_away(entry(path))
    if like is None or not like.link or os.path.lexists(path):
        return _put(real(path), data, like)
    target = _target(path, like)
    if present(target) not in (None, data):
        return _put(entry(path), data, like)  # it has changed, and is somebody else's now
    in_place = present(target) is None and _put(target, data, like)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.symlink(like.link, entry(path))  # noqa: PTH211 - tests count the calls of os
    sync_directory(entry(path).parent)
    return in_place


def _put(place: Path, data: bytes, like: Standing | None) -> bool:
    place.parent.mkdir(parents=True, exist_ok=True)
    waiting = waiting_name(place)
    try:
        _write(waiting, data, place, like)
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


def _target(path: Path, like: Standing) -> Path:
    return real(path.parent / like.link)


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


def _write(path: Path, data: bytes, place: Path, like: Standing | None) -> None:
    descriptor = os.open(path, _NEW_FILE, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        like = standing(place) or like
        if like is None:
            os.fchmod(descriptor, 0o644)  # there is no secret in it, whatever the umask
        else:
            with suppress(PermissionError):  # the file of somebody else, in a directory of ours
                os.fchown(descriptor, like.uid, like.gid)
            os.fchmod(descriptor, like.mode)
        os.fsync(descriptor)


def _in_place(place: Path, data: bytes) -> None:
    descriptor = os.open(place, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
