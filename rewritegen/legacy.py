"""The legacy JSON of a project, ``/pypi/NAME/json``: the same decisions as for its page, about another document.

Source: PyPI's JSON API (documentation of Warehouse). The document of one version, ``/pypi/NAME/VERSION/json``, is not
served: mirrors do not keep it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from typing_extensions import assert_never

from rewritegen.kinds import KINDS
from rewritegen.layouts import LAYOUTS, LEGACY
from rewritegen.links import document_rules
from rewritegen.model import Index
from rewritegen.sources import Mirror, PrivateProxy, Proxy
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
    Upstream,
)

__all__ = ["json_steps"]

#: How the URL of an index ends that has the documents beside it.
_INDEX = "/simple/"


def json_steps(
    index: Index, state: str | None, page: Iterable[Step], root: str
) -> tuple[JsonStep, ...]:
    """Return the steps for the document, in the order of those for the page; ``root`` is the URL of the whole site."""
    made = _Made(index, state, root)
    steps = [found for step in page for found in made.of(step)]
    # not each index that is asked for pages has documents
    return (*steps, NotFound(unsure=any(isinstance(step, TryProxy) for step in steps)))


class _Made(NamedTuple):
    """What the steps of a page come to."""

    site: Index
    state: str | None
    root: str

    def of(self, step: Step) -> Iterator[JsonStep]:
        match step:
            case Available() | Reserved():
                yield step
            case NotFound():
                return
            case OwnedBy(source=source, pages=pages):
                written = ProjectDirectories(f"{self.state}/pages/{source.name}")
                has = isinstance(pages, PageTree) and written in pages.directories
                presence = dict.fromkeys([*pages.directories, *step.presence])
                yield OwnsJson(source, written if has else None, tuple(presence))
            case AskPrivately(claims=claims):
                found = self._documents(step)
                # an index without documents has its names all the same
                yield step._replace(upstream=found) if found else Reserved(claims, None)
            case TryProxy():
                if found := self._documents(step):
                    yield step._replace(upstream=found)
            case TryMirror(source=source):
                mirror = next(
                    one
                    for one in self.site.fallbacks
                    if isinstance(one, Mirror) and one.name == source.name
                )
                kept = LAYOUTS[mirror.layout].legacy
                if kept is not None:
                    root = f"{mirror.mirror}/{kept}".rstrip("/")
                    yield HasJson(source, ProjectDirectories(root))
            case SendTo(source=source, url=url):
                if url.endswith(_INDEX):
                    yield JsonElsewhere(source, _beside(url))
            case _:
                assert_never(step)

    def _documents(self, step: TryProxy | AskPrivately) -> Upstream | None:
        """Return how an index is asked for documents; None when its kind has none, or not beside such a URL."""
        asked = step.upstream
        source = next(
            one
            for one in (*self.site.private, *self.site.fallbacks)
            if isinstance(one, PrivateProxy | Proxy) and one.name == step.source.name
        )
        if not KINDS[source.kind].documents or not asked.url.endswith(_INDEX):
            return None
        links = document_rules(self.root, source)
        return asked._replace(
            url=_beside(asked.url), links=links, beside="", empty=None, end="/json"
        )


def _beside(url: str) -> str:
    return url.removesuffix(_INDEX) + LEGACY
