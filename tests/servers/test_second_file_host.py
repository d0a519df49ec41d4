"""An index whose files lie on another host as well as on its own: each link leads to the host that it named."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewritegen.names import parse_name
from tests.support import trees
from tests.support.processes import free_port
from tests.support.scenes import wheels
from tests.support.sites import index_site, start_site, write_site
from tests.support.upstream import Index, upstream
from tests.support.wire import ask

pytestmark = pytest.mark.server


def test_files_of_the_second_host_are_asked_of_it(server_kind: str, place: Path) -> None:
    trees.projects(place / "team", wheels("acme-foo-1.0"))
    with upstream(Index(wheels("public-one-1.0"))) as index:
        settings = {
            "state": str(place / "state"),
            "private": [{"path": str(place / "team")}],
            "fallbacks": [
                {
                    "name": "up",
                    "proxy": index.url,
                    "kind": "simple",
                    "files": [f"{index.files.origin}/"],
                }
            ],
        }
        site_file = write_site(place / "site.yaml", settings, free_port())
        index_site(site_file)
        live = start_site(server_kind, site_file, place / "tree")
        try:
            page = ask(live.port, "/simple/public-one/").decoded.decode()
            ((name, content),) = index.projects[parse_name("public-one")].items()
            path = index.file_path(name, content)
            (prefix,) = {
                f"/files/up/{part}" for part in ("", "~1/") if f"files/up/{part}packages/" in page
            }
            answer = ask(live.port, prefix.rstrip("/") + path)
        finally:
            live.server.stop()
        assert (answer.status, answer.body) == (200, content)
        assert [request.target for request in index.files.requests] == [path]
        assert [request.target for request in index.requests] == ["/simple/public-one/"]
