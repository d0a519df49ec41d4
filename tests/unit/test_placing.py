"""A file into its place: whole, with the mode and owner it had; and what was written by hand is seen."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rewritegen.cli import main
from rewritegen.placing import put, standing, waiting_name
from tests.support.processes import is_root


def test_mode_and_owner_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    path.write_bytes(b"old")
    path.chmod(0o640)
    owner = (12345, 23456) if is_root() else (os.getuid(), os.getgid())
    os.chown(path, *owner)
    assert put(path, b"new") is False
    status = path.stat()
    assert path.read_bytes() == b"new"
    assert status.st_mode & 0o7777 == 0o640
    assert (status.st_uid, status.st_gid) == owner


def test_a_new_file_can_be_read_whatever_the_umask(tmp_path: Path) -> None:
    umask = os.umask(0o077)
    try:
        put(tmp_path / "deep" / "a.conf", b"new")
    finally:
        os.umask(umask)
    assert (tmp_path / "deep" / "a.conf").stat().st_mode & 0o7777 == 0o644


def test_who_has_it_open_reads_the_old_one_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        put(path, b"new and longer")
        assert reader.read() == b"old"


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "available").mkdir()
    link = tmp_path / "enabled.conf"
    link.symlink_to("available/site.conf")
    put(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "available/site.conf").read_bytes() == b"new"


def test_a_link_that_is_taken_away_goes_itself(tmp_path: Path) -> None:
    """A server ends at a link to nothing; and what is available stays so."""
    link, target = linked(tmp_path)
    put(link, None)
    assert not os.path.lexists(link)
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize("left", [b"old", None], ids=["what it leads to is there", "it is not"])
def test_a_link_that_comes_back_is_one(left: bytes | None, tmp_path: Path) -> None:
    link, target = linked(tmp_path)
    before = standing(link)
    put(link, None)
    if left is None:
        target.unlink()
    put(link, b"old", before)
    assert str(link.readlink()) == "available/site.conf"
    assert target.read_bytes() == b"old"
    assert standing(link) == before


def test_what_somebody_made_of_a_file_behind_a_link_is_not_lost(tmp_path: Path) -> None:
    link, target = linked(tmp_path)
    before = standing(link)
    put(link, None)
    target.write_bytes(b"mine")
    put(link, b"old", before)
    assert target.read_bytes() == b"mine"
    assert not link.is_symlink()
    assert link.read_bytes() == b"old"


def test_mode_and_owner_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    path.write_bytes(b"old")
    path.chmod(0o640)
    if is_root():
        os.chown(path, 12345, 23456)
    before = standing(path)
    assert before is not None
    put(path, None)
    put(path, b"old", before)
    assert standing(path) == before
    path.chmod(0o604)  # what is there keeps its own
    put(path, b"new", before)
    assert path.stat().st_mode & 0o7777 == 0o604


def linked(root: Path) -> tuple[Path, Path]:
    """A link as Debian has them, and what it leads to."""
    link, target = root / "enabled.conf", root / "available/site.conf"
    target.parent.mkdir()
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to("available/site.conf")
    return link, target


def test_taking_away_what_is_not_there(tmp_path: Path) -> None:
    assert put(tmp_path / "nowhere" / "a.conf", None) is False


@pytest.mark.parametrize("old", [b"a much longer old one", b"x"], ids=["longer", "shorter"])
def test_what_is_mounted_by_itself_is_written_in_place(
    old: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.conf"
    path.write_bytes(old)
    inode = path.stat().st_ino

    def busy(_source: object, target: object) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(target))

    monkeypatch.setattr(os, "replace", busy)
    assert put(path, b"new") is True
    assert path.read_bytes() == b"new"
    assert path.stat().st_ino == inode
    assert not waiting_name(path).exists()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS])
@pytest.mark.parametrize("call", ["fsync", "replace", "fchmod"])
def test_what_fails_leaves_the_old_one(
    code: int, call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.conf"
    path.write_bytes(b"old")

    def fail(*_arguments: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match=r".") as caught:
        put(path, b"new")
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.conf"]


# ------------------------------------------------------------------ generate


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "team").mkdir()
    return written(tmp_path / "site.yaml", "acme-*")


def written(path: Path, claims: str) -> Path:
    path.write_text(
        f"server_name: packages.example.org\nstate: {path.parent}/state\n"
        f"private: [{{path: {path.parent}/team, claims: [{claims}]}}]\n"
        "fallbacks: [{name: public, proxy: 'http://127.0.0.1:81/'}]\n"
    )
    return path


def generate(site: Path, out: Path, *more: str) -> int:
    return main(["generate", str(site), "-o", str(out), *more])


EACH = pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--server", server, "--scope", scope], id=f"{server}, {scope}")
        for server in ("nginx", "apache")
        for scope in ("vhost", "standalone", "locations")
    ],
)


@pytest.mark.slow
@EACH
def test_what_does_not_change_is_not_written(words: list[str], site: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert generate(site, out, *words) == 0
    files = sorted(out.glob("*.conf"))
    for path in files:
        os.utime(path, (1, 1))
    assert generate(site, out, *words) == 0
    assert {path.stat().st_mtime for path in files} == {1}
    files[0].unlink()
    assert generate(site, out, *words) == 0
    assert sum(path.stat().st_mtime != 1 for path in files) == 1


@pytest.mark.slow
@EACH
def test_the_same_bytes_from_anywhere(
    words: list[str], site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert generate(site, tmp_path / "one", *words) == 0
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C")
    assert generate(Path("site.yaml"), Path("two"), *words) == 0
    texts = [
        {path.name: path.read_bytes() for path in (tmp_path / name).glob("*.conf")}
        for name in ("one", "two")
    ]
    assert texts[0] == texts[1] != {}


VHOST = ["--server", "nginx", "--scope", "vhost"]


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda text: text.replace("acme", "acne"), id="another claim"),
        pytest.param(lambda text: "# all mine\n", id="another file"),
        pytest.param(lambda text: "", id="emptied"),
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="line ends"),
    ],
)
def test_an_edit_is_seen(
    edit: Callable[[str], str], site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(site, tmp_path / "out", *VHOST) == 0
    path = tmp_path / "out" / "packages.example.org.conf"
    mine = edit(path.read_text()).encode()
    path.write_bytes(mine)
    assert generate(site, tmp_path / "out", *VHOST) == 2
    assert f"error[RG811]: {path} was" in capsys.readouterr().err
    assert path.read_bytes() == mine


@pytest.mark.slow
@EACH
def test_what_was_changed_by_hand_is_not_written_over(
    words: list[str], site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert generate(site, out, *words) == 0
    for path in out.glob("*.conf"):
        path.write_text(path.read_text() + "# mine\n")
        before = {each: each.read_bytes() for each in out.glob("*.conf")}
        for claims in ("acme-*", "acme-*, one"):
            written(site, claims)
            assert generate(site, out, *words) == 2
            assert f"error[RG811]: {path} was" in capsys.readouterr().err
            assert {each: each.read_bytes() for each in out.glob("*.conf")} == before
        assert generate(site, out, *words, "--check") == 3
        assert generate(site, out, *words, "--force") == 0
        assert generate(site, out, *words, "--check") == 0


@pytest.mark.slow
@EACH
def test_what_was_generated_is_written_over(words: list[str], site: Path, tmp_path: Path) -> None:
    """A text proves itself by its own hash, also that of another version; nothing else is asked."""
    out = tmp_path / "out"
    assert generate(site, out, *words) == 0
    written(site, "acme-*, one, two")
    assert generate(site, out, *words) == 0


def test_a_file_of_the_same_set_that_is_not_needed_any_more(site: Path, tmp_path: Path) -> None:
    """The fingerprint is that of both files; the second is not written any more, and still proves the first."""
    out = tmp_path / "out"
    words = ("--server", "apache", "--scope", "locations")
    assert generate(site, out, *words) == 0
    assert len(list(out.glob("*.conf"))) == 2
    site.write_text(site.read_text().partition("fallbacks:")[0])
    assert generate(site, out, *words) == 0
