"""The search for canaries and private names finds them in every encoding, and finds nothing in what is public."""

from __future__ import annotations

import base64
import gzip

import pytest

from tests.differential.canaries import CANARY, Watch
from tests.differential.rich import RICH
from tests.support.upstream import Recorded
from tests.support.wire import parse_answer

WATCH = Watch(RICH)
NOTHING = frozenset[str]()


def read(target: str, *lines: str, body: bytes = b"", expected: bool = False) -> list[str]:
    """What is found in a request for a page."""
    head = "\r\n".join([f"GET {target} HTTP/1.1", "Host: x", *lines, "", ""]).encode("latin-1")
    recorded = Recorded("index", head + body, None)
    return list(WATCH.upstream(recorded, private=NOTHING, expected=expected, page=True))


@pytest.mark.parametrize(
    "text",
    [
        "quxvo",
        "QUXVO_tool",
        "Zyblof.-_Gone",
        "zyblof%2Dgone",
        "%71uxvo",
        "%2571uxvo",
        "ZYBLOF%255fgone",
        base64.b64encode(b"quxvo:x").decode(),
        base64.b64encode(b"a:quxvo").decode(),
        base64.b64encode(b"ab:wraktu").decode(),
    ],
)
def test_a_private_name_is_found_in_any_encoding(text: str) -> None:
    assert read(f"/simple/{text}/")
    assert read("/simple/lumen/", f"X-A: {text}", expected=True)
    assert read("/simple/lumen/", body=text.encode(), expected=True)


def test_a_name_that_the_model_forwards_is_judged_as_a_name() -> None:
    assert read("/simple/quxvo-tool/", expected=True)
    assert read("/simple/lumen/?x", expected=True)
    assert not read("/simple/quxvox7/", expected=True)  # no claim covers it
    assert not read("/simple/lumen/", expected=True)
    assert not read("/simple/quxvo-oss/")  # public by exception


@pytest.mark.parametrize("packed", [False, True])
def test_a_canary_is_found_in_any_answer(packed: bool) -> None:
    body = gzip.compress(CANARY.encode()) if packed else CANARY.encode()
    coding = "Content-Encoding: gzip\r\n" if packed else ""
    raw = f"HTTP/1.1 200 OK\r\n{coding}Content-Length: {len(body)}\r\n\r\n".encode() + body
    assert list(WATCH.answer(parse_answer(raw, head_only=False)))
    assert not list(WATCH.answer(parse_answer(b"HTTP/1.1 200 OK\r\n\r\nlumen", head_only=False)))
