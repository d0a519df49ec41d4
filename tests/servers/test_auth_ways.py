"""What each way of `auth:` does at its edges: copies, the service, other people's certificates, a lost file."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.test_auth import World, world
from tests.support.certificates import Authority
from tests.support.credentials import HASHES, PASSWORD, USER, Service, basic
from tests.support.exchange import Mode
from tests.support.processes import HOST, traversable_directory
from tests.support.tools import require
from tests.support.wire import Answer, ask, request_bytes, send

pytestmark = pytest.mark.server

PAGE, WHEEL = "/simple/proxied/", "/files/public/{proxied}"
SECRETS = (PASSWORD.encode(), base64.b64encode(f"{USER}:{PASSWORD}".encode()), b"session=good")
PEOPLE = {
    "authorization": basic(),
    "cookie": "session=good; acme-foo=1",
    "x-forwarded-user": USER,
    "x-remote-user": USER,
    "x-ssl-client-cert": "MIIB-acme",
    "proxy-authorization": basic("acme-foo"),
}


def get(site: World, target: str, *headers: tuple[str, str], method: str = "GET") -> Answer:
    """Ask as somebody who may read."""
    given = (*site.admission.headers, *headers)
    target = target.format(**site.scene.places)
    return ask(site.live.port, target, method, headers=given, tls=site.admission.tls)


def strange(site: World, target: str, who: str = "nothing") -> Answer:
    headers, tls = site.admission.strangers[who]
    return ask(site.live.port, target.format(**site.scene.places), headers=headers, tls=tls)


COPIES = [
    pytest.param((way, kind), id=f"{kind}-{way}")
    for way, kind in (
        ("basic", "nginx"),
        ("certificates", "nginx"),
        ("request", "nginx"),
        ("basic", "apache"),
        ("certificates", "apache"),
    )
]


@pytest.fixture(scope="module", params=COPIES)
def kept(request: pytest.FixtureRequest, authority: Authority) -> Iterator[World]:
    """The scene `team` with a cache."""
    way, kind = request.param
    require(kind)
    with traversable_directory() as place:
        cache = {"path": str(place / "kept"), "pages": "1h", "stale": "1d"}
        with world("team", way, kind, place, authority, cache=cache) as found:
            yield found


@pytest.mark.parametrize("target", [PAGE, WHEEL], ids=["page", "file"])
def test_copies_are_for_readers_only(kept: World, target: str) -> None:
    secrets = [
        (name, value) for name, value in PEOPLE.items() if name not in kept.admission.replaced
    ]
    assert strange(kept, target).status == kept.admission.status
    first = get(kept, target, *secrets)
    assert (first.status, first.one("X-Cache")) == (200, "MISS")
    for request in kept.asked():
        assert not PEOPLE.keys() & request.headers.keys(), request.raw
        assert not [secret for secret in SECRETS if secret in request.raw]
    kept.scene.forget()
    for index in kept.scene.upstreams:
        index.refuse()
        index.files.refuse()
    try:
        stranger = strange(kept, target)
        second = get(kept, target, ("User-Agent", "another client"))
    finally:
        for index in kept.scene.upstreams:
            index.open()
            index.files.open()
    assert stranger.status == kept.admission.status
    assert stranger.one("X-Cache") is None
    assert (second.status, second.body) == (200, first.body)
    assert (second.one("X-Cache") or "").startswith("HIT")
    assert "private" in (second.one("Cache-Control") or "").split(", ")
    stored = [path for path in kept.live.server.tree.joinpath("cache").rglob("*") if path.is_file()]
    assert stored
    for path in stored:
        assert not [secret for secret in SECRETS if secret in path.read_bytes()], path


def test_a_private_name_wins_over_a_copy_behind_the_gate(kept: World) -> None:
    assert get(kept, PAGE).status == 200
    owned = kept.scene.root / "team" / "proxied"
    owned.mkdir()
    mine = get(kept, PAGE)
    assert strange(kept, PAGE).status == kept.admission.status
    owned.rmdir()
    assert (mine.status, mine.one("X-Index-Source")) == (404, "private/team")


BASIC = [pytest.param(("basic", kind), id=kind) for kind in ("nginx", "apache")]


@pytest.fixture(scope="module", params=BASIC)
def plain(request: pytest.FixtureRequest, authority: Authority) -> Iterator[World]:
    """The scene `team` with passwords, without a cache."""
    way, kind = request.param
    require(kind)
    with (
        traversable_directory() as place,
        world("team", way, kind, place, authority) as found,
    ):
        yield found


def test_conditions_and_ranges_hold_behind_the_gate(plain: World) -> None:
    """httpd forgets them where an answer is the document of an error."""
    for target in ("/simple/acme-foo/", "/files/team/acme-foo/acme_foo-1.0-py2.py3-none-any.whl"):
        whole = get(plain, target)
        tag = whole.one("ETag")
        assert tag
        assert get(plain, target, ("If-None-Match", tag)).status == 304
        part = get(plain, target, ("Range", "bytes=2-5"))
        assert (part.status, part.body) == (206, whole.body[2:6])
        head = get(plain, target, method="HEAD")
        assert (head.status, head.body) == (200, b"")
        assert head.one("Content-Length") == str(len(whole.body))


@pytest.fixture
def passwords(plain: World) -> Iterator[Path]:
    """The file of passwords, which is as it was afterwards."""
    path = Path(plain.admission.settings["auth"]["basic"])
    text = path.read_text()
    yield path
    if path.is_dir():
        path.rmdir()
    path.write_text(text)
    path.chmod(0o644)
    assert get(plain, "/simple/acme-foo/").status == 200


@pytest.mark.parametrize("state", ["gone", "unreadable", "empty", "a directory"])
def test_without_its_file_nobody_is_let_in(plain: World, passwords: Path, state: str) -> None:
    path = passwords
    if state == "unreadable":
        path.chmod(0)
    elif state == "empty":
        path.write_text("")
    else:
        path.unlink()
    if state == "a directory":
        path.mkdir()
    for target in ("/simple/acme-foo/", PAGE, WHEEL):
        plain.scene.forget()
        answer = get(plain, target)
        lost = {"nginx": 403, "apache": 500} if state == "gone" else {}
        assert answer.status == lost.get(plain.kind, answer.status)
        assert answer.status in (401, 403, 500)
        assert b"acme" not in answer.body
        assert plain.asked() == []


@pytest.mark.parametrize("kind", HASHES)
def test_both_servers_read_what_htpasswd_writes(plain: World, passwords: Path, kind: str) -> None:
    passwords.write_text(f"{USER}:{HASHES[kind]}\n")
    assert get(plain, "/simple/acme-foo/").status == 200
    assert strange(plain, "/simple/acme-foo/", "wrong password").status == 401


def test_a_password_changes_without_reload(plain: World, passwords: Path) -> None:
    path = passwords
    path.write_text(path.read_text().replace(f"{USER}:", "someone-else:"))
    assert get(plain, "/simple/acme-foo/").status == 401


def test_the_fetching_host_is_no_way_around(plain: World) -> None:
    """It answers to one invented name, on a loopback port of its own, and has nothing that lies on the disk."""
    _, inner = plain.live.plan.inner
    for host in ("packages.example.org", f"{HOST}:{inner}", "localhost"):
        for target in (
            "/simple/acme-foo/",
            "/pages/public/html/proxied/",
            "/pages/public/proxied/",
        ):
            plain.scene.forget()
            answer = send(inner, request_bytes(target, host=host))
            assert answer.status in (403, 404)
            assert plain.asked() == []
    from rewritegen.servers.base import fetcher_name

    invented = fetcher_name("packages.example.org")
    assert ask(plain.live.port, PAGE, host=invented).status == 401
    for target in ("/simple/acme-foo/", "/files/team/acme-foo/acme_foo-1.0-py2.py3-none-any.whl"):
        assert send(inner, request_bytes(target, host=invented)).status in (403, 404)


def test_the_paths_behind_the_gate_are_closed(plain: World) -> None:
    for target in (
        "/-/rg_in/simple/acme-foo/",
        "/-/rg_in/-/health",
        "/-/rg_gate",
        "/usr/rg_gate",
        "/-/rg_who",
        "/-/rg_ask/public/proxied/",
        "/simple/-/pages/public/proxied/html/identity/0/",
    ):
        for answer in (strange(plain, target), get(plain, target)):
            assert answer.status == 404
            assert plain.asked() == []


# ------------------------------------------------------------------ the service of nginx's auth_request


@pytest.fixture(scope="module")
def asking(authority: Authority) -> Iterator[World]:
    """The scene `team` with a single sign-on."""
    require("nginx")
    with (
        traversable_directory() as place,
        world("team", "request", "nginx", place, authority) as found,
    ):
        yield found


UNSURE: tuple[Mode, ...] = ("500", "502", "503", "429", "404", "redirect", "reset", "refuse")


@pytest.mark.parametrize("mode", UNSURE)
def test_a_service_that_says_neither_yes_nor_no_lets_nobody_in(asking: World, mode: Mode) -> None:
    assert asking.admission.service is not None
    asking.admission.service.set_mode(mode)
    for target in ("/simple/acme-foo/", "/simple/acme-ghost/", "/simple/ACME_foo", PAGE, WHEEL):
        asking.scene.forget()
        answer = get(asking, target)
        assert (answer.status, answer.one("X-Index-Source")) == (503, "none")
        assert b"nobody can say" in answer.body
        assert asking.asked() == []
    assert ask(asking.live.port, "/-/health").status == 200
    asking.admission.service.set_mode("ok")
    asking.admission.service.open()
    assert get(asking, "/simple/acme-foo/").status == 200


def test_its_no_is_passed_on(asking: World) -> None:
    for target in ("/simple/acme-foo/", "/simple/acme-ghost/", PAGE):
        answer = ask(asking.live.port, target, headers=[("Cookie", "session=banned")])
        assert answer.status == 403
        assert asking.asked() == []


def test_what_it_is_told(asking: World) -> None:
    service = asking.admission.service
    assert service is not None
    service.forget()
    others = (("X-Forwarded-For", "10.0.0.1"), ("Referer", "/x"), ("User-Agent", "pip/26.3"))
    get(asking, "/simple/Acme_Foo/?a=b", ("Authorization", basic()), *others, method="HEAD")
    (request,) = service.requests
    assert request.line == "GET /auth HTTP/1.1"
    assert request.headers == {
        "host": f"{HOST}:{service.port}",
        "connection": "close",
        "authorization": basic(),
        "cookie": "session=good",
        "x-original-method": "HEAD",
        "x-original-uri": "/simple/Acme_Foo/?a=b",
        "x-original-url": f"{asking.live.plan.public_url.removesuffix('/simple/')}/simple/Acme_Foo/?a=b",
    }


def test_it_is_asked_once_for_each_request_and_not_for_what_is_open(asking: World) -> None:
    service = asking.admission.service
    assert service is not None
    for target, times in ((PAGE, 1), ("/simple/acme-foo/", 1), ("/-/health", 0), ("/nothing", 0)):
        service.forget()
        get(asking, target)
        assert len(service.requests) == times, target
    service.forget()
    assert ask(asking.live.port, "/simple/", "POST", body=b"secret").status == 405
    assert service.requests == []


@pytest.mark.parametrize("name", ["localhost", "other.example.org"])
def test_a_service_over_tls_proves_who_it_is(authority: Authority, name: str) -> None:
    """Somebody in between, with a certificate for another name, lets nobody in."""
    require("nginx")
    service = Service(tls=authority.issue(name), host_name="localhost")
    service.open()
    auth = {"request": f"{service.origin}/auth/"}
    try:
        with (
            traversable_directory() as place,
            world(
                "listing", "request", "nginx", place, authority, auth=auth, ca=str(authority.pem)
            ) as site,
        ):
            answer = get(site, "/simple/listed-tool/")
            assert answer.status == (200 if name == "localhost" else 503)
            assert [request.line for request in service.requests] == (
                ["GET /auth/ HTTP/1.1"] if name == "localhost" else []
            )
            assert {request.sni for request in service.requests} <= {"localhost"}
    finally:
        service.refuse()


# ------------------------------------------------------------------ certificates


@pytest.fixture(scope="module", params=["nginx", "apache"])
def certified(request: pytest.FixtureRequest, authority: Authority) -> Iterator[World]:
    """The scene `tls` with client certificates."""
    require(request.param)
    with (
        traversable_directory() as place,
        world("tls", "certificates", request.param, place, authority) as found,
    ):
        yield found


def test_certificates_of_others_are_refused(
    certified: World, authority: Authority, tmp_path: Path
) -> None:
    """By nginx with 400, by httpd in the handshake; also those that our own server's authority signed."""
    stranger = Authority(tmp_path)
    certified.scene.forget()
    for signer in (stranger, authority):
        theirs = signer.issue("anna.example.org")
        context = authority.client_context()
        context.load_cert_chain(theirs.chain, theirs.key)
        for target in ("/simple/acme-foo/", PAGE):
            try:
                status = ask(certified.live.port, target, tls=context).status
            except ssl.SSLError:
                status = 0
            assert status == (400 if certified.kind == "nginx" else 0)
    assert certified.asked() == []
    assert get(certified, PAGE).status == 200


def test_the_name_of_another_host_is_no_way_around(certified: World) -> None:
    """Whatever Host and SNI say, a request without a certificate ends at the gate."""
    _, without = certified.admission.strangers["nothing"]
    assert without is not None
    certified.scene.forget()
    for host in ("other.example.org", "packages.example.org", "localhost"):
        data = request_bytes(PAGE, host=host)
        answer = send(certified.live.port, data, without, "packages.example.org")
        assert answer.status in (403, 421), host
        assert certified.asked() == []
