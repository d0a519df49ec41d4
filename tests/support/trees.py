"""Trees on disk as the real tools make them, from file contents.

Small, but of the same shape as the recorded output of bandersnatch 6.8.0 and pep381client 1.5. Every function takes
``project name -> file name -> content``; where the tool keeps names as registered, the names are taken as given.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from html import escape
from pathlib import Path

from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

__all__ = [
    "Files",
    "Projects",
    "bandersnatch",
    "flat",
    "pep381client",
    "projects",
    "pypimirror",
    "static",
]

Files = Mapping[str, bytes]
Projects = Mapping[str, Files]


def projects(root: Path, content: Projects) -> Path:
    """Layout ``projects``: one directory per project, named as given, files in it."""
    for name, files in content.items():
        for file, data in files.items():
            _write(root / name / file, data)
    return root


def flat(root: Path, content: Projects) -> Path:
    """Layout ``flat``: the files of all projects in one directory."""
    for files in content.values():
        for file, data in files.items():
            _write(root / file, data)
    return root


def static(root: Path, content: Projects, representations: tuple[str, ...] = ("html",)) -> Path:
    """Layout ``static``: ``NAME/index.*`` with bare links, the files beside the page."""
    for name, files in content.items():
        _pages(root / name, name, {file: file for file in files}, files, "sha256", representations)
        for file, data in files.items():
            _write(root / name / file, data)
    return root


def pypimirror(root: Path, content: Projects, base_url: str) -> Path:
    """z3c.pypimirror's: names as registered, HTML only, absolute links, md5, the files beside the page."""
    for name, files in content.items():
        links = {file: f"{base_url}{name}/{file}" for file in files}
        _pages(root / name, name, links, files, "md5", ("html",))
        for file, data in files.items():
            _write(root / name / file, data)
    _write(root / "pypi-poll-access.lock", b"")
    return root


def bandersnatch(web: Path, content: Projects, hash_index: bool = False) -> Path:
    """bandersnatch's ``web/``: canonical names, three representations, ``../../packages/aa/bb/REST/FILE``."""
    for name, files in content.items():
        canonical = canonicalize_name(name)
        directory = web / "simple" / (f"{canonical[0]}/{canonical}" if hash_index else canonical)
        links = {}
        for file, data in files.items():
            digest = hashlib.blake2b(data, digest_size=32).hexdigest()
            path = f"packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{file}"
            _write(web / path, data)
            links[file] = f"../../{path}"
        _pages(directory, name, links, files, "sha256", ("html", "v1_html", "v1_json"))
        document = json.dumps({"info": {"name": name}, "releases": {}, "urls": []}).encode()
        _write(web / "json" / canonical, document)
        _write(web / "pypi" / canonical / "json", document)
    _write(
        web / "simple" / "index.html", b"<!DOCTYPE html><html><body>the mirror's list</body></html>"
    )
    return web


def pep381client(web: Path, content: Projects) -> Path:
    """pep381client's ``web/``: names as registered, HTML only, ``../../packages/KIND/N/NAME/FILE``, md5."""
    for name, files in content.items():
        links = {}
        for file, data in files.items():
            kind = "py3" if file.endswith(".whl") else "source"
            path = f"packages/{kind}/{name[0]}/{name}/{file}"
            _write(web / path, data)
            links[file] = f"../../{path}"
        _pages(web / "simple" / name, name, links, files, "md5", ("html",))
    return web


def _pages(
    directory: Path,
    name: str,
    links: Mapping[str, str],
    files: Files,
    algorithm: str,
    suffixes: tuple[str, ...],
) -> None:
    digests = {file: hashlib.new(algorithm, data).hexdigest() for file, data in files.items()}
    for suffix in suffixes:
        if suffix == "v1_json":
            text = _json_page(name, links, files, digests)
        else:
            anchors = "".join(
                f'    <a href="{escape(links[file])}#{algorithm}={digests[file]}">{escape(file)}</a>'
                "<br/>\n"
                for file in files
            )
            # the suffix makes the bytes of each representation its own
            title = f"<title>Links for {escape(name)} ({suffix})</title>"
            text = f"<!DOCTYPE html>\n<html><head>{title}</head><body>\n{anchors}</body></html>\n"
        _write(directory / f"index.{suffix}", text.encode())


def _json_page(
    name: str, links: Mapping[str, str], files: Files, digests: Mapping[str, str]
) -> str:
    entries = [
        {
            "filename": file,
            "url": links[file],
            "hashes": {"sha256": digests[file]},
            "size": len(data),
            "upload-time": "2026-01-01T00:00:00.000000Z",
        }
        for file, data in files.items()
    ]
    page = {
        "meta": {"api-version": "1.1"},
        "name": canonicalize_name(name),
        "versions": sorted({_version(file) for file in files}),
        "files": entries,
    }
    return json.dumps(page)


def _version(file: str) -> str:
    if file.endswith(".whl"):
        return str(parse_wheel_filename(file)[1])
    return str(parse_sdist_filename(file)[1])


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
