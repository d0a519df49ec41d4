"""nginx, 1.18 and newer, with core modules only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rewritegen.diagnostics import Problem
from rewritegen.servers.base import Capabilities, Files, Scope, seal
from rewritegen.servers.nginx.capabilities import BASELINE, capabilities_of
from rewritegen.servers.nginx.refusals import refusals

if TYPE_CHECKING:
    from rewritegen.plan import Plan
    from rewritegen.servers.live import Live

__all__ = ["Nginx"]


class Nginx:
    """See :class:`rewritegen.servers.base.Server`."""

    name = "nginx"
    baseline: Capabilities = BASELINE

    def find(self) -> str | None:
        """Return the path of the installed nginx; an ordinary user's PATH seldom has it."""
        import shutil  # `generate` looks for no program and pays for no import

        path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
        return shutil.which("nginx", path=path)

    def capabilities(self, binary: str) -> Capabilities:
        """Ask ``nginx -V``."""
        return capabilities_of(binary)

    def refusals(self, plan: Plan, scope: Scope, capabilities: Capabilities) -> tuple[Problem, ...]:
        """Return what this nginx, or any nginx, cannot do of the plan."""
        return refusals(plan, scope, capabilities)

    def render(self, plan: Plan, scope: Scope, capabilities: Capabilities) -> Files:
        """Write the configuration of one scope."""
        from rewritegen.servers.nginx.render import render

        return seal(render(plan, scope, capabilities))

    def command(self, binary: str, tree: Path) -> list[str]:
        """Return the command that runs a tree in the foreground."""
        return [binary, "-p", str(tree), "-c", "nginx.conf", "-g", "daemon off;"]

    def test_command(self, binary: str, tree: Path) -> list[str]:
        """Return ``nginx -t`` for a tree."""
        return [binary, "-p", str(tree), "-c", "nginx.conf", "-t"]

    def live(self, binary: str, config: Path | None, root: Path | None) -> Live:
        """Return this server as it is set up on this machine."""
        from rewritegen.servers.nginx.live import LiveNginx

        return LiveNginx(binary, config, root)
