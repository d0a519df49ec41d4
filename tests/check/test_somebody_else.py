"""Somebody in front who answers instead of the site is not taken for it: not by a 404, a copy, or silence."""

from __future__ import annotations

import re
import shutil
import socket
import threading
from pathlib import Path

import pytest

from tests.check.test_check import front
from tests.check.world import SAMPLES, check, codes, world
from tests.support import trees
from tests.support.ports import HOST
from tests.support.scenes import wheels
from tests.support.sites import index_site

pytestmark = [pytest.mark.server, pytest.mark.slow]

#: A small page of the same project, by another source, as a cache kept it from before the name was private.
OLD = b"<!DOCTYPE html><title>x</title><a href='x-1.0.tar.gz'>x-1.0.tar.gz</a>"
COPY = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Index-Source: proxy/public\r\n"
    b"Vary: Accept, Accept-Encoding\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
)
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def _asked_elsewhere(head: bytes) -> bytes:
    """`error_page 404` that leads to another index, which has none of this either."""
    if not head.startswith(b"HTTP/1.1 404"):
        return head
    return re.sub(rb"\r\nX-Index-Source[^\r]*", b"", head)


def _kept_for_pip(request: bytes) -> bytes | None:
    line, _, rest = request.partition(b"\r\n")
    if b"acme-foo/ " not in line or b"gzip" not in rest or b"vnd.pypi" in rest:
        return None
    return COPY % (len(OLD), OLD)


def test_a_404_of_somebody_else(place: Path) -> None:
    with (
        world("nginx", place) as made,
        made.running() as live,
        front(live.port, b"", _asked_elsewhere) as port,
    ):
        code, report = check(made.site, f"http://{HOST}:{port}/simple/", *SAMPLES, "--remote")
    assert code == 1
    assert {"RG931", "RG932", "RG933", "RG965"} <= codes(report)
    wrong = [
        one for one in report["findings"] if one["code"] == "RG931" and one["severity"] != "ok"
    ]
    assert "let the front pass X-Index-Source on" in wrong[0]["next_step"]


def test_another_page_for_who_takes_gzip(place: Path) -> None:
    with (
        world("nginx", place) as made,
        made.running() as live,
        front(live.port, b"", instead=_kept_for_pip) as port,
    ):
        code, report = check(made.site, f"http://{HOST}:{port}/simple/", *SAMPLES, "--remote")
    assert (code, codes(report)) == (1, {"RG911"})


@pytest.mark.parametrize(("word", "rule"), [(b"%61", "RG942"), (b"gzip", "RG911")])
def test_who_is_silent_has_refused_nothing(place: Path, word: bytes, rule: str) -> None:
    """Behind it, somebody may be waited for who was asked."""
    over = threading.Event()

    def silent(request: bytes) -> bytes | None:
        if word not in request or b"/simple/acme-" not in request.replace(b"%61", b"a"):
            return None
        over.wait(30)
        return MISSING

    try:
        with (
            world("nginx", place) as made,
            made.running() as live,
            front(live.port, b"", instead=silent) as port,
        ):
            url = f"http://{HOST}:{port}/simple/"
            code, report = check(made.site, url, *SAMPLES, "--remote", "--timeout", "1")
            over.set()
    finally:
        over.set()
    assert code == 1
    assert rule in codes(report)


class Cache:
    """A cache in front that takes no notice of what a page says of itself."""

    def __init__(self, port: int, of: bytes) -> None:
        self.port, self.of = port, of
        self.kept: dict[bytes, bytes] = {}

    def answer(self, request: bytes) -> bytes | None:
        """What came first, for requests of its kind."""
        line, _, rest = request.partition(b"\r\n")
        if self.of not in line or not line.startswith(b"GET"):
            return None
        key = line + b"\n".join(sorted(re.findall(rb"(?mi)^accept[^\r]*", rest)))
        if key not in self.kept:
            with socket.create_connection((HOST, self.port), timeout=10) as behind:
                behind.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
                self.kept[key] = b"".join(iter(lambda: behind.recv(65536), b""))
        return self.kept[key]


def test_an_old_page_of_a_cache_in_front(place: Path) -> None:
    with world("nginx", place) as made, made.running() as live:
        cache = Cache(live.port, b"/simple/acme-foo/ ")
        with front(live.port, b"", instead=cache.answer) as port:
            url = f"http://{HOST}:{port}/simple/"
            assert check(made.site, url, *SAMPLES)[0] == 0
            trees.projects(place / "team", wheels("acme-foo-1.2"))
            index_site(made.site)
            code, report = check(made.site, url, *SAMPLES)
        assert (code, codes(report)) == (1, {"RG983"})
        assert check(made.site, live.url, *SAMPLES)[0] == 0


def test_an_older_state_is_served(server_kind: str, place: Path) -> None:
    """A container that was not started again: a name that is private by now is asked of the fallbacks."""
    older = place / "older"

    def serve_older(tree: Path) -> None:
        for text in tree.rglob("*.conf"):
            text.write_text(text.read_text().replace(f"{place}/state", str(older)))

    with world(server_kind, place) as made:
        shutil.copytree(made.state, older)
        with made.running(serve_older) as live:
            trees.projects(place / "team", wheels("late-tool-1.0"))
            index_site(made.site)
            code, report = check(made.site, live.url, *SAMPLES)
    assert code == 1
    assert {"RG910", "RG983"} & codes(report)
    assert "late-tool" in str(report["findings"])


def test_one_claim_of_many_that_the_running_text_has_lost(place: Path) -> None:
    with world("nginx", place) as made:
        names = [f"secret-{number}-tool" for number in range(40)]
        made.settings["private"][0]["claims"] += names
        made.write()
        index_site(made.site)

        def lose(tree: Path) -> None:
            for text in tree.rglob("*.conf"):
                text.write_text(re.sub(r"secret-17-tool\b", "secret-17-lost", text.read_text()))

        with made.running(lose) as live:
            code, report = check(made.site, live.url, *SAMPLES, "--remote")
    assert (code, "RG931" in codes(report)) == (1, True)
    assert "secret-17-tool" in str(report["findings"])
