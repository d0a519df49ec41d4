"""Every rule of a plan finds the generated lines that carry it, and they are the right ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from rewritegen import pypi
from rewritegen.decision import Request
from rewritegen.explain.blocks import blocks_of
from rewritegen.explain.explanation import Explained, Explainer
from rewritegen.explain.table import all_rules
from rewritegen.servers import SERVER_NAMES, server
from rewritegen.servers.base import Files, Scope
from rewritegen.site import Site, load_site
from rewritegen.steps import Available, OwnedBy, TryMirror, TryProxy
from tests.unit.sites import FULL

pytestmark = pytest.mark.slow  # all lines of all examples

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
SCOPES: tuple[Scope, ...] = ("vhost", "standalone", "locations")

#: Shapes that no example has: every kind of step, no state, no fallback, files beside pages, certificates.
MORE = {
    "full": FULL,
    "alone": "server_name: a.example.org\nprivate: [{path: /srv/team, listing: automatic}]\n",
    "two proxies, then a mirror": """
        server_name: a.example.org
        state: /state
        index: /
        private: [{path: /srv/team, claims: [acme-*]}]
        fallbacks:
          - {proxy: "http://127.0.0.1:8888/", kind: eggproxy, name: eggs}
          - {mirror: /srv/old/web, layout: pep381client, name: attic}
          - {proxy: "https://index.example.org/simple/", name: other}
          - {mirror: /srv/pypi/web, name: pypi}
    """,
    "a private index with files beside its pages": """
        server_name: a.example.org
        private: [{proxy: "http://127.0.0.1:8888/", kind: eggproxy, name: eggs, claims: [acme-*]}]
        cache: {path: /var/cache/rewritegen}
        fallbacks: [{redirect: "https://index.example.org/simple/"}]
    """,
    "legacy": """
        server_name: a.example.org
        state: /state
        legacy_json: true
        private: [{path: /srv/team, claims: [acme-*]}, {path: /srv/old, listing: automatic}]
        fallbacks:
          - {mirror: /srv/pypi/web, name: pypi}
          - {redirect: "https://index.example.org/simple/"}
    """,
    "legacy of proxies": """
        server_name: a.example.org
        state: /state
        legacy_json: true
        private:
          - {path: /srv/team, claims: [acme-*]}
          - {proxy: "https://other.example.org/simple/", kind: rewritegen, name: other, claims: [other-*]}
        fallbacks:
          - {proxy: "https://index.example.org/simple/", kind: pypi, name: first}
          - {mirror: /srv/pypi/web, name: pypi}
          - {proxy: "https://mirror.example.org/simple/", kind: bandersnatch, name: second}
    """,
    "offline": """
        server_name: a.example.org
        state: /state
        offline: true
        private: [{path: /srv/team, claims: [acme-*]}]
        cache: {path: /var/cache/rewritegen}
        fallbacks: [{proxy: "https://index.example.org/simple/", name: index}]
    """,
}


def sites() -> Iterator[tuple[str, Site]]:
    with pytest.MonkeyPatch.context() as patch:
        hosts = ("https://index.example.org/simple/", ("https://files.example.org/",))
        patch.setattr(pypi, "well_known", lambda: hosts)
        for path in EXAMPLES:
            yield path.stem, load_site(path)
        for name, text in MORE.items():
            yield name, load_site("site.yaml", text=dedent(text).encode())


SITES = dict(sites())


def carried(rule: Explained, name: str, files: Files) -> list[str]:
    """The generated lines of a rule on one server."""
    texts = dict(files.texts)
    return [
        "\n".join(texts[block.file].splitlines()[block.first - 1 : block.last])
        for block in rule.lines[name]
    ]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("name", SITES)
def test_every_rule_has_lines_on_both_servers(name: str, scope: Scope) -> None:
    explainer = Explainer(SITES[name], scope)
    if explainer.texts.refused:
        assert (name, scope) == ("two proxies, then a mirror", "locations")
        return
    without = [
        (program, rule.line.rule)
        for rule in all_rules(explainer)
        for program in SERVER_NAMES
        if not rule.lines[program]
    ]
    assert without == []


@pytest.mark.parametrize("name", SITES)
def test_every_rule_for_a_file_beside_a_page_has_lines_on_both_servers(name: str) -> None:
    explainer = Explainer(SITES[name], look=False)
    target = f"{explainer.plan.mount}six/six-1.0.tar.gz"
    rules = explainer.explain(Request(target)).rules
    assert rules
    for rule in rules:
        assert all(rule.lines[program] for program in SERVER_NAMES), rule.line.rule


#: Part of a rule, and what stands in its lines on each server and in no other rule's.
EVIDENCE = [
    ("not GET or HEAD", "$request_method !~", "%{REQUEST_METHOD}"),
    ("state is not there", "~rewritegen-names", "~rewritegen-names"),
    ("root is not there (/srv/packages/team", "team/.rewritegen-root", "team/.rewritegen-root"),
    ("private/team has the project", "/pages/team/$rg_name", "RG_SOURCE:private/team"),
    ("private/lab has the project", "/pages/lab/$rg_name", "RG_SOURCE:private/lab"),
    ("claimed (acme-*, lab-*, secret-tool)", "$rg_owned_", "secret-tool"),
    ("proxy/pypi: ask", "proxy_pass http://rg_pypi_", "/simple/-/pages/pypi/"),
    ("nobody has it", "$upstream_status", "R=404"),
    ("/files/team/PATH", "/-/rg_file/team/", "private/team"),
    ("/files/pypi/PATH", "^/files/pypi/(?<rg_path>", "RG_SOURCE:proxy/pypi"),
]


def test_what_asks_for_a_file_behind_the_names_is_of_its_rule_too() -> None:
    explainer = Explainer(SITES["team"])
    (found,) = (one for one in all_rules(explainer) if one.line.rule.startswith("/files/pypi/PATH"))
    program = server("nginx")
    lines = carried(found, "nginx", program.render(explainer.plan, "vhost", program.baseline))
    assert any("proxy_pass http://rg_pypi.files_" in text for text in lines)


@pytest.mark.parametrize(("rule", "nginx", "apache"), EVIDENCE, ids=[row[0] for row in EVIDENCE])
def test_the_lines_are_those_of_the_rule(rule: str, nginx: str, apache: str) -> None:
    explainer = Explainer(SITES["team"])
    found = [one for one in all_rules(explainer) if one.line.rule.startswith(rule)]
    assert len(found) == 1
    for name, expected in (("nginx", nginx), ("apache", apache)):
        program = server(name)
        files = program.render(explainer.plan, "vhost", program.baseline)
        lines = carried(found[0], name, files)
        assert expected in lines[0]
        others = [one for one in all_rules(explainer) if one.line.rule != found[0].line.rule]
        first = [carried(one, name, files)[0] for one in others]
        assert lines[0] not in first


@pytest.mark.parametrize("name", SITES)
def test_a_rule_of_a_page_is_not_one_of_a_list_or_file(name: str) -> None:
    """The same comment stands in several locations of nginx, and one of them decides."""
    explainer = Explainer(SITES[name])
    if "nginx" in explainer.texts.refused:
        return
    for rule in all_rules(explainer):
        if isinstance(rule.line.part, Available | OwnedBy | TryMirror):
            (block,) = rule.lines["nginx"]
            around = " ".join(parent.words for parent in block.parents)
            assert "beside" not in around
            assert "files" not in around
            assert "list" not in around


def test_a_block_ends_where_the_next_begins() -> None:
    text = dedent("""\
        # a header

        # outer
        location / {
            # one
            if (a) {
                return 1;
            }
            if (b) {
                return 2;
            }
            rewrite ^ /x last;
        }

        location /y {
        }
        # last
        x
        """)
    found = {block.words: (block.first, block.last) for block in blocks_of(Files((("f", text),)))}
    assert found == {"outer": (4, 13), "one": (6, 11), "last": (18, 18)}


def test_the_chain_of_a_file_leaves_out_proxies_that_are_not_asked_for_files() -> None:
    explainer = Explainer(SITES["team"], look=False)
    rules = explainer.explain(Request("/simple/six/six-1.0.tar.gz")).rules
    assert not any(isinstance(rule.line.part, TryProxy) for rule in rules)
    assert rules[-1].line.decided
