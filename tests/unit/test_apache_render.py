"""The generated httpd text: what it never holds, what it always holds, and that its skips are counted right."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from dataclasses import replace
from typing import Any, get_args

import pytest
import yaml

from rewritegen.plan import Plan, compile_plan
from rewritegen.representations import REPRESENTATIONS
from rewritegen.servers.apache import Apache
from rewritegen.servers.apache.choice import search_order
from rewritegen.servers.apache.layout import directive, folded
from rewritegen.servers.apache.rules import Condition, Group, Rule, lines
from rewritegen.servers.base import FINGERPRINT_PLACE, Capabilities, Scope, seal
from rewritegen.site import load_site
from rewritegen.steps import Step
from tests.unit.sites import plan_of

SITE = """
    server_name: packages.example.org
    listen: [80, "127.0.0.1:8080", "[::1]:8443"]
    state: /var/lib/rewritegen/packages
    tls: {certificate: /etc/ssl/packages.pem, key: /etc/ssl/private/packages.key}
    private:
      - {name: team, path: /srv/packages/team, claims: [acme-*, secret-tool]}
      - {name: lab, path: /srv/lab, listing: automatic}
      - {name: wheels, path: /srv/wheels, layout: flat}
      - {name: eggs, proxy: "http://127.0.0.1:8888/eggs/", claims: [egg-*, solo]}
    public: [acme-oss]
    fallbacks:
      - {name: netbook, mirror: /srv/pypi/web}
      - {name: hashed, mirror: /srv/hashed, layout: bandersnatch-hash-index}
      - {name: attic, mirror: /srv/attic, layout: static}
      - {name: index, proxy: "https://index.example.org/simple/", kind: pypi, files: ["https://files.example.org/"]}
      - {name: last, redirect: "https://last.example.org/simple/"}
"""
SCOPES: tuple[Scope, ...] = get_args(Scope)


def text_of(plan: Plan, scope: Scope = "standalone") -> str:
    """The file that is included or run; `locations` has another."""
    return Apache().render(plan, scope, Apache.baseline).texts[0][1]


def all_texts(plan: Plan, scope: Scope) -> str:
    return "".join(text for _, text in Apache().render(plan, scope, Apache.baseline).texts)


def configuration(text: str) -> list[str]:
    """The directives, continued lines joined, without comments."""
    joined = re.sub(r" \\\n\s*", " ", text)
    return [
        line for line in joined.splitlines() if line.strip() and not line.strip().startswith("#")
    ]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(SITE)


@pytest.fixture(params=SCOPES)
def text(request: pytest.FixtureRequest, plan: Plan) -> str:
    return all_texts(plan, request.param)


def test_the_site_of_these_tests_has_every_kind_of_step(plan: Plan) -> None:
    assert {type(step) for step in plan.page} == set(get_args(Step))


@pytest.mark.parametrize(
    "forbidden",
    [
        r"Unsafe",
        r"LA-U|LA-F",
        r"prg:",
        r"ProxyPassMatch",
        r'RewriteCond "expr',
        r"\(\?P<|\(\?<[a-z]",
        r'"\[(?:[^"]*,)?B(?:=[^,"]*)?(?:,[^"]*)?\]"',
        r"\$\{(?!rg_lower:(?:\$1|%\{ENV:RG_STEMS\})\}|rg_escape:%1\}|RG_MODULES\}|RG_CACHE\}|RG_POLICY\})",
        r"(?i)MultiViews|type-map",
        r"AllowOverride (?!None)",
        r"SSLProxyVerify (?!require)",
        r"ProxyRequests",
    ],
)
def test_constructs_with_an_advisory_or_a_trap_are_not_emitted(text: str, forbidden: str) -> None:
    body = "\n".join(configuration(text))
    assert not re.search(forbidden, body)


def test_every_rule_begins_with_a_literal(text: str) -> None:
    rules = [line for line in configuration(text) if line.lstrip().startswith("RewriteRule")]
    assert len(rules) > 60
    for rule in rules:
        found = re.findall(r'"([^"]*)"', rule)
        assert len(found) in (2, 3), rule
        assert re.match(
            r"-$|/|https?://[a-z0-9]|balancer://rg_[a-z0-9-]+_(?:pages(?:_at\d+)?/|files\d+(?:_at\d+)?[/%])",
            found[1],
        ), rule
        assert len(found) == 2 or re.fullmatch(r"\[.+\]", found[2]), rule


def test_every_pattern_of_a_url_is_anchored(text: str) -> None:
    for line in configuration(text):
        if line.lstrip().startswith("RewriteRule"):
            pattern = line.split('"')[1].replace("(?x)", "")
            assert pattern.startswith(("^", "!^")) or pattern.endswith("$"), line


def skips(text: str) -> list[tuple[int, int]]:
    """The counts of all skips as they are written, and as the indentation says them."""
    rules = [line for line in configuration(text) if line.lstrip().startswith("RewriteRule")]
    indents = [len(rule) - len(rule.lstrip()) for rule in rules]
    found = []
    for number, rule in enumerate(rules):
        if skip := re.search(r"[\[,]S=(\d+)\]", rule):
            inside = 0
            while (
                number + 1 + inside < len(rules) and indents[number + 1 + inside] > indents[number]
            ):
                inside += 1
            found.append((int(skip[1]), inside))
    return found


@pytest.mark.parametrize("scope", SCOPES)
def test_a_skip_jumps_over_its_block_and_nothing_else(plan: Plan, scope: Scope) -> None:
    counts = skips(text_of(plan, scope))
    assert len(counts) >= 9
    assert [written for written, _ in counts] == [inside for _, inside in counts]


def test_lines_count_nested_groups() -> None:
    rule = Rule("^a$")
    inner = Group((), Rule("^b$"), (rule, rule))
    outer = Group(
        ("why",),
        Rule("^c$", conditions=(Condition("t", "p"),)),
        (inner, Group((), None, (rule,)), rule),
    )
    written = [" ".join(line.directives[-1]) for line in lines([outer])]
    assert [text.split('"')[-2] for text in written if "S=" in text] == ["[S=5]", "[S=2]"]
    assert outer.size == 6


def test_columns_characters_and_line_ends(text: str) -> None:
    assert text.isascii()
    assert text.endswith("\n")
    assert not re.search(r"[ \t]$|\t|\r|\n\n\n", text, re.MULTILINE)
    for line in text.splitlines():
        assert len(line) <= 100, line
        assert line.startswith('"') or (len(line) - len(line.lstrip())) % 2 == 0, line


def test_the_header_says_what_it_is(plan: Plan) -> None:
    for scope in SCOPES:
        head = text_of(plan, scope).partition("\n\n")[0].splitlines()
        assert head[0].startswith("# Generated by rewritegen ")
        assert "from site.yaml" in head[0]
        assert f"generate site.yaml --server apache --scope {scope}" in head[1]
        assert any(line.startswith("# Modules: alias, authz_core") for line in head)
        assert any(re.fullmatch("# Fingerprint: [0-9a-f]{64}", line) for line in head)
        assert any("not GET or HEAD: 405" in line for line in head)


def test_each_block_names_its_yaml_key(plan: Plan) -> None:
    text = text_of(plan)
    for step in plan.page:
        if source := getattr(step, "source", None):
            assert re.search(rf"# .*{re.escape(source.key)} {source.name}", text)


def test_the_fingerprint_is_the_hash_of_the_text_without_it(plan: Plan) -> None:
    files = Apache().render(plan, "vhost", Apache.baseline)
    ((name, text),) = files.texts
    bare = replace(files, texts=((name, text.replace(files.fingerprint, FINGERPRINT_PLACE)),))
    assert text.count(files.fingerprint) == 2
    assert seal(replace(bare, fingerprint=FINGERPRINT_PLACE)) == files


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("standalone", ["httpd.conf"]),
        ("vhost", ["packages.example.org.conf"]),
        (
            "locations",
            ["packages.example.org.locations.conf", "packages.example.org.fetcher.conf"],
        ),
    ],
)
def test_file_names(plan: Plan, scope: Scope, names: list[str]) -> None:
    files = Apache().render(plan, scope, Apache.baseline)
    assert [path for path, _ in files.texts] == names
    assert bool(files.directories) == (scope == "standalone")


def test_listen_lines(plan: Plan) -> None:
    def listens(scope: Scope) -> list[str]:
        text = configuration(all_texts(plan, scope))
        assert '    Listen "127.0.0.1:8179"' in text
        return [line for line in text if line.startswith("Listen")]

    assert listens("standalone") == [
        'Listen "80"',
        'Listen "127.0.0.1:8080"',
        'Listen "[::1]:8443"',
    ]
    assert listens("vhost") == ['Listen "127.0.0.1:8080"', 'Listen "[::1]:8443"']
    assert listens("locations") == []
    assert '<VirtualHost "*:80" "127.0.0.1:8080" "[::1]:8443">' in text_of(plan, "vhost")


def test_a_part_of_a_host_holds_nothing_that_would_change_the_rest(plan: Plan) -> None:
    top = [line for line in configuration(text_of(plan, "locations")) if not line.startswith(" ")]
    words = {line.split()[0] for line in top}
    sections = {word for word in words if word.startswith("<")}
    assert words - sections == {
        "RewriteEngine",
        "RewriteMap",
        "RewriteCond",
        "RewriteRule",
        "LimitInternalRecursion",
        "DeflateFilterNote",  # only a virtual host has it; docs/limits.md says so
    }
    assert [line for line in top if line.startswith("<If ")] == ["<If \"-n reqenv('RG_LISTED')\">"]
    assert sections <= {
        *(
            "<IfModule",
            "</IfModule>",
            "<LocationMatch",
            "</LocationMatch>",
            "<Location",
            "</Location>",
        ),
        *("<If", "</If>"),
        *("<Directory", "</Directory>", "<Proxy", "</Proxy>", "<ProxyMatch", "</ProxyMatch>"),
    }
    rules = [line for line in top if line.startswith("RewriteRule")]
    assert len(rules) == 1, "all rules but the guard are inside its block"


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same with the keys of all maps in another order; lists mean an order and keep it."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_maps_and_of_claims_changes_no_byte(seed: int) -> None:
    chance = random.Random(seed)
    settings = shuffled(yaml.safe_load(SITE), chance)
    for private in settings["private"]:
        chance.shuffle(private.get("claims", []))
    dumped = yaml.safe_dump(settings, sort_keys=False).encode()
    other = compile_plan(load_site("site.yaml", text=dumped))
    assert text_of(other) == text_of(plan_of(SITE))


def test_the_hash_seed_the_locale_and_the_directory_change_no_byte(tmp_path: Any) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    program = (
        "import sys; from rewritegen.cli import main;"
        "sys.exit(main(['generate', sys.argv[1], '--server', 'apache']))"
    )
    outputs = set()
    for seed, locale, directory in (
        ("0", "C", "/"),
        ("1", "C.UTF-8", tmp_path),
        ("42", "POSIX", "/"),
    ):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale}
        command = [sys.executable, "-c", program, str(tmp_path / "site.yaml")]
        done = subprocess.run(
            command, capture_output=True, cwd=directory, env=environment, check=True
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1


def test_adding_a_claim_changes_only_lines_about_claims(plan: Plan) -> None:
    before = configuration(text_of(plan))
    after = configuration(text_of(plan_of(SITE.replace("secret-tool", "secret-tool, zeta"))))
    changed = [line for line in set(before) ^ set(after) if "ErrorDocument 200" not in line]
    assert changed
    assert all("secret-tool" in line or "secret[-_.]+tool" in line for line in changed)


def test_search_order_finds_the_first_file_of_each_order() -> None:
    """Whichever files there are, walking the merged order stops where the order of the representation stops."""
    suffixes = [form.suffix for form in REPRESENTATIONS]
    for bits in range(2 ** len(suffixes)):
        there = {suffix for place, suffix in enumerate(suffixes) if bits >> place & 1}
        for form in REPRESENTATIONS:
            wanted = next((suffix for suffix in form.order if suffix in there), None)
            found = next(
                (
                    suffix
                    for suffix, only in search_order()
                    if suffix in there and only in (None, form.name)
                ),
                None,
            )
            assert found == wanted, (form.name, there)
    assert len(search_order()) == 5


# ---------------------------------------------------------------- long lines

PATTERNS = (
    "^(?:one|two)/(?=[^/]{1,200}/)[a-z0-9]+(?:-[a-z0-9]+)*/(?!index\\.)[A-Za-z0-9+]{0,250}$",
    "^(?:GET|HEAD) /simple/(?:\\?\\S*)?[? ](?:a|b|c)*?x{2,}?(?i:z)\\#\\ [ #]+$",
    "^" + "|".join(f"name-{number}" for number in range(60)) + "$",
)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("width", [10, 24, 40, 60])
def test_a_folded_pattern_matches_the_same(pattern: str, width: int) -> None:
    joined = " ".join(folded(f'"{pattern}"', width)).strip('"')
    assert joined.startswith("(?x)^")
    for text in (
        "one/a-b/c",
        "two/" + "a" * 200 + "/x",
        "one/a/index.x",
        "name-7",
        "name-777",
        "name",
    ):
        assert bool(re.search(joined, text)) == bool(re.search(pattern, text)), text
    for text in (
        "GET /simple/?q abcxxz# # ",
        "GET /simple/ xxz#  ",
        "GET/simple/ xxZ#  #",
        "PUT /simple/ xxz",
    ):
        assert bool(re.search(joined, text)) == bool(re.search(pattern, text)), text
    assert folded(f'"!{pattern}"', width)[0].startswith('"!(?x)^')


def test_what_fits_is_not_folded() -> None:
    assert folded('"^a$"', 10) == ('"^a$"',)
    assert folded('"/a/path/that/is/too/long"', 10) == ('"/a/path/that/is/too/long"',)
    assert directive("A", ['"b"', '"c"']) == ('A "b" "c"',)


# ---------------------------------------------------------------- refusals

ONE = """
    server_name: packages.example.org
    private: [{name: team, path: /srv/team}]
    state: /state
"""


def fallbacks(*entries: str) -> Plan:
    lines = [f"      - {entry}\n" for entry in entries]
    return plan_of("".join([ONE, "    fallbacks:\n" if lines else "", *lines]))


A = '{name: a, proxy: "https://a.example.org/simple/"}'
B = '{name: b, proxy: "https://b.example.org/simple/"}'
C = '{name: c, proxy: "https://c.example.org/simple/"}'
MIRROR = "{name: m, mirror: /srv/m}"
LAST = '{name: r, redirect: "https://r.example.org/simple/"}'


@pytest.mark.parametrize(
    ("entries", "refused"),
    [
        ((), ()),
        ((A,), ()),
        ((MIRROR, A, LAST), ()),
        ((A, MIRROR), ()),
        ((MIRROR, A, B, LAST), ()),
        ((A, MIRROR, B), ()),
        ((A, B, C), (("RG705", "fallbacks[2]"),)),
        ((A, MIRROR, B, C, LAST), (("RG705", "fallbacks[3]"),)),
    ],
)
def test_more_than_two_proxies_are_refused(
    entries: tuple[str, ...], refused: tuple[tuple[str, str], ...]
) -> None:
    problems = Apache().refusals(fallbacks(*entries), "vhost", Apache.baseline)
    assert tuple((problem.code, problem.key) for problem in problems) == refused
    assert all("nginx" in problem.help for problem in problems)


@pytest.mark.parametrize(
    ("version", "codes"),
    [
        ((2, 4, 51), ["RG703"]),
        ((2, 4, 52), []),
        ((2, 4, 63), []),
        ((2, 4, 64), ["RG703"]),
        ((2, 4, 65), []),
    ],
)
def test_versions(version: tuple[int, ...], codes: list[str]) -> None:
    can = Capabilities(version, Apache.baseline.modules)
    assert [p.code for p in Apache().refusals(fallbacks(), "vhost", can)] == codes


@pytest.mark.parametrize(
    ("entries", "module", "needed"),
    [
        ((), "rewrite", True),
        ((), "proxy_http", False),
        ((A,), "proxy_http", True),
        ((A,), "ssl", True),
        (('{name: a, proxy: "http://a.example.org/"}',), "ssl", False),
        ((A,), "substitute", True),
    ],
)
def test_a_missing_module_is_refused_by_name(
    entries: tuple[str, ...], module: str, needed: bool
) -> None:
    can = Capabilities(Apache.baseline.version, Apache.baseline.modules - {module})
    problems = Apache().refusals(fallbacks(*entries), "vhost", can)
    assert [p.code for p in problems] == (["RG704"] if needed else [])
    if needed:
        assert f"mod_{module}" in problems[0].message
        assert f"a2enmod {module}" in problems[0].help


def test_an_index_at_the_root_is_no_part_of_a_host() -> None:
    whole = plan_of(ONE + "    index: /\n")
    assert [p.code for p in Apache().refusals(whole, "locations", Apache.baseline)] == ["RG707"]
    assert Apache().refusals(whole, "vhost", Apache.baseline) == ()


def test_the_text_does_not_depend_on_the_installed_version(plan: Plan) -> None:
    newer = Capabilities((2, 4, 99), Apache.baseline.modules | {"cache"})
    assert Apache().render(plan, "vhost", newer) == Apache().render(plan, "vhost", Apache.baseline)
