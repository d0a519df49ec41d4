"""Canonical project names, claims, and the regular expressions that both servers and the model share.

Canonical names follow PEP 503: lower case, every run of ``-``, ``_`` and ``.`` is one ``-``. Past the edge of a site
nothing but a :data:`NormalizedName` exists. Claims have the meaning of PEP 752 prefixes: ``acme-*`` covers ``acme``
itself and every name that begins with ``acme-``, and not ``acmetool``.

The patterns use the syntax that PCRE (nginx, httpd) and :mod:`re` have in common, without capturing groups: nginx
must not capture inside a ``map`` (CVE-2026-42533) and httpd must not use named groups (CVE-2026-44631).
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from packaging.utils import NormalizedName
else:
    # A name for type checkers; importing it would cost every command 15 ms.
    NormalizedName = str

__all__ = [
    "CANONICAL_NAME",
    "MAX_NAME_LENGTH",
    "RAW_NAME",
    "TOO_MANY_CAPITALS",
    "TOO_MANY_SEPARATORS",
    "Claim",
    "ClaimSet",
    "InvalidNameError",
    "NormalizedName",
    "alternations",
    "is_redirectable",
    "parse_name",
    "path_belongs_to",
]

#: Longer names are outside the grammar: both servers rewrite spellings step by step, and the length bounds that work.
MAX_NAME_LENGTH = 200

#: A canonical name, unanchored.
CANONICAL_NAME = "[a-z0-9]+(?:-[a-z0-9]+)*"

#: Any valid spelling of a name ("Names and normalization" of packaging.python.org), unanchored.
RAW_NAME = "[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?"

#: nginx lower-cases one occurrence of a letter, and shortens one run, per pass, and allows 10 passes: a name with more
#: than 11 of one capital letter or 11 runs of separators would end in its 500. Both servers and the model answer 404
#: to such a name instead (measured: facts in RATIONALE.md, "Spellings"). To be matched where a name begins; each
#: letter has a branch and runs are taken whole, because a shorter pattern with a back reference needs exponential time
#: (measured: 0.2 s for one request with 198 letters).
TOO_MANY_CAPITALS = "(?:{})".format(
    "|".join(f"(?:[^{letter}/]*{letter}){{12}}" for letter in string.ascii_uppercase)
)
TOO_MANY_SEPARATORS = "(?:(?:[A-Za-z0-9]|-(?![-._]))*(?:[._][-._]*|-[-._]+)(?![-._])){12}"

#: Directories of file hosts and of hashed trees, which say nothing of a project.
_NO_PROJECT = "[0-9a-f]{2}|packages"
_RAW = re.compile(RAW_NAME)

#: What stands behind a name in a path when nothing longer can be the name: in a wheel or egg the name has no dash; in
#: an sdist the version has none; and a directory, or a path that ends, has no version.
_BEHIND_FILE = r"(?:\.(?:metadata|asc|sig|provenance))?(?:/|$)"
_WHEEL_OR_EGG = (
    r"-v?[0-9][^-/]*(?:(?:-[0-9][^-/]*)?-[^-/]+-[^-/]+-[^-/]+\.whl|(?:-py[0-9][^/]*)?\.egg)"
    + _BEHIND_FILE
)
_SDIST = rf"-v?[0-9][^-/]*\.(?:tar\.gz|zip|tgz|tar\.bz2|tar\.xz|tar\.Z|tar){_BEHIND_FILE}"


class InvalidNameError(ValueError):
    """A text that is no project name, or no claim."""


def parse_name(raw: str) -> NormalizedName:
    """Return the canonical form of any valid spelling of a project name.

    :raises InvalidNameError: when ``raw`` is no valid project name, or longer than :data:`MAX_NAME_LENGTH`.
    """
    if not _RAW.fullmatch(raw):
        raise InvalidNameError(f"{raw!r} is not a project name")
    return cast("NormalizedName", re.sub("[-_.]+", "-", raw).lower())  # PEP 503, "Normalized Names"


def is_redirectable(raw: str) -> bool:
    """Tell whether this valid spelling is within the bounds above, so that it is redirected to the canonical one."""
    return not (re.match(TOO_MANY_CAPITALS, raw) or re.match(TOO_MANY_SEPARATORS, raw))


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """A name, or a PEP 752 prefix, that is private even when no file of it exists.

    >>> Claim.parse("Acme_*").covers(parse_name("acme")), Claim.parse("acme-*").covers(parse_name("acmetool"))
    (True, False)
    """

    name: NormalizedName
    prefix: bool = False

    @classmethod
    def parse(cls, text: str) -> Claim:
        """Read ``secret-tool`` or ``acme-*``; any spelling of the name is taken.

        :raises InvalidNameError: for anything else, such as ``acme*`` (PEP 752 prefixes end at a separator) or ``*``.
        """
        if text.endswith("*"):
            if len(text) < 3 or text[-2] not in "-_.":
                raise InvalidNameError(f"{text!r} is not a claim: a prefix ends with '-*'")
            return cls(parse_name(text[:-2]), prefix=True)
        return cls(parse_name(text))

    def covers(self, name: NormalizedName) -> bool:
        """Tell whether ``name`` is private because of this claim."""
        return name == self.name or (self.prefix and name.startswith(f"{self.name}-"))

    def __str__(self) -> str:
        return f"{self.name}-*" if self.prefix else self.name


@dataclass(frozen=True, slots=True)
class ClaimSet:
    """Claims in the two shapes that a server looks up: exact names in a hash, prefixes in one alternation.

    The tuples are sorted and hold nothing that another claim covers already, so the same claims in any order and
    number of repetitions give the same configuration.
    """

    names: tuple[NormalizedName, ...] = ()
    prefixes: tuple[NormalizedName, ...] = ()
    public: tuple[NormalizedName, ...] = ()
    """Names below a prefix that the site declares public."""

    @classmethod
    def of(cls, claims: Iterable[Claim], public: Iterable[NormalizedName] = ()) -> ClaimSet:
        """Sort the claims and drop those that a prefix covers."""
        asked = set(claims)
        prefixes = {claim.name for claim in asked if claim.prefix}
        shortest = {name for name in prefixes if not _is_below(_parent(name), prefixes)}
        names = {claim.name for claim in asked if not _is_below(claim.name, shortest)}
        exceptions = {name for name in public if _is_below(name, shortest)}
        return cls(tuple(sorted(names)), tuple(sorted(shortest)), tuple(sorted(exceptions)))

    def covers(self, name: NormalizedName) -> bool:
        """Tell whether any claim covers ``name``."""
        if name in self.public:
            return False
        return name in self.names or _is_below(name, set(self.prefixes))

    def path_patterns(self, limit: int = 4000) -> tuple[str, ...]:
        """Return patterns, one of which matches where a part of a file's path begins that belongs to a claimed project.

        Each has about ``limit`` characters. To be searched as ``(?:^|/)PATTERN``, without regard to case. A wheel or
        sdist is called ``NAME-VERSION...`` with any separators in NAME, and some trees have NAME as a directory; where
        name and version cannot be told apart, the patterns err on the private side. Two hexadecimal digits are a level
        of a hashed tree, and `packages` is where file hosts have all of theirs: not names.
        """
        public = _not_of(self.public) if self.public else ""
        whole = (name for name in self.names if not re.fullmatch(_NO_PROJECT, name))
        exact = alternations((_spellings(name) for name in self.names), limit)
        parts = alternations((_spellings(name) for name in whole), limit)
        below = alternations((_spellings(name) for name in self.prefixes), limit)
        return (
            *(f"{chunk}[-_.]+v?[0-9]" for chunk in exact),
            *(f"{chunk}(?:/|$)" for chunk in parts),
            *(f"{public}{chunk}(?:[-_.]|/|$)" for chunk in below),
        )

    def __bool__(self) -> bool:
        return bool(self.names or self.prefixes)

    def __str__(self) -> str:
        return ", ".join(sorted([*self.names, *(f"{name}-*" for name in self.prefixes)]))


def _not_of(names: Iterable[NormalizedName]) -> str:
    """Return the look-ahead that fails at a part of a path that can belong to no other project than one of these."""
    written = list(names)
    spelled = "|".join(map(_spellings, written))
    escaped = "|".join(name.replace("-", "[_.]+") for name in written)
    return f"(?!(?:{escaped}){_WHEEL_OR_EGG}|(?:{spelled})(?:{_SDIST}|/|$))"


def path_belongs_to(path: str, claims: ClaimSet) -> bool:
    """Tell whether any part of this path, such as its file name, belongs to a claimed project."""
    patterns = claims.path_patterns()
    return any(re.search(f"(?:^|/){pattern}", path, re.IGNORECASE) for pattern in patterns)


def alternations(patterns: Iterable[str], limit: int = 4000) -> Iterator[str]:
    """Join patterns to ``(?:a|b|...)`` of about ``limit`` characters each.

    PCRE compiles to at most 64 KiB with the link size that distributions use, and people read shorter ones.
    """
    chunk: list[str] = []
    size = 0
    for pattern in patterns:
        if chunk and size + len(pattern) > limit:
            yield f"(?:{'|'.join(chunk)})"
            chunk, size = [], 0
        chunk.append(pattern)
        size += len(pattern) + 1
    if chunk:
        yield f"(?:{'|'.join(chunk)})"


def _spellings(name: NormalizedName) -> str:
    """Return a pattern of all spellings of a name but for their case."""
    return name.replace("-", "[-_.]+")


def _parent(name: NormalizedName) -> str:
    return name.rpartition("-")[0]


def _is_below(name: str, prefixes: set[NormalizedName]) -> bool:
    """Tell whether one of the prefixes is ``name`` or ends at one of its dashes; costs the parts of the name only."""
    parts = name.split("-")
    return any("-".join(parts[:end]) in prefixes for end in range(1, len(parts) + 1))
