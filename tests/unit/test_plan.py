"""Site -> Plan: the order of the steps, the places they look at, and the grammar."""

from __future__ import annotations

import re

import pytest

from rewritegen.names import parse_name
from rewritegen.plan import Plan
from rewritegen.steps import (
    AskPrivately,
    Available,
    FetchFrom,
    LinkRule,
    Listing,
    NotFound,
    OwnedBy,
    ProjectDirectories,
    Reserved,
    SendTo,
    TryMirror,
    TryProxy,
)
from tests.unit.sites import FULL, plan_of


@pytest.fixture(scope="module")
def full() -> Plan:
    return plan_of(FULL)


def test_steps_are_in_the_order_of_the_design(full: Plan) -> None:
    assert [type(step) for step in full.page] == [
        Available,  # the state
        Available,
        OwnedBy,  # team
        Available,
        OwnedBy,  # lab
        Available,
        OwnedBy,  # wheels
        AskPrivately,
        Reserved,
        TryMirror,
        TryMirror,
        TryProxy,
        SendTo,
        NotFound,
    ]


def test_ownership_looks_at_pages_directories_and_links(full: Plan) -> None:
    team, lab, wheels = (step for step in full.page if isinstance(step, OwnedBy))
    assert team.pages.directories == (ProjectDirectories("/state/pages/team"),)
    assert team.presence == (
        ProjectDirectories("/srv/team"),
        ProjectDirectories("/state/aliases/team"),
    )
    assert isinstance(lab.pages, Listing)
    assert lab.presence[0] == ProjectDirectories("/srv/lab")
    # files of many projects in one directory: only the state knows whose they are
    assert wheels.presence == ()


def test_links_of_a_proxied_page_are_relative_to_it(full: Plan) -> None:
    (proxy,) = (step for step in full.page if isinstance(step, TryProxy))
    usual = LinkRule("https://files.example.org/", "../../files/index/")
    assert proxy.upstream.links[0] == usual
    # the other ways to write the same host
    ends = {rule.replace.removeprefix('"').removeprefix("'") for rule in proxy.upstream.links}
    assert ends == {"../../files/index/"}


@pytest.mark.parametrize(
    ("mount", "link", "packages"),
    [
        pytest.param("/simple/", "../../files/i/", "/packages/", id="usual"),
        pytest.param("/pypi/simple/", "../../../files/i/", "/pypi/packages/", id="two levels"),
        pytest.param("/", "../files/i/", "/packages/", id="root"),
    ],
)
def test_other_mounts(mount: str, link: str, packages: str) -> None:
    plan = plan_of(f"""
        server_name: packages.example.org
        index: {mount}
        state: /state
        private: [{{path: /srv/team}}]
        fallbacks:
          - {{mirror: /srv/pypi/web}}
          - {{name: i, proxy: "https://i.example.org/simple/", kind: pypi, files: ["https://f.example.org/"]}}
    """)
    (step,) = plan.steps_with_upstream
    assert step.upstream.links[0].replace == link
    assert packages in {route.prefix for route in plan.files}


def test_hashed_directories() -> None:
    plan = plan_of("""
        server_name: packages.example.org
        state: /state
        private: [{path: /srv/team}]
        fallbacks: [{mirror: /srv/pypi/web, layout: bandersnatch-hash-index}]
    """)
    (mirror,) = (step for step in plan.page if isinstance(step, TryMirror))
    (directory,) = mirror.pages.directories
    assert directory.of(parse_name("q-tool")) == "/srv/pypi/web/simple/q/q-tool"


@pytest.mark.parametrize(
    ("target", "fits"),
    [
        ("/simple/", True),
        ("/simple", False),
        ("/simple/acme-foo/", True),
        ("/simple/Acme.Foo", True),
        ("/simple/acme-foo-/", False),
        ("/simple/-/", False),
        ("/simple/%61cme/", False),
        ("//simple/acme/", False),
        ("/simple/a/../b/", False),
        ("/simple/" + "a" * 200 + "/", True),
        ("/simple/" + "a" * 201 + "/", False),
        ("/simple/" + "a" * 200 + "/x-1.whl", True),
        ("/simple/" + "a" * 201 + "/x-1.whl", False),
        ("/simple/acme/acme-1.0+local.whl", True),
        ("/simple/acme/acme-1.0%2Blocal.whl", True),
        ("/simple/acme/acme-1.0%2Flocal.whl", False),
        ("/simple/acme/index.html", False),
        ("/simple/Acme/acme-1.0.whl", False),
        ("/simple/acme/.rewritegen-root", False),
        ("/files/team/acme/acme-1.0.whl", True),
        ("/files/team/.rewritegen-root", False),
        ("/files/team/acme/../x", False),
        ("/files/stranger/acme-1.0.whl", False),
        ("/files/index/ab/cd/x-1.0.tar.gz", True),
        ("/files/index/ab/cd/x-1.0-py3-none-any.whl.metadata", True),
        ("/files/index/pypi/scanned-tool/json", False),
        ("/files/index/project/scanned-tool", False),
        ("/files/index/simple/", False),
        ("/packages/ab/cd/x.whl", True),
        ("/packages/", False),
        ("/-/health", True),
        ("/-/", False),
    ],
)
def test_grammar(full: Plan, target: str, fits: bool) -> None:
    assert any(re.fullmatch(pattern, target) for pattern in full.grammar.targets) is fits


def test_mounted_at_the_root_the_number_of_parts_tells_files_from_projects() -> None:
    plan = plan_of("""
        server_name: packages.example.org
        index: /
        state: /state
        private: [{name: team, path: /srv/team}]
        fallbacks: [{mirror: /srv/pypi/web}]
    """)
    packages = next(
        pattern
        for pattern, route in zip(plan.grammar.files, plan.files, strict=True)
        if route.prefix == "/packages/"
    )
    assert re.fullmatch(plan.grammar.page, "/packages/")
    assert re.fullmatch(plan.grammar.beside, "/packages/packages-1.0.whl")
    assert not re.fullmatch(packages, "/packages/packages-1.0.whl")
    assert re.fullmatch(packages, "/packages/ab/x-1.0.whl")


@pytest.mark.parametrize(
    ("index", "page", "file"),
    [
        pytest.param(
            "https://i.example.org/root/+simple/", "+simple/acme", "+f/a/x.whl", id="plus"
        ),
        pytest.param(
            "https://i.example.org/root/+simple/", "%2bsimple/acme", "%2Bf/x.whl", id="encoded"
        ),
        pytest.param("https://i.example.org/simple/", "Simple/acme/acme", "p/x.whl", id="case"),
        pytest.param("https://i.example.org/", "acme/acme-1.whl", "p/ab/x.whl", id="root"),
    ],
)
def test_pages_of_an_upstream_are_not_reachable_as_files(index: str, page: str, file: str) -> None:
    plan = plan_of(f"""
        server_name: packages.example.org
        state: /state
        private: [{{name: team, path: /srv/team}}]
        fallbacks: [{{name: up, proxy: "{index}"}}]
    """)
    up = [
        pattern
        for pattern, route in zip(plan.grammar.files, plan.files, strict=True)
        if isinstance(route.attempts[0], FetchFrom)
    ]
    assert not any(re.fullmatch(pattern, f"/files/up/{page}") for pattern in up)
    assert any(re.fullmatch(pattern, f"/files/up/{file}") for pattern in up)


def test_without_state_one_directory_lists_itself() -> None:
    plan = plan_of("""
        server_name: packages.example.org
        private: [{path: /srv/team, listing: automatic}]
    """)
    assert plan.root_list.listing == "/srv/team"
    assert plan.root_list.marker == "/srv/team/.rewritegen-root"
    assert isinstance(plan.page[0], Available)
    assert plan.page[0].source is not None


def test_public_url(full: Plan) -> None:
    assert full.public_url == "http://packages.example.org:8080/simple/"
