"""The user-data of examples/cloud-init, run by Debian's cloud-init on a first boot without any cloud."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.managed.machine import Machine
from tests.support.documents import on_a_machine

pytestmark = [pytest.mark.containers, pytest.mark.managed]

USER_DATA = Path(__file__).resolve().parents[2] / "examples/cloud-init/user-data.yaml"
#: What its four services run, one after the other, on a machine that is booted for the first time.
STAGES = ("init --local", "init", "modules --mode=config", "modules --mode=final")
#: No cloud to look for, and nothing that is no business of ours: an image without locales, and keys of sshd.
SETTINGS = "datasource_list: [NoCloud]\nlocale: false\nssh_deletekeys: false\nssh_genkeytypes: []\n"
LOG = "/var/log/cloud-init-output.log"


def boot(machine: Machine, text: str, instance: str) -> str:
    """Go through the stages of a boot with a NoCloud seed: the status, which says when something went wrong."""
    seed = "/var/lib/cloud/seed/nocloud"
    machine.put(f"{seed}/user-data", text)
    machine.put(f"{seed}/meta-data", f"instance-id: {instance}\n")
    machine.put("/etc/cloud/cloud.cfg.d/90_machine.cfg", SETTINGS)
    # there was no seed when systemd came up, so that it was switched off then
    machine.run("rm -f /run/cloud-init/disabled; touch /run/cloud-init/enabled")
    for stage in STAGES:
        machine.run(f"cloud-init {stage}")
    return machine.run("cloud-init status --long")[1]


def test_a_first_boot_with_a_wrong_site_file_then_with_a_right_one(
    start_machine: Callable[[str], Machine],
) -> None:
    """cloud-init knows every key of it, and runs it; a wrong site file leaves the server as it was."""
    machine = start_machine("nginx")
    text = USER_DATA.read_text()
    machine.put("/srv/user-data/user-data.yaml", text)
    look = on_a_machine("howto-cloud-init.md", "look")
    assert "Valid cloud-config" in machine.must(f"cd /srv/user-data && {look}")

    before, workers = machine.run("ls /etc/nginx/conf.d"), machine.generation()
    broken = boot(machine, text.replace("claims:", "claim:"), "broken")
    said = machine.must(f"cat {LOG}")
    assert "status: error" in broken, said
    assert "unknown key `claim` in this private directory" in said
    assert "did you mean `claims`?" in said
    assert machine.run("ls /etc/nginx/conf.d") == before
    assert machine.generation() <= workers, "it was reloaded"

    machine.must("cloud-init clean --logs")
    done = boot(machine, text, "good")
    assert "status: done" in done, machine.must(f"cat {LOG}")
    assert machine.generation() - workers, "it was not reloaded"
    assert "acme_foo-1.0" in machine.get("/simple/acme-foo/")
    machine.checked()
    running, workers, etc = machine.get("/-/rewritegen"), machine.generation(), machine.etc()
    assert running.strip() in machine.text()

    boot(machine, text, "good")
    assert (machine.get("/-/rewritegen"), machine.etc()) == (running, etc)
    assert machine.generation() <= workers, "it was reloaded"
