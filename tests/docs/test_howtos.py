"""The how-tos: what they show of a file stands in it, a command prints what they show, and all of them are listed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rewritegen.diagnostics import SiteError
from rewritegen.site import load_site
from tests.support.documents import DOCS, ROOT, Block, blocks

pytestmark = pytest.mark.slow  # each block runs a program

#: The pages whose blocks all say how they are kept true.
PAGES = [
    DOCS / f"howto-{name}.md"
    for name in (
        "ansible", "salt", "puppet", "cloud-init", "shell", "systemd", "netbook", "workstation", "team",
    )
]  # fmt: skip
BLOCKS = [block for page in PAGES for block in blocks(page)]
PARTS = [b for page in sorted(DOCS.glob("*.md")) for b in blocks(page) if b.way == "part of a run"]
SECONDS = 60
LINKED = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def name(block: Block) -> str:
    return f"{block.page}:{block.line}"


@pytest.mark.parametrize("block", BLOCKS, ids=name)
def test_a_block_says_how_it_is_kept_true(block: Block) -> None:
    assert block.way, "write a comment above it: see tests/support/documents.py"
    if block.way in ("seen by", "file"):
        assert (ROOT / block.of).is_file()
    if block.way == "on a machine":
        used = "".join(path.read_text() for path in (ROOT / "tests/managed").glob("*.py"))
        assert f'"{block.page}", "{block.of}"' in used, "no test runs it"


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.way == "file"], ids=name)
def test_what_is_shown_of_a_file_stands_in_it(block: Block) -> None:
    assert block.text in (ROOT / block.of).read_text()


def printed(command: str, directory: str) -> str:
    """What a command that must succeed prints."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=ROOT / directory,
        env={"PATH": programs, "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.way == "run"], ids=name)
def test_a_command_prints_what_is_shown(block: Block) -> None:
    for command, shown in block.sessions:
        assert printed(command, block.of) == shown, command


@pytest.mark.parametrize("block", PARTS, ids=name)
def test_a_command_prints_among_others_what_is_shown(block: Block) -> None:
    for command, shown in block.sessions:
        pattern = re.escape(shown).replace(re.escape("...\n"), "(?:.*\n)*?")
        assert re.match(pattern, printed(command, block.of)), command


WRONG = [block for block in BLOCKS if "error[RG201]" in block.text]


@pytest.mark.parametrize("block", WRONG, ids=name)
def test_what_is_said_of_a_wrong_site_file_is_what_comes(block: Block) -> None:
    """Runs of tools on a machine cannot be repeated here, but their message is ours."""
    shown = block.text[block.text.index("error[RG201]") :].rstrip()
    place = re.search(r"--> (\S+?):\d", shown)
    site = (ROOT / "examples/shell/packages.yaml").read_text().replace("claims:", "claim:")
    with pytest.raises(SiteError) as caught:
        load_site(place[1] if place else "site.yaml", text=site.encode())
    assert str(caught.value).startswith(shown)


def test_each_how_to_is_listed() -> None:
    listed = {link for link in LINKED.findall((DOCS / "index.md").read_text()) if "howto-" in link}
    there = {page.name for page in DOCS.glob("howto-*.md")}
    assert there == listed


def test_recipes_have_one_site_file() -> None:
    """Each folder can be copied by itself; so each has a copy, and the copies are the same."""
    found = sorted((ROOT / "examples").rglob("*/packages.yaml"))
    assert len(found) == 4
    assert len({path.read_text() for path in found}) == 1
    site = "".join(f"      {line}".rstrip() + "\n" for line in found[0].read_text().splitlines())
    assert site in (ROOT / "examples/cloud-init/user-data.yaml").read_text()
