"""Copies on httpd: what is kept under which key, what it may stand in for, and what no client can change."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rewritegen.response_headers import OWN
from tests.servers.apache_sites import FRESH_SECONDS, World, world
from tests.support import trees
from tests.support.compare import UNAVAILABLE
from tests.support.processes import HOST, is_root, traversable_directory, wait_until
from tests.support.scenes import wheels
from tests.support.upstream import Index, Mode, Recorded, Reply, upstream
from tests.support.wire import ask, request_bytes, send

pytestmark = [pytest.mark.server, pytest.mark.slow]

JSON = "application/vnd.pypi.simple.v1+json"
GZIP = [("Accept-Encoding", "gzip")]
FAILURES = ("429", "500", "502", "503", "504", "redirect", "refused", "hang")


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    with traversable_directory() as place, world(place) as here:
        yield here


@pytest.fixture
def here(shared: World) -> World:
    """Nothing is kept, and the index answers."""
    shared.set("ok")
    shared.forget_copies()
    wait_until(lambda: shared.get("/simple/there/").status == 200, "the index is asked again")
    target, _ = shared.file()
    wait_until(lambda: shared.get(target).status == 200, "its file host, too")
    shared.forget_copies()
    return shared


def grow_old() -> None:
    time.sleep(FRESH_SECONDS + 0.2)


def test_a_page_is_kept_as_it_was_sent(here: World) -> None:
    rows: list[dict[str, Any]] = [
        {"accept": "text/html"},
        {"accept": JSON},
        {"accept": "text/html", "headers": GZIP},
        {"accept": JSON, "headers": GZIP},
    ]
    for options in rows:
        cold = here.get("/simple/there/", **options)
        assert (cold.status, cold.one("X-Cache"), here.asked) == (200, "MISS", (1,))
        warm = here.get("/simple/there/", **options)
        assert (warm.status, here.asked) == (200, (0,))
        assert str(warm.one("X-Cache")).split()[0] == "HIT"
        assert warm.body == cold.body
        for name in ("X-Index-Source", "Content-Type", "Content-Encoding", "Cache-Control"):
            assert warm.one(name) == cold.one(name)
        assert {"accept", "accept-encoding"} <= warm.vary & cold.vary
        assert warm.all("Set-Cookie") == ()
        assert b"../../files/a/packages/" in warm.decoded
        tag = str(warm.one("ETag"))
        again = {**options, "headers": [*options.get("headers", []), ("If-None-Match", tag)]}
        assert here.get("/simple/there/", **again).status == 304
    keys = [path.read_bytes() for path in here.copies()]
    assert len(keys) == len(rows)
    for form in (b"html", b"v1_json"):
        for coding in (b"identity", b"gzip"):
            key = b"http://packages.example.org/simple/-/pages/a/there/" + form + b"/" + coding
            assert sum(key + b"/" in text for text in keys) == 1


#: What one client sends must be nothing to another.
POISONS: dict[str, list[tuple[str, str]]] = {
    "accept": [("Accept", f"{JSON};q=0.1, text/html")],
    "connection": [("Connection", "close, Accept, Accept-Encoding, User-Agent")],
    "encoding": [("Accept-Encoding", "br, deflate, x-gzip;q=0")],
    "range": [("Range", "bytes=0-9"), ("If-Range", "x")],
    "conditions": [("If-None-Match", "*"), ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT")],
    "cookie": [("Cookie", "a=poison")],
    "authorization": [("Authorization", "Basic poison")],
    "cache control": [("Cache-Control", "no-store, no-cache, max-age=0, only-if-cached")],
    "pragma": [("Pragma", "no-cache")],
    "forwarded": [("X-Forwarded-Host", "poison"), ("X-Forwarded-For", "poison")],
    "stale": [("Cache-Control", "max-stale=999999999")],
}


@pytest.mark.parametrize("headers", POISONS.values(), ids=POISONS)
@pytest.mark.parametrize("old", [False, True], ids=["cold", "old"])
def test_no_client_changes_what_another_gets(
    here: World, headers: list[tuple[str, str]], old: bool
) -> None:
    if old:
        here.get("/simple/there/?poison=0")
        grow_old()
    sent = here.get("/simple/there/?poison=1", headers=headers, host="poison.example.org")
    assert sent.status == 200
    for request in here.indexes[0].requests:
        assert b"poison" not in request.raw
        assert request.headers["accept"] == "text/html"
        assert request.headers["accept-encoding"] == "identity"
        assert request.headers["user-agent"] == "rewritegen"
        assert not {"range", "cache-control", "pragma", "cookie"} & set(request.headers)
    answer = here.get("/simple/there/")
    assert (answer.status, here.asked) == (200, (0,))
    assert answer.body.startswith(b"<!DOCTYPE html>")
    assert answer.body.rstrip().endswith(b"</html>")
    assert answer.one("Content-Encoding") is None
    assert b"poison" not in answer.raw


def test_the_body_of_a_get_goes_nowhere(here: World) -> None:
    raw = request_bytes("/simple/there/", "GET", body=b"poison")
    assert send(here.live.port, raw).status == 400
    assert here.get("/simple/there/").one("X-Cache") == "MISS"


def test_an_old_page_is_renewed_by_its_etag(here: World) -> None:
    first = here.get("/simple/there/", accept=JSON, headers=GZIP)
    grow_old()
    second = here.get("/simple/there/", accept=JSON, headers=GZIP)
    (request,) = here.indexes[0].requests
    assert request.headers["if-none-match"] == first.one("ETag")
    assert (second.status, second.one("X-Cache"), second.body) == (200, "REVALIDATED", first.body)
    third = here.get("/simple/there/", accept=JSON, headers=GZIP)
    assert (third.body, here.asked) == (first.body, (0,))


@pytest.mark.parametrize("mode", FAILURES)
def test_an_old_copy_stands_in(here: World, mode: Mode) -> None:
    first = here.get("/simple/there/", headers=GZIP)
    grow_old()
    here.set(mode)
    for _ in range(2):  # it is not lost by being used
        answer = here.get("/simple/there/", headers=GZIP)
        assert (answer.status, answer.one("X-Cache")) == (200, "STALE")
        assert answer.one("X-Index-Source") == "proxy/a"
        assert answer.body == first.body
        assert {"accept", "accept-encoding"} <= answer.vary
        assert answer.one("Cache-Control") == f"max-age={FRESH_SECONDS}"
        assert answer.all("Location") == answer.all("Set-Cookie") == ()
        assert [answer.all(name) for name, _ in OWN] == [(value,) for _, value in OWN]
    assert here.get("/simple/other/").status in UNAVAILABLE
    here.set("ok")
    wait_until(lambda: here.get("/simple/there/").one("X-Cache") != "STALE", "it is renewed")


def test_not_here_is_believed_for_a_while_but_stands_in_for_nothing(place: Path) -> None:
    with world(place) as here:
        for _ in range(2):
            answer = here.get("/simple/missing/")
            said = answer.one("Cache-Control")
            assert (answer.status, said) == (404, "max-age=60, must-revalidate")
        assert here.asked == (0,)
        assert all(b"must-revalidate" in path.read_bytes() for path in here.copies())
        # a copy, then a definite 404: the copy is gone
        here.get("/simple/there/")
        grow_old()
        here.set("404")
        assert here.get("/simple/there/").status == 404
        here.set("refused")
        assert here.get("/simple/there/").status in {404, *UNAVAILABLE}


def test_a_copy_may_be_too_old_to_stand_in(place: Path) -> None:
    with world(place, cache={"stale": "2s"}) as here:
        here.get("/simple/there/")
        grow_old()
        here.set("503")
        assert here.get("/simple/there/").one("X-Cache") == "STALE"
        time.sleep(2)
        answer = here.get("/simple/there/")
        assert (answer.status, answer.one("X-Index-Source")) == (502, "none")
        here.set("ok")
        assert here.get("/simple/there/").status == 200


class Loud(Index):
    """An index that forbids copies in every way it knows."""

    def reply(self, request: Recorded) -> Reply:
        reply = super().reply(request)
        control = "private, no-store, no-cache, s-maxage=0, must-revalidate, proxy-revalidate"
        loud = {"Cache-Control": control, "Expires": "0", "Pragma": "no-cache", "Vary": "*"}
        more = {"Set-Cookie": "a=b", "Age": "99999", "Date": "Fri, 01 Jan 2010 00:00:00 GMT"}
        return Reply(reply.status, {**reply.headers, **loud, **more}, reply.body)


def test_the_upstream_cannot_switch_copies_off(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.servers.apache_sites.Index", Loud)
    with world(place) as here:
        first = here.get("/simple/there/")
        assert first.all("Set-Cookie") == ()
        assert here.get("/simple/there/").body == first.body
        assert here.asked == (0,)
        grow_old()
        here.set("503")
        assert here.get("/simple/there/").one("X-Cache") == "STALE"
        assert all(b"Set-Cookie" not in path.read_bytes() for path in here.copies())


class Portal(Index):
    """An index whose pages can be taken over by somebody in between."""

    taken = False

    def reply(self, request: Recorded) -> Reply:
        if self.taken:
            return Reply(200, {"Content-Type": "text/plain", "ETag": '"x"'}, b"please log in")
        return super().reply(request)


@pytest.mark.parametrize("copies", [True, False], ids=["copies", "plain"])
def test_another_type_is_no_page(
    place: Path, monkeypatch: pytest.MonkeyPatch, copies: bool
) -> None:
    monkeypatch.setattr("tests.servers.apache_sites.Index", Portal)
    with world(place, copies=copies) as here:
        first = here.get("/simple/there/")
        assert first.status == 200
        grow_old()
        portal = here.indexes[0]
        assert isinstance(portal, Portal)
        portal.taken = True
        for _ in range(2):
            answer = here.get("/simple/there/")
            if copies:
                assert (answer.status, answer.one("X-Cache")) == (200, "STALE")
                assert answer.body == first.body
            else:
                assert answer.status in UNAVAILABLE
            assert here.get("/simple/other/").status in UNAVAILABLE
        portal.taken = False
        assert here.get("/simple/there/").body == first.body


# ---------------------------------------------------------------- files


def test_files_on_miss_and_hit(here: World) -> None:
    target, content = here.file()
    ranges = {
        "bytes=2-5": content[2:6],
        "bytes=-7": content[-7:],
        f"bytes={len(content) - 3}-": content[-3:],
    }
    for state in ("MISS", "HIT"):
        head = here.get(target, "HEAD")
        assert (head.status, head.one("Content-Length"), head.body) == (200, str(len(content)), b"")
        for text, part in ranges.items():
            answer = here.get(target, headers=[("Range", text)])
            assert (answer.status, answer.body) == (206, part), (state, text)
            assert str(answer.one("X-Cache")).split()[0] == state
            assert str(answer.one("Content-Range")).endswith(f"/{len(content)}")
        beyond = [("Range", f"bytes={len(content) + 5}-")]
        assert here.get(target, headers=beyond).status == 416
        whole = here.get(target)
        assert (whole.status, whole.body) == (200, content)
        assert str(whole.one("X-Cache")).split()[0] == state
        assert "immutable" in str(whole.one("Cache-Control"))
        assert whole.one("X-Index-Source") == "proxy/a"
        tag = [("If-None-Match", str(whole.one("ETag")))]
        assert here.get(target, headers=tag).status == 304
    here.set("refused")
    assert here.get(target).body == content
    assert here.get(target, "HEAD").one("Content-Length") == str(len(content))


def test_an_escaped_plus_is_another_file(here: World) -> None:
    host = here.indexes[0].files
    host.content["/packages/x/y+1.whl"] = b"with a plus"
    host.content["/packages/x/y%2B1.whl"] = b"never"
    for target in ("/files/a/packages/x/y%2B1.whl", "/files/a/packages/x/y+1.whl"):
        for _ in range(2):
            assert here.get(target).body == b"with a plus"
            assert [r.target for r in host.requests] in ([], [target.removeprefix("/files/a")])
    assert len(here.copies()) == 2


def test_what_breaks_off_is_not_kept(here: World) -> None:
    target, content = here.file()
    here.set("truncated")
    for url in ("/simple/there/", target):
        with contextlib.suppress(AssertionError):  # the client sees that the answer is not whole
            assert len(here.get(url).body) < 500
        assert here.copies() == [], url
    here.set("ok")
    wait_until(lambda: here.get(target).body == content, "the file is whole")
    assert here.get("/simple/there/").body.rstrip().endswith(b"</html>")


def test_a_client_that_goes_away_leaves_no_half_file(here: World) -> None:
    host = here.indexes[0].files
    host.content["/packages/x/large-1.whl"] = content = os.urandom(40_000_000)
    request = request_bytes("/files/a/packages/x/large-1.whl")
    with socket.create_connection((HOST, here.live.port)) as client:
        client.sendall(request)
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
    wait_until(lambda: not list((here.place / "tree/cache").glob("aptmp*")), "it has been given up")
    assert here.get("/files/a/packages/x/large-1.whl").body == content
    assert here.get("/files/a/packages/x/large-1.whl").body == content
    assert here.asked == (0,)


# ---------------------------------------------------------------- the machine


@pytest.mark.skipif(not is_root(), reason="root only: the directory belongs to somebody else")
def test_a_cache_that_cannot_be_written_costs_nothing_but_time(place: Path) -> None:
    with world(place) as here:
        os.chown(place / "tree" / "cache", 0, 0)
        target, content = here.file()
        for _ in range(2):
            assert here.get("/simple/there/", headers=GZIP).status == 200
            assert here.get(target).body == content
            assert here.asked == (1,)
            assert here.get("/simple/missing/").status == 404
        here.set("503")
        assert here.get("/simple/there/").status in UNAVAILABLE


@pytest.mark.parametrize("copies", [True, False], ids=["copies", "plain"])
def test_offline_asks_nobody(place: Path, copies: bool) -> None:
    web = trees.bandersnatch(place / "web", wheels("mirrored-3.0"))
    mirror = {"name": "web", "mirror": str(web), "layout": "bandersnatch"}
    (place / "online").mkdir()
    with world(place / "online", copies=copies) as online:
        page = online.get("/simple/there/").body
        target, content = online.file()
        online.get(target)
        place.joinpath("kept").mkdir()
        if copies:
            (place / "online/tree/cache").rename(place / "cache")
    proxy = {"name": "a", "proxy": online.indexes[0].url, "kind": "pypi"}
    proxy["files"] = [f"{online.indexes[0].files.origin}/"]  # type: ignore[assignment]
    grow_old()
    with world(place, 0, proxy, mirror, copies=copies, offline=True) as here:
        if copies:
            (place / "tree/cache").rmdir()
            (place / "cache").rename(place / "tree/cache")
            assert here.get("/simple/there/").body == page
            assert here.get(target).body == content
            assert here.get(target, headers=[("Range", "bytes=-4")]).body == content[-4:]
        else:
            assert here.get("/simple/there/").status in UNAVAILABLE
            assert here.get(target).status in UNAVAILABLE
        assert here.get("/simple/unknown/").status in UNAVAILABLE
        assert here.get("/simple/mirrored/").one("X-Index-Source") == "mirror/web"
        assert here.get("/simple/acme-foo/").status == 200
        assert here.get("/simple/acme-ghost/").status == 404


def test_a_private_index_is_always_asked_and_stood_in_for(place: Path) -> None:
    with upstream(Index(wheels("egg-tool-1.0"))) as eggs:
        ours = {"name": "eggs", "proxy": eggs.url, "claims": ["egg-*"], "retry": "1s"}
        private = [{"name": "team", "path": str(place / "team"), "claims": ["acme-*"]}, ours]
        with world(place, private=private) as here:

            def get(name: str) -> tuple[int, str | None, int]:
                eggs.forget()
                answer = here.get(f"/simple/{name}/")
                return answer.status, answer.one("X-Index-Source"), len(eggs.requests)

            for _ in range(2):
                assert get("egg-tool") == (200, "private/eggs", 1)
            assert get("egg-other") == (404, "private/eggs", 1)
            eggs.set_mode("503")
            assert get("egg-tool") == (200, "private/eggs", 1)
            assert get("egg-other")[:2] == (502, "private/eggs")
            assert here.asked == (0,)


def test_a_name_that_becomes_private_is_private_at_once(here: World) -> None:
    assert here.get("/simple/there/").one("X-Index-Source") == "proxy/a"
    directory = here.place / "team" / "there"
    directory.mkdir()
    try:
        answer = here.get("/simple/there/")
        assert (answer.status, answer.one("X-Index-Source")) == (404, "private/team")
    finally:
        directory.rmdir()


def test_the_urls_of_copies_are_closed(here: World) -> None:
    here.get("/simple/there/")
    ((url, *_),) = [path.read_bytes().split(b"example.org")[1:] for path in here.copies()]
    key = url.split(b"?")[0].decode()
    assert key.startswith("/simple/-/pages/a/there/")
    for target in (key, f"/{key}", "/-/rg_again/have", f"/-/rg_begin{key}", f"/-/rg_next{key}"):
        answer = ask(here.live.port, target)
        assert (answer.status, answer.one("X-Index-Source")) == (404, "none")
