"""Empty pages: the answer 200 that means "not here", told by its length, which is all of a body that nginx can see."""

from __future__ import annotations

from rewritegen.kinds import Empty
from rewritegen.names import MAX_NAME_LENGTH
from rewritegen.servers.nginx.quoting import comment, verbose_pattern
from rewritegen.servers.nginx.view import Map

__all__ = ["empty_map"]

_INDENT = "    "
#: Lengths of names in one entry: nginx reads arguments of up to 4096 bytes.
_MOST = 100


def empty_map(variable: str, empty: Empty) -> Map:
    """Return the map whose variable is 1 for the page of a project that is not there."""
    words = comment(
        "empty: a page of just this length has no link; it says that the project is not there. The name counts each "
        "time that it stands in it."
    )
    entries = ['default ""']
    lengths = range(1, MAX_NAME_LENGTH + 1) if empty.names else (0,)
    for start in range(0, len(lengths), _MOST):
        found = "|".join(
            f"{f'.{{{n}}}' if n else '.+'}:{empty.length('n' * n)}"
            for n in lengths[start : start + _MOST]
        )
        entries.append(f"{verbose_pattern((f'^200:(?:{found})$',), '~', _INDENT, 3)} 1")
    source = '"$status:$rg_name:$upstream_http_content_length"'
    return Map(words, source, variable, tuple(entries))
