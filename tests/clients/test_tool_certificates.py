"""Each tool shows a client certificate the way that its comments say, and is let in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients import test_configured as tools
from tests.clients.test_configured import Desk, desk_at, installed
from tests.clients.test_tool_credentials import printed
from tests.servers.test_auth import World, world
from tests.support.certificates import Authority
from tests.support.processes import traversable_directory
from tests.support.project_tools import Run
from tests.support.sites import write_site
from tests.support.tools import require

pytestmark = [pytest.mark.server, pytest.mark.client, pytest.mark.slow]


@pytest.fixture(scope="module")
def certified(authority: Authority) -> Iterator[World]:
    """The scene ``tls`` behind client certificates, on nginx."""
    require("nginx")
    with traversable_directory() as at, world("tls", "certificates", "nginx", at, authority) as it:
        yield it


@pytest.fixture
def desk(certified: World, request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    """A desk there."""
    site = write_site(tmp_path / "site.yaml", certified.scene.settings, certified.live.port)
    return desk_at(certified.scene, site, certified.live.url, tmp_path, request)


@pytest.fixture
def pem(certified: World, tmp_path: Path) -> str:
    """A certificate with its key."""
    place = Path(certified.admission.settings["auth"]["certificates"]).parent
    both = [(place / f"anna.example.org.{part}").read_bytes() for part in ("key", "crt")]
    path = tmp_path / "client.pem"
    path.write_bytes(b"".join(both))
    return str(path)


#: How each is told of the authority of the site, which is that of this test; sites have one that is known.
TRUST = {
    "pip": "PIP_CERT",
    "uv": "SSL_CERT_FILE",
    "poetry": "certificates.packages.cert",
    # pdm 2.29.4 takes no certificate beside `pypi.ca_certs`
    "pdm": "SSL_CERT_FILE",
}


@pytest.mark.parametrize(
    ("name", "use"),
    [
        pytest.param("pip", tools.pip, id="pip", marks=pytest.mark.long),
        pytest.param("uv", tools.uv, id="uv"),
        pytest.param("poetry", tools.poetry, id="poetry", marks=pytest.mark.long),
        pytest.param("pdm", tools.pdm, id="pdm", marks=pytest.mark.long),
    ],
)
def test_who_shows_one_is_let_in(
    desk: Desk,
    name: str,
    use: Callable[[Desk], Run],
    pem: str,
    authority: Authority,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = printed(desk, name, capsys)
    variables = re.findall(r"\b(?:PIP|SSL)_CLIENT_CERT\b", text)
    commands = re.findall(rf"`{name} config (\S+) FILE`", text)
    assert len([*variables, *commands]) == 1, text
    desk.environment |= dict.fromkeys(variables, pem)
    trust = TRUST[name]
    settings = dict.fromkeys(commands, pem)
    known = settings if name == "poetry" else desk.environment
    known[trust] = str(authority.pem)
    for setting, value in settings.items():
        done = desk.run(desk.tool(name).program, "config", setting, value)
        assert done.status == 0, done.output
    done = use(desk)
    assert done.status == 0, done.output
    found = installed(desk.project, "acme_foo"), installed(desk.project, "proxied")
    assert found == ("1.0", "1.0")
