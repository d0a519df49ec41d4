"""What went out is judged when all of it has been written down, not when the control has."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rewritegen.check.disclosure import LogFile, look_at_record
from rewritegen.check.results import Results
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
LEAK, CONTROL = "acme-secret", "rg-control-x"


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
    names = (f"{LEAK}-{number}" for number in range(1000))
    leaked = next(name for name in names if ask(port, f"/{name}/").body != first)
    wait_until(lambda: ask(port, f"/{CONTROL}/").body == first, "the first one is asked again")
    results = Results()
    look_at_record(results, record, [leaked, "acme-other"], CONTROL)
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
    look_at_record(results, record, [LEAK], CONTROL)
    assert {code for code, _, _ in codes(results)} == {"RG991"}
