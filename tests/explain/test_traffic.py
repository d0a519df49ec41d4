"""Logs into counts: the lines of both servers, what is refused and why, and that nothing grows with the log."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from rewritegen.cli import main
from rewritegen.plan import Plan
from rewritegen.traffic.count import Counter
from rewritegen.traffic.drawing import as_svg
from rewritegen.traffic.lines import Asked, Line, read_line, read_lines
from rewritegen.traffic.tally import Course, Names, Spread
from rewritegen.traffic.text import as_text
from tests.unit.sites import FULL, plan_of

NGINX = {
    "time": "2026-11-26T22:41:05+01:00",
    "client": "127.0.0.1",
    "method": "GET",
    "target": "/simple/six/",
    "status": 200,
    "bytes": 512,
    "seconds": 0.25,
    "source": "proxy/index",
    "cache": "HIT",
    "accept": "",
    "host": "packages.example.org",
    "agent": "pip",
}
HTTPD = {
    "time": "2026-11-26T22:41:05+0100",
    "client": "127.0.0.1",
    "method": "GET",
    "target": "/simple/six/",
    "status": 200,
    "first_status": 200,
    "bytes": 512,
    "microseconds": 250000,
    "source": "proxy/index",
    "agent": "pip",
}
#: 2026-11-26 21:41 UTC
MINUTE = 1795729260


def raw(base: dict[str, Any] = NGINX, **fields: Any) -> bytes:
    return (json.dumps({**base, **fields}) + "\n").encode()


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(FULL)


def counted(plan: Plan, *lines: bytes) -> Counter:
    counter = Counter(plan)
    counter.read(lines)
    return counter


LINES = [
    pytest.param(
        raw(), Line(MINUTE, "GET", "/simple/six/", 200, 512, 0.25, "proxy/index", "HIT"), id="nginx"
    ),
    pytest.param(
        raw(HTTPD),
        Line(MINUTE, "GET", "/simple/six/", 200, 512, 0.25, "proxy/index", ""),
        id="httpd",
    ),
    pytest.param(
        raw(HTTPD, status=500, first_status=502, source="-"),
        Line(MINUTE, "GET", "/simple/six/", 502, 512, 0.25, "none", ""),
        id="httpd: the client got the first status",
    ),
    pytest.param(
        raw(HTTPD, source="none, proxy/index", target="-"),
        Line(MINUTE, "GET", "-", 200, 512, 0.25, "proxy/index", ""),
        id="httpd: the last of two sources",
    ),
    pytest.param(
        raw(source="", cache="-", time="2026-11-26T21:41:59+00:00"),
        Line(MINUTE, "GET", "/simple/six/", 200, 512, 0.25, "none", ""),
        id="nothing said",
    ),
    pytest.param(
        b'{"time":"2026-11-26T22:41:05+01:00","target":"/pages/index/six/","status":200,"bytes":1,"seconds":1.5,'
        b'"upstream":"127.0.0.1:1","upstream_status":"502, 200"}',
        Asked(MINUTE, "index", 200, 1.5),
        id="nginx asked",
    ),
    pytest.param(
        b'{"time":"2026-11-26T22:41:05+0100","target":"/ask/pages/index/v1_json/six/","status":404,"bytes":1,'
        b'"microseconds":1500000,"upstream":"balancer://x"}',
        Asked(MINUTE, "index", 404, 1.5),
        id="httpd asked",
    ),
    pytest.param(b"127.0.0.1 - - [26/Nov/2026] GET / 200\n", None, id="another format"),
    pytest.param(b"[1, 2]\n", None, id="another JSON"),
    pytest.param(b"{}\n", None, id="empty"),
    pytest.param(raw(time="yesterday"), None, id="no time"),
    pytest.param(raw()[:50], None, id="cut off"),
    pytest.param(b"\xff\xfe\n", None, id="no text"),
    pytest.param(b"\n", None, id="blank"),
]


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_a_line(line: bytes, expected: Line | Asked | None) -> None:
    assert read_line(line) == expected


REASONS = [
    pytest.param({"method": "PUT", "status": 405, "source": "none"}, "methods", id="upload"),
    pytest.param(
        {"target": "/simple//x/", "status": 404, "source": "none"}, "grammar", id="grammar"
    ),
    pytest.param(
        {"target": "/simple/acme-x/", "status": 404, "source": "none"}, "private", id="claimed"
    ),
    pytest.param(
        {"target": "/simple/acme-x/?q", "status": 404, "source": "none"}, "private", id="query"
    ),
    pytest.param(
        {"target": "/files/index/acme_x-1.0.whl", "status": 404, "source": "none"},
        "private",
        id="file",
    ),
    pytest.param(
        {"target": "/simple/acme-oss/", "status": 404, "source": "none"}, "nobody", id="public"
    ),
    pytest.param({"status": 404, "source": "none"}, "nobody", id="nobody"),
    pytest.param(
        {"status": 404, "source": "private/team"}, None, id="private file that is not there"
    ),
    pytest.param({"status": 401, "source": "none"}, "credentials", id="stranger"),
    pytest.param({"status": 503, "source": "none"}, "unavailable", id="root"),
    pytest.param({"status": 502, "source": "none"}, "unsure", id="away"),
    pytest.param({"status": 504, "source": "proxy/index"}, "unsure", id="slow"),
    pytest.param({"status": 200}, None, id="served"),
]


@pytest.mark.parametrize(("fields", "reason"), REASONS)
def test_why_it_was_refused(fields: dict[str, Any], reason: str | None, plan: Plan) -> None:
    tally = counted(plan, raw(**fields)).tally
    assert list(tally.refused) == ([] if reason is None else [reason])


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/simple/old-tool/", "private"),
        ("/files/index/ab/Old_Tool-1.0.tar.gz", "private"),
        ("/files/index/AAAAAA-1.0.tar.gz", "private"),  # whose that is, no server can tell
        ("/files/index/other-1.0.tar.gz", "nobody"),
        ("/simple/other/", "nobody"),
    ],
)
def test_a_scanned_name_is_private(target: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "old-tool").touch()
    counter = counted(
        plan_of(FULL.replace("/state", str(tmp_path))),
        raw(target=target, status=404, source="none"),
    )
    assert list(counter.tally.refused) == [reason]


def test_copies_and_times_of_a_source(plan: Plan) -> None:
    words = ["HIT"] * 6 + ["STALE"] * 2 + ["MISS"] * 2
    lines = [raw(cache=word, seconds=n / 10) for n, word in enumerate(words, start=1)]
    source = counted(plan, *lines).tally.sources["proxy/index"]
    assert (source.requests, source.hits, source.stale) == (10, 8, 2)
    assert source.times.share(0.5) == pytest.approx(0.5, rel=0.05)
    assert source.times.share(0.95) == pytest.approx(1.0, rel=0.05)
    assert source.times.most == 1.0


@pytest.mark.parametrize("part", [0.5, 0.95, 0.99])
def test_a_share_is_right_to_a_twentieth(part: float) -> None:
    spread = Spread()
    for number in range(1, 10_001):
        spread.add(number / 1000)
    assert spread.share(part) == pytest.approx(part * 10, rel=0.05)


def test_no_time_is_no_error() -> None:
    spread = Spread()
    assert spread.share(0.5) == 0
    spread.add(0)
    assert spread.share(0.5) == 0


def test_names_that_anybody_makes_up_are_bounded() -> None:
    names = Names()
    for number in range(30_000):
        names.add(f"name-{number}")
    names.add("name-1")
    assert len(names) == 10_000
    assert names.total == 30_001
    assert names.most(1) == [("name-1", 2)]


def test_spans_of_time_are_bounded_and_nothing_is_lost() -> None:
    course = Course()
    for number in range(50_000):
        course.add(1_700_000_000 + number * 60, "private")
    begin, seconds, columns = course.columns(100)
    assert course.span > 60
    assert len(columns) <= 100
    assert sum(column["private"] for column in columns) == 50_000
    assert begin <= 1_700_000_000 < begin + seconds


def traced(plan: Plan, log: Path, lines: int) -> int:
    """The most memory that reading so many lines takes; the same 100 requests come again and again."""
    hundred = [raw(target=f"/simple/name-{n}/", status=404, source=f"x/{n}") for n in range(100)]
    with log.open("wb") as stream:
        for number in range(lines):
            stream.write(hundred[number % 100])
    tracemalloc.start()
    try:
        counter = Counter(plan)
        counter.read(read_lines(str(log)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert counter.tally.requests == lines
    return peak


def test_memory_does_not_grow_with_the_log(plan: Plan, tmp_path: Path) -> None:
    log = tmp_path / "access.json"
    traced(plan, log, 10)  # what is imported and compiled once
    small, large = traced(plan, log, 500), traced(plan, log, 4_000)
    assert log.stat().st_size > 900_000
    assert large < small + 100_000


def test_sources_that_somebody_makes_up_are_bounded(plan: Plan) -> None:
    counter = counted(plan, *(raw(source=f"x/{n}") for n in range(500)))
    assert len(counter.tally.sources) == 201
    assert sum(one.requests for one in counter.tally.sources.values()) == 500


def test_a_file_without_line_ends_is_read_in_pieces(tmp_path: Path) -> None:
    log = tmp_path / "access.json"
    log.write_bytes(b"x" * 300_000)
    assert max(map(len, read_lines(str(log)))) <= 65536


def test_what_a_client_writes_moves_no_cursor(plan: Plan) -> None:
    counter = counted(plan, raw(target="/\x1b[31mred", status=404, source="none"))
    for number in range(3):
        counter.read([raw(time=f"2026-11-26T22:4{number}:05+01:00", source="\x1b[2J")])
    shown = as_text(counter.tally, 80)
    assert "\x1b" not in shown
    assert "\\x1b" in shown
    picture = as_svg(counter.tally, "a <b> & c")
    assert ElementTree.fromstring(picture).tag.endswith("svg")


@pytest.mark.parametrize("width", [60, 80, 100])
def test_the_text_fits(width: int, plan: Plan) -> None:
    counter = Counter(plan)
    kinds: tuple[dict[str, Any], ...] = (
        {},
        {"cache": "MISS"},
        {"status": 502, "source": "none"},
        {"source": "private/team"},
        {"source": "mirror/netbook"},
    )
    for number in range(300):
        minute = f"2026-11-26T{number // 60:02}:{number % 60:02}:05+01:00"
        counter.read([raw(time=minute, **kinds[number % len(kinds)])])
    shown = as_text(counter.tally, width)
    # the table is as wide as its numbers are
    assert all(len(line) <= max(width, 76) for line in shown.splitlines())
    plot = [line for line in shown.splitlines() if "█" in line]
    assert len(plot) == 5
    assert all(line.endswith(tuple("0123456789")) for line in plot)


def test_a_log_without_our_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "site.yaml"
    site.write_text("server_name: a.example.org\nprivate: [{path: /srv/a, listing: automatic}]\n")
    log = tmp_path / "other.log"
    log.write_text("a\nb\n")
    assert main(["explain", str(site), "--log", str(log)]) == 1
    out, err = capsys.readouterr()
    assert out == "no request in it\n"
    assert "2 lines are none of this site's logs" in err
    assert main(["explain", str(site), "--log", str(tmp_path / "nothing")]) == 2
    assert main(["explain", str(site), "--log", str(log), "six"]) == 2
    assert main(["explain", str(site), "--log", str(log), "--format", "mermaid"]) == 2
