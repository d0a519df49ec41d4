"""``rewritegen clients``: what pip, uv and the others are told of a site, printed or put where they read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rewritegen.clients.tools import TOOLS, tool_list

if TYPE_CHECKING:
    from rewritegen.clients.index import ClientIndex, Form
    from rewritegen.clients.tools import Tool
    from rewritegen.names import NormalizedName

__all__ = ["clients"]

#: What click puts in the place of a PATH that is not there.
_USUAL = "the usual place"


@click.command()
@click.argument("site_file", metavar="SITE")
@click.option(
    "--tool",
    "tool_name",
    type=click.Choice(["list", *TOOLS]),
    default="list",
    metavar="TOOL",
    help="Which client; `list` (default) says which there are.",
)
@click.option(
    "--url",
    help="The URL of the index, where clients reach it under another than the site's own.",
)
@click.option(
    "--form",
    type=click.Choice(["one", "two"]),
    default="one",
    show_default=True,
    help="One index, behind which the site decides; or this one beside PyPI, and the client decides.",
)
@click.option(
    "--package",
    "raw_names",
    multiple=True,
    metavar="NAME",
    help="With --form two: a name that is ours, for tools that take no prefix.",
)
@click.option(
    "--write",
    "place",
    is_flag=False,
    flag_value=_USUAL,
    metavar="[PATH]",
    help="Put it into the file that the tool reads (or PATH), and keep what is there.",
)
@click.option(
    "--check", is_flag=True, help="With --write: write nothing; exit 3 if it would change."
)
@click.option(
    "--diff",
    is_flag=True,
    help="With --write: write nothing; print what would change, exit 3 if anything would.",
)
def clients(
    site_file: str,
    tool_name: str,
    url: str | None,
    form: Form,
    raw_names: tuple[str, ...],
    place: str | None,
    check: bool,
    diff: bool,
) -> int:
    """Print the configuration of a client of a site, or put it where the client reads it.

    No password is ever in it: comments say how the tool is given one.

    \b
    Example:
      rewritegen clients site.yaml --tool pip --write
    """
    from rewritegen.clients.advice import LISTED, credentials, warnings
    from rewritegen.clients.index import client_index
    from rewritegen.clients.render import render
    from rewritegen.plan import compile_plan
    from rewritegen.site import load_site

    if (check or diff) and place is None:
        raise click.UsageError("--check and --diff compare with a file: give --write, too")
    if raw_names and form == "one":
        raise click.UsageError("--package goes with --form two: one index needs no list of names")
    plan = compile_plan(load_site(site_file))
    index = client_index(plan, url, form, _canonical(raw_names))
    if tool_name == "list":
        click.echo(tool_list(), nl=False)
        return 0
    tool = TOOLS[tool_name]
    if index.two and tool_name in LISTED and not index.packages:
        reason = "takes no prefix: name what is ours with --package NAME, or use --form one"
        raise click.UsageError(f"--form two: {tool_name} {reason}")
    for warning in warnings(tool, index):
        click.echo(f"warning: {warning}", err=True)
    text = render(tool, index)
    if place is None:
        click.echo(text, nl=False)
        return 0
    for line in credentials(tool, index):
        click.echo(f"note: {line}", err=True)
    return _put(tool, index, text, _path(tool, place), write=not (check or diff), diff=diff)


def _canonical(raw_names: tuple[str, ...]) -> tuple[NormalizedName, ...]:
    from rewritegen.names import InvalidNameError, parse_name

    try:
        return tuple(parse_name(raw) for raw in raw_names)
    except InvalidNameError as error:
        raise click.UsageError(str(error)) from error


def _path(tool: Tool, place: str) -> Path:
    if place != _USUAL:
        return Path(place)
    usual = tool.path()
    if usual is None and tool.syntax != "paste":
        raise click.UsageError(f"{tool.name} has no usual place: --write PATH")
    return usual or Path()


def _put(tool: Tool, index: ClientIndex, text: str, path: Path, *, write: bool, diff: bool) -> int:
    from rewritegen.clients.refused import MergeRefusedError
    from rewritegen.clients.writing import change

    try:
        changed = change(tool, index, text, path)
    except MergeRefusedError as refused:
        where = "not written" if tool.syntax == "paste" else f"{path} is left as it is"
        click.echo(f"{where}: {refused}. What would have been put there:", err=True)
        click.echo(text, nl=False)
        return 1
    if diff:
        click.echo(changed.diff(), nl=False)
    if not write:
        return 3 if changed.needed else 0
    if changed.needed:
        changed.write()
    click.echo(f"wrote {path}" if changed.needed else "unchanged", err=True)
    return 0
