"""From the options of ``rewritegen apply`` to the server, the state and the addresses that it works with."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rewritegen.answering import Address
    from rewritegen.apply import Means, Store
    from rewritegen.apply.model import Generation
    from rewritegen.diagnostics import Problem
    from rewritegen.plan import Plan
    from rewritegen.servers.live import Live
    from rewritegen.site import Site

__all__ = [
    "addresses",
    "directory",
    "hard_of_hearing",
    "live_server",
    "means",
    "name_of",
    "store_of",
    "words",
]


def words(given: dict[str, Any], word: str) -> tuple[str, ...]:
    """Return the words of a command that was given; none when it was not."""
    from rewritegen.apply.commands import split

    try:
        return split(given[word]) if given[word] is not None else ()
    except ValueError as error:
        option = word.replace("_", "-")
        raise click.UsageError(f"--{option} is no command: {str(error).lower()}") from error


def live_server(given: dict[str, Any]) -> Live | None:
    """Return the server of this machine; None when it is reached by the two commands only."""
    from rewritegen.diagnostics import Problem, RewritegenError
    from rewritegen.servers import server

    root = Path(given["server_root"]) if given["server_root"] else None
    config = Path(given["server_config"]) if given["server_config"] else None
    program = server(given["server_name"])
    if given["scope"] == "standalone" and given["output"]:
        root = root or Path(given["output"]).absolute()
        config = config or Path({"nginx": "nginx.conf"}.get(program.name, "httpd.conf"))
    commands = (given["test_command"], given["reload_command"])
    if all(commands) and "{config}" not in str(commands[0]):
        return None
    binary = given["binary"] or program.find()
    if binary is None:
        help = (
            "install it, name it with --binary PATH, or, where it runs in a container, say how to reach it: "
            "--test-command and --reload-command"
        )
        message = f"there is no {given['server_name']} on this machine"
        raise RewritegenError([Problem("RG840", message, None, help)])
    return program.live(binary, config, root)


def directory(given: dict[str, Any], live: Live | None) -> Path:
    """Return where to write."""
    if given["output"]:
        return Path(given["output"])
    places = live.directories if live else ()
    found = next((place for place in places if place.is_dir()), None)
    if found is None:
        looked = " and ".join(map(str, places)) or "another machine's directories"
        raise click.UsageError(f"say where to write: -o DIR (looked for: {looked})")
    return found


def store_of(server_name: str, given: dict[str, Any]) -> Store:
    """Return where history is kept."""
    from rewritegen.apply import Store

    return Store(Path(given["state"]), server_name, given["server_name"])


def name_of(site_file: str) -> str:
    """Return the name that a site is known by; a site file that is broken now may be why it is rolled back."""
    import yaml

    from rewritegen.diagnostics import SiteError
    from rewritegen.site import load_site

    try:
        return load_site(site_file).server_name
    except SiteError:
        try:
            data = yaml.safe_load(Path(site_file).read_bytes())
        except (OSError, yaml.YAMLError):
            data = None
        name = data.get("server_name") if isinstance(data, dict) else None
        if not isinstance(name, str) or "/" in name or name.startswith("."):
            raise
        return name


def addresses(plan: Plan, given: dict[str, Any]) -> tuple[Address, ...]:
    """Return where the site answers."""
    from rewritegen.answering import Address, addresses_of
    from rewritegen.check.reach import Reach, ReachError, reach

    if not given["urls"]:
        return addresses_of(plan)
    try:
        targets = [reach(Reach(url), plan.mount).target for url in given["urls"]]
    except ReachError as error:
        raise click.UsageError(str(error)) from error
    return tuple(
        Address(target.scheme, target.host, target.port, target.host, target.prefix)
        for target in targets
    )


def means(given: dict[str, Any], live: Live | None, site: Site | None) -> Means:
    """Return how the server is reached; without a site nothing is checked."""
    from rewritegen.apply import Means

    return Means(
        server=given["server_name"],
        live=live,
        test_words=words(given, "test_command"),
        reload_words=words(given, "reload_command"),
        timeout=given["timeout"],
        say=_try_to_say,
        check=None if site is None or given["no_check"] else _checking(site, given),
        before=given["before"] or "",
        after=given["after"] or "",
    )


def _try_to_say(text: str) -> None:
    """Say something, if anybody can hear it: that nobody can is no reason to undo what is good."""
    from rewritegen.cli_site import say

    with hard_of_hearing():
        say(text)


@contextmanager
def hard_of_hearing() -> Iterator[None]:
    """Go on where standard error cannot be written: a pipe that is closed, a file on a full disk."""
    try:
        yield
    except OSError:
        # what is in the buffer would fail again at exit, and change the exit code
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC), sys.stderr.fileno())


def _checking(site: Site, given: dict[str, Any]) -> Callable[[Generation], list[Problem]]:
    from rewritegen.apply.probing import checking
    from rewritegen.check.reach import Reach, ReachError, reach
    from rewritegen.check.wire import Limits

    scheme = "https" if site.tls else "http"
    asked = Reach(
        f"{scheme}://{site.server_name}/",
        given["header"],
        given["netrc_file"],
        ca=given["ca"],
        limits=Limits(),
    )
    try:
        wire = reach(asked, None)
    except ReachError as error:
        raise click.UsageError(str(error)) from error
    return checking(site, wire.credentials, given["ca"], max(60.0, given["timeout"]))
