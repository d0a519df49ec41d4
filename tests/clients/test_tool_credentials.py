"""Each tool is let in the way that its comments say, and not without; the URL in its file holds no password.

What is put into netrc, .pypirc and the environment is read from what ``rewritegen clients`` printed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from rewritegen.cli import main
from tests.clients import test_configured as tools
from tests.clients.test_configured import Desk, assert_both, desk_at
from tests.servers.test_auth import World, world
from tests.support.certificates import Authority
from tests.support.credentials import PASSWORD, USER
from tests.support.processes import traversable_directory
from tests.support.project_tools import Run
from tests.support.sites import write_site
from tests.support.tools import require

pytestmark = [pytest.mark.server, pytest.mark.client, pytest.mark.slow]


@pytest.fixture(scope="module")
def locked(authority: Authority) -> Iterator[World]:
    """The scene ``team`` behind names and passwords, on nginx."""
    require("nginx")
    with traversable_directory() as place, world("team", "basic", "nginx", place, authority) as it:
        yield it


@pytest.fixture
def desk(locked: World, request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    """A desk there."""
    settings = {**locked.scene.settings, **locked.admission.settings}
    site = write_site(tmp_path / "site.yaml", settings, locked.live.port)
    return desk_at(locked.scene, site, locked.live.url, tmp_path, request)


def printed(desk: Desk, tool: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["clients", str(desk.site), "--tool", tool, "--url", desk.url]) == 0
    text = capsys.readouterr().out
    assert PASSWORD not in text
    return text


def secret(home: Path, name: str, text: str) -> None:
    path = home / name
    path.write_text(text.replace("NAME", USER).replace("PASSWORD", PASSWORD))
    path.chmod(0o600)


def give(desk: Desk, text: str) -> None:
    """Do what the first way says that the comments name."""
    if found := re.findall(r"\b((?:UV|POETRY)_[A-Z_]+_(USERNAME|PASSWORD))\b", text):
        desk.environment |= {name: USER if kind == "USERNAME" else PASSWORD for name, kind in found}
    elif machine := re.search(r"`(machine .*)`", text):
        secret(desk.home, ".netrc", f"{machine[1]}\n")
    else:
        servers, *lines = re.findall("`([^`]*)`", text[text.index("~/.pypirc") :])
        head, rest = servers.split(" ", 1)
        section, repository = lines[0].split(" ", 1)
        body = "\n".join([section, repository, *lines[1:]])
        secret(desk.home, ".pypirc", f"{head}\n{rest}\n{body}\n")


def case(name: str, use: Callable[[Desk], Run], *, long: bool = False) -> object:
    return pytest.param(name, use, id=use.__name__, marks=[pytest.mark.long] if long else [])


@pytest.mark.parametrize(
    ("name", "use"),
    [
        case("pip", tools.pip),
        case("uv", tools.uv),
        case("uv-project", tools.uv_project),
        case("dotenv", tools.uv_by_variables),
        case("poetry", tools.poetry, long=True),
        case("pdm", tools.pdm, long=True),
        case("hatch", tools.hatch, long=True),
        case("pipenv", tools.pipenv, long=True),
        case("buildout", tools.buildout, long=True),
        case("easy_install", tools.easy_install),
    ],
)
def test_who_has_a_password_is_let_in(
    desk: Desk, name: str, use: Callable[[Desk], Run], capsys: pytest.CaptureFixture[str]
) -> None:
    give(desk, printed(desk, name, capsys))
    assert_both(desk, use(desk), desk.project)


@pytest.mark.parametrize("use", [tools.pip, tools.uv], ids=["pip", "uv"])
def test_who_has_none_is_not(desk: Desk, use: Callable[[Desk], Run]) -> None:
    assert use(desk).status != 0
    assert desk.public_asked == set()


def github(text: str) -> tuple[dict[str, str], str, dict[str, str]]:
    """Variables of the workflow, the script of its step, and what the secrets of the repository would be."""
    workflow = yaml.safe_load(text)
    (step,) = workflow["jobs"]["install"]["steps"]
    assert step["env"]["INDEX_PASSWORD"] == "${{ secrets.PACKAGES_PASSWORD }}"
    return workflow["env"], step["run"], {"INDEX_USER": USER, "INDEX_PASSWORD": PASSWORD}


def gitlab(text: str) -> tuple[dict[str, str], str, dict[str, str]]:
    """The same of a pipeline of GitLab, whose variables are set in the project."""
    pipeline = yaml.safe_load(text)
    (script,) = pipeline["default"]["before_script"]
    return pipeline["variables"], script, {"PACKAGES_USER": USER, "PACKAGES_PASSWORD": PASSWORD}


@pytest.mark.parametrize("read", [github, gitlab], ids=["github", "gitlab"])
def test_a_pipeline_writes_its_netrc_from_secrets(
    desk: Desk,
    read: Callable[[str], tuple[dict[str, str], str, dict[str, str]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    variables, script, secrets = read(printed(desk, read.__name__, capsys))
    desk.environment = secrets
    assert desk.run("sh", "-ec", script).output == ""
    assert (desk.home / ".netrc").stat().st_mode & 0o777 == 0o600
    desk.environment = variables
    argv = [*desk.installer("uv"), "install", "--no-cache", "--python", sys.executable]
    assert_both(desk, desk.run(*argv, "--target", "target", "acme-foo", "proxied"), desk.project)


def test_an_image_is_told_the_url_and_mounts_the_password(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """No Docker here: the lines are read, ENV is what pip gets, and the secret lies where RUN mounts it."""
    lines = printed(desk, "docker", capsys).splitlines()
    desk.environment = dict(line[4:].split("=", 1) for line in lines if line.startswith("ENV "))
    (run,) = (line for line in lines if line.startswith("RUN "))
    assert run.startswith("RUN --mount=type=secret,id=netrc NETRC=/run/secrets/netrc pip install ")
    secret(desk.home, "mounted", "machine 127.0.0.1 login NAME password PASSWORD\n")
    desk.environment["NETRC"] = str(desk.home / "mounted")
    (desk.project / "requirements.txt").write_text("acme-foo\nproxied\n")
    command = run.partition(" pip ")[2].split()
    done = desk.run(*desk.installer("pip-newest"), *command, "--target", "target")
    assert_both(desk, done, desk.project)
