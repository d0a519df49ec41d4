"""Finding and compiling the templates, in a checkout and in an installed wheel alike."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["environment", "templates_directory"]


def templates_directory() -> Path:
    """Return the directory of the templates: packed beside this module, else at the top of the repository."""
    package = Path(__file__).resolve().parent
    packed = package / "_templates"
    return packed if packed.is_dir() else package.parent / "templates"


@cache
def environment(*, html: bool = False) -> Environment:
    """Return the Jinja2 environment of server configurations, or with ``html`` that of pages (escaping on).

    An undefined value is an error, never an empty string in somebody's configuration.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(templates_directory(), encoding="utf-8"),
        undefined=StrictUndefined,
        autoescape=html,  # noqa: S701 -- off for configurations: servers/ quotes for each server's syntax
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
