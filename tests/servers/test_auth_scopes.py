"""`auth:` in somebody else's server, which would let everybody in, or has credentials of its own."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rewritegen.plan import compile_plan
from rewritegen.servers import server as server_named
from rewritegen.servers.base import Scope
from rewritegen.site import load_site
from tests.servers.test_apache_scopes import LOADED, host
from tests.servers.test_auth import (
    World,
    test_a_stranger_gets_one_answer_and_nothing_leaves,
    test_no_shared_cache_keeps_an_answer,
    test_no_stranger_is_let_in,
    test_who_may_read_gets_the_answers_of_the_table,
    world,
)
from tests.servers.test_nginx_config import wrapper, written
from tests.support import processes
from tests.support.certificates import Authority
from tests.support.processes import HOST, traversable_directory
from tests.support.sites import LiveSite
from tests.support.tools import require
from tests.support.wire import ask

__all__ = [
    "test_a_stranger_gets_one_answer_and_nothing_leaves",
    "test_no_shared_cache_keeps_an_answer",
    "test_no_stranger_is_let_in",
    "test_who_may_read_gets_the_answers_of_the_table",
]

pytestmark = [pytest.mark.server, pytest.mark.slow]

#: What `auth` needs besides, and the module whose `Satisfy Any` would open a directory to every address.
MODULES = [
    *LOADED,
    *(
        "access_compat",
        "actions",
        "auth_basic",
        "authn_core",
        "authn_file",
        "authz_host",
        "authz_user",
    ),
]


NGINX_LETS_IN = (
    "satisfy any; allow all; server_tokens off; error_page 401 403 500 /simple/acme-foo/;"
)
HTTPD_LETS_IN = """
<Location "/">
    Satisfy Any
    Allow from all
    ErrorDocument 401 /simple/acme-foo/
    ErrorDocument 403 /simple/acme-foo/
    ErrorDocument 500 /simple/acme-foo/
</Location>"""


def nginx_around(
    site_file: Path, tree: Path, scope: Scope, settings: str = NGINX_LETS_IN
) -> LiveSite:
    """An nginx that lets every address in, and sends who is refused to a page of the index."""
    plan = compile_plan(load_site(site_file))
    port = plan.listen[0][1]
    written(plan, scope, tree)
    name = plan.server_name
    inside = f"{settings} root own; include {name}.conf;"
    if scope == "locations":
        inside = (
            f"include {name}.http.conf; server {{ listen {HOST}:{port}; {settings} root own;"
            f" include {name}.locations.conf; }}"
        )
    (tree / "own").mkdir()
    (tree / "nginx.conf").write_text(wrapper(inside))
    return LiveSite(plan, processes.start("nginx", tree, [port]), "")


def httpd_around(
    site_file: Path, tree: Path, scope: Scope, settings: str = HTTPD_LETS_IN
) -> LiveSite:
    """An httpd that lets every address in, and sends who is refused to a page of the index."""
    program = server_named("apache")
    plan = compile_plan(load_site(site_file))
    port = plan.listen[0][1]
    tree.mkdir()
    files = program.render(plan, scope, program.baseline)
    for name, text in files.texts:
        (tree / name).write_text(re.sub("/var/log/apache2", str(tree), text))
    first, *others = (f'Include "{tree}/{name}"' for name, _ in files.texts)
    body = f"ServerTokens Prod\n{settings}\n{first}"
    if scope == "locations":
        body = f"""
ServerTokens Prod
Listen {HOST}:{port}
<VirtualHost {HOST}:{port}>
    ServerName host.example.org
{settings}
    {first}
</VirtualHost>
{others[0] if others else ""}"""
    own = host(tree, body, MODULES)
    return LiveSite(plan, processes.start("apache", own, [port]), files.fingerprint)


AROUND = {"nginx": nginx_around, "apache": httpd_around}
HOSTS = [
    pytest.param((kind, scope, way), id=f"{kind}-{scope}-{way}")
    for kind in AROUND
    for scope in ("vhost", "locations")
    for way in ("basic", "request")
    if (kind, way) != ("apache", "request")
]


@pytest.fixture(scope="module", params=HOSTS)
def site(request: pytest.FixtureRequest, authority: Authority) -> Iterator[World]:
    """The scene `team` in such a server; the tests above are those of a standalone tree."""
    kind, scope, way = request.param
    require(kind)

    def start(_: str, site_file: Path, tree: Path) -> LiveSite:
        return AROUND[kind](site_file, tree, scope)

    with (
        traversable_directory() as place,
        world("team", way, kind, place, authority, start) as found,
    ):
        found.part = scope == "locations"
        yield found


def test_health_is_open(site: World) -> None:
    assert ask(site.live.port, "/-/health").body == b"ok\n"


def test_an_error_page_of_the_host_is_no_way_in(site: World) -> None:
    """Without its file nobody is let in, and the error's page is a page of the index: that is refused as well."""
    with _broken(site):
        for target in ("/simple/acme-foo/", "/simple/proxied/", "/simple/acme-ghost/"):
            site.scene.forget()
            answer = ask(site.live.port, target, headers=site.admission.headers)
            assert answer.status in (403, 500, 503)
            assert b"acme_foo" not in answer.body
            assert site.asked() == []


@contextlib.contextmanager
def _broken(site: World) -> Iterator[None]:
    """Nobody can say who may read."""
    if site.admission.service is not None:
        site.admission.service.set_mode("500")
        yield
        site.admission.service.set_mode("ok")
        return
    passwords = Path(site.admission.settings["auth"]["basic"])
    away = passwords.rename(f"{passwords}.away")
    yield
    away.rename(passwords)
