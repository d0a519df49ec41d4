"""``rewritegen completion``: what a shell reads so that TAB completes commands, options, words and files."""

from __future__ import annotations

from typing import Literal

import click

__all__ = ["completion"]


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: Literal["bash", "zsh", "fish"]) -> int:
    """Print what a shell reads to complete commands with TAB.

    Put the line of your shell into its start file: for bash the example, for zsh the same with zsh, for fish
    `rewritegen completion fish | source`.

    \b
    Example:
      source <(rewritegen completion bash)
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise AssertionError(f"click completes in {shell}")
    group = context.find_root().command
    click.echo(found(group, {}, "rewritegen", "_REWRITEGEN_COMPLETE").source())
    return 0
