"""A copy of a server's whole configuration that reads new files in the place of installed ones.

A file of a virtual host cannot be tested alone: what breaks it is as often another one (the same port, the same name of
a log format). And it must not be installed to be tested: a machine that boots in that second would find it. So the main
file, and what lies between it and our files, is copied with the `include` of our files changed; everything else
is read from where it lies.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from rewritegen.apply.trust import make_private
from rewritegen.diagnostics import Problem, RewritegenError, visible
from rewritegen.placing import entry, real
from rewritegen.servers.live import TRIAL, Include, Live, alive

__all__ = ["Trial", "standing_in", "sweep"]

#: Files that include each other have no end; nobody nests deeper on purpose.
_DEEPEST = 16
_WILDCARD = frozenset("*?[")


class Trial:
    """The copies that stand for the present files; ``texts`` by path, the main one at ``main``."""

    def __init__(self, live: Live, wanted: Mapping[Path, bytes | None], directory: Path) -> None:
        self._live = live
        self._directory = directory
        # what goes is the name itself; what is written is written where a link leads to
        self._gone = {str(entry(path)) for path, data in wanted.items() if data is None}
        self._wanted = _by_place(wanted)
        self._met: set[str] = set()
        self.texts: dict[Path, bytes] = {}
        self.seen: list[str] = []
        """Every text of the present configuration that is not replaced."""
        self.main = live.trial(directory)
        text = self._changed(live.config, 0)
        self.texts[self.main] = self._present(live.config) if text is None else text

    def unread(self) -> list[Path]:
        """Return the wanted files that the configuration would never read."""
        return sorted(
            Path(path) for path in self._wanted if path.endswith(".conf") and path not in self._met
        )

    def _present(self, path: Path) -> bytes:
        return path.read_bytes()

    def _changed(self, path: Path, depth: int) -> bytes | None:
        """Return what a file must say to read the wanted ones; None when it may stay as it is."""
        place = str(real(path))
        ours = place in self._wanted
        if ours:
            self._met.add(place)
            data = self._wanted[place]
        else:
            data = self._present(path)
        text = data.decode("utf-8", "surrogateescape")
        if not ours:
            self.seen.append(text)
        changed, end = "", 0
        touched = ours
        for include in self._live.includes(text) if depth < _DEEPEST else ():
            lines = self._includes(include, depth)
            if lines is not None:
                touched = True
                changed += text[end : include.start] + "\n".join(lines)
                end = include.end
        return (changed + text[end:]).encode("utf-8", "surrogateescape") if touched else None

    def _includes(self, include: Include, depth: int) -> list[str] | None:
        """Return the directives that take the place of one; None when nothing of ours is behind it."""
        lines: list[str] = []
        touched = False
        for path in self._files(include.pattern):
            if str(entry(path)) in self._gone:
                touched = True
                continue
            if str(real(path)) in self._gone:  # nothing will be behind this link
                touched = True
                lines.append(self._live.include(self._directory / f"nothing-behind-{path.name}"))
                continue
            try:
                changed = self._changed(path, depth + 1)
            except OSError:
                changed = None  # the test of the server says it better
            if changed is None:
                lines.append(self._live.include(path))
                continue
            touched = True
            copy = self._directory / f"{len(self.texts)}-{Path(path).name}"
            self.texts[copy] = changed
            lines.append(self._live.include(copy))
        return lines if touched else None

    def _files(self, pattern: str) -> list[Path]:
        """Return what a pattern names now, and would name with the wanted files, in the order of the servers."""
        full = str(self._live.base / pattern)
        found = set(glob.glob(full))  # noqa: PTH207 - hidden files are left out, as both servers do
        found |= set(self._would_match(full))
        names: list[Path] = []
        for path in sorted(found):
            if Path(path).is_dir():  # httpd reads a whole directory, hidden files too
                names += sorted(each for each in Path(path).rglob("*") if each.is_file())
                names += [
                    Path(each) for each in self._wanted if Path(each).parent == Path(path).resolve()
                    and not Path(each).exists()
                ]  # fmt: skip
            else:
                names.append(Path(path))
        return names

    def _would_match(self, full: str) -> Iterator[str]:
        parent, name = os.path.split(full)
        places = glob.glob(parent) if _WILDCARD & set(parent) else [parent]  # noqa: PTH207
        for path in self._wanted:
            directory, last = os.path.split(path)
            for place in places:
                if os.path.realpath(place) == directory and fnmatch.fnmatchcase(last, name):
                    yield os.path.join(place, last)  # noqa: PTH118 - as the pattern spells it


def _by_place(wanted: Mapping[Path, bytes | None]) -> dict[str, bytes]:
    """Return what is written, by where: of two texts in one place the server would read one, unknown which.

    :raises RewritegenError: RG857.
    """
    found: dict[str, tuple[Path, bytes | None]] = {}
    for path, data in wanted.items():
        place = str(entry(path) if data is None else real(path))
        other, text = found.setdefault(place, (path, data))
        if text != data:
            message = (
                f"{visible(str(other))} and {visible(str(path))} are one file, {visible(place)}"
            )
            help = "make each of them a file of its own, or name another directory with -o DIR"
            raise RewritegenError([Problem("RG857", message, None, help)])
    return {place: data for place, (_, data) in found.items() if data is not None}


@contextmanager
def standing_in(live: Live, wanted: Mapping[Path, bytes | None], place: Path) -> Iterator[Trial]:
    """Write the copies under names that no other run has, and take them away at the end.

    :param place: where they go, each run's into a directory of its own.
    :raises RewritegenError: RG842 when the server would never read one of the files.
    :raises OSError: when they cannot be written, or the main file cannot be read.
    """
    directory = place / f"{os.getpid()}-{secrets.token_hex(8)}"
    trial = Trial(live, wanted, directory)
    if unread := trial.unread():
        message = f"{visible(str(live.config))} does not include {visible(str(unread[0]))}"
        help = (
            f"write where it does (-o DIR), add `{live.include(unread[0])}` to it, "
            "or name another main file with --server-config FILE"
        )
        raise RewritegenError([Problem("RG842", message, None, help)])
    try:
        make_private(directory)
        for path, data in trial.texts.items():
            _write(path, data)
        yield trial
    finally:
        _take_away(trial.main, directory)


def sweep(live: Live | None, place: Path) -> None:
    """Take away the copies of runs that were killed; only under the lock. Those of a dry run without it stay."""
    left = list(live.trials()) if live else []
    with suppress(FileNotFoundError):
        left += place.iterdir()
    for path in left:
        pid = path.name.rpartition(TRIAL)[2].lstrip("-").partition("-")[0]
        if not (pid.isdigit() and int(pid) != os.getpid() and alive(int(pid))):
            shutil.rmtree(path, ignore_errors=True)
            with suppress(OSError):
                path.unlink()
    _leave_nothing(place)


def _write(path: Path, data: bytes) -> None:
    # what is copied may be for root alone, and its name in a directory of somebody else
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)


def _take_away(main: Path, directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    with suppress(OSError):
        main.unlink()
    _leave_nothing(directory.parent)


def _leave_nothing(place: Path) -> None:
    """Remove what is empty: of a dry run only the lock stays."""
    with suppress(OSError):
        for path in (place, *list(place.parents)[:2]):
            path.rmdir()
