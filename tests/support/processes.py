"""The real nginx and the real httpd as child processes on a standalone tree.

Run as root (containers, CI) both servers start their workers as another user, so every directory above the tree must
be searchable by others: :func:`traversable_directory` makes such a place, pytest's own ``tmp_path`` (mode 700) is not.
Run as an ordinary user nothing special is needed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.support.ports import HOST, free_port
from tests.support.tools import require

__all__ = [
    "HOST",
    "Server",
    "ServerStartError",
    "StartServer",
    "argv",
    "free_port",
    "is_root",
    "running",
    "start",
    "traversable_directory",
    "wait_until",
]

START_SECONDS = 20.0
STOP_SECONDS = 30.0

_PAUSE = threading.Event()  # never set: wait() on it is the pause of a poll with a deadline


class ServerStartError(AssertionError):
    """The server ended, or did not listen, before the deadline; the text holds its own messages."""


@contextlib.contextmanager
def traversable_directory() -> Iterator[Path]:
    """A temporary directory that every user may search and read (mode 755); removed at the end.

    ``REWRITEGEN_KEEP=1`` keeps it, to look at the generated configuration and the logs of a failed test.
    """
    directory = Path(tempfile.mkdtemp(prefix="rewritegen-tests-")).resolve()
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        if not os.environ.get("REWRITEGEN_KEEP"):
            shutil.rmtree(directory, ignore_errors=True)


def is_root() -> bool:
    """Whether servers that we start will switch to another user."""
    return os.geteuid() == 0


def wait_until(condition: object, what: str, seconds: float = 10.0) -> None:
    """Poll the callable ``condition`` until it is true.

    :raises AssertionError: with ``what`` in it, when that has not happened within ``seconds``.
    """
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        _PAUSE.wait(0.01)


def argv(kind: str, tree: Path, program: Path | None = None) -> list[str]:
    """The foreground command line of a standalone tree, as DESIGN section 4 documents it."""
    binary = str(program or require(kind))
    if kind == "nginx":
        return [binary, "-p", str(tree), "-c", "nginx.conf", "-g", "daemon off;"]
    return [binary, "-d", str(tree), "-f", "httpd.conf", "-DFOREGROUND"]


@dataclass(slots=True)
class Server:
    """One running server."""

    kind: str
    tree: Path
    ports: tuple[int, ...]
    process: subprocess.Popen[bytes]
    output: Path
    """What it wrote to stdout and stderr."""
    _stopped: bool = field(default=False)

    @property
    def port(self) -> int:
        """The first port that it listens on."""
        return self.ports[0]

    def reload(self) -> None:
        """Ask for a graceful reload; the new configuration answers some time after this returns."""
        self.process.send_signal(signal.SIGHUP if self.kind == "nginx" else signal.SIGUSR1)

    def log(self) -> str:
        """Its messages: stdout and stderr, then every error log below the tree."""
        logs = [self.output, *sorted(self.tree.rglob("*error*log*"))]
        texts = [(path, path.read_text(errors="replace")) for path in logs if path.is_file()]
        return "\n".join(f"--- {path}\n{text}" for path, text in texts if text.strip())

    def stop(self) -> None:
        """End it by its pid; kill its own process group when it has not ended within the bound."""
        if self._stopped:
            return
        self._stopped = True
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(STOP_SECONDS)
            raise AssertionError(f"{self.kind} did not end within {STOP_SECONDS:g} s") from None


class StartServer(Protocol):
    """What the fixture ``start_server`` gives: servers that are stopped at the end of the test."""

    def __call__(self, kind: str, tree: Path, ports: Sequence[int]) -> Server: ...


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


def start(kind: str, tree: Path, ports: Sequence[int], command: Sequence[str] = ()) -> Server:
    """Start ``nginx`` or ``apache`` on a standalone tree and return when it listens on all ``ports``.

    :param command: another command line than the documented one.
    :raises ServerStartError: with the server's own messages.
    """
    output = tree.with_name(f"{tree.name}.output")
    with output.open("wb") as stream:
        process = subprocess.Popen(
            list(command) or argv(kind, tree),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its process group is its own, so that a last resort kills nothing else
            cwd="/",  # a tree must not depend on the working directory
        )
    server = Server(kind, tree, tuple(ports), process, output)
    deadline = time.monotonic() + START_SECONDS
    waiting = list(ports)
    while waiting:
        if process.poll() is not None:
            raise ServerStartError(f"{kind} ended with {process.returncode}\n{server.log()}")
        if _listens(waiting[0]):
            del waiting[0]
        elif time.monotonic() > deadline:
            server.stop()
            raise ServerStartError(f"{kind} does not listen on {waiting[0]}\n{server.log()}")
        else:
            _PAUSE.wait(0.01)
    if process.poll() is not None:  # what answered was somebody else
        raise ServerStartError(f"{kind} ended with {process.returncode}\n{server.log()}")
    return server


@contextlib.contextmanager
def running(
    kind: str, tree: Path, ports: Sequence[int], command: Sequence[str] = ()
) -> Iterator[Server]:
    """:func:`start`, and stop at the end."""
    server = start(kind, tree, ports, command)
    try:
        yield server
    finally:
        server.stop()
