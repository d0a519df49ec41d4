"""The tools: what each one's file is called, in which syntax it is, and which other file would hide it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

__all__ = ["TOOLS", "Syntax", "Tool", "tool_list"]

#: How a file is merged; ``paste`` is a part of a text that only its author can place.
Syntax: TypeAlias = Literal["pip", "buildout", "distutils", "toml", "variables", "paste"]


@dataclass(frozen=True, slots=True)
class Tool:
    """One way to tell one tool; its template is ``clients/NAME.j2``."""

    name: str
    about: str
    syntax: Syntax
    place: str = ""
    """Where the tool reads it: ``~`` and ``CONFIG`` (the user's directory of settings) stand at its beginning."""
    begins: bool = True
    """Whether a file with nothing but this makes sense; a project's main file is never begun here."""
    hidden_by: str = ""
    """A file beside it that the tool reads instead."""
    reads: str = "pip"
    """Whose way it is to give credentials: pip's, that is netrc and keyring, for all that run pip."""

    def path(self) -> Path | None:
        """Return the place on this machine, or None where there is no single one."""
        if not self.place:
            return None
        config = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
        return Path(self.place.replace("CONFIG", config, 1)).expanduser()


TOOLS = {
    tool.name: tool
    for tool in (
        Tool("pip", "pip.conf of pip", "pip", "CONFIG/pip/pip.conf"),
        Tool("env", "variables of a shell, for pip and uv", "variables", reads="both"),
        Tool("dotenv", ".env, for what reads one", "variables", ".env", reads="both"),
        Tool("uv", "uv.toml of uv", "toml", "CONFIG/uv/uv.toml", reads="uv"),
        Tool(
            "uv-project",
            "pyproject.toml of a project of uv",
            "toml",
            "pyproject.toml",
            begins=False,
            hidden_by="uv.toml",
            reads="uv",
        ),
        Tool(
            "poetry",
            "pyproject.toml of a project of poetry",
            "toml",
            "pyproject.toml",
            begins=False,
            reads="poetry",
        ),
        Tool(
            "pdm",
            "pyproject.toml of a project of pdm",
            "toml",
            "pyproject.toml",
            begins=False,
            reads="pdm",
        ),
        Tool(
            "hatch",
            "pyproject.toml of a project of hatch",
            "toml",
            "pyproject.toml",
            begins=False,
            hidden_by="hatch.toml",
            reads="both",
        ),
        Tool(
            "pixi",
            "pixi.toml of a workspace of pixi",
            "toml",
            "pixi.toml",
            begins=False,
            reads="pixi",
        ),
        Tool(
            "pixi-project",
            "pyproject.toml of a workspace of pixi",
            "toml",
            "pyproject.toml",
            begins=False,
            hidden_by="pixi.toml",
            reads="pixi",
        ),
        Tool("pipenv", "Pipfile of pipenv", "toml", "Pipfile"),
        Tool("buildout", "buildout.cfg of zc.buildout", "buildout", "buildout.cfg", reads="pypirc"),
        Tool(
            "easy_install",
            ".pydistutils.cfg (or setup.cfg) of easy_install",
            "distutils",
            "~/.pydistutils.cfg",
            reads="pypirc",
        ),
        Tool("docker", "lines for a Dockerfile", "paste", reads="both"),
        Tool("github", "a part of a workflow of GitHub Actions", "paste", reads="both"),
        Tool("gitlab", "a part of .gitlab-ci.yml", "paste", reads="both"),
    )
}


def tool_list() -> str:
    """Return the tools as a table: word, what it is, where ``--write`` puts it."""
    wide = max(map(len, TOOLS))
    broad = max(len(tool.about) for tool in TOOLS.values())
    lines = []
    for tool in TOOLS.values():
        place = tool.place.replace("CONFIG", "~/.config") or "--write PATH"
        where = "printed only" if tool.syntax == "paste" else place
        lines.append(f"{tool.name:{wide}}  {tool.about:{broad}}  {where}\n")
    return "".join(lines)
