"""The state of ``apply``: the lock, what is under way, and the generations that went well.

    DIR/lock                                  one apply at a time, of all sites: they share a server
    DIR/SERVER_NAME/SERVER/pending/           written and synced before anything is touched, gone when all is well
    DIR/SERVER_NAME/SERVER/generations/N/     the same directory, renamed: what a generation changed
    DIR/SERVER_NAME/SERVER/trial/RUN/         copies of configuration files that the test of one run reads

A directory is complete from the moment that it has its name: it is made under another one, synced, and renamed.
All of it is root's, or of who runs it, and of nobody else: what is written there is put back, wherever it belongs.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rewritegen.answering import Address
from rewritegen.apply.model import FileChange, Generation
from rewritegen.apply.trust import expect_trusted, make_private, read_trusted
from rewritegen.diagnostics import Problem, RewritegenError
from rewritegen.placing import Standing, sync_directory
from rewritegen.servers.live import alive

__all__ = ["DEFAULT_STATE", "Store"]

#: Not below /var/lib/rewritegen, which belongs to the user of `rewritegen index`.
DEFAULT_STATE = "/var/lib/rewritegen-apply"

_RECORD = "record.json"
_POLL_SECONDS = 0.05
_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class Store:
    """What is remembered of one site on one server."""

    def __init__(self, base: Path, server_name: str, server: str) -> None:
        self.base = base.absolute()
        self.root = self.base / server_name / server
        self.pending_directory = self.root / "pending"
        self.trial = self.root / "trial"
        self._generations = self.root / "generations"

    @contextmanager
    def lock(self, wait: float) -> Iterator[None]:
        """Hold the lock; it goes with the process, however that ends.

        :raises RewritegenError: RG841 when another process has it, and still after ``wait`` seconds; RG856 when
            others could have written what is kept here.
        """
        expect_trusted(self.base)
        make_private(self.base)
        self.expect_trusted()
        deadline = time.monotonic() + wait
        descriptor = os.open(self.base / "lock", _LOCK, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            with suppress(PermissionError):  # root's, in a state that we may write
                os.fchmod(descriptor, 0o600)  # who may open it may hold it
            while not _locked(descriptor):
                if time.monotonic() >= deadline:
                    raise RewritegenError([self._busy(descriptor)])
                time.sleep(_POLL_SECONDS)
            file.truncate(0)
            file.write(f"{os.getpid()}\n".encode())
            try:
                yield
            finally:
                with suppress(OSError):
                    file.truncate(0)  # whoever holds it next is not this process

    @contextmanager
    def lock_if_possible(self, wait: float) -> Iterator[None]:
        """Hold the lock, or go on without it where nothing may be written: what is written then has names of its own.

        :raises RewritegenError: as :meth:`lock` does.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(self.lock(wait))
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                    raise
            yield

    def expect_trusted(self) -> None:
        """Refuse a state that others could have written, whatever they would have a later run put back.

        :raises RewritegenError: RG856.
        """
        for path in (self.base / "lock", self.pending_directory, self._generations):
            expect_trusted(path)

    def _busy(self, descriptor: int) -> Problem:
        text = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        # a process that was killed has left its number, and another one may hold the lock
        who = f"process {text} holds" if text.isdigit() and alive(int(text)) else "somebody holds"
        message = f"another apply is at work here: {who} {self.base / 'lock'}"
        return Problem("RG841", message, None, "wait for it: --wait SECONDS")

    # -------------------------------------------------------------- what is under way

    def begin(self, generation: Generation) -> None:
        """Write down what is going to be changed; nothing may be touched before this has returned."""
        new = self.root / "new"
        shutil.rmtree(new, ignore_errors=True)
        make_private(new)
        try:
            for index, change in enumerate(generation.changes):
                for word, data in (("before", change.before), ("after", change.after)):
                    if data is not None:
                        _write(new / f"{index}.{word}", data)
            _write(new / _RECORD, _as_json(generation))
        except OSError as error:
            error.filename = error.filename or str(new)
            shutil.rmtree(new, ignore_errors=True)
            raise
        sync_directory(new)
        os.rename(new, self.pending_directory)  # noqa: PTH104 - tests count the calls of os
        sync_directory(self.root)

    def pending(self) -> Generation | None:
        """Return what was begun and not ended."""
        return _read(self.pending_directory)

    def is_under_way(self) -> bool:
        """Tell whether there is anything that the next run has to undo."""
        return os.path.lexists(self.pending_directory)

    def commit(self, generation: Generation, keep: int) -> None:
        """Make what is under way the newest generation, and forget those that are too old.

        :raises OSError: when it is still under way; nothing that fails after the rename is a reason to undo it.
        """
        make_private(self._generations)
        os.rename(self.pending_directory, self._generations / str(generation.number))  # noqa: PTH104
        with suppress(OSError):
            sync_directory(self._generations)
            sync_directory(self.root)
            for number in self._numbers()[:-keep]:
                self._remove(self._generations / str(number))

    def abandon(self) -> None:
        """Forget what was under way: all of it is undone, or none of it was done."""
        self._remove(self.pending_directory)

    def tidy(self) -> None:
        """Remove what a killed run had begun to write or to remove; only under the lock."""
        for name in ("new", "gone"):
            shutil.rmtree(self.root / name, ignore_errors=True)

    def _remove(self, path: Path) -> None:
        """Take a directory away in one step, so that nobody ever reads half of one."""
        gone = self.root / "gone"
        shutil.rmtree(gone, ignore_errors=True)
        with suppress(FileNotFoundError):
            os.rename(path, gone)  # noqa: PTH104
            sync_directory(path.parent)
        shutil.rmtree(gone, ignore_errors=True)

    # -------------------------------------------------------------- what went well

    def generations(self) -> tuple[Generation, ...]:
        """Return the generations that are kept, the oldest first."""
        found = (_read(self._generations / str(number)) for number in self._numbers())
        return tuple(generation for generation in found if generation is not None)

    def last(self) -> Generation | None:
        """Return the newest generation."""
        numbers = self._numbers()
        return _read(self._generations / str(numbers[-1])) if numbers else None

    def _numbers(self) -> list[int]:
        try:
            names = os.listdir(self._generations)  # noqa: PTH208 - names only
        except FileNotFoundError:
            return []
        return sorted(int(name) for name in names if name.isdigit())


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(path: Path, data: bytes) -> None:
    # readable by root alone: it may hold what an administrator wrote by hand
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _as_json(generation: Generation) -> bytes:
    data: dict[str, Any] = {
        "version": 1,
        "number": generation.number,
        "stands_for": generation.stands_for,
        "previous": generation.previous,
        "what": generation.what,
        "when": generation.when,
        "fingerprint": generation.fingerprint,
        "addresses": [address.as_data() for address in generation.addresses],
        "was": generation.was,
        "was_at": [address.as_data() for address in generation.was_at],
        "files": [str(change.path) for change in generation.changes],
        "standing": [
            [asdict(each) if each else None for each in (change.was, change.becomes)]
            for change in generation.changes
        ],
    }
    return (json.dumps(data, indent=1) + "\n").encode()


def _read(directory: Path) -> Generation | None:
    try:
        expect_trusted(directory)
        data = json.loads(read_trusted(directory / _RECORD))
    except FileNotFoundError:
        return None
    # records of earlier versions do not have it
    standings = data.get("standing", [(None, None)] * len(data["files"]))
    return Generation(
        number=data["number"],
        stands_for=data["stands_for"],
        previous=data["previous"],
        what=data["what"],
        when=data["when"],
        fingerprint=data["fingerprint"],
        addresses=tuple(Address(**address) for address in data["addresses"]),
        was=data["was"],
        was_at=tuple(Address(**address) for address in data["was_at"]),
        changes=tuple(
            FileChange(
                Path(path),
                _bytes(directory / f"{index}.before"),
                _bytes(directory / f"{index}.after"),
                *(Standing(**each) if each else None for each in standing),
            )
            for index, (path, standing) in enumerate(zip(data["files"], standings, strict=True))
        ),
    )


def _bytes(path: Path) -> bytes | None:
    try:
        return read_trusted(path)
    except FileNotFoundError:
        return None
