"""Private directories in, pages and scanned names out: what ``rewritegen index`` does.

The web servers read what is written here (the *state*) at every request, so nothing needs a reload, and everything
appears by one rename: a reader sees a whole old page or a whole new one. The modules, in the order of the data:

=============  ======================================================================================
``filenames``  which project and version a file name speaks of
``scan``       a directory tree -> its projects and files, by ``stat`` alone
``archives``   an opened wheel, sdist or egg -> its metadata, bounded, without extracting anything
``metadata``   metadata -> the fields that a page repeats, and whether it may be advertised
``reading``    one file -> hash, metadata, problems
``memory``     what the last run read, so that unchanged files are not read again
``listing``    read files -> what the page of a project says
``render``     what a page says -> HTML and JSON bytes
``moving``     a ready page of a tree -> the same with links to our files
``store``      bytes -> the state directory, atomically
``owned``      scanned names; ``aliases`` links for other spellings; ``marker`` roots that went away
``run``        all of it in order; ``watch`` the same on every change
=============  ======================================================================================
"""

from __future__ import annotations

from rewritegen.pages.model import (
    IndexJob,
    IndexReport,
    Moved,
    PrivateTree,
    Progress,
    SourceReport,
)
from rewritegen.pages.owned import forget
from rewritegen.pages.problems import CODES
from rewritegen.pages.run import run_index
from rewritegen.pages.watch import watch

__all__ = [
    "CODES",
    "IndexJob",
    "IndexReport",
    "Moved",
    "PrivateTree",
    "Progress",
    "SourceReport",
    "forget",
    "run_index",
    "watch",
]
