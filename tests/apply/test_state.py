"""The state of apply: what is read back from it is written by root, so nobody else may have a hand in it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rewritegen.apply import DEFAULT_STATE, Store
from rewritegen.diagnostics import RewritegenError
from tests.support.killing import in_a_child
from tests.support.processes import is_root
from tests.support.toy import Toy

pytestmark = pytest.mark.slow

SOMEBODY = 65534
only_root = pytest.mark.skipif(not is_root(), reason="only root can give a file away")
long = pytest.mark.long


def given_away(path: Path) -> None:
    os.chown(path, SOMEBODY, SOMEBODY, follow_symlinks=False)


def linked(path: Path) -> None:
    """Put a link in the place of something, which is beside it then."""
    other = path.rename(path.with_name(f"{path.name}-beside"))
    path.symlink_to(other.name)


def linked_by_somebody(path: Path) -> None:
    linked(path)
    given_away(path)


SITE = "packages.example.org"
HANDS = {
    "the state of somebody": ("", given_away),
    "above it, of somebody": ("..", given_away),
    "a link of somebody": ("", linked_by_somebody),
    "its group may write": ("", lambda path: path.chmod(0o775)),
    "all may write": ("", lambda path: path.chmod(0o707)),
    "all may write above it": ("..", lambda path: path.chmod(0o777)),
    "the lock of somebody": ("lock", given_away),
    "the site of somebody": (SITE, given_away),
    "the server of somebody": (f"{SITE}/nginx", given_away),
    "what is under way of somebody": (f"{SITE}/nginx/pending", given_away),
    "the generations of somebody": (f"{SITE}/nginx/generations", given_away),
    "a generation of somebody": (f"{SITE}/nginx/generations/1", given_away),
    "the record of somebody": (f"{SITE}/nginx/pending/record.json", given_away),
    "old bytes of somebody": (f"{SITE}/nginx/pending/0.before", given_away),
    "all may write the record": (f"{SITE}/nginx/pending/record.json", lambda path: path.chmod(0o666)),
    "the record is a link": (f"{SITE}/nginx/pending/record.json", linked),
    "new bytes are a link": (f"{SITE}/nginx/generations/1/0.after", linked),
}  # fmt: skip


def rows() -> Iterator[Any]:
    """Each with what is said of it; one of them in the default suite."""
    for name, (place, tamper) in HANDS.items():
        marks = [long] if name != "above it, of somebody" else []
        if "somebody" in name:
            marks.append(only_root)
        why = "belongs to user" if "somebody" in name else "may be written by others"
        why = "is a link" if tamper is linked else why
        yield pytest.param(place, tamper, why, id=name, marks=marks)


@pytest.mark.parametrize(("name", "tamper", "why"), list(rows()))
def test_what_others_could_have_written_is_not_put_back(
    name: str, tamper: Callable[[Path], None], why: str, toy: Toy
) -> None:
    """An apply was killed, and whoever could write there says what the next one puts back."""
    toy.state = toy.root / "above" / "apply"
    toy.history = toy.state / "packages.example.org" / "nginx"
    assert toy.apply().code == 0
    first = toy.content()
    toy.claim("one")
    assert in_a_child(lambda: toy.apply().code, 25) < 0
    assert (toy.history / "pending/0.before").exists()
    ours = {first, toy.text()}
    tamper(Path(os.path.normpath(toy.state / name)))
    for words in [(), ("--rollback",)]:
        done = toy.apply(*words)
        assert done.code == 2, done.err
        assert "error[RG856]: what is kept of earlier changes cannot be trusted: " in done.err
        assert why in done.err
        assert "--state DIR" in done.err
        assert toy.content() in ours
    elsewhere = toy.root / "another"
    assert toy.apply("--state", str(elsewhere), "--force").code == 0


@long
@only_root
@pytest.mark.parametrize("words", [("--history",), ("--dry-run",), ("--rollback", "--dry-run")])
def test_what_others_wrote_is_not_shown_either(words: tuple[str, ...], toy: Toy) -> None:
    assert toy.apply().code == 0
    toy.claim("one")
    given_away(toy.state)
    done = toy.apply(*words)
    assert done.code == 2
    assert "error[RG856]" in done.err


def test_the_lock_does_not_lead_anywhere(toy: Toy) -> None:
    victim = toy.root / "victim"
    victim.write_text("precious\n")
    toy.state.mkdir(mode=0o700)
    (toy.state / "lock").symlink_to(victim)
    done = toy.apply()
    assert done.code == 1
    assert "error[RG853]: nothing is changed" in done.err
    assert victim.read_text() == "precious\n"


@long
@pytest.mark.parametrize("umask", [0o000, 0o002, 0o077], ids=oct)
def test_nobody_else_may_enter_or_hold_the_lock(umask: int, toy: Toy) -> None:
    before = os.umask(umask)
    toy.state = toy.root / "deep" / "er" / "apply"
    try:
        done = toy.apply()
    finally:
        os.umask(before)
    assert done.code == 0, done.err
    assert toy.state.stat().st_mode & 0o7777 == 0o700
    assert toy.state.parent.stat().st_mode & 0o022 == 0
    lock = toy.state / "lock"
    assert lock.stat().st_mode & 0o7777 == 0o600
    lock.chmod(0o644)  # as it was made once
    assert toy.apply().code == 0
    assert lock.stat().st_mode & 0o7777 == 0o600


@pytest.mark.parametrize(
    ("left", "said"),
    [
        pytest.param("{alive}", "process {alive} holds", id="of one at work"),
        pytest.param("{dead}", "somebody holds", id="of one that was killed"),
        pytest.param("", "somebody holds", id="none"),
        pytest.param("99999999999999999999", "somebody holds", id="nonsense"),
    ],
)
def test_whose_lock_it_is_is_said_where_it_is_known(left: str, said: str, tmp_path: Path) -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    numbers = {"alive": os.getppid(), "dead": child.pid}
    store = Store(tmp_path / "state", "packages.example.org", "nginx")
    with store.lock(0):
        assert (store.base / "lock").read_text() == f"{os.getpid()}\n"
        (store.base / "lock").write_text(left.format(**numbers))
        with pytest.raises(RewritegenError, match=said.format(**numbers)), store.lock(0):
            pass
    assert (store.base / "lock").read_text() == ""


@long
def test_below_a_sticky_directory_all_is_well(toy: Toy) -> None:
    """As below /tmp: whoever may write there can rename nothing of ours."""
    above = toy.root / "above"
    above.mkdir()
    above.chmod(0o1777)
    toy.state = above / "apply"
    assert toy.apply().code == 0
    toy.claim("one")
    assert toy.apply().code == 0
    assert toy.apply("--rollback").code == 0


@only_root
@pytest.mark.parametrize(
    ("owner", "code"), [(SOMEBODY, 0), (12345, 2)], ids=["of its own", "of another user"]
)
def test_an_ordinary_user(owner: int, code: int, place: Path) -> None:
    base = place / "apply"
    base.mkdir()
    os.chown(base, owner, owner)
    assert as_somebody(lambda: locked(base)) == code


@only_root
@pytest.mark.parametrize("there", [True, False], ids=["a state of root", "no state yet"])
def test_a_dry_run_of_who_may_not_write_goes_on_without_the_lock(there: bool, place: Path) -> None:
    base = place / "apply"
    if there:
        base.mkdir(0o700)
        (base / "lock").touch(0o600)

    def without() -> int:
        with Store(base, "packages.example.org", "nginx").lock_if_possible(0):
            return 0

    assert as_somebody(without) == 0
    assert base.exists() is there


def as_somebody(call: Callable[[], int]) -> int:
    """Run it in a child, as an ordinary user."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            os.setgroups([])
            os.setresgid(SOMEBODY, SOMEBODY, SOMEBODY)
            os.setresuid(SOMEBODY, SOMEBODY, SOMEBODY)
            code = call()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def locked(base: Path) -> int:
    try:
        with Store(base, "packages.example.org", "nginx").lock(0):
            return 0
    except RewritegenError as error:
        return 2 if error.problems[0].code == "RG856" else 1


def test_the_usual_place_is_not_in_a_directory_of_the_indexing_user() -> None:
    """Units and recipes give /var/lib/rewritegen to the user `rewritegen`, who could rename what is in it."""
    given = Path("/var/lib/rewritegen")
    assert given not in Path(DEFAULT_STATE).parents
    assert Path(DEFAULT_STATE).parent == given.parent
