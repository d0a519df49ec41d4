"""The comparison can fail: every way in which an answer may be wrong is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewritegen.decide import Decision
from rewritegen.plan import Plan, compile_plan
from rewritegen.representations import JSON
from rewritegen.response_headers import OWN
from rewritegen.site import load_site
from tests.support.compare import (
    differences,
    foreign_headers,
    hrefs,
    partial_differences,
    upstream_differences,
)
from tests.support.upstream import Index, Recorded
from tests.support.wire import Answer

PAGE = b'{"files": []}'
HEADERS = {
    "X-Index-Source": "private/team",
    "Content-Type": JSON.content_type,
    "Vary": "Accept, Accept-Encoding",
    "Cache-Control": "no-cache",
    "Server": "nginx",
    **dict(OWN),
}
SITE = b"server_name: packages.example.org\nstate: /state\nprivate: [{path: /srv/team}]\n"
UPSTREAM = Index({"proxied": {"proxied-1.0.tar.gz": b"content"}})


@pytest.fixture(scope="module")
def plan() -> Plan:
    return compile_plan(load_site("site.yaml", text=SITE))


@pytest.fixture
def decision(tmp_path: Path) -> Decision:
    page = tmp_path / "index.v1_json"
    page.write_bytes(PAGE)
    return Decision(200, "private/team", None, JSON, str(page))


def answer(status: int = 200, body: bytes = PAGE, **changed: str | None) -> Answer:
    """The right answer, with some headers changed; underscores stand for dashes, None leaves one out."""
    headers = {**HEADERS, **{name.replace("_", "-"): value for name, value in changed.items()}}
    return Answer(status, tuple((k, v) for k, v in headers.items() if v is not None), body, body)


def test_the_right_answer_has_no_differences(plan: Plan, decision: Decision) -> None:
    assert list(differences(plan, decision, answer(), "GET", ())) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (answer(404), "status 404"),
        (answer(X_Index_Source="none"), "X-Index-Source"),
        (answer(X_Index_Source=None), "X-Index-Source"),
        (answer(Location="/elsewhere/"), "Location"),
        (answer(Content_Type="text/html"), "Content-Type"),
        (answer(Vary="Accept"), "Vary"),
        (answer(Vary=None), "Vary"),
        (answer(Cache_Control="max-age=600"), "Cache-Control"),
        (answer(Set_Cookie="a=b"), "cookie"),
        (answer(Server="nginx/1.22.1"), "version"),
        (answer(body=PAGE + b" "), "body"),
        (answer(Content_Security_Policy=None), "Content-Security-Policy"),
        (answer(Content_Security_Policy="sandbox allow-scripts"), "Content-Security-Policy"),
        (answer(X_Content_Type_Options=None), "X-Content-Type-Options"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_wrong_answer_is_seen(
    plan: Plan, decision: Decision, wrong: Answer, said: str
) -> None:
    (found,) = differences(plan, decision, wrong, "GET", ())
    assert said in found


def test_two_allow_lines_are_seen(plan: Plan) -> None:
    twice = (("Allow", ""), ("Allow", "GET, HEAD"), ("X-Index-Source", "none"), *OWN)
    found = list(differences(plan, Decision(405), Answer(405, twice, b"no", b""), "POST", ()))
    assert len(found) == 1
    assert found[0].startswith("Allow")


def test_a_listing_with_a_foreign_link_is_seen(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "a+b-1.0.tar.gz").touch()
    (tmp_path / ".hidden").touch()
    listed = Decision(200, "private/team", None, None, str(tmp_path))
    right = b'<a href="../">up</a><a href="a%2Bb-1.0.tar.gz">x</a>'
    assert hrefs(right) == ["../", "a%2Bb-1.0.tar.gz"]
    for body, wrong in ((right, 0), (right + b'<a href=".hidden">x</a>', 1), (b"", 1)):
        sent = answer(
            body=body, Content_Type="application/octet-stream", Cache_Control="max-age=600"
        )
        assert len(list(differences(plan, listed, sent, "GET", ()))) == wrong


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("POST /simple/proxied/ HTTP/1.1\r\nHost: {host}", "forwarded POST"),
        ("GET /simple/proxied/ HTTP/1.1\r\nHost: {host}\r\nCookie: a=b", "cookie"),
        ("GET /simple/proxied/ HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-For: 1", "x-forwarded-for"),
        ("GET /simple/proxied/ HTTP/1.1\r\nHost: packages.example.org", "forwarded Host"),
        ("GET /simple/Proxied/ HTTP/1.1\r\nHost: {host}", "asked upstream"),
        ("GET /simple/proxied/?q HTTP/1.1\r\nHost: {host}", "asked upstream"),
    ],
)
def test_every_wrong_request_upstream_is_seen(plan: Plan, raw: str, said: str) -> None:
    decision = Decision(404, forwarded=(f"{UPSTREAM.url}proxied/",))
    host = UPSTREAM.origin.partition("//")[2]
    UPSTREAM.requests[:] = [Recorded("index", raw.format(host=host).encode(), None)]
    found = list(upstream_differences(plan, decision, [UPSTREAM]))
    assert len(found) == 1
    assert said in found[0]


def test_a_request_too_few_is_seen(plan: Plan) -> None:
    UPSTREAM.forget()
    decision = Decision(404, forwarded=(f"{UPSTREAM.url}proxied/",))
    assert len(list(upstream_differences(plan, decision, [UPSTREAM]))) == 1


def test_a_url_of_which_there_is_a_copy_need_not_be_asked(plan: Plan) -> None:
    UPSTREAM.forget()
    url = f"{UPSTREAM.url}proxied/"
    assert (
        list(upstream_differences(plan, Decision(404, forwarded=(url,)), [UPSTREAM], {url})) == []
    )


@pytest.mark.parametrize(
    ("line", "foreign"),
    [
        ("User-Agent: rewritegen", []),
        ("Range: bytes=0-1", []),
        ("Range: bytes=0-2", ["range"]),
        ("User-Agent: pip", ["user-agent"]),
        ("X-Anything: 1", ["x-anything"]),
    ],
)
def test_a_header_that_is_none_of_the_fixed_ones_is_seen(line: str, foreign: list[str]) -> None:
    request = Recorded("files", f"GET /x HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n".encode(), None)
    sent = {("range", "bytes=0-1"), ("user-agent", "pip")}
    assert [name for name, _ in foreign_headers(request, sent, page=False)] == foreign


@pytest.mark.parametrize(
    ("value", "kept", "right"),
    [
        ('"0123456789abcdef"', True, True),
        ('W/"0123456789abcdef"', True, True),
        ('"0123456789abcdef"', False, False),
        ('"of-a-client"', True, False),
        ('"fedcba9876543210"', True, False),
    ],
)
def test_a_copy_is_renewed_with_the_etag_of_the_upstream(
    value: str, kept: bool, right: bool
) -> None:
    line = f"GET /x/ HTTP/1.1\r\nHost: x\r\nIf-None-Match: {value}\r\n\r\n"
    request = Recorded("index", line.encode(), None)
    sent = {("if-none-match", '"fedcba9876543210"')}
    found = list(foreign_headers(request, sent, page=True, kept=kept))
    assert found == ([] if right else [("if-none-match", value)])


@pytest.mark.parametrize(
    ("span", "body", "wrong"),
    [
        ("bytes 1-4/13", PAGE[1:5], 0),
        ("bytes 1-4/13", PAGE[0:4], 1),
        ("bytes 1-4/13", PAGE[1:4], 2),
        ("bytes 1-4/12", PAGE[1:5], 1),
        (None, PAGE, 1),
    ],
)
def test_a_part_that_is_not_the_right_one_is_seen(
    plan: Plan, decision: Decision, span: str | None, body: bytes, wrong: int
) -> None:
    part = answer(206, body, Content_Range=span)
    found = partial_differences(plan, decision, part, {"range": "bytes=1-4"}, "GET", ())
    assert found is not None
    assert len(list(found)) == wrong
    assert partial_differences(plan, decision, part, {}, "GET", ()) is None
