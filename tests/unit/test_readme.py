"""What the README and the documents in docs/ show is what the program does."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rewritegen.cli import commands
from rewritegen.diagnostics import SiteError
from rewritegen.kinds import KINDS
from rewritegen.layouts import LAYOUTS
from rewritegen.model import SiteFile
from rewritegen.site import load_site
from rewritegen.sources import Mirror, PrivateDirectory, PrivateProxy, Proxy, Redirect

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def block(language: str) -> str:
    """The first fenced block of a language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found, f"no block of {language}"
    return found[1]


def test_the_site_file_is_the_example() -> None:
    example = (ROOT / "examples" / "quickstart.yaml").read_text()
    text = "".join(line for line in example.splitlines(keepends=True) if not line.startswith("#"))
    assert block("yaml") == text


def excerpt(generated: str) -> str:
    """The header, and the location that decides a page, of which blocks that say the same again are left out."""
    header = generated[: generated.index("\n\n") + 1]
    start = generated.index("    # the page of a project")
    location = generated[start : generated.index("    # a file beside", start)].rstrip()
    again = re.compile(
        r"(?: {8}if \((?:-f \S+rg_(?:second|third)|-d \S+/aliases/).*\n.*\n {8}\}\n)+"
    )
    return f"{header}...\n{again.sub('        ...' + chr(10), location)}\n"


def test_the_output_is_that_of_the_example() -> None:
    expected = excerpt((ROOT / "tests" / "golden" / "quickstart.nginx.conf").read_text())
    if "REWRITEGEN_UPDATE_GOLDEN" in os.environ:
        (ROOT / "README.md").write_text(README.replace(block("nginx"), expected))
    else:
        assert block("nginx") == expected


def test_the_message_is_the_one_that_comes() -> None:
    text = "server_name: x\n\nprivate:\n  - name: team\n    path: /srv/team\n    claims: [acme*]\n"
    with pytest.raises(SiteError) as caught:
        load_site("site.yaml", text=text.encode())
    assert str(caught.value) in README


@pytest.mark.parametrize("word", commands.commands)
def test_every_command_is_named(word: str) -> None:
    assert re.search(rf"`{re.escape(word)}[ `]", README)


SITE_FILE = ROOT / "docs" / "site-file.md"


def keys() -> set[str]:
    sources = (PrivateDirectory, PrivateProxy, Mirror, Proxy, Redirect)
    return {*SiteFile.model_fields} | {key for one in sources for key in one.model_fields} - {"key"}


@pytest.mark.parametrize("key", sorted(keys()))
def test_every_key_is_named(key: str) -> None:
    assert re.search(rf"[`{{]{key}[`:]", SITE_FILE.read_text())


def layout_rows() -> Iterator[str]:
    for layout in LAYOUTS.values():
        uses = ("yes" if use else "" for use in (layout.private, layout.mirror))
        pages = "written" if layout.generated else "its own"
        if layout.absolute:
            pages = "written again; needs `base_url`"
        elif layout.private and layout.packages is not None:
            pages = "its own; private: written again"  # rewritegen/trees.py: is_moved
        yield f"| `{layout.name}` | {layout.summary} | {' | '.join(uses)} | {pages} |"


def kind_rows() -> Iterator[str]:
    for kind in KINDS.values():
        yield f"| `{kind.name}` | {kind.summary} |"


@pytest.mark.parametrize(
    ("head", "rows"), [("layout", layout_rows), ("kind", kind_rows)], ids=["layouts", "kinds"]
)
def test_every_layout_and_kind_is_in_its_table(
    head: str, rows: Callable[[], Iterator[str]]
) -> None:
    """``REWRITEGEN_UPDATE_GOLDEN`` writes the tables, as it does golden files."""
    text = SITE_FILE.read_text()
    table = re.search(rf"^\| `{head}` \| is \|.*\n\|[-|]+\|\n((?:\|.*\n)*)", text, re.MULTILINE)
    assert table
    expected = "".join(f"{row}\n" for row in rows())
    if "REWRITEGEN_UPDATE_GOLDEN" in os.environ:
        SITE_FILE.write_text(text[: table.start(1)] + expected + text[table.end(1) :])
    else:
        assert table[1] == expected


DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("tests/**/*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    ours = [target.partition("#")[0] for target in targets if "://" not in target]
    assert [name for name in ours if name and not (document.parent / name).exists()] == []


@pytest.mark.parametrize("document", sorted(ROOT.glob("docs/*.md")), ids=lambda path: path.name)
def test_every_document_is_linked(document: Path) -> None:
    others = "".join(one.read_text() for one in DOCUMENTS if one != document)
    assert re.search(rf"\]\((docs/)?{re.escape(document.name)}[)#]", others)
