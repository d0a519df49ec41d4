"""What goes wrong: a message that says what and what to do, and the old configuration is there and answers."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.hosts import Done, Host, Machine
from tests.support.ports import HOST, free_port
from tests.support.processes import is_root

pytestmark = pytest.mark.server

ROOT = Path(__file__).resolve().parents[2]
long = pytest.mark.long


@pytest.fixture(params=["nginx", "apache"])
def host(request: pytest.FixtureRequest, machine: Machine) -> Host:
    """A machine whose server answers with a generation of the site; the site file has another one."""
    made = machine(request.param)
    made.start()
    assert made.apply().code == 0
    made.claim("secret-tool")
    return made


@contextlib.contextmanager
def unchanged(host: Host, *, apart: frozenset[str] = frozenset()) -> Iterator[None]:
    """What is below /etc and what answers is afterwards what it was, and the next run would have nothing to undo."""
    before, answered = files(host), host.fingerprint()
    yield
    after = files(host)
    assert {path: after.get(path) for path in before} == before
    assert {path.name for path in after.keys() - before.keys()} <= apart
    assert host.fingerprint() == answered
    assert not (host.history / "pending").exists()


def files(host: Host) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (host.root / "etc").rglob("*") if path.is_file()}


BROKEN = {"nginx": "server { listen 1; nonsense on; }\n", "apache": "Nonsense On\n"}


def test_a_broken_host_beside_it(host: Host) -> None:
    (host.hosts / "broken.conf").write_text(BROKEN[host.kind])
    with unchanged(host):
        done = host.apply()
    assert done.code == 1
    assert done.err.startswith(f"error[RG844]: {host.kind} does not accept the whole configuration")
    assert str(host.hosts / "broken.conf") in done.err
    assert "onsense" in done.err


@long
def test_what_is_wrong_with_another_file_only_is_found_by_the_whole_test(host: Host) -> None:
    """Each of the two files alone is fine."""
    if host.kind == "nginx":
        name = re.search(r"^log_format (\S+)", host.installed.read_text(), re.MULTILINE)
        assert name is not None
        clash, said = f"log_format {name[1]} x;\n", "duplicate"
    else:
        clash, said = f"Listen {HOST}:{host.port}\n", "multiple Listeners"
    (host.hosts / "zz.conf").write_text(clash)
    with unchanged(host):
        done = host.apply()
    assert done.code == 1
    assert "error[RG844]" in done.err
    assert said in done.err


@long
def test_a_port_that_somebody_else_has(host: Host) -> None:
    """httpd would end at the reload, and nginx never answer there: it is found before."""
    taken = free_port()
    with socket.socket() as listener:
        listener.bind((HOST, taken))
        listener.listen()
        host.write(listen=[f"{HOST}:{host.port}", f"{HOST}:{taken}"])
        with unchanged(host):
            done = host.apply()
    assert done.code == 1
    assert f"error[RG848]: the new configuration listens on {HOST}:{taken}" in done.err
    host.write(listen=[f"{HOST}:{host.port}", f"{HOST}:{taken}"])
    assert host.apply().code == 0


@long
def test_an_address_that_it_holds_itself_in_another_way(host: Host) -> None:
    """Both open new sockets before they close old ones; httpd ends when it cannot."""
    host.write(listen=[host.port])
    with unchanged(host):
        done = host.apply()
    assert done.code == 1
    assert "error[RG848]" in done.err


@long
def test_the_reload_fails(host: Host) -> None:
    with unchanged(host):
        done = host.apply("--reload-command", "false")
    assert done.code == 1
    assert "error[RG845]: the server was not reloaded: `false` exited with 1" in done.err
    assert "the files before it are back" in done.err


def once(place: Path, command: list[str]) -> str:
    """A command that fails the first time, and then does its work."""
    flag = place / "failed-once"
    script = place / "once.sh"
    words = " ".join(command)
    script.write_text(
        f"test -e {flag} || {{ touch {flag}; echo no room; exit 1; }}\nexec {words}\n"
    )
    return f"sh {script}"


def test_the_reload_fails_once(host: Host) -> None:
    with unchanged(host):
        done = host.apply("--reload-command", once(host.root, reload_words(host)))
    assert done.code == 1
    assert "no room" in done.err
    assert "the files before it are back" in done.err


def reload_words(host: Host) -> list[str]:
    from rewritegen.servers import server

    program = server(host.kind)
    binary = program.find()
    assert binary is not None
    return program.live(binary, host.config, host.base).reload_command()


@long
def test_the_server_does_not_answer_with_it(host: Host) -> None:
    """The reload says yes and does nothing."""
    with unchanged(host):
        done = host.apply("--reload-command", "true", "--timeout", "5")
    assert done.code == 1
    assert "error[RG846]" in done.err
    assert host.fingerprint()[:12] in done.err


@long
def test_check_finds_an_error(host: Host) -> None:
    shutil.rmtree(host.root / "pages")
    with unchanged(host):
        done = host.apply("--check")
    assert done.code == 1
    assert "error[RG9" in done.err
    assert "--no-check" in done.err
    assert host.apply().code == 0


@long
@pytest.mark.parametrize("change", [b"# mine\n", b""], ids=["a line more", "emptied"])
def test_a_hand_edit_is_not_lost(host: Host, change: bytes) -> None:
    mine = host.installed.read_bytes() + change if change else b""
    host.installed.write_bytes(mine)
    with unchanged(host):
        done = host.apply()
    assert done.code == 2
    assert "error[RG811]" in done.err
    assert "--force" in done.err
    assert host.apply("--force").code == 0
    # and it can be had back
    assert mine in [path.read_bytes() for path in host.history.rglob("*.before")]


@long
def test_a_directory_that_is_not_included(host: Host) -> None:
    with unchanged(host):
        done = host.apply("-o", str(host.root / "elsewhere"))
    assert done.code == 2
    assert "error[RG842]" in done.err
    assert f"include {host.root / 'elsewhere'}".lower() in done.err.lower().replace('"', "")
    assert not (host.root / "elsewhere").exists()


@long
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--test-command", "/nonexistent -t {config}"], 1, "error[RG843]: `/nonexistent` cannot be run"),
        (["--binary", "/nonexistent"], 2, "`/nonexistent` cannot be run"),
        (["--server-config", "/nonexistent/main.conf", "-o", "/nonexistent"], 1, "error[RG853]: nothing is changed"),
    ],
    ids=["test command", "binary", "main file"],
)  # fmt: skip
def test_what_is_missing(host: Host, words: list[str], code: int, message: str) -> None:
    with unchanged(host):
        done = host.apply(*words)
    assert done.code == code
    assert message in done.err


def test_no_server_at_all(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("nginx.Nginx", "apache.Apache"):
        monkeypatch.setattr(f"rewritegen.servers.{name}.find", lambda self: None)
    with unchanged(host):
        done = host.apply()
    assert done.code == 2
    assert f"error[RG840]: there is no {host.kind} on this machine" in done.err


# ------------------------------------------------------------------ what the system refuses


def as_nobody(host: Host) -> Done:
    """Run apply as an ordinary user, in a child of this process: such a user may not be able to read this Python."""
    host.apply("--dry-run", "--check")  # imports what it needs
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            done = host.apply()
            os.write(writing, done.err.encode())
            code = done.code
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        err = stream.read().decode()
    return Done(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "", err)


def in_a_process(host: Host, program: str, *wrapper: str) -> tuple[int, str]:
    done = subprocess.run(
        [*wrapper, sys.executable, "-c", program, *host.words("--no-check")],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stderr


MAIN = "import sys; from rewritegen.cli import main; sys.exit(main())"


@long
@pytest.mark.skipif(not is_root(), reason="only root can take a right away from itself")
@pytest.mark.parametrize("closed", ["state", "hosts"])
def test_no_permission(host: Host, closed: str) -> None:
    """Who may write the state and not the configuration, and the other way round."""
    own = {"state": host.state, "hosts": host.hosts}[closed]
    for path in (host.root.parent, *host.root.parent.rglob("*")):
        if own not in (path, *path.parents):
            os.chown(path, 65534, 65534)
    with unchanged(host):
        done = as_nobody(host)
    assert done.code == 1, done.err
    assert "error[RG853]: nothing is changed: permission denied" in done.err
    assert "run it as a user who may write there" in done.err


@long
@pytest.mark.skipif(not is_root(), reason="only root can mount")
@pytest.mark.parametrize("what", ["hosts", "state"])
@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_file_system_that_takes_nothing(host: Host, what: str, how: str) -> None:
    """In a mount namespace of its own: a full tmpfs with what is there, or what is there, read-only."""
    place = {"hosts": host.hosts, "state": host.state}[what]
    if how == "full":
        copy = host.root / "copy"
        shutil.copytree(place, copy)
        mount = (
            f"mount -t tmpfs -o size=160k none {place} && cp -a {copy}/. {place}/ && "
            f"{{ head -c 1M /dev/zero > {place}/filler 2>/dev/null; true; }}"
        )
    else:
        mount = f"mount --bind {place} {place} && mount -o remount,ro,bind {place}"
    script = f'{mount} || exit 97; "$@"; code=$?; ls -A {place} >&2; exit $code'
    with unchanged(host):
        code, err = in_a_process(host, MAIN, "unshare", "-m", "sh", "-c", script, "sh")
    assert code == 1, err
    reason = {"full": "no space left on device", "read-only": "read-only file system"}[how]
    assert f"error[RG853]: nothing is changed: {reason}: {place}" in err
    assert ".rewritegen-new" not in err
    assert host.apply().code == 0


# ------------------------------------------------------------------ two at a time


@contextlib.contextmanager
def another(host: Host) -> Iterator[Callable[[], None]]:
    """Another apply at work, as far as the lock can tell; what it gives ends it."""
    with (host.state / "lock").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield lambda: fcntl.flock(file, fcntl.LOCK_UN)


def test_two_at_a_time_one_says_who(host: Host) -> None:
    """A dry run, too, as it would test what another one is about to write."""
    for words in [(), ("--dry-run",), ("--rollback", "--dry-run")]:
        with another(host), unchanged(host):
            done = host.apply(*words)
        assert done.code == 2
        assert "error[RG841]: another apply is at work here: process " in done.err
        assert str(os.getpid()) in done.err
        assert "--wait SECONDS" in done.err


@long
def test_two_at_a_time_both_end_well(host: Host) -> None:
    """Two processes, started together, of which one waits."""
    words = [sys.executable, "-m", "rewritegen", *host.words("--no-check", "--wait", "60")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    both = [
        subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert host.fingerprint() == host.installed_fingerprint() != ""
    # the other one finds it done; if an old process of the server still answers, it reloads once more
    assert sum("is in place" in text for text in said) == 1, said
