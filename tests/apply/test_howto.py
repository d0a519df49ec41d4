"""docs/howto-apply.md shows what happens: its commands exist, its session is run, its codes are the source's."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from rewritegen.cli import commands
from tests.support.hosts import Host, Machine, run

ROOT = Path(__file__).resolve().parents[2]
HOWTO = (ROOT / "docs" / "howto-apply.md").read_text()
SESSIONS = re.findall(r"^```\n(.*?)^```$", HOWTO, re.MULTILINE | re.DOTALL)
LINES = [line[2:] for session in SESSIONS for line in session.splitlines() if line[:2] == "$ "]


@pytest.mark.parametrize("line", LINES)
def test_a_command_is_one(line: str) -> None:
    words = shlex.split(line.partition(" > ")[0], comments=True)
    del words[: words.index("rewritegen") + 1]
    with commands.commands[words[0]].make_context(words[0], words[1:]):
        pass  # an option that does not exist would have been refused


def test_every_code_is_told() -> None:
    modules = [ROOT / "rewritegen" / "provenance.py", *(ROOT / "rewritegen").glob("*apply*/*.py")]
    modules += (ROOT / "rewritegen").glob("cli_apply*.py")
    used = {code for path in modules for code in re.findall(r'"(RG8\d\d)"', path.read_text())}
    told = set(re.findall(r"RG8\d\d", HOWTO))
    assert told == used
    assert len(used) > 10


def steps(session: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of a session, each with the lines that it shows."""
    for part in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
        line, *shown = part.splitlines()
        yield line, shown


def plain(text: str, host: Host) -> list[str]:
    """What a command said, with the places, times and fingerprints of any machine."""
    text = text.replace(str(host.hosts), "/etc/nginx/conf.d")
    text = re.sub(r"\b[0-9a-f]{12}\b", "FINGERPRINT", text)
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text).splitlines()


@pytest.mark.long
@pytest.mark.server
def test_the_sessions_are_what_is_said(machine: Machine) -> None:
    host = machine("nginx")
    host.start()
    first, back = SESSIONS[:2]
    for line, shown in [*steps(first), *steps(back)]:
        if "--history" in line and host.fingerprint() and "--diff" not in line:
            host.claim("secret-tool")
            assert host.apply().code == 0
        words = shlex.split(line.partition(" > ")[0])
        more = [word for word in words[words.index("nginx") + 1 :] if word != "nginx"]
        done = run(host.words(*more, "--no-check"))
        said = done.err if ">" in line or not done.out else done.out
        if shown:
            assert plain(said, host) == plain("\n".join(shown), host), line
        assert done.code == (3 if "--dry-run" in more else 0)
