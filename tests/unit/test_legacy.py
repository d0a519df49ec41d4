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
            [STATE, ROOT, OWNS, CLAIMED, NOBODY],
            id="proxy",
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
