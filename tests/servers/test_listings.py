"""The server's own listings as pages: what their links lead to, and what they cannot know without state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from rewritegen.plan import compile_plan
from rewritegen.servers import server as server_named
from rewritegen.site import load_site
from tests.support.compare import hrefs
from tests.support.farm import Farm
from tests.support.processes import HOST, StartServer, free_port
from tests.support.scenes import LONG, ODD, STRANGE
from tests.support.sites import write_site
from tests.support.tools import require
from tests.support.wire import ask

pytestmark = pytest.mark.server

PAGE = "/simple/listed-names/"


@pytest.mark.parametrize("name", [LONG, *ODD, *STRANGE], ids=lambda name: name[:16])
def test_a_link_is_the_whole_name_whatever_is_in_it(
    server_kind: str, farm: Farm, name: str
) -> None:
    """nginx cuts the text at 50 characters, httpd would at 23; installers read the link."""
    live = farm.live("listing", server_kind)
    (link,) = (
        href
        for href in hrefs(ask(live.port, PAGE).decoded)
        if unquote(href.removeprefix("./")) == name
    )
    target = urlsplit(urljoin(f"http://{HOST}:{live.port}{PAGE}", link)).path
    answer = ask(live.port, target)
    # a name that no build tool gives is listed, and no request may have it: `lint` says so (RG034)
    wanted = (404, None) if name in STRANGE else (200, name.encode())
    assert (answer.status, answer.body if answer.status == 200 else None) == wanted


def test_a_directory_is_a_page_as_soon_as_it_has_a_file_and_no_longer(
    server_kind: str, farm: Farm
) -> None:
    """Nothing is written or reloaded for it."""
    live, root = farm.live("listing", server_kind), farm.scene("listing").root / "private"
    late = root / f"late-{server_kind}"
    file = late / "late_tool-1.0-py3-none-any.whl"
    late.mkdir()
    try:
        assert ask(live.port, f"/simple/{late.name}/").status == 404
        file.write_bytes(b"a wheel")
        answer = ask(live.port, f"/simple/{late.name}/")
        assert (answer.status, file.name.encode() in answer.decoded) == (200, True)
        assert ask(live.port, f"/simple/{late.name}/{file.name}").body == b"a wheel"
        file.unlink()
        assert ask(live.port, f"/simple/{late.name}/").status == 404
    finally:
        file.unlink(missing_ok=True)
        late.rmdir()


def test_without_state_a_raw_name_is_not_known_to_be_ours(server_kind: str, farm: Farm) -> None:
    """What README says that is left out: `generate` says it on stderr, and `lint` names the directory (RG023)."""
    live, scene = farm.live("listed", server_kind), farm.scene("listed")
    scene.forget()
    answer = ask(live.port, "/simple/Like_This/")
    assert (answer.status, answer.one("Location")) == (301, "/simple/like-this/")
    answer = ask(live.port, "/simple/like-this/")
    assert (answer.status, answer.one("X-Index-Source")) == (200, "proxy/public")
    assert ask(live.port, "/simple/acme-empty/").one("X-Index-Source") == "private/own"
    assert {r.target for i in scene.upstreams for r in i.requests} == {"/simple/like-this/"}


def test_an_nginx_without_random_index_lists_what_is_empty(
    place: Path, start_server: StartServer
) -> None:
    """As Debian 11's: the text has nothing of it, and says in `lint` what that means."""
    root = place / "team"
    (root / "acme-empty").mkdir(parents=True)
    (root / ".rewritegen-root").touch()
    port = free_port()
    private = {"path": str(root), "listing": "automatic", "claims": ["acme-*"]}
    plan = compile_plan(load_site(write_site(place / "site.yaml", {"private": [private]}, port)))
    program = server_named("nginx")
    able = program.capabilities(str(require("nginx")))
    less = replace(able, modules=able.modules - {"http_random_index"})
    files = program.render(plan, "standalone", less)
    assert not [text for _, text in files.texts if "random_index" in text]
    files.write(place / "tree")
    start_server("nginx", place / "tree", [port])
    answer = ask(port, "/simple/acme-empty/")
    assert (answer.status, answer.one("X-Index-Source")) == (200, "private/team")
