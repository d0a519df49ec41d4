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
from rewritegen.servers.base import Capabilities, Files, Scope, seal
from rewritegen.steps import TryMirror, TryProxy

if TYPE_CHECKING:
    from rewritegen.servers.apache.view import Module

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
        from rewritegen.servers.apache.view import file_name, view
        from rewritegen.templating import environment

        seen = view(plan, scope)
        templates = environment()
        answers = templates.get_template("apache/answers.j2").render(view=seen).strip()
        parts = ["directories", "rules", "inner", *(["fetches"] if seen.fetched else [])]
        site = "\n\n".join(
            templates.get_template(f"apache/{part}.j2").render(view=seen).strip() for part in parts
        )
        text = templates.get_template(_TEMPLATES[scope]).render(
            view=seen, answers=answers, site=site
        )
        directories = ("logs", "run") if scope == "standalone" else ()
        return seal(Files(((file_name(plan, scope), text),), directories))

    def command(self, binary: str, tree: Path) -> list[str]:
        """Return the command that runs a standalone tree in the foreground."""
        return [binary, "-d", str(tree), "-f", "httpd.conf", "-DFOREGROUND"]

    def test_command(self, binary: str, tree: Path) -> list[str]:
        """Return the command that tests a standalone tree and exits 0 when it is fine."""
        return [binary, "-d", str(tree), "-f", "httpd.conf", "-t"]


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
    proxy: TryProxy | None = None
    for step in plan.page:
        if isinstance(step, TryProxy) and proxy is not None:
            message = (
                f"Apache cannot ask a second proxy after `{proxy.source.name}`: in one instance it cannot keep"
                ' "not here" and "don\'t know" apart beyond the first'
            )
            advice = f"remove `{step.source.name}`, copy it into a mirror that stands before it, or use nginx"
            yield Problem("RG705", message, None, advice, key=step.source.key)
        elif isinstance(step, TryProxy):
            proxy = step
        elif isinstance(step, TryMirror) and proxy is not None:
            message = (
                f"Apache cannot go on to a mirror after the proxy `{proxy.source.name}`: when that cannot be"
                " reached, the mirror's page would be sent with status 503"
            )
            advice = f"move `{step.source.name}` before `{proxy.source.name}`, or use nginx"
            yield Problem("RG706", message, None, advice, key=step.source.key)


def _whole_host(plan: Plan, scope: Scope) -> Iterator[Problem]:
    if scope == "locations" and plan.mount == "/":
        message = "an index at `/` leaves nothing of a virtual host to others"
        yield Problem("RG707", message, None, "use --scope vhost, or another `index`", key="index")
