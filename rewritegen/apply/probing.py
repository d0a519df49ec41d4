"""After a reload: whether the server keeps what the site promises, asked where it listens."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from rewritegen.answering import Address
from rewritegen.apply.model import Generation
from rewritegen.check.run import Options, run_check
from rewritegen.check.target import Target
from rewritegen.check.wire import Limits, Wire
from rewritegen.diagnostics import Problem
from rewritegen.plan import compile_plan
from rewritegen.reports.model import Finding
from rewritegen.site import Site

__all__ = ["checking"]

#: Findings that are told; the command `check` tells all of them.
_SHOWN = 5


def checking(
    site: Site, credentials: tuple[tuple[str, str], ...], ca: str | None, seconds: float
) -> Callable[[Generation], list[Problem]]:
    """Return the look at a generation of this site that is made before it is kept: errors, no warnings.

    No limit of requests a second: it is this machine's own server, and the old one is gone already.
    """
    mount = compile_plan(site).mount

    def look(generation: Generation) -> list[Problem]:
        wire = Wire(
            _target(generation.addresses[0], mount),
            Limits(rate=0.0, total=seconds),
            credentials,
            ssl.create_default_context(cafile=ca) if generation.addresses[0].scheme == "https" else None,
        )  # fmt: skip
        report = run_check(site, wire, Options())
        errors = [finding for finding in report.ordered if finding.severity == "error"]
        return [_problem(finding) for finding in errors[:_SHOWN]]

    return look


def _target(address: Address, mount: str) -> Target:
    return Target(
        address.scheme, address.host, address.port, address.prefix, mount, address.address
    )


def _problem(finding: Finding) -> Problem:
    asked = f"asked {finding.subject}, expected {finding.expected}, came {finding.came}"
    message = f"{finding.family}: {finding.title}: {asked}"
    help = f"{finding.next_step}; to keep it as it is: --no-check"
    return Problem(finding.code, message, finding.place, help)
