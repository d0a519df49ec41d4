"""Help, man page and completion come from the commands themselves; terminals get colours, and nobody else does."""

from __future__ import annotations

import fcntl
import os
import re
import select
import shlex
import shutil
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import pytest
from click.shell_completion import get_completion_class

from rewritegen.cli import commands, main
from tools.man_page import man_page, sections_of

pytestmark = pytest.mark.slow  # what click prints does not depend on the Python

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "rewritegen.1"
NAMES = sorted(commands.commands)

each_command = pytest.mark.parametrize("name", NAMES)


@each_command
def test_help_has_one_example_and_it_is_right(name: str) -> None:
    command = commands.commands[name]
    assert (command.help or "").count("Example:") == 1
    _, example = sections_of(command)
    words = shlex.split(example.partition(" > ")[0].replace("<(", "").replace(")", ""))
    while words[0] in {"sudo", "source"}:
        del words[0]
    assert words[:2] == ["rewritegen", name]
    with command.make_context(name, words[2:]):
        pass  # an option that does not exist would have been refused


@each_command
@pytest.mark.parametrize("columns", [60, 80])
def test_help_fits(
    name: str, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main([name, "--help"]) == 0
    out = capsys.readouterr().out
    _, example = sections_of(commands.commands[name])
    # a command that is broken over lines could not be copied, nor a list of words
    whole = [line for line in out.splitlines() if line.strip() == example]
    assert len(whole) == 1
    others = [line for line in out.splitlines() if line not in whole and " [" not in line]
    assert max(map(len, others)) <= columns


def test_the_man_page_is_that_of_the_commands() -> None:
    if "REWRITEGEN_UPDATE_GOLDEN" in os.environ:
        PAGE.write_text(man_page(commands))
    assert PAGE.read_text() == man_page(commands), "make man"


@each_command
def test_the_man_page_names_every_option(name: str) -> None:
    page = man_page(commands)
    section = page[page.index(f"\n.SS {name}\n") :].partition("\n.S")[2].partition("\n.S")[0]
    for option in commands.commands[name].params:
        if isinstance(option, click.Option):
            assert option.opts[-1].replace("-", "\\-") in section
    assert "Example:" in section


def test_the_man_page_is_plain() -> None:
    page = man_page(commands)
    assert page.isascii()
    known = {"TH", "SH", "SS", "PP", "TP", "IP", "B", "br", "EX", "EE"}
    assert {line.split()[0][1:] for line in page.splitlines() if line.startswith(".")} <= known


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not needed to make the page")
def test_groff_has_no_complaint() -> None:
    done = subprocess.run(
        ["groff", "-ww", "-man", "-Tutf8"],
        input=man_page(commands),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert "PRIVATE" not in done.stdout
    assert "rewritegen" in done.stdout


# ------------------------------------------------------------------ completion

COMPLETED = [
    pytest.param("rewritegen ex", {"explain"}, id="command"),
    pytest.param("rewritegen generate --sc", {"--scope"}, id="option"),
    pytest.param("rewritegen generate --server ", {"nginx", "apache"}, id="word"),
    pytest.param("rewritegen lint --explain RG00", {f"RG00{n}" for n in range(1, 10)}, id="code"),
    pytest.param("rewritegen completion ", {"bash", "zsh", "fish"}, id="argument"),
]


def environment(**more: str) -> dict[str, str]:
    """A shell's environment in which `rewritegen` is this one."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": "/nonexistent", "TERM": "xterm", "LC_ALL": "C.UTF-8", **more}


@pytest.fixture(scope="module")
def read_by_bash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a start file of bash would have."""
    path = tmp_path_factory.mktemp("bash") / "completion"
    with path.open("w") as stream:
        subprocess.run(
            ["rewritegen", "completion", "bash"],
            env=environment(),
            stdout=stream,
            timeout=60,
            check=True,
        )
    return path


@pytest.mark.parametrize(("line", "expected"), COMPLETED)
def test_bash_completes(line: str, expected: set[str], read_by_bash: Path) -> None:
    """In a real bash, by the function that it calls for TAB."""
    script = f"""
        source {read_by_bash} || exit 3
        COMP_WORDS=({line.rstrip()} {"''" if line.endswith(" ") else ""})
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        function_name=$(complete -p rewritegen | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        $function_name rewritegen
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "--noprofile", "-c", script],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert set(done.stdout.split()) == expected, done.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
@pytest.mark.parametrize(("line", "expected"), COMPLETED)
def test_click_completes_for_other_shells(
    shell: str, line: str, expected: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As these shells ask for it: in the words of the environment."""
    words = line.split()
    begun = "" if line.endswith(" ") else words[-1]
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", begun if shell == "fish" else str(len(words) - bool(begun)))
    asked = get_completion_class(shell)
    assert asked is not None
    answer = asked(commands, {}, "rewritegen", "_REWRITEGEN_COMPLETE").complete()
    found = set(re.split(r"[\s,]+", answer))
    assert expected <= found
    assert not {"serve", "cache"} & (found - expected)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how_to_ask(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    out = capsys.readouterr().out
    assert f"_REWRITEGEN_COMPLETE={shell}_complete" in out
    assert "rewritegen" in out


# ------------------------------------------------------------------ terminals


@contextmanager
def terminal(columns: int) -> Iterator[tuple[int, int]]:
    """A terminal so many columns wide: the end that a program writes to, and the one that shows it."""
    shown, written = os.openpty()
    fcntl.ioctl(written, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    try:
        yield written, shown
    finally:
        os.close(shown)


def on_terminal(argv: Sequence[str], columns: int, **more: str) -> str:
    """What a program shows on a terminal; a program that hangs is ended."""
    with terminal(columns) as (written, shown):
        process = subprocess.Popen(
            argv,
            stdin=written,
            stdout=written,
            stderr=written,
            env=environment(**more),
            close_fds=True,
        )
        os.close(written)
        data = b""
        end = time.monotonic() + 60
        try:
            while time.monotonic() < end:
                ready, _, _ = select.select([shown], [], [], 1)
                if not ready:
                    continue
                try:
                    piece = os.read(shown, 65536)
                except OSError:  # Linux: the other end has been closed
                    break
                if not piece:
                    break
                data += piece
            process.wait(10)
        finally:
            process.kill()
            process.wait()
    return data.decode().replace("\r\n", "\n")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "s.yaml"
    path.write_text("server_name: a.example.org\nprivate: [{path: /srv/a, listing: automatic}]\n")
    return path


COLOURED = [
    pytest.param(["explain", "SITE", "six", "--no-files"], id="explain"),
    pytest.param(["lint", "SITE"], id="lint"),
    pytest.param(["generate", "BROKEN", "--server", "nginx"], id="a broken site file"),
]


def argv_of(words: Sequence[str], site: Path) -> list[str]:
    broken = site.with_name("b.yaml")
    broken.write_text("server_nam: x\n")
    places = {"SITE": str(site), "BROKEN": str(broken)}
    return ["rewritegen", *(places.get(word, word) for word in words)]


@pytest.mark.parametrize("words", COLOURED)
def test_a_terminal_gets_colours_and_its_width(words: list[str], site: Path) -> None:
    shown = on_terminal(argv_of(words, site), 60)
    assert "\x1b[" in shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert "\x1b" not in plain
    if words[0] != "generate":  # a line of the file is shown as it is
        longest = max(len(word) for line in plain.splitlines() for word in line.split())
        assert max(map(len, plain.splitlines())) <= max(60, longest + 13)


@pytest.mark.parametrize("words", COLOURED)
def test_no_color_means_none(words: list[str], site: Path) -> None:
    assert "\x1b" not in on_terminal(argv_of(words, site), 60, NO_COLOR="1")


def test_a_terminal_that_knows_no_colours_gets_none(site: Path) -> None:
    words = ["explain", "SITE", "six", "--no-files"]
    assert "\x1b" not in on_terminal(argv_of(words, site), 60, TERM="dumb")


@pytest.mark.parametrize("words", COLOURED)
def test_a_pipe_gets_no_colour(words: list[str], site: Path) -> None:
    done = subprocess.run(
        argv_of(words, site), env=environment(), capture_output=True, timeout=60, check=False
    )
    assert b"\x1b" not in done.stdout + done.stderr
    assert done.stdout + done.stderr


def test_tab_in_a_real_bash() -> None:
    """Somebody types the beginning of a word and presses TAB."""
    with terminal(80) as (written, shown):
        process = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-i"],
            stdin=written,
            stdout=written,
            stderr=written,
            env=environment(PS1="ready> "),
            start_new_session=True,
        )
        os.close(written)
        try:
            seen = until(shown, b"ready> ")
            os.write(shown, b"source <(rewritegen completion bash); echo do''ne\n")
            seen = until(shown, b"done")
            os.write(shown, b"rewritegen expl\t")
            seen = until(shown, b"rewritegen explain ")
            os.write(shown, b"\x15exit\n")
            process.wait(10)
        finally:
            process.kill()
            process.wait()
    assert b"explain" in seen


def until(shown: int, wanted: bytes) -> bytes:
    """Read a terminal until it shows something."""
    data = b""
    end = time.monotonic() + 60
    while wanted not in data:
        assert time.monotonic() < end, data
        if select.select([shown], [], [], 1)[0]:
            data += os.read(shown, 4096)
    return data
