"""The legacy JSON of what proxies have: asked for as pages are, and never for a name of ours."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import trees
from tests.support.chain import LIMITS, PAGES_SECONDS, get
from tests.support.exchange import Mode
from tests.support.processes import free_port, wait_until
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, index_site, start_site, write_site
from tests.support.upstream import Index, upstream

pytestmark = pytest.mark.server

OURS = ("acme-foo", "acme-ghost", "gone-tool", "here-tool", "house-none")


@dataclass(slots=True)
class Documents:
    """A site with all that may have a document, on one server, with copies and without."""

    first: Index
    second: Index
    house: Index
    copies: LiveSite
    plain: LiveSite

    def forget(self) -> None:
        for index in (self.first, self.second, self.house):
            index.forget()
            index.files.forget()

    @property
    def asked(self) -> list[str]:
        """What the public indexes were asked for."""
        return [r.target for index in (self.first, self.second) for r in index.requests]

    def recover(self) -> None:
        """All upstreams answer, and no server leaves one alone any more."""
        for index in (self.first, self.second, self.house):
            index.set_mode("ok")
        for live in (self.copies, self.plain):
            for number, source in enumerate(("first", "second")):
                self._new(live, source, f"fresh-{number}")
        self.forget()

    def _new(self, live: LiveSite, source: str, name: str) -> None:
        index = self.first if source == "first" else self.second
        count = len(index.projects)
        name = f"{name}-{count}"
        index.add(name, wheels(f"{name}-1.0")[name])
        target = f"/pypi/{name}/json"
        wait_until(lambda: get(live.port, target).source == f"proxy/{source}", target, 30)


def _settings(root: Path, first: Index, second: Index, house: Index) -> dict[str, Any]:
    team = trees.projects(root / "team", wheels("acme-foo-1.0", "gone-tool-1.0"))
    mirror = trees.bandersnatch(root / "mirror", wheels("mirrored-1.0"))
    files = f"{first.files.origin}/"
    other = f"{second.files.origin}/"
    return {
        "legacy_json": True,
        "state": str(root / "state"),
        "private": [
            {"name": "team", "path": str(team), "claims": ["acme-*"]},
            {
                "name": "house",
                "proxy": house.url,
                "kind": "rewritegen",
                "claims": ["house-*"],
                **LIMITS,
            },
        ],
        "fallbacks": [
            {
                "name": "first",
                "proxy": first.url,
                "kind": "pypi",
                "files": [files],
                "spelled": ["Odd.Name"],
                **LIMITS,
            },
            {"name": "copy", "mirror": str(mirror)},
            {
                "name": "second",
                "proxy": second.url,
                "kind": "bandersnatch",
                "files": [other],
                **LIMITS,
            },
        ],
    }


@pytest.fixture(scope="module", params=["nginx", "apache"])
def documents(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Documents]:
    server_kind: str = request.param
    root = tmp_path_factory.mktemp(f"documents-{server_kind}")
    everywhere = tuple(f"{name}-9.0" for name in OURS)
    first = Index(wheels("wanted-1.0", "odd-name-1.0", *everywhere))
    second = Index(wheels("wanted-2.0", "other-1.0", *everywhere))
    house = Index(wheels("house-tool-1.0", "acme-foo-8.0"))
    settings = _settings(root, first, second, house)
    cached = {"cache": {"path": str(root / "cache"), "pages": f"{PAGES_SECONDS}s"}}
    with contextlib.ExitStack() as stack:
        for index in (first, second, house):
            stack.enter_context(upstream(index))
        lives = []
        for label, more in (("copies", cached), ("plain", {})):
            site = write_site(root / f"{label}.yaml", {**settings, **more}, free_port())
            if label == "copies":
                index_site(site)
                shutil.rmtree(root / "team" / "gone-tool")
                index_site(site)
            live = start_site(server_kind, site, root / label)
            stack.callback(live.server.stop)
            lives.append(live)
        (root / "team" / "here-tool").mkdir()
        yield Documents(first, second, house, *lives)


@pytest.fixture
def fresh(documents: Documents) -> Documents:
    documents.recover()
    return documents


def test_a_document_is_served_and_its_files_come_through_us(fresh: Documents) -> None:
    for live in (fresh.copies, fresh.plain):
        for coding in ("identity", "gzip"):
            got = get(live.port, "/pypi/wanted/json", Accept_Encoding=coding)
            assert (got.status, got.source) == (200, "proxy/first")
            assert got.headers["content-type"] == "application/json"
            assert got.headers["vary"] == "Accept, Accept-Encoding"
        found = json.loads(get(live.port, "/pypi/wanted/json").body)
        ((file),) = found["urls"]
        root = live.url.removesuffix("/simple/").replace("127.0.0.1", "packages.example.org")
        assert file["url"].startswith(f"{root}/files/first/packages/")
        assert found["info"]["project_url"].startswith(f"{fresh.first.origin}/project/")
        path = file["url"].removeprefix(root)
        content = get(live.port, path)
        digest = hashlib.sha256(content.body).hexdigest()
        assert (content.status, digest) == (200, file["digests"]["sha256"])
