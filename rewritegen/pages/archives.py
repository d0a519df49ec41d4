"""The metadata file inside a wheel, egg or sdist. Nothing is extracted, and what is read is bounded.

Archives come from strangers. A zip may claim any number of members and any size; a tar must be decompressed up to the
file that is looked for. So the directory of a zip is measured before it is parsed, one member is read up to
:data:`MAX_METADATA` bytes, and at most :data:`MAX_UNPACKED` bytes of a tar are decompressed, a block at a time.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import BinaryIO

from packaging.utils import NormalizedName, canonicalize_name

from rewritegen.pages.filenames import FileKind

__all__ = [
    "MAX_METADATA",
    "MAX_UNPACKED",
    "BadArchiveError",
    "MetadataMissingError",
    "find_metadata",
]

#: Bytes of a METADATA or PKG-INFO file; the largest that are published hold pictures and stay below 4 MiB.
MAX_METADATA = 16 * 1024 * 1024

#: Decompressed bytes of a tar that are searched for its PKG-INFO; hatchling writes it as the last member.
MAX_UNPACKED = 1024 * 1024 * 1024

#: Bytes of the member list of a zip. Python keeps about ten times as much in memory; 8 MiB are some 80,000 members.
_MAX_DIRECTORY = 8 * 1024 * 1024

_BLOCK = 256 * 1024

#: Members that no bytes follow, whatever their header says (the rule of :mod:`tarfile`).
_WITHOUT_DATA = frozenset(
    {
        tarfile.LNKTYPE,
        tarfile.SYMTYPE,
        tarfile.DIRTYPE,
        tarfile.FIFOTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
    }
)

#: Everything that the standard library raises on a file that is not what it says.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    EOFError,
    NotImplementedError,  # a compression or zip version that nobody uses
    OverflowError,
    RuntimeError,  # an encrypted member
    ValueError,
    struct.error,
)


class BadArchiveError(ValueError):
    """Damaged, encrypted, or no archive at all; ``str()`` is the reason."""


class MetadataMissingError(ValueError):
    """The archive is readable and has no metadata, or more than one; ``str()`` is the reason."""


def find_metadata(file: BinaryIO, filename: str, kind: FileKind, project: NormalizedName) -> bytes:
    """Return the bytes of the METADATA (wheel) or PKG-INFO (egg, sdist) file, byte for byte.

    :param file: opened for reading, at its beginning, seekable.
    :param project: canonical name from the file name; a wheel's ``.dist-info`` must begin with it, as pip demands.
    :raises BadArchiveError: the archive cannot be read.
    :raises MetadataMissingError: it holds no metadata; an old sdist may do that, a wheel may not.
    """
    try:
        if kind == "wheel":
            return _from_zip(file, lambda names: _in_wheel(names, project))
        if kind == "egg":
            return _from_zip(file, _in_egg)
        if filename.endswith(".zip"):
            return _from_zip(file, _in_sdist)
        return _from_tar(file, filename)
    except MetadataMissingError:
        raise
    except _DAMAGE as error:
        raise BadArchiveError(_reason(error)) from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):
            raise
        # gzip.BadGzipFile, what bz2 says, and a zip that sends its reader to before the first byte
        raise BadArchiveError(_reason(error)) from error


def _reason(error: Exception) -> str:
    text = str(error).strip().rstrip(".").lower().splitlines()
    return text[0][:200] if text else type(error).__name__


def _from_zip(file: BinaryIO, choose: Callable[[list[str]], str]) -> bytes:
    _measure_directory(file)
    with zipfile.ZipFile(file) as archive:
        member = archive.getinfo(choose(archive.namelist()))
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadArchiveError("its metadata is compressed in a way that wheels may not use")
        if member.file_size > MAX_METADATA:
            raise MetadataMissingError(f"its metadata is larger than {MAX_METADATA} bytes")
        with archive.open(member) as content:
            data = content.read(MAX_METADATA + 1)
    if len(data) > MAX_METADATA:
        raise MetadataMissingError(f"its metadata is larger than {MAX_METADATA} bytes")
    return data


def _measure_directory(file: BinaryIO) -> None:
    """Refuse a zip whose member list would fill the memory (APPNOTE.TXT 4.3.14 to 4.3.16)."""
    end = file.seek(0, 2)
    start = max(0, end - 65_557)  # 22 bytes, a comment of 65,535 at most
    file.seek(start)
    tail = file.read()
    found = tail.rfind(b"PK\x05\x06")
    if found < 0 or len(tail) - found < 22:
        raise BadArchiveError("file is not a zip file")
    (size,) = struct.unpack_from("<L", tail, found + 12)
    if size == 0xFFFFFFFF:
        zip64 = tail.rfind(b"PK\x06\x06", 0, found)
        if zip64 < 0 or len(tail) - zip64 < 56:
            raise BadArchiveError("its zip64 directory cannot be found")
        (size,) = struct.unpack_from("<Q", tail, zip64 + 40)
    if size > _MAX_DIRECTORY:
        raise BadArchiveError(f"its list of members is larger than {_MAX_DIRECTORY} bytes")
    file.seek(0)


def _in_wheel(names: list[str], project: NormalizedName) -> str:
    """The rule of pip: one ``*.dist-info`` at the top, which begins with the project's name."""
    tops = {name.partition("/")[0] for name in names if "/" in name}
    infos = sorted(top for top in tops if top.endswith(".dist-info"))
    if len(infos) != 1:
        raise MetadataMissingError(f"{len(infos) or 'no'} `.dist-info` directories in it")
    if not canonicalize_name(infos[0]).startswith(project):
        raise MetadataMissingError("its `.dist-info` directory belongs to another project")
    return _only(names, f"{infos[0]}/METADATA")


def _in_egg(names: list[str]) -> str:
    return _only(names, "EGG-INFO/PKG-INFO")


def _in_sdist(names: list[str]) -> str:
    found = {name for name in names if name.count("/") == 1 and name.endswith("/PKG-INFO")}
    if len(found) != 1:
        raise MetadataMissingError(f"{len(found) or 'no'} `PKG-INFO` files at its top")
    return _only(names, found.pop())


def _only(names: list[str], wanted: str) -> str:
    """Two members of one name: the readers of this world differ on which one counts."""
    if names.count(wanted) != 1:
        raise MetadataMissingError(
            f"{names.count(wanted) or 'no'} `{wanted.rpartition('/')[2]}` in it"
        )
    return wanted


def _from_tar(file: BinaryIO, filename: str) -> bytes:
    if filename.endswith(".tar.bz2"):
        return _walk_tar(bz2.BZ2File(file))
    if filename.endswith(".tar.xz"):
        return _walk_tar(lzma.LZMAFile(file))
    return _walk_tar(gzip.GzipFile(fileobj=file, mode="rb"))


def _walk_tar(stream: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile) -> bytes:
    """Return the content of the first ``TOP/PKG-INFO``.

    Header by header instead of :func:`tarfile.open`, which reads extended headers of any size into memory. They are
    skipped: no tool needs one for so short a name.
    """
    unpacked = 0
    while unpacked < MAX_UNPACKED:
        block = stream.read(tarfile.BLOCKSIZE)
        if len(block) < tarfile.BLOCKSIZE and (block or not unpacked):
            raise BadArchiveError("it ends in the middle of a header")
        if not block.strip(b"\0"):
            raise MetadataMissingError("no `PKG-INFO` file at its top")
        member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        name = member.name.removeprefix("./")
        size = 0 if member.type in _WITHOUT_DATA else max(0, member.size)
        padded = -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
        if member.isreg() and name.count("/") == 1 and name.endswith("/PKG-INFO"):
            return _read_member(stream, size)
        unpacked += tarfile.BLOCKSIZE + _skip(stream, min(padded, MAX_UNPACKED - unpacked))
    raise MetadataMissingError(f"no `PKG-INFO` file in its first {MAX_UNPACKED} bytes")


def _read_member(stream: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile, size: int) -> bytes:
    if size > MAX_METADATA:
        raise MetadataMissingError(f"its metadata is larger than {MAX_METADATA} bytes")
    data = stream.read(size)
    if len(data) < size:
        raise BadArchiveError("it ends in the middle of its `PKG-INFO`")
    return data


def _skip(stream: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile, count: int) -> int:
    """Read on without keeping anything."""
    left = count
    while left > 0:
        got = len(stream.read(min(left, _BLOCK)))
        if not got:
            raise BadArchiveError("it ends in the middle of a file")
        left -= got
    return count
