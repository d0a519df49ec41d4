"""Directory trees of a site: what ``rewritegen index`` writes for each, and where its pages are then.

Three ways to a page. Ready pages are served where they lie. Where a tree has files only, ``index`` writes pages from
the files. Where links lead elsewhere (``base_url``, or ``../../packages/`` of a private tree, which has no such place
of its own), it writes the pages again with links to ``/files/SOURCE/``: once, so that a page is compressed beforehand
and has its ETag, as every other one; a server that rewrites it at each hit has neither.
"""

from __future__ import annotations

from typing import TypeAlias

from rewritegen.layouts import LAYOUTS, Layout
from rewritegen.model import Site
from rewritegen.sources import Mirror, PrivateDirectory
from rewritegen.steps import PageTree, ProjectDirectories

__all__ = [
    "Tree",
    "file_roots_of",
    "is_moved",
    "is_written",
    "layout_of",
    "own_directories",
    "page_tree",
    "root_of",
]

Tree: TypeAlias = PrivateDirectory | Mirror


def layout_of(tree: Tree) -> Layout:
    """Return the layout of a tree."""
    return LAYOUTS[tree.layout]


def root_of(tree: Tree) -> str:
    """Return the directory that the site file names."""
    return tree.mirror if isinstance(tree, Mirror) else tree.path


def is_moved(tree: Tree) -> bool:
    """Tell whether the pages of a tree are written again, with links to our files."""
    layout = layout_of(tree)
    inside = layout.packages is not None and isinstance(tree, PrivateDirectory)
    return not layout.generated and (inside or tree.base_url is not None)


def is_written(tree: Tree) -> bool:
    """Tell whether ``rewritegen index`` writes the pages of a tree."""
    if isinstance(tree, PrivateDirectory) and tree.listing == "automatic":
        return False
    return layout_of(tree).generated or is_moved(tree)


def page_tree(site: Site, tree: Tree) -> PageTree:
    """Return where the pages of a tree are."""
    layout = layout_of(tree)
    if is_written(tree):
        written = ProjectDirectories(f"{site.state}/pages/{tree.name}")
        return PageTree((written,), beside=False, complete=layout.generated)
    return PageTree(own_directories(site, tree), layout.beside)


def own_directories(site: Site, tree: Tree) -> tuple[ProjectDirectories, ...]:
    """Return where the project directories of a tree are: itself, then the links to its other spellings."""
    layout = layout_of(tree)
    if layout.flat:
        return ()
    root = f"{root_of(tree)}/{layout.pages}".rstrip("/")
    trees = [ProjectDirectories(root, layout.hashed)]
    if layout.raw_names and site.state is not None:
        trees.append(ProjectDirectories(f"{site.state}/aliases/{tree.name}"))
    return tuple(trees)


def file_roots_of(site: Site, tree: Tree) -> tuple[str, ...]:
    """Return the directories that ``/files/SOURCE/`` serves, in order.

    The metadata of a mirror comes before its files: a page has the hash of what was written, whatever lies in the tree.
    """
    layout = layout_of(tree)
    own = f"{root_of(tree)}/{layout.files}".rstrip("/")
    if not (layout.generated and is_written(tree)):
        return (own,)
    metadata = f"{site.state}/metadata/{tree.name}"
    return (metadata, own) if isinstance(tree, Mirror) else (own, metadata)
