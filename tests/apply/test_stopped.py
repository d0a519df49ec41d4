"""A server that does not run: it is not for an apply to start it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rewritegen.servers.live import alive
from tests.support.hosts import Host, Machine, fingerprint
from tests.support.killing import in_a_child
from tests.support.processes import wait_until
from tests.support.tools import require

pytestmark = pytest.mark.server
long = pytest.mark.long


@contextlib.contextmanager
def stopped(host: Host) -> Iterator[None]:
    """It does not run; what an apply would have started is ended."""
    host.stop()
    number = host.root / "run" / "server.pid"
    yield
    if number.exists() and (pid := number.read_text().strip()) and alive(int(pid)):
        os.kill(int(pid), signal.SIGTERM)
        wait_until(lambda: not alive(int(pid)), "it has ended", 30)


@pytest.mark.parametrize(
    "left",
    [
        pytest.param("", id="no number"),
        pytest.param("dead", id="the number of a dead one", marks=long),
    ],
)
def test_a_server_that_does_not_run_is_not_started(
    left: str, machine: Machine, tmp_path: Path
) -> None:
    """`apachectl graceful` would, behind the back of systemd; nginx says no by itself."""
    for kind in ("apache", "nginx"):
        host = machine(kind)
        host.start()
        assert host.apply().code == 0
        host.claim("secret-tool")
        told = tmp_path / f"told-{kind}"
        with stopped(host):
            if left:
                child = subprocess.Popen(["true"])
                child.wait()
                (host.root / "run" / "server.pid").write_text(f"{child.pid}\n")
            text = host.installed.read_bytes()
            done = host.apply("--before", f"touch {told}")
        assert done.code == 1
        assert fingerprint(host.port) == ""
        assert host.installed.read_bytes() == text
        assert host.is_clean()
        if kind == "apache":
            assert "error[RG858]: apache does not run, and its reload would start it" in done.err
            assert f"start it (`{require('apache')} -d " in done.err
            assert not told.exists()
        else:
            assert "error[RG845]" in done.err


@long
@pytest.mark.parametrize(
    "words", [(), ("--reload-command", "true", "--timeout", "5")], ids=["by itself", "by command"]
)
def test_httpd_ends_while_it_is_looked_at(words: tuple[str, ...], machine: Machine) -> None:
    """It is not started again by the undo either; a command that was given is run in any case."""
    host = machine("apache")
    server = host.start()
    assert host.apply().code == 0
    host.claim("secret-tool")
    text = host.installed.read_bytes()
    number = host.root / "run" / "server.pid"
    hook = host.root / "hook.sh"
    hook.write_text(f"kill {server.process.pid}\nwhile test -e {number}; do sleep 0.05; done\n")
    done = host.apply("--before", f"sh {hook}", *words)
    with stopped(host):
        pass
    assert done.code == 1
    assert ("error[RG858]" in done.err) is (not words), done.err
    assert ("the files before it are back" in done.err) is (not words)
    assert host.is_clean() is (not words)
    assert host.installed.read_bytes() == text
    assert fingerprint(host.port) == ""


@long
def test_it_was_killed_and_the_server_did_not_come_back(machine: Machine) -> None:
    """The old file is put back, for who starts it; then it does not run."""
    host = machine("apache")
    host.start()
    assert host.apply().code == 0
    text = host.installed.read_bytes()
    host.claim("secret-tool")
    for last in range(20, 100):
        assert in_a_child(lambda: host.apply().code, last) < 0
        if host.installed.read_bytes() != text:
            break
    with stopped(host):
        done = host.apply()
    assert done.code == 1
    assert "was interrupted: the files before it are put back" in done.err
    assert "error[RG858]" in done.err
    assert host.installed.read_bytes() == text
    assert host.is_clean()
    host.start()
    assert host.apply().code == 0
