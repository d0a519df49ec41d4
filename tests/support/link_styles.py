"""An index for each style in which links are written: by kind, and by how a page may spell them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.dists import wheel_bytes
from tests.support.upstream import Index

__all__ = [
    "COMPANIONS",
    "CONTENT",
    "FILE",
    "JSON",
    "NAME",
    "PROVENANCE",
    "STYLES",
    "TEXT",
    "Style",
    "Styled",
]

JSON = "application/vnd.pypi.simple.v1+json"
NAME = "linked"
FILE = "linked-1.0-py3-none-any.whl"
CONTENT = wheel_bytes(NAME, "1.0")
#: What belongs to a file and is found by its URL: metadata (PEP 658), signatures, provenance (PEP 740, first form).
COMPANIONS = {end: f"{end} of the file".encode() for end in (".metadata", ".asc", ".provenance")}
#: Provenance as PyPI and pulp have it: elsewhere on the host of the index.
PROVENANCE = f"/integrity/{NAME}/1.0/{FILE}/provenance"
#: Text that looks like a link and is none: it must arrive as it is.
TEXT = "see ../../ and // and ..\\/ are text; so is https://elsewhere.example.org/packages/"

Link = Callable[["Styled", str], str]


@dataclass(frozen=True, slots=True)
class Style:
    """How an index links to a file: the kind in the site file, the link in a page, and how JSON writes it."""

    id: str
    kind: str
    link: Link
    escaped: bool = False
    quote: str = '"'
    files: tuple[str, ...] = ()
    """What of the file host is declared."""


def absolute(index: Styled, path: str) -> str:
    return index.files.origin + path


def shouted(index: Styled, path: str) -> str:
    return index.files.origin.upper() + path


def without_scheme(index: Styled, path: str) -> str:
    return index.files.origin.partition(":")[2] + path


def own_host(index: Styled, path: str) -> str:
    return index.origin + path


def parents(_: Styled, path: str) -> str:
    return f"../..{path}"


def stage(_: Styled, path: str) -> str:
    return f"../../+f{path.removeprefix('/packages')}"


def upwards(_: Styled, path: str) -> str:
    return f"../../..{path}"


def bare(_: Styled, path: str) -> str:
    return path.rpartition("/")[2]


def rooted(_: Styled, path: str) -> str:
    return path


ALL = ("/",)
STYLES = (
    Style("pypi, absolute", "pypi", absolute, files=ALL),
    Style("pypi, capitals", "pypi", shouted, files=ALL),
    Style("pypi, without scheme", "pypi", without_scheme, files=ALL),
    Style("pypi, escaped slashes", "pypi", absolute, escaped=True, files=ALL),
    Style("pypi, without scheme, escaped", "pypi", without_scheme, escaped=True, files=ALL),
    Style("pypi, single quotes", "pypi", without_scheme, quote="'", files=ALL),
    Style("pypi, one file host below another", "pypi", absolute, files=("/", "/packages/")),
    Style("simple, parents", "simple", parents),
    Style("simple, own host", "simple", own_host),
    Style("simple, parents, single quotes", "simple", parents, quote="'"),
    Style("simple, file host", "simple", absolute, files=ALL),
    Style("bandersnatch", "bandersnatch", parents),
    Style("bandersnatch, escaped slashes", "bandersnatch", parents, escaped=True),
    Style("artifactory, parents", "artifactory", parents),
    Style("artifactory, own host", "artifactory", own_host),
    Style("devpi", "devpi", stage),
    Style("devpi, escaped slashes", "devpi", stage, escaped=True),
    Style("eggproxy", "eggproxy", bare),
    Style("proxpi", "proxpi", bare),
    Style("pypiserver", "pypiserver", rooted),
    # one of the two relative beginnings of this kind begins with the other
    Style("rewritegen, deep", "rewritegen", upwards),
    Style("rewritegen, beside the index", "rewritegen", parents),
)


class Styled(Index):
    """An index with one project, whose link is written in one style."""

    def __init__(self, style: Style) -> None:
        links = {"pypi": "absolute", "devpi": "devpi"}.get(style.kind, "packages")
        mounts = {"devpi": "/team/pypi/+simple/", "rewritegen": "/deep/simple/"}
        mount = mounts.get(style.kind, "/simple/")
        super().__init__({NAME: {FILE: CONTENT}}, links=links, mount=mount)  # type: ignore[arg-type]
        self.style = style
        self.padding = 0
        path = self.file_path(FILE, CONTENT)
        self.files.content |= {path + end: content for end, content in COMPANIONS.items()}
        self.files.content |= {PROVENANCE: b"who made it", f"{PROVENANCE}/": b"who made it"}

    def page(self, project: str, representation: str) -> bytes:
        """The page; ``padding`` entries more make it large."""
        link = self.style.link(self, self.file_path(FILE, CONTENT))
        if representation == "json":
            entry: dict[str, Any] = {"filename": FILE, "url": link, "hashes": {}, "yanked": TEXT}
            entry |= {"core-metadata": True, "provenance": self.origin + PROVENANCE}
            page = json.dumps({"name": project, "files": [entry] * (1 + self.padding)})
            return (page.replace("/", "\\/") if self.style.escaped else page).encode()
        quote = self.style.quote
        more = f'data-core-metadata="true" data-provenance="{self.origin}{PROVENANCE}/"'
        anchor = f"<a href={quote}{link}#sha256=0{quote} {more}>{FILE}</a> {TEXT}\n"
        return f"<!DOCTYPE html>{anchor * (1 + self.padding)}".encode()

    def _relative_file(self, path: str) -> str | None:
        if path.startswith(PROVENANCE):
            return path
        if self.style.link is upwards and path.startswith("/packages/"):
            return path
        if self.style.link is bare and path.startswith(f"{self.mount}{NAME}/{FILE}"):
            return self.file_path(FILE, CONTENT) + path.partition(FILE)[2]
        return super()._relative_file(path)

    @property
    def setting(self) -> dict[str, Any]:
        """The fallback in the site file."""
        files = [self.files.origin + path for path in self.style.files]
        name = "".join(c if c.isalnum() else "-" for c in self.style.id).replace("--", "-")
        return {"name": name, "proxy": self.url, "kind": self.style.kind, "files": files}
