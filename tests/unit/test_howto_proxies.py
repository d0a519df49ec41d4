"""What docs/howto-proxies.md says to write is a site that both servers take, and every kind is in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rewritegen.kinds import KINDS
from rewritegen.plan import compile_plan
from rewritegen.servers import server as server_named
from rewritegen.site import load_site

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "howto-proxies.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
BEGIN = "server_name: packages.example.org\nstate: /var/lib/rewritegen/packages\n"
OURS = "private: [{name: team, path: /srv/packages/team}]\n"
PYPI = "pypi: {index: 'https://index.example.org/simple/', files: ['https://files.example.org/']}\n"


@pytest.mark.parametrize("server", ["nginx", "apache"])
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: re.findall(r"name: ([a-z]+)", block)[0])
def test_what_it_says_can_be_written(server: str, block: str) -> None:
    text = BEGIN + PYPI + block + ("" if block.startswith("private:") else OURS)
    plan = compile_plan(load_site("site.yaml", text=text.encode()))
    program = server_named(server)
    assert program.refusals(plan, "standalone", program.baseline) == ()
    program.render(plan, "standalone", program.baseline)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words(kind: str) -> None:
    assert f"`{kind}`" in TEXT
    assert f"kind: {kind}" in TEXT or kind == "pypi"
