"""Small wheels that every installer accepts, as bytes."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile

__all__ = ["wheel_bytes"]


def wheel_bytes(name: str, version: str = "1.0") -> tuple[str, bytes]:
    """File name and content of a pure wheel with one module; the same arguments give the same bytes."""
    stem = re.sub(r"[-.]+", "_", name)
    info = f"{stem}-{version}.dist-info"
    members = {
        f"{stem.lower()}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        "Summary: made for a test\nRequires-Python: >=2.7\n\nA description.\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: rewritegen-tests\n"
        "Root-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={_digest(text.encode())},{len(text)}\n" for path, text in members.items()
    )
    members[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, text in members.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return f"{stem}-{version}-py2.py3-none-any.whl", stream.getvalue()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
