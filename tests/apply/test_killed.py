"""kill -9 at every step of an apply: the server answers with the old or the new generation, and the next run ends well.

A forked child runs the command and kills itself before the n-th change that it makes (tests/support/killing.py). At
these points the server is also stopped and started: what is on the disk then is a whole configuration.
"""

from __future__ import annotations

import errno
import itertools
import re
import shlex
import shutil
import signal
from collections.abc import Callable

import pytest

from rewritegen.provenance import fingerprint_of
from tests.support.hosts import Host, Machine
from tests.support.killing import in_a_child, refuse_at
from tests.support.processes import wait_until
from tests.support.toy import Toy

pytestmark = pytest.mark.server

KINDS = pytest.mark.parametrize("kind", ["nginx", "apache"])

#: More steps than any run has.
_MOST = 400


def killed(machine: Host | Toy, last: int, *words: str) -> bool:
    """Run the command in a child that dies before its ``last``-th change; tell whether it came to that."""
    died = in_a_child(lambda: machine.apply(*words).code, last)
    assert died in (0, -signal.SIGKILL), died
    return died < 0


# ------------------------------------------------------------------ the toy: every step of every kind of run


def nothing(toy: Toy) -> tuple[str, ...]:
    """The first run of all."""
    toy.claim("secret-tool")
    return ()


def change(toy: Toy) -> tuple[str, ...]:
    """A change of what was applied before."""
    assert toy.apply().code == 0
    toy.claim("secret-tool")
    return ()


def rollback(toy: Toy) -> tuple[str, ...]:
    """Back again."""
    change(toy)
    assert toy.apply().code == 0
    toy.claim()
    return ("--rollback", "--to", "1")


def full_history(toy: Toy) -> tuple[str, ...]:
    """A change that makes an older generation go."""
    change(toy)
    return ("--keep", "1")


@pytest.mark.parametrize(
    ("prepare", "step"),
    [
        pytest.param(change, 3, id="every third of a change"),
        *(
            pytest.param(each, step, id=each.__name__, marks=pytest.mark.long)
            for each, step in ((change, 1), (nothing, 2), (rollback, 2), (full_history, 2))
        ),
    ],
)
def test_steps_of_the_toy(prepare: Callable[[Toy], tuple[str, ...]], step: int, toy: Toy) -> None:
    words = prepare(toy)
    toy.keep()
    before, after = toy.content(), toy.text()
    count = 0
    for last in range(1, _MOST, step):
        toy.reset()
        if not killed(toy, last, *words):
            break
        count += 1
        assert toy.content() in (before, after), last
        assert toy.fingerprint() in {
            fingerprint_of((text or b"").decode()) for text in (before, after)
        }
        if count % 2:
            toy.boot()
        # a second one is killed while it mends what the first left
        killed(toy, last % 23 + 1, *words)
        assert toy.content() in (before, after), last
        if prepare is change and count % 2:
            # who gives the change up finds everything as it was
            toy.claim()
            assert toy.apply().code == 0
            assert (toy.content(), toy.is_clean()) == (before, True), last
            toy.claim("secret-tool")
            continue
        done = toy.apply(*words)
        assert done.code == 0, (last, done.err)
        if words[:1] == ("--rollback",) and toy.content() != after:
            assert toy.apply(*words).code == 0  # the first only undid what had been begun
        assert toy.content() == after, last
        assert toy.fingerprint() == fingerprint_of(after.decode()), last
        assert toy.is_clean(), last
    assert count >= 30 // step


@pytest.mark.long
def test_a_moved_host_is_never_there_twice(toy: Toy) -> None:
    """Both directories are included: with both files the server would not start."""
    change(toy)
    toy.keep()
    other = toy.root / "other"
    command = (
        f"sh -c {shlex.quote(f'cat {toy.hosts}/*.conf {other}/*.conf > {toy.loaded} 2>&1; :')}"
    )
    words = ("-o", str(other), "--reload-command", command)
    seen = set()
    for last in range(1, _MOST):
        toy.reset()
        shutil.rmtree(other, ignore_errors=True)
        other.mkdir()
        if not killed(toy, last, *words):
            break
        there = (toy.installed.exists(), (other / toy.installed.name).exists())
        assert there != (True, True), last
        seen.add(there)
        if there == (False, False):
            toy.loaded.write_bytes(b"")  # it is started then
        done = toy.apply(*words)
        assert done.code == 0, (last, done.err)
        assert (toy.installed.exists(), (other / toy.installed.name).exists()) == (False, True)
        assert toy.is_clean()
    assert seen == {(True, False), (False, False), (False, True)}


@pytest.mark.parametrize(
    ("code", "step"),
    [
        pytest.param(errno.ENOSPC, 4, id="no space, every fourth"),
        pytest.param(errno.ENOSPC, 1, id="no space", marks=pytest.mark.long),
        pytest.param(errno.EROFS, 1, id="read-only", marks=pytest.mark.long),
    ],
)
def test_the_system_refuses(code: int, step: int, toy: Toy) -> None:
    """Nothing is changed then, or it is written down what to put back; later, all is well."""
    change(toy)
    toy.keep()
    before, after = toy.content(), toy.text()
    for number in itertools.count(1, step):
        toy.reset()
        with pytest.MonkeyPatch.context() as patch:
            refused = refuse_at(number, code, patch.setattr)
            done = toy.apply()
        if not refused():
            break
        assert toy.content() in (before, after), number
        if done.code == 0:  # an older generation that cannot be removed is no reason to fail
            assert toy.content() == after
        else:
            assert done.code == 1
            # RG843: what is started opens /dev/null for it; RG852: what was begun could not be forgotten
            assert re.search(r"error\[RG8(53|43|52)\]", done.err), (number, done.err)
            assert "nothing is changed" not in done.err or toy.content() == before, number
            assert "Traceback" not in done.err
        done = toy.apply()
        assert done.code == 0, (number, done.err)
        assert toy.content() == after
        assert toy.is_clean(), number
    assert number > 15


# ------------------------------------------------------------------ real servers


def prepared(machine: Machine, kind: str) -> tuple[Host, str, str]:
    """A machine whose server answers with the first of two generations, and the fingerprints of both."""
    host = machine(kind)
    host.start()
    host.claim("secret-tool")
    assert host.apply().code == 0
    new = host.fingerprint()
    host.claim()
    assert host.apply().code == 0
    old = host.fingerprint()
    assert "" not in (old, new)
    assert old != new
    host.claim("secret-tool")
    return host, old, new


def look(host: Host, wanted: set[str]) -> None:
    """The server answers with one generation, and the file that is there is one, whole."""
    wait_until(lambda: host.fingerprint() in wanted, "it answers with the old or the new", 30)
    assert host.installed.read_bytes() in {
        path.read_bytes() for path in host.history.rglob("*.after")
    }


def at_each(machine: Machine, kind: str, first: int, step: int) -> int:
    """Kill it at these steps, boot at every second of them, and let the next run mend it; return their number."""
    host, old, new = prepared(machine, kind)
    count = 0
    for last in range(first, _MOST, step):
        if not killed(host, last):
            break
        count += 1
        look(host, {old, new})
        if count % 2:
            host.stop()
            host.start()
            look(host, {old, new})
        done = host.apply()
        assert done.code == 0, (last, done.err)
        assert host.fingerprint() == new, last
        assert host.is_clean(), last
        host.claim()
        assert host.apply().code == 0
        host.claim("secret-tool")
    return count


@KINDS
def test_some_steps(kind: str, machine: Machine) -> None:
    assert at_each(machine, kind, 9, 16) >= 2


@pytest.mark.long
@KINDS
def test_every_second_step(kind: str, machine: Machine) -> None:
    assert at_each(machine, kind, 1, 2) >= 20
