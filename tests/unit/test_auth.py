"""Who may read, in the plan, in words, in the model, and what a server cannot do of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rewritegen.auth import Auth, Basic, Certificates, Service, describe_auth
from rewritegen.decide import Request, decide
from rewritegen.plan import Plan
from rewritegen.routes import route_table
from rewritegen.servers import SERVER_NAMES, server
from rewritegen.servers.base import Capabilities, Scope
from tests.unit.sites import FULL, plan_of

TLS = "tls: {certificate: /c.pem, key: /k.pem}\n    "
WAYS: dict[str, tuple[str, Auth]] = {
    "basic": (
        "auth: {basic: /etc/rewritegen/htpasswd}",
        Basic("/etc/rewritegen/htpasswd", "packages"),
    ),
    "realm": ("auth: {basic: /etc/htpasswd, realm: our team}", Basic("/etc/htpasswd", "our team")),
    "certificates": (f"{TLS}auth: {{certificates: /etc/ca.pem}}", Certificates("/etc/ca.pem")),
    "request": (
        "auth: {request: 'http://127.0.0.1:9091/auth'}",
        Service("http://127.0.0.1:9091/auth"),
    ),
    "request-slash": (
        "auth: {request: 'https://sso.example.org/'}",
        Service("https://sso.example.org/"),
    ),
    "request-root": (
        "auth: {request: 'https://SSO.example.org:443'}",
        Service("https://sso.example.org/"),
    ),
}
GATED = [way for way in WAYS if way in ("basic", "certificates", "request")]


def plan_with(way: str, text: str = FULL) -> Plan:
    return plan_of(text.replace("state: /state", f"state: /state\n    {WAYS[way][0]}"))


@pytest.mark.parametrize("way", WAYS)
def test_the_plan_has_it(way: str) -> None:
    assert plan_with(way).auth == WAYS[way][1]


def test_without_it_everybody_may_read() -> None:
    plan = plan_of(FULL)
    assert plan.auth is None
    assert not [line for line in route_table(plan) if "only" in line]


@pytest.mark.parametrize("way", GATED)
def test_the_table_says_it_before_all_that_it_holds_for(way: str) -> None:
    table = route_table(plan_with(way))
    place = table.index(describe_auth(WAYS[way][1]))
    assert table[place - 1].startswith("/-/health")
    assert [line for line in table if line not in route_table(plan_of(FULL))] == [table[place]]


class Nothing:
    """A world that must not be looked at."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"the model looked: {name}")


TARGETS = {
    "/simple/": True,
    "/simple/acme-foo/": True,
    "/simple/Acme_Foo": True,
    "/simple/acme-foo/acme-1.0.whl": True,
    "/simple/some-public-one/": True,
    "/files/team/acme-foo/acme_foo-1.0.whl": True,
    "/files/index/acme_foo-1.0.whl": True,
    "/packages/aa/acme_foo-1.0.whl": True,
    "/simple/acme-foo/?x=y": True,
    "/other": False,
    "/simple/%61cme-foo/": False,
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("way", GATED)
def test_a_stranger_is_refused_before_the_model_looks(way: str, method: str, target: str) -> None:
    auth = WAYS[way][1]
    decision = decide(plan_with(way), Request(target, method, admitted=False), Nothing())  # type: ignore[arg-type]
    status = auth.status if TARGETS[target] else 404
    assert (decision.status, decision.source, decision.location) == (status, "none", None)
    assert decision.forwarded == ()
    (line,) = decision.trace
    if TARGETS[target]:
        assert (line.key, line.rule, line.decided) == ("auth", describe_auth(auth), True)


@pytest.mark.parametrize(
    ("target", "method", "status"),
    [("/simple/acme/", "POST", 405), ("/-/health", "GET", 200), ("/-/rewritegen", "GET", 200)],
)
def test_what_stays_open(target: str, method: str, status: int) -> None:
    request = Request(target, method, admitted=False)
    assert decide(plan_with("basic"), request, Nothing()).status == status  # type: ignore[arg-type]


class Bare:
    """A world with nothing in it."""

    def is_file(self, path: str) -> bool:
        del path
        return False


def test_the_trace_of_a_reader_names_it_first() -> None:
    decision = decide(plan_with("basic"), Request("/simple/acme-foo/"), Bare())  # type: ignore[arg-type]
    assert [(line.key, line.decided) for line in decision.trace] == [
        ("auth", False),
        ("state", True),
    ]


def codes(plan: Plan, name: str, scope: Scope, without: frozenset[str] = frozenset()) -> list[str]:
    program = server(name)
    able = Capabilities(program.baseline.version, program.baseline.modules - without)
    return [problem.code for problem in program.refusals(plan, scope, able)]


SMALL = """
    server_name: packages.example.org
    state: /state
    private: [{name: team, path: /srv/team}]
    fallbacks: []
"""
NEEDED = {
    ("nginx", "basic"): ("http_auth_basic",),
    ("nginx", "request"): ("http_auth_request", "http_proxy"),
    ("nginx", "certificates"): ("http_ssl",),
    ("apache", "basic"): ("actions", "auth_basic", "authn_core", "authn_file", "authz_user"),
    ("apache", "certificates"): ("actions", "authn_core", "ssl"),
}


@pytest.mark.parametrize(
    ("name", "way", "module"),
    [(*pair, module) for pair, modules in NEEDED.items() for module in modules],
)
def test_a_missing_module_is_said(name: str, way: str, module: str) -> None:
    plan = plan_with(way, SMALL)
    assert codes(plan, name, "vhost") == []
    assert codes(plan, name, "vhost", frozenset({module})) == [
        {"nginx": "RG604", "apache": "RG704"}[name]
    ]
    texts = server(name).render(plan, "vhost", server(name).baseline).texts
    if name == "apache":
        assert f"<IfModule !mod_{module}.c>" in texts[0][1]
    elif module == "http_auth_request":
        assert re.search(r"built with: [^.]*http_auth_request", texts[0][1])


@pytest.mark.parametrize("name", SERVER_NAMES)
def test_certificates_are_those_of_the_host_around(name: str) -> None:
    (problem,) = server(name).refusals(
        plan_with("certificates", SMALL), "locations", server(name).baseline
    )
    assert (problem.code, problem.key) == (
        {"nginx": "RG607", "apache": "RG709"}[name],
        "auth.certificates",
    )


@pytest.mark.parametrize("scope", ["vhost", "standalone", "locations"])
def test_apache_cannot_ask_a_service(scope: Scope) -> None:
    plan = plan_with("request", SMALL)
    (problem,) = server("apache").refusals(plan, scope, server("apache").baseline)
    assert (problem.code, problem.key) == ("RG708", "auth.request")
    assert problem.help
    assert "nginx" in problem.help


def chained(count: int, way: str | None) -> Plan:
    proxies = "".join(
        f"\n      - {{name: p{n}, proxy: 'https://p{n}.example.org/simple/'}}" for n in range(count)
    )
    text = SMALL.replace(" []", proxies)
    return plan_with(way, text) if way else plan_of(text)


def test_the_gate_is_one_of_the_jumps_that_nginx_allows() -> None:
    found = {
        (count, way): codes(chained(count, way), "nginx", "vhost")
        for count in (8, 9, 10)
        for way in (None, "basic")
    }
    assert [key for key, said in found.items() if said == ["RG605"]] == [
        (9, "basic"),
        (10, None),
        (10, "basic"),
    ]


@pytest.mark.parametrize("scope", ["vhost", "standalone", "locations"])
@pytest.mark.parametrize("way", ["basic", "request"])
def test_no_location_of_nginx_answers_before_the_gate(way: str, scope: Scope) -> None:
    """All but the gate, health, fingerprint and the lost-and-found are for nginx itself."""
    texts = server("nginx").render(plan_with(way), scope, server("nginx").baseline).texts
    text = "\n".join(body for name, body in texts if "http.conf" not in name)
    site = (
        text[text.rindex("server_name packages.example.org;") :] if scope != "locations" else text
    )
    blocks = re.split(r"\n    location ", site)[1:]
    open_to_all = [
        block.partition(" {")[0]
        for block in blocks
        if "\n        internal;" not in block.partition("\n    }\n")[0]
    ]
    gates = ["/"] if scope != "locations" else ["/simple/", "/files/team/"]
    assert set(gates) <= set(open_to_all)
    rest = [
        match for match in open_to_all if match not in ("= /-/health", "= /-/rewritegen", "@rg_405")
    ]
    for match in rest:
        (block,) = [block for block in blocks if block.startswith(f"{match} {{")]
        assert "try_files /rg_nothing /-/rg_in$uri;" in block
        assert "satisfy all;" in block
        assert ("auth_basic " if way == "basic" else "auth_request ") in block
        assert "proxy_pass" not in block.partition("\n    }\n")[0]


@pytest.mark.parametrize("name", SERVER_NAMES)
def test_without_auth_nothing_of_it_is_written(name: str) -> None:
    plan = plan_of(FULL)
    for scope in ("vhost", "standalone", "locations"):
        texts = server(name).render(plan, scope, server(name).baseline).texts
        for _, text in texts:
            assert not re.search(
                "/-/rg_in|rg_gate|auth_basic|AuthType|private, (?:no|max)|Satisfy", text
            )


def test_only_values_reach_the_text_that_may() -> None:
    """A path with everything in it that quoting is for."""
    plan = plan_of(
        SMALL.replace("state: /state", "state: /state\n    auth: {basic: '/etc/a \"b\" #c'}")
    )
    nginx = server("nginx").render(plan, "vhost", server("nginx").baseline).texts[0][1]
    assert r'auth_basic_user_file "/etc/a \"b\" #c";' in nginx
    apache = server("apache").render(plan, "vhost", server("apache").baseline).texts[0][1]
    assert r'AuthUserFile "/etc/a \"b\" #c"' in apache


def test_two_sites_in_one_virtual_host_have_gates_of_their_own() -> None:
    """httpd keeps one `<If>` beside the other: a word tells whose request it is."""
    words = set()
    for name in ("a.example.org", "b.example.org"):
        plan = plan_with("basic", SMALL.replace("packages.example.org", name))
        (text,) = (
            text
            for _, text in server("apache")
            .render(plan, "locations", server("apache").baseline)
            .texts[:1]
        )
        (word,) = re.findall(r"<If \"reqenv\('RG_GATE'\) == '(\w+)'\">", text)
        assert f'"!^200 {word}$"' in text
        assert f"E=RG_GATE:{word}," in text
        words.add(word)
    assert len(words) == 2


def test_every_way_is_in_the_starter_and_the_documentation() -> None:
    root = Path(__file__).resolve().parents[2]
    for text in (root / "templates/init/site.yaml.j2", root / "docs/auth.md"):
        for key in ("basic", "certificates", "request"):
            assert f"`{key}`" in text.read_text() or f"{key}:" in text.read_text()
