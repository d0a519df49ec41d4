"""Each note has a site that it is for and one that it is not for."""

from __future__ import annotations

from textwrap import dedent

import pytest

from rewritegen.notes import notes
from rewritegen.site import load_site

BASE = """
    server_name: packages.example.org
    state: /state
    private: [{path: /srv/team}]
"""
NAMED = BASE + "    resolver: [127.0.0.53]\n"
STATELESS = """
    server_name: packages.example.org
    private: [{path: /srv/team, listing: automatic}]
"""


@pytest.mark.parametrize(
    ("site", "said"),
    [
        pytest.param(BASE, [], id="nothing"),
        pytest.param(BASE + "    cache: {path: /var/cache/rg}\n", [], id="cache"),
        pytest.param(STATELESS, [], id="no state, no fallback"),
        pytest.param(
            STATELESS + "    fallbacks: [{mirror: /srv/m}]\n", ["without `state:`"], id="no state"
        ),
        pytest.param(BASE + "    fallbacks: [{mirror: /srv/m}]\n", [], id="state"),
        pytest.param(
            BASE + "    fallbacks: [{proxy: 'http://127.0.0.1:3141/a/'}]\n", [], id="loopback"
        ),
        pytest.param(
            BASE + "    fallbacks: [{proxy: 'http://[::1]:3141/a/'}]\n", [], id="loopback, IPv6"
        ),
        pytest.param(
            BASE + "    fallbacks: [{proxy: 'http://localhost/a/'}]\n", [], id="localhost"
        ),
        pytest.param(
            NAMED + "    fallbacks: [{proxy: 'https://i.example.org/a/'}]\n", [], id="https"
        ),
        pytest.param(
            NAMED + "    fallbacks: [{proxy: 'http://i.example.org/a/'}]\n",
            ["fallbacks[0]: http://i"],
            id="http",
        ),
    ],
)
@pytest.mark.parametrize("server", ["nginx", "apache"])
def test_notes(site: str, said: list[str], server: str) -> None:
    found = list(notes(load_site("site.yaml", text=dedent(site).encode()), server))
    assert len(found) == len(said)
    for note, beginning in zip(found, said, strict=True):
        assert note.startswith(beginning)


@pytest.mark.parametrize(
    ("site", "server", "said"),
    [
        pytest.param(BASE, "nginx", True, id="without"),
        pytest.param(NAMED, "nginx", False, id="with"),
        pytest.param(BASE + "    offline: true\n", "nginx", False, id="offline"),
        pytest.param(BASE, "apache", False, id="httpd looks up late"),
    ],
)
def test_a_note_about_names_that_are_looked_up_at_start(site: str, server: str, said: bool) -> None:
    text = site + "    fallbacks: [{proxy: 'https://i.example.org/a/'}]\n"
    found = list(notes(load_site("site.yaml", text=dedent(text).encode()), server))
    assert ["resolver" in note for note in found] == ([True] if said else [])
