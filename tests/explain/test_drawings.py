"""The chain as a drawing: every stop and every end is in it, nothing of a site file is syntax there."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rewritegen.cli import main
from rewritegen.decision import Request
from rewritegen.explain.chain import chain_of, way_of
from rewritegen.explain.drawing import as_svg
from rewritegen.explain.explanation import Explainer
from rewritegen.explain.mermaid import as_mermaid
from rewritegen.site import load_site
from rewritegen.steps import NotFound, SendTo
from tests.explain.test_lines import SITES

each_site = pytest.mark.parametrize("name", SITES)


@each_site
def test_every_step_is_a_stop(name: str) -> None:
    explainer = Explainer(SITES[name])
    chain = chain_of(explainer.plan)
    names = [node.name for node in chain.nodes]
    assert len(names) == len(set(names))
    for number, step in enumerate(explainer.plan.page, start=1):
        source = getattr(step, "source", None)
        if source is not None:
            (node,) = [node for node in chain.nodes if node.name == f"step{number}"]
            assert source.label in " ".join(node.lines)
    # from each stop one way leads on, but from the last
    onward = [(edge.start, edge.end) for edge in chain.edges if not edge.out]
    assert onward == list(pairwise(names))
    ends = {edge.start for edge in chain.edges if edge.out}
    assert names[-1] in ends
    assert (names[-1] == "nobody") == isinstance(_last(explainer), NotFound)


def _last(explainer: Explainer) -> object:
    """What answers a page that nobody has: the redirect, where there is one."""
    return next(
        (one for one in explainer.plan.page if isinstance(one, SendTo)), explainer.plan.page[-1]
    )


@each_site
def test_both_drawings_have_every_stop_and_end(name: str) -> None:
    chain = chain_of(Explainer(SITES[name]).plan)
    mermaid, svg = as_mermaid(chain), as_svg(chain, "a title")
    tree = ElementTree.fromstring(svg)
    shown = " ".join(text.text or "" for text in tree.iter("{http://www.w3.org/2000/svg}text"))
    lines = mermaid.splitlines()
    assert lines[0] == "flowchart TD"
    for node in chain.nodes:
        assert any(re.match(rf"    {node.name}\W", line) for line in lines)
        for line in node.lines:
            assert line[:39] in shown
    for edge in chain.edges:
        assert sum(line.startswith(f"    {edge.start} --") for line in lines) == sum(
            one.start == edge.start for one in chain.edges
        )
        if edge.out:
            assert edge.end[:39] in shown


def test_what_each_answer_and_failure_leads_to() -> None:
    """The last rows of the table of DESIGN, section 2, as it stands in the drawing of one site."""
    chain = chain_of(Explainer(SITES["full"]).plan)
    first = {node.name: node.lines[0] for node in chain.nodes}
    found = {(first[edge.start], edge.words, edge.end) for edge in chain.edges if edge.out}
    assert found == {
        ("state is there?", "no, or not readable", "503"),
        ("private/team is mounted?", "no, or not readable", "503"),
        ("private/team", "yes", "200 page"),
        ("private/team", "yes, no page", "404"),
        ("private/lab is mounted?", "no, or not readable", "503"),
        ("private/lab", "yes", "200 listing"),
        ("private/lab", "yes, no page", "404"),
        ("private/wheels is mounted?", "no, or not readable", "503"),
        ("private/wheels", "yes", "200 page"),
        ("private/wheels", "yes, no page", "404"),
        ("private/eggs", "200", "200 page"),
        ("private/eggs", "404", "404"),
        ("private/eggs", "no answer", "502"),
        ("claimed: acme-*, egg-*, secret-tool", "yes", "404"),
        ("mirror/netbook", "yes", "200 page"),
        ("mirror/attic", "yes", "200 page"),
        ("proxy/index", "200", "200 page"),
        ("redirect/last", "", "302 https://last.example.org/simple/NAME/"),
    }
    team = chain_of(Explainer(SITES["team"]).plan)
    ends = {(edge.words, edge.end) for edge in team.edges if edge.out}
    assert ("no answer, a copy", "200 stale copy") in ends
    assert {("all said 404", "404"), ("one did not answer", "502")} <= ends
    assert ("", "404") in {
        (edge.words, edge.end)
        for edge in chain_of(Explainer(SITES["netbook"]).plan).edges
        if edge.out
    }


def test_a_request_has_a_way() -> None:
    explainer = Explainer(SITES["team-auth"], look=False)
    assert list(way_of(explainer, Request("/simple/acme-x/"))) == [
        "request",
        "auth",
        "step1",
        "step2",
        "step3",
        "step4",
    ]
    assert list(way_of(explainer, Request("/simple/Six/")))[-1] == "nobody"
    assert list(way_of(explainer, Request("/elsewhere"))) == []
    chain = chain_of(explainer.plan)
    way = frozenset(way_of(explainer, Request("/simple/acme-x/")))
    assert "    class request,auth,step1,step2,step3,step4 way\n" in as_mermaid(chain, way)
    assert as_svg(chain, "x", way).count(' way"') > as_svg(chain, "x").count(' way"')


def test_text_is_no_syntax(tmp_path: Path) -> None:
    text = (
        "server_name: a.example.org\nprivate: [{proxy: 'http://127.0.0.1/a+b@c=d~e/', claims: [x-*]}]\n"
        "fallbacks: [{redirect: 'https://b.example.org/a@b=c/'}]\n"
    )
    chain = chain_of(Explainer(load_site("site.yaml", text=text.encode())).plan)
    ElementTree.fromstring(as_svg(chain, '<b a="c">&'))
    assert "&lt;b" in as_svg(chain, "<b")
    node = chain.nodes[1]._replace(lines=('a"]; click "x" <script>`',))
    drawn = as_mermaid(type(chain)((node,), ()))
    assert drawn.splitlines()[1].count('"') == 2
    assert "<script>" not in drawn


def test_one_request_at_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "site.yaml"
    site.write_text("server_name: a.example.org\nprivate: [{path: /srv/a, listing: automatic}]\n")
    for form in ("mermaid", "svg"):
        assert main(["explain", str(site), "a", "b", "--format", form]) == 2
        assert main(["explain", str(site), "a", "--no-files", "--format", form]) == 0
    assert capsys.readouterr().out
