"""Generations: what is kept of them, and the way back."""

from __future__ import annotations

import json
import os
import shlex

import pytest

from rewritegen.placing import standing
from tests.support.processes import is_root
from tests.support.toy import Toy, answers, applied

pytestmark = pytest.mark.slow
LONG = pytest.mark.long


def test_back_and_further_back(toy: Toy) -> None:
    first, second, third = applied(toy), applied(toy, "one"), applied(toy, "one", "two")
    assert toy.content() == third
    for wanted, words in [(second, "back to generation 2"), (first, "back to generation 1")]:
        done = toy.apply("--rollback")
        assert done.code == 0, done.err
        assert words in done.err
        assert toy.content() == wanted
        assert answers(toy)
    done = toy.apply("--rollback")
    assert done.code == 0
    assert "back to what was there before the first generation" in done.err
    assert toy.content() is None
    assert answers(toy)
    done = toy.apply("--rollback")
    assert done.code == 2
    assert "error[RG854]: there is nothing older than what was there before the first" in done.err
    done = toy.apply("--rollback", "--to", "3")
    assert done.code == 0, done.err
    assert toy.content() == third


def test_forward_after_a_rollback(toy: Toy) -> None:
    first = applied(toy)
    applied(toy, "one")
    assert toy.apply("--rollback").code == 0
    other = applied(toy, "other")
    assert toy.content() == other
    assert toy.apply("--rollback").code == 0
    assert toy.content() == first


@pytest.mark.parametrize("broken", [b"nonsense on;\n", b"", None], ids=["text", "empty", "gone"])
def test_back_from_a_file_that_is_broken(toy: Toy, broken: bytes | None) -> None:
    """What was applied last comes back, because something else broke it; and what was there is kept."""
    applied(toy)
    second = applied(toy, "one")
    if broken is None:
        toy.installed.unlink()
    else:
        toy.installed.write_bytes(broken)
    done = toy.apply("--rollback")
    assert done.code == 0, done.err
    assert toy.content() == second
    assert answers(toy)
    if broken is not None:
        assert (toy.history / "generations/3/0.before").read_bytes() == broken


def test_what_an_answer_cannot_show_is_not_said(toy: Toy) -> None:
    """The hand edit left the line of the fingerprint: it answers whether the reload does anything or not."""
    content = applied(toy)
    toy.installed.write_bytes(content + b"# mine\n")
    done = toy.apply("--rollback", reload="true")
    assert done.code == 0, done.err
    assert toy.content() == content
    assert "before the reload, too: that it has read the files cannot be seen" in done.err
    assert "answers with" not in done.err
    toy.claim("one")
    done = toy.apply()
    assert "answers with" in done.err
    assert "cannot be seen" not in done.err


@LONG
def test_what_an_answer_cannot_show_of_an_undo_is_said_too(toy: Toy) -> None:
    content = applied(toy)
    toy.installed.write_bytes(content + b"# mine\n")
    done = toy.apply("--rollback", reload="false")
    assert done.code == 1
    assert "cannot be seen" in done.err
    assert toy.content() == content + b"# mine\n"


@pytest.mark.parametrize("text", ["server_name: packages.example.org\nprivat: []\n"])
def test_back_with_a_site_file_that_is_broken(toy: Toy, text: str) -> None:
    first = applied(toy)
    applied(toy, "one")
    toy.site_file.write_text(text)
    assert toy.apply().code == 2
    assert toy.apply("--rollback").code == 0
    assert toy.content() == first


def test_the_list(toy: Toy) -> None:
    applied(toy)
    applied(toy, "one")
    assert toy.apply("--rollback").code == 0
    done = toy.apply("--history")
    assert done.code == 0
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines] == ["3", "2", "1"]
    assert "rollback to 1: packages.example.org.conf" in lines[0]
    assert "apply: packages.example.org.conf" in lines[1]
    diffs = toy.apply("--history", "--diff").out
    assert diffs.count("\n+++ ") == 3
    assert "--- /dev/null\n" in diffs
    assert toy.apply("--history").out == done.out


def test_so_many_are_kept(toy: Toy) -> None:
    for number in range(5):
        toy.claim(f"name{number}")
        assert toy.apply("--keep", "2").code == 0
    assert [line.split()[0] for line in toy.apply("--history").out.splitlines()] == ["5", "4"]
    assert toy.apply("--rollback", "--keep", "9").code == 0
    assert toy.apply("--rollback", "--keep", "9").code == 0  # what was before 4 is in 4
    done = toy.apply("--rollback")
    assert done.code == 2
    assert "RG854" in done.err
    assert "4, 5, 6, 7; --keep N keeps more" in done.err


def test_without_a_history(toy: Toy) -> None:
    assert toy.apply("--history").out == ""
    done = toy.apply("--rollback")
    assert done.code == 2
    assert "error[RG854]: nothing was applied here yet" in done.err


def test_another_directory_takes_the_old_file_away(toy: Toy) -> None:
    applied(toy)
    other = toy.root / "other"
    other.mkdir()
    command = f"sh -c {shlex.quote(f'cp {other}/* {toy.loaded}')}"
    done = toy.apply("-o", str(other), reload=command)
    assert done.code == 0, done.err
    assert toy.content() is None
    assert "removed" in done.err
    assert list(other.iterdir())


def spelled(toy: Toy, way: str) -> str:
    """The directory of the hosts by another name."""
    if way == "dots":
        return f"{toy.hosts}/../{toy.hosts.name}"
    link = toy.root / "link"
    link.symlink_to(toy.hosts if way == "a link" else toy.root)
    return str(link if way == "a link" else link / toy.hosts.name)


@pytest.mark.parametrize(
    "way",
    [
        pytest.param("a link"),
        *(pytest.param(each, marks=LONG) for each in ("a link above", "dots")),
    ],
)
def test_a_directory_by_another_name_is_the_same(way: str, toy: Toy) -> None:
    first = applied(toy)
    other = spelled(toy, way)
    assert toy.apply("-o", other).err == "unchanged\n"
    toy.claim("one")
    done = toy.apply("-o", other)
    assert done.code == 0, done.err
    assert "removed" not in done.err
    second = toy.content()
    assert second == toy.text()
    assert answers(toy)
    assert toy.apply("--rollback").code == 0
    assert toy.content() == first
    assert toy.apply("--rollback", "--to", "2").code == 0
    assert toy.content() == second
    assert toy.apply("--rollback", "--to", "1").code == 0
    assert toy.content() == first
    assert answers(toy)
    # a hand edit is seen by either name
    toy.installed.write_bytes(first + b"# mine\n")
    assert "RG811" in toy.apply("-o", other).err


@pytest.mark.parametrize("link", [True, pytest.param(False, marks=LONG)], ids=["a link", "a file"])
def test_a_file_that_comes_back_is_what_it_was(link: bool, toy: Toy) -> None:
    """Mode, owner and Debian's link; after a failure, and by a rollback."""
    content = applied(toy)
    available = toy.root / "available.conf"
    if link:
        toy.installed.rename(available)
        toy.installed.symlink_to("../available.conf")
    toy.installed.chmod(0o640)
    if is_root():
        os.chown(toy.installed, 12345, 23456)
    before = standing(toy.installed)
    other = toy.root / "other"
    both = f"sh -c {shlex.quote(f'cat {toy.hosts}/*.conf {other}/*.conf > {toy.loaded} 2>&1; :')}"
    for reload, code in [("false", 1), (both, 0)]:
        done = toy.apply("-o", str(other), reload=reload)
        assert done.code == code, done.err
        assert os.path.lexists(toy.installed) is bool(code)
        if link:
            assert available.read_bytes() == content
        if code:
            assert standing(toy.installed) == before
    assert toy.apply("--rollback").code == 0
    assert (standing(toy.installed), toy.content()) == (before, content)
    assert not list(other.iterdir())
    # and once more, by its number
    assert toy.apply("-o", str(other), reload=both).code == 0
    assert toy.apply("--rollback", "--to", "3").code == 0
    assert (standing(toy.installed), toy.content()) == (before, content)


def test_a_record_of_an_earlier_version_is_read(toy: Toy) -> None:
    """It says nothing of modes, owners and links."""
    first = applied(toy)
    applied(toy, "one")
    for path in toy.history.rglob("record.json"):
        record = json.loads(path.read_text())
        assert len(record.pop("standing")) == 1
        path.write_text(json.dumps(record))
    assert len(toy.apply("--history").out.splitlines()) == 2
    assert toy.apply("--rollback").code == 0
    assert toy.content() == first


def test_an_old_file_with_a_hand_edit_is_not_taken_away(toy: Toy) -> None:
    content = applied(toy)
    mine = content + b"# mine\n"
    toy.installed.write_bytes(mine)
    done = toy.apply("-o", str(toy.root / "other"))
    assert done.code == 2
    assert "would go, and was changed by hand" in done.err
    assert toy.content() == mine


# ------------------------------------------------------------------ dry run


def test_a_dry_run_changes_nothing(toy: Toy) -> None:
    content = applied(toy)
    toy.claim("one")
    before = sorted(toy.root.rglob("*"))
    done = toy.apply("--dry-run")
    assert done.code == 3
    assert "+++ " in done.out
    assert f"would write {toy.installed}" in done.err
    assert toy.content() == content
    assert sorted(toy.root.rglob("*")) == before
    toy.claim()
    done = toy.apply("--dry-run")
    assert (done.code, done.out) == (0, "")


def test_a_dry_run_of_a_rollback(toy: Toy) -> None:
    applied(toy)
    content = applied(toy, "one")
    done = toy.apply("--rollback", "--dry-run")
    assert done.code == 3
    assert "+++ " in done.out
    assert toy.content() == content


def test_diff_prints_what_changes(toy: Toy) -> None:
    applied(toy)
    toy.claim("one")
    done = toy.apply("--diff")
    assert done.code == 0
    assert done.out.startswith("--- ")
    assert toy.apply("--diff").out == ""


def test_nobody_else_may_read_what_is_kept(toy: Toy) -> None:
    applied(toy)
    for path in toy.history.rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o077 == 0, path


USAGE = [
    pytest.param(["--to", "1"], id="to without rollback"),
    pytest.param(["--rollback", "--history"], id="two things"),
    pytest.param(["--scope", "locations"], id="locations without a URL"),
    pytest.param(["--before", "'"], id="no command"),
    pytest.param(["--after", ""], id="an empty command"),
    pytest.param(["--url", "ftp://x/"], id="no URL"),
    pytest.param(["--keep", "0"], id="keep nothing"),
]


@pytest.mark.parametrize("words", USAGE)
def test_wrong_usage(toy: Toy, words: list[str]) -> None:
    done = toy.apply(*words)
    assert done.code == 2
    assert "Error" in done.err
    assert "Traceback" not in done.err
    assert toy.content() is None
