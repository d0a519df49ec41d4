"""What is kept of an index, and a caching proxy between the site and the index, each in a container."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.cases import editions
from tests.containers.editions import Edition
from tests.containers.farm import ContainerFarm
from tests.containers.images import DEFAULT
from tests.containers.lab import Box, Lab
from tests.containers.world import World
from tests.support.wire import ask

pytestmark = [pytest.mark.containers, pytest.mark.slow]

#: `www-data` of Debian; the nginx of the wheel runs as nobody.
WRITER = {"apache": 33}
FRESH_SECONDS = 1

#: An nginx as a company may have one in front of an index: it keeps everything for ten minutes.
CACHING_PROXY = """\
proxy_cache_path /var/lib/nginx/kept keys_zone=kept:1m;
server {{
    listen 8080;
    access_log /var/log/nginx/kept.log;
    location / {{
        proxy_cache kept;
        proxy_cache_key $uri$http_accept;
        proxy_cache_valid 200 10m;
        proxy_ignore_headers Cache-Control Vary Set-Cookie;
        proxy_pass {origin};
    }}
}}
"""


@pytest.fixture
def world(session_lab: Lab, place: Path) -> Iterator[World]:
    built = World.make(session_lab, place, place.name)
    box = built.index.start(session_lab)
    yield built
    box.remove()


@pytest.mark.exercise("copies stand in for an index that is gone")
@pytest.mark.parametrize("edition", editions())
def test_a_copy_stands_in_when_the_container_of_the_index_has_stopped(
    edition: Edition, world: World, container_farm: ContainerFarm
) -> None:
    kept = world.place / "kept"
    (kept / "apache").mkdir(parents=True)
    if edition.kind in WRITER:
        os.chown(kept / "apache", WRITER[edition.kind], WRITER[edition.kind])
    settings = {"cache": {"path": str(kept), "pages": f"{FRESH_SECONDS}s", "stale": "1h"}}
    able = container_farm.installed(edition) if edition.needs_own else None
    live = world.start(edition, settings, write=[kept], capabilities=able)
    box = world.index.box
    assert box is not None
    (path,) = (path for path in world.index.files.content if "/proxied-1.0" in path)
    try:
        first = world.get(live, "/simple/proxied/")
        assert (first.status, first.one("X-Cache")) == (200, "MISS")
        assert len(world.asked) == 1
        file = world.get(live, f"/files/public{path}")
        assert file.body == world.index.files.content[path]
        box.container.stop(timeout=1)
        live.box.wait_for(
            lambda: ask(live.port, "/simple/proxied/").one("X-Cache") == "STALE", "a copy is used"
        )
        stale = ask(live.port, "/simple/proxied/")
        assert (stale.status, stale.body) == (200, first.body)
        assert ask(live.port, f"/files/public{path}").body == file.body
        assert ask(live.port, "/simple/other/").status in (502, 503, 504)
        assert ask(live.port, "/simple/acme-foo/").status == 200
        assert ask(live.port, "/simple/acme-ghost/").status == 404
        box.container.start()
        live.box.wait_for(lambda: ask(live.port, "/simple/other/").status == 200, "it is back")
    finally:
        live.box.remove()


def caching_proxy(world: World, alias: str) -> Box:
    """The proxy of a company, in front of the index."""
    text = world.place / "kept.conf"
    text.write_text(CACHING_PROXY.format(origin=world.index.origin))
    return world.lab.run(
        world.lab.image(DEFAULT),
        ["nginx", "-g", "daemon off;"],
        alias=alias,
        read={text: "/etc/nginx/conf.d/kept.conf"},
    )


@pytest.mark.exercise("behind a caching proxy")
@pytest.mark.parametrize("edition", editions())
def test_a_caching_proxy_is_never_asked_for_a_private_name(
    edition: Edition, session_lab: Lab, place: Path, container_farm: ContainerFarm
) -> None:
    alias = f"proxy.{place.name}.example.org"
    world = World.make(
        session_lab, place, place.name, f"http://{alias}:8080/simple/", links="packages"
    )
    boxes = [world.index.start(session_lab), caching_proxy(world, alias)]
    able = container_farm.installed(edition) if edition.needs_own else None
    live = world.start(edition, capabilities=able)
    boxes.append(live.box)
    try:
        live.box.wait_for(lambda: ask(live.port, "/simple/proxied/").status == 200, "it is asked")
        # an answer may be out before its copy has its name
        kept = ("find", "/var/lib/nginx/kept", "-type", "f")
        boxes[1].wait_for(lambda: bool(boxes[1].run(*kept)[1].strip()), "the proxy has a copy")
        page = world.get(live, "/simple/proxied/")
        assert (page.status, page.one("X-Index-Source")) == (200, "proxy/public")
        assert world.asked == [], "the proxy has a copy"
        (path,) = (path for path in world.index.files.content if "/proxied-1.0" in path)
        link = f"/files/public{path}"
        assert f'href="../..{link}#' in page.decoded.decode()
        assert world.get(live, link).body == world.index.files.content[path]
        for target in (
            "/simple/acme-ghost/",
            "/simple/Acme_Ghost",
            f"/files/public{path}/acme_foo",
        ):
            assert ask(live.port, target).status in (301, 404)
        assert ask(live.port, "/simple/acme-foo/").one("X-Index-Source") == "private/team"
        log = boxes[1].read("/var/log/nginx/kept.log")
        assert "GET /simple/proxied/" in log
        assert "acme" not in log.lower()
        boxes[1].container.stop(timeout=1)
        live.box.wait_for(
            lambda: ask(live.port, "/simple/other/").status in (502, 503, 504), "it is missed"
        )
        assert ask(live.port, "/simple/acme-foo/").status == 200
    finally:
        for box in boxes:
            box.remove()
