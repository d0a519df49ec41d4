"""Rules for directories that the web server lists itself: what it would list, and what clients make of that."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from rewritegen.grammar import ARCHIVE_SUFFIX, PATH_PART
from rewritegen.lint.context import Context, Project
from rewritegen.lint.rule import Found, Rule, rule
from rewritegen.site import PrivateDirectory

__all__ = ["RULES"]

RULES: dict[str, Rule] = {}


@rule(
    RULES,
    "RG033",
    "warning",
    "directories",
    reason="a page without an archive is worse than none: uv stops at it, and asks no other index. Where there is no "
    "file at all, the server answers 404 (nginx, if it has random_index)",
    fix="copy a file into it, or remove it; a name that is to stay private is claimed",
)
def nothing_to_list(context: Context) -> Iterator[Found]:
    """A project directory that the server lists has no archive in it."""
    for source, project in _listed(context):
        if not any(_is_archive(file) for file in _files(project)):
            yield Found(f"there is no archive in {project.path}", source.key, str(project.path))


@rule(
    RULES,
    "RG034",
    "warning",
    "directories",
    reason="the listing has a link to it, and what the link says is 404: names with other characters than letters, "
    "digits and `._+!~-`, or that begin with a dash or dot, are outside the grammar of requests",
    fix="give it the name that its build tool gave it",
)
def name_of_no_request(context: Context) -> Iterator[Found]:
    """A file that the server lists has a name that no request may have."""
    for source, project in _listed(context):
        for file in _files(project):
            if "%" in file or re.fullmatch(PATH_PART, file) is None:
                path = str(project.path / file)
                yield Found(f"{file} can be seen, and not be fetched", source.key, path)


def _listed(context: Context) -> Iterator[tuple[PrivateDirectory, Project]]:
    for source in context.directories:
        if source.listing == "automatic":
            for project in context.projects[source.name]:
                yield source, project


def _files(project: Project) -> list[str]:
    """Return the names that are listed; none of a directory that cannot be read is known."""
    try:
        with os.scandir(project.path) as entries:
            found = [e.name for e in entries if not e.name.startswith(".") and e.is_file()]
    except OSError:
        return []
    return sorted(found)


def _is_archive(file: str) -> bool:
    return re.search(f"{ARCHIVE_SUFFIX}$", file) is not None
