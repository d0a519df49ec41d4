"""Which redirects of an upstream are followed: to hosts that the site declares, and a page only to the same project.

A ``Location`` is absolute, without its scheme, or a path on the host that sent it (RFC 9110, 10.2.2). A fragment is
not part of what is asked for. The name of the project is the last part of a page's path, in any spelling.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

__all__ = [
    "FILE_PATH",
    "FILE_QUERY",
    "FRAGMENT",
    "LOCATION",
    "PAGE_PATH",
    "PARENTS",
    "REDIRECTS",
    "host",
    "same_project",
]

#: Statuses whose Location is looked at (RFC 9110, 15.4).
REDIRECTS = (301, 302, 303, 307, 308)

#: What a Location may hold behind the host, as it came in: nothing that could end it.
FILE_PATH = r"[A-Za-z0-9._~%+,;=:@/&!-]*"
FILE_QUERY = r"[A-Za-z0-9._~%+,;=:@/?&!-]*"
#: Any Location that may be followed.
LOCATION = r"[A-Za-z0-9._~%+,;=:@/?&!\[\]#-]+"
#: A number sign (which begins a comment in some patterns), and what follows it.
FRAGMENT = r"(?:\x23[!-~]*)?"
#: The same of a page: its parts, and what stands before the last one.
PAGE_PATH = r"[A-Za-z0-9._~+@=/-]*"
PARENTS = r"(?:[A-Za-z0-9._~+@=-]+/)*"

#: So many parts of a name are compared; a project with more is not followed to another spelling.
_PARTS = 6


def host(origin: str, escape: Callable[[str], str]) -> str:
    """Return the pattern of a scheme (or none) and host, in any case, with the port that may be left out.

    :param origin: ``scheme://host[:port]``.
    :param escape: makes a literal text of a pattern.
    """
    parts = urlsplit(origin)
    port = "" if parts.port else "(?::80)?" if parts.scheme == "http" else "(?::443)?"
    return f"(?i:(?:{parts.scheme}:)?//{escape(parts.netloc)}){port}"


def same_project(*, named: bool) -> tuple[str, str]:
    """Return the pattern of a canonical name, and that of the same name in another spelling.

    :param named: the second refers to groups of the first by name (``rg_0`` ...), else by number, from 1 on.
    """
    numbers = range(1, _PARTS)
    # each part of the name is there or not, and then so is its twin: a reference to a group without match fails
    if named:
        name = "(?P<rg_0>[a-z0-9]+)" + "".join(
            f"(?:-(?P<rg_{n}>[a-z0-9]+)|(?P<rg_no{n}>))" for n in numbers
        )
        again = "(?P=rg_0)" + "".join(f"(?:[-_.]+(?P=rg_{n})|(?P=rg_no{n}))" for n in numbers)
        return name, again
    name = "([a-z0-9]+)" + "(?:-([a-z0-9]+)|())" * len(numbers)
    again = r"\1" + "".join(rf"(?:[-_.]+\{2 * n}|\{2 * n + 1})" for n in numbers)
    return name, again
