"""From a site to the job that ``rewritegen index`` does, and its report in words."""

from __future__ import annotations

from pathlib import Path

from rewritegen.diagnostics import Problem, RewritegenError
from rewritegen.layouts import LAYOUTS
from rewritegen.links import files_prefix, up_to_root
from rewritegen.pages import IndexJob, IndexReport, PrivateTree
from rewritegen.plan import compile_plan
from rewritegen.site import Index, Mirror, PrivateDirectory, Site

__all__ = ["index_job", "summary"]


def index_job(site: Site) -> IndexJob:
    """Return what there is to index of a site.

    :raises RewritegenError: when the site has no ``state:`` to write to.
    """
    if site.state is None:
        raise RewritegenError([_no_state(site)])
    index = site.indexes[0]
    trees = [
        _private_tree(index, source)
        for source in index.private
        if isinstance(source, PrivateDirectory)
    ]
    trees.extend(
        _mirror_tree(source)
        for source in index.fallbacks
        if isinstance(source, Mirror) and LAYOUTS[source.layout].raw_names
    )
    return IndexJob(
        trees=tuple(trees),
        state=Path(site.state),
        index_url=compile_plan(site).public_url,
        legacy_json=site.legacy_json,
    )


def _private_tree(index: Index, source: PrivateDirectory) -> PrivateTree:
    layout = LAYOUTS[source.layout]
    return PrivateTree(
        source=source.name,
        path=Path(source.path, layout.pages),
        layout="flat" if source.layout == "flat" else "projects" if layout.generated else "static",
        pages=layout.generated and source.listing == "pages",
        files_url=up_to_root(index.mount) + files_prefix(source.name)[1:],
    )


def _mirror_tree(source: Mirror) -> PrivateTree:
    pages = Path(source.mirror, LAYOUTS[source.layout].pages)
    return PrivateTree(source=source.name, path=pages, layout="static", pages=False, private=False)


def _no_state(site: Site) -> Problem:
    markers = " ".join(
        f"{source.path}/.rewritegen-root"
        for source in site.indexes[0].private
        if isinstance(source, PrivateDirectory)
    )
    return Problem(
        "RG206",
        "this site has no `state:`, so there is nothing to write",
        site.place("private"),
        "add `state: /var/lib/rewritegen/NAME`; or, if listings by the server are enough, make the markers by hand "
        f"once: touch {markers}",
    )


def summary(report: IndexReport) -> str:
    """Return one line a source and one for the run."""
    lines = []
    for source in report.sources:
        if source.available:
            lines.append(
                f"{source.source}: {source.projects} projects, {source.files} files, "
                f"{source.read} read, {source.written} projects changed"
            )
        else:
            lines.append(f"{source.source}: not available, left as it was")
    lines.append(f"{len(report.names_added)} new names, {report.seconds:.2f} s")
    return "\n".join(lines)
