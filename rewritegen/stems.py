"""Whose file a path speaks of: the names to look for among the scanned ones, and the patterns that find them.

A file is called ``NAME-VERSION...`` with any separators in NAME, and some trees have NAME as a directory. Where the
version begins cannot be told (``foo-2-1.0.tar.gz`` may be ``foo`` 2-1.0), so in each part of the path everything that
stands before one of its first :data:`MOST_NUMBERS` numbers may be the name, and the whole part.

The servers have no loops and no lower-casing of any length; what is beyond the bounds here is 404, as nobody can tell
whose it is. The patterns use the syntax of :mod:`rewritegen.names`; those of the second half are for a path whose
letters are small and whose runs of separators are one dash.
"""

from __future__ import annotations

import re
import string

__all__ = [
    "ABOVE_FILE",
    "AFTER_NUMBERS",
    "ANY_RUN",
    "BELOW_FILE",
    "FIRST_NAME",
    "MORE_NAME",
    "MOST_CAPITALS",
    "MOST_NUMBERS",
    "MOST_PARTS",
    "NAME_ENDS",
    "NO_NAME",
    "RUN",
    "RUNS",
    "TOO_MANY_PARTS",
    "TOO_MANY_SAME_CAPITALS",
    "WITHOUT_RUN",
    "file_stems",
]

#: nginx makes one of each capital small in a pass, and has so many passes left within its limit of 10 jumps.
MOST_CAPITALS = 5
#: Files of indexes lie up to nine parts deep; nginx looks at three in a pass, and has three.
MOST_PARTS = 9
#: ``llama-3-1-8b`` has three.
MOST_NUMBERS = 4

#: So many runs of separators are replaced at once, one line of configuration each: 15 in all.
RUNS = (8, 4, 2, 1)

#: A run of separators that is not one dash, and text without one.
RUN = "(?:[._][-._]*|-[-._]+)(?![-._])"
ANY_RUN = ".*(?:[._]|--)"
WITHOUT_RUN = "(?:[^-._]|-(?![-._]))*"

TOO_MANY_SAME_CAPITALS = "(?:{})".format(
    "|".join(
        f"(?:[^{letter}]*{letter}){{{MOST_CAPITALS + 1}}}" for letter in string.ascii_uppercase
    )
)
TOO_MANY_PARTS = f"(?:[^/]*/){{{MOST_PARTS}}}."

#: What may follow a file (PEP 740): the name of the file is the part before it.
BELOW_FILE = "(?i:/provenance)+/?"
#: Behind a file's first numbers stand tags of platforms, with separators and capitals that say nothing here. (Without
#: the look-ahead, a directory with 80 numbers would take a million steps.)
AFTER_NUMBERS = (
    f"(?:.*/)?(?=[^/]*$)(?:[^/]*?[-._][Vv]?[0-9]){{{MOST_NUMBERS}}}",
    "[^/]+",
)

#: Directories that say nothing of a project: of the usual file hosts, and of hashed trees.
_NOTHING = "(?:packages|[0-9a-f]{2}|[0-9a-f]{24,})/"
ABOVE_FILE = f"(?:{_NOTHING})+"
NO_NAME = f"(?!{_NOTHING})"
#: A name up to its first number, what comes up to the next one, and what must stand behind either.
FIRST_NAME = "[a-z0-9]+(?:-(?!v?[0-9])[a-z0-9]+)*"
MORE_NAME = "-v?[0-9][a-z0-9]*(?:-(?!v?[0-9])[a-z0-9]+)*"
NAME_ENDS = "(?=-v?[0-9]|/|$)"

_ABOVE = re.compile(f"^{ABOVE_FILE}(?=.)")
_BELOW = re.compile(f"^(.+?){BELOW_FILE}$")
_BEHIND = re.compile("^({}){}$".format(*AFTER_NUMBERS))
_MORE = f"(?:({MORE_NAME}){NAME_ENDS})?"
_PART = re.compile(f"{NO_NAME}({FIRST_NAME}){NAME_ENDS}{_MORE * (MOST_NUMBERS - 1)}")


def file_stems(path: str) -> tuple[str, ...] | None:
    """Return what may be the name of a project in a path, decoded, below a file route; None when nobody can tell.

    >>> file_stems("packages/ab/3f/Foo_2.x-1.0.tar.gz")
    ('foo', 'foo-2-x', 'foo-2-x-1', 'foo-2-x-1-0-tar-gz')
    """
    path = _BEHIND.sub(r"\1", _ABOVE.sub("", _BELOW.sub(r"\1", path)))
    if re.match(TOO_MANY_SAME_CAPITALS, path):
        return None
    path, runs = re.subn(RUN, "-", path.lower())
    if runs > sum(RUNS) or re.match(TOO_MANY_PARTS, path):
        return None
    found: dict[str, None] = {}
    for start in (0, *(slash.end() for slash in re.finditer("/", path))):
        stem = ""
        match = _PART.match(path, start)
        for piece in filter(None, match.groups() if match else ()):
            stem += piece
            found[stem] = None
    return tuple(found)
