"""What a killed run left, and what the next one makes of it."""

from __future__ import annotations

import shlex

import pytest

from tests.support.killing import in_a_child
from tests.support.toy import Toy, answers, applied

pytestmark = pytest.mark.slow
LONG = pytest.mark.long


def test_what_somebody_changed_after_a_kill_is_not_lost(toy: Toy) -> None:
    applied(toy)
    toy.claim("one")
    assert in_a_child(lambda: toy.apply().code, 25) < 0
    assert (toy.history / "pending").exists()
    toy.installed.write_bytes(b"# mine\n")
    done = toy.apply()
    assert done.code == 2
    assert "error[RG851]" in done.err
    assert toy.content() == b"# mine\n"
    assert toy.apply("--force").code == 0
    assert toy.content() == toy.text()
    assert toy.is_clean()


def test_back_after_a_kill_undoes_that_only(toy: Toy) -> None:
    applied(toy)
    second = applied(toy, "one")
    toy.claim("two")
    assert in_a_child(lambda: toy.apply().code, 25) < 0
    done = toy.apply("--rollback")
    assert done.code == 0
    assert "was interrupted" in done.err
    assert toy.content() == second
    assert answers(toy)


def test_back_after_a_rollback_was_killed_goes_back(toy: Toy) -> None:
    """What was begun last is that rollback: to undo it is not what was asked for."""
    first = applied(toy)
    second = applied(toy, "one")
    assert in_a_child(lambda: toy.apply("--rollback").code, 25) < 0
    assert (toy.history / "pending").exists()
    done = toy.apply("--rollback")
    assert done.code == 0, done.err
    assert "a rollback of " in done.err
    assert toy.content() == first != second
    assert answers(toy)
    assert toy.is_clean()


@LONG
def test_back_from_what_cannot_be_loaded_after_a_rollback_was_killed(toy: Toy) -> None:
    """The broken file is put back, as it was; that it cannot be loaded is why it is rolled back."""
    content = applied(toy)
    toy.installed.write_bytes(content + b"nonsense on;\n")
    reload = f"sh -c {shlex.quote(f'! grep nonsense {toy.installed} && sh {toy.root}/reload.sh')}"
    assert in_a_child(lambda: toy.apply("--rollback", reload=reload).code, 25) < 0
    assert (toy.history / "pending").exists()
    done = toy.apply("--rollback", reload=reload)
    assert done.code == 0, done.err
    assert "warning: the server was not reloaded" in done.err
    assert toy.content() == content
    assert answers(toy)
    assert toy.is_clean()


def test_back_with_force_after_a_kill_and_a_hand_edit(toy: Toy) -> None:
    """What was interrupted is forgotten, which is said, and not all that was asked for."""
    applied(toy)
    second = applied(toy, "one")
    toy.claim("two")
    assert in_a_child(lambda: toy.apply().code, 25) < 0
    toy.installed.write_bytes(b"# mine\n")
    assert "error[RG851]" in toy.apply("--rollback").err
    done = toy.apply("--rollback", "--force")
    assert done.code == 0, done.err
    assert f"was interrupted: it is forgotten, not undone: {toy.installed}" in done.err
    assert toy.content() == second
    assert answers(toy)
    assert toy.is_clean()
