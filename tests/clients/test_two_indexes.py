"""The form with two indexes: it works, and who registers a private name at the public index is installed.

The public index, which stands for PyPI, has a higher version of ``acme-foo`` and does not know ``house-other``. With
one index (``test_configured``) the same clients at the same site take ours.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rewritegen import pypi
from tests.clients.test_configured import EASY, EVIL, OURS, PROJECT, Desk, desk, installed
from tests.support.project_tools import Run
from tests.support.scenes import wheels
from tests.support.upstream import Index, upstream

__all__ = ["desk"]

pytestmark = [pytest.mark.server, pytest.mark.client, pytest.mark.slow]

TWO = ("--form", "two")


def public(desk: Desk) -> str:
    """The public index."""
    return desk.scene.upstreams[0].url


def pip(desk: Desk, *names: str) -> Run:
    conf = desk.home / ".config/pip/pip.conf"
    desk.write("pip", conf, f"[global]\nindex-url = {public(desk)}\n", *TWO)
    argv = [*desk.installer("pip-newest"), "install", "--no-cache-dir", "--target", "target"]
    return desk.run(*argv, *names, reads=("PIP_CONFIG_FILE",))


def test_pip_takes_ours_when_only_we_have_it_and_tells_the_public_index(desk: Desk) -> None:
    done = pip(desk, "house-other", "proxied")
    assert done.status == 0, done.output
    found = installed(desk.project, "house_other"), installed(desk.project, "proxied")
    assert found == ("2.0", "1.0")
    assert "/simple/house-other/" in desk.public_asked, "disclosed"


def test_pip_is_confused(desk: Desk) -> None:
    done = pip(desk, "acme-foo")
    assert done.status == 0, done.output
    assert installed(desk.project, "acme_foo") == EVIL


def test_pip_with_one_index_is_not(desk: Desk) -> None:
    conf = desk.home / ".config/pip/pip.conf"
    desk.write("pip", conf)
    argv = [*desk.installer("pip-newest"), "install", "--no-cache-dir", "--target", "target"]
    done = desk.run(*argv, "acme-foo", "house-other", reads=("PIP_CONFIG_FILE",))
    assert done.status == 0, done.output
    found = installed(desk.project, "acme_foo"), installed(desk.project, "house_other")
    assert found == (OURS, "2.0")
    assert not [t for t in desk.public_asked if "acme" in t or "house" in t]


def uv_sync(desk: Desk, index: str, *options: str) -> Run:
    # where PyPI is when nothing is said
    desk.environment |= {"UV_DEFAULT_INDEX": index}
    text = f"{PROJECT}\n[tool.uv]\npackage = false\n"
    desk.write("uv-project", desk.project / "pyproject.toml", text, *TWO, *options)
    argv = [desk.installer("uv")[0], "sync", "--no-cache", "--python", sys.executable]
    return desk.run(*argv, reads=("UV_NO_CONFIG",))


def test_uv_takes_a_pinned_name_from_ours_only(desk: Desk) -> None:
    done = uv_sync(desk, public(desk), "--package", "Acme.Foo")
    assert done.status == 0, done.output
    assert installed(desk.project, "acme_foo") == OURS
    assert installed(desk.project, "proxied") == "1.0"
    assert "/simple/acme-foo/" not in desk.public_asked


def test_uv_takes_a_name_that_was_forgotten_from_the_public_index(desk: Desk) -> None:
    # the decoys of the scene are no proper zips, which uv minds
    with upstream(Index(wheels("acme-foo-9.0", "proxied-1.0"))) as stranger:
        done = uv_sync(desk, stranger.url)
    assert done.status == 0, done.output
    assert installed(desk.project, "acme_foo") == EVIL


def test_uv_takes_a_name_from_the_first_index_that_has_it(desk: Desk) -> None:
    desk.environment |= {"UV_DEFAULT_INDEX": public(desk)}
    desk.write("uv", desk.home / ".config/uv/uv.toml", "", *TWO)
    argv = [*desk.installer("uv"), "install", "--no-cache", "--python", sys.executable]
    names = ("acme-foo", "house-other", "proxied")
    done = desk.run(*argv, "--target", "target", *names, reads=("UV_NO_CONFIG",))
    assert done.status == 0, done.output
    assert [installed(desk.project, n.replace("-", "_")) for n in names] == [OURS, "2.0", "1.0"]


def easy_install(desk: Desk, name: str, *options: str) -> Run:
    conf = desk.home / ".pydistutils.cfg"
    names = ("--package", "acme-foo", "--package", "house-other")
    desk.write("easy_install", conf, f"[easy_install]\nindex_url = {public(desk)}\n", *TWO, *names)
    (desk.project / "eggs").mkdir()
    desk.environment |= {"PYTHONPATH": str(desk.project / "eggs")}
    return desk.run(desk.tool("easy_install").python, "-c", EASY, *options, name)


@pytest.mark.parametrize(
    ("options", "name", "version"),
    [
        pytest.param((), "house-other", "2.0", id="works"),
        pytest.param((), "acme-foo", OURS, id="is content with a link"),
        pytest.param(("--upgrade",), "acme-foo", EVIL, id="is confused when it upgrades"),
    ],
)
def test_easy_install(desk: Desk, options: tuple[str, ...], name: str, version: str) -> None:
    done = easy_install(desk, name, *options)
    assert done.status == 0, done.output
    assert installed(desk.project, name.replace("-", "_")) == version


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "version"), [("house-other", "2.0"), ("acme-foo", EVIL)], ids=["works", "confused"]
)
def test_buildout(desk: Desk, name: str, version: str) -> None:
    text = f"[buildout]\nindex = {public(desk)}\nparts =\nextensions =\n    {name}\n"
    names = ("--package", "acme-foo", "--package", "house-other")
    desk.write("buildout", desk.project / "buildout.cfg", text, *TWO, *names)
    done = desk.run(desk.tool("buildout").program, "-N")
    assert done.status == 0, done.output
    assert installed(desk.project, name.replace("-", "_")) == version


@pytest.mark.long
def test_buildout_with_one_index_is_not_confused(desk: Desk) -> None:
    """Also where it upgrades (``newest``), and the stranger's version is higher."""
    text = "[buildout]\nparts =\nnewest = true\nextensions =\n    acme-foo\n    house-other\n"
    desk.write("buildout", desk.project / "buildout.cfg", text)
    done = desk.run(desk.tool("buildout").program, "-n")
    assert done.status == 0, done.output
    found = installed(desk.project, "acme_foo"), installed(desk.project, "house_other")
    assert found == (OURS, "2.0")
    assert not [t for t in desk.public_asked if "acme" in t or "house" in t]


@pytest.fixture
def _pypi_is_the_public_index(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pypi, "well_known", lambda: (public(desk), ()))


@pytest.mark.long
@pytest.mark.usefixtures("_pypi_is_the_public_index")
def test_pdm_takes_what_is_claimed_from_ours_only(desk: Desk) -> None:
    project = f"{PROJECT}\n[tool.pdm]\ndistribution = false\n"
    desk.write("pdm", desk.project / "pyproject.toml", project, *TWO)
    desk.environment |= {"PDM_CHECK_UPDATE": "false"}
    program = desk.tool("pdm").program
    assert desk.run(program, "venv", "create", sys.executable).status == 0
    done = desk.run(program, "install", "--no-self")
    assert done.status == 0, done.output
    assert installed(desk.project, "acme_foo") == OURS
    assert installed(desk.project, "proxied") == "1.0"
    assert "/simple/acme-foo/" not in desk.public_asked


@pytest.mark.long
@pytest.mark.usefixtures("_pypi_is_the_public_index")
def test_pipenv_takes_what_names_our_source_from_ours_only(desk: Desk) -> None:
    text = '[packages]\nacme-foo = {version = "*", index = "packages"}\nproxied = "*"\n'
    desk.write("pipenv", desk.project / "Pipfile", text, *TWO)
    desk.environment |= {"PIPENV_VENV_IN_PROJECT": "1", "PIPENV_NOSPIN": "1"}
    done = desk.run(desk.tool("pipenv").program, "install", "--python", sys.executable)
    assert done.status == 0, done.output
    assert installed(desk.project, "acme_foo") == OURS
    assert installed(desk.project, "proxied") == "1.0"


@pytest.mark.long
def test_poetry_takes_what_names_our_source_from_ours(desk: Desk) -> None:
    """PyPI's address is poetry's own, so nothing of it is asked for here."""
    text = PROJECT.replace(', "proxied"', "")
    text += "\n[tool.poetry]\npackage-mode = false\n\n[tool.poetry.dependencies]\n"
    text += 'acme-foo = {source = "packages"}\n'
    desk.write("poetry", desk.project / "pyproject.toml", text, *TWO)
    desk.environment |= {"POETRY_VIRTUALENVS_IN_PROJECT": "true"}
    done = desk.run(desk.tool("poetry").program, "install", "--no-interaction")
    assert done.status == 0, done.output
    assert installed(desk.project, "acme_foo") == OURS


def test_the_second_index_is_warned_of(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.write("pip", Path(desk.home / "pip.conf"), "", *TWO)
    assert "warning: two indexes: pip asks both for every name" in capsys.readouterr().err
