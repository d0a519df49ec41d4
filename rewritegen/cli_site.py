"""What the commands share that render a site: read it, render it, and say what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rewritegen.diagnostics import Problem
    from rewritegen.servers.base import Capabilities, Files, Scope
    from rewritegen.site import Site

__all__ = ["located", "read_site", "render_site", "say", "say_problems"]


def read_site(site_file: str, *, offline: bool) -> Site:
    """Load a site file; ``offline`` is that of the command line."""
    from dataclasses import replace

    from rewritegen.site import load_site

    site = load_site(site_file)
    return replace(site, offline=True) if offline else site


def render_site(site: Site, server_name: str, scope: Scope, binary: str | None) -> Files:
    """Render a site, or raise with everything that the server refuses."""
    from rewritegen.diagnostics import RewritegenError
    from rewritegen.plan import compile_plan
    from rewritegen.servers import server

    program = server(server_name)
    plan = compile_plan(site)
    can: Capabilities = program.capabilities(binary) if binary else program.baseline
    if problems := program.refusals(plan, scope, can):
        raise RewritegenError(located(site, problems))
    try:
        return program.render(plan, scope, can)
    except RewritegenError as error:
        raise RewritegenError(located(site, error.problems)) from error


def located(site: Site, problems: Sequence[Problem]) -> list[Problem]:
    """Give problems that know only their YAML key the place of that key in the file."""
    from dataclasses import replace

    return [
        replace(problem, place=problem.place or site.place(problem.key)) for problem in problems
    ]


def say(text: str) -> None:
    """Say something to people."""
    click.echo(text, err=True)


def say_problems(problems: Sequence[Problem]) -> None:
    """Say what is wrong, in colours where there are colours."""
    from rewritegen.diagnostics import render
    from rewritegen.terminal import colours

    # it is None where it was closed from the beginning (2>&-)
    colour = bool(sys.stderr) and colours(sys.stderr)
    click.echo(render(tuple(problems), colour=colour), err=True, nl=False, color=colour)
