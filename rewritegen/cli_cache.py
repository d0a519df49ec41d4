"""``rewritegen cache``: what is kept of upstreams, by project; removing it; and what it is worth without a network."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from rewritegen.copies.directory import Contents
    from rewritegen.plan import Plan

__all__ = ["cache"]


@click.command()
@click.argument("site_file", metavar="SITE", type=click.Path())
@click.argument(
    "action", metavar="[list|purge]", type=click.Choice(["list", "purge"]), default="list"
)
@click.argument("raw_name", metavar="[NAME]", required=False)
@click.option("--source", metavar="SOURCE", help="Only what is kept of this source.")
@click.option(
    "--offline",
    is_flag=True,
    help="What could be installed if no source could be asked, as with `offline: true`.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="A table, or everything that is known of every copy.",
)
@click.option("--dry-run", is_flag=True, help="With purge: say what would be removed.")
@click.option(
    "--dir",
    "directory",
    metavar="DIR",
    help="The cache of one server, such as that of a standalone tree, instead of the site's `cache:`.",
)
def cache(
    site_file: str,
    action: Literal["list", "purge"],
    raw_name: str | None,
    source: str | None,
    offline: bool,
    form: Literal["text", "json"],
    dry_run: bool,
    directory: str | None,
) -> int:
    """Show the copies that a site keeps of upstreams, by project, or remove those of a project.

    A name may be in any spelling. Reading needs the rights of the server's user; so does removing.

    \b
    Example:
      sudo rewritegen cache site.yaml purge requests
    """
    from rewritegen.copies.places import cache_directories
    from rewritegen.plan import compile_plan
    from rewritegen.site import load_site

    name = _canonical(raw_name)
    if action == "purge" and (name is None or offline or form == "json"):
        raise click.UsageError("purge takes the name of a project: cache SITE purge NAME")
    if action == "list" and dry_run:
        raise click.UsageError("--dry-run goes with purge")
    site = load_site(site_file)
    plan = compile_plan(site)
    contents = _read(plan, cache_directories(site, plan, directory), name, source)
    if action == "purge":
        return _purge(contents, dry_run=dry_run)
    if offline:
        _list_offline(plan, contents, form, detailed=name is not None)
    else:
        _list(plan, contents, form, detailed=name is not None)
    return 1 if name is not None and not contents.entries else 0


def _canonical(raw: str | None) -> str | None:
    from rewritegen.names import InvalidNameError, parse_name

    try:
        return None if raw is None else parse_name(raw)
    except InvalidNameError as error:
        raise click.UsageError(str(error)) from error


def _read(
    plan: Plan, directories: tuple[Path, ...], name: str | None, source: str | None
) -> Contents:
    """Read the cache, say what is no copy of this site, and keep what was asked for."""
    from rewritegen.copies.directory import read_caches

    sources = frozenset(step.source.name for step in plan.steps_with_upstream)
    if source is not None and source not in sources:
        known = ", ".join(sorted(sources)) or "none"
        raise click.UsageError(f"no source of this site is called {source}; with copies: {known}")
    stale = plan.copies.stale if plan.copies else 0
    contents = read_caches(directories, sources, stale)
    if contents.foreign:
        click.echo(f"{contents.foreign} copies of other sites are left out", err=True)
    if contents.unknown:
        click.echo(f"{contents.unknown} files in an unknown format are left alone", err=True)
    contents.entries = [
        (directory, entry)
        for directory, entry in contents.entries
        if name in (None, entry.key.project) and source in (None, entry.key.source)
    ]
    if not contents.entries:
        click.echo("nothing is kept" if name is None else f"nothing is kept of {name}", err=True)
    return contents


def _list(plan: Plan, contents: Contents, form: str, *, detailed: bool) -> None:
    from rewritegen.copies.current import uses
    from rewritegen.copies.report import as_json, as_table, held
    from rewritegen.copies.text import bytes_text

    rows, used = held(contents), uses(plan)
    if form == "json":
        click.echo(as_json(rows, contents, used), nl=False)
        return
    click.echo(as_table(rows, used, time.time(), detailed=detailed), nl=False)
    size = bytes_text(sum(row.size for row in rows))
    if rows:
        click.echo(f"{len(rows)} projects, {len(contents.entries)} copies, {size}", err=True)


def _list_offline(plan: Plan, contents: Contents, form: str, *, detailed: bool) -> None:
    from rewritegen.copies.offline import prospects
    from rewritegen.copies.offline_report import offline_as_json, offline_as_table

    found = prospects(plan, contents, time.time())
    if form == "json":
        click.echo(offline_as_json(found), nl=False)
        return
    click.echo(offline_as_table(found, detailed=detailed), nl=False)
    useful = sum(one.of_use for one in found)
    click.echo(f"{useful} of {len(found)} projects have a page and a file", err=True)


def _purge(contents: Contents, *, dry_run: bool) -> int:
    from rewritegen.copies.directory import remove
    from rewritegen.copies.text import bytes_text

    removed = [
        entry for directory, entry in contents.entries if dry_run or remove(directory, entry)
    ]
    for key in sorted(str(entry.key) for entry in removed):
        click.echo(key)
    size = bytes_text(sum(entry.size for entry in removed))
    if removed:
        word = "would be removed" if dry_run else "removed"
        click.echo(f"{len(removed)} copies, {size}, {word}", err=True)
    return 0 if removed else 1
