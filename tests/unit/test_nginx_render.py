"""The generated nginx text as text: rules that hold for every plan, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import crossplane
import pytest
import yaml

from rewritegen.diagnostics import RewritegenError
from rewritegen.plan import Plan
from rewritegen.servers.base import Capabilities, Files, Scope, site_word
from rewritegen.servers.nginx import Nginx
from rewritegen.servers.nginx.capabilities import BASELINE, parse
from rewritegen.servers.nginx.chain import chain_length
from rewritegen.servers.nginx.problems import CODES, problem
from tests.unit.sites import FULL, plan_of

NGINX = Nginx()
SCOPES: tuple[Scope, ...] = ("standalone", "vhost", "locations")

HASHED = FULL.replace(
    "{name: netbook, mirror: /srv/pypi/web}",
    "{name: netbook, mirror: /srv/pypi/web, layout: bandersnatch-hash-index}",
)
TLS = FULL.replace(
    "state: /state", "state: /state\n    tls: {certificate: /etc/tls/a.pem, key: /etc/tls/a.key}"
)
DEEP = FULL.replace("state: /state", "state: /state\n    index: /pypi/simple/")
TOP = FULL.replace("state: /state", "state: /state\n    index: /")
PLAIN = FULL.replace("https://index.example.org", "http://127.0.0.1:3141").replace(
    "https://files.example.org", "http://127.0.0.1:3142"
)
PLANS = {"full": FULL, "hashed": HASHED, "tls": TLS, "deep": DEEP, "top": TOP, "plain": PLAIN}


def without(*modules: str) -> Capabilities:
    """The baseline without some modules."""
    return Capabilities(BASELINE.version, BASELINE.modules - set(modules))


def rendered(plan: Plan, scope: Scope = "vhost") -> dict[str, str]:
    return dict(NGINX.render(plan, scope, BASELINE).texts)


def every_text() -> Iterator[tuple[str, str]]:
    for name, text in PLANS.items():
        for scope in SCOPES:
            if (name, scope) != ("top", "locations"):
                yield f"{name} {scope}", "\n".join(rendered(plan_of(text), scope).values())


TEXTS = dict(every_text())
each_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)


def directives(text: str, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """All directives, parents first, each with the names of those around it."""
    file = tmp_path / "nginx.conf"
    file.write_text(re.sub(r"\n    include .*;\n", "\n", text))
    parsed = crossplane.parse(str(file), strict=False, check_ctx=False, check_args=False)
    assert parsed["status"] == "ok", parsed["errors"]

    def walk(block: list[dict[str, Any]], around: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        for one in block:
            yield {**one, "around": around}
            yield from walk(one.get("block") or [], (*around, one["directive"]))

    yield from walk(parsed["config"][0]["parsed"], ())


# ---------------------------------------------------------------- what holds for every text


@each_text
def test_text_is_plain(text: str) -> None:
    assert text.isascii()
    assert "\t" not in text
    assert not re.search(r"[ ]$", text, re.MULTILINE)
    assert "\n\n\n" not in text
    assert [line for line in text.splitlines() if len(line) > 100] == []


@each_text
def test_maps_have_a_default_and_no_captures(text: str, tmp_path: Path) -> None:
    maps = [one for one in directives(text, tmp_path) if one["directive"] == "map"]
    assert maps
    for one in maps:
        keys = [entry["directive"] for entry in one["block"]]
        assert keys[0] == "default", one
        assert not [key for key in keys if re.search(r"(?<!\\)\((?!\?[:=!ix])|\(\?P?<\w", key)]


@each_text
def test_captures_have_names(text: str, tmp_path: Path) -> None:
    for one in directives(text, tmp_path):
        patterns = {"location": one["args"][1:2], "rewrite": one["args"][:1]}.get(
            one["directive"], one["args"][2:3] if one["directive"] == "if" else []
        )
        for regex in patterns:
            assert not re.search(r"(?<!\\)\((?!\?)", regex), one


@each_text
def test_rewrites_are_those_that_no_advisory_is_about(text: str, tmp_path: Path) -> None:
    for one in directives(text, tmp_path):
        if one["directive"] != "rewrite":
            continue
        regex, replacement, *flag = one["args"]
        assert "?" not in replacement
        assert replacement.startswith("/")
        assert re.match(r"(?:\(\?x\)\s+)?\^", regex)
        assert flag in ([], ["last"])
        assert not any(map(re.compile(r"\(\?<").search, captured(regex)))


def captured(regex: str) -> Iterator[str]:
    """What stands in each capture."""
    for start in re.finditer(r"\(\?<rg_", regex):
        depth, at = 1, start.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(regex[at], 0)
            at += 1
        yield regex[start.end() : at]


@each_text
def test_an_if_ends_the_location(text: str, tmp_path: Path) -> None:
    for one in directives(text, tmp_path):
        if one["directive"] == "if":
            (action,) = one["block"]
            assert action["directive"] == "return" or action["args"][-1] == "last", one


@each_text
def test_what_we_invent_is_called_rg(text: str, tmp_path: Path) -> None:
    for one in directives(text, tmp_path):
        name = {"map": 1, "upstream": 0, "log_format": 0, "set": 0}.get(one["directive"])
        if name is not None:
            assert one["args"][name].removeprefix("$").startswith("rg_")
        if one["directive"] == "location" and one["args"][0].startswith("@"):
            assert one["args"][0].startswith("@rg_")


def servers(text: str, tmp_path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """All directives of the inner server (its own first), and all others but those of the server between."""
    inner, others, _ = three_servers(text, tmp_path)
    return inner, others


def three_servers(text: str, tmp_path: Path) -> tuple[list[dict[str, Any]], ...]:
    """All directives of the inner server, of the site and around it, and of the server between them for pages."""
    inner: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    between: list[dict[str, Any]] = []
    to = others
    for one in directives(text, tmp_path):
        if one["directive"] == "server" and not one["args"] and one["around"] in ((), ("http",)):
            names = [line["args"] for line in one["block"] if line["directive"] == "server_name"]
            name = names[0][0] if names else ""
            to = inner if name.endswith(".invalid") else others
            to = between if name.startswith("pages.rg-") else to
        elif not one["around"]:
            to = others
        to.append(one)
    return inner, others, between


def added(location: dict[str, Any]) -> list[str]:
    return [line["args"][0] for line in location["block"] if line["directive"] == "add_header"]


@each_text
def test_every_location_says_who_answered(text: str, tmp_path: Path) -> None:
    _, site = servers(text, tmp_path)
    locations = [one for one in site if one["directive"] == "location" and one["args"] != ["/"]]
    assert locations
    for one in locations:
        assert added(one).count("X-Index-Source") == 1, one["args"]


def proxied(lines: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, list[list[str]]]]]:
    """The locations that ask somebody: the URL, and the arguments of each directive."""
    for one in lines:
        if one["directive"] != "location":
            continue
        found: dict[str, list[list[str]]] = {}
        for line in one["block"]:
            found.setdefault(line["directive"], []).append(line["args"])
        if "proxy_pass" in found:
            ((url,),) = found["proxy_pass"]
            yield url, found


@each_text
def test_only_the_inner_server_asks_upstreams_and_sends_constants(
    text: str, tmp_path: Path
) -> None:
    inner, site = servers(text, tmp_path)
    own = {
        (one["directive"], tuple(one["args"])) for one in inner if one["around"][-1:] == ("server",)
    }
    assert ("proxy_pass_request_headers", ("off",)) in own
    assert ("proxy_pass_request_body", ("off",)) in own
    tls = any(url.startswith("https:") for url, _ in proxied(inner))
    for line in (("proxy_ssl_verify", ("on",)), ("proxy_ssl_server_name", ("on",))):
        assert (line in own) == tls
    # a bundle that nobody needs may be missing, and nginx would not start
    assert ("proxy_ssl_trusted_certificate" in {directive for directive, _ in own}) == tls
    assert {args[0] for directive, args in own if directive == "proxy_set_header"} == {
        *("Host", "Connection", "Content-Length", "User-Agent", "Accept", "Accept-Encoding"),
        *("Range", "If-Range", "If-None-Match", "If-Modified-Since"),
    }
    asking = list(proxied(inner))
    assert asking
    for url, lines in asking:
        # none of its own: it would take all others away
        assert "proxy_set_header" not in lines
        assert re.fullmatch(
            r"https?://rg_at_[\w.-]+/[\w.~+@=/-]*(\$rg_name/|\$rg_raw|\$rg_to)", url
        )
        assert ("proxy_ssl_name" in lines) == url.startswith("https:")
    for url, lines in proxied(site):
        assert re.fullmatch(
            r"http://rg_[\w.-]+/(pages|files)/[\w/-]+/(\$rg_name/|\$rg_raw_path)", url
        )
        assert not url.startswith("http://rg_at_")
        name = f"rg-{site_word('packages.example.org')}.invalid"
        name = f"pages.{name}" if "/pages/" in url else name
        assert ["Host", name] in lines["proxy_set_header"]


@each_text
def test_nobody_but_the_fetcher_sends_a_request_elsewhere(text: str, tmp_path: Path) -> None:
    """X-Accel-Redirect is ignored of upstreams and by the site; the server between asks the fetcher only."""
    inner, site, between = three_servers(text, tmp_path)
    ignored = [one["args"] for one in inner if one["directive"] == "proxy_ignore_headers"]
    assert ["X-Accel-Redirect" in args for args in ignored] == [True]
    for _, lines in proxied(site):
        assert "X-Accel-Redirect" in lines["proxy_ignore_headers"][0]
    ((url, lines),) = proxied(between)
    (listen,) = (one["args"] for one in inner if one["directive"] == "listen")
    assert url == f"http://{listen[0]}"
    assert "X-Accel-Redirect" not in lines["proxy_ignore_headers"][0]
    pages = [one for one in inner if one["directive"] == "location" and "pages" in one["args"][-1]]
    assert pages
    for page in pages:
        assert added(page)[-1] == "X-Accel-Redirect"


def test_a_name_is_looked_up_while_nginx_runs() -> None:
    """Without a group before 1.27.3, in it from then on; an address and `localhost` need nobody."""
    text = FULL.replace("state: /state", "state: /state\n    resolver: [127.0.0.53, '::1']")
    plan = plan_of(text)
    old = dict(NGINX.render(plan, "vhost", BASELINE).texts)["packages.example.org.conf"]
    assert "resolver 127.0.0.53 [::1];" in old
    assert "proxy_pass https://index.example.org:443/simple/$rg_name/;" in old
    assert "server index.example.org:443" not in old
    assert "    server 127.0.0.1:8888;" in old
    new = Capabilities((1, 27, 3), BASELINE.modules)
    late = dict(NGINX.render(plan, "vhost", new).texts)["packages.example.org.conf"]
    assert "    server index.example.org:443 resolve;" in late
    assert "proxy_pass https://index.example.org:443/" not in late


def test_offline_asks_nobody(tmp_path: Path) -> None:
    from dataclasses import replace

    plan = replace(plan_of(FULL), offline=True)
    text = rendered(plan)["packages.example.org.conf"]
    inner, _ = servers(text, tmp_path)
    assert inner == []
    listed = re.findall(r"^    server (.*);$", text, re.MULTILINE)
    assert listed
    assert all(line.endswith(" down") for line in listed)


# ---------------------------------------------------------------- scopes and names


def test_scopes_are_files() -> None:
    plan = plan_of(FULL)
    assert list(rendered(plan, "vhost")) == ["packages.example.org.conf"]
    assert list(rendered(plan, "standalone")) == ["nginx.conf", "packages.example.org.conf"]
    assert list(rendered(plan, "locations")) == [
        "packages.example.org.http.conf",
        "packages.example.org.locations.conf",
    ]


def test_a_standalone_tree_runs_the_text_of_an_installed_one() -> None:
    plan = plan_of(FULL)
    name = "packages.example.org.conf"
    ours = NGINX.render(plan, "standalone", BASELINE)
    theirs = NGINX.render(plan, "vhost", BASELINE)

    def neutral(files: Files) -> list[str]:
        text = dict(files.texts)[name].replace(files.fingerprint, "")
        return text.replace("--scope standalone", "").replace("/var/log/nginx/", "logs/").split()

    assert neutral(ours) == neutral(theirs)


def test_locations_change_nothing_of_the_server_around_them(tmp_path: Path) -> None:
    text = rendered(plan_of(FULL), "locations")["packages.example.org.locations.conf"]
    top = [one for one in directives(text, tmp_path) if not one["around"]]
    assert {one["directive"] for one in top} == {"location"}
    prefixes = [one["args"] for one in top if one["directive"] == "location"]
    assert [args for args in prefixes if args[0] == "^~"] == [
        ["^~", prefix]
        for prefix in (
            "/-/",
            "/simple/",
            "/files/team/",
            "/files/lab/",
            "/files/wheels/",
            "/files/eggs/",
            "/files/eggs/~1/",
            "/files/netbook/",
            "/files/attic/",
            "/files/index/",
            "/packages/",
        )
        if prefix in text
    ]
    assert [args for args in prefixes if args[0] != "^~"] == [["@rg_405"]]


def test_sites_in_one_nginx_share_no_name(tmp_path: Path) -> None:
    def names(server: str) -> set[str]:
        text = rendered(plan_of(FULL.replace("packages.example.org", server)))[f"{server}.conf"]
        return {
            one["args"][1 if one["directive"] == "map" else 0]
            for one in directives(text, tmp_path)
            if one["directive"] in ("map", "upstream", "log_format")
        }

    common = names("a.example.org") & names("b.example.org")
    # what is the same for every site is called after what it says
    assert {name.rpartition("_")[0] for name in common} == {
        f"$rg_{word}"
        for word in (
            *("form", "second", "third", "accept", "others", "coding"),
            *("range", "tag", "match", "since", "policy"),
        )
    }


def test_words_of_sites_differ() -> None:
    names = ["a.b", "a-b", "a_b", "a.b.", "ab", "x" * 250, "x" * 251]
    assert len({site_word(name) for name in names}) == len(names)


def test_the_header_says_how_to_make_it_again() -> None:
    text = rendered(plan_of(FULL), "locations")["packages.example.org.http.conf"]
    head = text[: text.index("\n\n")]
    assert "rewritegen generate site.yaml --server nginx --scope locations" in head
    words = " ".join(line.lstrip("# ") for line in head.splitlines())
    built = "http_gzip_static, http_random_index, http_ssl, http_sub."
    assert f"nginx 1.18 or newer, built with: {built}" in words
    assert "first match first" in head


def test_a_site_file_with_an_odd_name_stays_in_its_comment() -> None:
    from dataclasses import replace

    plan = replace(plan_of(FULL), site_file="a\nb; } 'ü.yaml")
    text = rendered(plan)["packages.example.org.conf"]
    assert text.isascii()
    assert "\nb; }" not in text


def test_a_path_that_cannot_be_written_is_refused_by_its_key() -> None:
    plan = plan_of(FULL.replace("/srv/team", "/srv/$team"))
    with pytest.raises(RewritegenError) as caught:
        NGINX.render(plan, "vhost", BASELINE)
    assert caught.value.problems[0].key == "private[0]"


def test_names_that_are_words_of_nginx_are_claimed_too(tmp_path: Path) -> None:
    claims = "claims: [acme-*, default, include, hostnames, volatile]"
    text = rendered(plan_of(FULL.replace("claims: [acme-*, secret-tool]", claims)))
    written = text["packages.example.org.conf"]
    for word in ("default", "include", "hostnames", "volatile"):
        assert f"    \\{word} 1;" in written


@pytest.mark.parametrize(
    ("count", "length", "expected"),
    [(1, 10, False), (100, 20, False), (101, 20, True), (1, 46, False), (1, 47, True)],
)
def test_hashes_are_touched_only_when_it_is_needed(count: int, length: int, expected: bool) -> None:
    claims = ", ".join(f"{'x' * (length - 4)}{number:04d}" for number in range(count))
    plan = plan_of(
        FULL.replace("acme-*, secret-tool", claims).replace("    public: [acme-oss]\n", "")
    )
    text = rendered(plan)["packages.example.org.conf"]
    assert ("map_hash_max_size" in text) is expected


def test_the_order_of_keys_in_the_site_file_means_nothing() -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return [turned(item) for item in value] if isinstance(value, list) else value

    text = yaml.safe_dump(turned(yaml.safe_load(FULL)), sort_keys=False)
    assert rendered(plan_of(text)) == rendered(plan_of(FULL))


def test_claims_in_any_order_are_the_same_text() -> None:
    other = FULL.replace("acme-*, secret-tool", "Secret.Tool, acme-foo, ACME_*, acme-bar-*")
    assert rendered(plan_of(other)) == rendered(plan_of(FULL))


# ---------------------------------------------------------------- refusals


def test_the_baseline_can_do_everything() -> None:
    for text in PLANS.values():
        assert NGINX.refusals(plan_of(text), "vhost", BASELINE) == ()


@pytest.mark.parametrize(
    ("plan", "capabilities", "word"),
    [
        (FULL, without("http_sub"), "http_sub"),
        (FULL, without("http_ssl"), "http_ssl"),
        (FULL.replace("https:", "http:"), without("http_ssl"), "http_ssl"),
        (TLS, without("http_ssl"), "http_ssl"),
        (FULL, without("http_autoindex"), "http_autoindex"),
        (FULL, without("http_map"), "http_map"),
        (FULL, without("http_proxy"), "http_proxy"),
        (FULL, without("http_rewrite"), "http_rewrite"),
    ],
)
def test_a_missing_module_is_named(plan: str, capabilities: Capabilities, word: str) -> None:
    (refusal,) = NGINX.refusals(plan_of(plan), "vhost", capabilities)
    assert (refusal.code, f"`{word}`" in refusal.message) == ("RG604", True)


def test_an_old_nginx_is_refused() -> None:
    old = Capabilities((1, 17, 10), BASELINE.modules)
    assert [p.code for p in NGINX.refusals(plan_of(FULL), "vhost", old)] == ["RG603"]


def test_njs_rewrites_links_in_place_of_sub_filter() -> None:
    plan = plan_of(FULL)
    njs = Capabilities(
        BASELINE.version, without("http_sub", "http_gzip_static").modules | {"http_js"}
    )
    assert NGINX.refusals(plan, "standalone", njs) == ()
    assert [p.code for p in NGINX.refusals(plan, "vhost", njs)] == ["RG604"]
    texts = dict(NGINX.render(plan, "standalone", njs).texts)
    assert list(texts) == ["nginx.conf", "packages.example.org.conf", "rg_links.js"]
    assert "sub_filter " not in texts["packages.example.org.conf"]
    assert "gzip_static on" not in texts["packages.example.org.conf"]
    assert r'[/https:\/\/files\.example\.org\//gi, "../../files/index/"]' in texts["rg_links.js"]


def chained(proxies: int, tail: str = "") -> Plan:
    """A site with so many HTTP fallbacks."""
    fallbacks = "".join(
        f"      - {{name: p{n}, proxy: 'http://127.0.0.1:1/p{n}/', kind: simple}}\n"
        for n in range(proxies)
    )
    return plan_of(
        "    server_name: packages.example.org\n    state: /state\n"
        "    private: [{name: team, path: /srv/team}]\n    fallbacks:\n"
        f"{fallbacks}{tail}"
    )


MIRROR = "      - {name: m, mirror: /srv/m}\n"
REDIRECT = "      - {name: away, redirect: 'https://index.example.org/simple/'}\n"


@pytest.mark.parametrize(
    ("proxies", "tail", "jumps"),
    [(1, "", 2), (9, "", 10), (10, "", 11), (8, MIRROR, 10), (9, MIRROR, 11), (9, REDIRECT, 10)],
)
def test_jumps_are_counted(proxies: int, tail: str, jumps: int) -> None:
    plan = chained(proxies, tail)
    assert chain_length(plan) == jumps
    refused = NGINX.refusals(plan, "vhost", BASELINE)
    assert [p.code for p in refused] == (["RG605"] if jumps > 10 else [])
    if refused:
        assert f"{jumps} internal jumps" in refused[0].message
        assert refused[0].key == f"fallbacks[{proxies - 1}]"


def test_local_sources_need_one_jump() -> None:
    mirrors = "".join(f"      - {{name: m{n}, mirror: /srv/m{n}}}\n" for n in range(20))
    assert chain_length(chained(0, mirrors)) == 1


def test_somebody_elses_server_is_not_taken_whole() -> None:
    assert [p.code for p in NGINX.refusals(plan_of(TOP), "locations", BASELINE)] == ["RG606"]


def test_codes_are_from_the_table() -> None:
    assert problem("RG601", "x", "y").code in CODES
    with pytest.raises(KeyError):
        problem("RG699", "x", "y")


# ---------------------------------------------------------------- capabilities

DEBIAN = """nginx version: nginx/1.22.1
built with OpenSSL 3.0.22 25 Aug 2026
configure arguments: --with-cc-opt='-g -O2' --with-http_ssl_module --with-http_sub_module \
--with-http_gzip_static_module --with-http_perl_module=dynamic --without-http_uwsgi_module
"""
STATIC = "nginx version: nginx/1.31.3\nconfigure arguments: --with-http_ssl_module --add-module=njs-0.9.9/nginx\n"


@pytest.mark.parametrize(
    ("text", "version", "present", "missing"),
    [
        (
            DEBIAN,
            (1, 22, 1),
            {"http_ssl", "http_sub", "http_gzip_static", "http_map"},
            {"http_perl", "http_uwsgi"},
        ),
        (STATIC, (1, 31, 3), {"http_ssl", "http_js"}, {"http_sub", "http_gzip_static"}),
        (
            "nginx version: openresty/1.21.4.1\nconfigure arguments:\n",
            (1, 21, 4),
            {"http_map"},
            {"http_sub"},
        ),
        (
            "nginx version: nginx/1.20.0 (Ubuntu)\nconfigure arguments: --without-pcre\n",
            (1, 20, 0),
            set(),
            {"http_rewrite"},
        ),
    ],
    ids=["debian", "static", "openresty", "without pcre"],
)
def test_modules_are_read(
    text: str, version: tuple[int, ...], present: set[str], missing: set[str]
) -> None:
    found = parse(text)
    assert found is not None
    assert found.version == version
    assert present <= found.modules
    assert not missing & found.modules


@pytest.mark.parametrize("binary", ["/nowhere/nginx", "/bin/true"])
def test_what_is_not_nginx_is_refused(binary: str) -> None:
    with pytest.raises(RewritegenError) as caught:
        NGINX.capabilities(binary)
    assert caught.value.problems[0].code == "RG602"
