"""The report for people at a terminal: a table of what was looked at, then each finding with what to do about it.

Laid out by rich, from 60 columns up. Everything that came from a server is shown as text: no markup, no control
character (``visible``), so that no answer moves a cursor or colours itself green.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rewritegen.diagnostics import visible
from rewritegen.reports.model import SEVERITIES, Finding, Report, Severity, worst

__all__ = ["render"]

_STYLES: dict[Severity, str] = {
    "error": "bold red",
    "warning": "yellow",
    "note": "cyan",
    "ok": "green",
}

_NARROWEST = 60

#: More of an answer than this says nothing more; the other formats have all of it.
_LONGEST = 400


def render(report: Report, *, width: int = 100, colour: bool = False) -> str:
    """Return the text; without ``colour`` it holds no escape sequence at all."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=max(width, _NARROWEST),
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(_families(report))
    for finding in report.ordered:
        if finding.severity != "ok":
            console.print(_headline(finding))
            console.print(Padding(_details(finding), (0, 0, 1, 2)))
    console.print(_last_line(report))
    # a table fills its lines with blanks, which would be in every copy of it
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def _families(report: Report) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("what", ratio=1, overflow="fold")
    table.add_column("result", no_wrap=True)
    for severity in SEVERITIES:
        table.add_column(severity, justify="right", no_wrap=True)
    for family, findings in report.families().items():
        found = worst(findings)
        numbers = [sum(one.severity == severity for one in findings) for severity in SEVERITIES]
        table.add_row(
            _shown(family or report.command),
            Text(found, style=_STYLES[found]),
            *(Text(str(number) if number else "-") for number in numbers),
        )
    return table


def _headline(finding: Finding) -> Text:
    title = Text.assemble(
        (f"{finding.severity}[{finding.code}]", _STYLES[finding.severity]),
        f" {visible(finding.family)}: " if finding.family else " ",
    )
    return title.append(visible(finding.title), style="bold")


def _details(finding: Finding) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(ratio=1, overflow="fold")
    for word, value in _lines(finding):
        grid.add_row(word, _shown(value))
    return grid


def _lines(finding: Finding) -> Iterator[tuple[str, str]]:
    place = f"{finding.key} {finding.place or ''}".strip()
    lines = (
        ("asked", finding.subject),
        ("expected", finding.expected),
        ("came", finding.came),
        ("next step", finding.next_step),
        ("because of", place),
        ("block", finding.block),
    )
    return ((word, value) for word, value in lines if value)


def _shown(value: str) -> Text:
    text = visible(value)
    return Text(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")


def _last_line(report: Report) -> Text:
    style = _STYLES["error" if report.exit_code else "ok"]
    verdict = "findings" if report.exit_code else "no findings"
    line = Text(f"{report.command} {visible(report.subject)}: ")
    line.append(verdict, style=style)
    facts = "".join(f", {visible(word)} {visible(value)}" for word, value in report.facts)
    return line.append(f" ({report.summary()}{facts}, {report.seconds:.1f} s)")
