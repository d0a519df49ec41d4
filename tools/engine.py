"""A Docker engine for the tests: the one that answers, or a `dockerd` of our own while somebody needs it.

    python3 -m tools.engine run -- COMMAND     # with an engine; DOCKER_HOST says where it is
    python3 -m tools.engine status             # where an engine answers now

An engine that is there (DOCKER_HOST, or the system's socket) is used and never stopped. Else, as root, `dockerd` is
started with everything of its own below one directory of the cache: data, pid file, socket and log. It has no default
bridge and changes neither the firewall nor the forwarding of this machine. Everybody who uses it holds a shared lock
of the kernel's; whoever is the last one stops it. A killed run loses its lock with its life, so that the next run takes
over what it left.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 30.0

#: Debian keeps daemons where an ordinary user's PATH does not look.
_SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
_SYSTEM_SOCKET = Path("/var/run/docker.sock")
_PAUSE = threading.Event()  # never set: wait() on it is the pause of a poll with a deadline


class EngineError(Exception):
    """No engine answers, and none could be started; the text says why and what to do."""


class _Connection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def answers(path: Path) -> bool:
    """Tell whether an engine answers on a unix socket."""
    connection = _Connection(path)
    try:
        connection.request("GET", "/_ping")
        return connection.getresponse().read() == b"OK"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@dataclass(frozen=True)
class Engine:
    """A `dockerd` of our own and its files, all below one directory."""

    home: Path

    @property
    def socket(self) -> Path:
        """Where it answers."""
        return self.home / "docker.sock"

    @property
    def log(self) -> Path:
        """What it said since it was started last."""
        return self.home / "dockerd.log"

    def pid(self) -> int | None:
        """Return the pid of the process that runs on our data, or None."""
        try:
            pid = int((self.home / "dockerd.pid").read_text("ascii"))
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if f"--data-root={self.home / 'data'}".encode() in words else None

    def start(self) -> None:
        """Start it unless it answers, and return when it does.

        :raises EngineError: when it cannot be started, with the end of its log.
        """
        if answers(self.socket):
            return
        program = shutil.which("dockerd", path=_SEARCH_PATH)
        if program is None:
            raise EngineError("dockerd is not installed; apt-get install docker.io iptables")
        if os.geteuid() != 0:
            raise EngineError("no engine answers, and only root may start one; start the system's")
        self.stop()  # one that does not answer is in the way
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "dockerd.pid").unlink(missing_ok=True)
        (self.home / "daemon.json").write_text("{}")  # instead of the settings of this machine
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [program, *self._options()],
                env={**os.environ, "PATH": _SEARCH_PATH},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.socket):
            if process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                text = self.log.read_text("utf-8", errors="replace").strip()
                raise EngineError("dockerd does not start: " + "\n".join(text.splitlines()[-3:]))
            _PAUSE.wait(0.05)
        # whoever stops it later need not be its parent: a dead child of ours is one that we have not waited for
        threading.Thread(target=process.wait, daemon=True).start()

    def _options(self) -> list[str]:
        return [
            f"--data-root={self.home / 'data'}",
            f"--exec-root={self.home / 'exec'}",
            f"--pidfile={self.home / 'dockerd.pid'}",
            f"--host=unix://{self.socket}",
            f"--config-file={self.home / 'daemon.json'}",
            "--bridge=none",
            "--iptables=false",
            "--ip-forward=false",
            "--ip-masq=false",
            "--log-level=warn",
        ]

    def stop(self) -> None:
        """End it by its pid, with the containers that run in it.

        :raises EngineError: when it has not ended within :data:`STOP_SECONDS`.
        """
        pid = self.pid()
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while self.pid() == pid:  # of a process that has ended the command line is empty
            if time.monotonic() > deadline:
                raise EngineError(f"dockerd (pid {pid}) has not ended within {STOP_SECONDS:g} s")
            _PAUSE.wait(0.05)

    @contextlib.contextmanager
    def running(self) -> Iterator[Path]:
        """Have it running; the last of all that have stops it."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.home / "users.lock").open("a") as users:
            with self._alone():
                self.start()
                fcntl.flock(users, fcntl.LOCK_SH)
            try:
                yield self.socket
            finally:
                with self._alone():
                    fcntl.flock(users, fcntl.LOCK_UN)
                    with contextlib.suppress(BlockingIOError):
                        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        self.stop()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.home / "start.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def own() -> Engine:
    """Return the engine of our own, running or not."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Engine(Path(cache).absolute() / "rewritegen-tests" / "engine")


def found() -> str | None:
    """Return the address of an engine that is not ours and answers, or None."""
    if address := os.environ.get("DOCKER_HOST"):
        return address
    return f"unix://{_SYSTEM_SOCKET}" if answers(_SYSTEM_SOCKET) else None


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Have an engine, and yield its address.

    :raises EngineError: when there is none.
    """
    if address := found():
        if address.startswith("unix://") and not answers(Path(address.removeprefix("unix://"))):
            raise EngineError(f"nobody answers at DOCKER_HOST, {address}")
        yield address
        return
    with own().running() as path:
        yield f"unix://{path}"


def main(arguments: list[str]) -> int:
    """Run a command with an engine, or say where one is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("do", choices=("run", "status"))
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    if options.do == "status":
        mine = own()
        address = found() or (f"unix://{mine.socket}" if answers(mine.socket) else None)
        print(address or "no engine answers")
        return 0 if address else 1
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    try:
        with running() as address:
            variables = {**os.environ, "DOCKER_HOST": address}
            return subprocess.run(command, check=False, env=variables).returncode
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
