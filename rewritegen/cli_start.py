"""``rewritegen init`` and ``rewritegen schema``: what a new site file is written with."""

from __future__ import annotations

import click

__all__ = ["init", "schema"]


@click.command()
def schema() -> int:
    """Print the JSON Schema of the site file, for editors.

    \b
    Example:
      rewritegen schema > site.schema.json
    """
    import json

    from rewritegen.schema import schema as site_schema

    click.echo(json.dumps(site_schema(), indent=2, ensure_ascii=False))
    return 0


@click.command()
@click.argument("server_name", default="packages.example.org")
def init(server_name: str) -> int:
    """Print a commented site file to start from.

    \b
    Example:
      rewritegen init packages.example.org > site.yaml
    """
    from rewritegen.starter import starter

    click.echo(starter(server_name), nl=False)
    return 0
