"""`spelled` and `empty` in the plan, the model and the text; what servers do with them is in tests/servers."""

from __future__ import annotations

import pytest

from rewritegen.decide import Request, decide
from rewritegen.digests import page_digest
from rewritegen.kinds import Empty
from rewritegen.plan import Plan
from rewritegen.routes import route_table
from rewritegen.servers import server as server_named
from rewritegen.world import FileSystem
from tests.unit.sites import plan_of


def site(more: str, kind: str = "haufe") -> Plan:
    return plan_of(f"""
        server_name: packages.example.org
        private: [{{path: /nowhere, listing: automatic}}]
        fallbacks:
          - {{name: eggs, proxy: "http://127.0.0.1:8080/eggs/", kind: {kind}{more}}}
    """)


class Mounted(FileSystem):
    """A machine where the private directory is there, and empty."""

    def is_file(self, path: str) -> bool:
        return path.endswith("/.rewritegen-root")


def forwarded(plan: Plan, target: str) -> tuple[str, ...]:
    return decide(plan, Request(target), Mounted()).forwarded


SPELLED = ", spelled: [Zope.Thing, A_b]"


@pytest.mark.parametrize(
    ("target", "url"),
    [
        ("/simple/zope-thing/", "http://127.0.0.1:8080/eggs/Zope.Thing/"),
        ("/simple/a-b/", "http://127.0.0.1:8080/eggs/A_b/"),
        ("/simple/a-b-c/", "http://127.0.0.1:8080/eggs/a-b-c/"),
        (
            "/simple/zope-thing/Zope.Thing-1.0.egg",
            "http://127.0.0.1:8080/eggs/Zope.Thing/Zope.Thing-1.0.egg",
        ),
        ("/simple/other/x-1%2Blocal.egg", "http://127.0.0.1:8080/eggs/other/x-1%2Blocal.egg"),
    ],
)
def test_the_model_asks_for_names_as_they_are_spelled(target: str, url: str) -> None:
    assert forwarded(site(SPELLED), target) == (url,)


def test_copies_keep_their_keys_until_an_index_is_asked_in_another_way() -> None:
    digests = [
        page_digest(site(more, "eggproxy").steps_with_upstream[0].upstream)
        for more in ("", SPELLED, ", empty: 40", ", empty: 40+2n")
    ]
    assert digests[0] == "f6ce09d3"
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("nexus", "", None),
        ("nexus", ", empty: 250+2n", Empty(250, 2)),
        ("simpleindex", "", Empty(86)),
        ("simpleindex", ", empty: 90", Empty(90)),
    ],
)
def test_the_site_file_knows_better_than_the_kind(
    kind: str, more: str, expected: Empty | None
) -> None:
    assert site(more, kind).steps_with_upstream[0].upstream.empty == expected


def test_an_empty_page_is_as_long_as_the_name_in_it() -> None:
    assert [Empty(86).length("abc"), Empty(250, 2).length("abc")] == [86, 256]


def test_the_route_table_says_it() -> None:
    (line,) = (
        line
        for line in route_table(site(f"{SPELLED}, empty: 40+n".replace("+n", "+1n")))
        if "ask" in line
    )
    assert line.endswith("no answer is next; spelled Zope.Thing, A_b; a page of 40+1n bytes is 404")


def test_words_of_nginx_and_many_names() -> None:
    names = ", ".join(["Default", "Include", *(f"Some.Name{number}" for number in range(120))])
    nginx = server_named("nginx")
    ((_, text),) = nginx.render(site(f", spelled: [{names}]"), "vhost", nginx.baseline).texts
    for line in (
        "\\default Default;",
        "\\include Include;",
        "some-name7 Some.Name7;",
        "map_hash_max_size",
    ):
        assert line in text


@pytest.mark.parametrize("server", ["nginx", "apache"])
def test_without_them_nothing_is_written(server: str) -> None:
    program = server_named(server)
    texts = [text for _, text in program.render(site(""), "standalone", program.baseline).texts]
    for word in ("rg_empty", "rg_spelled", "= /absent", "RG_NAME", "RG_EMPTY", "not-here"):
        assert not [text for text in texts if word in text], word
