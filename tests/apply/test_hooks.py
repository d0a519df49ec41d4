"""Hooks, before and after, and what they are told."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from tests.support.toy import Toy, applied

pytestmark = pytest.mark.slow


def hook(toy: Toy, name: str, code: int = 0) -> tuple[str, Path]:
    """A hook that writes down what it is told, and says no if wanted."""
    script, record = toy.root / f"{name}.py", toy.root / f"{name}.json"
    script.write_text(
        "import json, os, sys\n"
        f"told = {{key: value for key, value in os.environ.items() if key.startswith('REWRITEGEN_')}}\n"
        f"with open({str(record)!r}, 'a') as file: file.write(json.dumps(told) + '\\n')\n"
        f"print('hook says', {name!r}); sys.exit({code})\n"
    )
    return shlex.join([sys.executable, str(script)]), record


def told(record: Path) -> list[dict[str, str]]:
    if not record.exists():
        return []
    return [json.loads(line) for line in record.read_text().splitlines()]


def test_hooks_are_told_what_happens(toy: Toy) -> None:
    before, was_before = hook(toy, "before")
    after, was_after = hook(toy, "after")
    hooks = ("--before", before, "--after", after)
    assert toy.apply(*hooks).code == 0
    assert toy.apply(*hooks).code == 0  # nothing to do: nobody is told
    toy.claim("one")
    assert toy.apply(*hooks, reload="false").code == 1
    assert toy.apply(*hooks).code == 0
    assert toy.apply("--rollback", *hooks).code == 0
    results = [each["REWRITEGEN_RESULT"] for each in told(was_after)]
    assert results == ["applied", "undone", "applied", "rolled-back"]
    assert [each["REWRITEGEN_RESULT"] for each in told(was_before)] == ["pending"] * 4
    facts = told(was_after)[2]
    assert facts["REWRITEGEN_SERVER"] == "nginx"
    assert facts["REWRITEGEN_FILES"] == str(toy.installed)
    assert facts["REWRITEGEN_GENERATION"] == "2"
    assert facts["REWRITEGEN_FINGERPRINT"] != facts["REWRITEGEN_WAS"] != ""
    assert Path(facts["REWRITEGEN_STATE"]) == toy.history


def test_a_hook_is_not_told_that_it_is_undone_when_it_is_not(toy: Toy) -> None:
    """The files are back, but the server does not come back with them."""
    applied(toy)
    toy.claim("one")
    after, was_after = hook(toy, "after")
    empty = f"sh -c {shlex.quote(f'echo > {toy.loaded}')}"
    done = toy.apply("--after", after, "--timeout", "5", reload=empty)
    assert done.code == 1
    assert "error[RG852]" in done.err
    assert [each["REWRITEGEN_RESULT"] for each in told(was_after)] == ["failed"]
    assert (toy.history / "pending").exists()


def test_a_hook_that_says_no(toy: Toy) -> None:
    content = applied(toy)
    toy.claim("one")
    before, _ = hook(toy, "before", 7)
    after, was_after = hook(toy, "after")
    done = toy.apply("--before", before, "--after", after)
    assert done.code == 1
    assert "error[RG849]: the hook before it said no, and nothing was changed" in done.err
    assert "exited with 7" in done.err
    assert "hook says before" in done.err
    assert toy.content() == content
    assert told(was_after) == []
    assert toy.is_clean()


def test_a_hook_that_fails_afterwards(toy: Toy) -> None:
    after, _ = hook(toy, "after", 3)
    done = toy.apply("--after", after)
    assert done.code == 1
    assert "error[RG850]: the hook after it failed, and nothing was undone for that" in done.err
    assert toy.content() == toy.text()
    assert toy.is_clean()


def test_a_hook_that_never_ends_is_ended(toy: Toy) -> None:
    content = applied(toy)
    toy.claim("one")
    done = toy.apply("--before", f"{sys.executable} -c 'import time; time.sleep(600)'", "--timeout", "0.5")  # fmt: skip
    assert done.code == 1
    assert "did not end in time" in done.err
    assert toy.content() == content


def test_who_writes_in_between_is_heard(toy: Toy) -> None:
    """A hook, or somebody, changes the file after it was looked at."""
    applied(toy)
    toy.claim("one")
    script = toy.root / "edit.sh"
    script.write_text(f"echo '# mine' >> {toy.installed}\n")
    mine = (toy.content() or b"") + b"# mine\n"
    done = toy.apply("--before", f"sh {script}")
    assert done.code == 1
    assert "error[RG855]" in done.err
    assert toy.content() == mine
