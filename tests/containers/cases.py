"""The editions as parameters of tests: the two of the default run, the others with a marker."""

from __future__ import annotations

import pytest
from _pytest.mark.structures import ParameterSet

from tests.containers.editions import EDITIONS, NORMAL

__all__ = ["editions"]


def editions(kind: str | None = None) -> list[ParameterSet]:
    """All editions, or those of one server; each is a group that one worker of pytest-xdist runs."""
    return [
        pytest.param(
            edition,
            id=edition.name.replace(" ", "-"),
            marks=[
                pytest.mark.edition,
                pytest.mark.xdist_group(edition.name),
                *([] if edition in NORMAL else [pytest.mark.matrix]),
            ],
        )
        for edition in (*NORMAL, *EDITIONS)
        if kind in (None, edition.kind)
    ]
