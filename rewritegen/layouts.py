"""Directory trees that known tools make, as data: a tree more is one entry more.

A *layout* says where the pages and the files of a directory tree lie. Sources: the trees recorded from the real tools,
and the tools' own documentation, as each entry names. HTTP indexes are in :mod:`rewritegen.kinds`.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LAYOUTS", "LEGACY", "LEGACY_MIRRORED", "LEGACY_WRITTEN", "Layout"]

#: What stands before the name in the URL of a project's legacy JSON, wherever the index is mounted.
LEGACY = "/pypi/"

#: That document's name in a project's directory: ours, beside the pages, and a mirror's.
LEGACY_WRITTEN, LEGACY_MIRRORED = "legacy.json", "json"


class Layout(NamedTuple):
    """Where the pages and the files of a directory tree lie, relative to the ``path:`` or ``mirror:`` of its source.

    Directories are written with a final slash; the empty string is the root itself.
    """

    name: str
    summary: str
    private: bool
    """May be the layout of a private directory."""
    mirror: bool
    """May be the layout of a mirror."""
    generated: bool = False
    """The tree has files only: ``rewritegen index`` writes its pages into the state."""
    flat: bool = False
    """The files of all projects lie in one directory."""
    listing: bool = False
    """One directory per project, so the web server's own listing can be its page (``listing: automatic``)."""
    pages: str = ""
    """The directory that holds one directory per project."""
    hashed: bool = False
    """A level with the first character of the name lies above the project's directory."""
    raw_names: bool = False
    """Project directories may be spelled as registered; ``rewritegen index`` links the canonical names to them."""
    beside: bool = False
    """The files of a project lie beside its page and are linked by their bare names."""
    packages: str | None = None
    """The directory that ``../../packages/`` in a page means, where pages link like that."""
    files: str = ""
    """The directory that ``/files/SOURCE/`` serves."""
    base: str | None = None
    """Links may be absolute: ``base_url`` and this, then the path of the file below ``files``. None: they never are."""
    absolute: bool = False
    """They always are, so that ``base_url`` has to be said."""
    legacy: str | None = None
    """The directory that holds ``NAME/json``, PyPI's document of a project, where the tool keeps that."""


def _by_name(*layouts: Layout) -> dict[str, Layout]:
    return {layout.name: layout for layout in layouts}


LAYOUTS = _by_name(
    Layout(
        "projects",
        "one directory per project, files in it",
        private=True,
        mirror=True,
        generated=True,
        listing=True,
        raw_names=True,
    ),
    # what `pip download` and `pip wheel` leave
    Layout(
        "flat",
        "one directory with the files of all projects (a wheelhouse)",
        private=True,
        mirror=True,
        generated=True,
        flat=True,
    ),
    Layout(
        "static",
        "a ready PEP 503/691 tree: NAME/index.html, files beside it",
        private=True,
        mirror=True,
        beside=True,
        raw_names=True,
        base="",
    ),
    # Measured with bandersnatch 6.8.0: index.html, index.v1_html and index.v1_json of canonical names; with
    # hash-index the links still say ../../packages/, which is right for the public URL /simple/NAME/ only. With
    # root_uri they are absolute.
    Layout(
        "bandersnatch",
        "bandersnatch's web/ directory",
        private=False,
        mirror=True,
        pages="simple/",
        packages="packages/",
        files="packages/",
        base="packages/",
        legacy="pypi/",
    ),
    Layout(
        "bandersnatch-hash-index",
        "bandersnatch's web/ directory with hash-index = true",
        private=False,
        mirror=True,
        pages="simple/",
        hashed=True,
        packages="packages/",
        files="packages/",
        base="packages/",
        legacy="pypi/",
    ),
    # Measured with pep381client 1.5: simple/ holds byte copies of pages under the names as registered.
    Layout(
        "pep381client",
        "pep381client's web/ directory",
        private=False,
        mirror=True,
        pages="simple/",
        raw_names=True,
        packages="packages/",
        files="packages/",
    ),
    # Measured with pypimirror 1.0.16.4, which has the code of z3c.pypimirror: NAME as registered, every link begins
    # with base_url. Its lock and `.FILE.md5` lie in the tree.
    Layout(
        "pypimirror",
        "the directory of z3c.pypimirror or pypimirror",
        private=False,
        mirror=True,
        beside=True,
        raw_names=True,
        base="",
        absolute=True,
    ),
    # Measured with basketweaver 0.1.3: its index/ says ../../FILE, without hashes, and leaves wheels out. So the pages
    # are made from the files.
    Layout(
        "basketweaver",
        "the directory of archives that basketweaver's makeindex ran in, the parent of index/",
        private=True,
        mirror=True,
        generated=True,
        flat=True,
    ),
    # README of sdistmaker 1.4 and tags2sdists 1.5: NAME/NAME-VERSION.tar.gz, no pages.
    Layout(
        "sdistmaker",
        "what sdistmaker and tags2sdists write: one directory per project, sdists in it",
        private=True,
        mirror=True,
        generated=True,
        listing=True,
        raw_names=True,
    ),
    # Read in haufe.eggserver 0.2.6: egg_directory/NAME/FILE, names as registered.
    Layout(
        "eggserver",
        "haufe.eggserver's egg_directory: one directory per project, files in it",
        private=True,
        mirror=True,
        generated=True,
        listing=True,
        raw_names=True,
    ),
    # Measured with collective.eggproxy 0.5.1: NAME/index.html lists what the upstream has, of which only what somebody
    # asked for lies beside it. So the pages are made from the files.
    Layout(
        "eggproxy",
        "collective.eggproxy's eggs_directory: what it fetched",
        private=False,
        mirror=True,
        generated=True,
        raw_names=True,
    ),
    # Read in morgan 0.15.0: NAME/FILE, FILE.metadata, FILE.hash; its own server makes the pages.
    Layout(
        "morgan",
        "morgan's index_path: one directory per project, files in it",
        private=False,
        mirror=True,
        generated=True,
        raw_names=True,
    ),
    # Measured with pip2pi 0.8.2: simple/NAME/FILE are links to the files above simple/, or copies; no hashes.
    Layout(
        "pip2pi",
        "the directory of pip2pi or dir2pi, the parent of simple/",
        private=True,
        mirror=True,
        pages="simple/",
        beside=True,
        raw_names=True,
        files="simple/",
    ),
    # Measured with python-pypi-mirror 5.2.1: NAME/FILE are links into the download directory, or copies.
    Layout(
        "pypi-mirror",
        "the mirror directory of python-pypi-mirror (pypi-mirror create -m)",
        private=True,
        mirror=True,
        beside=True,
        raw_names=True,
    ),
    # Measured with dumb-pypi 1.15.0: links are packages-url and FILE.
    Layout(
        "dumb-pypi",
        "dumb-pypi's output-dir, with the packages in packages/ beside simple/",
        private=True,
        mirror=True,
        pages="simple/",
        packages="packages/",
        files="packages/",
        base="",
    ),
)
