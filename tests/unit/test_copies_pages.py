"""Links in stored pages: both forms, compressed or not, and what is no page."""

from __future__ import annotations

import gzip
import json

import pytest

from rewritegen.copies.pages import Link, UnreadableError, links

ONE = {"filename": "a-1.whl", "url": "../../files/public/a-1.whl#sha256=00", "hashes": {}}
URL = "../../files/public/a-1.whl"


def json_page(**more: object) -> bytes:
    return json.dumps({"meta": {"api-version": "1.0"}, "files": [{**ONE, **more}]}).encode()


def html_page(attributes: str = "") -> bytes:
    return f'<!DOCTYPE html><a href="{ONE["url"]}"{attributes}>a-1.whl</a>'.encode()


@pytest.mark.parametrize(
    ("page", "metadata"),
    [
        pytest.param(json_page(), False, id="json"),
        pytest.param(b"\n " + json_page(), False, id="json behind white space"),
        pytest.param(json_page(**{"core-metadata": {"sha256": "0"}}), True, id="json, metadata"),
        pytest.param(json_page(**{"dist-info-metadata": True}), True, id="json, its old name"),
        pytest.param(json_page(**{"core-metadata": False}), False, id="json, no metadata"),
        pytest.param(html_page(), False, id="html"),
        pytest.param(html_page(' data-core-metadata="sha256=0"'), True, id="html, metadata"),
        pytest.param(html_page(" data-dist-info-metadata"), True, id="html, its old name"),
        pytest.param(html_page(' data-core-metadata="false"'), False, id="html, no metadata"),
        pytest.param(html_page().upper().replace(URL.upper().encode(), URL.encode()), False),
    ],
)
def test_links(page: bytes, metadata: bool) -> None:
    for stored in (page, gzip.compress(page)):
        assert links(stored) == [Link(URL, metadata)]


def test_escapes_of_html_are_read() -> None:
    assert links(b'<a href="x?a=1&amp;b=2#sha256=0">x</a><a name="y">y</a><a href>z</a>') == [
        Link("x?a=1&b=2", metadata=False)
    ]


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(gzip.compress(json_page())[:-9], id="cut off"),
        pytest.param(b"\x1f\x8bnoise", id="not gzip"),
        pytest.param(json_page()[:-1], id="half of JSON"),
        pytest.param(b"{}", id="JSON without files"),
        pytest.param(b'{"files": [1]}', id="files that are none"),
        pytest.param(b'{"files": [{"url": null}]}', id="a file without URL"),
        pytest.param(b'{"files": {"a": 1}}', id="files that are a map"),
        pytest.param(b"{" * 200_000, id="no end of braces"),
        pytest.param(b'{"files":' + b"[" * 200_000, id="no end of brackets"),
        pytest.param(b"<a href=\xff>", id="not UTF-8"),
    ],
)
def test_what_is_no_page(stored: bytes) -> None:
    with pytest.raises(UnreadableError):
        links(stored)


def test_a_page_that_unpacks_to_more_than_a_page() -> None:
    with pytest.raises(UnreadableError, match="too large"):
        links(gzip.compress(bytes(300 * 1024 * 1024), 1))
