"""The command line: parse arguments, call the library, print. Standard output is the artefact, standard error the talk.

Exit codes: 0 fine or unchanged, 1 findings, 2 wrong usage or wrong site file, 3 would change (``--check``).

Modules of the library are imported inside the commands: a command pays for what it uses.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from rewritegen import __version__
from rewritegen.cli_apply import apply
from rewritegen.cli_cache import cache
from rewritegen.cli_check import check
from rewritegen.cli_clients import clients
from rewritegen.cli_completion import completion
from rewritegen.cli_explain import explain
from rewritegen.cli_lint import lint
from rewritegen.cli_site import read_site, render_site, say, say_problems
from rewritegen.cli_start import init, schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewritegen.pages import IndexJob, IndexReport, Progress
    from rewritegen.servers.base import Scope

__all__ = ["main"]

_SERVERS = click.Choice(["nginx", "apache"])
_SITE = click.argument("site_file", metavar="SITE", type=click.Path())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; never raises but for a defect of rewritegen itself."""
    from rewritegen.diagnostics import RewritegenError

    # A site means the same on every machine: plugins of pydantic that happen to be installed have no part in it.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        code = commands.main(args=argv, prog_name="rewritegen", standalone_mode=False)
        sys.stdout.flush()
    except RewritegenError as error:
        say_problems(error.problems)
        return 2
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # the reader has gone; nothing that is still in the buffer may raise at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        click.echo(
            f"error: {error.strerror or error}: {error.filename or ''}".rstrip(": "), err=True
        )
        return 2
    return code if isinstance(code, int) else 0


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rewritegen")
def commands() -> None:
    """Private-first Python package indexes from nginx or Apache, with no process of their own.

    One YAML file says which directories are private, which mirrors and indexes are asked for everything else, and which
    names must never leave. SITE is that file, or - for standard input.
    """


@commands.command()
@_SITE
@click.option(
    "--server", "server_name", type=_SERVERS, required=True, help="Web server to write for."
)
@click.option(
    "--scope",
    type=click.Choice(["vhost", "standalone", "locations"]),
    default="vhost",
    show_default=True,
    help="A virtual host to include, a tree that runs as it is, or a part of a virtual host that is there.",
)
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="DIR|-",
    help="Directory to write to; - prints (default).",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 3 if DIR would change.")
@click.option(
    "--diff",
    is_flag=True,
    help="Write nothing; print what would change in DIR, exit 3 if anything would.",
)
@click.option(
    "--binary",
    metavar="PATH",
    help="Write for this installed server: ask it for its version and modules.",
)
@click.option("--force", is_flag=True, help="Write over a file that was changed by hand.")
@click.option(
    "--offline",
    is_flag=True,
    help="Ask no upstream: private sources, mirrors, and what the cache has.",
)
def generate(
    site_file: str,
    server_name: str,
    scope: Scope,
    output: str,
    check: bool,
    diff: bool,
    binary: str | None,
    force: bool,
    offline: bool,
) -> int:
    """Write the configuration of a site: files that change, each by one rename, with the mode and owner they had.

    \b
    Example:
      rewritegen generate site.yaml --server nginx -o /etc/nginx/conf.d
    """
    from rewritegen.notes import notes
    from rewritegen.output import as_text, changed, difference, write_changed

    if output == "-" and (check or diff):
        raise click.UsageError("--check and --diff compare with a directory: give it with -o DIR")
    site = read_site(site_file, offline=offline)
    for note in notes(site, server_name):
        say(f"note: {note}")
    files = render_site(site, server_name, scope, binary)
    if output == "-":
        click.echo(as_text(files), nl=False)
        return 0
    directory = Path(output)
    names = changed(files, directory)
    if diff:
        click.echo(difference(files, directory), nl=False)
    if check or diff:
        return 3 if names else 0
    for name, in_place in write_changed(files, directory, force=force).items():
        say(f"wrote {directory / name}{' in place: it is mounted by itself' * in_place}")
    if not names:
        say("unchanged")
    return 0


@commands.command()
@_SITE
@click.option(
    "--forget",
    metavar="NAME",
    help="Release a name that was scanned once: fallbacks may be asked for it.",
)
@click.option("--watch", is_flag=True, help="Stay, and index again whenever a directory changes.")
@click.option(
    "--jobs", type=click.IntRange(1), help="Files to read at a time (default: by the processors)."
)
def index(site_file: str, forget: str | None, watch: bool, jobs: int | None) -> int:
    """Write the pages and scanned private names.

    \b
    Example:
      rewritegen index site.yaml
    """
    from rewritegen.indexing import index_job
    from rewritegen.pages import run_index
    from rewritegen.pages.progress import terminal_progress
    from rewritegen.site import load_site

    job = index_job(load_site(site_file))
    if forget is not None:
        return _forget(job.state, forget)
    # rich takes a tenth of a second to import: only a terminal pays for it
    progress = terminal_progress() if sys.stderr.isatty() else None
    if watch:
        return _watch(job, progress)
    report = run_index(job, jobs=jobs, progress=progress)
    _report(report)
    return report.exit_code


def _watch(job: IndexJob, progress: Progress | None) -> int:
    """Index on every change until Ctrl-C or SIGTERM, which is the usual end."""
    import signal
    from threading import Event

    from rewritegen.pages import watch

    stop = Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    try:
        watch(job, _report, stop, progress=progress)
    except ImportError as error:
        raise click.UsageError(
            "--watch needs watchfiles: pip install 'rewritegen[watch]'"
        ) from error
    except KeyboardInterrupt:
        pass
    return 0


def _report(report: IndexReport) -> None:
    from rewritegen.indexing import summary

    say_problems(report.problems)
    say(summary(report))


def _forget(state: Path, raw: str) -> int:
    from rewritegen.names import InvalidNameError, parse_name
    from rewritegen.pages import forget

    try:
        name = parse_name(raw)
    except InvalidNameError as error:
        raise click.UsageError(str(error)) from error
    if forget(state, name):
        say(f"forgot {name}: unless it is claimed or comes back, fallbacks are asked for it now")
        return 0
    say(f"{name} was not among the scanned names")
    return 1


@commands.command()
@_SITE
@click.option(
    "--server", "server_name", type=_SERVERS, help="Default: nginx if it is installed, else Apache."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Listen on 127.0.0.1:PORT only; 0 takes a free one.",
)
@click.option(
    "--state",
    metavar="DIR",
    help="Write pages and scanned names here instead of the site's `state:`.",
)
@click.option("--reindex", is_flag=True, help="Index again whenever a private directory changes.")
@click.option(
    "--offline",
    is_flag=True,
    help="Ask no upstream: private sources, mirrors, and what the cache has.",
)
def serve(
    site_file: str,
    server_name: Literal["nginx", "apache"] | None,
    port: int | None,
    state: str | None,
    reindex: bool,
    offline: bool,
) -> int:
    """Run the site on this machine, in the foreground, until Ctrl-C.

    \b
    Example:
      rewritegen serve site.yaml --port 8080
    """
    from rewritegen.serve import serve_site

    site = read_site(site_file, offline=offline)
    return serve_site(site, server_name, port=port, state=state, reindex=reindex, say=say)


commands.add_command(apply)
commands.add_command(cache)
commands.add_command(check)
commands.add_command(completion)
commands.add_command(explain)
commands.add_command(init)
commands.add_command(lint)
commands.add_command(schema)
commands.add_command(clients)
