"""Rules that look at what private packages require: such names are asked for by every client that installs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from rewritegen.lint.context import Context
from rewritegen.lint.rule import Found, Rule, rule
from rewritegen.names import InvalidNameError, NormalizedName, parse_name
from rewritegen.pages.metadata import headers
from rewritegen.site import PrivateDirectory

__all__ = ["RULES"]

RULES: dict[str, Rule] = {}

#: Metadata larger than this is not read: `rewritegen index` advertises none of that size either.
_LARGEST = 4 * 1024 * 1024


@rule(
    RULES,
    "RG040",
    "warning",
    "directories",
    reason="every client that installs the private package asks for this name; a fallback is asked for it, and whoever "
    "registers it there is installed with your package. A name that nearly is one of yours is a slip of the pen",
    fix="correct the dependency, claim the name, or list it with `--known FILE` when you have seen that it is public",
)
def nearly_ours(context: Context) -> Iterator[Found]:
    """A private package requires a name that is nearly a private one, and is not."""
    ours = _ours(context)
    for name, users in _strangers(context).items():
        near = get_close_matches(name, sorted(ours), 1, 0.88)
        if near and name != near[0]:
            message = (
                f"{_first(users)} requires {name}, which is neither private nor known to be public"
            )
            yield Found(message, users[0][0].key, users[0][1], f"{near[0]} is private")


@rule(
    RULES,
    "RG041",
    "warning",
    "directories",
    reason="every client that installs the private package asks for this name, and a fallback for it: whoever "
    "registers it there is installed with your package",
    fix="look the name up, then add it to the list; correct the dependency, or claim the name",
)
def not_known(context: Context) -> Iterator[Found]:
    """A private package requires a name that is neither private nor in the list of known ones."""
    if not (context.known or _mirrors_are_all(context)):
        return
    for name, users in _strangers(context).items():
        message = (
            f"{_first(users)} requires {name}, which is neither private nor known to be public"
        )
        yield Found(message, users[0][0].key, users[0][1])


@rule(
    RULES,
    "RG042",
    "note",
    "directories",
    reason="these names leave the site whenever a private package is installed; it is good to have read them once",
    fix="read them; with `--known FILE`, a name a line, every other one is a warning from then on",
)
def names_that_go_out(context: Context) -> Iterator[Found]:
    """Private packages require names that fallbacks are asked for."""
    if context.known or _mirrors_are_all(context) or not context.index.fallbacks:
        return
    names = list(_strangers(context))
    if names:
        shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
        yield Found(f"fallbacks are asked for {shown}", "fallbacks")


Users = list[tuple[PrivateDirectory, str]]


def _first(users: Users) -> str:
    more = f" and {len(users) - 1} more files" if len(users) > 1 else ""
    return f"{Path(users[0][1]).name.removesuffix('.metadata')}{more}"


def _mirrors_are_all(context: Context) -> bool:
    """Tell whether every fallback is a mirror on this machine, so that what is in none of them cannot be had."""
    fallbacks = context.index.fallbacks
    return bool(fallbacks) and len(context.mirrors) == len(fallbacks)


def _ours(context: Context) -> set[NormalizedName]:
    ours = {p.name for found in context.projects.values() for p in found if p.name is not None}
    for source in context.index.private:
        ours |= {claim.name for claim in source.claims}
    if context.reserved.scanned is not None:
        with suppress(OSError):
            ours |= {NormalizedName(path.name) for path in Path(context.reserved.scanned).iterdir()}
    return ours


@lru_cache(maxsize=1)  # three rules ask for them
def _strangers(context: Context) -> dict[NormalizedName, Users]:
    """Return the required names that are neither ours nor known to be public, with the metadata that say so."""
    ours = _ours(context)
    found: dict[NormalizedName, Users] = {}
    for source in context.directories:
        for path in _metadata(context, source):
            for name in _required(path):
                known = name in ours or name in context.known or name in context.index.public
                known = known or context.reserved.claims.covers(name)
                if not known and not any(context.in_mirror(one, name) for one in context.mirrors):
                    found.setdefault(name, []).append((source, str(path)))
    return dict(sorted(found.items()))


def _metadata(context: Context, source: PrivateDirectory) -> Iterator[Path]:
    """Yield the metadata that `rewritegen index` took out of the files of a source."""
    if context.site.state is not None:
        root = Path(context.site.state, "metadata", source.name)
        yield from sorted(path for path in root.rglob("*.metadata") if path.is_file())


def _required(path: Path) -> tuple[NormalizedName, ...]:
    """Return the names that a METADATA file requires."""
    names: set[NormalizedName] = set()
    try:
        data = path.read_bytes() if path.stat().st_size <= _LARGEST else b""
    except OSError:
        return ()
    for field, value in headers(data):
        if field == "requires-dist":
            try:
                names.add(parse_name(Requirement(value.strip()).name))
            except (InvalidRequirement, InvalidNameError):
                continue
    return tuple(sorted(names))
