"""``rewritegen lint``: what is legal but unwise."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rewritegen.reports import FORMATS

if TYPE_CHECKING:
    from rewritegen.reports import Form

__all__ = ["lint"]


#: What the codes belong to that are not ours, by how they begin.
_OTHERS = {
    **dict.fromkeys(("RG1", "RG2", "RG3", "RG4"), "a site file"),
    "RG5": "directories, by `index`",
    "RG6": "a site that nginx cannot have",
    "RG7": "a site that Apache cannot have",
    "RG8": "a run, by `serve`, `cache`, `generate` or `apply` (docs/howto-apply.md)",
    "RG9": "a live server, by `check`",
}


def _codes(context: click.Context, option: click.Parameter, begun: str) -> list[str]:
    """Complete the code of a rule."""
    from rewritegen.lint.run import RULES

    del context, option
    return [code for code in ("all", *RULES) if code.startswith(begun)]


@click.command()
@click.argument("site_file", metavar="SITE", type=click.Path(), required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="Format.",
)
@click.option(
    "--explain",
    metavar="CODE",
    shell_complete=_codes,
    help="Say what a rule is about; `all` lists the rules.",
)
@click.option("--no-files", is_flag=True, help="Look at no directory: this is not the server.")
@click.option(
    "--text",
    "texts",
    metavar="FILE",
    type=click.Path(),
    multiple=True,
    help="Look at this configuration, as it is installed, instead of what would be generated.",
)
@click.option(
    "--known",
    metavar="FILE",
    type=click.Path(),
    help="Names that are known to be public, one a line: others that are required are findings.",
)
def lint(
    site_file: str | None,
    form: Form,
    explain: str | None,
    no_files: bool,
    texts: tuple[str, ...],
    known: str | None,
) -> int:
    """Say what is legal in a site but unwise. Exit 1: there are findings.

    It looks at the site file, at the directories of this machine, and at the text of both servers. What is meant to be
    is ignored by an entry of `lint: {ignore: [...]}` in the site file, with a reason.

    \b
    Example:
      rewritegen lint site.yaml --text /etc/nginx/conf.d/packages.example.org.conf
    """
    if explain is not None:
        return _explain(explain)
    if site_file is None:
        raise click.UsageError("SITE is missing: lint SITE, or lint --explain CODE")
    from rewritegen.lint.context import Context, Text
    from rewritegen.lint.run import run_lint
    from rewritegen.reports import render
    from rewritegen.servers.installed import read_installed
    from rewritegen.site import load_site
    from rewritegen.terminal import colours, width

    context = Context(
        load_site(site_file),
        look=not no_files,
        installed=tuple(
            Text(server, name, text, installed=True)
            for server, files in read_installed(texts).items()
            for name, text in files.texts
        ),
        known=_known(known) if known is not None else frozenset(),
    )
    report = run_lint(context)
    colour = colours(sys.stdout)
    text = render(report, form, width=width(sys.stdout), colour=colour)
    click.echo(text, nl=False, color=colour)
    return report.exit_code


def _explain(code: str) -> int:
    from textwrap import fill

    from rewritegen.lint.run import RULES
    from rewritegen.terminal import width

    if code.lower() == "all":
        for rule in RULES.values():
            click.echo(f"{rule.code}  {rule.severity:<8}{rule.summary}")
        return 0
    found = RULES.get(code.upper())
    if found is None:
        raise click.UsageError(_no_rule(code))
    columns = width(sys.stdout)
    click.echo(f"{found.severity}[{found.code}]: {found.summary}\n")
    for word, text in (("why", found.reason), ("fix", found.fix)):
        paragraph = f"{word}: {text}."
        click.echo(fill(paragraph, columns, subsequent_indent="     ", break_on_hyphens=False))
    ignore = f"lint: {{ignore: [{{code: {found.code}, reason: ...}}]}}"
    click.echo(
        fill(
            f"off: {ignore} in the site file, with your reason.", columns, subsequent_indent="     "
        )
    )
    return 0


def _no_rule(code: str) -> str:
    whose = _OTHERS.get(code.upper()[:3]) if re.fullmatch("RG[0-9]{3}", code.upper()) else None
    if whose is None:
        return f"there is no rule {code}: `lint --explain all` lists them"
    return f"{code} is no rule of `lint`, but said of {whose}: what to do stands below its message"


def _known(name: str) -> frozenset[str]:
    from rewritegen.names import InvalidNameError, parse_name

    found = set()
    for number, line in enumerate(Path(name).read_text("utf-8").splitlines(), start=1):
        # also what `pip freeze` writes
        word = line.partition("#")[0].partition("==")[0].strip()
        try:
            found |= {parse_name(word)} if word else set()
        except InvalidNameError as error:
            raise click.UsageError(f"{name}:{number}: {error}") from error
    return frozenset(found)
