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

from tests.managed.machine import SSH, Machine
from tests.managed.tools import ansible
from tests.support.ports import HOST

pytestmark = [pytest.mark.containers, pytest.mark.long]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
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
        kept = ("-o", "ControlMaster=auto", "-o", "ControlPersist=300", "-o", f"ControlPath={self.place}/ssh")
        return (*kept, "-o", "UserKnownHostsFile=/dev/null")

    def close(self) -> None:
        """End the connection."""
        subprocess.run(["ssh", *self.connection, "-q", "-O", "exit", HOST], check=False, capture_output=True)

    @property
    def site(self) -> Path:
        """The site file of the example."""
        return self.place / "ansible/files/packages.yaml"

    def play(self, *options: str) -> Played:
        """Run the playbook of the example."""
        home = self.place / "home"
        home.mkdir(exist_ok=True)
        done = subprocess.run(
            [str(self.program), "-i", "../inventory.ini", "playbook.yml", *options],
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


@pytest.fixture(scope="module", params=["nginx", "apache"])
def controller(
    request: pytest.FixtureRequest,
    start_machine: Callable[[str], Machine],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Controller]:
    """The example as somebody copies it, for one machine."""
    program = ansible()
    machine = start_machine(request.param)
    place = tmp_path_factory.mktemp("controller")
    shutil.copytree(EXAMPLES, place, dirs_exist_ok=True)
    key = place / "key"
    generate = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(generate, check=True, stdin=subprocess.DEVNULL)
    machine.put("/root/.ssh/authorized_keys", key.with_suffix(".pub").read_bytes(), 0o600)
    (place / "inventory.ini").write_text(
        f"[index]\nmachine ansible_host={HOST} ansible_port={machine.box.port(SSH)} ansible_user=root"
        f" ansible_ssh_private_key_file={key}\n[index:vars]\nrewritegen_server={request.param}\n"
    )
    opened = Controller(program, place, machine)
    yield opened
    opened.close()


def test_it_installs_changes_nothing_twice_and_refuses_what_is_wrong(controller: Controller) -> None:
    """The life of a machine, in the order in which it happens; each step needs the one before it."""
    machine, site = controller.machine, controller.site
    good = site.read_text()

    before = machine.etc()
    first_look = controller.play("--check", "--diff")
    assert (first_look.status, machine.etc()) == (0, before), first_look.output
    assert "what it would write is not known" in first_look.output

    first = controller.play()
    assert first.status == 0, first.output
    assert first.changed > 0
    assert "acme_foo-1.0" in machine.get("/simple/acme-foo/")
    assert "public_one-1.0" in machine.get("/simple/public-one/")
    running = machine.get("/-/rewritegen")
    assert running.strip() in machine.text()

    workers, etc = machine.generation(), machine.etc()
    second = controller.play()
    assert (second.status, second.changed) == (0, 0), second.output
    assert (machine.generation(), machine.etc()) == (workers, etc)

    site.write_text(good.replace("acme-*", "acme-*, team-*"))
    look = controller.play("--check", "--diff")
    assert look.status == 0, look.output
    assert look.changed > 0
    assert re.search(r"^\+.*team-", look.output, re.MULTILINE), look.output
    assert (machine.etc(), machine.get("/-/rewritegen")) == (etc, running)

    changed = controller.play("--diff")
    assert changed.status == 0, changed.output
    assert machine.get("/-/rewritegen") != running
    assert machine.generation() != workers, "it was not reloaded"
    running, etc = machine.get("/-/rewritegen"), machine.etc()

    site.write_text(good.replace("claims:", "claim:"))
    for options in ((), ("--check", "--diff")):
        refused = controller.play(*options)
        assert refused.status == 2, refused.output
        assert "unknown key `claim`" in refused.output
        assert "did you mean `claims`" in refused.output
        assert (machine.etc(), machine.get("/-/rewritegen")) == (etc, running)
