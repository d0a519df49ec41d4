"""From a site to the job that ``rewritegen index`` does, and its report in words."""

from __future__ import annotations

from pathlib import Path

from rewritegen.diagnostics import Problem, RewritegenError
from rewritegen.links import files_prefix, up_to_root
from rewritegen.pages import IndexJob, IndexReport, Moved, PrivateTree
from rewritegen.plan import compile_plan
from rewritegen.site import Index, Mirror, PrivateDirectory, Site
from rewritegen.trees import Tree, is_moved, is_written, layout_of, root_of

__all__ = ["index_job", "summary"]


def index_job(site: Site) -> IndexJob:
    """Return what there is to index of a site.

    :raises RewritegenError: when the site has no ``state:`` to write to.
    """
    if site.state is None:
        raise RewritegenError([_no_state(site)])
    index = site.indexes[0]
    sources = (*index.private, *index.fallbacks)
    own = [source for source in sources if isinstance(source, PrivateDirectory | Mirror)]
    trees = [_tree(index, source) for source in own if _has_work(source)]
    return IndexJob(
        trees=tuple(trees),
        state=Path(site.state),
        index_url=compile_plan(site).public_url,
        legacy_json=site.legacy_json,
    )


def _has_work(tree: Tree) -> bool:
    """Tell whether there is anything to do: names of private trees, pages, links to raw names."""
    return isinstance(tree, PrivateDirectory) or is_written(tree) or layout_of(tree).raw_names


def _tree(index: Index, tree: Tree) -> PrivateTree:
    layout = layout_of(tree)
    files_url = up_to_root(index.mount) + files_prefix(tree.name)[1:]
    return PrivateTree(
        source=tree.name,
        path=Path(root_of(tree), layout.pages),
        root=Path(root_of(tree)),
        layout="flat" if layout.flat else "projects" if layout.generated else "static",
        hashed=layout.hashed,
        pages=layout.generated and is_written(tree),
        moved=_moved(tree, files_url) if is_moved(tree) else None,
        private=isinstance(tree, PrivateDirectory),
        files_url=files_url,
    )


def _moved(tree: Tree, files_url: str) -> Moved:
    layout = layout_of(tree)
    below = layout.pages.removeprefix(layout.files) if layout.beside else None
    base = f"{tree.base_url}{layout.base}" if tree.base_url else ""
    packages = f"../../{layout.packages}" if layout.packages else ""
    return Moved(target=files_url, base=base, packages=packages, beside=below)


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
        elif source.written:
            lines.append(f"{source.source}: not available, {source.written} pages taken back")
        else:
            lines.append(f"{source.source}: not available, left as it was")
    lines.append(f"{len(report.names_added)} new names, {report.seconds:.2f} s")
    return "\n".join(lines)
