"""Apache httpd: the second interpreter of the plan.

What httpd cannot do of a plan is refused (:meth:`Apache.refusals`); why, is in RATIONALE.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rewritegen.diagnostics import Problem
from rewritegen.plan import Plan
from rewritegen.servers.apache.capabilities import BASELINE, OLDEST, ask
from rewritegen.servers.apache.gate import gate_refusals
from rewritegen.servers.apache.turns import MOST_PROXIES
from rewritegen.servers.base import Capabilities, Files, Scope, seal
from rewritegen.steps import TryProxy

if TYPE_CHECKING:
    from rewritegen.servers.apache.view import Module, View
    from rewritegen.servers.live import Live

__all__ = ["Apache"]

_TEMPLATES: dict[Scope, str] = {
    "standalone": "apache/httpd.conf.j2",
    "vhost": "apache/vhost.conf.j2",
    "locations": "apache/locations.conf.j2",
}


class Apache:
    """The server that is called ``httpd`` by its makers and ``apache2`` by Debian; see :class:`.base.Server`."""

    name = "apache"
    baseline = BASELINE

    def find(self) -> str | None:
        """Return the path of the installed program, or None."""
        import shutil  # `generate` looks for no program and pays for no import

        for program in ("apache2", "httpd"):
            for place in (None, "/usr/sbin:/usr/local/sbin:/usr/local/apache2/bin"):
                if path := shutil.which(program, path=place):
                    return path
        return None

    def capabilities(self, binary: str) -> Capabilities:
        """Ask a program for its version and modules.

        :raises RewritegenError: RG702 when it cannot be run or understood.
        """
        return ask(binary)

    def refusals(self, plan: Plan, scope: Scope, capabilities: Capabilities) -> tuple[Problem, ...]:
        """Return what of this plan httpd cannot do, each with what to do instead."""
        from rewritegen.servers.apache.view import modules

        return (
            *_version(capabilities),
            *_missing(modules(plan, scope), capabilities),
            *_fallbacks(plan),
            *_whole_host(plan, scope),
            *gate_refusals(plan, scope),
        )

    def render(
        self,
        plan: Plan,
        scope: Scope,
        capabilities: Capabilities,  # noqa: ARG002 - one text for all versions, see below
    ) -> Files:
        """Write the configuration; the text chooses by the version of the httpd that reads it.

        :raises RewritegenError: RG701 when a value cannot be quoted safely.
        """
        from rewritegen.servers.apache.view import fetcher_file, file_name, view
        from rewritegen.templating import environment

        seen = view(plan, scope)
        standalone = scope == "standalone"
        templates = environment()
        answers = templates.get_template("apache/answers.j2").render(view=seen).strip()
        gate = ["gate"] if seen.gate else []
        listed = ["listings"] if seen.listings else []
        parts = ["directories", *listed, "rules", "texts", *gate, *_asking_parts(seen)]
        site = "\n\n".join(
            templates.get_template(f"apache/{part}.j2").render(view=seen).strip() for part in parts
        )
        fetching = _fetching(seen)
        text = templates.get_template(_TEMPLATES[scope]).render(
            view=seen, answers=answers, site=site, fetching=fetching
        )
        texts = [(file_name(plan, scope), text)]
        if scope == "locations" and fetching:
            # a virtual host cannot stand within another
            apart = templates.get_template("apache/fetcher.conf.j2")
            texts.append((fetcher_file(plan), apart.render(view=seen, fetching=fetching)))
        directories = ("logs", "run", *(["cache"] if plan.copies else []))
        return seal(Files(tuple(texts), directories if standalone else ()))

    def command(self, binary: str, tree: Path) -> list[str]:
        """Return the command that runs a standalone tree in the foreground."""
        return [*_start(binary, tree), "-DFOREGROUND"]

    def test_command(self, binary: str, tree: Path) -> list[str]:
        """Return the command that tests a standalone tree and exits 0 when it is fine."""
        return [*_start(binary, tree), "-t"]

    def live(self, binary: str, config: Path | None, root: Path | None) -> Live:
        """Return this server as it is set up on this machine."""
        from rewritegen.servers.apache.live import LiveApache

        return LiveApache(binary, config, root)


def _asking_parts(seen: View) -> Iterator[str]:
    """Yield the templates of HTTP sources."""
    if seen.asking is not None:
        yield "ways"
        yield "cache" if seen.asking.kept else "never"
        if seen.asking.fetcher is not None:
            yield "answered"
        if seen.gate:
            yield "gate_asking"


def _fetching(seen: View) -> str:
    """Return the virtual host that asks upstreams; empty where nobody is asked."""
    from rewritegen.templating import environment

    if seen.asking is None or seen.asking.fetcher is None:
        return ""
    templates = environment()
    body = templates.get_template("apache/fetcher.j2").render(view=seen).strip()
    return templates.get_template("apache/fetching_host.j2").render(view=seen, fetcher=body).strip()


def _start(binary: str, tree: Path) -> list[str]:
    """Return the command line; CacheRoot, unlike all other paths, is not relative to the tree."""
    return [binary, "-C", f'Define RG_CACHE "{tree}/cache"', "-d", str(tree), "-f", "httpd.conf"]


def _version(capabilities: Capabilities) -> Iterator[Problem]:
    version = ".".join(map(str, capabilities.version))
    oldest = ".".join(map(str, OLDEST))
    if capabilities.version < OLDEST:
        yield Problem("RG703", f"Apache httpd {version} is too old", None, f"use {oldest} or newer")
    if capabilities.version == (2, 4, 64):
        message = "in Apache httpd 2.4.64 every RewriteCond with `expr` is true (CVE-2025-54090)"
        yield Problem("RG703", message, None, "use 2.4.65 or newer")


def _missing(needed: tuple[Module, ...], capabilities: Capabilities) -> Iterator[Problem]:
    for module in needed:
        if module.name not in capabilities:
            message = f"this Apache httpd has no mod_{module.name}"
            yield Problem("RG704", message, None, module.how.removeprefix("rewritegen: "))


def _fallbacks(plan: Plan) -> Iterator[Problem]:
    proxies = [step for step in plan.page if isinstance(step, TryProxy)]
    for step in proxies[MOST_PROXIES:]:
        asked = " and ".join(f"`{proxy.source.name}`" for proxy in proxies[:MOST_PROXIES])
        message = f"Apache asks at most two proxies, which are {asked}: each takes a dozen internal redirects"
        advice = f"remove `{step.source.name}`, copy it into a mirror, or use nginx"
        yield Problem("RG705", message, None, advice, key=step.source.key)


def _whole_host(plan: Plan, scope: Scope) -> Iterator[Problem]:
    if scope == "locations" and plan.mount == "/":
        message = "an index at `/` leaves nothing of a virtual host to others"
        yield Problem("RG707", message, None, "use --scope vhost, or another `index`", key="index")
