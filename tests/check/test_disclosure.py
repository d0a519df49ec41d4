"""What went out is judged when all of it has been written down, not when the control has."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rewritegen.check.disclosure import LogFile, look_at_record
from rewritegen.check.results import Results
from rewritegen.names import NormalizedName
from tests.support.ports import HOST, free_port
from tests.support.processes import StartServer, wait_until
from tests.support.tools import require
from tests.support.wire import ask

#: As our fetching host logs; which process answers is up to the kernel.
NGINX = """
pid nginx.pid; error_log error.log; worker_processes 2; events {{}}
http {{
    client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
    log_format line $request;
    access_log {log} line buffer=64k flush=5s;
    server {{ listen {host}:{port} reuseport; return 200 $pid; }}
}}
"""
LEAK, CONTROL = NormalizedName("acme-secret"), NormalizedName("rg-control-a1")


class Watched(LogFile):
    """A log of which all that was read of it is kept."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.seen: list[bytes] = []

    def read(self) -> bytes:
        self.seen.append(super().read())
        return self.seen[-1]


def codes(results: Results) -> Iterator[tuple[str, str, str]]:
    for finding in results.findings():
        yield finding.code, finding.severity, finding.came


@pytest.mark.server
@pytest.mark.slow
def test_a_process_of_nginx_writes_the_leak_after_another_wrote_the_control(
    place: Path, start_server: StartServer
) -> None:
    require("nginx")
    port, log = free_port(), place / "fetch.json"
    (place / "temp").mkdir()
    (place / "nginx.conf").write_text(NGINX.format(log=log, host=HOST, port=port))
    start_server("nginx", place, [port])
    record = Watched(log)
    first = ask(port, "/first").body  # this one begins to count its five seconds
    begun = time.monotonic()
    wait_until(lambda: time.monotonic() > begun + 1.5, "the other one begins later")
    # what the first one is asked on the way to the other has another name
    names = (NormalizedName(f"{LEAK}-{number}") for number in range(1000))
    leaked = next(name for name in names if ask(port, f"/{name}/").body != first)
    wait_until(lambda: ask(port, f"/{CONTROL}/").body == first, "the first one is asked again")
    results = Results()
    with closing(record):
        look_at_record(results, record, [leaked, NormalizedName("acme-other")], [], CONTROL)
    without = [
        data for data in record.seen if CONTROL.encode() in data and leaked.encode() not in data
    ]
    assert without, "nginx wrote both at once"
    found = list(codes(results))
    assert [(code, came) for code, severity, came in found if severity == "error"] == [
        ("RG990", "it went out")
    ]
    assert ("RG990", "ok", "looked at once") in found


def test_a_control_that_never_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewritegen.check.disclosure._WAIT_SECONDS", 0.2)
    log = tmp_path / "log"
    log.write_text(f"GET /{CONTROL}/ of a run before\n")
    record = LogFile(log)
    results = Results()
    with closing(record):
        look_at_record(results, record, [LEAK], [], CONTROL)
    assert {code for code, _, _ in codes(results)} == {"RG991"}


def looked_for(text: bytes, name: str, *others: str) -> bool:
    """Whether a name is found in what went out."""
    results = Results()
    public = [NormalizedName(other) for other in others]
    control = f" /simple/{CONTROL}/".encode()
    look_at_record(results, Recorded(text + control), [NormalizedName(name)], public, CONTROL)
    return any((code, severity) == ("RG990", "error") for code, severity, _ in codes(results))


class Recorded:
    """A record that is complete."""

    where, seconds = "here", 0.0

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self) -> bytes:
        return self.data


#: What went out, the private name, the public ones that were asked for, and whether it is in there.
ROWS = {
    "as it is": (b"GET /simple/acme-foo/ HTTP/1.1", "acme-foo", (), True),
    "spelled": (b"GET /simple/Acme._FOO HTTP/1.1", "acme-foo", (), True),
    "without separator": (b"/simple/acmefoo/", "acme-foo", (), True),
    "encoded": (b"/simple/%61cme%2Dfoo%2f", "acme-foo", (), True),
    "encoded twice": (b"/simple/%2561cme-foo/", "acme-foo", (), True),
    "behind an encoded slash": (b"/simple%2Facme-foo/", "acme-foo", (), True),
    "a file": (b"/packages/acme_foo-1.0-py3-none-any.whl", "acme-foo", (), True),
    "a file without version": (b"/packages/acme_foo.zip", "acme-foo", (), True),
    "a host": (b"Host: acme-foo.example.org", "acme-foo", (), True),
    "behind a written line break": (rb"/\r\nacme-foo", "acme-foo", (), True),
    "behind a written character": (rb"\x22acme-foo\u0001", "acme-foo", (), True),
    "a longer name below the claim": (b"/simple/acme-foo/", "acme", (), True),
    "a longer name that is public": (b"/simple/acme-oss/", "acme", ("acme-oss",), False),
    "both": (b"/simple/acme-oss/ /simple/acme/", "acme", ("acme-oss",), True),
    "longer than a public one": (b"/simple/six-2/", "six-2", ("six",), True),
    "part of a word": (b"/simple/urllib3/ /curl/", "url", (), False),
    "part of the control": (b"", "control", (), False),
    "a key of the log": (rb'{"time":"1","status":"404"}', "status", (), False),
    "a value of the log": (rb'{"time":"1","status":"404 time"}', "time", (), True),
    "not there": (b"/simple/acme-bar/", "acme-foo", (), False),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_name_in_a_record(row: str) -> None:
    text, name, others, there = ROWS[row]
    assert looked_for(text, name, *others) is there


def test_no_name_to_look_for_is_said() -> None:
    results = Results()
    look_at_record(results, Recorded(CONTROL.encode()), [], [], CONTROL)
    assert ("RG990", "note", "no name was asked for that must stay here") in codes(results)


#: What happens to a log between a leak and the control, and what is found.
ROTATIONS = {
    "renamed": ({"RG990", "RG991"}, {"RG990"}),
    "renamed, and longer": ({"RG990", "RG991"}, {"RG990"}),
    "cut off": ({"RG991"}, {"RG991"}),
}


@pytest.mark.parametrize("row", ROTATIONS)
def test_a_log_that_is_rotated_meanwhile(
    row: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rewritegen.check.disclosure._WAIT_SECONDS", 0.2)
    monkeypatch.setattr("rewritegen.check.disclosure._LOG_SECONDS", 0.0)
    log = tmp_path / "log"
    log.write_text("of before\n" * 100)
    record, results = LogFile(log), Results()
    with log.open("a") as file:
        file.write(f"GET /simple/{LEAK}/\n")
    if "renamed" in row:
        log.rename(tmp_path / "log.1")
        log.write_text("of others\n" * (1000 if "longer" in row else 1))
    else:
        log.write_text("")
    with log.open("a") as file:
        file.write(f"GET /simple/{CONTROL}/\n")
    with closing(record):
        look_at_record(results, record, [LEAK], [], CONTROL)
    looked, wrong = ROTATIONS[row]
    found = list(codes(results))
    assert {code for code, _, _ in found} == looked
    assert {code for code, severity, _ in found if severity == "error"} == wrong
