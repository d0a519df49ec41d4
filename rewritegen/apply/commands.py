"""The programs that an apply runs: the server's test and reload, and the hooks of the administrator."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from rewritegen.apply.model import ApplyFailedError
from rewritegen.diagnostics import Problem, visible

__all__ = ["CONFIG_WORD", "Result", "run", "run_hook", "split"]

#: Stands in --test-command where the path of the copied main configuration goes.
CONFIG_WORD = "{config}"

#: What a program said is for people; the last lines are those that say why.
_SHOWN_LINES = 12


@dataclass(frozen=True, slots=True)
class Result:
    """How a program ended."""

    argv: tuple[str, ...]
    code: int | None
    """None: it was ended, because it took too long."""
    said: str

    @property
    def line(self) -> str:
        """The command as somebody would type it."""
        return visible(shlex.join(self.argv))

    @property
    def ended(self) -> str:
        """How it ended, in words. The exit code alone says whether it went well: servers warn on success, too."""
        if self.code is None:
            return f"`{self.line}` did not end in time"
        return f"`{self.line}` exited with {self.code}"


def split(command: str) -> tuple[str, ...]:
    """Return the words of a command of the command line; no shell reads it.

    :raises ValueError: when a quote is not closed, or there is no word.
    """
    words = tuple(shlex.split(command))
    if not words:
        raise ValueError("it is empty")
    return words


def run(
    argv: Sequence[str], seconds: float, environment: Mapping[str, str] | None = None
) -> Result:
    """Run a program to its end, or end it, with all that it started, after ``seconds``.

    What it says goes through a file: a server that it started would hold a pipe open.

    :raises ApplyFailedError: RG843 when it cannot be started.
    """
    with tempfile.TemporaryFile() as output:
        try:
            child = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment} if environment else None,
                start_new_session=True,
            )
        except OSError as error:
            message = (
                f"`{visible(argv[0])}` cannot be run: {(error.strerror or str(error)).lower()}"
            )
            help = "install it, or name another: --binary, --test-command, --reload-command"
            raise ApplyFailedError(Problem("RG843", message, None, help)) from error
        code: int | None = None
        try:
            code = child.wait(max(seconds, 0.1))
        except subprocess.TimeoutExpired:
            _end(child)
        except BaseException:
            _end(child)
            raise
        output.seek(0)
        lines = output.read().decode("utf-8", "replace").strip().splitlines()
    return Result(tuple(argv), code, "\n".join(visible(line) for line in lines[-_SHOWN_LINES:]))


def run_hook(command: str, seconds: float, facts: Mapping[str, str]) -> Result:
    """Run a hook; what happened is in its environment, as REWRITEGEN_WORD."""
    environment = {f"REWRITEGEN_{word.upper()}": value for word, value in facts.items()}
    return run(split(command), seconds, environment)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a program that we started, and what is in its process group."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
