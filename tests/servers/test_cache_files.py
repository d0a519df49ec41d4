"""Files through the copies: whole, in parts and cut off, the first time and from the copy."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.chain import Chain, chain, get
from tests.support.compare import UNAVAILABLE
from tests.support.exchange import Mode
from tests.support.processes import HOST, traversable_directory, wait_until
from tests.support.scenes import wheels
from tests.support.tools import require
from tests.support.wire import request_bytes

pytestmark = [pytest.mark.server, pytest.mark.slow]

LARGE = 300 << 20

#: What a server does another way, which RFC 9110 allows as well.
LIMITS = {
    ("apache", "416"): "a copy of httpd says 416 without the length (15.5.17: SHOULD)",
    (
        "apache",
        "if-range",
    ): "httpd fetches the whole file, and gives it to this client too (13.1.5)",
}


@pytest.fixture(scope="module", params=["nginx", "apache"])
def world(request: pytest.FixtureRequest) -> Iterator[Chain]:
    """The chain on one server."""
    require(request.param)
    with traversable_directory() as place, chain(request.param, place) as made:
        yield made


def _file(world: Chain, word: str) -> tuple[str, bytes]:
    name = f"file-{word}"
    world.first.add(name, wheels(f"{name}-1.0")[name])
    return world.file(name)


#: Range -> where the part begins and ends, counted as Python does; None: not to be had.
RANGES: dict[str, tuple[int | None, int | None] | None] = {
    "bytes=0-9": (0, 10),
    "bytes=10-": (10, None),
    "bytes=-8": (-8, None),
    "bytes=-100000": (0, None),
    "bytes=5-100000": (5, None),
    "bytes=99999-": None,
}


@pytest.mark.parametrize("warm", [False, True], ids=["miss", "hit"])
@pytest.mark.parametrize("span", RANGES)
def test_a_part(world: Chain, span: str, warm: bool) -> None:
    number = [*RANGES].index(span)
    target, content = _file(world, f"part-{number}-{'hit' if warm else 'miss'}")
    if warm:
        assert get(world.copies.port, target).body == content
    got = get(world.copies.port, target, Range=span)
    if (ends := RANGES[span]) is None:
        assert got.status == 416
        if (world.kind, "416") not in LIMITS:
            assert got.headers["content-range"] == f"bytes */{len(content)}"
    else:
        part = content[slice(*ends)]
        assert (got.status, got.body, got.whole) == (206, part, True)
        first = content.index(part)
        last = first + len(part) - 1
        assert got.headers["content-range"] == f"bytes {first}-{last}/{len(content)}"
    whole = get(world.copies.port, target)
    assert (whole.status, whole.body) == (200, content)
    assert whole.headers["accept-ranges"] == "bytes"
    assert "immutable" in whole.headers["cache-control"]


@pytest.mark.parametrize("warm", [False, True], ids=["miss", "hit"])
def test_head(world: Chain, warm: bool) -> None:
    """What uv and pip's fast-deps ask first: length and `Accept-Ranges`."""
    target, content = _file(world, f"head-{'hit' if warm else 'miss'}")
    if warm:
        assert get(world.copies.port, target).body == content
    head = get(world.copies.port, target, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(content))
    assert head.headers["accept-ranges"] == "bytes"
    got = get(world.copies.port, target)
    assert (got.status, got.body) == (200, content)


@pytest.mark.parametrize("warm", [False, True], ids=["miss", "hit"])
def test_a_part_if_nothing_has_changed(world: Chain, warm: bool) -> None:
    target, content = _file(world, f"if-range-{'hit' if warm else 'miss'}")
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    if warm:
        assert get(world.copies.port, target).headers["etag"] == tag
    same = get(world.copies.port, target, Range="bytes=2-5", If_Range=tag)
    whole = not warm and (world.kind, "if-range") in LIMITS
    assert (same.status, same.body) == ((200, content) if whole else (206, content[2:6]))
    other = get(world.copies.port, target, Range="bytes=2-5", If_Range='"another"')
    assert (other.status, other.body) == (200, content)


def test_the_upstream_is_asked_once(world: Chain) -> None:
    target, content = _file(world, "once")
    world.first.files.forget()
    for encoding in ("identity", "gzip", "gzip, br"):
        got = get(world.copies.port, target, Accept_Encoding=encoding)
        assert (got.body, got.headers.get("content-encoding")) == (content, None)
        assert "set-cookie" not in got.headers
    wait_until(lambda: get(world.copies.port, target).cache == "HIT", "there is a copy")
    assert len(world.first.files.requests) == 1


@pytest.mark.parametrize("mode", ["truncated", "too-long", "stall", "reset"])
def test_a_download_that_breaks_off_is_not_kept(world: Chain, mode: Mode) -> None:
    world.recover()
    target, content = _file(world, f"broken-{mode}")
    world.first.files.set_mode(mode)
    broken = get(world.copies.port, target)
    assert broken.status in UNAVAILABLE or not broken.whole
    world.first.files.set_mode("ok")
    wait_until(lambda: get(world.copies.port, target).status == 200, "it is asked again")
    got = get(world.copies.port, target)
    assert (got.status, got.body, got.whole) == (200, content, True)


def test_what_comes_after_an_answer_that_says_to_be_shorter(world: Chain) -> None:
    """By HTTP the answer ends where it says (RFC 9112, 6.3): the rest is in no other answer."""
    world.recover()
    target, content = _file(world, "too-short")
    world.first.files.set_mode("too-short")
    got = get(world.copies.port, target)
    world.first.files.set_mode("ok")
    assert got.status in UNAVAILABLE or content.startswith(got.body)
    for number in range(4):
        other, right = _file(world, f"after-{number}")
        assert get(world.copies.port, other).body == right


def test_a_client_that_goes_away_leaves_no_half_of_a_file(world: Chain) -> None:
    world.recover()
    path = "/packages/00/00/left/left-1.0-py3-none-any.whl"
    world.first.files.large[path] = 64 << 20
    target = world.url_of("first", path)
    with socket.create_connection((HOST, world.copies.port), timeout=10) as connection:
        connection.sendall(request_bytes(target))
        assert connection.recv(1000)
    digest, size, _ = _download(world, target)
    assert (size, digest) == (64 << 20, _digest(64 << 20))


def test_a_large_file_streams(world: Chain) -> None:
    """Its first byte is here before its last is sent, and it is not held in memory."""
    world.recover()
    path = "/packages/00/00/large/large-1.0-py3-none-any.whl"
    world.first.files.large[path] = LARGE
    target = world.url_of("first", path)
    before = _memory(world)
    digest, size, sent = _download(world, target, path)
    assert (size, digest) == (LARGE, _digest(LARGE))
    assert sent < LARGE / 2, f"the first byte came after {sent} of {LARGE} had been sent"
    assert _memory(world) - before < LARGE / 4
    world.first.files.forget()
    wait_until(lambda: get(world.copies.port, target, "HEAD").cache == "HIT", "there is a copy")
    assert _download(world, target)[:2] == (digest, LARGE)
    part = get(world.copies.port, target, Range=f"bytes={LARGE - 5}-")
    assert (part.status, part.body) == (206, b"bcdef")
    assert [request.line for request in world.first.files.requests] == []


def _download(world: Chain, target: str, path: str | None = None) -> tuple[str, int, int]:
    """Hash and size of what comes, and what the upstream had sent when the first byte was here."""
    digest, size, sent = hashlib.sha256(), 0, 0
    with socket.create_connection((HOST, world.copies.port), timeout=30) as connection:
        connection.sendall(request_bytes(target))
        stream = connection.makefile("rb")
        assert stream.readline().split()[1] == b"200"
        while stream.readline().strip():
            pass
        while chunk := stream.read(1 << 16):
            if path and not size:
                sent = world.first.files.sent[path]
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size, sent


def _digest(size: int) -> str:
    digest, block = hashlib.sha256(), b"0123456789abcdef" * 4096
    for _ in range(size // len(block)):
        digest.update(block)
    return digest.hexdigest()


def _memory(world: Chain) -> int:
    """The anonymous memory of the server's processes: files that the kernel keeps are not counted."""
    group = world.copies.server.process.pid
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if os.getpgid(int(status.parent.name)) == group:
                fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
                total += int(fields.get("RssAnon", "0 kB").split()[0]) << 10
        except OSError:
            continue  # it has ended
    return total
