"""The wire of `check`: bytes as they are, answers as they came, limits that hold; and how results become findings."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from rewritegen.check.results import About, Results
from rewritegen.check.target import Target, split_url
from rewritegen.check.wire import Ask, Limits, OutOfTimeError, Wire

HOST = "127.0.0.1"
SEEN = About("private/team", "private[0]", "private[0] team")


@contextlib.contextmanager
def server(serve: Callable[[socket.socket, bytes], None]) -> Iterator[tuple[Wire, list[bytes]]]:
    """A server that does what it is told with each request; its connections stay open until ``serve`` returns."""
    listener = socket.create_server((HOST, 0))
    asked: list[bytes] = []
    open_ones: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_ones.append(connection)
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    def handle(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(65536):
                asked.append(data)
                serve(connection, data)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    target = Target("http", HOST, listener.getsockname()[1], "", "/simple/")
    wire = Wire(target, Limits(rate=0, timeout=5, total=0))
    try:
        yield wire, asked
    finally:
        wire.close()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_ones:
            connection.close()
        thread.join(5)


def answer(data: bytes) -> Callable[[socket.socket, bytes], None]:
    """Answer with these bytes, and close."""

    def serve(connection: socket.socket, _: bytes) -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_RDWR)

    return serve


ASKS = {
    "dots": (Ask("/simple/x/../acme/"), b"GET /simple/x/../acme/ HTTP/1.1\r\n"),
    "escapes": (Ask("/simple/%61cme%2F"), b"GET /simple/%61cme%2F HTTP/1.1\r\n"),
    "slashes": (Ask("//simple//x"), b"GET //simple//x HTTP/1.1\r\n"),
    "absolute": (
        Ask("/x", absolute="http://other.example.org/x"),
        b"GET http://other.example.org/x HTTP",
    ),
    "lower case": (Ask("/x", "get"), b"get /x HTTP/1.1\r\n"),
    "no host": (Ask("/x", version="HTTP/1.0", host=None), b"GET /x HTTP/1.0\r\nUser-Agent"),
    "body": (Ask("/x", "POST", body=b"a=b"), b"Content-Length: 3\r\n\r\na=b"),
    "own host": (
        Ask("/x", headers=(("Host", "other.example.org"),)),
        b"1.1\r\nHost: other.example.org\r\n",
    ),
}


@pytest.mark.parametrize("name", ASKS)
def test_what_is_asked_goes_out_as_it_is(name: str) -> None:
    ask, expected = ASKS[name]
    with server(answer(b"HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n")) as (wire, asked):
        assert wire.ask(ask).status == 204
    assert expected in asked[0]
    assert asked[0].count(b"Host:") == int(name != "no host")


ANSWERS = {
    "whole": (b"HTTP/1.1 200 x\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", True),
    "to the end": (b"HTTP/1.1 200 x\r\n\r\nok", 200, b"ok", True),
    "chunks": (
        b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        200,
        b"ok",
        True,
    ),
    "cut off": (b"HTTP/1.1 200 x\r\nContent-Length: 9\r\n\r\nok", 200, b"ok", False),
    "chunks cut off": (
        b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok",
        200,
        None,
        False,
    ),
    "no HTTP": (b"<html>hello</html>\r\n\r\n", 0, b"", True),
    "nothing": (b"", 0, b"", True),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_are_read_as_they_came(name: str) -> None:
    data, status, body, whole = ANSWERS[name]
    with server(answer(data)) as (wire, _):
        got = wire.ask(Ask("/x"))
    assert (got.status, got.whole) == (status, whole)
    assert body is None or got.body == body
    assert bool(got.problem) == (status == 0 or name == "chunks cut off")


def test_a_connection_is_kept_and_a_closed_one_made_again() -> None:
    number = 0

    def serve(connection: socket.socket, _: bytes) -> None:
        nonlocal number
        number += 1
        if number == 2:  # the server closed it in between: this request was never read
            connection.shutdown(socket.SHUT_RDWR)
            return
        connection.sendall(b"HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n")

    with server(serve) as (wire, asked):
        assert [wire.ask(Ask(f"/{one}")).status for one in range(3)] == [200, 200, 200]
    assert len(asked) == 4


def test_drops_do_not_hold_it_for_ever() -> None:
    def serve(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 x\r\nContent-Length: 100000\r\n\r\n")
        pause = threading.Event()
        for _number in range(100):
            connection.sendall(b"x" * 1000)
            pause.wait(0.1)

    with server(serve) as (wire, _):
        wire.limits = Limits(rate=0, timeout=5, total=0.5)
        wire.begin()
        began = time.monotonic()
        with pytest.raises(OutOfTimeError):
            wire.ask(Ask("/x"))
        assert time.monotonic() - began < 8


def test_the_rate_holds_for_all_together() -> None:
    with server(answer(b"HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n")) as (wire, _):
        wire.limits = Limits(rate=50)
        began = time.monotonic()
        for _ in range(11):
            wire.ask(Ask("/x"))
    assert time.monotonic() - began >= 0.2


def test_headers_of_a_server_are_shown_without_what_a_terminal_obeys() -> None:
    with server(answer(b"HTTP/1.1 302 x\r\nLocation: \x1b[31m\xe2\x80\xae\r\n\r\n")) as (wire, _):
        said = wire.ask(Ask("/x")).said
    assert said.isprintable()
    assert "Location" in said


@pytest.mark.parametrize(
    "url", ["http://h:99999/", "http://h:x/", "http://h/?q", "http://h/#f", "x://h/"]
)
def test_no_url(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        split_url(url)


# ---------------------------------------------------------------------- results


def test_what_got_the_same_answer_is_one_finding() -> None:
    results = Results()
    for name in "abcde":
        results.see("RG918", False, SEEN, f"GET /{name}", "200", "404")
    results.see("RG918", True, SEEN)
    results.see("RG918", True, SEEN)
    right, wrong = sorted(results.findings(), key=lambda one: one.counts)
    assert (wrong.severity, wrong.subject) == ("error", "GET /a; GET /b; GET /c; and 2 more")
    assert (right.severity, right.came) == ("ok", "looked at 2 times")


def test_only_the_first_answers_of_a_rule_are_told() -> None:
    results = Results()
    for number in range(5):
        results.see("RG918", False, SEEN, f"GET /{number}", "200", str(number))
    told = results.findings()
    assert [one.severity for one in told].count("error") == 3
    assert "2 more answers" in next(one.title for one in told if one.severity == "note")


def test_leaks_are_told_first() -> None:
    results = Results()
    results.see("RG901", False, SEEN)
    results.see("RG931", False, SEEN)
    assert [one.code for one in results.findings()] == ["RG931", "RG901"]


def test_the_order_of_threads_changes_nothing() -> None:
    one, other = Results(), Results()
    for results, names in ((one, "abcdef"), (other, "fedcba")):
        for name in names:
            results.see("RG918", False, SEEN, f"GET /{name}", "200", name)
    assert one.findings() == other.findings()


def test_an_index_that_is_not_ours_is_not_generated_again() -> None:
    results = Results()
    results.see("RG943", False, SEEN)
    (finding,) = results.findings()
    assert "generate" not in finding.next_step
