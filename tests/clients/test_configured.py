"""Real tools read what ``rewritegen clients --write`` put into their files, and get a private and a public package.

Every file has other settings and comments before; a public index has higher versions of the private names.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rewritegen.cli import main
from tests.clients.test_installers import fetched
from tests.support.farm import Farm
from tests.support.project_tools import ProjectTool, Run, project_tool, run
from tests.support.scenes import Scene
from tests.support.tools import require

pytestmark = [pytest.mark.server, pytest.mark.client, pytest.mark.slow]

#: The highest version that is ours; the public index has 9.0.
OURS, EVIL = "1.2+local.1", "9.0"


@dataclass
class Desk:
    """A user with a home and a project, and a site."""

    scene: Scene
    site: Path
    url: str
    home: Path
    project: Path
    request: pytest.FixtureRequest
    ours: str = OURS
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, tool: str, path: Path, text: str = "", *options: str) -> str:
        """Put a file there, merge what ``clients`` says into it, and return what it is then."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        command = ["clients", str(self.site), "--tool", tool, "--url", self.url, *options]
        assert main([*command, "--write", str(path)]) == 0
        assert main([*command, "--write", str(path), "--check"]) == 0, (
            "a second run would change it"
        )
        for line in text.splitlines():
            assert line in path.read_text().splitlines(), "a line is gone"
        return path.read_text()

    def tool(self, name: str) -> ProjectTool:
        """A tool of the table in ``project_tools``."""
        assert self.request.config.cache is not None
        return project_tool(name, self.request.config.cache.mkdir("tools"))

    def installer(self, name: str) -> tuple[str, ...]:
        """The command of pip or uv."""
        return fetched(self.request, name).argv

    def run(self, *argv: str, reads: tuple[str, ...] = ()) -> Run:
        """Run something as this user in the project."""
        return run(argv, self.home, self.project, self.environment, reads)

    @property
    def public_asked(self) -> set[str]:
        """What the public index was asked for."""
        return {request.target for request in self.scene.upstreams[0].requests}


def desk_at(
    scene: Scene, site: Path, url: str, place: Path, request: pytest.FixtureRequest
) -> Desk:
    """A desk below ``place``; the record of the public index is empty."""
    scene.forget()
    home, project = place / "home", place / "project"
    home.mkdir()
    project.mkdir()
    return Desk(scene, site, url, home, project, request)


@pytest.fixture
def desk(farm: Farm, request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    """A desk at the site of nginx; what an index decides has its tests for both servers."""
    return _desk_of("nginx", farm, request, tmp_path)


@pytest.fixture
def httpd_desk(farm: Farm, request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    """A desk at that of httpd."""
    return _desk_of("apache", farm, request, tmp_path)


def _desk_of(kind: str, farm: Farm, request: pytest.FixtureRequest, place: Path) -> Desk:
    return desk_of("team", kind, farm, request, place)


def desk_of(name: str, kind: str, farm: Farm, request: pytest.FixtureRequest, place: Path) -> Desk:
    """A desk at the site of a scene."""
    require(kind)
    scene, live = farm.scene(name), farm.live(name, kind)
    return desk_at(scene, scene.root / kind / "site.yaml", live.url, place, request)


def installed(place: Path, module: str) -> str | None:
    """The version of a module somewhere below a directory; None when it is not there."""
    found = sorted(place.rglob(f"{module}.py"))
    if not found:
        return None
    match = re.fullmatch(r"VERSION = '(.*)'\n", found[0].read_text())
    assert match
    return match[1]


def assert_both(desk: Desk, done: Run, place: Path) -> None:
    """Ours in our version, the public one through the site; and nothing of ours was asked of the public index."""
    assert done.status == 0, done.output
    assert (installed(place, "acme_foo"), installed(place, "proxied")) == (desk.ours, "1.0"), (
        done.output
    )
    # some ask for a newer version of themselves as well
    assert "/simple/proxied/" in desk.public_asked
    assert not [target for target in desk.public_asked if "acme" in target]


PROJECT = """\
# our project
[project]
name = "app"
version = "1.0"   # not yet released
requires-python = ">=3.10"
dependencies = ["acme-foo", "proxied"]
"""


def pip(desk: Desk) -> Run:
    conf = desk.home / ".config/pip/pip.conf"
    desk.write("pip", conf, "; mine\n[global]\ntimeout = 60\n\n[install]\nno-compile = yes\n")
    argv = [*desk.installer("pip-newest"), "install", "--no-cache-dir", "--target", "target"]
    return desk.run(*argv, "acme-foo", "proxied", reads=("PIP_CONFIG_FILE",))


def pip_by_variables(desk: Desk) -> Run:
    script = desk.project / "index.sh"
    desk.write("env", script, "# more\nexport EDITOR=vi\n")
    argv = " ".join(desk.installer("pip-newest"))
    install = f"{argv} install --no-cache-dir --target target acme-foo proxied"
    return desk.run("sh", "-c", f". ./index.sh && exec {install}")


def uv_by_variables(desk: Desk) -> Run:
    text = desk.write("dotenv", desk.project / ".env", "# more\nEDITOR=vi\n")
    desk.environment |= dict(
        line.split("=", 1) for line in text.splitlines() if re.match("[A-Z_]+=", line)
    )
    argv = [*desk.installer("uv"), "install", "--no-cache", "--python", sys.executable]
    return desk.run(*argv, "--target", "target", "acme-foo", "proxied")


def uv(desk: Desk) -> Run:
    conf = desk.home / ".config/uv/uv.toml"
    desk.write("uv", conf, "# mine\ncompile-bytecode = false\n")
    argv = [*desk.installer("uv"), "install", "--no-cache", "--python", sys.executable]
    return desk.run(*argv, "--target", "target", "acme-foo", "proxied", reads=("UV_NO_CONFIG",))


def uv_project(desk: Desk) -> Run:
    desk.write(
        "uv-project", desk.project / "pyproject.toml", f"{PROJECT}\n[tool.uv]\npackage = false\n"
    )
    argv = [desk.installer("uv")[0], "sync", "--no-cache", "--python", sys.executable]
    return desk.run(*argv, reads=("UV_NO_CONFIG",))


def poetry(desk: Desk) -> Run:
    text = f"{PROJECT}\n[tool.poetry]\npackage-mode = false # an application\n"
    desk.write("poetry", desk.project / "pyproject.toml", text)
    desk.environment |= {"POETRY_VIRTUALENVS_IN_PROJECT": "true"}
    return desk.run(desk.tool("poetry").program, "install", "--no-interaction")


def pdm(desk: Desk) -> Run:
    desk.write(
        "pdm", desk.project / "pyproject.toml", f"{PROJECT}\n[tool.pdm]\ndistribution = false\n"
    )
    desk.environment |= {"PDM_CHECK_UPDATE": "false"}
    program = desk.tool("pdm").program
    # an environment that it is given would be the one that it installs into
    made = desk.run(program, "venv", "create", sys.executable)
    assert made.status == 0, made.output
    return desk.run(program, "install", "--no-self")


def hatch(desk: Desk) -> Run:
    settings = 'skip-install = true\ndependencies = ["acme-foo", "proxied"]\npath = ".venv"\n'
    text = f"{PROJECT}\n[tool.hatch.envs.default]\n{settings}"
    desk.write("hatch", desk.project / "pyproject.toml", text)
    return desk.run(desk.tool("hatch").program, "env", "create")


def pipenv(desk: Desk) -> Run:
    packages = '[packages]\nacme-foo = "*"  # ours\nproxied = "*"\n'
    desk.write("pipenv", desk.project / "Pipfile", packages)
    desk.environment |= {"PIPENV_VENV_IN_PROJECT": "1", "PIPENV_NOSPIN": "1"}
    return desk.run(desk.tool("pipenv").program, "install", "--python", sys.executable)


BUILDOUT = "[buildout]\nparts =\n# eggs are taken from the index\nextensions =\n    acme-foo\n    proxied\n"


def buildout(desk: Desk) -> Run:
    desk.write("buildout", desk.project / "buildout.cfg", BUILDOUT)
    return desk.run(desk.tool("buildout").program, "-N")


EASY = (
    "from setuptools import setup; import sys; "
    "setup(script_args=['easy_install', '--install-dir', 'eggs', *sys.argv[1:]])"
)


def easy_install(desk: Desk) -> Run:
    desk.write("easy_install", desk.home / ".pydistutils.cfg", "# mine\n[install]\noptimize = 0\n")
    (desk.project / "eggs").mkdir()
    desk.environment |= {"PYTHONPATH": str(desk.project / "eggs")}
    return desk.run(desk.tool("easy_install").python, "-c", EASY, "acme-foo", "proxied")


#: pip, uv and easy_install are here in seconds; the others are fetched, and make environments.
QUICK: list[Callable[[Desk], Run]] = [pip, pip_by_variables, uv_by_variables, uv, uv_project]
QUICK += [easy_install]
LONG: list[Callable[[Desk], Run]] = [poetry, pdm, hatch, pipenv, buildout]
TOOLS = [
    *(pytest.param(use, id=use.__name__) for use in QUICK),
    *(pytest.param(use, id=use.__name__, marks=pytest.mark.long) for use in LONG),
]


@pytest.mark.parametrize("use", TOOLS)
def test_installs_ours_and_a_public_one(desk: Desk, use: Callable[[Desk], Run]) -> None:
    done = use(desk)
    assert_both(desk, done, desk.project)


@pytest.mark.parametrize("use", [uv, uv_project, easy_install], ids=lambda use: use.__name__)
def test_installs_from_httpd_too(httpd_desk: Desk, use: Callable[[Desk], Run]) -> None:
    done = use(httpd_desk)
    assert_both(httpd_desk, done, httpd_desk.project)
