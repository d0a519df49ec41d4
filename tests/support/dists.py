"""Small wheels, sdists and eggs that are valid, or wrong in just the way that is asked for; always the same bytes.

>>> make_wheel(directory, "Acme_Foo", "1.0", requires=["acme-bar"])      # acme_foo-1.0-py3-none-any.whl
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

__all__ = [
    "make_egg",
    "make_sdist",
    "make_wheel",
    "metadata_text",
    "sdist_bytes",
    "wheel_bytes",
    "zip_bytes",
]

_MOMENT = (2024, 1, 2, 3, 4, 6)


def metadata_text(
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    requires_python: str = "",
    metadata_version: str = "2.1",
    extra: str = "",
    description: str = "",
) -> bytes:
    """Return METADATA or PKG-INFO; ``extra`` are further header lines, each with its newline."""
    lines = [f"Metadata-Version: {metadata_version}", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Python: {requires_python}"] if requires_python else []
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    head = "".join(f"{line}\n" for line in lines) + extra
    return f"{head}\n{description}".encode()


def wheel_bytes(
    name: str,
    version: str,
    *,
    metadata: bytes | None = None,
    members: Mapping[str, bytes] | None = None,
    **fields: object,
) -> bytes:
    """Return a pure-Python wheel with one module; ``fields`` are those of :func:`metadata_text`."""
    stem = name.replace("-", "_").replace(".", "_")
    info = f"{stem}-{version}.dist-info"
    if metadata is None:
        metadata = metadata_text(name, version, **fields)  # type: ignore[arg-type]
    content = {
        f"{stem.lower()}.py": f"VERSION = {version!r}\n".encode(),
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **(members or {}),
    }
    record = "".join(_record_line(path, data) for path, data in content.items())
    content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return zip_bytes(content)


def make_wheel(
    directory: Path, name: str, version: str, *, filename: str = "", **options: object
) -> Path:
    """Write a wheel into a directory, which is made; ``options`` are those of :func:`wheel_bytes`."""
    stem = name.replace("-", "_").replace(".", "_")
    path = directory / (filename or f"{stem}-{version}-py3-none-any.whl")
    return _write(path, wheel_bytes(name, version, **options))  # type: ignore[arg-type]


def sdist_bytes(
    name: str,
    version: str,
    *,
    pkg_info: bytes | None = None,
    with_pkg_info: bool = True,
    suffix: str = ".tar.gz",
    **fields: object,
) -> bytes:
    """Return an sdist with a ``pyproject.toml`` and a module; ``fields`` are those of :func:`metadata_text`."""
    if pkg_info is None:
        fields.setdefault("metadata_version", "2.2")
        pkg_info = metadata_text(name, version, **fields)  # type: ignore[arg-type]
    stem = name.replace("-", "_").replace(".", "_")
    top = f"{stem}-{version}"
    project = f'[project]\nname = "{name}"\nversion = "{version}"\n'
    content = {
        f"{top}/pyproject.toml": project.encode(),
        f"{top}/src/{stem.lower()}.py": f"VERSION = {version!r}\n".encode(),
    }
    if with_pkg_info:
        content[f"{top}/PKG-INFO"] = pkg_info
    return zip_bytes(content) if suffix == ".zip" else _tar_bytes(content, suffix)


def make_sdist(
    directory: Path, name: str, version: str, *, filename: str = "", **options: object
) -> Path:
    """Write an sdist into a directory, which is made; ``options`` are those of :func:`sdist_bytes`."""
    suffix = str(options.get("suffix", ".tar.gz"))
    stem = name.replace("-", "_").replace(".", "_")
    path = directory / (filename or f"{stem}-{version}{suffix}")
    return _write(path, sdist_bytes(name, version, **options))  # type: ignore[arg-type]


def make_egg(directory: Path, name: str, version: str, *, python: str = "2.7") -> Path:
    """Write an egg into a directory, which is made."""
    content = {
        "EGG-INFO/PKG-INFO": metadata_text(name, version, metadata_version="1.1"),
        "EGG-INFO/zip-safe": b"\n",
    }
    path = directory / f"{name.replace('-', '_')}-{version.replace('-', '_')}-py{python}.egg"
    return _write(path, zip_bytes(content))


def zip_bytes(content: Mapping[str, bytes]) -> bytes:
    """Return a zip of these members; the same bytes for the same content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in content.items():
            archive.writestr(zipfile.ZipInfo(path, _MOMENT), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _tar_bytes(content: Mapping[str, bytes], suffix: str) -> bytes:
    plain = io.BytesIO()
    mode = {".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}.get(suffix, "w")
    with tarfile.open(fileobj=plain, mode=mode) as archive:  # type: ignore[call-overload]
        for path, data in content.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return plain.getvalue() if mode != "w" else gzip.compress(plain.getvalue(), mtime=0)


def _record_line(path: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(data)}\n"


def _write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
