"""As much of PyPI, of 2010 and of today, as the mirroring programs ask for; on 127.0.0.1, in a thread.

XML-RPC with and without serials, the simple index in HTML and JSON, the JSON API, signatures, files with an ETag.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xmlrpc.server import SimpleXMLRPCDispatcher

from packaging.utils import canonicalize_name

from tests.systems.packages import VERSION, Package

__all__ = ["FakePypi", "fake_pypi"]

_JSON = "application/vnd.pypi.simple.v1+json"
_SERIAL = 5
#: pep381client leaves a file alone without.
_ETAG = {"ETag": '"e"'}


class FakePypi:
    """What there is, and where."""

    def __init__(self, directory: Path, packages: tuple[Package, ...]) -> None:
        self.directory = directory
        self.projects = {
            package.name: sorted(
                path.name
                for path in directory.iterdir()
                if canonicalize_name(re.split(r"-\d", path.name)[0])
                == canonicalize_name(package.name)
            )
            for package in packages
        }
        self.url = ""
        """Without a final slash."""
        self.rpc: Any = SimpleXMLRPCDispatcher(allow_none=True)
        self.rpc.register_function(lambda: list(self.projects), "list_packages")
        self.rpc.register_function(
            lambda _since: [[name, VERSION, "0", "add source file"] for name in self.projects],
            "changelog",
        )
        self.rpc.register_function(
            lambda: dict.fromkeys(self.projects, _SERIAL), "list_packages_with_serial"
        )
        self.rpc.register_function(lambda _serial: [], "changelog_since_serial")
        self.rpc.register_function(lambda: _SERIAL, "changelog_last_serial")

    def named(self, raw: str) -> str | None:
        """Return the project that is called like this, in any spelling."""
        wanted = canonicalize_name(raw)
        return next((name for name in self.projects if canonicalize_name(name) == wanted), None)

    def digest(self, file: str, algorithm: str) -> str:
        """Return a hash of a file."""
        return hashlib.new(algorithm, (self.directory / file).read_bytes()).hexdigest()

    def page(self, name: str) -> bytes:
        """Return the HTML page of a project as PyPI of 2010 had it."""
        anchors = "".join(
            f'<a href="../../packages/source/{name[0]}/{name}/{file}#md5={self.digest(file, "md5")}">'
            f"{file}</a><br/>\n"
            for file in self.projects[name]
        )
        head = f"<html><head><title>Links for {name}</title></head><body><h1>Links for {name}</h1>"
        return f"{head}\n{anchors}</body></html>\n".encode()

    def page_json(self, name: str) -> bytes:
        """Return the page of a project by PEP 691."""
        files = [
            {
                "filename": file,
                "url": f"{self.url}/packages/source/{name[0]}/{name}/{file}",
                "hashes": {"sha256": self.digest(file, "sha256")},
                "requires-python": None,
                "core-metadata": False,
                "yanked": False,
            }
            for file in self.projects[name]
        ]
        meta = {"api-version": "1.0", "_last-serial": _SERIAL}
        return json.dumps({"meta": meta, "name": canonicalize_name(name), "files": files}).encode()

    def release(self, name: str) -> bytes:
        """Return the answer of the JSON API."""
        files = []
        for file in self.projects[name]:
            digest = self.digest(file, "sha256")
            files.append(
                {
                    "filename": file,
                    "url": f"{self.url}/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{file}",
                    "digests": {"sha256": digest, "md5": self.digest(file, "md5")},
                    "md5_digest": self.digest(file, "md5"),
                    "size": (self.directory / file).stat().st_size,
                    "upload_time": "2026-01-01T00:00:00",
                    "upload_time_iso_8601": "2026-01-01T00:00:00.000000Z",
                    "requires_python": ">=3",
                    "yanked": False,
                    "yanked_reason": None,
                    "packagetype": "bdist_wheel" if file.endswith(".whl") else "sdist",
                    "python_version": "py3" if file.endswith(".whl") else "source",
                }
            )
        info = {"name": name, "version": VERSION}
        whole = {"info": info, "last_serial": _SERIAL, "releases": {VERSION: files}, "urls": []}
        return json.dumps(whole).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    pypi: FakePypi

    def log_message(self, *_arguments: object) -> None: ...

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._send(self.pypi.rpc._marshaled_dispatch(body), "text/xml")

    def do_GET(self) -> None:
        wants_json = _JSON in self.headers.get("Accept", "")
        if re.fullmatch("/simple/?", self.path):
            return self._root(wants_json)
        if found := re.fullmatch(r"/(simple|serversig|pypi)/([^/]+)(?:/json)?/?", self.path):
            name = self.pypi.named(found[2])
            if name is not None:
                return self._project(found[1], name, wants_json)
        if found := re.fullmatch(r"/packages/.*/([^/]+)", self.path):
            file = self.pypi.directory / found[1]
            if file.is_file():
                return self._send(file.read_bytes(), "application/octet-stream", headers=_ETAG)
        return self._send(b"not here", "text/plain", status=404)

    do_HEAD = do_GET  # noqa: N815 - the name is that of http.server

    def _root(self, wants_json: bool) -> None:
        names = list(self.pypi.projects)
        if wants_json:
            projects = [{"name": name, "_last-serial": _SERIAL} for name in names]
            meta = {"api-version": "1.1", "_last-serial": _SERIAL}
            return self._send(json.dumps({"meta": meta, "projects": projects}).encode(), _JSON)
        anchors = "".join(f'<a href="{name}/">{name}</a><br/>' for name in names)
        return self._send(f"<html><body>{anchors}</body></html>".encode(), "text/html")

    def _project(self, what: str, name: str, wants_json: bool) -> None:
        if what == "serversig":
            return self._send(b"\x30signature", "application/octet-stream")
        if what == "pypi":
            serial = {"X-PyPI-Last-Serial": str(_SERIAL)}
            return self._send(self.pypi.release(name), "application/json", headers=serial)
        if wants_json:
            return self._send(self.pypi.page_json(name), _JSON)
        return self._send(self.pypi.page(name), "text/html")

    def _send(
        self, body: bytes, kind: str, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextlib.contextmanager
def fake_pypi(directory: Path, packages: tuple[Package, ...]) -> Iterator[FakePypi]:
    """Have one, with the files of a directory."""
    pypi = FakePypi(directory, packages)
    handler = type("Handler", (_Handler,), {"pypi": pypi})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        pypi.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield pypi
        server.shutdown()
        thread.join()
