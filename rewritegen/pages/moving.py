"""Ready pages of a tree -> the same pages with links to our own files. Nothing else in them is changed.

A page without a link to a package is not written: answered with 200 it would stop uv ("no versions"), and nobody behind
the tree would be asked. Base URLs are compared without their scheme: mirrors were moved to https, their pages were not.
"""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from rewritegen.pages.filenames import file_kind
from rewritegen.pages.model import Moved, PrivateTree
from rewritegen.pages.problems import Problem, problem, shown
from rewritegen.pages.publish import Work, digest
from rewritegen.pages.scan import FoundProject, unreadable
from rewritegen.pages.sidecars import open_regular

__all__ = ["Links", "moved_page", "offers_files", "pages_to_move"]

#: Counted up when the same page would become another one.
_VERSION = 1

#: Bytes of a page; PyPI's largest is 12 MB.
_MAX_PAGE = 128 * 1024 * 1024

#: Read one after the other from where the one before ended, so that a page takes time in proportion to its length,
#: whatever is in it: quotes that are not closed, tags that do not end.
_ANCHOR = re.compile(r"<a\s", re.IGNORECASE)
_INSIDE = re.compile(r"""(?:[^"'>]+|"[^"]*"|'[^']*')*""")
_NAME = re.compile(r"""[\s/"'=]*([^\s"'>/=]+)(\s*=\s*)?""")
_VALUE = re.compile(r""""[^"]*"|'[^']*'|[^\s"'>]+""")
_ORIGIN = re.compile("(?:https?:)?//([^/?#]*)/", re.IGNORECASE)
_DEFAULT_PORT = re.compile(":(?:80|443)$")


class _UnreadablePageError(ValueError):
    """It is not what its name says; ``str()`` is the reason."""


def pages_to_move(tree: PrivateTree, project: FoundProject, problems: list[Problem]) -> Work:
    """Return the work of writing the pages of one project again; what cannot be read stays as it was."""
    links = Links(tree.moved or Moved(target=tree.files_url), project.directory)
    inputs = digest(f"{_VERSION}\n{links!r}\n{project.ready!r}")
    return Work(inputs, partial(_pages, tree.path, project, links, problems))


def _pages(
    root: Path, project: FoundProject, links: Links, problems: list[Problem]
) -> dict[str, bytes] | None:
    found: dict[str, bytes] = {}
    for name, _ in project.ready:
        path = Path(root, project.directory, name)
        try:
            page = moved_page(name, _read(path), links)
        except OSError as error:
            problems.append(unreadable(path, error))
            return None
        except _UnreadablePageError as error:
            problems.append(problem("RG521", f"{shown(path)} is no page: {error}"))
            return None
        if offers_files(name, page):
            found[name] = page
    return found


def _read(path: Path) -> bytes:
    with os.fdopen(open_regular(path), "rb") as file:
        data = file.read(_MAX_PAGE + 1)
    if len(data) > _MAX_PAGE:
        raise _UnreadablePageError(f"it is larger than {_MAX_PAGE} bytes")
    return data


@dataclass(frozen=True, slots=True)
class Links:
    """What the links of one project become."""

    moved: Moved
    directory: str
    """Of the project, as it is spelled."""

    def to(self, link: str) -> str:
        """Return a link to our own file, or the link as it is when it leads elsewhere."""
        moved, link = self.moved, link.strip()
        if moved.base and (rest := _below(moved.base, link)) is not None:
            return moved.target + rest
        if moved.packages and link.startswith(moved.packages):
            return moved.target + link.removeprefix(moved.packages)
        if moved.beside is not None and _is_bare(link):
            return moved.target + moved.beside + quote(f"{self.directory}/") + link
        return link


def _below(base: str, link: str) -> str | None:
    """Return what follows the base in a link, which may have another scheme or name its own port; else None."""
    begin, path = _parted(base)
    host, rest = _parted(link)
    return rest.removeprefix(path) if host == begin and rest.startswith(path) else None


def _parted(url: str) -> tuple[str, str]:
    """Return host and port, and all that follows."""
    found = _ORIGIN.match(url)
    return (_DEFAULT_PORT.sub("", found[1].lower()), url[found.end() :]) if found else ("", url)


def _is_bare(link: str) -> bool:
    path = link.partition("#")[0].partition("?")[0]
    return bool(path) and "/" not in path and ":" not in path and not path.startswith(".")


def moved_page(name: str, data: bytes, links: Links) -> bytes:
    """Return a page, ``index.html`` or the like, with other links."""
    if name.endswith("json"):
        page = _json(data)
        for file in page["files"]:
            file["url"] = links.to(file["url"])
        return json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()
    # any byte is a character of Latin-1, so what is not a link stays what it is in every encoding
    text = data.decode("latin-1")
    pieces, done = [], 0
    for start, end, link in _hrefs(text):
        if (moved := links.to(link)) != link:
            pieces += [text[done:start], f'"{html.escape(moved)}"']
            done = end
    return "".join([*pieces, text[done:]]).encode("latin-1")


def _json(data: bytes) -> dict[str, Any]:
    try:
        page = json.loads(data)
        if all(isinstance(file["url"], str) for file in page["files"]):
            return page  # type: ignore[no-any-return]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _UnreadablePageError(f"no JSON of PEP 691 ({type(error).__name__})") from error
    raise _UnreadablePageError("a file in it has no URL")


def _hrefs(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where the value of each link of an HTML page begins and ends, quotes included, and what it means."""
    place = 0
    while anchor := _ANCHOR.search(text, place):
        inside = _INSIDE.match(text, anchor.end())
        place = inside.end() if inside else anchor.end()
        if text[place : place + 1] != ">":
            place += 1  # a quote that is not closed, or the end
            continue
        at = anchor.end()
        while name := _NAME.match(text, at, place):
            at = name.end()
            value = _VALUE.match(text, at, place) if name[2] else None
            if value is None:
                continue
            at = value.end()
            if name[1].lower() == "href":
                yield value.start(), value.end(), html.unescape(value[0].strip("\"'"))


def offers_files(name: str, data: bytes) -> bool:
    """Tell whether a page has a link to a package; others (home pages) are for people."""
    paths = (re.split("[?#]", link, maxsplit=1)[0] for link in _links_in(name, data))
    return any(file_kind(unquote(path)) for path in paths)


def _links_in(name: str, data: bytes) -> Iterator[str]:
    if name.endswith("json"):
        yield from (file["url"] for file in _json(data)["files"])
        return
    yield from (link for _, _, link in _hrefs(data.decode("latin-1")))
