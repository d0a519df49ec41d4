"""The legacy JSON of a project, ``/pypi/NAME/json``: the same decisions as for its page, about another document.

Source: PyPI's JSON API (documentation of Warehouse). The document of one version, ``/pypi/NAME/VERSION/json``, is not
served: mirrors do not keep it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from typing_extensions import assert_never

from rewritegen.layouts import LAYOUTS, LEGACY
from rewritegen.model import Index
from rewritegen.sources import Mirror
from rewritegen.steps import (
    AskPrivately,
    Available,
    HasJson,
    JsonElsewhere,
    JsonStep,
    NotFound,
    OwnedBy,
    OwnsJson,
    PageTree,
    ProjectDirectories,
    Reserved,
    SendTo,
    Step,
    TryMirror,
    TryProxy,
)

__all__ = ["json_steps"]

#: How the URL of an index ends that has the documents beside it.
_INDEX = "/simple/"


def json_steps(index: Index, state: str | None, page: Iterable[Step]) -> tuple[JsonStep, ...]:
    """Return the steps for the document, in the order of those for the page."""
    mirrors = {one.name: one for one in index.fallbacks if isinstance(one, Mirror)}
    return tuple(found for step in page for found in _json_step(step, state, mirrors))


def _json_step(step: Step, state: str | None, mirrors: dict[str, Mirror]) -> Iterator[JsonStep]:
    match step:
        case Available() | Reserved() | NotFound():
            yield step
        case OwnedBy(source=source, pages=pages):
            written = ProjectDirectories(f"{state}/pages/{source.name}")
            has = isinstance(pages, PageTree) and written in pages.directories
            presence = dict.fromkeys([*pages.directories, *step.presence])
            yield OwnsJson(source, written if has else None, tuple(presence))
        case AskPrivately(claims=claims):
            # no kind of private index is known to have the documents; its names stay here
            yield Reserved(claims, None)
        case TryMirror(source=source):
            mirror = mirrors[source.name]
            kept = LAYOUTS[mirror.layout].legacy
            if kept is not None:
                root = f"{mirror.mirror}/{kept}".rstrip("/")
                yield HasJson(source, ProjectDirectories(root))
        case SendTo(source=source, url=url):
            if url.endswith(_INDEX):
                yield JsonElsewhere(source, url.removesuffix(_INDEX) + LEGACY)
        case TryProxy():
            pass  # proxies are asked for pages and files only
        case _:
            assert_never(step)
