"""An httpd that speaks HTTP/2 answers as it does by HTTP/1.1: mod_http2 has filters of its own in the place of others.

It is not built in, and the generated text does not ask for it; an administrator's `a2enmod http2` is for the whole
server. What listings do there is in test_apache_listings.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support import trees
from tests.support.exchange import Mode
from tests.support.processes import HOST, free_port, traversable_directory, wait_until
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, index_site, start_site, write_site
from tests.support.tools import require
from tests.support.upstream import Index, upstream

pytestmark = pytest.mark.server

TARGETS = (
    *("acme-foo/", "Acme_Foo", "acme-none/", "mirrored/", "wanted/", "second/", "unknown/", "/"),
    *("../x", "%61cme-foo/", "acme-foo/acme_foo-1.0-py2.py3-none-any.whl"),
)
MODES: tuple[Mode, ...] = ("ok", "404", "500", "429", "text", "gzip", "redirect", "loop", "refuse")


@dataclass
class World:
    """One site, with copies and without, on servers that speak both."""

    first: Index
    second: Index
    lives: dict[str, LiveSite]

    def asked(self) -> list[str]:
        """What the indexes were asked for since they were asked last."""
        seen = [r.target for index in (self.first, self.second) for r in index.requests]
        for index in (self.first, self.second):
            index.forget()
        return seen


def _both(tree: Path) -> None:
    config = tree / "httpd.conf"
    modules = '"${RG_MODULES}/mod_http2.so"'
    more = f"LoadModule http2_module {modules}\nProtocols h2c http/1.1\nDefaultRuntimeDir"
    config.write_text(config.read_text().replace("DefaultRuntimeDir", more, 1))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    require("apache")
    first, second = Index(wheels("wanted-1.0")), Index(wheels("wanted-2.0", "second-1.0"))
    with contextlib.ExitStack() as stack:
        root = stack.enter_context(traversable_directory())
        team = trees.projects(root / "team", wheels("acme-foo-1.0"))
        mirror = trees.bandersnatch(root / "mirror", wheels("mirrored-1.0"))
        proxies = []
        for name, index in (("first", first), ("second", second)):
            stack.enter_context(upstream(index))
            files = [f"{index.files.origin}/"]
            proxies.append({"name": name, "proxy": index.url, "files": files, "retry": "1s"})
        settings = {
            "state": str(root / "state"),
            "private": [{"name": "team", "path": str(team), "claims": ["acme-*"]}],
            "fallbacks": [{"name": "copy", "mirror": str(mirror)}, *proxies],
        }
        lives = {}
        cache = {"path": str(root / "cache"), "pages": "1s"}
        for label, more in (("plain", {}), ("copies", {"cache": cache})):
            site = write_site(root / f"{label}.yaml", {**settings, **more}, free_port())
            index_site(site)
            lives[label] = start_site("apache", site, root / label, _both)
            stack.callback(lives[label].server.stop)
        yield World(first, second, lives)


def _client(live: LiveSite, *, http2: bool) -> httpx.Client:
    """Prior knowledge: there is no TLS here to agree in."""
    return httpx.Client(base_url=f"http://{HOST}:{live.port}", http1=not http2, http2=http2)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("label", ["plain", "copies"])
def test_both_get_the_same(world: World, label: str, mode: Mode) -> None:
    live = world.lives[label]
    with _client(live, http2=False) as old, _client(live, http2=True) as new:
        world.first.set_mode("ok")
        for client in (old, new):  # whoever was left alone is asked again
            wait_until(lambda one=client: _source(one, "wanted/") == "proxy/first", "asked again")
        world.asked()
        world.first.set_mode(mode)
        for target in TARGETS:
            seen = []
            # a copy may grow old between two of them: then the last two are alike
            for client, version in ((old, "HTTP/1.1"), (new, "HTTP/2"), (old, "HTTP/1.1")):
                got = client.get(f"/simple/{target}")
                assert got.http_version == version
                names = ("x-index-source", "content-type", "location", "vary", "cache-control")
                what = (got.status_code, *(got.headers.get(name) for name in names))
                seen.append((what, got.content, world.asked() if label == "plain" else []))
            before, here, after = seen
            assert here in ((before, after) if label == "copies" else (before,)), target
    world.first.set_mode("ok")


def _source(client: httpx.Client, target: str) -> str | None:
    found: str | None = client.get(f"/simple/{target}").headers.get("x-index-source")
    return found


def test_a_private_file_is_whole(world: World) -> None:
    ((file, content),) = wheels("acme-foo-1.0")["acme-foo"].items()
    target = f"/files/team/acme-foo/{file}"
    with _client(world.lives["plain"], http2=True) as client:
        got = client.get(target)
        part = client.get(target, headers={"Range": "bytes=5-9"})
    assert (got.status_code, got.content) == (200, content)
    assert (part.status_code, part.content) == (206, content[5:10])
