"""Rules that read the ready pages of trees on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from rewritegen.lint.context import Context
from rewritegen.lint.rule import Found, Rule, rule
from rewritegen.pages.moving import offers_files
from rewritegen.representations import JSON, REPRESENTATIONS
from rewritegen.site import PrivateDirectory
from rewritegen.steps import ProjectDirectories
from rewritegen.trees import Tree, is_written, own_directories

__all__ = ["RULES"]

RULES: dict[str, Rule] = {}

#: Projects of a tree whose pages are read.
_MOST = 1000


@rule(
    RULES,
    "RG031",
    "warning",
    "directories",
    reason="a client that cannot read the one form finds nothing: buildout and easy_install read HTML only. The first "
    "1000 projects of a tree are looked at",
    fix="write both, `index.html` and `index.v1_json`, with the tool that makes the tree (bandersnatch: "
    "`simple-format = ALL`)",
)
def one_form(context: Context) -> Iterator[Found]:
    """A ready page is there as JSON, and not as HTML."""
    yield from _found(context, _is_json_only, "in JSON only")


@rule(
    RULES,
    "RG035",
    "warning",
    "directories",
    reason="uv takes a page without files for a project without versions, and asks nobody else; so do the fallbacks "
    "behind a mirror stay unasked. The first 1000 projects of a tree are looked at",
    fix="remove the directory of the project, if nothing is to come; where `rewritegen index` writes the pages of a "
    "mirror (layouts of files, or `base_url`), such a project is not here",
)
def empty_page(context: Context) -> Iterator[Found]:
    """A ready page has no link to a package."""
    yield from _found(context, _offers_nothing, "without a link to a package")


def _found(context: Context, is_bad: Callable[[Path], bool], words: str) -> Iterator[Found]:
    """Yield one finding for each tree: what is wrong with one page of a program is wrong with many."""
    sources: list[Tree] = [*context.directories, *context.mirrors]
    for source in sources:
        listed = isinstance(source, PrivateDirectory) and source.listing == "automatic"
        if listed or is_written(source):
            continue
        projects = islice(_ready(own_directories(context.site, source)[0]), _MOST)
        bad = sorted(filter(is_bad, projects))
        if bad:
            also = f" (as {len(bad) - 1} more have)" if len(bad) > 1 else ""
            yield Found(f"{bad[0].name} has a page {words}{also}", source.key, str(bad[0]))


def _is_json_only(directory: Path) -> bool:
    forms = [form for form in REPRESENTATIONS if (directory / f"index.{form.suffix}").is_file()]
    return forms == [JSON]


def _ready(tree: ProjectDirectories) -> Iterator[Path]:
    """Yield the project directories of a tree, one after the other: it may have half a million."""
    for path in _directories(Path(tree.root)):
        if not tree.hashed:
            yield path
        elif len(path.name) == 1:
            yield from _directories(path)


def _directories(root: Path) -> Iterator[Path]:
    with suppress(OSError), os.scandir(root) as entries:
        for entry in entries:
            if entry.is_dir() and not entry.name.startswith("."):
                yield Path(entry.path)


def _offers_nothing(directory: Path) -> bool:
    """Tell whether there is a page, and no form of it has a package."""
    found = False
    for form in REPRESENTATIONS:
        page = directory / f"index.{form.suffix}"
        with suppress(OSError, ValueError):
            if offers_files(page.name, page.read_bytes()):
                return False
            found = True
    return found
