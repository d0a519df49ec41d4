"""`check` where a table of faults does not reach: TLS, auth, fronts, thousands of projects, a canary."""

from __future__ import annotations

import contextlib
import datetime
import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner

from rewritegen.cli import commands
from tests.check.world import SAMPLES, Checked, check, codes, world
from tests.support import trees
from tests.support.certificates import Authority
from tests.support.credentials import PASSWORD, USER, admission
from tests.support.processes import HOST, free_port, wait_until
from tests.support.scenes import wheels
from tests.support.sites import index_site

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture
def made(server_kind: str, place: Path) -> Iterator[Checked]:
    """The world, on nginx and on httpd."""
    with world(server_kind, place) as checked:
        yield checked


def found(report: dict[str, Any], code: str) -> dict[str, Any]:
    """The first finding of a code that is not ok."""
    return next(
        one for one in report["findings"] if one["code"] == code and one["severity"] != "ok"
    )


# ---------------------------------------------------------------------- what runs


def test_an_old_configuration_is_seen(made: Checked) -> None:
    with made.running() as live:
        old = json.loads(json.dumps(made.settings))
        made.settings["private"][0]["claims"].append("new-*")
        # the same port, another YAML: it was not generated and loaded again
        made.write(listen=[f"{HOST}:{live.port}"], inner=f"{HOST}:{live.plan.inner[1]}")
        code, report = check(made.site, live.url, *SAMPLES, "--remote")
        assert (code, "RG906" in codes(report)) == (1, True)
        made.settings = old
        made.write(listen=[f"{HOST}:{live.port}"], inner=f"{HOST}:{live.plan.inner[1]}")
        assert check(made.site, live.url, *SAMPLES, "--remote")[0] == 0


def test_a_finding_names_the_rule_the_line_and_the_block(made: Checked) -> None:
    with made.running() as live:
        made.index.refuse()
        _, report = check(made.site, live.url, *SAMPLES)
        text = "".join(path.read_text() for path in (made.root / "tree").glob("*.conf"))
    one = found(report, "RG963")
    assert (one["key"], one["family"]) == ("fallbacks[1]", "proxy/public")
    line = made.site.read_text().splitlines()[one["place"]["line"] - 1]
    assert "public" in line
    assert one["block"] in text
    assert one["code"] in report["rules"]


def test_nobody_listens(made: Checked) -> None:
    code, report = check(made.site, f"http://{HOST}:{free_port()}/simple/")
    assert (code, codes(report)) == (1, {"RG901"})


# ---------------------------------------------------------------------- TLS


def _certificate(
    authority: Authority, place: Path, name: str, until: datetime.datetime, lives: int
) -> dict[str, Any]:
    """Write a certificate of the session's authority; ``until`` may have passed, and it ``lives`` so many days."""
    own: trustme.CA = authority._authority
    issued = own.issue_cert(
        name, not_before=until - datetime.timedelta(days=lives), not_after=until
    )
    chain, key = place / "site.crt", place / "site.key"
    chain.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(key))
    return {"tls": {"certificate": str(chain), "key": str(key)}}


NOW = datetime.datetime.now()

CERTIFICATES = {
    "good": (HOST, NOW + datetime.timedelta(days=300), 365, True, set()),
    "lives short": (HOST, NOW + datetime.timedelta(days=5), 6, True, set()),
    "expires soon": (HOST, NOW + datetime.timedelta(days=5), 90, True, {"RG903"}),
    "expired": (HOST, NOW - datetime.timedelta(days=5), 90, True, {"RG903"}),
    "another name": ("other.example.org", NOW + datetime.timedelta(days=300), 365, True, {"RG902"}),
    "unknown authority": (HOST, NOW + datetime.timedelta(days=300), 365, False, {"RG902"}),
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_certificates(name: str, made: Checked, authority: Authority) -> None:
    host, until, lives, trusted, wanted = CERTIFICATES[name]
    made.settings |= _certificate(authority, made.root, host, until, lives)
    made.write()
    with made.running() as live:
        ca = ["--ca", str(authority.pem)] if trusted else []
        code, report = check(made.site, live.url, *SAMPLES, *ca)
    assert (code, codes(report)) == (int(bool(wanted)), wanted)


# ---------------------------------------------------------------------- auth


def test_a_missing_token_is_401_and_nothing_is_forwarded(
    made: Checked, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with admission("basic", made.root / "auth", authority) as admitted:
        made.settings |= admitted.settings
        made.write()
        with made.running() as live:
            made.index.forget()
            code, report = check(made.site, live.url, *SAMPLES)
            assert (code, made.index.requests, codes(report, ("note",))) == (0, [], {"RG908"})
            assert any(one["code"] == "RG970" for one in report["findings"])
            netrc = made.root / "netrc"
            netrc.write_text(f"machine {HOST} login {USER} password {PASSWORD}\n")
            netrc.chmod(0o600)
            for options in (
                ("--netrc", str(netrc)),
                ("--header", admitted.headers[0][0] + ": " + admitted.headers[0][1]),
            ):
                code, report = check(made.site, live.url, *SAMPLES, *options)
                assert (code, codes(report, ("error", "warning", "note"))) == (0, set())
                assert PASSWORD not in json.dumps(report)
            code, report = check(made.site, live.url.replace("//", "//anna:wrong@"), *SAMPLES)
            assert (code, codes(report), "wrong" in json.dumps(report)) == (1, {"RG908"}, False)


def test_auth_that_was_taken_away_is_seen(made: Checked, authority: Authority) -> None:
    with admission("basic", made.root / "auth", authority) as admitted, made.running() as live:
        # the YAML asks for a password, what runs does not
        made.settings |= admitted.settings
        made.write(listen=[f"{HOST}:{live.port}"])
        options = ("--header", f"{admitted.headers[0][0]}: {admitted.headers[0][1]}")
        code, report = check(made.site, live.url, *SAMPLES, *options)
    assert (code, codes(report) >= {"RG970", "RG971", "RG906"}) == (1, True)


def test_client_certificates(made: Checked, authority: Authority) -> None:
    with admission("certificates", made.root / "auth", authority) as admitted:
        made.settings |= admitted.settings
        made.write()
        shown = made.root / "auth" / "clients"
        pair = (
            "--client-cert",
            str(shown / "anna.example.org.crt"),
            "--client-key",
            str(shown / "anna.example.org.key"),
        )
        with made.running() as live:
            code, report = check(made.site, live.url, *SAMPLES, "--ca", str(authority.pem), *pair)
            assert (code, codes(report, ("error", "warning", "note"))) == (0, set())
            code, report = check(made.site, live.url, *SAMPLES, "--ca", str(authority.pem))
            assert (code, codes(report, ("note",))) == (0, {"RG908"})


# ---------------------------------------------------------------------- a front


def _passed_on(behind: socket.socket, method: str, change: Callable[[bytes], bytes]) -> bytes:
    """One answer, read to its own end: httpd does not always close when it is asked to."""
    answer = http.client.HTTPResponse(behind, method=method)
    try:
        answer.begin()
        body = answer.read()
    except http.client.HTTPException:
        return b""
    kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP]
    length = answer.headers.get("Content-Length", str(len(body)))
    lines = [f"HTTP/1.1 {answer.status} x", *(f"{name}: {value}" for name, value in kept)]
    lines += [] if answer.status == 304 else [f"Content-Length: {length}"]
    head = "\r\n".join([*lines, "Connection: close"]).encode("latin-1")
    return change(head) + b"\r\n\r\n" + body


_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length")


@contextlib.contextmanager
def front(
    port: int,
    prefix: bytes,
    change: Callable[[bytes], bytes] = lambda head: head,
    instead: Callable[[bytes], bytes | None] = lambda request: None,
) -> Iterator[int]:
    """A reverse proxy at a sub-path that passes on bytes.

    :param change: what it does to the headers of answers.
    :param instead: what it answers by itself, if it does.
    """
    listener = socket.create_server((HOST, 0))
    listener.settimeout(0.1)
    stop = threading.Event()

    def serve(client: socket.socket) -> None:
        with client:
            client.settimeout(10)
            data = client.recv(65536)
            if not data:
                return
            line, _, rest = data.partition(b"\r\n")
            if (own := instead(data)) is not None:
                client.sendall(own)
                return
            line = line.replace(b" " + prefix, b" ", 1)
            rest = rest.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
            with socket.create_connection((HOST, port), timeout=10) as behind:
                behind.sendall(line + b"\r\n" + rest)
                client.sendall(_passed_on(behind, line.split(b" ")[0].decode(), change))

    def accept() -> None:
        while not stop.is_set():
            with contextlib.suppress(TimeoutError, OSError):
                client, _ = listener.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        thread.join()
        listener.close()


def _sub(head: bytes) -> bytes:
    return head.replace(b"Location: /", b"Location: /sub/")


FRONTS: dict[str, tuple[Callable[[bytes], bytes], set[str] | None]] = {
    "right": (_sub, set()),
    "source taken away": (lambda head: re.sub(rb"\r\nX-Index-Source[^\r]*", b"", _sub(head)), None),
    "Location as it is": (lambda head: head, {"RG941"}),
    "clock": (
        lambda head: re.sub(
            rb"Date: [^\r]*",
            b"Date: Mon, 06 Jul 2026 10:00:00 GMT",
            _sub(head),
        ),
        {"RG904"},
    ),
}


@pytest.mark.parametrize("name", FRONTS)
def test_behind_a_front_at_a_sub_path(made: Checked, name: str) -> None:
    change, wanted = FRONTS[name]
    with made.running() as live, front(live.port, b"/sub", change) as port:
        url = f"http://{HOST}:{port}/sub/simple/"
        code, report = check(made.site, url, *SAMPLES, "--remote", "--connections", "2")
    if wanted is None:
        for rule in ("RG951", "RG961"):
            assert "let the front pass X-Index-Source on" in found(report, rule)["next_step"]
    else:
        assert (code, codes(report)) == (int(bool(wanted)), wanted), report["findings"]


def test_a_sample_that_nobody_has(place: Path) -> None:
    with world("nginx", place) as made, made.running() as live:
        for sample in ("public:nowhere", "nowhere"):
            code, report = check(made.site, live.url, "--sample", sample)
            assert (code, codes(report)) == (1, {"RG960"})


# ---------------------------------------------------------------------- non-disclosure


def test_nothing_private_goes_anywhere(made: Checked) -> None:
    with made.running() as live:
        made.index.forget()
        assert check(made.site, live.url, *SAMPLES, "--all")[0] == 0
        asked = b"".join(
            request.raw.lower() for request in (*made.index.requests, *made.index.files.requests)
        )
    assert b"proxied" in asked
    asked = asked.replace(b"acme-oss", b"")  # published by ourselves
    for word in (b"acme", b"secret", b"house", b"plain"):
        assert word not in asked


CANARY = "acme-canary"


def _log(made: Checked) -> Path:
    """Where the site writes what it asks; httpd listens a moment before it is there."""
    log = made.root / "tree" / "logs" / "packages.example.org.fetch.json"
    wait_until(log.is_file, str(log))
    return log


def test_the_canary_is_looked_for_in_the_log_of_what_asks(made: Checked) -> None:
    with made.running() as live:
        log = _log(made)
        proof = ("--canary", CANARY, "--upstream-log", str(log))
        code, report = check(made.site, live.url, *SAMPLES, *proof)
        assert (code, codes(report, ("error", "warning", "note"))) == (0, set())
        assert any(one["code"] == "RG990" for one in report["findings"])


def test_a_canary_that_gets_out_is_found(place: Path) -> None:
    with world("nginx", place) as made:
        fault = next(one for one in _faults() if one.id == "claims edited away")
        with made.running(lambda tree: fault.apply("nginx", tree)) as live:
            log = _log(made)
            proof = ("--canary", CANARY, "--upstream-log", str(log), "--remote")
            code, report = check(made.site, live.url, *SAMPLES, *proof)
    assert (code, "RG990" in codes(report)) == (1, True)


def test_a_log_of_something_else_proves_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rewritegen.check.disclosure._WAIT_SECONDS", 0.2)
    with world("nginx", place) as made, made.running() as live:
        other = place / "other.log"
        other.write_text("acme-canary stood here before\n")
        code, report = check(made.site, live.url, "--canary", CANARY, "--upstream-log", str(other))
    assert (code, codes(report)) == (1, {"RG991"})


def test_listening_is_being_the_upstream(made: Checked) -> None:
    port = free_port()
    made.settings["fallbacks"][1] |= {
        "proxy": f"http://{HOST}:{port}/simple/",
        "kind": "simple",
        "files": [],
    }
    made.write()
    with made.running() as live:
        proof = ("--canary", CANARY, "--listen", f"{HOST}:{port}")
        code, report = check(made.site, live.url, "--sample", "copy:mirrored", *proof)
    assert (code, codes(report)) == (0, set()), report["findings"]
    assert any(one["code"] == "RG990" for one in report["findings"])


# ---------------------------------------------------------------------- copies


@pytest.mark.parametrize("broken", [False, True], ids=["as generated", "copies first"])
def test_a_copy_of_a_name_that_is_private_now(made: Checked, broken: bool) -> None:
    """A page was kept while its name was public; what runs must look at who owns it before it looks at copies."""
    fault = next(one for one in _faults() if one.id == "fallback before private")
    made.index.add("late-tool", wheels("late-tool-99.0")["late-tool"])
    with made.running(lambda tree: fault.apply(made.kind, tree) if broken else None) as live:
        check(made.site, live.url, "--sample", "public:late-tool", "--remote")
        trees.projects(made.root / "team", wheels("late-tool-1.0"))
        index_site(made.site)
        code, report = check(made.site, live.url, *SAMPLES, "--remote", "--all")
    late = [one for one in report["findings"] if "late-tool" in one["subject"]]
    if broken:
        assert {one["code"] for one in late} == {"RG911"}
        assert "X-Cache HIT" in late[0]["came"]
    else:
        assert (code, late) == (0, [])


# ---------------------------------------------------------------------- many


@pytest.mark.long
def test_two_thousand_projects_are_checked_in_time(server_kind: str, place: Path) -> None:
    with world(server_kind, place) as made:
        names = [f"acme-p{number:04d}" for number in range(2000)]
        trees.projects(made.root / "team", wheels(*(f"{name}-1.0" for name in names)))
        index_site(made.site)
        with made.running() as live:
            arguments = ["check", str(made.site), "--url", live.url, *SAMPLES, "--format", "json"]
            began = time.monotonic()
            done = CliRunner().invoke(commands, arguments, standalone_mode=False)
            seconds = time.monotonic() - began
            report = json.loads(done.stdout)
    assert (done.return_value, report["facts"]["private projects"]) == (0, "2005")
    assert seconds < 20


def test_all_visits_everything(made: Checked) -> None:
    gone = made.state / "pages" / "team" / "acme-bar" / "index.v1_html"
    gone.write_bytes(gone.read_bytes()[:-100])
    with made.running() as live:
        _, report = check(made.site, live.url, "--all", "--remote")
    assert "RG914" in codes(report)


def test_it_is_polite(place: Path) -> None:
    with world("nginx", place) as made, made.running() as live:
        began = time.monotonic()
        code, report = check(made.site, live.url, "--rate", "100", "--total", "1", "--remote")
        seconds = time.monotonic() - began
    assert (code, codes(report)) == (1, {"RG907"})
    assert int(report["facts"]["requests"]) <= 120
    assert seconds < 5


def _faults() -> Any:
    from tests.check.faults import FAULTS

    return FAULTS
