"""What nginx does with groups, copies and failures, written down before the generator relies on it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.bench import StartBench
from tests.support.processes import HOST, StartServer, free_port
from tests.support.raw_upstream import RawIndex
from tests.support.tools import require
from tests.support.upstream import upstream
from tests.support.wire import Answer, ask

pytestmark = [pytest.mark.server, pytest.mark.slow]

#: An inner server that closes the connection, answers 503 or 200, as the test says by a file.
INNER = """
    server {
        listen HOST:{inner};
        location / {
            if (-f PLACE/closed) { return 444; }
            if (-f PLACE/busy) { return 503; }
            if (-f PLACE/gone) { return 404; }
            add_header Cache-Control "max-age=1, stale-if-error={stale}";
            add_header ETag '"1"';
            return 200 "page";
        }
    }
"""
GROUP = """
    upstream rg_one { zone rg_one 64k; server HOST:{inner} max_fails=1 fail_timeout=1s; {second} }
    proxy_cache_path PLACE/cache keys_zone=rg_copies:1m use_temp_path=off;
"""
SITE = """
    location = /down { internal; return 502 "down"; }
    location = /absent { internal; return 404 "absent"; }
    location / {
        proxy_pass http://rg_one;
        proxy_http_version 1.1;
        proxy_set_header Connection close;
        proxy_next_upstream off;
        KEEP
        proxy_intercept_errors on;
        error_page 404 = /absent;
        error_page 502 503 504 = /down;
        add_header X-Cache $upstream_cache_status always;
    }
"""
KEEP = """
        proxy_cache rg_copies;
        proxy_cache_key $uri;
        proxy_cache_valid 404 1s;
        proxy_cache_use_stale http_503;
"""


class Two:
    """A site in front of an inner server."""

    def __init__(self, bench: StartBench, place: Path, keep: str, second: str, stale: int) -> None:
        http = INNER + GROUP
        values = {
            "{second}": second,
            "{stale}": str(stale),
            "{inner}": str(free_port()),
            "HOST": HOST,
            "PLACE": str(place),
        }
        for word, value in values.items():
            http = http.replace(word, value)
        self.place = place
        self.live = bench(http, SITE.replace("KEEP", keep))

    def get(self, target: str = "/x") -> Answer:
        return self.live.get(target)

    def says(self, word: str) -> None:
        """The inner server is `closed`, `busy`, `gone`, or nothing of it."""
        for one in ("closed", "busy", "gone"):
            (self.place / one).unlink(missing_ok=True)
        if word:
            (self.place / word).touch()

    def until(self, wanted: Callable[[Answer], bool], target: str = "/x") -> Answer:
        """Ask until the answer is as wanted."""
        deadline = time.monotonic() + 10
        while not wanted(answer := self.get(target)):
            assert time.monotonic() < deadline, answer
            time.sleep(0.05)
        return answer


def asked(two: Two) -> int:
    """How often the inner server was asked while it was closed: each time leaves a line."""
    return two.live.server.log().count("prematurely closed")


@pytest.mark.parametrize(
    ("second", "times"),
    [
        pytest.param("", 3, id="alone: failures are not counted"),
        pytest.param("server HOST:{inner} down;", 1, id="with a second one that is down"),
    ],
)
def test_a_group_counts_failures_only_if_it_has_a_second_server(
    bench: StartBench, place: Path, second: str, times: int
) -> None:
    two = Two(bench, place, "", second, 0)
    two.says("closed")
    assert [two.get().status for _ in range(3)] == [502, 502, 502]
    assert asked(two) == times
    two.says("")
    assert two.until(lambda answer: answer.status == 200).body == b"page"


def test_an_answer_with_an_error_is_no_failure_of_the_server(
    bench: StartBench, place: Path
) -> None:
    two = Two(bench, place, "", "server HOST:{inner} down;", 0)
    two.says("busy")
    assert two.get().status == 502
    two.says("")
    assert two.get().status == 200


@pytest.mark.parametrize(
    ("word", "stale", "status"),
    [
        pytest.param("closed", 3600, 200, id="no answer: as long as stale-if-error says"),
        pytest.param("closed", 0, 502, id="no answer, and no longer than that"),
        pytest.param("busy", 3600, 200, id="503: by proxy_cache_use_stale"),
        pytest.param("busy", 0, 200, id="503: without a limit in time"),
        pytest.param("gone", 3600, 404, id="404 is an answer"),
    ],
)
def test_when_a_copy_stands_in(
    bench: StartBench, place: Path, word: str, stale: int, status: int
) -> None:
    two = Two(bench, place, KEEP, "server HOST:{inner} down;", stale)
    assert two.get().one("X-Cache") == "MISS"
    two.says(word)
    answer = two.until(lambda answer: answer.one("X-Cache") != "HIT")
    assert answer.status == status
    if status == 200:
        assert (answer.body, answer.one("X-Cache")) == (b"page", "STALE")


def test_a_404_that_was_intercepted_is_kept_in_memory_and_never_stands_in(
    bench: StartBench, place: Path
) -> None:
    two = Two(bench, place, KEEP, "server HOST:{inner} down;", 3600)
    two.says("gone")
    assert two.get().status == 404
    assert [path for path in (place / "cache").rglob("*") if path.is_file()] == []
    two.says("closed")
    assert two.until(lambda answer: answer.status != 404).status == 502


def test_a_unix_socket_is_in_the_way_after_a_crash(
    place: Path, bench: StartBench, start_server: StartServer
) -> None:
    """Why the inner server listens on a port: nginx does not remove a socket that a killed one left behind."""
    socket = place / "inner.sock"
    live = bench(f"server {{ listen unix:{socket}; return 404; }}", "return 200;")
    pid = live.server.process.pid
    assert live.get("/").status == 200  # by a worker, so there is one
    workers = _children(pid)
    for process in (pid, *workers):
        os.kill(process, signal.SIGKILL)
    live.server.stop()
    assert socket.is_socket()
    # it binds the port first, and gives up on the socket some seconds later
    again = start_server("nginx", place / "tree", [live.port])
    assert again.process.wait(15) == 1
    assert "Address already in use" in again.log()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_name_in_a_variable_url_is_looked_up_late(place: Path, bench: StartBench) -> None:
    """nginx starts although the name server does not answer; a group of that name would stop it."""
    require("nginx")
    silent = free_port()
    server = f"""
        resolver {HOST}:{silent};
        resolver_timeout 1s;
        location ~ "^/(?<rg_name>[a-z]+)$" {{ proxy_pass http://index.test/$rg_name; }}
        location = /here {{ return 200 "here"; }}
    """
    live = bench("", server)
    assert ask(live.port, "/here").body == b"here"
    assert ask(live.port, "/there").status == 502


#: A server that says X-Accel-Redirect as the path has it, in front of what answers with a status or by 1xx.
TOLD = """
    map $uri $told { default ""; ~^/no /dropped; }
    server { listen HOST:{told}; location / {
        proxy_pass http://RAW; proxy_ignore_headers X-Accel-Redirect; add_header X-Accel-Redirect $told always;
    } }
"""
FOLLOWS = """
    location / { proxy_pass http://HOST:{told}; }
    location = /dropped { internal; return 503 "dropped"; }
"""


@pytest.mark.parametrize(
    "status", ["100 Continue", "103 Early Hints", "200 OK", "204 No Content", "299 X", "404 No"]
)
def test_what_nginx_asks_can_send_it_elsewhere_whatever_the_status(
    bench: StartBench, status: str
) -> None:
    index, told = RawIndex({}), str(free_port())
    answer = f"HTTP/1.1 {status}\r\nX-Accel-Redirect: /evil\r\nContent-Length: 0\r\n\r\n"
    index.raw = {"/no": answer.encode(), "/yes": answer.encode()}
    with upstream(index):
        raw = urlsplit(index.origin).netloc
        http = TOLD.replace("HOST", HOST).replace("{told}", told).replace("RAW", raw)
        live = bench(http, FOLLOWS.replace("HOST", HOST).replace("{told}", told))
        assert live.get("/no").status == 503
        # an empty one is not sent, and that of the upstream ends at the first server, which ignores it
        if not status.startswith("1"):  # of which no client here can read the end
            assert live.get("/yes").status == int(status[:3])
