"""A virtual host with an authentication of its own around an index that has none: what holds, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.servers.test_auth import World, test_who_may_read_gets_the_answers_of_the_table, world
from tests.servers.test_auth_scopes import httpd_around, nginx_around
from tests.support.certificates import Authority
from tests.support.processes import traversable_directory
from tests.support.sites import LiveSite
from tests.support.tools import require
from tests.support.wire import ask

__all__ = ["test_who_may_read_gets_the_answers_of_the_table"]

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="module", params=["nginx", "apache"])
def site(request: pytest.FixtureRequest, authority: Authority) -> Iterator[World]:
    """The scene `team` without `auth`, in scope `locations`, in a host that asks for a password everywhere."""
    kind = request.param
    require(kind)

    def start(_: str, site_file: Path, tree: Path) -> LiveSite:
        values = yaml.safe_load(site_file.read_text())
        passwords = values.pop("auth")["basic"]
        site_file.write_text(yaml.safe_dump(values))
        if kind == "nginx":
            asks = f"server_tokens off; auth_basic theirs; auth_basic_user_file {passwords};"
            return nginx_around(site_file, tree, "locations", asks)
        asks = f"""
<Location "/">
    AuthType Basic
    AuthName "theirs"
    AuthBasicProvider file
    AuthUserFile "{passwords}"
    Require valid-user
</Location>"""
        return httpd_around(site_file, tree, "locations", asks)

    with (
        traversable_directory() as place,
        world("team", "basic", kind, place, authority, start) as found,
    ):
        found.part = True
        yield found


def test_nothing_is_served_or_forwarded_without_the_password_of_the_host(site: World) -> None:
    served = [row for row in site.rows if row.status == 200 and row.target != "/-/health"]
    assert len(served) > 50
    for row in served:
        answer = site.ask(row, "nothing")
        assert answer.status in (200, 401)
        assert (answer.status == 200) == row.target.startswith("/-/")
        assert site.asked() == []


@pytest.mark.parametrize(
    ("target", "status"),
    [("/simple/acme-ghost/", 404), ("/simple/Acme_Foo", 301), ("/simple/acme-foo/x.whl", 404)],
)
def test_but_a_stranger_is_told_what_is_not_here(site: World, target: str, status: int) -> None:
    """As docs/auth.md says: `auth` in the site file is for that."""
    answer = ask(site.live.port, target)
    assert answer.status == status
    assert site.asked() == []
