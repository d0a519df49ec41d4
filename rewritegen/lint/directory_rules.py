"""Rules that look at the directories of this machine: run them on the server, as its user or as root."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from rewritegen.layouts import LAYOUTS
from rewritegen.lint.context import Context
from rewritegen.lint.rule import Found, Rule, rule
from rewritegen.names import Claim, NormalizedName
from rewritegen.site import PrivateDirectory, PrivateProxy

__all__ = ["RULES"]

RULES: dict[str, Rule] = {}

_MARKER = ".rewritegen-root"


@rule(
    RULES,
    "RG020",
    "error",
    "directories",
    reason="a private directory that cannot be seen is answered with 503, for every name that no earlier rule decides",
    fix="mount it, and let the web server's user read it; on another machine than the server, add --no-files",
)
def root_missing(context: Context) -> Iterator[Found]:
    """A private directory is not there, or cannot be read."""
    for source in context.directories:
        try:
            with os.scandir(source.path):
                pass
        except OSError as error:
            yield Found(f"{source.path}: {error.strerror}", f"{source.key}.path", source.path)


@rule(
    RULES,
    "RG021",
    "warning",
    "directories",
    reason="without the marker it may be an empty mount point, so that the site answers 503",
    fix="run `rewritegen index`; without `state`, create an empty `.rewritegen-root` in it",
)
def marker_missing(context: Context) -> Iterator[Found]:
    """A private directory has no marker."""
    for source in context.directories:
        root = Path(source.path)
        if _is_readable(root) and not _exists(root / _MARKER):
            yield Found(f"{root / _MARKER} is not there", f"{source.key}.path", source.path)


@rule(
    RULES,
    "RG022",
    "warning",
    "directories",
    reason="an empty directory is more often the wrong path, or a disk that is not mounted, than what is meant",
    fix="look at the path, or copy the first package into it",
)
def root_empty(context: Context) -> Iterator[Found]:
    """A private directory is empty."""
    for source in context.directories:
        try:
            with os.scandir(source.path) as entries:
                empty = all(entry.name == _MARKER for entry in entries)
        except OSError:
            continue
        if empty:
            yield Found(f"there is nothing in {source.path}", f"{source.key}.path", source.path)


@rule(
    RULES,
    "RG023",
    "warning",
    "directories",
    reason="servers look for the canonical name. Another spelling is found through a link that `rewritegen index` "
    "makes; until then the name is public unless a claim covers it",
    fix="run `rewritegen index`; without `state`, rename the directory",
)
def other_spelling(context: Context) -> Iterator[Found]:
    """A project's directory has another spelling, and neither a link nor a page leads to it."""
    for source in context.directories:
        if LAYOUTS[source.layout].flat:
            continue
        state = Path(context.site.state or "/nonexistent")
        made = [state / kind / source.name for kind in ("aliases", "pages")]
        for project in context.projects[source.name]:
            name = project.name
            if name and project.raw != name and not any(_exists(one / name) for one in made):
                covered = (
                    ", though a claim covers it" if context.reserved.claims.covers(name) else ""
                )
                message = f"{project.raw} is not found as {name}{covered}"
                yield Found(message, source.key, str(project.path))


@rule(
    RULES,
    "RG024",
    "warning",
    "directories",
    reason="the first private source that has a project owns it: files of the other one are never offered",
    fix="move the files into the source that comes first, or remove one of the two",
)
def shadowed(context: Context) -> Iterator[Found]:
    """A project lies in two private sources, and the later one is never asked."""
    owners: dict[NormalizedName, str] = {}
    proxies: list[PrivateProxy] = []
    for source in context.index.private:
        if isinstance(source, PrivateProxy):
            proxies.append(source)
            continue
        for project in context.projects[source.name]:
            if project.name is None:
                continue
            owner = owners.setdefault(project.name, source.name)
            asked = next((p.name for p in proxies if _claims(p.claims, project.name)), owner)
            if asked != source.name:
                message = f"{project.name} is answered by {asked}"
                yield Found(message, source.key, str(project.path))


@rule(
    RULES,
    "RG025",
    "warning",
    "directories",
    reason="what the mirror has is never offered. Either somebody else has registered the name in public, or the "
    "private copy hides newer versions",
    fix="compare the two; if the public project is not yours, tell its index, and rename yours if you can",
)
def also_in_mirror(context: Context) -> Iterator[Found]:
    """A private name exists in a mirror."""
    for name, source, path in _private_names(context):
        for mirror in context.mirrors:
            if context.in_mirror(mirror, name):
                message = f"{name} is private, and in mirror/{mirror.name}"
                yield Found(message, source.key, path)


@rule(
    RULES,
    "RG026",
    "note",
    "directories",
    reason="the name is reserved, and clients get 404. Claims are for that; it is also what a misspelt one does",
    fix="nothing, if the package is still to come; else correct the claim",
)
def claim_of_nothing(context: Context) -> Iterator[Found]:
    """A name is claimed that no private source has."""
    present = {name for name, _, _ in _private_names(context)}
    for source in context.directories:
        if not _is_readable(Path(source.path)):
            continue
        for number, claim in enumerate(source.claims):
            if not claim.prefix and claim.name not in present:
                message = f"{claim.name} is claimed, and there is no such project"
                yield Found(message, f"{source.key}.claims[{number}]")


@rule(
    RULES,
    "RG027",
    "warning",
    "directories",
    reason="who may write there can put a package into the index, or take names out of it",
    fix="chmod o-w",
)
def writable(context: Context) -> Iterator[Found]:
    """Everybody on this machine may write into a private directory or the state."""
    places = [(source.path, f"{source.key}.path") for source in context.directories]
    if context.site.state is not None:
        places += [(context.site.state, "state"), (f"{context.site.state}/names", "state")]
    for path, key in places:
        mode = _mode(path)
        if mode & stat.S_IWOTH:
            yield Found(f"everybody may write into {path}", key, path)


@rule(
    RULES,
    "RG028",
    "warning",
    "directories",
    reason="a private key or a file of passwords that everybody may read is not secret",
    fix="chmod o= FILE; a file of passwords belongs to the group of the web server (chgrp www-data, chmod 640)",
)
def readable_secret(context: Context) -> Iterator[Found]:
    """Everybody on this machine may read a secret."""
    site = context.site
    secrets = []
    if site.tls is not None:
        secrets.append((site.tls.key, "tls.key"))
    if site.auth is not None and site.auth.basic:
        secrets.append((site.auth.basic, "auth.basic"))
    for path, key in secrets:
        if _mode(path) & stat.S_IROTH:
            yield Found(f"everybody may read {path}", key, path)


@rule(
    RULES,
    "RG029",
    "warning",
    "directories",
    reason="a mirror that is not there has no projects: the next fallback is asked for all of them",
    fix="mount it, or correct the path",
)
def mirror_missing(context: Context) -> Iterator[Found]:
    """The directory of a mirror is not there, or cannot be read."""
    for mirror in context.mirrors:
        pages = Path(mirror.mirror, LAYOUTS[mirror.layout].pages)
        if not _is_readable(pages):
            message = f"{pages} is no directory that can be read"
            yield Found(message, f"{mirror.key}.mirror", str(pages))


@rule(
    RULES,
    "RG030",
    "warning",
    "directories",
    reason="the exception does nothing: the directory makes the name private",
    fix="remove the directory, if the public package is meant; else remove the name from `public`",
)
def public_and_here(context: Context) -> Iterator[Found]:
    """A name is declared public, and a private directory has it."""
    for name, source, path in _private_names(context):
        if name in context.index.public:
            number = context.index.public.index(name)
            message = f"{name} is public, but {source.name} has it"
            yield Found(message, f"public[{number}]", path)


def _private_names(context: Context) -> Iterator[tuple[NormalizedName, PrivateDirectory, str]]:
    for source in context.directories:
        for project in context.projects[source.name]:
            if project.name is not None:
                yield project.name, source, str(project.path)


def _claims(claims: tuple[Claim, ...], name: NormalizedName) -> bool:
    return any(claim.covers(name) for claim in claims)


def _is_readable(path: Path) -> bool:
    return os.access(path, os.R_OK | os.X_OK) and path.is_dir()


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _mode(path: str) -> int:
    try:
        return Path(path).stat().st_mode
    except OSError:
        return 0
