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
STATELESS = """
    server_name: packages.example.org
    private: [{path: /srv/team, listing: automatic}]
"""


@pytest.mark.parametrize(
    ("site", "said"),
    [
        pytest.param(BASE, [], id="nothing"),
        pytest.param(BASE + "    cache: {path: /var/cache/rg}\n", ["`cache:`"], id="cache"),
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
            BASE + "    fallbacks: [{proxy: 'https://i.example.org/a/'}]\n", [], id="https"
        ),
        pytest.param(
            BASE + "    fallbacks: [{proxy: 'http://i.example.org/a/'}]\n",
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
