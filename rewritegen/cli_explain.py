"""``rewritegen explain``: why a request is answered as it is, and where requests went."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewritegen.decision import Request
    from rewritegen.explain.explanation import Explainer, Explanation
    from rewritegen.explain.live import Answer
    from rewritegen.servers.base import Scope
    from rewritegen.site import Site

__all__ = ["explain"]

_Form = Literal["text", "json", "mermaid", "svg"]


@click.command()
@click.argument("site_file", metavar="SITE", type=click.Path())
@click.argument("words", metavar="[NAME|URL|REQUEST]...", nargs=-1)
@click.option("--accept", metavar="TYPES", help="The Accept header (default: as pip sends it).")
@click.option(
    "-H", "--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="A request header."
)
@click.option("--stranger", is_flag=True, help="Without credentials, where the site has `auth`.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "mermaid", "svg"]),
    default="text",
    show_default=True,
    help="Text or JSON, or the chain of sources as a drawing.",
)
@click.option("--ask", is_flag=True, help="Ask the upstreams that the server would ask, from here.")
@click.option(
    "--live",
    metavar="URL",
    help="Send the request to the server at URL, and compare. Exit 1: differs.",
)
@click.option("--no-files", is_flag=True, help="Look at no directory: all are there, and empty.")
@click.option(
    "--scope",
    type=click.Choice(["vhost", "standalone", "locations"]),
    default="vhost",
    show_default=True,
    help="The scope of the generated text whose lines are named.",
)
@click.option(
    "--text",
    "texts",
    metavar="FILE",
    type=click.Path(),
    multiple=True,
    help="Name the lines of this configuration, as it is installed.",
)
@click.option(
    "--log",
    metavar="ACCESS_LOG",
    type=click.Path(),
    multiple=True,
    help="Say where the requests of an access log went; - is standard input, .gz is read.",
)
def explain(
    site_file: str,
    words: tuple[str, ...],
    accept: str | None,
    headers: tuple[str, ...],
    stranger: bool,
    form: _Form,
    ask: bool,
    live: str | None,
    no_files: bool,
    scope: Scope,
    texts: tuple[str, ...],
    log: tuple[str, ...],
) -> int:
    """Say why a request is answered as it is: each rule, its line in SITE, and the lines of nginx and Apache.

    Run it on the server: names are private by what lies in the directories. Nothing is sent to anybody without
    --ask or --live.

    \b
    Example:
      rewritegen explain site.yaml acme-greeting 'HEAD /files/team/x.whl'
    """
    from rewritegen.explain.asked import NotARequestError, headers_of, requests_of
    from rewritegen.explain.explanation import Explainer
    from rewritegen.servers.installed import read_installed
    from rewritegen.site import load_site

    site = load_site(site_file)
    if log:
        return _log(site, log, form, words)
    if live is not None and not live.startswith(("http://", "https://")):
        raise click.UsageError("--live takes the URL of the server, such as http://127.0.0.1:8080")
    explainer = Explainer(site, scope, look=not no_files, installed=read_installed(texts))
    if ask:
        from rewritegen.explain.asking import Asking

        explainer.asker = Asking(explainer.plan)
    try:
        sent = headers_of(headers, accept)
        requests = list(requests_of(words, explainer.plan, sent, admitted=not stranger))
    except NotARequestError as error:
        raise click.UsageError(str(error)) from error
    if form in {"mermaid", "svg"}:
        return _draw(explainer, requests, form)
    if not requests:
        return _whole(explainer, form)
    return _explain(explainer, requests, live, form)


def _explain(
    explainer: Explainer, requests: Sequence[Request], live: str | None, form: _Form
) -> int:
    from rewritegen.explain.live import answer_of
    from rewritegen.explain.text import as_text
    from rewritegen.terminal import colours, width

    explained: list[tuple[Explanation, Answer | None]] = []
    for one in _followed(explainer, requests):
        answer = None if live is None else answer_of(live, one.request)
        explained.append((one, answer))
        if form == "text":
            if len(explained) > 1:
                click.echo()
            colour = colours(sys.stdout)
            text = as_text(explainer, one, answer, width=width(sys.stdout), colour=colour)
            click.echo(text, nl=False, color=colour)
    if form == "json":
        import json

        from rewritegen.explain.as_json import as_data

        data = [as_data(explainer, one, answer) for one, answer in explained]
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    differ = [one for one, answer in explained if answer and not answer.fits(one.outcomes)]
    return 1 if differ else 0


def _followed(explainer: Explainer, requests: Sequence[Request]) -> Iterator[Explanation]:
    """Yield an explanation of each request, and of what clients ask for when they are sent to the canonical URL."""
    for request in requests:
        one = explainer.explain(request)
        yield one
        if one.next is not None:
            yield explainer.explain(one.next)


def _whole(explainer: Explainer, form: _Form) -> int:
    from rewritegen.explain.table import table_data, table_text
    from rewritegen.terminal import width

    if form == "json":
        import json

        click.echo(json.dumps(table_data(explainer), indent=2, ensure_ascii=False))
    else:
        click.echo(table_text(explainer, width(sys.stdout)), nl=False)
    return 0


def _draw(explainer: Explainer, requests: Sequence[Request], form: _Form) -> int:
    """Draw the chain of sources, with the way of a request in it."""
    from rewritegen.explain.chain import chain_of, way_of

    if len(requests) > 1:
        raise click.UsageError(f"--format {form} draws one request, or the whole site")
    chain = chain_of(explainer.plan)
    way = frozenset(way_of(explainer, requests[0])) if requests else frozenset()
    if form == "mermaid":
        from rewritegen.explain.mermaid import as_mermaid

        click.echo(as_mermaid(chain, way), nl=False)
    else:
        from rewritegen.explain.drawing import as_svg

        title = explainer.plan.public_url
        if requests:
            title = f"{requests[0].method} {requests[0].target}"
        click.echo(as_svg(chain, title, way), nl=False)
    return 0


def _log(site: Site, logs: Sequence[str], form: _Form, words: tuple[str, ...]) -> int:
    """Say where the requests of access logs went."""
    from rewritegen.plan import compile_plan
    from rewritegen.terminal import width
    from rewritegen.traffic.count import Counter
    from rewritegen.traffic.lines import read_lines

    if words or form == "mermaid":
        raise click.UsageError("--log takes no request, and has no mermaid: text, json or svg")
    counter = Counter(compile_plan(site))
    for place in logs:
        counter.read(read_lines(place))
    tally = counter.tally
    if form == "json":
        import json

        from rewritegen.traffic.as_json import as_data

        click.echo(json.dumps(as_data(tally), indent=2, ensure_ascii=False))
    elif form == "svg":
        from rewritegen.traffic.drawing import as_svg

        click.echo(as_svg(tally, site.server_name), nl=False)
    else:
        from rewritegen.traffic.text import as_text

        click.echo(as_text(tally, width(sys.stdout)), nl=False)
    if tally.not_understood:
        click.echo(f"{tally.not_understood} lines are none of this site's logs", err=True)
    return 0 if tally.requests or tally.upstreams else 1
