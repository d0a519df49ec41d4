"""What curl or a script of ten lines does: read a page, follow its link, check the hash."""

from __future__ import annotations

import hashlib
import json
from http.client import HTTPConnection
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest

from tests.support.compare import hrefs
from tests.support.dists import wheel_bytes
from tests.support.farm import Farm
from tests.support.processes import HOST

pytestmark = [pytest.mark.server, pytest.mark.client]

JSON = "application/vnd.pypi.simple.v1+json"


def fetch(connection: HTTPConnection, url: str, accept: str) -> tuple[int, str, bytes]:
    """Status, content type and body; the connection is kept alive from one request to the next."""
    connection.request("GET", urlsplit(url).path, headers={"Accept": accept})
    response = connection.getresponse()
    return response.status, response.headers.get_content_type(), response.read()


@pytest.mark.parametrize("accept", ["*/*", "text/html", JSON])
@pytest.mark.parametrize("name", ["acme-foo", "mirrored", "proxied"])
def test_a_page_leads_to_a_file_with_its_hash(
    farm: Farm, server_kind: str, name: str, accept: str
) -> None:
    live = farm.live("team", server_kind)
    page_url = f"{live.url}{name}/"
    connection = HTTPConnection(HOST, live.port, timeout=20)
    try:
        status, content_type, page = fetch(connection, page_url, accept)
        assert (status, content_type) == (200, accept if accept == JSON else "text/html")
        files = links(page, content_type)
        url, digest = files[f"{name.replace('-', '_')}-1.0-py2.py3-none-any.whl"]
        file_url = urljoin(page_url, url)
        assert urlsplit(file_url).netloc == urlsplit(page_url).netloc, "the file is somewhere else"
        status, content_type, content = fetch(connection, file_url, "*/*")
    finally:
        connection.close()
    assert status == 200
    assert content == wheel_bytes(name, "1.0")
    assert hashlib.sha256(content).hexdigest() == digest


def links(page: bytes, content_type: str) -> dict[str, tuple[str, str]]:
    """File name -> URL as written and sha256, from either form of a page."""
    if content_type == JSON:
        files = json.loads(page)["files"]
        return {file["filename"]: (file["url"], file["hashes"]["sha256"]) for file in files}
    found = {}
    for href in hrefs(page):
        url, fragment = urldefrag(href)
        if fragment.startswith("sha256="):
            found[url.rpartition("/")[2]] = (url, fragment.removeprefix("sha256="))
    return found
