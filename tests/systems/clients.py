"""Real clients that install packages from one index, each in its own way, with no configuration but that."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.support.installers import prepare
from tests.support.project_tools import Run, project_tool, run
from tests.systems.packages import VERSION, Package

__all__ = ["CLIENTS", "Client", "lacking"]

#: Index URL, packages, an empty directory, a directory that outlives the session.
Client = Callable[[str, Sequence[Package], Path, Path], Run]


def _names(packages: Sequence[Package]) -> list[str]:
    return [package.name for package in packages]


def pip(url: str, packages: Sequence[Package], place: Path, cache: Path) -> Run:
    """The newest pip: canonical names, JSON."""
    argv = [*prepare("pip-newest", cache).argv, "install", "--no-deps", "--index-url", url]
    argv += ["--target", "target", "--no-cache-dir", "--no-compile", "--retries=0"]
    return run([*argv, *_names(packages)], place, place)


def uv(url: str, packages: Sequence[Package], place: Path, cache: Path) -> Run:
    """uv: canonical names, JSON, and an end to everything at the first page that it cannot use."""
    argv = [*prepare("uv", cache).argv, "install", "--no-deps", "--default-index", url]
    argv += ["--target", "target", "--no-cache", "--python", sys.executable]
    return run([*argv, *_names(packages)], place, place)


def poetry(url: str, packages: Sequence[Package], place: Path, cache: Path) -> Run:
    """Poetry: canonical names, JSON or HTML."""
    (place / "pyproject.toml").write_text(
        f'[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.10"\n'
        f"dependencies = {_names(packages)}\n[tool.poetry]\npackage-mode = false\n"
        f'[[tool.poetry.source]]\nname = "ours"\nurl = "{url}"\npriority = "primary"\n'
    )
    environment = {"POETRY_VIRTUALENVS_IN_PROJECT": "true"}
    argv = [project_tool("poetry", cache).program, "install", "--no-interaction"]
    return run(argv, place, place, environment)


def buildout(url: str, packages: Sequence[Package], place: Path, cache: Path) -> Run:
    """zc.buildout: HTML, the root list after a 404; sdists through pip."""
    wanted = "".join(f"    {name}\n" for name in _names(packages))
    text = f"[buildout]\nindex = {url}\nparts =\nextensions =\n{wanted}"
    (place / "buildout.cfg").write_text(text)
    argv = [project_tool("buildout", cache).program, "-N"]
    return run(argv, place, place, {"PIP_INDEX_URL": url})


def easy_install(url: str, packages: Sequence[Package], place: Path, cache: Path) -> Run:
    """easy_install: names as they are registered, HTML."""
    (place / "eggs").mkdir()
    code = (
        "from setuptools import setup; import sys; "
        "setup(script_args=['easy_install', '-Z', '--install-dir', 'eggs', *sys.argv[1:]])"
    )
    argv = [project_tool("easy_install", cache).python, "-c", code, "--index-url", url]
    return run([*argv, *_names(packages)], place, place, {"PYTHONPATH": str(place / "eggs")})


CLIENTS: dict[str, Client] = {
    client.__name__: client for client in (pip, uv, poetry, buildout, easy_install)
}


def lacking(packages: Sequence[Package], place: Path) -> list[str]:
    """Return the packages that are not installed somewhere below a directory."""
    wanted = f"VERSION = {VERSION!r}\n"
    return [
        package.name
        for package in packages
        if not any(path.read_text() == wanted for path in place.rglob(f"{package.module}.py"))
    ]
