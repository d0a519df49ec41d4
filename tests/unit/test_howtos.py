"""The how-tos of mounts and listings: their sites are valid, and the program says what they say that it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rewritegen import pypi
from rewritegen.notes import notes
from rewritegen.site import load_site

DOCS = Path(__file__).resolve().parents[2] / "docs"
#: The others show parts of sites, and have tests of their own.
HOWTOS = (DOCS / "howto-listings.md", DOCS / "howto-mounts.md")


def blocks(path: Path, language: str) -> list[str]:
    found: list[str] = re.findall(
        rf"^```{language}\n(.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL
    )
    return found


SITES = [
    pytest.param(path, text, id=f"{path.stem}-{number}")
    for path in HOWTOS
    for number, text in enumerate(blocks(path, "yaml"))
]


@pytest.mark.parametrize(("path", "text"), SITES)
def test_a_site_is_valid_and_its_notes_are_those_of_the_page(
    path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = ("https://index.example.org/simple/", ("https://files.example.org/",))
    monkeypatch.setattr(pypi, "well_known", lambda: hosts)
    site = load_site("site.yaml", text=text.encode())
    told = [line.removeprefix("note: ") for line in path.read_text().splitlines()]
    said = [note for note in notes(site, "apache") if note not in told]
    assert said == []
