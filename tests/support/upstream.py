"""A public index as PyPI is one: pages, and another host for the files that they link to.

Two servers on the loopback interface that record what they are asked and fail as they are told (see ``recorder``):
the index (PEP 503 HTML and PEP 691 JSON, by Accept) and the file host.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Literal
from urllib.parse import quote, unquote

from packaging.utils import canonicalize_name

from tests.support.certificates import Certificate
from tests.support.exchange import ELSEWHERE, Mode, Recorded, Reply
from tests.support.ports import HOST
from tests.support.recorder import Recorder

__all__ = [
    "ELSEWHERE",
    "FileHost",
    "Index",
    "Links",
    "Mode",
    "Recorded",
    "Recorder",
    "Reply",
    "upstream",
]

Links = Literal["absolute", "packages", "devpi", "beside"]

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
V1_HTML_TYPE = "application/vnd.pypi.simple.v1+html"

_BLOCK = b"0123456789abcdef" * 4096


class Index(Recorder):
    """An index of projects, and (as :attr:`files`) the host of their files."""

    name = "index"

    def __init__(
        self,
        projects: Mapping[str, Mapping[str, bytes]],
        links: Links = "absolute",
        mount: str = "/simple/",
        tls: Certificate | None = None,
        files_tls: Certificate | None = None,
        host_name: str = HOST,
    ) -> None:
        """
        :param projects: project name (canonical) -> file name -> content.
        :param links: ``absolute`` to the file host; ``packages``: ``../../packages/...``; ``devpi``: ``../../+f/...``;
            ``beside``: bare file names.
        :param mount: path of the index; for devpi something like ``/team/pypi/+simple/``.
        """
        super().__init__(tls, host_name)
        self.mount = mount
        self.links = links
        self.projects: dict[str, dict[str, bytes]] = {}
        self.files = FileHost(files_tls or tls, host_name)
        self.extra: dict[str, bytes] = {}
        """Text to put into the HTML and JSON page of a project, to make pages large or odd."""
        self.headers: dict[str, str] = {}
        """Headers of pages, instead of those that PyPI sends or beside them."""
        for name, files in projects.items():
            self.add(name, files)

    def add(self, project: str, files: Mapping[str, bytes]) -> None:
        """A project more, or with other files; the old files stay where they were, as at PyPI."""
        self.projects[canonicalize_name(project)] = dict(files)
        for name, content in files.items():
            self.files.content[self.file_path(name, content)] = content

    @property
    def url(self) -> str:
        """The URL of the index."""
        return self.origin + self.mount

    def file_path(self, name: str, content: bytes) -> str:
        """The path of a file on the file host, as PyPI makes it from the hash."""
        digest = hashlib.sha256(content).hexdigest()
        return f"/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{name}"

    def link(self, name: str, content: bytes) -> str:
        """The link to a file in a page, without the fragment."""
        path = quote(self.file_path(name, content))
        if self.links == "beside":
            return quote(name)
        if self.links == "absolute":
            return self.files.origin + path
        if self.links == "packages":
            return f"../..{path}"
        return f"../../+f{path.removeprefix('/packages')}"

    def page(self, project: str, representation: str) -> bytes:
        """The page as it is sent: ``html``, ``v1html`` or ``json``."""
        files = self.projects[canonicalize_name(project)]
        rows = [
            (n, self.link(n, c), hashlib.sha256(c).hexdigest(), len(c)) for n, c in files.items()
        ]
        extra = self.extra.get(project, b"").decode()
        if representation == "json":
            entries = [
                {"filename": n, "url": url, "hashes": {"sha256": digest}, "size": size}
                for n, url, digest, size in rows
            ]
            page: dict[str, Any] = {
                "meta": {"api-version": "1.0"},
                "name": project,
                "files": entries,
            }
            return json.dumps({**page, "_extra": extra} if extra else page).encode()
        anchors = "".join(
            f'<a href="{escape(url)}#sha256={digest}">{escape(n)}</a><br/>\n'
            for n, url, digest, _ in rows
        )
        return f"<!DOCTYPE html><html><body>\n{anchors}{extra}</body></html>\n".encode()

    @property
    def documents(self) -> str:
        """The path below which the legacy JSON lies, for an index at ``.../simple/``."""
        return f"{self.mount.removesuffix('simple/')}pypi/"

    def document(self, project: str) -> bytes:
        """The legacy JSON of a project."""
        files = self.projects[canonicalize_name(project)]
        urls = [
            {
                "filename": name,
                "url": self.files.origin + quote(self.file_path(name, content)),
                "digests": {"sha256": hashlib.sha256(content).hexdigest()},
            }
            for name, content in files.items()
        ]
        info = {"name": project, "project_url": f"{self.origin}/project/{project}/"}
        extra = self.extra.get(project, b"").decode()
        return json.dumps({"info": {**info, "summary": extra}, "urls": urls}).encode()

    def reply(self, request: Recorded) -> Reply:
        """A page, a redirect to the canonical name like PyPI's, a file of the relative link styles, or 404."""
        path = unquote(request.target.partition("?")[0])
        if found := re.fullmatch(f"{re.escape(self.documents)}([^/]+)/json", path):
            return self._document_reply(found[1], request)
        relative = self._relative_file(path)
        if relative is not None:
            return self.files.file_reply(relative, request)
        found = re.fullmatch(re.escape(self.mount) + "([^/]+)(/?)", path)
        if not found:
            return Reply(404, {"Content-Type": "text/plain"}, b"no such page")
        name, slash = found.groups()
        if name == _respelt(name):
            name = canonicalize_name(name)
        if not slash or canonicalize_name(name) != name:
            return Reply(301, {"Location": f"{self.mount}{canonicalize_name(name)}/"})
        if name not in self.projects:
            return Reply(404, {"Content-Type": "text/plain"}, b"no such project")
        representation, media_type = _negotiate(request.headers.get("accept", "*/*"))
        return self._conditional(request, self.page(name, representation), media_type)

    def _document_reply(self, name: str, request: Recorded) -> Reply:
        if name == _respelt(name):
            name = canonicalize_name(name)
        if canonicalize_name(name) != name:
            return Reply(301, {"Location": f"{self.documents}{canonicalize_name(name)}/json"})
        if name not in self.projects:
            return Reply(404, {"Content-Type": "text/plain"}, b"no such project")
        return self._conditional(request, self.document(name), "application/json")

    def _conditional(self, request: Recorded, body: bytes, media_type: str) -> Reply:
        headers = {
            "Content-Type": media_type,
            "ETag": f'"{hashlib.sha256(body).hexdigest()[:16]}"',
            "Vary": "Accept",
            "X-PyPI-Last-Serial": "7",
            "Set-Cookie": "upstream=1",
            "Cache-Control": "max-age=600, public",
            **self.headers,
        }
        # compared weakly (RFC 9110, 13.1.2)
        if request.headers.get("if-none-match", "").removeprefix("W/") == headers["ETag"]:
            return Reply(304, headers)
        return Reply(200, headers, body)

    def respelt(self, request: Recorded) -> str | None:
        """The name in capitals, as an index on a file system with raw names has it."""
        document = re.fullmatch(f"{re.escape(self.documents)}([^/]+)/json", request.target)
        if document and document[1] != _respelt(document[1]):
            return f"{self.documents}{_respelt(document[1])}/json"
        found = re.fullmatch(re.escape(self.mount) + "([^/]+)/", request.target)
        if not found or found[1] == _respelt(found[1]):
            return None
        return f"{self.mount}{_respelt(found[1])}/"

    def _relative_file(self, path: str) -> str | None:
        parent = self.mount.rstrip("/").rpartition("/")[0]
        if self.links == "packages" and path.startswith(f"{parent}/packages/"):
            return path.removeprefix(parent)
        if self.links == "devpi" and path.startswith(f"{parent}/+f/"):
            return "/packages/" + path.removeprefix(f"{parent}/+f/")
        project, slash, file = path.removeprefix(self.mount).partition("/")
        if self.links == "beside" and path.startswith(self.mount) and slash and file:
            content = self.projects.get(project, {}).get(file)
            return self.file_path(file, content) if content is not None else "/nothing"
        return None


class FileHost(Recorder):
    """Serves :attr:`content` (path -> bytes) with HEAD and Range."""

    name = "files"

    def __init__(self, tls: Certificate | None = None, host_name: str = HOST) -> None:
        super().__init__(tls, host_name)
        self.content: dict[str, bytes] = {}
        self.large: dict[str, int] = {}
        """Path -> size of files that are made while they are sent."""
        self.sent: dict[str, int] = {}
        """Path -> bytes of a large file that are on their way."""

    def stream(self, request: Recorded) -> tuple[Reply, Iterator[bytes]] | None:
        """A large file, block by block."""
        path = unquote(request.target.partition("?")[0])
        if path not in self.large:
            return None
        headers = {"Content-Type": "binary/octet-stream", "ETag": '"large"'}
        headers["Content-Length"] = str(self.large[path])
        return Reply(200, headers), self._blocks(path)

    def _blocks(self, path: str) -> Iterator[bytes]:
        self.sent[path] = 0
        for block in itertools.repeat(_BLOCK, self.large[path] // len(_BLOCK)):
            self.sent[path] += len(block)
            yield block

    def reply(self, request: Recorded) -> Reply:
        """A file or 404."""
        return self.file_reply(unquote(request.target.partition("?")[0]), request)

    def file_reply(self, path: str, request: Recorded) -> Reply:
        """The file at ``path``, whole or the range that was asked for."""
        content = self.content.get(path)
        if content is None:
            return Reply(404, {"Content-Type": "text/plain"}, b"no such file")
        headers = {
            "Content-Type": "binary/octet-stream",
            "Accept-Ranges": "bytes",
            "ETag": f'"{hashlib.sha256(content).hexdigest()[:16]}"',
            "Cache-Control": "max-age=365000000, immutable, public",
        }
        span = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
        first, last = span.groups() if span else ("", "")
        if not (first or last) or (first and last and int(last) < int(first)):
            return Reply(
                200, headers, content
            )  # no range, or none that means anything (RFC 9110, 14.1.1)
        start = int(first) if first else max(0, len(content) - int(last))
        end = min(int(last), len(content) - 1) if first and last else len(content) - 1
        if start >= len(content):
            return Reply(416, {"Content-Range": f"bytes */{len(content)}"})
        headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
        return Reply(206, headers, content[start : end + 1])


@contextlib.contextmanager
def upstream(index: Index) -> Iterator[Index]:
    """Listen with the index and its file host; both are closed at the end."""
    index.open()
    index.files.open()
    try:
        yield index
    finally:
        index.refuse()
        index.files.refuse()


def _respelt(name: str) -> str:
    return name.upper()


def _negotiate(accept: str) -> tuple[str, str]:
    """PyPI's choice is by q value; the proxies under test ask for one type first, so order is enough here."""
    for media_type in (part.split(";")[0].strip() for part in accept.split(",")):
        if media_type == JSON_TYPE:
            return "json", JSON_TYPE
        if media_type == V1_HTML_TYPE:
            return "v1html", V1_HTML_TYPE
        if media_type in ("text/html", "*/*"):
            break
    return "html", "text/html; charset=UTF-8"
