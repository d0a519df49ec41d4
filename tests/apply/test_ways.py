"""Where a server may be, and how it is reached: trees, parts of hosts, containers, TLS and passwords."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rewritegen.provenance import fingerprint_of
from rewritegen.servers import server
from tests.support.certificates import Authority
from tests.support.credentials import HASHES, PASSWORD, USER
from tests.support.fronts import lines_for
from tests.support.hosts import Host, Machine, fingerprint, run
from tests.support.ports import HOST
from tests.support.processes import StartServer, is_root, wait_until
from tests.support.sites import start_site
from tests.support.tools import require
from tests.support.wire import ask

pytestmark = [pytest.mark.server, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[2]
KINDS = pytest.mark.parametrize("kind", ["nginx", "apache"])


@KINDS
def test_a_tree_that_runs(kind: str, machine: Machine) -> None:
    """Scope standalone: the whole of DIR is ours, main file and all."""
    host = machine(kind)
    live = start_site(kind, host.site_file, host.root / "tree")
    host.server = live.server
    words = [
        *("apply", str(host.site_file), "--server", kind, "--scope", "standalone", "--binary"),
        *(str(require(kind)), "-o", str(host.root / "tree"), "--state", str(host.state)),
    ]
    assert run(words).err == "unchanged\n"
    host.claim("secret-tool")
    done = run(words)
    assert done.code == 0, done.err
    assert host.fingerprint() not in ("", live.fingerprint)
    assert run([*words, "--rollback"]).code == 0
    assert host.fingerprint() == live.fingerprint


@KINDS
def test_what_serve_runs(kind: str, machine: Machine) -> None:
    host = machine(kind)
    require(kind)
    command = [sys.executable, "-m", "rewritegen", "serve", str(host.site_file), "--server", kind]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stderr is not None
        tree = ""
        for line in process.stderr:
            if "logs are in " in line:
                tree = line.partition("logs are in ")[2].partition("/logs;")[0]
                break
        before = host.fingerprint()
        host.claim("secret-tool")
        done = run(
            [
                *("apply", str(host.site_file), "--server", kind, "--scope", "standalone"),
                *("-o", tree, "--state", str(host.state), "--binary", str(require(kind))),
            ]
        )
        assert done.code == 0, done.err
        assert host.fingerprint() not in ("", before)
    finally:
        process.terminate()
        process.communicate(timeout=60)


def around_ours(kind: str, host: Host) -> str:
    """The host of somebody else that docs/howto-mounts.md shows, where this one listens and is looked for."""
    lines = lines_for(kind, "in a virtual host that is there")
    place = f"{HOST}:{host.port}"
    lines = lines.replace("listen 80;", f"listen {place};").replace("*:80", place)
    lines = re.sub(r"/etc/\w+/packages/", f"{host.hosts}/ours/", lines)
    return lines if kind == "nginx" else f"Listen {place}\n{lines}"


@KINDS
def test_a_part_of_a_host(kind: str, machine: Machine) -> None:
    """Scope locations: files that a host of somebody else includes, and that may come and go."""
    host = machine(kind)
    fallbacks = [{"name": "public", "proxy": "http://127.0.0.1:81/"}]
    around = host.hosts / "around.conf"
    ours = host.hosts / "ours"
    ours.mkdir()
    host.start()
    around.write_text(around_ours(kind, host))
    words = ("--scope", "locations", "-o", str(ours), "--url", f"http://{HOST}:{host.port}/simple/")
    host.write(fallbacks=fallbacks)
    done = host.apply(*words)
    assert done.code == 0, done.err
    first = host.fingerprint()
    assert first != ""
    names = {path.name for path in ours.iterdir()}
    assert len(names) == 2
    host.write()
    done = host.apply(*words)
    assert done.code == 0, done.err
    assert host.fingerprint() not in ("", first)
    left = {path.name for path in ours.iterdir()}
    assert left == names - {"packages.example.org.fetcher.conf"}
    assert host.apply("--rollback").code == 0
    assert host.fingerprint() == first
    assert {path.name for path in ours.iterdir()} == names


def forward(host: Host, name: str, words: list[str]) -> str:
    """A command as `docker exec NAME`: a script that passes on what it is given, and writes that down."""
    script = host.root / name
    script.write_text(f'echo "$@" >> {host.root}/{name}.log\nexec {shlex.join(words)} "$@"\n')
    return f"sh {script}"


def control(host: Host) -> tuple[list[str], list[str]]:
    """The server's own commands: a test that can be told the main file, and a reload."""
    program = server(host.kind)
    binary = program.find()
    assert binary is not None
    live = program.live(binary, host.config, host.base)
    return live.test_command(Path("{config}")), live.reload_command()


@KINDS
@pytest.mark.parametrize("told", [True, False], ids=["a test of copies", "a test of what is there"])
def test_commands_that_reach_a_container(kind: str, told: bool, machine: Machine) -> None:
    host = machine(kind)
    host.start()
    test, reload = control(host)
    test = [word if told else str(host.config) if word == "{config}" else word for word in test]
    commands = (
        *("--test-command", f"{forward(host, 'test.sh', [])} {shlex.join(test)}"),
        *("--reload-command", f"{forward(host, 'reload.sh', [])} {shlex.join(reload)}"),
        *("-o", str(host.hosts)),
    )
    (host.root / "test.sh").write_text(f'echo "$@" >> {host.root}/test.sh.log\nexec "$@"\n')
    (host.root / "reload.sh").write_text(f'echo "$@" >> {host.root}/reload.sh.log\nexec "$@"\n')
    done = host.apply(*commands)
    assert done.code == 0, done.err
    first = host.fingerprint()
    assert first == host.installed_fingerprint() != ""
    asked = (host.root / "test.sh.log").read_text()
    assert ("trial" in asked) is told
    # and what the server does not accept is not there afterwards
    broken = {"nginx": "nonsense on;\n", "apache": "Nonsense On\n"}[kind]
    (host.hosts / "broken.conf").write_text(broken)
    host.claim("secret-tool")
    done = host.apply(*commands)
    assert done.code == 1
    assert "error[RG844]" in done.err
    assert host.fingerprint() == first == host.installed_fingerprint()


@KINDS
def test_tls_and_a_password(kind: str, machine: Machine, authority: Authority, place: Path) -> None:
    """The fingerprint is open to everybody; check is let in by what it is given, and trusts the CA that is named."""
    certificate = authority.issue("packages.example.org")
    passwords = place / "htpasswd"
    passwords.write_text(f"{USER}:{HASHES['apr1']}\n")
    netrc = place / "netrc"
    netrc.write_text(f"machine packages.example.org login {USER} password {PASSWORD}\n")
    netrc.chmod(0o600)
    tls = {"certificate": str(certificate.chain), "key": str(certificate.key)}
    host = machine(kind, tls=tls, auth={"basic": str(passwords)})
    host.start()
    done = host.apply("--check")
    assert done.code == 1
    assert "certificate" in done.err
    assert not host.installed.exists()
    done = host.apply("--check", "--ca", str(authority.pem), "--netrc", str(netrc))
    assert done.code == 0, done.err
    answer = ask(host.port, "/-/rewritegen", tls=authority.client_context())
    assert answer.body.decode().strip() == host.installed_fingerprint()


@KINDS
def test_several_addresses_must_all_answer(kind: str, machine: Machine) -> None:
    host = machine(kind)
    host.start()
    host.write(listen=[f"{HOST}:{host.port}", f"127.0.0.2:{host.port}"])
    done = host.apply("--check")
    assert done.code == 0, done.err
    done = host.apply("--url", f"http://127.0.0.3:{host.port}/simple/", "--timeout", "5")
    assert done.code == 1
    assert "127.0.0.3" in done.err


@KINDS
def test_sites_available(kind: str, machine: Machine) -> None:
    """Debian's link stays a link; what it leads to is tested, replaced and put back."""
    host = machine(kind, "debian")
    available = host.hosts.with_name("sites-available")
    available.mkdir()
    assert run(["generate", str(host.site_file), "--server", kind, "-o", str(available)]).code == 0
    host.installed.symlink_to(f"../sites-available/{host.installed.name}")
    host.start()
    before = host.fingerprint()
    host.claim("secret-tool")
    assert host.apply("-o", str(host.hosts)).code == 0
    assert host.installed.is_symlink()
    after = host.fingerprint()
    assert after == fingerprint_of((available / host.installed.name).read_text()) != before
    assert host.apply("--rollback").code == 0
    assert host.installed.is_symlink()
    assert host.fingerprint() == before
    # in another directory the link goes, not what it leads to: a link to nothing ends a server
    other = host.config.parent / "conf.d"
    other.mkdir()
    text = host.config.read_text()
    if kind == "nginx":
        text = text.replace("sites-enabled/*;", f"sites-enabled/*; include {other}/*.conf;")
    else:
        text += "IncludeOptional conf.d/*.conf\n"
    host.config.write_text(text)
    done = host.apply("-o", str(other))
    assert done.code == 0, done.err
    assert not os.path.lexists(host.installed)
    assert fingerprint_of((available / host.installed.name).read_text()) == before
    host.stop()
    host.start()
    assert host.fingerprint() == after
    assert host.apply("--rollback").code == 0
    assert host.installed.is_symlink()
    assert host.fingerprint() == before


@pytest.mark.skipif(not is_root(), reason="only root can mount")
@KINDS
def test_a_file_that_is_mounted_by_itself(kind: str, machine: Machine) -> None:
    """As `docker run -v FILE:FILE`; in a mount namespace of its own."""
    host = machine(kind)
    host.start()
    assert host.apply().code == 0
    host.claim("secret-tool")
    script = f'mount --bind {host.installed} {host.installed} || exit 97; exec "$@"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", sys.executable, "-c", PATCHED,
         str(host.root.parent / "log"), *host.words("--no-check")],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "is mounted by itself and was written in place" in done.stderr
    assert host.fingerprint() == host.installed_fingerprint() != ""
    assert host.is_clean()


#: The command with the logs where the fixture has them.
PATCHED = """\
import signal, sys
for number in (signal.SIGINT, signal.SIGHUP):  # a shell in the background, or nohup, has them ignored
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
from rewritegen.servers.apache import logs
from rewritegen.servers.nginx import render
place = sys.argv.pop(1)
logs._LOG_DIRECTORIES, render._LOG_DIRECTORY = (place,), place
from rewritegen.cli import main
sys.exit(main())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@KINDS
def test_asked_to_end_it_puts_everything_back(
    kind: str, number: signal.Signals, machine: Machine
) -> None:
    """Asked twice, while it waits for the new configuration, which does not come."""
    host = machine(kind)
    host.start()
    assert host.apply().code == 0
    before, text = host.fingerprint(), host.installed.read_bytes()
    host.claim("secret-tool")
    _, reload = control(host)
    script = host.root / "slow.sh"
    # the first time it does nothing, the second time it reloads
    flag = host.root / "flag"
    script.write_text(f"test -e {flag} || {{ touch {flag}; exit 0; }}\nexec {shlex.join(reload)}\n")
    words = host.words("--no-check", "--reload-command", f"sh {script}")
    process = subprocess.Popen(
        [sys.executable, "-c", PATCHED, str(host.root.parent / "log"), *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(flag.exists, "it has asked for the reload", 60)
    process.send_signal(number)
    process.send_signal(number)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 130, err
    assert "the files before it are back" in err
    assert host.installed.read_bytes() == text
    assert host.fingerprint() == before
    assert host.is_clean()


def test_a_directory_that_httpd_reads_whole(machine: Machine) -> None:
    """`Include DIR` reads hidden files, too: nothing may lie there while it is tested."""
    host = machine("apache", "nested")
    (host.config.parent / "extra.conf").write_text(f"Include {host.hosts}/\n")
    (host.hosts / "a.conf").write_text("# nothing\n")
    host.start()
    assert host.apply().code == 0
    first = host.fingerprint()
    host.claim("secret-tool")
    assert host.apply().code == 0
    assert host.fingerprint() not in ("", first)
    assert fingerprint(host.port) == host.installed_fingerprint()


def test_two_sites_on_one_server(machine: Machine, start_server: StartServer) -> None:
    """They share the server and its lock, and nothing else."""
    host = machine("nginx")
    host.start()
    assert host.apply().code == 0
    first = host.fingerprint()
    text = host.site_file.read_text().replace("packages.example.org", "other.example.net")
    other = host.root / "other.yaml"
    from tests.support.ports import free_port

    port = free_port()
    other.write_text(text.replace(str(host.port), str(port)))
    words = host.words("--no-check")
    words[1] = str(other)
    done = run(words)
    assert done.code == 0, done.err
    assert host.fingerprint() == first
    assert (host.state / "other.example.net" / "nginx" / "generations").is_dir()
    words.append("--rollback")
    assert run(words).code == 0
    assert not (host.hosts / "other.example.net.conf").exists()
    assert host.fingerprint() == first
