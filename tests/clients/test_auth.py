"""Real pip and uv show a password or a certificate, and install; with a wrong one they fail and nothing leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.test_installers import PRIVATE, PROXIED, fetched, requirement
from tests.servers.test_auth import World, world
from tests.support.certificates import Authority
from tests.support.credentials import PASSWORD, USER
from tests.support.processes import traversable_directory
from tests.support.tools import require

pytestmark = [pytest.mark.server, pytest.mark.client, pytest.mark.slow]

WANTED = (requirement(PRIVATE), requirement(PROXIED))
FILES = {"acme_foo.py", "proxied.py"}


def started(way: str, kind: str, authority: Authority) -> Iterator[World]:
    require(kind)
    scene = "tls" if way == "certificates" else "team"
    with traversable_directory() as place, world(scene, way, kind, place, authority) as found:
        yield found


@pytest.fixture(scope="module", params=["nginx", "apache"])
def passwords(request: pytest.FixtureRequest, authority: Authority) -> Iterator[World]:
    yield from started("basic", request.param, authority)


@pytest.fixture(scope="module", params=["nginx", "apache"])
def certificates(request: pytest.FixtureRequest, authority: Authority) -> Iterator[World]:
    yield from started("certificates", request.param, authority)


def with_password(site: World, password: str) -> str:
    return site.live.url.replace("//", f"//{USER}:{password}@")


@pytest.mark.parametrize("name", ["pip-newest", "uv"])
def test_a_password_in_the_url(
    passwords: World, name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    client = fetched(request, name)
    passwords.scene.forget()
    done = client.install(with_password(passwords, PASSWORD), WANTED, tmp_path)
    assert done.status == 0, done.output
    assert done.names >= FILES
    seen = passwords.asked()
    assert {r.target for r in seen if r.server == "index"} == {"/simple/proxied/"}
    assert not [r for r in seen if "authorization" in r.headers]


@pytest.mark.parametrize("name", ["pip-newest", "uv"])
@pytest.mark.parametrize("how", ["wrong", "none"])
def test_a_wrong_password_or_none(
    passwords: World, name: str, how: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    client = fetched(request, name)
    passwords.scene.forget()
    url = with_password(passwords, "wrong") if how == "wrong" else passwords.live.url
    options = ["--no-input"] if name != "uv" else []
    done = client.install(url, WANTED, tmp_path, options)
    assert done.status != 0
    assert done.names == frozenset()
    # pip that may not ask for a password says no more than that
    said = "No matching distribution" if (name, how) == ("pip-newest", "none") else "401"
    assert said in done.output
    assert passwords.asked() == []


@pytest.mark.parametrize("name", ["pip-newest", "uv"])
@pytest.mark.parametrize("shown", [True, False], ids=["certificate", "none"])
def test_a_client_certificate(
    certificates: World,
    name: str,
    shown: bool,
    request: pytest.FixtureRequest,
    authority: Authority,
    tmp_path: Path,
) -> None:
    client = fetched(request, name)
    certificates.scene.forget()
    place = Path(certificates.admission.settings["auth"]["certificates"]).parent
    both = tmp_path / "client.pem"
    both.write_bytes(
        b"".join((place / f"anna.example.org.{part}").read_bytes() for part in ("key", "crt"))
    )
    environment = {"SSL_CERT_FILE": str(authority.pem)} if name == "uv" else {}
    options = [] if name == "uv" else ["--cert", str(authority.pem)]
    if shown and name == "uv":
        environment["SSL_CLIENT_CERT"] = str(both)
    elif shown:
        options += ["--client-cert", str(both)]
    done = client.install(certificates.live.url, WANTED, tmp_path, options, environment=environment)
    if shown:
        assert done.status == 0, done.output
        assert done.names >= FILES
        return
    assert done.status != 0
    assert done.names == frozenset()
    assert certificates.asked() == []
