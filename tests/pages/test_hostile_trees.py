"""What strangers put into every field and every archive: pages say it back to the byte, and nothing else is touched."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import html5lib
import pytest

from tests.support.dists import make_wheel, metadata_text, wheel_bytes, zip_bytes
from tests.support.indexing import Bench, codes

INFO = "acme_foo-1.0.dist-info"
GOOD = metadata_text("acme-foo", "1.0")

TEXTS = {
    "markup": "<script>alert(1)</script>",
    "end of an attribute": "\"><img src=x onerror=alert(1)> '",
    "end of a comment": "--><b><!--",
    "end of style": "</style></title></head>",
    "cdata": "]]><![CDATA[",
    "entities": "&lt;&#0;&amp &nosuch; &#x80;",
    "template": "{{ 7*7 }}{% raw %}",
    "path": "../../../../etc/passwd",
    "backslash": '\\u003c\\"',
    "escape": "\x1b[2J\x1b]0;x\x07",
    "nul": "a\0b",
    "control characters": "\x01\x08\x0b\x0c\x0e\x1f\x7f\x85",
    "right to left": "\u202egnp.exe\u2066\u2069",
    "line separators": "a\u2028b\u2029c",
    "zero width": "a\u200b\u200d\ufeffb",
    "not a character": "a\ufffe\uffffb",
    "beyond": "\U0001f4a9\U0010ffff",
    "look-alike": "\u0430cme",
    "no UTF-8": "a\udcff\udc80b",
    "half of a character": "a\udce2\udc82",
}

each_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)


def raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def readable(text: str) -> str:
    """What a page can say of it: one line, without what HTML cannot hold (sidecars.py)."""
    whole = raw(text).decode("utf-8", "replace")
    kept = (" " if unicodedata.category(c) in {"Cc", "Cn", "Co"} else c for c in whole)
    return " ".join("".join(kept).split())


def parsed(page: str) -> tuple[dict[str, dict[str, str]], dict[str, str], int]:
    """Anchors of files by their text, metas by name, and the number of elements, by a strict HTML5 parser."""
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)
    anchors = {a.text: dict(a.attrib) for a in tree.iter("a") if a.attrib["href"] != "../"}
    metas = {m.attrib["name"]: m.attrib["content"] for m in tree.iter("meta") if "name" in m.attrib}
    return anchors, metas, sum(1 for _ in tree.iter())


@each_text
def test_reasons_are_read_back(bench: Bench, text: str) -> None:
    """Of a yank (PEP 592) and of a status (PEP 792), by an HTML5 parser and by a JSON parser."""
    path = make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    path.with_name(f"{path.name}.yanked").write_bytes(b"because")
    (path.parent / ".project-status").write_bytes(b"archived because")
    bench.index()
    *_, elements = parsed(bench.page("acme-foo"))
    path.with_name(f"{path.name}.yanked").write_bytes(raw(f"x{text}"))
    (path.parent / ".project-status").write_bytes(raw(f"archived x{text}"))
    assert codes(bench.index()) == []
    reason = readable(f"x{text}")
    for form in ("html", "v1_html"):
        anchors, metas, now = parsed(bench.page("acme-foo", form))
        assert anchors[path.name]["data-yanked"] == reason
        assert metas["pypi:project-status-reason"] == reason
        assert now == elements
    page = bench.json("acme-foo")
    assert page["files"][0]["yanked"] == reason
    assert page["project-status"] == {"status": "archived", "reason": reason}


#: The fields of core metadata 2.4, of which pages repeat three.
FIELDS = (
    *("Name", "Version", "Requires-Python", "Summary", "Description", "Keywords", "Author"),
    *("Author-Email", "Maintainer", "License", "License-Expression", "License-File", "Classifier"),
    *("Requires-Dist", "Requires-External", "Provides-Extra", "Project-URL", "Home-page"),
    *("Download-URL", "Platform", "Dynamic", "Metadata-Version", "Obsoletes-Dist", "X-Own"),
)


@each_text
def test_fields_of_metadata(bench: Bench, text: str) -> None:
    """A file per field: it is refused, or the page is what it is without that field, and the metadata are its bytes."""
    contents = {}
    for number, field in enumerate(FIELDS):
        version = f"1.{number}"
        lines = [
            line
            for line in metadata_text("acme-foo", version).splitlines()
            if not line.startswith(raw(f"{field}:"))
        ]
        data = b"\n".join([lines[0], raw(f"{field}: {text}"), *lines[1:], b"", b""])
        path = make_wheel(bench.root / "acme-foo", "acme-foo", version, metadata=data)
        contents[path.name] = data
    report = bench.index()
    assert set(codes(report)) <= {"RG510", "RG514"}
    for problem in report.problems:
        assert problem.message.isprintable()
    anchors, _, _ = parsed(bench.page("acme-foo"))
    page = bench.json("acme-foo")
    assert {entry["filename"] for entry in page["files"]} == anchors.keys()
    assert len(anchors) >= len(FIELDS) - 3
    for entry in page["files"]:
        name = entry["filename"]
        assert "requires-python" not in entry
        assert "data-requires-python" not in anchors[name]
        kept = bench.state / "metadata" / "team" / "acme-foo" / f"{name}.metadata"
        assert kept.read_bytes() == contents[name]
        assert anchors[name]["href"].partition("#")[0] == f"../../files/team/acme-foo/{name}"


# ---------------------------------------------------------------- names


@each_text
def test_names_of_files_and_directories(bench: Bench, text: str) -> None:
    """Wherever a name can stand: nothing of it is served that a URL cannot hold, and the rest is indexed."""
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    part = text.replace("/", "%").replace("\0", "%")
    for name in (
        f"acme_foo-1.1{part}-py3-none-any.whl",
        f"{part}-1.0.tar.gz",
        f"acme_foo-1.0-py3-none-any.whl{part}",
        f"acme_foo-1.0-py3-none-any.whl.{part}.yanked",
    ):
        Path(os.fsdecode(raw(f"{bench.root}/acme-foo/{name}"))).write_bytes(wheel_bytes("a", "1"))
    Path(os.fsdecode(raw(f"{bench.root}/acme{part}"))).mkdir()
    report = bench.index()
    assert set(codes(report)) <= {"RG503", "RG506", "RG507", "RG508"}
    for problem in report.problems:
        assert problem.message.isprintable()
    assert bench.filenames("acme-foo") == ["acme_foo-1.0-py3-none-any.whl"]
    assert list(parsed(bench.page("acme-foo"))[0]) == ["acme_foo-1.0-py3-none-any.whl"]
    assert bench.names() == ["acme-foo"]
    json.loads((bench.state / "root" / "index.v1_json").read_text())


# ---------------------------------------------------------------- archives


def members(*named: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in named:
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def zip64() -> bytes:
    """A member with the sizes of zip64, as a tool writes it that does not know them before."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        with archive.open(zipfile.ZipInfo(f"{INFO}/METADATA"), "w", force_zip64=True) as member:
            member.write(GOOD)
        archive.writestr(f"{INFO}/WHEEL", b"")
    return buffer.getvalue()


def zip64_end(size: int) -> bytes:
    """An end record that refers to one of zip64, with a member list of this size."""
    data = wheel_bytes("acme-foo", "1.0")
    at = data.rfind(b"PK\x05\x06")
    total, offset = (
        struct.unpack_from("<H", data, at + 10)[0],
        struct.unpack_from("<L", data, at + 16)[0],
    )
    end = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, total, total, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    last = bytearray(data[at:])
    struct.pack_into("<HHLL", last, 8, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    return data[:at] + end + locator + bytes(last)


def listed_size() -> int:
    data = wheel_bytes("acme-foo", "1.0")
    size: int = struct.unpack_from("<L", data, data.rfind(b"PK\x05\x06") + 12)[0]
    return size


def overlapping() -> bytes:
    """Two entries of the list that are one place in the file, under two names."""
    data = bytearray(members((f"{INFO}/METADATA", GOOD), (f"{INFO}/METADATB", GOOD)))
    central = [at for at in range(len(data)) if data[at : at + 4] == b"PK\x01\x02"]
    struct.pack_into("<L", data, central[1] + 42, 0)
    return bytes(data)


def tar(*entries: tuple[str, bytes, bytes, str]) -> bytes:
    """Members as name, type, data and what they link to."""
    whole = b""
    for name, kind, data, target in entries:
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.size = kind, target, len(data)
        whole += member.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)
    return gzip.compress(whole + bytes(1024))


PKG = metadata_text("acme-foo", "1.0", metadata_version="2.2")
FILE = ("acme_foo-1.0/PKG-INFO", tarfile.REGTYPE, PKG, "")
WHEEL, SDIST = "acme_foo-1.0-py3-none-any.whl", "acme_foo-1.0.tar.gz"

#: Each with the code of what is said of it; None is offered.
ARCHIVES: dict[str, tuple[str, Callable[[], bytes], str | None]] = {
    "zip slip": (WHEEL, lambda: wheel_bytes("acme-foo", "1.0", members={"../../x": b"x"}), None),
    "zip slip from the root": (
        WHEEL,
        lambda: wheel_bytes("acme-foo", "1.0", members={"/x": b"x", "C:\\x": b"x", "..\\x": b""}),
        None,
    ),
    "metadata that climb": (WHEEL, lambda: zip_bytes({f"../{INFO}/METADATA": GOOD}), "RG510"),
    "a name with a nul": (WHEEL, lambda: members((f"{INFO}/METADATA\0.txt", GOOD)), None),
    "zip64": (WHEEL, zip64, None),
    "zip64 list": (WHEEL, lambda: zip64_end(listed_size()), None),
    "zip64 list of a terabyte": (WHEEL, lambda: zip64_end(10**12), "RG509"),
    "zip64 list of all memory": (WHEEL, lambda: zip64_end(2**64 - 1), "RG509"),
    "overlapping entries": (WHEEL, overlapping, None),
    "a link in a tar": (
        SDIST,
        lambda: tar(("acme_foo-1.0/PKG-INFO", tarfile.SYMTYPE, b"", "/etc/passwd")),
        None,
    ),
    "a hard link in a tar": (
        SDIST,
        lambda: tar(("acme_foo-1.0/PKG-INFO", tarfile.LNKTYPE, b"", "/etc/passwd")),
        None,
    ),
    "a link before the file": (
        SDIST,
        lambda: tar(("acme_foo-1.0", tarfile.SYMTYPE, b"", "/tmp"), FILE),
        None,
    ),
    "tar slip": (SDIST, lambda: tar(("../../x", tarfile.REGTYPE, b"x", ""), FILE), None),
    "devices in a tar": (
        SDIST,
        lambda: tar(("acme_foo-1.0/x", tarfile.CHRTYPE, b"", ""), FILE),
        None,
    ),
    "tar with a negative size": (
        SDIST,
        lambda: gzip.compress(tarfile.TarInfo("a/b").tobuf()[:124] + b"\xff" * 12 + bytes(900)),
        "RG509",
    ),
}


def everything(root: Path, state: Path) -> dict[str, tuple[int, int, int, int]]:
    """Kind, size, time and inode of all that is not in the state."""
    found = {}
    for path in (root, *root.rglob("*")):
        if path != state and state not in path.parents and path != root:
            status = path.lstat()
            values = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino)
            found[str(path)] = values
    return found


@pytest.mark.parametrize(("name", "content", "code"), ARCHIVES.values(), ids=ARCHIVES)
def test_archives_write_nothing_but_state(
    bench: Bench, name: str, content: Callable[[], bytes], code: str | None
) -> None:
    directory = bench.root / "acme-foo"
    make_wheel(directory, "acme-foo", "2.0")
    (directory / name).write_bytes(content())
    (bench.root / ".rewritegen-root").touch()  # the only thing that is written beside the state
    place = bench.root.parent
    before = everything(place, bench.state)
    report = bench.index()
    assert everything(place, bench.state) == before
    assert codes(report) == ([] if code is None else [code])
    assert (name in bench.filenames("acme-foo")) == (code is None)
    for path in bench.state.rglob("*"):
        assert not path.is_symlink()
        assert b"root:x:0" not in (path.read_bytes() if path.is_file() else b"")
