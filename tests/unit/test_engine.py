"""tools/engine.py: who starts an engine, who stops it, and what is never touched. The `dockerd` here is a stand-in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import wait_until
from tools import engine
from tools.engine import Engine, EngineError

#: Answers on its socket as an engine does; the arguments are dockerd's.
STAND_IN = f"""#!{sys.executable}
import os, socketserver, sys
words = dict(word[2:].partition("=")[::2] for word in sys.argv[1:])
class Ping(socketserver.StreamRequestHandler):
    def handle(self):
        self.rfile.readline()
        self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nOK")
path = words["host"].removeprefix("unix://")
if os.path.exists(path):
    os.unlink(path)
server = socketserver.ThreadingUnixStreamServer(path, Ping)
open(words["pidfile"], "w").write(str(os.getpid()))
server.serve_forever()
"""
FAILING = "#!/bin/sh\necho no cgroups here; exit 1\n"


@pytest.fixture
def home(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory and a PATH with a stand-in, seen by root; the path of a socket must be short."""
    program = place / "bin" / "dockerd"
    program.parent.mkdir()
    program.write_text(STAND_IN)
    program.chmod(0o755)
    monkeypatch.setattr(engine, "_SEARCH_PATH", str(program.parent))
    monkeypatch.setattr(engine, "_SYSTEM_SOCKET", place / "none.sock")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    return place


def test_the_last_user_stops_it(home: Path) -> None:
    mine, theirs = engine.own(), engine.own()
    with mine.running() as socket:
        pid = mine.pid()
        assert engine.answers(socket)
        with theirs.running():
            assert theirs.pid() == pid
        assert mine.pid() == pid
        assert engine.answers(socket)
    assert mine.pid() is None
    assert not engine.answers(socket)


def test_what_a_killed_user_left_is_taken_over_and_stopped(home: Path) -> None:
    script = "import os; from tools import engine; engine._SEARCH_PATH = os.environ['HERE']\n"
    script += (
        "import pathlib; engine._SYSTEM_SOCKET = pathlib.Path('/none'); os.geteuid = lambda: 0\n"
    )
    script += "with engine.own().running(): os.kill(os.getpid(), 9)"
    variables = {**os.environ, "HERE": str(home / "bin")}
    done = subprocess.run([sys.executable, "-c", script], check=False, env=variables)
    assert done.returncode == -9
    pid = engine.own().pid()
    assert pid is not None
    with engine.own().running():
        assert engine.own().pid() == pid
    wait_until(lambda: engine.own().pid() is None, "it is stopped")


def test_an_engine_of_somebody_else_is_used_and_left_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Engine(home / "theirs").running() as socket:
        monkeypatch.setattr(engine, "_SYSTEM_SOCKET", socket)
        with engine.running() as address:
            assert address == f"unix://{socket}"
            assert engine.own().pid() is None
        assert engine.answers(socket)
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    with engine.running() as address:
        assert address == "tcp://127.0.0.1:2375"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("fails", "dockerd does not start: no cgroups here"),
        ("missing", "dockerd is not installed; apt-get install docker.io iptables"),
        ("user", "no engine answers, and only root may start one"),
        ("address", "nobody answers at DOCKER_HOST, unix:///none"),
    ],
)
def test_why_there_is_none_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch, what: str, words: str
) -> None:
    program = home / "bin" / "dockerd"
    if what == "fails":
        program.write_text(FAILING)
    elif what == "missing":
        program.unlink()
    elif what == "address":
        monkeypatch.setenv("DOCKER_HOST", "unix:///none")
    else:
        monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(EngineError, match=words), engine.running():
        pass


def test_a_process_that_only_has_its_pid_is_not_stopped(home: Path) -> None:
    mine = engine.own()
    mine.home.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        (mine.home / "dockerd.pid").write_text(str(sleeper.pid))
        assert mine.pid() is None
        mine.stop()
        assert sleeper.poll() is None
        sleeper.kill()
