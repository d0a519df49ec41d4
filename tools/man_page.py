"""Make the man page from the commands themselves: what `--help` says is what the page says.

    python3 -m tools.man_page docs/rewritegen.1

Source: man-pages(7) for the sections, groff_man(7) for the macros. No date stands in it: the same commands give the
same bytes on any day.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from rewritegen import __version__
from rewritegen.cli import commands

__all__ = ["man_page", "sections_of"]

EXIT_CODES = (
    ("0", "Fine, or unchanged."),
    (
        "1",
        "There are findings, a failed probe, nothing of what was asked for, or an apply that was undone.",
    ),
    ("2", "Wrong usage, or a wrong site file."),
    ("3", "Would change (generate --check, --diff; apply --dry-run)."),
)
ENVIRONMENT = (
    ("NO_COLOR", "When it is set, nothing is coloured. Pipes and files get no colour anyway."),
    ("COLUMNS", "The width of texts; they fit from 60 columns on. A terminal says its own."),
    ("XDG_CACHE_HOME", "Compiled templates are kept below it, in rewritegen/templates."),
)
SEE_ALSO = "nginx(8), apache2(8), httpd(8), pip(1), htpasswd(1), htcacheclean(8)"


def man_page(group: click.Group) -> str:
    """Return the page of a group of commands."""
    return "\n".join(_page(group)) + "\n"


def sections_of(command: click.Command) -> tuple[str, str]:
    """Return what a command's help says, in paragraphs, and its example."""
    text, _, example = inspect.cleandoc(command.help or "").partition("Example:")
    return text.replace("\b", "").strip(), " ".join(example.split())


def _page(group: click.Group) -> Iterator[str]:
    context = click.Context(group, info_name="rewritegen")
    summary, *others = sections_of(group)[0].split("\n\n")
    yield f'.TH REWRITEGEN 1 "" "rewritegen {__version__}" "User Commands"'
    yield ".SH NAME"
    yield f"rewritegen \\- {_text(summary[0].lower() + summary[1:].rstrip('.'))}"
    yield ".SH SYNOPSIS"
    for name in group.list_commands(context):
        command = group.commands[name]
        yield from _line(".B", f"rewritegen {name}", _usage(command, context, name))
    yield ".SH DESCRIPTION"
    yield from _paragraphs(others)
    yield ".SH COMMANDS"
    for name in group.list_commands(context):
        yield from _command(group.commands[name], context, name)
    yield ".SH EXIT STATUS"
    yield from _list(EXIT_CODES)
    yield ".SH ENVIRONMENT"
    yield from _list(ENVIRONMENT)
    yield ".SH SEE ALSO"
    yield _text(SEE_ALSO)


def _usage(command: click.Command, context: click.Context, name: str) -> str:
    return " ".join(command.collect_usage_pieces(click.Context(command, context, name)))


def _line(macro: str, bold: str, plain: str) -> Iterator[str]:
    yield f"{macro} {_text(bold)}"
    yield _text(plain)
    yield ".br"


def _command(command: click.Command, context: click.Context, name: str) -> Iterator[str]:
    text, example = sections_of(command)
    below = click.Context(command, context, name)
    yield f".SS {_text(name)}"
    yield from _paragraphs(text.split("\n\n"))
    # arguments stand in the synopsis, and in the text
    for option in command.params:
        record = option.get_help_record(below) if isinstance(option, click.Option) else None
        if record is not None:
            yield ".TP"
            yield f".B {_text(record[0])}"
            yield _text(record[1])
    if example:
        yield ".PP"
        yield "Example:"
        yield ".IP"
        yield ".EX"
        yield _text(example)
        yield ".EE"


def _paragraphs(paragraphs: Sequence[str]) -> Iterator[str]:
    for paragraph in paragraphs:
        yield ".PP"
        yield _text(" ".join(paragraph.split()))


def _list(entries: Sequence[tuple[str, str]]) -> Iterator[str]:
    for word, text in entries:
        yield ".TP"
        yield f".B {_text(word)}"
        yield _text(text)


def _text(text: str) -> str:
    """Escape what is syntax of roff: backslashes, dashes that shall be copied as such, and a dot that begins a line."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq")
    return re.sub(r"^([.])", r"\\&\1", text)


def main(arguments: Sequence[str]) -> int:
    """Write the page to the file that is named, or print it."""
    page = man_page(commands)
    if arguments:
        Path(arguments[0]).write_text(page, encoding="utf-8")
    else:
        sys.stdout.write(page)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
