"""What is missing, broken or gone: "not here" stays apart from "don't know", and no private name leaves."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rewritegen.decide import Request, decide
from tests.servers.rows import JSON, PIP
from tests.support.compare import UNAVAILABLE, differences, upstream_differences
from tests.support.farm import Farm
from tests.support.processes import free_port
from tests.support.scenes import Scene
from tests.support.sites import LiveSite, StandIns, start_site
from tests.support.upstream import ELSEWHERE, Index, Mode
from tests.support.wire import ask

pytestmark = pytest.mark.server

WHEEL = "acme-foo/acme_foo-1.0-py2.py3-none-any.whl"


def check(
    scene: Scene, live: LiveSite, target: str, status: int, source: str, **options: str
) -> None:
    """Ask once; the person's word, the model's and the server's must agree, and so must the upstream's record."""
    target = target.format(**scene.places)
    accept = options.get("accept")
    headers = {"accept": accept} if accept else {}
    decision = decide(live.plan, Request(target, "GET", headers), StandIns(*scene.upstreams))
    assert (decision.status, decision.source) == (status, source), decision.trace
    scene.forget()
    answer = ask(live.port, target, accept=accept)
    found = list(differences(live.plan, decision, answer, "GET", scene.upstreams))
    if all(index.is_open for index in scene.upstreams):
        found += upstream_differences(live.plan, decision, scene.upstreams)
    assert not found, f"{target}: " + "\n".join(found)


@contextlib.contextmanager
def away(path: Path) -> Iterator[None]:
    """Take a file or directory away, and put it back."""
    hidden = path.with_name(f"{path.name}.away")
    path.rename(hidden)
    try:
        yield
    finally:
        hidden.rename(path)


def wait_for(live: LiveSite, *targets: str) -> None:
    """Wait until an upstream is asked again that did not answer: it is left alone for `retry`, a second here."""
    deadline = time.monotonic() + 10
    for target in targets:
        while ask(live.port, target).status != 200:
            assert time.monotonic() < deadline, f"{target} has not come back"
            time.sleep(0.05)


@contextlib.contextmanager
def failing(
    index: Index, mode: Mode | None, live: LiveSite | None = None, *targets: str
) -> Iterator[None]:
    """The upstream fails in this way (None: its port is closed), and recovers at the end.

    :param live: where these targets are 200 again before this ends.
    """
    try:
        if mode is None:
            index.refuse()
            index.files.refuse()
        else:
            index.set_mode(mode)
            index.files.set_mode(mode)
        yield
    finally:
        for recorder in (index, index.files):
            recorder.set_mode("ok")
            recorder.open()
        if live is not None:
            wait_for(live, *targets)


@pytest.mark.parametrize("mode", [None, "429", "500", "502", "503", "504", "redirect", "truncated"])
def test_an_unavailable_upstream_is_never_a_404(
    server_kind: str, farm: Farm, mode: Mode | None
) -> None:
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    (index,) = scene.upstreams
    file = "/files/public/{proxied}".format(**scene.places)
    with failing(index, mode, live, "/simple/proxied/", file):
        if mode != "truncated":  # a page that breaks off has been sent in part when that is seen
            for target in ("/simple/proxied/", "/simple/unknown/", "/simple/acme-oss/"):
                check(scene, live, target, 502, "none")
                check(scene, live, target, 502, "none", accept=JSON)
            scene.forget()
            answer = ask(live.port, "/files/public/{proxied}".format(**scene.places))
            assert answer.status in UNAVAILABLE | ({404} if mode == "404" else frozenset())
            assert ELSEWHERE not in answer.raw.decode(errors="replace")
        check(scene, live, "/simple/acme-foo/", 200, "private/team")
        check(scene, live, "/simple/static-one/", 200, "private/ready")
        check(scene, live, "/simple/mirrored/", 200, "mirror/copy", accept=PIP)
        check(scene, live, "/packages/{mirrored}", 200, "mirror/copy")
        check(scene, live, f"/files/team/{WHEEL}", 200, "private/team")
        check(scene, live, "/simple/acme-ghost/", 404, "none")
        check(scene, live, "/simple/gone-tool/", 404, "none")
    check(scene, live, "/simple/proxied/", 200, "proxy/public")  # and nothing of it lasts


def test_an_upstream_that_says_404_is_a_404(server_kind: str, farm: Farm) -> None:
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    with failing(scene.upstreams[0], "404"):
        check(scene, live, "/simple/proxied/", 404, "none")


def test_a_slow_page_arrives_whole(server_kind: str, farm: Farm) -> None:
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    with failing(scene.upstreams[0], "slow"):
        check(scene, live, "/simple/proxied/", 200, "proxy/public", accept=JSON)


def test_a_page_that_is_compressed_unasked_is_not_sent_half_rewritten(
    server_kind: str, farm: Farm
) -> None:
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    (index,) = scene.upstreams
    with failing(index, "gzip"):
        answer = ask(live.port, "/simple/proxied/", headers=[("Accept-Encoding", "gzip")])
        whole = index.page("proxied", "html")
        rewritten = whole.replace(f"{index.files.origin}/".encode(), b"../../files/public/")
        assert answer.status in UNAVAILABLE or answer.decoded in (whole, rewritten)


@pytest.mark.parametrize("source", ["team", "house", "ready"])
def test_a_private_root_that_went_away_stops_the_search(
    server_kind: str, farm: Farm, source: str
) -> None:
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    earlier = {"team": (), "house": ("team",), "ready": ("team", "house")}[source]
    names = {"team": "acme-foo", "house": "house-tool", "ready": "static-one"}
    with away(scene.root / source / ".rewritegen-root"):
        for name in ("mirrored", "proxied", "unknown", "acme-ghost", "gone-tool"):
            check(scene, live, f"/simple/{name}/", 503, "none")
            check(scene, live, f"/simple/{name}/", 503, "none", accept=PIP)
        for owner, name in names.items():
            status = 200 if owner in earlier else 503
            check(
                scene,
                live,
                f"/simple/{name}/",
                status,
                f"private/{owner}" if status == 200 else "none",
            )
        check(scene, live, "/packages/{mirrored}", 200, "mirror/copy")
        check(scene, live, "/simple/Acme_Foo/", 301, "none")
    with away(scene.root / source):
        check(scene, live, "/simple/proxied/", 503, "none")
        check(scene, live, "/simple/unknown/", 503, "none")
    check(scene, live, "/simple/proxied/", 200, "proxy/public")


def test_files_of_a_root_that_went_away(server_kind: str, farm: Farm) -> None:
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    with away(scene.root / "team" / ".rewritegen-root"):
        check(scene, live, f"/files/team/{WHEEL}", 503, "none")
        check(scene, live, f"/files/team/{WHEEL}.metadata", 503, "none")
        check(
            scene, live, "/files/house/House_Other-2.0-py2.py3-none-any.whl", 200, "private/house"
        )


@pytest.mark.parametrize("lost", ["state/names/~rewritegen-names", "state/names", "state"])
def test_a_state_that_was_lost_stops_the_search(server_kind: str, farm: Farm, lost: str) -> None:
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    with away(scene.root / lost):
        for name in ("acme-foo", "gone-tool", "mirrored", "proxied", "unknown", "acme-ghost"):
            check(scene, live, f"/simple/{name}/", 503, "none")
        check(scene, live, "/simple/", 503, "none")
        check(scene, live, f"/files/team/{WHEEL}", 200, "private/team")
    check(scene, live, "/simple/acme-foo/", 200, "private/team")


def test_a_listed_root_without_state_that_went_away(server_kind: str, farm: Farm) -> None:
    scene, live = farm.scene("listing"), farm.live("listing", server_kind)
    with away(scene.root / "private" / ".rewritegen-root"):
        for target in ("/simple/", "/simple/listed-tool/", "/simple/other/", "/simple/acme-foo/"):
            check(scene, live, target, 503, "none")
    check(scene, live, "/simple/other/", 302, "redirect/away")


def test_a_name_is_private_as_soon_as_its_directory_is_there(server_kind: str, farm: Farm) -> None:
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    check(scene, live, "/simple/proxied/", 200, "proxy/public")
    directory = scene.root / "team" / "proxied"
    directory.mkdir()
    try:
        check(scene, live, "/simple/proxied/", 404, "private/team")
    finally:
        directory.rmdir()


def test_a_scanned_name_is_private_as_soon_as_it_is_written(server_kind: str, farm: Farm) -> None:
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    entry = scene.root / "state" / "names" / "proxied"
    entry.write_text("team\n")
    try:
        check(scene, live, "/simple/proxied/", 404, "none")
    finally:
        entry.unlink()
    check(scene, live, "/simple/proxied/", 200, "proxy/public")


@pytest.mark.parametrize("target", ["ready/static-one", "team/plain-tool"])
def test_an_unreadable_project_is_not_asked_for_elsewhere(
    server_kind: str, farm: Farm, target: str
) -> None:
    """Mode 000 is a refusal here, whatever the server calls it; the tests may be root, so the model is not asked."""
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    directory = scene.root / target
    directory.chmod(0)
    try:
        for path in (f"/simple/{directory.name}/", f"/simple/{directory.name}/x-1.0.whl"):
            scene.forget()
            answer = ask(live.port, path)
            assert scene.upstreams[0].requests == []
            assert answer.status in (200, 403, 404)
            assert b"PUBLIC" not in answer.body
            assert answer.one("X-Index-Source") in ("private/team", "private/ready", "none")
    finally:
        directory.chmod(0o755)


def test_a_private_index_that_fails_is_final(server_kind: str, farm: Farm) -> None:
    scene, live = farm.scene("relay"), farm.live("relay", server_kind)
    ours, public = scene.upstreams
    for mode in (None, "500", "503", "429"):
        with failing(ours, mode, live, "/simple/relay-tool/"):
            check(scene, live, "/simple/relay-tool/", 502, "private/eggs")
            assert public.requests == []
            check(scene, live, "/simple/proxied/", 200, "proxy/public")
    check(scene, live, "/simple/relay-tool/", 200, "private/eggs")
    with failing(public, None, live, "/simple/proxied/"):
        check(scene, live, "/simple/relay-tool/", 200, "private/eggs")


def test_an_upstream_with_another_name_in_its_certificate_is_not_believed(
    server_kind: str, farm: Farm
) -> None:
    scene, live = farm.scene("impostor"), farm.live("impostor", server_kind)
    (index,) = scene.upstreams
    for target in ("/simple/proxied/", "/files/public/{proxied}".format(**scene.places)):
        answer = ask(live.port, target)
        assert answer.status in UNAVAILABLE
        assert b"proxied-1.0" not in answer.body
    assert (index.requests, index.files.requests) == ([], [])
    assert ask(live.port, "/simple/acme-foo/").status == 200


def test_the_upstream_is_asked_by_its_own_name(server_kind: str, farm: Farm) -> None:
    scene, live = farm.scene("tls"), farm.live("tls", server_kind)
    (index,) = scene.upstreams
    scene.forget()
    context = scene.authority.client_context()
    for target in ("/simple/proxied/", "/files/public/{proxied}".format(**scene.places)):
        assert ask(live.port, target, tls=context).status == 200
    seen = [*index.requests, *index.files.requests]
    assert {request.sni for request in seen} == {"localhost"}
    assert {request.headers["host"].partition(":")[0] for request in seen} == {"localhost"}


def test_pages_and_files_are_revalidated_and_cut(server_kind: str, farm: Farm) -> None:
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    content = (scene.root / "team" / WHEEL).read_bytes()
    for target in (f"/files/team/{WHEEL}", "/packages/{mirrored}", "/files/public/{proxied}"):
        target = target.format(**scene.places)
        whole = ask(live.port, target)
        part = ask(live.port, target, headers=[("Range", "bytes=10-19")])
        assert (part.status, part.body) == (206, whole.body[10:20]), target
        assert part.one("Content-Range") == f"bytes 10-19/{len(whole.body)}"
        tail = ask(live.port, target, headers=[("Range", "bytes=-8")])
        assert (tail.status, tail.body) == (206, whole.body[-8:]), target
        assert whole.one("Accept-Ranges") == "bytes"
    assert ask(live.port, f"/files/team/{WHEEL}").body == content
    tags = set()
    for target in ("/simple/acme-foo/", "/simple/mirrored/", "/simple/"):
        for accept in ("text/html", JSON):
            page = ask(live.port, target, accept=accept)
            tag = page.one("ETag")
            assert tag, f"{target} {accept} has no ETag"
            tags.add(tag)
            again = ask(live.port, target, accept=accept, headers=[("If-None-Match", tag)])
            assert (again.status, again.body) == (304, b""), target
            assert "accept" in again.vary
    assert len(tags) == 6, "two representations share an ETag"


def test_pages_are_compressed_for_clients_that_take_it(server_kind: str, farm: Farm) -> None:
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    for target in ("/simple/acme-foo/", "/simple/"):
        for accept in ("text/html", JSON):
            plain = ask(live.port, target, accept=accept)
            packed = ask(live.port, target, accept=accept, headers=[("Accept-Encoding", "gzip")])
            refused = ask(
                live.port, target, accept=accept, headers=[("Accept-Encoding", "gzip;q=0, br")]
            )
            assert packed.one("Content-Encoding") == "gzip", target
            assert packed.content_type == plain.content_type
            assert packed.decoded == plain.body
            assert refused.one("Content-Encoding") is None
            assert {"accept", "accept-encoding"} <= packed.vary
    for file in (f"/files/team/{WHEEL}", "/packages/{mirrored}", "/files/public/{proxied}"):
        sent = ask(live.port, file.format(**scene.places), headers=[("Accept-Encoding", "gzip")])
        assert sent.one("Content-Encoding") is None


def test_a_long_page_on_one_line_is_rewritten_to_its_end(server_kind: str, farm: Farm) -> None:
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    (index,) = scene.upstreams
    link = f'"{index.files.origin}/packages/x" '
    index.extra["proxied"] = (link * 50000).encode()
    try:
        body = ask(live.port, "/simple/proxied/", accept="text/html").decoded
        assert len(body) > 1_500_000
        assert index.files.origin.encode() not in body
        assert body.count(b"../../files/public/packages/x") == 50000
        assert body.endswith(b"</html>\n")
    finally:
        index.extra.clear()


def test_many_clients_at_once_get_their_own_pages(server_kind: str, farm: Farm) -> None:
    scene, live = farm.scene("team"), farm.live("team", server_kind)
    wanted = {
        "/simple/acme-foo/": "private/team",
        "/simple/mirrored/": "mirror/copy",
        "/simple/proxied/": "proxy/public",
        "/simple/acme-ghost/": "none",
    }
    together = threading.Barrier(16)

    def one(number: int) -> tuple[str | None, str]:
        target = list(wanted)[number % len(wanted)]
        together.wait(10)
        return ask(live.port, target, accept=PIP).one("X-Index-Source"), wanted[target]

    with ThreadPoolExecutor(16) as pool:
        for found, right in pool.map(one, range(64)):
            assert found == right
    assert scene.upstreams


def test_a_server_starts_while_the_upstream_is_gone(server_kind: str, farm: Farm) -> None:
    """A netbook that boots without its network; the site is the same, on another port."""
    scene = farm.scene("team")
    with failing(scene.upstreams[0], None):
        site_file = scene.site_file(f"{server_kind}-offline", free_port())
        live = start_site(server_kind, site_file, site_file.parent / "tree")
        try:
            check(scene, live, "/simple/acme-foo/", 200, "private/team")
            check(scene, live, "/simple/mirrored/", 200, "mirror/copy")
            check(scene, live, "/simple/proxied/", 502, "none")
        finally:
            live.server.stop()
