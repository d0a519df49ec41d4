"""Files of the caches of both servers, made by hand: tests/servers/test_cache_command.py shows that they are so."""

from __future__ import annotations

import base64
import hashlib
import struct
from pathlib import Path
from typing import Any

__all__ = [
    "FILE",
    "NOW",
    "PAGE",
    "apache_file",
    "apache_name",
    "keep",
    "keep_in_apache",
    "nginx_file",
    "nginx_name",
]

PAGE = "pages/public/six/v1_json/gzip/0123abcd"
FILE = "files/public/1-0123abcd/packages/ab/six-1.0-py3-none-any.whl"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
NOW = 1_800_000_000


def nginx_file(
    key: str = PAGE,
    *,
    version: int = 5,
    answer: bytes = ANSWER,
    body: bytes = b"page",
    fresh: int = 600,
    stale: int = 3600,
    variant: bytes = bytes(16),
) -> bytes:
    """The bytes of a file of nginx's cache on a machine with 64 bits."""
    prefix = b"\nKEY: " + key.encode() + b"\n"
    start = 336 + len(prefix)
    times = (NOW + fresh, 0, stale, -1, NOW)
    header = struct.pack("<Q5q", version, *times)
    header += struct.pack("<IHHH", 0, 0, start, start + len(answer)) + bytes(258) + variant
    return header.ljust(336, b"\0") + prefix + answer + body


def nginx_name(key: str = PAGE) -> str:
    """Where it lies, with ``levels=1:2``."""
    digest = hashlib.md5(key.encode()).hexdigest()
    return f"{digest[-1]}/{digest[-3:-1]}/{digest}"


def apache_file(
    url: str = f"http://packages.example.org/-/{PAGE}?",
    *,
    number: int = 6,
    status: int = 200,
    length: int | None = None,
    fresh: int = 600,
) -> bytes:
    """The bytes of a header file of httpd's cache on a machine with 64 bits."""
    moment = NOW * 1_000_000
    info = struct.pack("<IiQQ", number, status, len(url) if length is None else length, 0)
    info += struct.pack("<4q", moment, moment + fresh * 1_000_000, moment, moment)
    info += struct.pack("<QQI4xI4x4q", 1, 2, 1, 1, 600, 0, 0, 0)
    return info + url.encode() + b"Content-Type: text/html\r\n\r\n"


def apache_name(url: str = f"http://packages.example.org/-/{PAGE}?") -> str:
    """Where it lies, with two levels of one character."""
    name = base64.b64encode(hashlib.md5(url.encode()).digest(), b"_@").decode().rstrip("=")
    return f"{name[0]}/{name[1]}/{name[2:]}.header"


def keep(directory: Path, key: str, body: bytes = b"page", **options: Any) -> Path:
    """Write a copy into a cache directory of nginx, and return its path."""
    path = directory / nginx_name(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(nginx_file(key, body=body, **options))
    return path


def keep_in_apache(directory: Path, key: str, body: bytes = b"page", **options: Any) -> Path:
    """Write a copy into a cache directory of httpd, and return the path of its header file."""
    url = f"http://packages.example.org/-/{key}?"
    path = directory / apache_name(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(apache_file(url, **options))
    path.with_suffix(".data").write_bytes(body)
    return path
