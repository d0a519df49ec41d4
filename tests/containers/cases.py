"""The editions as parameters of tests: the two of the default run, the others with a marker."""

from __future__ import annotations

import pytest
from _pytest.mark.structures import ParameterSet

from tests.containers.editions import EDITIONS, NORMAL
from tests.containers.images import Debian

__all__ = ["debian", "editions"]


def editions(kind: str | None = None, image: type[Debian] | None = None) -> list[ParameterSet]:
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
        if kind in (None, edition.kind) and (image is None or isinstance(edition.image, image))
    ]


def debian(kind: str | None = None) -> list[ParameterSet]:
    """Those that are set up by Debian, and have a shell."""
    return editions(kind, Debian)
