"""The project that a file belongs to, as its name says."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)

from rewritegen.names import InvalidNameError, parse_name

__all__ = ["COMPANIONS", "file_name", "project_of"]

#: What stands beside a file under its name and this ending: metadata (PEP 658), signature, attestations (PEP 740).
COMPANIONS = (".metadata", ".asc", ".provenance")

_BEFORE_VERSION = re.compile(r"(.+?)[-_]v?[0-9]")


def file_name(path: str) -> str:
    """Return the last part of a URL path, decoded."""
    return unquote(path.rpartition("/")[2])


def project_of(path: str) -> str:
    """Return the canonical name of the project that the file at a URL path belongs to; empty when nothing says it.

    Wheels and sdists say it (binary and source distribution format of packaging.python.org). Older kinds of files are
    called ``NAME-VERSION`` too; of others the directory above may be the project's.

    >>> project_of("ab/cd/My_Tool-1.0.tar.gz.asc"), project_of("m/my-tool/MyTool-latest.exe"), project_of("ab/x.bin")
    ('my-tool', 'my-tool', '')
    >>> project_of("integrity/my-tool/1.0/My_Tool-1.0.tar.gz/provenance")
    'my-tool'
    """
    path = re.sub("/provenance/?$", "", path)
    name = file_name(path)
    while name.endswith(COMPANIONS):
        name = name.rpartition(".")[0]
    return _of_file(name) or _of_directory(path)


@lru_cache(maxsize=1024)  # a file and its metadata come one after the other as often as not
def _of_file(name: str) -> str:
    try:
        if name.endswith(".whl"):
            return parse_wheel_filename(name)[0]
        if name.endswith((".tar.gz", ".zip")):
            return parse_sdist_filename(name)[0]
    except (InvalidWheelFilename, InvalidSdistFilename):
        pass
    match = _BEFORE_VERSION.match(name)
    return _canonical(match[1]) if match else ""


def _of_directory(path: str) -> str:
    parts = path.split("/")
    # one or two characters are a level of a tree, and so are the digits of a hash
    if len(parts) < 2 or re.fullmatch(r".{0,2}|[0-9a-f]{6,}", parts[-2]):
        return ""
    return _canonical(unquote(parts[-2]))


def _canonical(name: str) -> str:
    try:
        return parse_name(name)
    except InvalidNameError:
        return ""
