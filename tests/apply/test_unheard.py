"""Nobody hears what is said: the pipe is closed, or the disk of the log is full. That decides nothing."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rewritegen.apply import ApplyFailedError, Means, Order, Store
from rewritegen.apply.run import apply_site
from rewritegen.servers.base import Files
from tests.support.killing import in_a_child
from tests.support.toy import Toy, applied

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
long = pytest.mark.long


@contextlib.contextmanager
def deaf(way: str) -> Iterator[int]:
    """A descriptor that nothing can be written to."""
    if way == "full":
        descriptor = os.open("/dev/full", os.O_WRONLY)
    else:
        reading, descriptor = os.pipe()
        os.close(reading)
    yield descriptor
    os.close(descriptor)


def unheard(toy: Toy, way: str, *more: str, reload: str = "") -> int:
    """Run the command where nobody hears it; return the exit code."""
    words = [sys.executable, "-m", "rewritegen", *toy.words(*more, reload=reload)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if way == "none":
        words = ["sh", "-c", 'exec "$@" 2>&-', "sh", *words]
    with deaf(way) as descriptor:
        return subprocess.run(
            words, env=environment, stderr=descriptor, timeout=120, check=False
        ).returncode


EACH = pytest.mark.parametrize(
    "way", ["closed", pytest.param("full", marks=long), pytest.param("none", marks=long)]
)


@EACH
def test_a_change_is_made_and_the_hook_told(way: str, toy: Toy) -> None:
    applied(toy)
    toy.claim("one")
    record = toy.root / "told"
    hook = toy.root / "hook.sh"
    hook.write_text(f"echo $REWRITEGEN_RESULT >> {record}\n")
    assert unheard(toy, way, "--after", f"sh {hook}") == 0
    assert toy.content() == toy.text() == toy.loaded.read_bytes()
    assert record.read_text() == "applied\n"
    assert toy.is_clean()


@long
@EACH
def test_a_failure_is_undone(way: str, toy: Toy) -> None:
    content = applied(toy)
    toy.claim("one")
    assert unheard(toy, way, reload="false") == 1
    assert toy.content() == content
    assert toy.is_clean()


@long
@EACH
def test_what_a_killed_run_left_is_undone(way: str, toy: Toy) -> None:
    content = applied(toy)
    toy.claim("one")
    assert in_a_child(lambda: toy.apply().code, 25) < 0
    assert unheard(toy, way, "--rollback") == 0
    assert toy.content() == content
    assert toy.is_clean()


def test_after_the_commit_nobody_is_told_that_nothing_is_changed(tmp_path: Path) -> None:
    """Whoever calls the library may say things in another way, which may fail."""

    def say(text: str) -> None:
        if "is in place" in text:
            raise OSError(28, "No space left on device")

    store = Store(tmp_path / "state", "packages.example.org", "nginx")
    means = Means("nginx", None, reload_words=("true",), say=say)
    files = Files((("a.conf", "text"),), fingerprint="")
    with pytest.raises(ApplyFailedError, match="generation 1 is in place") as caught:
        apply_site(store, means, files, tmp_path, (), Order())
    assert caught.value.problems[0].code == "RG853"
    assert (tmp_path / "a.conf").read_text() == "text"
