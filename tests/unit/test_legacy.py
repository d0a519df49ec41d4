"""The steps of the legacy JSON, made from those of the page: what each source of a site comes to."""

from __future__ import annotations

import pytest

from rewritegen.routes import route_table
from tests.unit.sites import plan_of

HEAD = "server_name: a.example.org\nstate: /state\nlegacy_json: true\n"
TEAM = "private: [{path: /srv/team, claims: [acme-*]}"

STATE = "state is not there"
ROOT = "root is not there"
OWNS = "private/team has the project: its document, else 404"
CLAIMED = "claimed (acme-*) or scanned"
NOBODY = "nobody has it: 404"


@pytest.mark.parametrize(
    ("site", "steps"),
    [
        pytest.param(f"{TEAM}]", [STATE, ROOT, OWNS, CLAIMED, NOBODY], id="pages"),
        pytest.param(
            f"{TEAM}, {{path: /srv/old, listing: automatic}}]",
            [
                *(STATE, ROOT, OWNS, ROOT),
                "private/old has the project: 404, there is no document of it",
                *(CLAIMED, NOBODY),
            ],
            id="listing",
        ),
        pytest.param(
            f"{TEAM}, {{path: /srv/ready, layout: static}}]",
            [
                *(STATE, ROOT, OWNS, ROOT),
                "private/ready has the project: 404, there is no document of it",
                *(CLAIMED, NOBODY),
            ],
            id="ready pages",
        ),
        pytest.param(
            f"{TEAM}, {{proxy: 'http://127.0.0.1:1/', name: eggs, claims: [egg-*]}}]",
            [STATE, ROOT, OWNS, "claimed (egg-*), but not there: 404", "claimed", NOBODY],
            id="private index",
        ),
        pytest.param(
            f"{TEAM}]\nfallbacks: [{{mirror: /srv/a, name: a}}, {{mirror: /srv/b, name: b, "
            "layout: bandersnatch-hash-index}, {mirror: /srv/c, name: c, layout: pep381client}]",
            [
                *(STATE, ROOT, OWNS, CLAIMED),
                "mirror/a has the document: serve it",
                "mirror/b has the document: serve it",
                NOBODY,
            ],
            id="mirrors",
        ),
        pytest.param(
            f"{TEAM}]\nfallbacks: [{{proxy: 'https://index.example.org/simple/', name: up}}]",
            [STATE, ROOT, OWNS, CLAIMED, NOBODY, ""],
            id="proxy of a kind that is not known to have them",
        ),
        pytest.param(
            f"{TEAM}]\nfallbacks: [{{proxy: 'https://index.example.org/x/simple/', name: up, kind: pypi}}, "
            "{proxy: 'https://index.example.org/pub/+simple/', name: dev, kind: rewritegen}, "
            "{mirror: /srv/a, name: a}, "
            "{proxy: 'https://mirror.example.org/simple/', name: copy, kind: bandersnatch}]",
            [
                *(STATE, ROOT, OWNS, CLAIMED),
                "proxy/up: ask https://index.example.org/x/pypi/NAME/json; 200 serves, 404 is next",
                "mirror/a has the document: serve it",
                "proxy/copy: ask https://mirror.example.org/pypi/NAME/json; 200 serves",
                "nobody has it: 404; 502 to 504 if a fallback could not answer",
                "",
            ],
            id="proxies",
        ),
        pytest.param(
            f"{TEAM}, {{proxy: 'https://other.example.org/simple/', name: eggs, claims: [egg-*], kind: rewritegen}}]",
            [
                *(STATE, ROOT, OWNS),
                "private/eggs claims egg-*: https://other.example.org/pypi/NAME/json, its answer is final",
                *("claimed", NOBODY),
            ],
            id="private index that has them",
        ),
        pytest.param(
            f"{TEAM}]\nfallbacks: [{{redirect: 'https://index.example.org/x/simple/', name: up}}]",
            [
                *(STATE, ROOT, OWNS, CLAIMED),
                "redirect/up: 302 to https://index.example.org/x/pypi/NAME/json",
                NOBODY,
            ],
            id="redirect",
        ),
        pytest.param(
            f"{TEAM}]\nfallbacks: [{{redirect: 'https://index.example.org/root/pypi/+simple/'}}]",
            [STATE, ROOT, OWNS, CLAIMED, NOBODY],
            id="redirect to an index that has none",
        ),
    ],
)
def test_what_each_source_comes_to(site: str, steps: list[str]) -> None:
    table = list(route_table(plan_of(HEAD + f"{site}\n")))
    at = table.index("/pypi/NAME/json, the first line that fits:")
    found = [line.partition(". ")[2] for line in table[at + 1 : at + 1 + len(steps)]]
    assert [said[: len(begins)] for said, begins in zip(found, steps, strict=True)] == steps
    assert not table[at + 1 + len(steps)].startswith("  ")


def test_without_the_key_there_is_nothing_of_it() -> None:
    plan = plan_of(HEAD.replace("true", "false") + f"{TEAM}]\n")
    assert (plan.json, plan.grammar.legacy) == ((), ())
    assert not [line for line in route_table(plan) if "json" in line]


NOT_ASKED = "  not asked, because their kinds have no such documents: proxy/dev, proxy/old"


def test_who_is_not_asked_is_told() -> None:
    proxies = (
        "{proxy: 'https://a.example.org/simple/', name: up, kind: pypi}, "
        "{proxy: 'https://b.example.org/team/+simple/', name: dev, kind: devpi}, "
        "{proxy: 'https://c.example.org/simple/', name: old}"
    )
    assert NOT_ASKED in route_table(plan_of(f"{HEAD}{TEAM}]\nfallbacks: [{proxies}]\n"))


@pytest.mark.parametrize(
    ("source", "rules"),
    [
        pytest.param(
            "name: up, kind: pypi, files: ['https://files.example.org/']",
            {"https://files.example.org/": "http://a.example.org/files/up/"},
            id="a declared host",
        ),
        pytest.param(
            "name: up, kind: rewritegen",
            {"https://index.example.org/": "http://a.example.org/files/up/"},
            id="another site of ours",
        ),
        pytest.param("name: up, kind: bandersnatch", {}, id="none is declared"),
    ],
)
def test_urls_of_files_become_ours_and_no_others(source: str, rules: dict[str, str]) -> None:
    text = f"{HEAD}listen: [80]\n{TEAM}]\nfallbacks: [{{proxy: 'https://index.example.org/simple/', {source}}}]\n"
    (step,) = plan_of(text).documents_with_upstream
    found = {rule.find: rule.replace for rule in step.upstream.links}
    plain = {
        text: found[text] for text in found if text.startswith("https://") and ":443" not in text
    }
    assert plain == rules
    assert bool(found) == bool(rules)
    assert not any(text.startswith("..") for text in found.values())
