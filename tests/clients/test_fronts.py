"""A site behind a front that speaks TLS, set up as docs/howto-mounts.md says: links, redirects, and real tools."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from tests.check.world import check, codes
from tests.clients.test_configured import (
    Desk,
    assert_both,
    buildout,
    desk_of,
    easy_install,
    pip,
    poetry,
    uv,
)
from tests.servers.rows import JSON
from tests.support.compare import hrefs
from tests.support.farm import Farm
from tests.support.fronts import FOR_MIRRORS, WAYS, front
from tests.support.processes import HOST, traversable_directory
from tests.support.tools import require
from tests.support.wire import Answer, ask

pytestmark = [pytest.mark.server, pytest.mark.client, pytest.mark.slow]

BELOW, SAME, ALONE = WAYS
#: Scene and way -> path of the index at the front.
PATHS = {
    ("team", BELOW): "/python/simple/",
    ("top", BELOW): "/python/",
    ("deep", BELOW): "/python/pypi/simple/",
    ("team", SAME): "/simple/",
    ("top", SAME): "/",
    ("team", ALONE): "/python/",
}
KINDS = ("nginx", "apache")


def _cases() -> Iterator[object]:
    for scene, way in PATHS:
        for kind in KINDS:
            for before in KINDS:
                quick = kind == before and scene == "team" and way != SAME
                marks = [] if quick else [pytest.mark.long]
                name = f"{scene}-{way.replace(' ', '-')}-{before}-before-{kind}"
                yield pytest.param(scene, way, kind, before, id=name, marks=marks)


@pytest.mark.parametrize(("scene", "way", "kind", "before"), list(_cases()))
def test_every_link_and_redirect_of_a_page_leads_on(
    farm: Farm, scene: str, way: str, kind: str, before: str
) -> None:
    require(before)
    live, authority = farm.live(scene, kind), farm.scene(scene).authority
    context = authority.client_context()
    path = PATHS[scene, way]
    ways = [way, *([FOR_MIRRORS] if (scene, way) == ("top", BELOW) else [])]

    def get(target: str, accept: str | None = None) -> Answer:
        return ask(port, target, tls=context, host="front.example.org", accept=accept)

    with (
        traversable_directory() as place,
        front(before, ways, live.port, place / "tree", authority) as port,
    ):
        root = f"https://front.example.org:{port}"
        assert get(path).status == 200
        for name in ("acme-foo", "mirrored", "proxied"):
            for link, digest in _links(get(f"{path}{name}/")) | _links(get(f"{path}{name}/", JSON)):
                url = urljoin(f"{root}{path}{name}/", link)
                assert url.startswith(root), link
                answer = get(urlsplit(url).path)
                assert answer.status == 200, link
                assert not digest or hashlib.sha256(answer.body).hexdigest() == digest, link
        for spelled in ("Acme_Foo/", "Acme_Foo", "acme-foo", "Proxied"):
            answer = get(path + spelled)
            location = urljoin(f"{root}{path}{spelled}", answer.one("Location") or "")
            canonical = spelled.rstrip("/").lower().replace("_", "-")
            assert (answer.status, urlsplit(location).path) == (301, f"{path}{canonical}/")
            assert location.startswith("https://"), location
            assert get(urlsplit(location).path).status == 200


def _links(page: Answer) -> set[tuple[str, str]]:
    """The links of a page, with their SHA-256, where it says that."""
    assert page.status == 200
    if page.content_type == JSON:
        found = {(f["url"], f["hashes"]["sha256"]) for f in json.loads(page.decoded)["files"]}
    else:
        split = (link.partition("#sha256=") for link in hrefs(page.decoded))
        found = {(link, digest) for link, _, digest in split}
    assert found
    return found


TOOLS = [
    pytest.param(way, use, id=f"{way.replace(' ', '-')}-{use.__name__}", marks=marks)
    for way in WAYS
    for use, marks in (
        (uv, () if way == BELOW else pytest.mark.long),
        (pip, pytest.mark.long),
        (easy_install, pytest.mark.long),
        (buildout, pytest.mark.long),
        (poetry, pytest.mark.long),
    )
]


@pytest.mark.parametrize(("way", "use"), TOOLS)
def test_installs_through_a_front(
    farm: Farm, request: pytest.FixtureRequest, tmp_path: Path, way: str, use: object
) -> None:
    """nginx before httpd: the pair whose parts are the least alike."""
    require("nginx")
    desk: Desk = desk_of("team", "apache", farm, request, tmp_path)
    live, authority = farm.live("team", "apache"), farm.scene("team").authority
    trusted = str(authority.pem)
    desk.environment |= {"SSL_CERT_FILE": trusted, "PIP_CERT": trusted}
    if use is poetry:
        config = [desk.tool("poetry").program, "config", "certificates.packages.cert", trusted]
        assert desk.run(*config).status == 0
    with (
        traversable_directory() as place,
        front("nginx", [way], live.port, place / "tree", authority) as port,
    ):
        desk.url = f"https://{HOST}:{port}{PATHS['team', way]}"
        assert_both(desk, use(desk), desk.project)  # type: ignore[operator]


@pytest.mark.long
@pytest.mark.parametrize("before", KINDS)
def test_check_asks_through_a_front(farm: Farm, before: str) -> None:
    require(before)
    scene, live = farm.scene("deep"), farm.live("deep", "nginx")
    with (
        traversable_directory() as place,
        front(before, [BELOW], live.port, place / "tree", scene.authority) as port,
    ):
        url = f"https://{HOST}:{port}{PATHS['deep', BELOW]}"
        options = ("--ca", str(scene.authority.pem), "--sample", "public:proxied", "--remote")
        _, report = check(scene.root / "nginx" / "site.yaml", url, *options)
    assert codes(report) == set(), report["findings"]
