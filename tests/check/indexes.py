"""Real index servers of others, installed from the registry and run on the loopback interface."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from tests.support.processes import HOST, STOP_SECONDS, free_port, wait_until
from tests.support.scenes import wheels
from tests.support.tools import missing
from tests.support.upstream import Index, Recorded, Reply, upstream

__all__ = ["RUN", "Listed", "Running", "alone", "installed", "process", "run_once"]

_SECONDS = 300

#: devpi's words: of its user root, the index that is called private.
_STAGE = "root/private"
_START_SECONDS = 60


class Listed(Index):
    """An index with a list of its projects, which devpi and proxpi look into before they ask for one."""

    def reply(self, request: Recorded) -> Reply:
        if request.target.partition("?")[0] != self.mount:
            return super().reply(request)
        links = "".join(f'<a href="{escape(name)}/">{escape(name)}</a>' for name in self.projects)
        page = f"<!DOCTYPE html><html><body>{links}</body></html>".encode()
        return Reply(200, {"Content-Type": "text/html"}, page)


@dataclass(frozen=True, slots=True)
class Running:
    """An index server, and the public index behind it, which has a stranger's files for our names."""

    url: str
    public: Listed


def installed(package: str, cache: Path, *others: str) -> Path:
    """The ``bin`` of an environment with this package, made once; a registry without it is a missing tool."""
    home = cache / package
    with alone(home):
        if not (home / "installed").is_file():
            _install(home, package, others)
    return home / "bin"


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """Two workers of a session want the same environment: the second one waits."""
    with home.with_name(f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(home: Path, package: str, others: tuple[str, ...]) -> None:
    subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(home)], check=True, timeout=_SECONDS
    )
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", package, *others]
    done = subprocess.run(pip, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode:
        missing("pip", f"{package} could not be installed: {done.stderr.strip()[-300:]}")
    (home / "installed").touch()


@contextlib.contextmanager
def process(
    argv: list[str], port: int, place: Path, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A server in the foreground, until it listens, and to its end."""
    output = place / "output"
    with output.open("ab") as stream:
        child = subprocess.Popen(
            argv,
            env={**os.environ, "HOME": str(place), **(environment or {})},
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:

        def listens() -> bool:
            assert child.poll() is None, output.read_text(errors="replace")
            return connects(port)

        wait_until(listens, f"{argv[0]} listens", _START_SECONDS)
        yield
    finally:
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(STOP_SECONDS)


def connects(port: int) -> bool:
    import socket

    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def _ours() -> Mapping[str, bytes]:
    return wheels("acme-foo-1.0")["acme-foo"]


@contextlib.contextmanager
def _public() -> Iterator[Listed]:
    with upstream(Listed(wheels("public-one-1.0", "acme-foo-99.0", "acme-ghost-99.0"))) as index:
        assert isinstance(index, Listed)
        yield index


@contextlib.contextmanager
def _pypiserver(cache: Path, place: Path, *, fallback: bool) -> Iterator[Running]:
    program = installed("pypiserver", cache) / "pypi-server"
    packages = place / "packages"
    packages.mkdir()
    for name, content in _ours().items():
        (packages / name).write_bytes(content)
    port = free_port()
    with _public() as public:
        elsewhere = ["--fallback-url", public.url] if fallback else ["--disable-fallback"]
        argv = [str(program), "run", "-i", HOST, "-p", str(port), *elsewhere, str(packages)]
        with process(argv, port, place):
            yield Running(f"http://{HOST}:{port}/simple/", public)


def pypiserver(cache: Path, place: Path) -> contextlib.AbstractContextManager[Running]:
    """pypiserver as it is: what it does not have, it sends to the public index."""
    return _pypiserver(cache, place, fallback=True)


def pypiserver_alone(cache: Path, place: Path) -> contextlib.AbstractContextManager[Running]:
    """pypiserver with --disable-fallback."""
    return _pypiserver(cache, place, fallback=False)


@contextlib.contextmanager
def proxpi(cache: Path, place: Path) -> Iterator[Running]:
    """proxpi before two indexes: ours, then the public one."""
    python = installed("proxpi", cache) / "python"
    port = free_port()
    with _public() as public, upstream(Listed({"acme-foo": _ours()})) as ours:
        argv = [str(python), "-m", "flask", "--app", "proxpi.server", "run", "-h", HOST]
        indexes = {"PROXPI_INDEX_URL": ours.url, "PROXPI_EXTRA_INDEX_URLS": public.url}
        with process([*argv, "-p", str(port)], port, place, indexes):
            yield Running(f"http://{HOST}:{port}/index/", public)


@contextlib.contextmanager
def devpi(cache: Path, place: Path) -> Iterator[Running]:
    """devpi: a stage with our wheel, and a mirror of the public index as its base."""
    programs = installed("devpi-server", cache, "devpi-client")
    data, port = place / "data", free_port()
    run_once([str(programs / "devpi-init"), "--serverdir", str(data)], place)
    argv = [str(programs / "devpi-server"), "--serverdir", str(data), "--host", HOST]
    with _public() as public, process([*argv, "--port", str(port)], port, place):
        client = str(programs / "devpi")
        where = ["--clientdir", str(place / "client")]
        for words in (
            ["use", f"http://{HOST}:{port}/"],
            ["login", "root", "--password", ""],
            ["index", "root/pypi", f"mirror_url={public.url}"],
            ["index", "-c", "private", "bases=root/pypi"],
            ["use", _STAGE],
        ):
            run_once([client, words[0], *where, *words[1:]], place)
        for name, content in _ours().items():
            (place / name).write_bytes(content)
            run_once([client, "upload", *where, str(place / name)], place)
        public.forget()
        yield Running(f"http://{HOST}:{port}/{_STAGE}/+simple/", public)


def run_once(argv: list[str], place: Path) -> None:
    """A command that ends."""
    environment = {**os.environ, "HOME": str(place)}
    done = subprocess.run(
        argv,
        env=environment,
        cwd=place,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


RUN: Mapping[str, Callable[[Path, Path], contextlib.AbstractContextManager[Running]]] = {
    "pypiserver": pypiserver,
    "pypiserver-alone": pypiserver_alone,
    "proxpi": proxpi,
    "devpi": devpi,
}
