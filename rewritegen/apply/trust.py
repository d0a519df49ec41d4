"""Who could have written the state: what is read back from it is written anywhere, by root.

A directory can be renamed away by who may write the one above it, so that each of them counts, up to ``/``, and each
link on the way. Only root and who runs this may own them, as ``sshd`` has it of its keys (sshd_config, StrictModes).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from rewritegen.diagnostics import Problem, RewritegenError, visible

__all__ = ["expect_trusted", "make_private", "read_trusted"]

_MOST_LINKS = 40
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def expect_trusted(path: Path) -> None:
    """Refuse a path that somebody else could put something else at; what is not there yet, we shall make.

    :raises RewritegenError: RG856.
    """
    for step, status in _steps(path):
        if why := _why_not(status):
            raise RewritegenError([_distrusted(step, why)])


def make_private(path: Path) -> None:
    """Make a directory that is ours alone, and those above it; one that is there stays as it is."""
    if path.is_dir():
        return
    for parent in reversed(path.parents):
        if not parent.is_dir():
            _make(parent, 0o755)
    _make(path, 0o700)


def read_trusted(path: Path) -> bytes:
    """Return what a file of the state holds.

    :raises RewritegenError: RG856 when it is a link, no file, or of somebody else.
    :raises FileNotFoundError: when there is none.
    """
    try:
        descriptor = os.open(path, _READ)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise RewritegenError([_distrusted(path, "is a link")]) from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        why = _why_not(status) if stat.S_ISREG(status.st_mode) else "is no file"
        if why:
            raise RewritegenError([_distrusted(path, why)])
        return file.read()


def _make(path: Path, mode: int) -> None:
    try:
        os.mkdir(path, mode)  # noqa: PTH102 - tests count the calls of os
    except FileExistsError:
        if not path.is_dir():
            raise


def _steps(path: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield what the system passes on the way to a path, as far as it is there."""
    here = Path("/")
    yield here, here.lstat()
    ahead = list(reversed(path.absolute().parts[1:]))
    links = 0
    while ahead:
        name = ahead.pop()
        if name == "..":
            here = here.parent
            continue
        step = here / name
        try:
            status = step.lstat()
        except FileNotFoundError:
            return
        yield step, status
        if not stat.S_ISLNK(status.st_mode):
            here = step
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        target = step.readlink()
        ahead += reversed(target.parts[1:] if target.is_absolute() else target.parts)
        here = Path("/") if target.is_absolute() else here


def _why_not(status: os.stat_result) -> str:
    if status.st_uid not in (0, os.geteuid()):
        return f"belongs to user {_name(status.st_uid)}"
    # the mode of a link means nothing; in a sticky directory (/tmp) nobody renames what is another's
    if stat.S_ISLNK(status.st_mode) or status.st_mode & stat.S_ISVTX:
        return ""
    return "may be written by others" if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) else ""


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _distrusted(path: Path, why: str) -> Problem:
    shown = visible(str(path))
    message = f"what is kept of earlier changes cannot be trusted: {shown} {why}"
    help = (
        "who can write there decides what is put back as root: name another place (--state DIR), or, if you know "
        f"who wrote what is in it, chown it to root, or to who runs this, and chmod go-w {shown}"
    )
    return Problem("RG856", message, None, help)
