"""What every tool is told of three sites, in both forms, as files to read; and that each is what its tool can read.

After a wanted change: REWRITEGEN_UPDATE_GOLDEN=1 python -m pytest tests/golden, then read the diff.
"""

from __future__ import annotations

import os
import re
import shlex
from configparser import RawConfigParser
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import tomlkit
import yaml

from rewritegen import pypi
from rewritegen.clients.index import ClientIndex, Form, client_index
from rewritegen.clients.render import render
from rewritegen.clients.tools import TOOLS
from rewritegen.names import parse_name
from rewritegen.plan import compile_plan
from rewritegen.site import load_site

GOLDEN = Path(__file__).parent / "clients"

OPEN = """
    server_name: packages.example.org
    listen: [8080]
    state: /state
    private: [{path: /srv/team, claims: [acme-*, secret-tool]}]
"""
LOCKED = """
    server_name: packages.example.org
    listen: [443]
    tls: {certificate: /etc/ssl/site.pem, key: /etc/ssl/site.key}
    auth: {basic: /etc/htpasswd}
    state: /state
    private: [{path: /srv/team, claims: [acme-*, secret-tool]}]
"""
CERTIFIED = LOCKED.replace("basic: /etc/htpasswd", "certificates: /etc/ssl/team.pem")
SITES = {"open": OPEN, "locked": LOCKED, "certified": CERTIFIED}


@pytest.fixture(autouse=True)
def _pypi_is_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = ("https://index.example.org/simple/", ("https://files.example.org/",))
    monkeypatch.setattr(pypi, "well_known", lambda: hosts)


def index_of(site: str, form: Form = "one") -> ClientIndex:
    plan = compile_plan(load_site("site.yaml", text=dedent(SITES[site]).encode()))
    packages = (parse_name("Acme.Greeting"),) if form == "two" else ()
    return client_index(plan, form=form, packages=packages)


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("tool", TOOLS)
def test_what_a_tool_is_told(tool: str, site: str) -> None:
    parts = []
    for form in ("one", "two"):
        parts.append(f"---- --form {form}\n{render(TOOLS[tool], index_of(site, form))}")
    text = "\n".join(parts)
    golden = GOLDEN / f"{tool}.{site}.txt"
    if "REWRITEGEN_UPDATE_GOLDEN" in os.environ:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert golden.read_text() == text


def test_there_is_no_file_of_a_tool_that_has_gone() -> None:
    expected = {f"{tool}.{site}.txt" for tool in TOOLS for site in SITES}
    assert {path.name for path in GOLDEN.iterdir()} == expected


def settings(tool: str, text: str) -> Any:
    """The text as a reader of its syntax that is not ours sees it."""
    syntax = TOOLS[tool].syntax
    if syntax == "toml":
        return tomlkit.parse(text).unwrap()
    if tool in ("github", "gitlab"):
        return yaml.safe_load(text)
    if syntax in ("variables", "paste"):
        found = [shlex.split(line, comments=True) for line in text.splitlines()]
        return dict(words[-1].split("=", 1) for words in found if words and "=" in words[-1])
    parser = RawConfigParser()
    parser.read_string(text)
    return {name: dict(parser.items(name)) for name in parser.sections()}


URL = "https://packages.example.org/simple/"
VARIABLES = {"PIP_INDEX_URL": URL, "UV_DEFAULT_INDEX": URL}
ONE: dict[str, Any] = {
    "pip": {"global": {"index-url": URL}},
    "env": VARIABLES,
    "dotenv": VARIABLES,
    "uv": {"index": [{"name": "packages", "url": URL, "default": True}]},
    "uv-project": {"tool": {"uv": {"index": [{"name": "packages", "url": URL, "default": True}]}}},
    "poetry": {
        "tool": {"poetry": {"source": [{"name": "packages", "url": URL, "priority": "primary"}]}}
    },
    "pdm": {
        "tool": {
            "pdm": {
                "source": [{"name": "pypi", "url": URL, "verify_ssl": True}],
                "resolution": {"respect-source-order": True},
            }
        }
    },
    "hatch": {"tool": {"hatch": {"envs": {"default": {"env-vars": VARIABLES}}}}},
    "pixi": {"pypi-options": {"index-url": URL, "index-strategy": "first-index"}},
    "pixi-project": {
        "tool": {"pixi": {"pypi-options": {"index-url": URL, "index-strategy": "first-index"}}}
    },
    "pipenv": {"source": [{"name": "pypi", "url": URL, "verify_ssl": True}]},
    "buildout": {"buildout": {"index": URL, "allow-hosts": "packages.example.org"}},
    "easy_install": {"easy_install": {"index_url": URL, "allow_hosts": "packages.example.org"}},
    "docker": VARIABLES,
}


@pytest.mark.parametrize("tool", ONE)
def test_one_index_is_all_that_it_says(tool: str) -> None:
    assert settings(tool, render(TOOLS[tool], index_of("locked"))) == ONE[tool]


@pytest.mark.parametrize("tool", ["github", "gitlab"])
def test_a_pipeline_gets_the_variables(tool: str) -> None:
    read = settings(tool, render(TOOLS[tool], index_of("locked")))
    assert read["env" if tool == "github" else "variables"] == VARIABLES


def test_every_tool_is_in_one_of_the_tables() -> None:
    assert {*ONE, "github", "gitlab"} == set(TOOLS)


@pytest.mark.parametrize("form", ["one", "two"])
@pytest.mark.parametrize("tool", TOOLS)
def test_texts_are_plain_and_hold_no_password(tool: str, form: Form) -> None:
    for site in SITES:
        text = render(TOOLS[tool], index_of(site, form))
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert "\n\n\n" not in text
        assert text.isascii()
        assert not re.search(r"//[^/\s]*@", text), "credentials in a URL"
        assert not any(line != line.rstrip() for line in text.splitlines())
