"""What the README shows is what the program does."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from rewritegen.cli import commands
from rewritegen.diagnostics import SiteError
from rewritegen.layouts import LAYOUTS
from rewritegen.model import SiteFile
from rewritegen.site import load_site

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
    """The header, and the location that decides a page."""
    header = generated[: generated.index("\n\n") + 1]
    start = generated.index("    # the page of a project")
    return f"{header}...\n{generated[start : generated.index('    # a file beside', start)].rstrip()}\n"


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


@pytest.mark.parametrize("word", [*SiteFile.model_fields, *LAYOUTS, *commands.commands])
def test_every_key_layout_and_command_is_named(word: str) -> None:
    """Kinds are in docs/howto-proxies.md (test_howto_proxies)."""
    assert re.search(rf"`{re.escape(word)}[ `]", README)
