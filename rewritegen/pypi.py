"""What the word ``pypi`` in a site file stands for; the one place that knows.

The addresses are those of pip's own constant for its default index, so they are spelled out nowhere here; a site file
may point the word elsewhere with its key ``pypi:``.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rewritegen.model import Pypi

__all__ = ["WORD", "resolve", "well_known"]

#: What users write in place of a URL.
WORD = "pypi"


@cache
def well_known() -> tuple[str, tuple[str, ...]]:
    """Return the URL of PyPI's index and those of its file hosts, each with a final slash."""
    from pip._internal.models.index import PyPI  # pip is imported only by sites that use the word

    return f"{PyPI.simple_url.rstrip('/')}/", (f"https://{PyPI.file_storage_domain}/",)


def resolve(entry: dict[str, Any], key: str, pypi: Pypi | None) -> dict[str, Any]:
    """Return the entry of a source with what the word under ``key`` stands for in its place.

    :param pypi: where the site points the word, if it does.
    """
    index, files = (pypi.index, pypi.files) if pypi else well_known()
    meant: dict[str, Any] = {"name": WORD, key: index}
    if key == "proxy":
        meant.update(kind="pypi", files=files)
    return {**meant, **entry, key: index}
