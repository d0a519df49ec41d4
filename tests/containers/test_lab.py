"""The lab itself: what it leaves behind, what it shares, and what of it can fail."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.containers.editions import NORMAL, Edition
from tests.containers.images import DEFAULT, Debian, tag_of
from tests.containers.lab import LABEL, Lab, lab, owner
from tests.containers.named import Named, sorted_out
from tests.support.processes import wait_until

#: Leaves a network and running containers behind.
KILLED = """
import os, signal, sys
from pathlib import Path
from tests.containers.images import DEFAULT
from tests.containers.lab import lab
with lab(sys.argv[1], Path(sys.argv[2])) as left:
    for _ in range(int(sys.argv[3])):
        box = left.run(left.image(DEFAULT), ["sleep", "600"]).container
        print(box.id, box.name, *box.attrs["NetworkSettings"]["Networks"], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""

GONE_SECONDS = 60


def there(one: Lab) -> set[str]:
    """Names and ids of all containers, and names of all networks; other workers remove some of theirs meanwhile."""
    boxes = one.client.containers.list(all=True, ignore_removed=True)
    networks = {str(network.name) for network in one.client.networks.list()}
    return networks.union(*({str(box.id), str(box.name)} for box in boxes))


@pytest.mark.containers
@pytest.mark.slow
def test_what_a_killed_session_left_goes_and_what_others_have_stays(
    session_lab: Lab, engine_address: str, place: Path
) -> None:
    ours = session_lab.run(session_lab.image(DEFAULT), ["sleep", "600"])
    strangers = session_lab.client.containers.create(
        session_lab.image(DEFAULT), ["true"], network_mode="none"
    )
    try:
        command = [sys.executable, "-c", KILLED, engine_address, str(place), "1"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == -9, done.stderr
        left = set(done.stdout.split())
        assert len(left) == 3  # id, name, network
        with lab(engine_address, place) as next_one:
            assert next_one.client.ping()
        # a worker that has its first lab just now may be at it, too
        wait_until(lambda: not left & there(session_lab), "what was left is gone", GONE_SECONDS)
        assert {ours.container.name, strangers.name} <= there(session_lab)
        assert session_lab.network().name in there(session_lab)
    finally:
        ours.remove()
        strangers.remove(force=True)


@pytest.mark.containers
@pytest.mark.slow
def test_workers_that_begin_together_remove_it_together(engine_address: str, place: Path) -> None:
    command = [sys.executable, "-c", KILLED, engine_address, str(place), "4"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == -9, done.stderr
    both = threading.Barrier(2)

    def begin() -> None:
        both.wait(30)
        with lab(engine_address, place):
            pass

    with ThreadPoolExecutor(2) as workers:
        for worker in [workers.submit(begin) for _ in range(2)]:
            worker.result(60)
    with lab(engine_address, place) as next_one:
        left = set(done.stdout.split())
        wait_until(lambda: not left & there(next_one), "what was left is gone", GONE_SECONDS)


@pytest.mark.containers
@pytest.mark.slow
def test_only_the_loopback_address_leads_in(session_lab: Lab) -> None:
    box = session_lab.run(session_lab.image(DEFAULT), ["sleep", "600"], publish=[80])
    try:
        ((binding,),) = [
            found for found in box.container.attrs["NetworkSettings"]["Ports"].values() if found
        ]
        assert binding == {"HostIp": "127.0.0.1", "HostPort": str(box.port(80))}
        assert box.container.labels == {LABEL: owner()}
        # the resolver of this machine is not asked
        assert box.container.attrs["HostConfig"]["Dns"] == ["127.0.0.1"]
    finally:
        box.remove()


def test_an_owner_is_one_process_and_no_later_one() -> None:
    assert owner() == owner()
    assert owner(1) != owner()
    assert owner().partition("-")[0].isdigit()


def test_an_image_is_named_by_what_it_is_made_from() -> None:
    one, more = Debian("bookworm", ("nginx",)), Debian("bookworm", ("nginx", "apache2"))
    tags = {tag_of(image) for image in (one, more, Debian("trixie", ("nginx",)))}
    assert len(tags) == 3
    assert tag_of(one) == tag_of(Debian("bookworm", ("nginx",)))


@pytest.mark.parametrize(
    ("edition", "version", "label", "found", "left"),
    [
        (NORMAL[0], (1, 18, 0), "a row", ["known 1", "new"], ["new"]),
        (NORMAL[0], (1, 18, 0), "another", ["known 1"], ["known 1"]),
        (NORMAL[0], (1, 22, 1), "a row", ["known 1"], ["known 1"]),
        (NORMAL[1], (1, 18, 0), "a row", ["known 1"], ["known 1"]),
        (NORMAL[0], (1, 18, 0), "a row", [], ["a known difference was not met: of old"]),
    ],
    ids=["named", "another row", "another version", "another server", "named in vain"],
)
def test_a_named_difference_hides_itself_only(
    edition: Edition, version: tuple[int, ...], label: str, found: list[str], left: list[str]
) -> None:
    table = (Named("nginx", "known [0-9]", "of old", rows="a row", before=(1, 20)),)
    assert sorted_out(edition, version, label, found, table)[0] == left
