"""The clock of the server jumps: what is ours does not look at it, and copies are as old as it says.

The clock is that of Debian's libfaketime, and set in a file while the server runs. Timers run by another one and go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests.containers.cases import debian
from tests.containers.editions import NORMAL, Edition
from tests.containers.images import Debian
from tests.containers.lab import Lab
from tests.containers.lifecycle import World, build

pytestmark = [pytest.mark.containers, pytest.mark.slow, pytest.mark.matrix]

#: How long the site leaves a source alone.
RETRY = timedelta(seconds=1)
_LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
_PLACE = "/clock"


@dataclass
class Clock:
    """A world and its clock."""

    world: World
    file: Path

    def set(self, days: int) -> None:
        """Set the clock to so many days from now, and return when an answer of the server has that date."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{days:+d}d\n")
        new.replace(self.file)  # never half a word
        moment = datetime.now(timezone.utc) + timedelta(days=days)

        self.world.wait(
            lambda: abs(self.now() - moment) < timedelta(hours=1), f"the clock says {moment}"
        )

    def now(self) -> datetime:
        """The date of an answer."""
        return parsedate_to_datetime(self.world.get("/-/health").headers["date"])


@pytest.fixture(scope="module")
def clocks(session_lab: Lab) -> Callable[[Edition], Clock]:
    """The world of an edition on a machine with a clock of its own, which is right again."""
    built: dict[str, Clock] = {}

    def clock(edition: Edition) -> Clock:
        if edition.name not in built:
            built[edition.name] = _build(session_lab, edition)
        found = built[edition.name]
        found.world.upstream.open()
        found.set(0)
        # it may have been set back, and the source be left alone (see the last test)
        found.world.live.box.container.restart(timeout=10)
        found.world.recovered()
        return found

    return clock


def _build(lab: Lab, edition: Edition) -> Clock:
    assert isinstance(edition.image, Debian)
    place = lab.place / f"clock-of-{edition.kind}"
    place.mkdir()
    clock_file = place / "now"
    clock_file.write_text("+0d\n")
    image = Debian(edition.image.suite, (*edition.image.packages, "libfaketime"))
    # nginx takes the environment away from its workers; this file is looked for without it
    linked = f"ln -sf {_PLACE}/now /etc/faketimerc\n{edition.prepare}"
    variables = {
        "LD_PRELOAD": _LIBRARY,
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
    world = build(
        lab,
        replace(edition, image=image, prepare=linked),
        "clock",
        mounts={place: _PLACE},
        options={"environment": variables},
    )
    return Clock(world, clock_file)


on_each = pytest.mark.parametrize("edition", [row for row in debian() if row.values[0] in NORMAL])


@pytest.mark.exercise("jumps of the clock")
@on_each
def test_a_day_later_pages_are_asked_for_again_and_files_are_kept(
    edition: Edition, clocks: Callable[[Edition], Clock]
) -> None:
    clock = clocks(edition)
    world = clock.world
    name, _, file = world.kept()
    world.upstream.files.forget()
    clock.set(1)
    world.ours_is_served()
    world.upstream.extra[name] = b""
    world.wait(lambda: world.page(name).status == 200 and _asked(world, name) > 1, "it is asked")
    kept = world.get(world.file_of(name)[0])
    assert (kept.body, kept.cache) == (file.body, "HIT")
    assert world.upstream.files.requests == []
    assert world.page(world.new()).status == 200


@pytest.mark.exercise("jumps of the clock")
@on_each
def test_a_copy_stands_in_for_thirty_days_and_no_longer(
    edition: Edition, clocks: Callable[[Edition], Clock]
) -> None:
    clock = clocks(edition)
    world = clock.world
    name, page, _ = world.kept()
    world.upstream.refuse()
    clock.set(29)
    got = world.page(name)
    assert (got.status, got.body, got.cache) == (200, page.body, "STALE")
    clock.set(31)
    world.ours_is_served()
    assert world.page(name).status in (502, 503, 504)


@pytest.mark.exercise("jumps of the clock")
@on_each
def test_a_day_back_everything_is_served(
    edition: Edition, clocks: Callable[[Edition], Clock]
) -> None:
    """Copies too, and those are fresh until the clock has caught up: docs/limits.md says so."""
    clock = clocks(edition)
    world = clock.world
    name, page, file = world.kept()
    clock.set(-1)
    world.ours_is_served()
    began = clock.now()
    world.wait(
        lambda: clock.now() > began + 3 * RETRY, "the copy would be old, were it not set back"
    )
    again = world.page(name)
    assert (again.body, again.cache) == (page.body, "HIT")
    assert _asked(world, name) == 1
    assert world.get(world.file_of(name)[0]).body == file.body
    assert world.page(world.new()).status == 200


@pytest.mark.exercise("jumps of the clock")
@on_each
def test_set_back_while_a_source_is_left_alone_it_is_until_a_reload(
    edition: Edition, clocks: Callable[[Edition], Clock]
) -> None:
    """Both servers write down when a source failed, by the clock of the day; docs/limits.md says what to do."""
    clock = clocks(edition)
    world = clock.world
    world.upstream.refuse()
    assert world.page(world.new()).status in (502, 503, 504)
    clock.set(-1)
    world.upstream.open()
    began = clock.now()
    world.wait(
        lambda: clock.now() > began + 3 * RETRY, "it would be asked again, were it not set back"
    )
    world.ours_is_served()
    assert world.page(world.new()).status in (502, 503, 504)
    world.reload("HUP" if edition.kind == "nginx" else "USR1")
    world.recovered()


def _asked(world: World, name: str) -> int:
    return len(world.upstream.asked(f"/{name}/"))
