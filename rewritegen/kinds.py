"""HTTP indexes that known servers have, as data: a server more is one entry more.

A *kind* says how the links in the pages of an HTTP index look, and what "not here" looks like. Sources: the real
servers, and their own documentation, as each entry names. Directory trees are in :mod:`rewritegen.layouts`.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["KINDS", "Empty", "Kind"]


class Empty(NamedTuple):
    """How long the page without links is that stands for "not here": told by its Content-Length, which is all of it
    that a web server can look at."""

    size: int
    """Bytes of it, without the name of the project."""
    names: int = 0
    """How often the name stands in it."""

    def length(self, name: str) -> int:
        """Return the length of the page for a project that is not there."""
        return self.size + self.names * len(name)

    def __str__(self) -> str:
        return f"{self.size}+{self.names}n" if self.names else str(self.size)


class Kind(NamedTuple):
    """How the links to files look in the pages of an HTTP index."""

    name: str
    summary: str
    parents: bool = False
    """Links are relative, ``../../PATH`` seen from the page of a project."""
    origin: bool = False
    """Links may be absolute URLs on the index's own scheme, host and port."""
    below: bool = False
    """Links are absolute URLs below that of the index: at ``NAME/``, and something, ``FILE``."""
    beside: bool = False
    """Links are bare file names: the file lies beside the page, at ``NAME/FILE``."""
    rooted: str = ""
    """Links are paths from the root of the host, to this directory beside the index."""
    upwards: bool = False
    """Links are relative and lead to the root of the host, as those of a site of ours do: ``../../files/PATH``."""
    ends: str = ""
    """What the URL of the index has to end with; its other pages do not say what is not there."""
    empty: Empty | None = None
    """The page that stands for "not here", where a project that is not there is no 404."""
    documents: bool = False
    """Beside an index at ``.../simple/``, the legacy JSON of a project is at ``.../pypi/NAME/json``, or 404."""


KINDS = {
    kind.name: kind
    for kind in (
        Kind("pypi", "PyPI itself: absolute links to the declared file hosts", documents=True),
        Kind(
            "simple",
            "any PEP 503 index: relative links, or absolute ones on its own or the declared hosts",
            parents=True,
            origin=True,
        ),
        # bandersnatch's own nginx.conf (banderx) says that what lies below /pypi/ is application/json
        Kind(
            "bandersnatch",
            "a bandersnatch mirror behind a web server: relative links to packages/",
            parents=True,
            documents=True,
        ),
        Kind(
            "artifactory",
            "Artifactory and its like: relative links to packages/, or absolute ones on its own host",
            parents=True,
            origin=True,
        ),
        # Measured with proxpi 1.3.1, and read in its source: files.html and server.py write the name of the file, and
        # serve NAME/FILE; while it downloads one itself it redirects to the file host, which `files` has to name then.
        Kind("proxpi", "proxpi: bare file names, the file lies beside the page", beside=True),
        # Measured with collective.eggproxy 0.5.1: no level above the projects; never ask it for its root.
        Kind(
            "eggproxy",
            "collective.eggproxy: bare file names, the file lies beside the page",
            beside=True,
        ),
        # Measured with simpleindex 0.6.3: a route to a directory links to ./FILE and serves NAME/FILE; a route to
        # another index is a redirect, whose host `files` has to name. A directory without a file is an empty page.
        Kind(
            "simpleindex",
            "simpleindex: bare file names, the file lies beside the page",
            beside=True,
            empty=Empty(86),
        ),
        # Measured with pypiserver 2.4.2: it resolves ../../packages/FILE itself and writes the path. A project that it
        # does not have is a redirect to PyPI, which is no answer, unless it is told not to.
        Kind(
            "pypiserver",
            "pypiserver, run with --disable-fallback: paths from the root of the host",
            rooted="packages/",
        ),
        # devpi links to ../../+f/ab/... from STAGE/+simple/NAME/
        Kind("devpi", "devpi: relative links to +f/ of the stage", parents=True),
        # sonatype/nexus-public#1006 and #49 have pages of it: ../../packages/NAME/VERSION/FILE#sha256=
        Kind(
            "nexus", "Nexus (/repository/NAME/simple/): relative links to packages/", parents=True
        ),
        # GitLab's source (Packages::Pypi::SimplePackageVersionsPresenter) and its documentation of the PyPI API:
        # /api/v4/projects/ID/packages/pypi/files/SHA256/FILE, absolute, below the external_url of that GitLab
        Kind(
            "gitlab",
            "GitLab's package registry (.../packages/pypi/simple/): absolute links on its own host",
            origin=True,
        ),
        # ../../files/SOURCE/PATH, ../../packages/PATH, or bare names where a listing or a ready tree is behind it
        Kind(
            "rewritegen",
            "another site of rewritegen: relative links to files/, packages/, or to files beside the page",
            parents=True,
            beside=True,
            upwards=True,
            documents=True,
        ),
        # Read in haufe.eggserver 0.2.6 (PackageDummyIndex): the directory of a project, by its name as registered
        Kind(
            "haufe",
            "haufe.eggserver: bare file names, the file lies beside the page",
            beside=True,
        ),
        # Read in Products.PloneSoftwareCenter 1.6.4 (pypisimple.py): absolute_url() of the file of a release
        Kind(
            "psc",
            "Products.PloneSoftwareCenter (.../++simple++/): absolute links on its own host",
            origin=True,
        ),
        # Measured with ClueReleaseManager 0.3.3: /simple/NAME/ of a name that it does not have is 200, begins and
        # breaks off; /d/NAME/ is 404, and links to the same files by absolute URLs.
        Kind(
            "clue",
            "ClueReleaseManager, asked below /d/: absolute links to NAME/f/ there",
            below=True,
            ends="/d/",
        ),
        # Read in EggBasket 0.6b (PackageController, package_files.html)
        Kind(
            "eggbasket",
            "EggBasket (/package/): paths from the root of the host",
            rooted="package/download/",
        ),
    )
}
