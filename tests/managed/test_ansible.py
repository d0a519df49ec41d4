"""The role of examples/ansible, run by a real ansible-playbook over SSH on a machine that has nothing of ours."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.managed.machine import EXAMPLES, HOME, NAME, SSH, Machine
from tests.managed.tools import ansible
from tests.support.documents import on_a_machine
from tests.support.ports import HOST

pytestmark = [pytest.mark.containers, pytest.mark.managed]

SECONDS = 300


@dataclass(frozen=True, slots=True)
class Played:
    """What a run of the playbook ended with."""

    status: int
    output: str

    @property
    def changed(self) -> int:
        """How many tasks changed something, as the recap counts them."""
        found = re.search(r"changed=(\d+)", self.output)
        assert found, self.output
        return int(found[1])


@dataclass(frozen=True, slots=True)
class Controller:
    """A copy of examples/, an inventory with the machine, and the ansible-playbook that runs it."""

    program: Path
    place: Path
    machine: Machine

    @property
    def connection(self) -> tuple[str, ...]:
        """Options of ssh: one connection for all that a module of tests does."""
        kept = (
            "-o",
            "ControlMaster=auto",
            "-o",
            "ControlPersist=300",
            "-o",
            f"ControlPath={self.place}/ssh",
        )
        return (*kept, "-o", "UserKnownHostsFile=/dev/null")

    def close(self) -> None:
        """End the connection."""
        subprocess.run(
            ["ssh", *self.connection, "-q", "-O", "exit", HOST], check=False, capture_output=True
        )

    @property
    def site(self) -> Path:
        """The site file of the example."""
        return self.place / "ansible/files/packages.yaml"

    def look(self) -> Played:
        """Run the command of the how-to that changes nothing."""
        return self.play(on_a_machine("howto-ansible.md", "look"))

    def play(self, command: str = on_a_machine("howto-ansible.md", "run")) -> Played:
        """Run the command of the how-to."""
        home = self.place / "home"
        home.mkdir(exist_ok=True)
        done = subprocess.run(
            command.split(),
            executable=self.program,
            cwd=self.place / "ansible",
            env={
                "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
                "HOME": str(home),
                "LC_ALL": "C.UTF-8",
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_PIPELINING": "1",
                "ANSIBLE_HOST_KEY_CHECKING": "0",
                "ANSIBLE_SSH_ARGS": " ".join(self.connection),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Played(done.returncode, done.stdout)


@pytest.fixture(scope="module")
def start_controller(
    start_machine: Callable[[str], Machine], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, str], Controller]]:
    """The example as somebody copies it, with an inventory of one machine and further variables."""
    program = ansible()
    opened: list[Controller] = []

    def begin(kind: str, variables: str) -> Controller:
        machine = start_machine(kind)
        place = tmp_path_factory.mktemp(kind)
        shutil.copytree(EXAMPLES, place, dirs_exist_ok=True)
        key = place / "key"
        generate = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
        subprocess.run(generate, check=True, stdin=subprocess.DEVNULL)
        machine.put(f"{HOME}/.ssh/authorized_keys", key.with_suffix(".pub").read_bytes(), 0o600)
        (place / "ansible/inventory.ini").write_text(
            f"[index]\nmachine ansible_host={HOST} ansible_port={machine.box.port(SSH)}"
            f" ansible_user=root ansible_ssh_private_key_file={key}\n"
            f"[index:vars]\nrewritegen_server={kind}\n{variables}"
        )
        opened.append(Controller(program, place, machine))
        return opened[-1]

    yield begin
    for controller in opened:
        controller.close()


def _break(site: Path) -> None:
    site.write_text(site.read_text().replace("claims:", "claim:"))


def _says_what_is_wrong(played: Played) -> None:
    assert played.status == 2, played.output
    assert "unknown key `claim` in this private directory" in played.output
    assert "did you mean `claims`?" in played.output


def test_nginx_rendered_on_the_host(start_controller: Callable[[str, str], Controller]) -> None:
    """The life of a machine, in the order in which it happens; each step needs the one before it."""
    controller = start_controller("nginx", "")
    machine, site = controller.machine, controller.site

    first = controller.play()
    assert first.status == 0, first.output
    assert first.changed > 0
    assert "acme_foo-1.0" in machine.get("/simple/acme-foo/")
    assert "public_one-1.0" in machine.get("/simple/public-one/")
    running = machine.get("/-/rewritegen")
    assert running.strip() in machine.text()
    machine.checked()
    for timer in ("index", "check"):
        machine.must(f"systemctl is-active rewritegen-{timer}@{NAME}.timer")

    workers, etc = machine.generation(), machine.etc()
    second = controller.play()
    assert (second.status, second.changed) == (0, 0), second.output
    assert machine.generation() <= workers, "it was reloaded"
    assert machine.etc() == etc

    good = site.read_text()
    site.write_text(good.replace("acme-*", "acme-*, team-*"))
    look = controller.look()
    assert look.status == 0, look.output
    assert look.changed > 0
    assert re.search(r"^\+.*team-", look.output, re.MULTILINE), look.output
    assert (machine.etc(), machine.get("/-/rewritegen")) == (etc, running)

    machine.put("/etc/nginx/conf.d/other.conf", "server { listn 81; }\n")
    refused = controller.play()
    assert refused.status == 2, refused.output
    assert 'unknown directive "listn" in /etc/nginx/conf.d/other.conf:1' in refused.output
    machine.must("rm /etc/nginx/conf.d/other.conf")
    assert machine.etc() == etc

    _break(site)
    _says_what_is_wrong(controller.play())
    assert (machine.etc(), machine.get("/-/rewritegen")) == (etc, running)


def test_httpd_rendered_on_the_controller(
    start_controller: Callable[[str, str], Controller],
) -> None:
    """The same with the other server, the other place to render, and what the first test has left out."""
    program = Path(sys.executable).parent / "rewritegen"
    variables = f"rewritegen_render_on=controller\nrewritegen_controller_program={program}\n"
    controller = start_controller("apache", f"{variables}rewritegen_units=false\n")
    machine, site = controller.machine, controller.site

    before = machine.etc()
    look = controller.look()
    assert (look.status, machine.etc()) == (0, before), look.output
    assert look.changed > 0

    first = controller.play()
    assert first.status == 0, first.output
    running, workers = machine.get("/-/rewritegen"), machine.generation()
    assert running.strip() in machine.text()
    assert "acme_foo-1.0" in machine.get("/simple/acme-foo/")

    site.write_text(site.read_text().replace("acme-*", "acme-*, team-*"))
    changed = controller.play()
    assert changed.status == 0, changed.output
    assert machine.generation() - workers, "it was not reloaded"
    running, workers, etc = machine.get("/-/rewritegen"), machine.generation(), machine.etc()
    assert running.strip() in machine.text()

    second = controller.play()
    assert (second.status, second.changed) == (0, 0), second.output
    assert machine.generation() <= workers, "it was reloaded"
    assert machine.etc() == etc

    _break(site)
    _says_what_is_wrong(controller.look())
    assert (machine.etc(), machine.get("/-/rewritegen")) == (etc, running)
