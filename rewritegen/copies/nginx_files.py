"""The files of nginx's cache: a header of fixed size, the key, and the answer as it came.

Source: ``ngx_http_file_cache_header_t`` in nginx's ``ngx_http_cache.h``, version 5, which nginx 1.18 to 1.31 write. A
file is called like the MD5 of its key, or of a variant when the answer has a ``Vary``.
"""

from __future__ import annotations

import hashlib
import re
import struct

from rewritegen.copies.entries import LATEST, Entry, read_key

__all__ = ["NAME", "read_nginx"]

NAME = re.compile("[0-9a-f]{32}")

_VERSION = 5
# ngx_uint_t version; time_t valid_sec, updating_sec, error_sec, last_modified, date; uint32_t crc32;
# u_short valid_msec, header_start, body_start; u_char etag_len, etag[128], vary_len, vary[128], variant[16]
_HEADER = struct.Struct("@N5lI3H129s129s16s0N")
_KEY = b"\nKEY: "
_STATUS = re.compile(rb"HTTP/[0-9.]+ ([0-9]{3})[ \r\n]")


def read_nginx(path: str, head: bytes, size: int) -> Entry | None:
    """Return the copy in a file, or None when it is none, of another format, or of another key.

    :param path: of the file, relative to the cache directory.
    :param head: the first bytes of the file.
    """
    if len(head) < _HEADER.size + len(_KEY):
        return None
    version, valid, _, error, _, date, _, _, start, body, _, _, variant = _HEADER.unpack_from(head)
    text = _HEADER.size + len(_KEY)
    key = head[text : start - 1]
    if version != _VERSION or head[_HEADER.size : text] != _KEY or head[start - 1 : start] != b"\n":
        return None
    name = path.rpartition("/")[2]
    digest = hashlib.md5(key, usedforsecurity=False).hexdigest()
    known = read_key(key.decode("latin-1"))
    status = _STATUS.match(head, start)
    if known is None or status is None or name not in (digest, variant.hex()) or body > size:
        return None
    if not all(0 <= moment <= LATEST for moment in (date, valid, error)):
        return None
    return Entry(
        key=known,
        program="nginx",
        status=int(status[1]),
        size=size,
        since=date,
        fresh_until=valid,
        stands_until=min(valid + error, LATEST),
        paths=(path,),
        body=(path, body),
    )
