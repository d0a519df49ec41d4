"""The legacy JSON from both servers: what its URLs lead to, and that nothing of ours is asked for elsewhere."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.servers.test_auth_scopes import httpd_around, nginx_around
from tests.support.farm import Farm
from tests.support.processes import free_port
from tests.support.wire import ask

pytestmark = pytest.mark.server


def test_every_url_of_a_private_project_leads_to_its_bytes(server_kind: str, farm: Farm) -> None:
    live = farm.live("legacy", server_kind)
    for name in ("acme-foo", "my-private-pkg", "house-tool"):
        answer = ask(live.port, f"/pypi/{name}/json")
        document = json.loads(answer.decoded)
        assert answer.content_type == "application/json"
        files = [file for files in document["releases"].values() for file in files]
        assert files
        assert document["urls"]
        for file in files:
            parts = urlsplit(file["url"])
            # the port of the server that was indexed for
            assert parts.hostname == "packages.example.org"
            found = ask(live.port, parts.path)
            assert (found.status, hashlib.sha256(found.body).hexdigest()) == (
                200,
                file["digests"]["sha256"],
            )


def test_no_upstream_is_asked_for_a_document(server_kind: str, farm: Farm) -> None:
    """The private index and the redirect have their names, too; neither is spoken to."""
    live, scene = farm.live("legacy", server_kind), farm.scene("legacy")
    scene.forget()
    for name in ("acme-foo", "acme-ghost", "eggs-tool", "proxied", "Eggs_Tool", "unknown"):
        ask(live.port, f"/pypi/{name}/json")
    assert [r.line for index in scene.upstreams for r in index.requests] == []


@pytest.mark.parametrize("lost", ["state", "root"])
def test_a_lost_disk_is_503_for_every_document(server_kind: str, farm: Farm, lost: str) -> None:
    live, root = farm.live("legacy", server_kind), farm.scene("legacy").root
    marker = {
        "state": root / "state/names/~rewritegen-names",
        "root": root / "team/.rewritegen-root",
    }[lost]
    content = marker.read_bytes()
    marker.unlink()
    try:
        for name in ("acme-foo", "mirrored", "proxied", "acme-ghost"):
            assert ask(live.port, f"/pypi/{name}/json").status == 503, name
    finally:
        marker.write_bytes(content)
    assert ask(live.port, "/pypi/acme-foo/json").status == 200


@pytest.mark.slow
def test_in_somebody_elses_host_pypi_is_ours_and_nothing_else(
    server_kind: str, farm: Farm, place: Path
) -> None:
    scene = farm.scene("legacy")
    around = {"nginx": nginx_around, "apache": httpd_around}[server_kind]
    host = {
        "nginx": "location / { return 200 mine; }",
        "apache": 'RewriteEngine On\nRewriteRule "^/(?!-|pypi/)" "/usr/" [R=204,L]',
    }[server_kind]
    site = scene.site_file(f"part-{server_kind}", free_port())
    live = around(site, place / "tree", "locations", host)
    try:
        found = {
            target: (answer.status, answer.one("X-Index-Source"))
            for target in (
                "/pypi/acme-foo/json",
                "/pypi/Acme_Foo/json",
                "/pypi/mirrored/json",
                "/pypi/acme-ghost/json",
                "/pypi/other",
                "/pypi/simple/acme-foo/",
            )
            for answer in [ask(live.port, target)]
        }
        elsewhere = ask(live.port, "/elsewhere").status
    finally:
        live.server.stop()
    assert found == {
        "/pypi/acme-foo/json": (200, "private/team"),
        "/pypi/Acme_Foo/json": (301, "none"),
        "/pypi/mirrored/json": (200, "mirror/copy"),
        "/pypi/acme-ghost/json": (404, "none"),
        "/pypi/other": (404, "none"),
        "/pypi/simple/acme-foo/": (200, "private/team"),
    }
    assert elsewhere == {"nginx": 200, "apache": 204}[server_kind]
