"""Reports: one model of what was found, and one renderer for each format.

The exit code comes from the model; a format changes nothing but the words on the screen.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Literal, TypeAlias

from rewritegen.reports.model import SEVERITIES, Finding, Report, Severity, worst

__all__ = ["FORMATS", "SEVERITIES", "Finding", "Form", "Report", "Severity", "render", "worst"]

Form: TypeAlias = Literal["text", "json", "junit", "sarif", "html", "github", "prometheus"]

#: Each is a module of this package with ``render(report)``; only the one that is asked for is imported.
FORMATS: tuple[Form, ...] = ("text", "json", "junit", "sarif", "html", "github", "prometheus")

if TYPE_CHECKING:
    Renderer: TypeAlias = Callable[[Report], str]


def render(report: Report, form: Form = "text", *, width: int = 100, colour: bool = False) -> str:
    """Return the report in a format; ``width`` and ``colour`` are for ``text``, the only one that a terminal shows."""
    if form == "text":
        from rewritegen.reports import text

        return text.render(report, width=width, colour=colour)
    renderer: Renderer = import_module(f"rewritegen.reports.{form}").render
    return renderer(report)
