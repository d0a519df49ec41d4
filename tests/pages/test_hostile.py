"""Directories and archives as strangers, accidents and other tools leave them."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import html5lib
import pytest

from rewritegen.pages import archives
from tests.support.dists import (
    make_sdist,
    make_wheel,
    metadata_text,
    sdist_bytes,
    wheel_bytes,
    zip_bytes,
)
from tests.support.indexing import Anchors, Bench, codes

GOOD = metadata_text("acme-foo", "1.0")
INFO = "acme_foo-1.0.dist-info"


def encrypted() -> bytes:
    data = bytearray(wheel_bytes("acme-foo", "1.0"))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := data.find(signature, at + 1)) >= 0:
            data[at + flags] |= 1
    return bytes(data)


def two_members_of_one_name() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{INFO}/METADATA", GOOD)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr(
                f"{INFO}/METADATA", metadata_text("acme-foo", "1.0", requires=["evil"])
            )
    return buffer.getvalue()


def bomb() -> bytes:
    return zip_bytes({f"{INFO}/METADATA": GOOD + b"\n" * (archives.MAX_METADATA + 1)})


def lying_bomb() -> bytes:
    """Says that its metadata is small."""
    data = bytearray(bomb())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", data, data.find(signature) + offset, 100)
    return bytes(data)


def lzma_member() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(f"{INFO}/METADATA", GOOD)
    return buffer.getvalue()


def huge_directory() -> bytes:
    """An end record that announces 100 MB of member list."""
    data = bytearray(wheel_bytes("acme-foo", "1.0"))
    struct.pack_into("<L", data, data.rfind(b"PK\x05\x06") + 12, 100_000_000)
    return bytes(data)


def wheel(**options: object) -> Callable[[], bytes]:
    return lambda: wheel_bytes("acme-foo", "1.0", **options)  # type: ignore[arg-type]


WHEELS = [
    pytest.param(lambda: b"", "RG509", id="empty"),
    pytest.param(lambda: b"no zip" * 100, "RG509", id="no zip"),
    pytest.param(lambda: wheel_bytes("acme-foo", "1.0")[:-30], "RG509", id="truncated"),
    pytest.param(lambda: wheel_bytes("acme-foo", "1.0")[100:], "RG509", id="beginning lost"),
    pytest.param(encrypted, "RG509", id="encrypted"),
    pytest.param(huge_directory, "RG509", id="member list of 100 MB"),
    pytest.param(lzma_member, "RG509", id="metadata in a compression that wheels do not have"),
    pytest.param(lying_bomb, "RG509", id="bomb that lies about its size"),
    pytest.param(bomb, "RG510", id="bomb"),
    pytest.param(lambda: zip_bytes({"a.py": b""}), "RG510", id="no dist-info"),
    pytest.param(lambda: zip_bytes({f"{INFO}/WHEEL": b""}), "RG510", id="no METADATA"),
    pytest.param(two_members_of_one_name, "RG510", id="two METADATA"),
    pytest.param(
        wheel(members={"acme_foo-2.0.dist-info/METADATA": GOOD}), "RG510", id="two dist-info"
    ),
    pytest.param(
        lambda: zip_bytes({"other-1.0.dist-info/METADATA": GOOD}), "RG510", id="other dist-info"
    ),
    pytest.param(wheel(metadata=b""), "RG510", id="empty METADATA"),
    pytest.param(wheel(metadata=b"\xff\xfe\x00"), "RG510", id="METADATA is no text"),
    pytest.param(wheel(metadata=metadata_text("a b", "1.0")), "RG510", id="no valid name"),
    pytest.param(wheel(metadata=metadata_text("acme-foo", "one")), "RG510", id="no valid version"),
    pytest.param(wheel(metadata=GOOD + b"", members={}), None, id="good"),
    pytest.param(wheel(metadata=metadata_text("acme-foo", "1.1")), "RG510", id="other version"),
    pytest.param(wheel(metadata=metadata_text("other", "1.0")), "RG508", id="other project"),
    pytest.param(
        wheel(metadata=metadata_text("acme-foo", "1.0", extra="Name: other\n")),
        "RG510",
        id="two names",
    ),
]


@pytest.mark.parametrize(("content", "code"), WHEELS)
def test_broken_wheels_are_reported_and_the_rest_is_indexed(
    bench: Bench, content: Callable[[], bytes], code: str | None
) -> None:
    make_wheel(bench.root / "acme-foo", "acme-foo", "2.0")
    (bench.root / "acme-foo" / "acme_foo-1.0-py3-none-any.whl").write_bytes(content())
    expected = [] if code is None else [code]
    for read in (2, 0):  # said again although the file is not read again
        report = bench.index()
        assert codes(report) == expected
        assert report.exit_code == len(expected)
        assert report.sources[0].read == read
    assert len(bench.filenames("acme-foo")) == 2 - len(expected)
    assert len(bench.metadata()) == 2 - len(expected)


def tar(name: str, size: int, kind: bytes, data: bytes = b"") -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + data)


SDISTS = [
    pytest.param(b"", "RG509", id="empty"),
    pytest.param(b"no gzip", "RG509", id="no gzip"),
    pytest.param(sdist_bytes("acme-foo", "1.0")[:-60], "RG509", id="truncated"),
    pytest.param(gzip.compress(b"no tar" * 1000), "RG509", id="no tar"),
    pytest.param(tar("a/b", 10**12, tarfile.REGTYPE), "RG509", id="a terabyte announced"),
    pytest.param(
        tar("a/b", 10**12, tarfile.XHDTYPE), "RG509", id="an extended header of a terabyte"
    ),
    pytest.param(tar("a/PKG-INFO", 10**9, tarfile.REGTYPE), None, id="huge PKG-INFO"),
    pytest.param(sdist_bytes("other", "1.0"), "RG508", id="other project"),
    pytest.param(sdist_bytes("acme-foo", "1.1"), "RG510", id="other version"),
]


@pytest.mark.parametrize(("content", "code"), SDISTS)
def test_broken_sdists(bench: Bench, content: bytes, code: str | None) -> None:
    (bench.root / "acme-foo").mkdir()
    (bench.root / "acme-foo" / "acme_foo-1.0.tar.gz").write_bytes(content)
    assert codes(bench.index()) == ([] if code is None else [code])
    assert bench.projects() == ([] if code else ["acme-foo"])


def test_a_tar_that_unpacks_for_ever_is_given_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED", 1024 * 1024)
    member = tarfile.TarInfo("acme_foo-1.0/zeros")
    member.size = 8 * 1024 * 1024
    (bench.root / "acme-foo").mkdir()
    content = gzip.compress(member.tobuf() + bytes(member.size))
    (bench.root / "acme-foo" / "acme_foo-1.0.tar.gz").write_bytes(content)
    assert codes(bench.index()) == []
    assert bench.json("acme-foo")["files"][0]["core-metadata"] is False


@pytest.mark.parametrize(
    ("filename", "code"),
    [
        pytest.param("other-1.0-py3-none-any.whl", "RG508", id="other project"),
        pytest.param("other-1.0.tar.gz", "RG508", id="other project, sdist"),
        pytest.param("acme_foo-1.0.whl", "RG506", id="no tags"),
        pytest.param("acme_foo-one-py3-none-any.whl", "RG506", id="no version"),
        pytest.param("docs.zip", "RG506", id="no dash"),
        pytest.param("acme_foo-1.0.ZIP", "RG506", id="capitals"),
        pytest.param("acme_foo-1.0 (1).tar.gz", "RG507", id="blank"),
        pytest.param("acme_foo-1.0.tar\n.gz.zip", "RG507", id="newline"),
        pytest.param('acme_foo-1.0"><script>.zip', "RG507", id="markup"),
        pytest.param("acm\u00e9-1.0.tar.gz", "RG507", id="not ASCII"),
        pytest.param("acme\udcff-1.0.tar.gz", "RG507", id="no text"),
        pytest.param("-1.0.tar.gz", "RG507", id="first character"),
        pytest.param("acme_foo-1.0.exe", "RG517", id="old format"),
        pytest.param("README.txt", None, id="no package"),
        pytest.param(".acme_foo-1.0.tar.gz", None, id="hidden"),
    ],
)
def test_file_names(bench: Bench, filename: str, code: str | None) -> None:
    make_wheel(bench.root / "acme-foo", "acme-foo", "2.0")
    (bench.root / "acme-foo" / filename).write_bytes(wheel_bytes("acme-foo", "1.0"))
    assert codes(bench.index()) == ([] if code is None else [code])
    assert bench.filenames("acme-foo") == ["acme_foo-2.0-py3-none-any.whl"]
    assert not (bench.root / "acme-foo" / ".rewritegen-root").exists()


def test_things_that_are_no_files_are_never_opened(bench: Bench) -> None:
    directory = bench.root / "acme-foo"
    make_wheel(directory, "acme-foo", "1.0")
    os.mkfifo(directory / "acme_foo-2.0.tar.gz")
    (directory / "acme_foo-3.0.tar.gz").symlink_to("nowhere")
    (directory / "acme_foo-4.0.tar.gz").symlink_to("acme_foo-4.0.tar.gz")
    (directory / "acme_foo-5.0.tar.gz").symlink_to("/dev/zero")
    (directory / "acme_foo-6.0-py2.7.egg").mkdir()
    os.mkfifo(directory / "acme_foo-1.0-py3-none-any.whl.yanked")
    assert sorted(codes(bench.index())) == ["RG505", "RG505", "RG512", "RG512", "RG519"]
    assert bench.filenames("acme-foo") == ["acme_foo-1.0-py3-none-any.whl"]


def test_packages_beside_the_project_directories_are_reported(bench: Bench) -> None:
    make_wheel(bench.root, "acme-foo", "1.0")
    make_wheel(bench.root / "acme-bar", "acme-bar", "1.0")
    assert codes(bench.index()) == ["RG516"]
    assert bench.names() == ["acme-bar", "acme-foo"], "what lies there is private, too"


def test_links_to_directories_and_files_are_followed(bench: Bench) -> None:
    elsewhere = bench.root.parent / "elsewhere"
    path = make_wheel(elsewhere, "acme-foo", "1.0")
    (bench.root / "acme-foo").mkdir()
    (bench.root / "acme-foo" / path.name).symlink_to(path)
    (bench.root / "Acme.Bar").symlink_to(elsewhere)
    assert codes(bench.index()) == ["RG508"]
    assert bench.projects() == ["acme-foo"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_cannot_be_read_is_reported(bench: Bench) -> None:
    check_unreadable(bench)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_what_cannot_be_read_is_reported_to_an_ordinary_user(place: Path) -> None:
    """As a child process that gives up its rights."""
    bench = Bench(root=place / "team", state=place / "state")
    bench.root.mkdir()
    # What is imported late may lie where that user cannot read (a checkout below a closed home directory).
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    bench.index()
    for path in (place, *place.rglob("*")):
        os.chown(path, 65534, 65534)
    child = os.fork()
    if child == 0:
        try:
            os.setgid(65534)
            os.setuid(65534)
            check_unreadable(bench)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def check_unreadable(bench: Bench) -> None:
    shut = make_wheel(bench.root / "shut", "shut", "1.0").parent
    path = make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    make_wheel(bench.root / "acme-foo", "acme-foo", "2.0")
    assert codes(bench.index()) == []
    before = bench.page("shut")
    shut.chmod(0)
    path.chmod(0)
    os.utime(path)
    try:
        report = bench.index()
    finally:
        shut.chmod(0o755)
    assert codes(report) == ["RG511", "RG511"]
    assert bench.filenames("acme-foo") == ["acme_foo-2.0-py3-none-any.whl"]
    assert bench.page("shut") == before  # "don't know" is not "not here"
    assert bench.listed() == ["acme-foo", "shut"]
    assert bench.names() == ["acme-foo", "shut"]
    path.chmod(0o644)  # changes neither size nor time, and is seen all the same
    assert codes(bench.index()) == []
    assert len(bench.filenames("acme-foo")) == 2


@pytest.mark.parametrize(
    "reason", ["<a href=evil-1.0.tar.gz>", "href=evil-1.0.tar.gz rel=download", '"></a>', "&#34;"]
)
def test_old_setuptools_finds_no_link_in_a_text(bench: Bench, reason: str) -> None:
    """``HREF`` of setuptools' package_index searches the raw page, tag or no tag."""
    import re

    path = make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    path.with_name(f"{path.name}.yanked").write_text(reason)
    (bench.root / "acme-foo" / ".project-status").write_text(f"archived {reason}")
    make_wheel(
        bench.root / "acme-foo",
        "acme-foo",
        "2.0",
        metadata=metadata_text("acme-foo", "2.0", requires_python="===href=evil-1.0.tgz"),
    )
    bench.index()
    page = bench.page("acme-foo")
    href = re.compile(r"""href\s*=\s*['"]?([^'"> ]+)""", re.IGNORECASE)
    assert [link.partition("#")[0] for link in href.findall(page)] == [
        "../",
        "../../files/team/acme-foo/acme_foo-2.0-py3-none-any.whl",
        "../../files/team/acme-foo/acme_foo-1.0-py3-none-any.whl",
    ]
    assert re.search(r"<[^>]*\srel\s*=", page, re.IGNORECASE) is None
    anchors = Anchors(page).files
    assert anchors[path.name]["data-yanked"] == reason
    assert (
        anchors["acme_foo-2.0-py3-none-any.whl"]["data-requires-python"] == "===href=evil-1.0.tgz"
    )


def test_pages_are_strict_html5(bench: Bench) -> None:
    path = make_wheel(bench.root / "acme-foo", "acme-foo", "1.0", requires_python=">=3.8,<4")
    path.with_name(f"{path.name}.yanked").write_bytes(b"<b>\x00\x0c\x1b\xef\xbf\xbf & 'x' \"y\"")
    bench.index()
    parser = html5lib.HTMLParser(strict=True)
    parser.parse(bench.page("acme-foo"))
    parser.parse((bench.state / "root" / "index.html").read_text())


# Not ru_maxrss: a child inherits that from the process that started it, and the suite is large.
PEAK = """
import re, sys
from pathlib import Path
from rewritegen.pages import IndexJob, PrivateTree, run_index

root = Path(sys.argv[1])
tree = PrivateTree(source="team", path=root / "team", layout="projects", files_url="../../files/team/")
job = IndexJob(trees=(tree,), state=root / "state", index_url="https://packages.example.org/simple/")
report = run_index(job, jobs=4)
print(*sorted(problem.code for problem in report.problems))
status = Path("/proc/self/status").read_text()
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) // 1024)
"""


@pytest.mark.slow
def test_memory_stays_below_300_mb(bench: Bench) -> None:
    """Megabytes of dependencies, 8 MiB of member list, bombs, all at once."""
    directory = bench.root / "acme-foo"
    wide = metadata_text("acme-foo", "1.0", extra="Requires-Dist: a\n" * 900_000)
    many = {f"{number:06}": b"" for number in range(70_000)}
    for number in range(4):
        version = f"1.0+{number}"
        metadata = wide.replace(b"Version: 1.0\n", f"Version: {version}\n".encode())
        make_wheel(directory, "acme-foo", version, metadata=metadata)
        (directory / f"acme_foo-2.{number}-py3-none-any.whl").write_bytes(bomb())
    make_wheel(directory, "acme-foo", "3.0", members=many)
    make_sdist(directory, "acme-foo", "4.0")
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(bench.root.parent)],
        check=True,
        capture_output=True,
        text=True,
    )
    problems, peak = done.stdout.splitlines()
    assert problems.split() == ["RG510"] * 4
    assert len(bench.filenames("acme-foo")) == 6
    assert 10 < int(peak) < 300, peak


def test_members_that_would_be_unpacked_elsewhere_are_not_unpacked_at_all(bench: Bench) -> None:
    make_wheel(
        bench.root / "acme-foo",
        "acme-foo",
        "1.0",
        members={"../../../escaped": b"x", "/escaped": b"x"},
    )
    assert codes(bench.index()) == []
    assert not list(bench.root.parent.rglob("escaped"))
    assert json.loads(bench.page("acme-foo", "v1_json"))["versions"] == ["1.0"]


def test_a_file_that_changes_while_it_is_read_waits_for_the_next_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")

    def slow(*arguments: object) -> bytes:
        found = archives.find_metadata(*arguments)  # type: ignore[arg-type]
        os.utime(path, (1, 1))
        return found

    monkeypatch.setattr("rewritegen.pages.reading.find_metadata", slow)
    assert codes(bench.index()) == ["RG513"]
    monkeypatch.undo()
    assert codes(bench.index()) == []
    assert bench.filenames("acme-foo") == [path.name]


def test_a_file_name_that_leaves_no_room_for_a_suffix(bench: Bench) -> None:
    long = "1.0+" + "a" * (250 - len("acme_foo-1.0+-py3-none-any.whl"))
    path = make_wheel(bench.root / "acme-foo", "acme-foo", long)
    assert len(path.name) == 250
    assert codes(bench.index()) == ["RG507"]
