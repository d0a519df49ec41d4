"""``--watch``: every change is seen, also that of a root that goes and comes."""

from __future__ import annotations

import queue
import shutil
import threading
from collections.abc import Iterator

import pytest

from rewritegen.pages import IndexReport, watch
from tests.support.dists import make_wheel
from tests.support.indexing import Bench, codes

Reports = queue.Queue[IndexReport]


@pytest.fixture
def reports(bench: Bench) -> Iterator[Reports]:
    """The reports of a watcher that runs until the end of the test."""
    found: Reports = queue.Queue()
    stop = threading.Event()
    thread = threading.Thread(
        target=watch, args=(bench.job, found.put, stop), kwargs={"quiet": 0.05, "rescan": 3600.0}
    )
    thread.start()
    yield found
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


def next_report(reports: Reports) -> IndexReport:
    return reports.get(timeout=20)


def wait_for_versions(bench: Bench, reports: Reports, expected: list[str]) -> None:
    """A burst of changes may come as several reports; the last one has all of it."""
    while True:
        next_report(reports)
        page = bench.state / "pages/team/acme-foo/index.v1_json"
        if page.exists() and bench.json("acme-foo")["versions"] == expected:
            return


def test_a_new_file_is_indexed(bench: Bench, reports: Reports) -> None:
    first = next_report(reports)
    assert first.sources[0].files == 0
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    wait_for_versions(bench, reports, ["1.0"])
    make_wheel(bench.root / "acme-foo", "acme-foo", "2.0")
    wait_for_versions(bench, reports, ["1.0", "2.0"])


def test_a_root_that_goes_and_comes_back(bench: Bench, reports: Reports) -> None:
    next_report(reports)
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    wait_for_versions(bench, reports, ["1.0"])
    away = bench.root.with_name("away")
    bench.root.rename(away)
    while codes(next_report(reports)) != ["RG501"]:
        pass
    assert bench.json("acme-foo")["versions"] == ["1.0"]
    make_wheel(away / "acme-foo", "acme-foo", "2.0")
    away.rename(bench.root)
    wait_for_versions(bench, reports, ["1.0", "2.0"])


def test_what_nobody_tells_is_seen_by_the_next_look(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network file system: the watcher hears nothing."""
    monkeypatch.setattr("watchfiles.watch", silent)
    found: Reports = queue.Queue()
    stop = threading.Event()
    thread = threading.Thread(
        target=watch, args=(bench.job, found.put, stop), kwargs={"rescan": 0.1}
    )
    thread.start()
    try:
        next_report(found)
        make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
        wait_for_versions(bench, found, ["1.0"])
    finally:
        stop.set()
        thread.join(20)
    shutil.rmtree(bench.state)


def silent(*roots: object, stop_event: threading.Event, **options: object) -> Iterator[set[object]]:
    while not stop_event.wait(0.05):
        yield set()
