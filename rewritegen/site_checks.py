"""Clashes: values that are right by themselves and wrong together."""

from __future__ import annotations

from rewritegen.diagnostics import Problem
from rewritegen.model import Site

__all__ = ["clashes"]


def clashes(site: Site) -> list[Problem]:
    return []
