"""The units of examples/systemd, loaded by a real systemd: what it says of them, and what they do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.managed.machine import NAME, Machine
from tests.managed.recipes import copy_in
from tests.managed.rotation import rotate
from tests.support.dists import wheel_bytes
from tests.support.documents import on_a_machine

pytestmark = [pytest.mark.containers, pytest.mark.managed]

UNITS = Path(__file__).resolve().parents[2] / "examples/systemd"
SITE = UNITS.parent / "ansible/files/packages.yaml"
#: systemd's own scale, of 100: up to 20 is "OK", from 50 on it calls a unit exposed.
EXPOSURE = 20
SECONDS = 60.0


@pytest.fixture(scope="module")
def machine(start_machine: Callable[[str], Machine]) -> Machine:
    """A machine that serves the site of the recipes, with all units installed and none started."""
    booted = start_machine("nginx")
    copy_in(booted)
    booted.put(f"/srv/{NAME}.yaml", SITE.read_text())
    install = on_a_machine("howto-systemd.md", "install")
    first = on_a_machine("howto-systemd.md", "first")
    booted.must(
        f"set -e; cd /srv\n{install}\n"
        "install -d -o rewritegen /var/cache/rewritegen/apache\n"
        "python3 -m venv /opt/rewritegen\n/opt/rewritegen/bin/pip install -q 'rewritegen[watch]'\n"
        "ln -s /opt/rewritegen/bin/rewritegen /usr/local/bin/\n"
        f"{first}\n"
        f"rewritegen apply /etc/rewritegen/{NAME}.yaml --server nginx --no-check\n"
    )
    return booted


def instance(unit: Path) -> str:
    """A template for the site; the rest as it is."""
    return unit.name.replace("@.", f"@{NAME}.")


def wait(machine: Machine, command: str) -> None:
    """Wait until a line of shell succeeds."""
    machine.box.wait_for(lambda: machine.run(command)[0] == 0, command, SECONDS)


def test_systemd_finds_no_mistake_in_them(machine: Machine) -> None:
    names = sorted(instance(unit) for unit in UNITS.iterdir())
    assert len(names) >= 8
    code, said = machine.run(
        f"cd /etc/systemd/system && systemd-analyze verify --man=no {' '.join(names)}"
    )
    ours = [line for line in said.splitlines() if "rewritegen" in line]
    assert (code, ours) == (0, []), said


@pytest.mark.parametrize("unit", sorted(UNITS.glob("*.service")), ids=lambda unit: unit.stem)
def test_they_are_hardened(machine: Machine, unit: Path) -> None:
    analyse = (
        f"systemd-analyze security --no-pager --offline=true --threshold={EXPOSURE} {unit.name}"
    )
    code, said = machine.run(f"cd /etc/systemd/system && {analyse}")
    assert code == 0, said


def test_index_once_for_a_new_wheel(machine: Machine) -> None:
    put = "/srv/packages/team/acme-foo/acme_foo-1.1-py3-none-any.whl"
    machine.put(put, wheel_bytes("acme-foo", "1.1"))
    machine.must(f"systemctl start rewritegen-index@{NAME}.service")
    assert "acme_foo-1.1" in machine.get("/simple/acme-foo/")


def test_the_path_unit_sees_a_new_project(machine: Machine) -> None:
    unit = f"rewritegen-index@{NAME}.path"
    machine.must(f"systemctl start {unit}")
    machine.put(
        "/srv/packages/team/acme-bar/acme_bar-1.0-py3-none-any.whl", wheel_bytes("acme-bar", "1.0")
    )
    wait(machine, f"curl -sf http://{NAME}:8080/simple/acme-bar/ | grep -q acme_bar-1.0")
    machine.must(f"systemctl stop {unit}")


def test_the_watcher_sees_a_file_of_a_project_that_is_there(machine: Machine) -> None:
    unit = f"rewritegen-watch@{NAME}.service"
    machine.must(f"systemctl start {unit}")
    # it indexes when it starts, and then watches: both are seen by a wheel that comes after the first page
    put = "/srv/packages/team/acme-foo/acme_foo-{}-py3-none-any.whl"
    machine.put(put.format("1.2"), wheel_bytes("acme-foo", "1.2"))
    wait(machine, f"curl -sf http://{NAME}:8080/simple/acme-foo/ | grep -q acme_foo-1.2")
    machine.put(put.format("1.3"), wheel_bytes("acme-foo", "1.3"))
    wait(machine, f"curl -sf http://{NAME}:8080/simple/acme-foo/ | grep -q acme_foo-1.3")
    machine.must(f"systemctl stop {unit}")


def test_the_check_is_silent_when_all_is_well_and_reports_when_it_is_not(machine: Machine) -> None:
    unit = f"rewritegen-check@{NAME}.service"
    machine.must(f"systemctl start {unit}")
    machine.must("mv /srv/packages/team/.rewritegen-root /var/tmp/")
    code, _ = machine.run(f"systemctl start {unit}")
    machine.must("mv /var/tmp/.rewritegen-root /srv/packages/team/")
    assert code != 0
    # that it failed is a line of priority `err`, written by the unit of OnFailure=
    wait(
        machine,
        f"journalctl -p err -t echo --no-pager | grep -q '{unit} failed; see: journalctl -u'",
    )
    assert "RG" in machine.must(f"journalctl -u {unit} --no-pager")


def test_watcher_net_and_check_are_enabled(machine: Machine) -> None:
    machine.must(on_a_machine("howto-systemd.md", "enable"))
    listed = machine.must("systemctl list-timers --no-pager")
    for what in ("index", "check"):
        assert f"rewritegen-{what}@{NAME}.service" in listed
    machine.must(f"systemctl is-active rewritegen-watch@{NAME}.service")


def test_an_instance_without_a_site_file_does_nothing(machine: Machine) -> None:
    said = machine.must(
        "systemctl start rewritegen-index@nobody.service\n"
        "systemctl show -P ConditionResult rewritegen-index@nobody.service"
    )
    assert said.strip() == "no"


def test_the_logs_are_rotated(machine: Machine) -> None:
    """nginx here, httpd in the recipe of the shell: both names, the distribution's own file takes neither."""
    machine.must("! logrotate --debug --force /etc/logrotate.d/nginx 2>&1 | grep example.org")
    install = on_a_machine("howto-systemd.md", "rotate")
    machine.must(f"cd /srv && {install}")
    rotate(machine, "/var/log/nginx")
