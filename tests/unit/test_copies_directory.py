"""A cache directory that is read and emptied by root while the server's user may put anything into it."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from rewritegen.copies.directory import Contents, read_body, read_caches, remove
from rewritegen.diagnostics import RewritegenError
from tests.support.cache_files import FILE, PAGE, keep, keep_in_apache

SOURCES = frozenset({"public"})


def read(*directories: Path) -> Contents:
    return read_caches(directories, SOURCES)


def test_both_servers_at_once(tmp_path: Path) -> None:
    page = keep(tmp_path / "nginx", PAGE)
    file = keep_in_apache(tmp_path / "apache", FILE, b"wheel")
    contents = read(tmp_path / "nginx", tmp_path / "apache", tmp_path / "absent")
    assert [
        (where.name, entry.program, str(entry.key), entry.size, read_body(where, entry))
        for where, entry in contents.entries
    ] == [
        ("nginx", "nginx", PAGE, page.stat().st_size, b"page"),
        ("apache", "apache", FILE, file.stat().st_size + 5, b"wheel"),
    ]
    assert (contents.foreign, contents.unknown) == (0, 0)


def test_what_is_not_ours_is_counted(tmp_path: Path) -> None:
    keep(tmp_path, PAGE)
    keep(tmp_path, PAGE.replace("public", "other"))
    keep(tmp_path, PAGE, version=6).rename(tmp_path / ("0" * 32))
    keep(tmp_path, PAGE)
    (tmp_path / "x.header").write_bytes(b"")
    (tmp_path / "y.header").write_bytes(struct.pack("=IQ", 5, 0) + b"accept\r\n\r\n")
    (tmp_path / ("1" * 32 + ".0000000012")).write_bytes(b"half of an answer")
    (tmp_path / "aptmpAbCdEf").write_bytes(b"half of an answer")
    contents = read(tmp_path)
    assert (len(contents.entries), contents.foreign, contents.unknown) == (1, 1, 2)


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    page = keep(outside, PAGE)
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / page.parent.parent.name).symlink_to(page.parent.parent)
    file = keep(outside, FILE)
    (cache / file.name).symlink_to(file)
    assert read(cache) == Contents((cache,))


def test_the_directory_itself_may_not_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "nginx").symlink_to(tmp_path / "outside")
    with pytest.raises(RewritegenError, match="links are not followed"):
        read(tmp_path / "nginx")


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ("0" * 32))
    (tmp_path / ("1" * 32)).mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        place = Path.cwd()
        os.chdir(tmp_path)  # the path of a socket is short
        try:
            listener.bind("2" * 32)
        finally:
            os.chdir(place)
    assert read(tmp_path) == Contents((tmp_path,))


def test_removing_takes_the_files_of_one_copy(tmp_path: Path) -> None:
    keep(tmp_path, PAGE)
    other = keep(tmp_path, FILE)
    header = keep_in_apache(tmp_path, PAGE)
    copies = [entry for _, entry in read(tmp_path).entries if str(entry.key) == PAGE]
    assert [remove(tmp_path, entry) for entry in copies] == [True, True]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [other]
    assert not header.with_suffix(".data").exists()
    assert [remove(tmp_path, entry) for entry in copies] == [False, False]


def test_removing_follows_no_link_that_appears_meanwhile(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    page = keep(cache, PAGE)
    ((directory, entry),) = read(cache).entries
    page.parent.rename(tmp_path / "outside")
    page.parent.symlink_to(tmp_path / "outside")
    assert remove(directory, entry) is False
    assert read_body(directory, entry) is None
    assert (tmp_path / "outside" / page.name).is_file()


def test_names_that_vanish_while_it_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All pages but the one that is read first vanish, and so do all directories but the first, when it is opened."""
    cache = tmp_path / "cache"
    for number in range(20):
        page = keep(tmp_path / "made", PAGE.replace("six", f"six-{number}"))
        for directory in (cache / "a", cache / "b"):
            directory.mkdir(parents=True, exist_ok=True)
            (directory / page.name).write_bytes(page.read_bytes())
    real = os.open
    opened: list[str] = []

    def vanishing(path: str | Path, flags: int, *, dir_fd: int | None = None) -> int:
        opened.append(str(path))
        if not flags & os.O_DIRECTORY:
            for other in cache.rglob("*/*"):
                if other.name != path:
                    other.unlink()
        elif dir_fd is not None:
            for other in cache.iterdir():
                if other.name != path:
                    other.rename(tmp_path / f"{other.name}-gone")
        return real(path, flags, dir_fd=dir_fd)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", vanishing)
        found = read(cache)
    assert (len(found.entries), found.unknown) == (1, 0)
    assert len(opened) == 1 + 2 + 20


def test_a_file_that_becomes_something_else_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = keep(tmp_path / "made", PAGE)
    for number in range(2):
        place = tmp_path / "cache" / str(number) / page.name
        place.parent.mkdir(parents=True)
        place.write_bytes(page.read_bytes())
    real = os.open
    swapped: list[str | Path] = []

    def swapping(path: str | Path, flags: int, *, dir_fd: int | None = None) -> int:
        if not flags & os.O_DIRECTORY:
            os.unlink(path, dir_fd=dir_fd)
            swapped.append(path)
            if len(swapped) == 1:
                os.symlink(page, path, dir_fd=dir_fd)
            else:
                os.mkfifo(path, dir_fd=dir_fd)
        return real(path, flags, dir_fd=dir_fd)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", swapping)
        found = read(tmp_path / "cache")
    assert (found, len(swapped)) == (Contents((tmp_path / "cache",)), 2)


@contextlib.contextmanager
def ordinary_user() -> Iterator[None]:
    """Be somebody else for a moment, when this is root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("closed", ["all", "a level"])
def test_a_closed_directory_says_who_may_read_it(place: Path, closed: str) -> None:
    page = keep(place / "nginx", PAGE)
    directory = place / "nginx" if closed == "all" else page.parent
    directory.chmod(0)
    with ordinary_user(), pytest.raises(RewritegenError, match="sudo"):
        read(place / "nginx")
    directory.chmod(0o755)


def test_who_may_not_remove_is_told(place: Path) -> None:
    page = keep(place / "nginx", PAGE)
    ((directory, entry),) = read(place / "nginx").entries
    page.parent.chmod(0o555)
    with ordinary_user(), pytest.raises(RewritegenError, match="sudo"):
        remove(directory, entry)
    page.parent.chmod(0o755)
    assert page.is_file()
