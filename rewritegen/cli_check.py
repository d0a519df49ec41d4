"""``rewritegen check``: does a live server keep the promise."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rewritegen.check.disclosure import Record
    from rewritegen.check.wire import Limits, Wire
    from rewritegen.reports import Form, Report

__all__ = ["check", "report_options", "write_report"]

_FORMATS = ["text", "json", "junit", "sarif", "html", "github", "prometheus"]


def report_options(command: Any) -> Any:
    """Add the options of every command that makes a report."""
    for option in (
        click.option(
            "-o", "--output", metavar="FILE|-", default="-", help="Write the report here, by one rename."
        ),
        click.option(
            "--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True,
            help="For people, programs, CI (junit, sarif, github), a browser, or node_exporter's textfiles.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def write_report(report: Report, form: Form, output: str) -> int:
    """Print the report, or put it into a file in one step; return the exit code, which no format changes."""
    from rewritegen.reports import render

    colour = output == "-" and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    width = shutil.get_terminal_size((100, 24)).columns
    text = render(report, form, width=width, colour=colour)
    if output == "-":
        click.echo(text, nl=False, color=colour)
        return report.exit_code
    # node_exporter may read it at any moment
    path = Path(output)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
    return report.exit_code


@click.command(short_help="Ask a live server whether it keeps the promise.")
@click.argument("site_file", metavar="[SITE]", required=False)
@click.option("--url", metavar="URL", help="The index as clients know it.")
@click.option(
    "--any", "any_url", metavar="URL", help="Look at an index that we did not configure; no SITE."
)
@click.option(
    "--private",
    multiple=True,
    metavar="NAME[:VERSION,...]",
    help="A private project that is there (any number).",
)
@click.option(
    "--absent",
    multiple=True,
    metavar="NAME",
    help="With --any: private, and nothing of it is there.",
)
@click.option("--public", multiple=True, metavar="NAME", help="With --any: a public project.")
@click.option(
    "--sample",
    multiple=True,
    metavar="[SOURCE:]NAME",
    help="A public project, and the fallback that has it.",
)
@click.option(
    "--all", "everything", is_flag=True, help="Look at every private project and every file."
)
@click.option("--canary", metavar="NAME", help="A private name to look for in what went out.")
@click.option(
    "--upstream-log", metavar="FILE", help="Where what went out is written: SERVER_NAME.fetch.json."
)
@click.option(
    "--listen", metavar="ADDRESS:PORT", help="Be an upstream that records what it is sent."
)
@click.option(
    "--config", "config", metavar="FILE", help="The installed text: is it the generated one?"
)
@click.option(
    "--binary", multiple=True, metavar="PATH", help="Written for this installed server, too."
)
@click.option("--remote", is_flag=True, help="Do not look at directories, though they are here.")
@click.option(
    "--netrc",
    "netrc_file",
    metavar="[FILE]",
    is_flag=False,
    flag_value="~/.netrc",
    help="Name and password for the host.",
)
@click.option(
    "--header",
    multiple=True,
    metavar="'NAME: VALUE'",
    help="Send it with every request (any number).",
)
@click.option(
    "--client-cert",
    metavar="FILE",
    help="PEM file of a client certificate, with its key or --client-key.",
)
@click.option("--client-key", metavar="FILE", help="Its key.")
@click.option(
    "--ca",
    metavar="FILE",
    help="PEM file of the authorities that the server's certificate may have.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0),
    default=100.0,
    show_default=True,
    help="Requests a second; 0: no limit.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1),
    default=15.0,
    show_default=True,
    help="Seconds that the server may be silent.",
)
@click.option(
    "--total",
    type=click.FloatRange(0),
    default=120.0,
    show_default=True,
    help="Seconds for the whole check; 0: no limit.",
)
@click.option(
    "--connections",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="Requests at a time.",
)
@report_options
def check(site_file: str | None, any_url: str | None, form: Form, output: str, **given: Any) -> int:
    """Ask a live server, read-only, whether it keeps what SITE promises, and say what to do where it does not.

    A private name is sent to URL and nowhere else. Made-up names below the claims, and one public one, are asked for.

    Exit codes: 0 no findings, 1 findings, 2 wrong usage or site file; --format changes none of them.

    \b
    Example:
      rewritegen check site.yaml --url https://packages.example.org/simple/
    """
    from rewritegen.check.reach import ReachError

    if (site_file is None) == (any_url is None):
        raise click.UsageError("give SITE and --url URL, or --any URL")
    try:
        report = _any(any_url, given) if any_url else _site(str(site_file), given)
    except ReachError as error:
        raise click.UsageError(str(error)) from error
    return write_report(report, form, output)


def _site(site_file: str, given: dict[str, Any]) -> Report:
    from rewritegen.check.run import Options, is_here, run_check
    from rewritegen.cli_check_names import NamesOf
    from rewritegen.plan import compile_plan
    from rewritegen.site import load_site

    if given["absent"] or given["public"]:
        raise click.UsageError("--absent and --public are for --any; here the YAML says it")
    if not given["url"]:
        raise click.UsageError("give the URL of the index: --url URL")
    site = load_site(site_file)
    plan = compile_plan(site)
    wire = _wire(given["url"], given, plan.mount)
    names = NamesOf(plan)
    private = tuple(names.private(text) for text in given["private"])
    samples = tuple(names.sample(text) for text in given["sample"])
    canary = names.canary(given["canary"]) if given["canary"] else None
    with _record(given) as record, _progress() as progress:
        options = Options(
            private=private,
            samples=samples,
            everything=given["everything"],
            here=not given["remote"] and is_here(plan),
            binaries=tuple(given["binary"]),
            config=Path(given["config"]) if given["config"] else None,
            canary=canary,
            record=record,
        )
        return run_check(site, wire, options, progress)


def _any(url: str, given: dict[str, Any]) -> Report:
    from rewritegen.check.foreign import Names, check_any
    from rewritegen.cli_check_names import name_of, private_of

    if given["url"] or given["sample"] or given["config"] or given["binary"] or given["canary"]:
        raise click.UsageError("--url, --sample, --config, --binary and --canary go with SITE")
    if not given["private"] and not given["absent"]:
        raise click.UsageError("--any needs private names: --private NAME or --absent NAME")
    names = Names(
        tuple(map(private_of, given["private"])),
        tuple(map(name_of, given["absent"])),
        tuple(map(name_of, given["public"])),
    )
    wire = _wire(url, given, None)
    with _record(given) as record, _progress() as progress:
        return check_any(wire, names, record, progress)


def _wire(url: str, given: dict[str, Any], mount: str | None) -> Wire:
    from rewritegen.check.reach import Reach, reach
    from rewritegen.check.wire import Limits

    limits: Limits = Limits(given["rate"], given["timeout"], given["total"], given["connections"])
    return reach(
        Reach(
            url,
            given["header"],
            given["netrc_file"],
            given["client_cert"],
            given["client_key"],
            given["ca"],
            limits,
        ),
        mount,
    )


@contextmanager
def _record(given: dict[str, Any]) -> Iterator[Record | None]:
    """Open the record of what goes out, before anything does."""
    from rewritegen.check.disclosure import Listener, LogFile

    if given["upstream_log"] and given["listen"]:
        raise click.UsageError("--upstream-log and --listen are two records: give one")
    if given["canary"] and not (given["upstream_log"] or given["listen"]):
        raise click.UsageError(
            "--canary needs a record: --upstream-log FILE or --listen ADDRESS:PORT"
        )
    if given["upstream_log"]:
        with closing(LogFile(Path(given["upstream_log"]))) as log:
            yield log
        return
    if not given["listen"]:
        yield None
        return
    address, _, port = given["listen"].rpartition(":")
    if not port.isdigit() or not address:
        raise click.UsageError("--listen is ADDRESS:PORT, such as 127.0.0.1:8099")
    listener = Listener(address.strip("[]"), int(port))
    try:
        yield listener
    finally:
        listener.close()


@contextmanager
def _progress() -> Iterator[Any]:
    """Show how far it is, on a terminal only: rich takes a tenth of a second to import."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _all: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("check")
        yield lambda what, done, total: bar.update(
            task, description=what, completed=done, total=total
        )
