"""Asked to end in the wrong moment: what is undone is undone to its end, and what is committed stays."""

from __future__ import annotations

import json
import os
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.killing import in_a_child
from tests.support.toy import Toy

pytestmark = pytest.mark.slow

ASKING = [
    pytest.param(signal.SIGTERM, id="SIGTERM"),
    *(
        pytest.param(number, id=number.name, marks=pytest.mark.long)
        for number in (signal.SIGINT, signal.SIGHUP)
    ),
]
EACH = pytest.mark.parametrize("number", ASKING)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Those of a program in the foreground: in the background of a shell SIGINT is ignored, and stays so."""
    usual = {signal.SIGINT: signal.default_int_handler}
    before = [
        (number, signal.signal(number, usual.get(number, signal.SIG_DFL)))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    ]
    yield
    for number, handler in before:
        signal.signal(number, handler)


def changed(toy: Toy) -> bytes:
    """Something is applied, and another thing wanted; return the first."""
    assert toy.apply().code == 0
    toy.claim("one")
    content = toy.content()
    assert content is not None
    return content


def asks(toy: Toy, number: signal.Signals, *, fails_first: bool) -> str:
    """A reload in which the one who called it is asked to end; at will only in the second one, the first fails."""
    script, flag = toy.root / "asks.sh", toy.root / "failed-once"
    first = f"test -e {flag} || {{ touch {flag}; exit 1; }}\n" if fails_first else ""
    script.write_text(f"{first}kill -{number.value} $PPID\nexec sh {toy.root}/reload.sh\n")
    return f"sh {shlex.quote(str(script))}"


@EACH
def test_in_an_undo_that_began_for_another_reason(number: signal.Signals, toy: Toy) -> None:
    before = changed(toy)
    done = toy.apply(reload=asks(toy, number, fails_first=True))
    assert done.code == 1
    assert "error[RG845]" in done.err
    assert "the files before it are back" in done.err
    assert toy.content() == before == toy.loaded.read_bytes()
    assert toy.is_clean()


@EACH
def test_while_a_killed_run_is_undone(number: signal.Signals, toy: Toy) -> None:
    """It ends afterwards, and does not begin again."""
    before = changed(toy)
    assert in_a_child(lambda: toy.apply().code, 25) < 0
    done = toy.apply(reload=asks(toy, number, fails_first=False))
    assert done.code == 130
    assert "was interrupted: the files before it are put back" in done.err
    assert toy.content() == before == toy.loaded.read_bytes()
    assert toy.is_clean()


@EACH
def test_when_it_is_committed(
    number: signal.Signals, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told that all is well, and then it ends."""
    changed(toy)
    rename = os.rename

    def asking(source: Path, target: Path) -> None:
        rename(source, target)
        if Path(target).parent.name == "generations":
            os.kill(os.getpid(), number)

    monkeypatch.setattr(os, "rename", asking)
    record = toy.root / "told"
    hook = toy.root / "hook.sh"
    hook.write_text(f"echo $REWRITEGEN_RESULT >> {record}\n")
    done = toy.apply("--after", f"sh {hook}")
    assert done.code == 130
    assert "generation 2 is in place" in done.err
    assert "the files before it are back" not in done.err
    assert record.read_text() == "applied\n"
    assert toy.content() == toy.text() == toy.loaded.read_bytes()
    assert toy.is_clean()
    assert json.loads((toy.history / "generations/2/record.json").read_text())["number"] == 2


@EACH
def test_before_that_it_is_undone(number: signal.Signals, toy: Toy) -> None:
    before = changed(toy)
    script, flag = toy.root / "asks-once.sh", toy.root / "asked"
    script.write_text(
        f"test -e {flag} || {{ touch {flag}; kill -{number.value} $PPID; }}\n"
        f"exec sh {toy.root}/reload.sh\n"
    )
    done = toy.apply(reload=f"sh {script}")
    assert done.code == 130
    assert "the files before it are back" in done.err
    assert toy.content() == before == toy.loaded.read_bytes()
    assert toy.is_clean()
    # who asks is answered as before, afterwards
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, pytest.param(ValueError, marks=pytest.mark.long)]
)
def test_whatever_ends_an_undo_is_told(
    error: type[BaseException], toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(toy)

    def ends(*_arguments: object, **_keywords: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("rewritegen.apply.transaction._restore", ends)
        done = toy.apply(reload="false")
    assert done.code == 1
    assert f"error[RG852]: the change failed, and could not be undone: {error.__name__}" in done.err
    assert (toy.history / "pending").exists()
    assert toy.apply().code == 0
