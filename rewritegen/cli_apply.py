"""``rewritegen apply``: the site becomes the one that the server answers with, or nothing changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rewritegen.cli_apply_means import (
    addresses,
    directory,
    hard_of_hearing,
    live_server,
    means,
    name_of,
    store_of,
    words,
)

if TYPE_CHECKING:
    from rewritegen.apply import Order

__all__ = ["apply"]

_STATE = "/var/lib/rewritegen-apply"


def _option(name: str, help: str, **settings: Any) -> Any:
    return click.option(*name.split(), help=help, **settings)


_SECONDS = click.FloatRange(0.1)
_OPTIONS = (
    _option(
        "--server server_name", "Web server to write for.",
        type=click.Choice(["nginx", "apache"]), required=True,
    ),
    _option(
        "--scope", "As `generate` has it; standalone: the tree in DIR, which is running.",
        type=click.Choice(["vhost", "standalone", "locations"]), default="vhost", show_default=True,
    ),
    _option(
        "-o --output", "Directory to write to; default: where the server includes virtual hosts from.",
        metavar="DIR",
    ),
    _option("--dry-run", "Change nothing: test, print the diff, exit 3 if anything would change.", is_flag=True),
    _option("--diff", "Print what changes; with --history, what each generation changed.", is_flag=True),
    _option("--rollback", "Bring back the generation before the last one.", is_flag=True),
    _option("--to number", "With --rollback: bring back generation N.", type=click.IntRange(1), metavar="N"),
    _option("--history list_history", "List the generations that are kept.", is_flag=True),
    _option("--keep", "Generations to keep.", type=click.IntRange(1), default=10, show_default=True, metavar="N"),
    _option("--force", "Write over a file that was changed by hand.", is_flag=True),
    _option(
        "--timeout", "What each step may take.", type=_SECONDS, default=30.0, show_default=True, metavar="SECONDS"
    ),
    _option(
        "--wait", "Wait for another apply (default: fail at once).",
        type=click.FloatRange(0), default=0.0, metavar="SECONDS",
    ),
    _option("--no-check", "Leave out `check` after the reload.", is_flag=True),
    _option("--header", "For `check`: send it with every request.", multiple=True, metavar="'NAME: VALUE'"),
    _option(
        "--netrc netrc_file", "For `check`: name and password of the server_name.",
        metavar="[FILE]", is_flag=False, flag_value="~/.netrc",
    ),
    _option("--ca", "For `check`: authorities that the server's certificate may have (PEM).", metavar="FILE"),
    _option(
        "--url urls", "The index as it is reached from here, where not at its `listen` (any number).",
        multiple=True, metavar="URL",
    ),
    _option("--before", "Run it before anything is changed; if it fails, nothing is.", metavar="COMMAND"),
    _option("--after", "Run it after a change, or after one was undone.", metavar="COMMAND"),
    _option(
        "--test-command", "Tests the configuration, {config} being the main file; without it, what is installed.",
        metavar="COMMAND",
    ),
    _option("--reload-command", "Reloads the server, such as `systemctl reload nginx`.", metavar="COMMAND"),
    _option("--binary", "Write for this installed server, and test with it.", metavar="PATH"),
    _option("--server-config", "The server's main configuration, where not the usual one.", metavar="FILE"),
    _option("--server-root", "Directory that it was started with (nginx -p, httpd -d).", metavar="DIR"),
    _option(
        "--state", "Where history, and what is under way, is kept.",
        metavar="DIR", default=_STATE, show_default=True,
    ),
    _option(
        "--offline", "Ask no upstream: private sources, mirrors, and what the cache has.", is_flag=True
    ),
)  # fmt: skip


def _options(command: Any) -> Any:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command(short_help="Install the configuration, reload, look, or put everything back.")
@click.argument("site_file", metavar="SITE", type=click.Path())
@_options
def apply(site_file: str, **given: Any) -> int:
    """Make SITE the configuration that the server answers with, or leave everything as it was.

    The files are tested in place of the old ones by the server itself, put in place by renames, loaded by its control
    command, and kept when the new fingerprint answers and `check` finds no error. Else the old files are put back
    and loaded. A run that was killed is undone by the next one.

    Exit codes: 0 applied or unchanged, 1 it did not work and the old files are there (but for RG850, a failed --after,
    and RG852), 2 wrong usage or site file, or refused at once, 3 would change (--dry-run).

    \b
    Example:
      sudo rewritegen apply site.yaml --server nginx
    """
    from rewritegen.apply import ApplyFailedError
    from rewritegen.apply.asked import ended_politely
    from rewritegen.cli_site import say_problems

    _refuse_combinations(given)
    try:
        with ended_politely():
            return _dispatch(site_file, given)
    except ApplyFailedError as error:
        with hard_of_hearing():
            say_problems(error.problems)
        return 1


def _dispatch(site_file: str, given: dict[str, Any]) -> int:
    from rewritegen.apply import Order, history, roll_back

    show = (lambda text: click.echo(text, nl=False)) if given["diff"] or given["dry_run"] else None
    order = Order(given["wait"], given["keep"], given["force"], given["dry_run"], show)
    if given["list_history"]:
        for text in history(store_of(name_of(site_file), given), diffs=given["diff"]):
            click.echo(text)
        return 0
    if given["rollback"]:
        store = store_of(name_of(site_file), given)
        return roll_back(store, means(given, live_server(given), None), given["number"], order)
    return _apply(site_file, given, order)


def _apply(site_file: str, given: dict[str, Any], order: Order) -> int:
    from rewritegen.apply import apply_site
    from rewritegen.cli_site import read_site, render_site
    from rewritegen.plan import compile_plan

    site = read_site(site_file, offline=given["offline"])
    plan = compile_plan(site)
    live = live_server(given)
    files = render_site(site, given["server_name"], given["scope"], given["binary"])
    return apply_site(
        store_of(plan.server_name, given),
        means(given, live, site),
        files,
        directory(given, live),
        addresses(plan, given),
        order,
    )


def _refuse_combinations(given: dict[str, Any]) -> None:
    if given["number"] and not given["rollback"]:
        raise click.UsageError("--to goes with --rollback")
    if given["rollback"] and given["list_history"]:
        raise click.UsageError("--rollback and --history are two things: give one")
    if given["scope"] == "standalone" and not given["output"]:
        raise click.UsageError("--scope standalone needs the tree that is running: -o DIR")
    if given["scope"] == "locations" and not given["urls"] and not given["rollback"]:
        raise click.UsageError(
            "--scope locations is a part of a host that only you know: say where it answers, --url URL"
        )
    for word in ("before", "after", "test_command", "reload_command"):
        words(given, word)
