"""The files of httpd's mod_cache_disk: ``X.header`` with the URL and the answer's headers, ``X.data`` with its body.

Source: ``disk_cache_info_t`` and ``cache_control_t`` in httpd's ``cache_disk_common.h`` and ``cache_common.h``, format
6, which httpd 2.4 writes. X is made from the MD5 of the URL (``ap_cache_generate_name`` in ``cache_util.c``), with
slashes in it. Where the answers have a ``Vary``, ``X.header`` is a list of header names (format 5), and the copies are
files of the same kind below ``X.header.vary``, called by what the request said.

How long a copy stands in is not in it: the configuration says that.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct

from rewritegen.copies.entries import LATEST, Entry, read_key

__all__ = ["HEADER", "body_of", "is_list", "read_apache"]

HEADER, _DATA = ".header", ".data"

_VARIANTS = ".header.vary/"

_FORMAT, _LIST_FORMAT = 6, 5
_LIST = struct.Struct("@I")
# apr_uint32_t format; int status; apr_size_t name_len, entity_version; apr_time_t date, expire, request_time,
# response_time; apr_ino_t inode; apr_dev_t device; bits; a cache_control_t of bits and four apr_int64_t
_INFO = struct.Struct("@IiNN4q2NI4xI4x4q")
_MICRO = 1_000_000
_URL = re.compile(rb"https?://[^?]*?/-/((?:pages|files)/[!->@-~]+)\?")


def is_list(head: bytes) -> bool:
    """Tell whether a header file is a list of header names, with copies below it."""
    return len(head) >= _LIST.size and _LIST.unpack_from(head)[0] == _LIST_FORMAT


def read_apache(path: str, head: bytes, size: int, stale: int) -> Entry | None:
    """Return the copy that a header file describes, or None when it is none, of another format, or of another URL.

    :param path: of the header file, relative to the cache directory.
    :param head: the first bytes of the file.
    :param size: of the header file and the data file.
    :param stale: how many seconds longer than it is fresh a page or file stands in.
    """
    if len(head) < _INFO.size:
        return None
    kind, status, length, _, _, expire, _, answered, *_ = _INFO.unpack_from(head)
    url = head[_INFO.size : _INFO.size + length]
    above, varies, _ = path.rpartition(_VARIANTS)
    named = above if varies else path.removesuffix(HEADER)
    match = _URL.fullmatch(url)
    if kind != _FORMAT or match is None or _name(url) != named.replace("/", ""):
        return None
    known = read_key(match[1].decode("ascii"))
    if known is None or not all(0 <= one <= LATEST * _MICRO for one in (expire, answered)):
        return None
    data = body_of(path)
    return Entry(
        key=known,
        program="apache",
        status=status,
        size=size,
        since=answered // _MICRO,
        fresh_until=expire // _MICRO,
        stands_until=expire // _MICRO + (stale if status == 200 else 0),
        paths=(path, data, *([above + HEADER] if varies else [])),
        body=(data, 0),
    )


def body_of(path: str) -> str:
    """Return the data file that belongs to a header file."""
    return path.removesuffix(HEADER) + _DATA


def _name(url: bytes) -> str:
    """Return the name of the files of a URL, without slashes."""
    digest = hashlib.md5(url, usedforsecurity=False).digest()
    return base64.b64encode(digest, b"_@").decode("ascii").rstrip("=")
