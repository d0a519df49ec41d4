"""What nginx does, written down before the generator relies on it: one construct a test, in a file made by hand."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from rewritegen.servers.base import Files
from rewritegen.servers.nginx import Nginx
from rewritegen.servers.nginx.refusals import MOST_JUMPS
from tests.support.bench import StartBench
from tests.support.processes import StartServer, free_port
from tests.support.sites import read_site, write_site
from tests.support.tools import require
from tests.support.upstream import Index, upstream
from tests.support.wire import ask

pytestmark = pytest.mark.server


CHAIN = """
    location ~ "^/simple/(?<rg_name>[a-z]+)/$" { rewrite ^ /-/one/$rg_name/ last; }
    location ^~ /-/one/ {
        internal;
        proxy_intercept_errors on; recursive_error_pages on;
        error_page 302 404 502 503 = /-/two/$rg_name/;
        proxy_pass http://127.0.0.1:{FIRST}/s/$rg_name/;
    }
    location ^~ /-/two/ {
        internal;
        proxy_intercept_errors on; recursive_error_pages on;
        error_page 302 404 502 503 = /-/end/$rg_name/;
        proxy_pass http://127.0.0.1:{SECOND}/s/$rg_name/;
    }
    location ^~ /-/end/ {
        internal;
        if ($upstream_status !~ "^(?:404(?:(?:, | : )404)*)?$") { return 502 "$upstream_status"; }
        return 404 "$upstream_status";
    }
"""


@pytest.mark.parametrize(
    ("first", "second", "status", "seen"),
    [
        ("404", "404", 404, "404 : 404"),
        ("503", "404", 502, "503 : 404"),
        ("404", "503", 502, "404 : 503"),
        ("closed", "404", 502, "502 : 404"),
        ("302", "404", 502, "302 : 404"),
        ("closed", "closed", 502, "502 : 502"),
        ("404", "200", 200, "/s/name/"),
        ("503", "200", 200, "/s/name/"),
    ],
)
def test_the_statuses_of_all_upstreams_of_a_request_are_kept(
    bench: StartBench, first: str, second: str, status: int, seen: str
) -> None:
    text = CHAIN.replace("FIRST", first).replace("SECOND", second)
    answer = bench("", text).get("/simple/name/?query=1")
    assert (answer.status, answer.body.decode()) == (status, seen)
    assert answer.one("Location") is None


def test_a_pattern_may_go_over_lines(bench: StartBench) -> None:
    http = 'map $request $rg_x { default no;\n "~(?x)^GET[ ]\n   /a\n   [ ]HTTP/1\\.1$" yes; }'
    live = bench(http, 'location / { return 200 "$rg_x"; }')
    assert live.get("/a").body == b"yes"
    assert live.get("/b").body == b"no"


def test_exact_keys_of_a_map_come_before_patterns(bench: StartBench) -> None:
    http = 'map $arg_n $rg_x { default 0; "~^acme(?:-|$)" 1; acme-oss 0; \\default 1; tool 1; }'
    live = bench(http, 'location / { return 200 "$rg_x"; }')
    names = ("acme", "acme-x", "acmex", "acme-oss", "default", "tool", "other")
    found = {name: live.get(f"/?n={name}").body for name in names}
    assert [found[name] for name in names] == [b"1", b"1", b"0", b"0", b"1", b"1", b"0"]


def test_a_path_goes_on_as_it_came_in(bench: StartBench) -> None:
    server = """
        location ~ "^/files/(?<rg_path>.+)$" {
            if ($request_uri !~ "^/files/(?<rg_raw_path>[^?]+)") { return 404; }
            proxy_pass http://127.0.0.1:{200}/base/$rg_raw_path;
        }
    """
    live = bench("", server)
    for path in ("a/b-1.0%2Blocal.whl", "a+b", "%2b%21!", "~1/x"):
        assert live.get(f"/files/{path}?q=1").body.decode() == f"/base/{path}"


def test_rules_are_tested_in_order_and_the_first_decides(bench: StartBench, place: Path) -> None:
    (place / "one").mkdir()
    (place / "two").mkdir()
    (place / "one" / "a b").write_text("first")
    (place / "two" / "a b").write_text("second")
    (place / "two" / "only").write_text("second")
    server = f"""
        location ~ "^/(?<rg_name>[a-z ]+)$" {{
            add_header X-Here entry always;
            if (!-f "{place}/marker") {{ return 503 "gone"; }}
            if (-f "{place}/one/$rg_name") {{ rewrite ^ /-/one/$rg_name last; }}
            if (-f "{place}/two/$rg_name") {{ rewrite ^ /-/two/$rg_name last; }}
            return 404 "nowhere";
        }}
        location ^~ /-/one/ {{ internal; alias "{place}/one/"; add_header X-Here one always; }}
        location ^~ /-/two/ {{ internal; alias "{place}/two/"; add_header X-Here two always; }}
    """
    live = bench("", server)
    assert (live.get("/only").status, live.get("/only").one("X-Here")) == (503, "entry")
    (place / "marker").touch()
    found = {path: live.get(path) for path in ("/a%20b", "/only", "/none", "/-/one/only")}
    assert [(a.status, a.one("X-Here")) for a in found.values()] == [
        (200, "one"),
        (200, "two"),
        (404, "entry"),
        (404, "one"),  # `internal` refuses, with the headers of what it protects
    ]
    assert found["/a%20b"].body == b"first"


def test_a_405_by_name_keeps_the_method_out_of_every_other_rule(bench: StartBench) -> None:
    server = """
        error_page 405 = @rg_405;
        if ($request_method !~ "^(?:GET|HEAD)$") { return 405; }
        location / { proxy_pass http://127.0.0.1:{200}; }
        location @rg_405 { add_header Allow "GET, HEAD" always; return 405 "read-only"; }
    """
    live = bench("", server)
    for method in ("POST", "PUT", "BREW", "OPTIONS"):
        answer = ask(live.port, "/x", method, body=b"x" * 3_000_000)
        assert (answer.status, answer.one("Allow"), answer.body) == (405, "GET, HEAD", b"read-only")


def test_sub_filter_takes_the_first_rule_that_fits_and_all_types(bench: StartBench) -> None:
    server = """
        location / {
            proxy_pass http://127.0.0.1:{200};
            sub_filter http://h/files/ A/;
            sub_filter http://h/ B/;
            sub_filter '"../../' '"C/';
            sub_filter_once off;
            sub_filter_types *;
        }
    """
    live = bench("", server)
    answer = live.get('/http://h/files/x,http://h/y,"../../z,../../w')
    assert answer.body == b'/A/x,B/y,"C/z,../../w'


# ---------------------------------------------------------------- the limit of internal jumps


def chained(place: Path, index: Index, proxies: int, mirror: bool) -> tuple[int, Files]:
    """A site with so many HTTP fallbacks, rendered although it may be refused."""
    (place / "team").mkdir()
    (place / "team" / ".rewritegen-root").touch()
    (place / "mirror" / "simple" / "there").mkdir(parents=True)
    (place / "mirror" / "simple" / "there" / "index.html").write_text("mirrored")
    fallbacks = [
        {"name": f"p{number}", "proxy": f"{index.origin}/p{number}/", "kind": "simple"}
        for number in range(proxies)
    ]
    last = [{"name": "m", "mirror": str(place / "mirror")}] if mirror else []
    private = [{"name": "team", "path": str(place / "team"), "listing": "automatic"}]
    port = free_port()
    file = place / "site.yaml"
    write_site(file, {"private": private, "fallbacks": [*fallbacks, *last]}, port)
    nginx = Nginx()
    capabilities = nginx.capabilities(str(require("nginx")))
    plan = read_site(file)[1]
    refused = [problem.code for problem in nginx.refusals(plan, "standalone", capabilities)]
    jumps = proxies + 1 + mirror
    assert refused == (["RG605"] if jumps > MOST_JUMPS else [])
    return port, nginx.render(plan, "standalone", capabilities)


@pytest.mark.parametrize(
    ("proxies", "mirror", "target", "status"),
    [
        (9, False, "/simple/unknown/", 404),
        (10, False, "/simple/unknown/", 500),
        (8, True, "/simple/there/", 200),
        (9, True, "/simple/there/", 500),
    ],
)
def test_the_limit_of_jumps_is_where_the_count_says(
    place: Path, start_server: StartServer, proxies: int, mirror: bool, target: str, status: int
) -> None:
    with upstream(Index({})) as index:
        port, files = chained(place, index, proxies, mirror)
        files.write(place / "tree")
        start_server("nginx", place / "tree", [port])
        assert ask(port, target).status == status
        assert len(index.requests) == proxies
        index.refuse()
        if status == 404:
            assert ask(port, target).status == 502


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("".join(letter * 11 for letter in "ABCDEFGHIJKLMNOPQR"), 301),
        ("ABCDEFGHIJKLMNOPQR" * 11, 301),
        ("a-_." * 49 + "a", 404),
        ("a" + "." * 190 + "a", 301),
        ("a" + "--a" * 11 + "-a" * 80, 301),
        ("a-" * 99 + "A", 301),
    ],
    ids=["letters", "mixed letters", "runs", "one run", "dashes", "single dashes"],
)
def test_spellings_cost_milliseconds(
    place: Path, start_server: StartServer, name: str, status: int
) -> None:
    """Fifty of the worst names: with back references in the bounds, one of them took up to 0.2 s."""
    with upstream(Index({})) as index:
        port, files = chained(place, index, 1, mirror=False)
        files.write(place / "tree")
        start_server("nginx", place / "tree", [port])
        begin = time.monotonic()
        statuses = {ask(port, f"/simple/{name}/").status for _ in range(50)}
        assert statuses == {status}
        assert time.monotonic() - begin < 4
        assert index.requests == []
