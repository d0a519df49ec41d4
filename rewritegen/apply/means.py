"""How an apply reaches its server: test, reload, questions, hooks; from the server itself or from the command line."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from rewritegen.answering import Address, await_fingerprint, fingerprint_at
from rewritegen.apply.binding import unbindable
from rewritegen.apply.commands import CONFIG_WORD, Result, run, run_hook
from rewritegen.apply.model import ApplyFailedError, Generation, NotRunningError
from rewritegen.apply.trial import Trial, standing_in
from rewritegen.diagnostics import Problem, RewritegenError, visible
from rewritegen.servers.live import Live

__all__ = ["Means"]

#: What a reload usually takes, where nobody can see that it has taken place.
_GRACE_SECONDS = 2.0

Contents: TypeAlias = Mapping[Path, "bytes | None"]


@dataclass(frozen=True, slots=True)
class Means:
    """What an apply may use."""

    server: str
    live: Live | None
    """None: the server is elsewhere, as in a container, and reached by the two commands only."""
    test_words: tuple[str, ...] = ()
    reload_words: tuple[str, ...] = ()
    timeout: float = 30.0
    """Seconds that each of test, reload and the first answer may take."""
    say: Callable[[str], None] = lambda _text: None
    check: Callable[[Generation], Sequence[Problem]] | None = None
    before: str = ""
    after: str = ""

    @property
    def tests_installed(self) -> bool:
        """Whether the test can only read what is installed: the command does not take another main file."""
        return self.live is None or bool(self.test_words and CONFIG_WORD not in self.test_words)

    # ------------------------------------------------------------------ test and reload

    def try_out(self, wanted: Contents, directory: Path, known: Contents) -> None:
        """Test the whole configuration with these files in place of the installed ones.

        :param known: what the last generation wrote, which the server may have read.
        :raises ApplyFailedError: RG844 when the server refuses it, RG848 when it could not listen.
        :raises RewritegenError: RG842 when it would not read them.
        """
        live = self.live
        if live is None:
            return  # what is elsewhere is tested when it is installed
        with standing_in(live, wanted, directory) as trial:
            given = (str(trial.main) if word == CONFIG_WORD else word for word in self.test_words)
            self._test(tuple(given) or live.test_command(trial.main))
            if not self.reload_words and not self.test_words:
                # else the server may have a network of its own
                _look_at_listening(live, trial, wanted, known)

    def test_installed(self) -> None:
        """Test the configuration as it is installed.

        :raises ApplyFailedError: RG844 when the server refuses it.
        """
        words = self.test_words or (
            tuple(self.live.test_command(self.live.config)) if self.live else ()
        )
        if words:
            self._test(words)

    def reload(self) -> None:
        """Let the server read its configuration again, by its control command.

        :raises ApplyFailedError: RG845 when the command says no; RG858 when it would start the server.
        """
        self.expect_running()
        words = self.reload_words or tuple(self.live.reload_command() if self.live else ())
        result = run(words, self.timeout)
        if result.code != 0:
            message = f"the server was not reloaded: {result.ended}"
            help = f"is it running? {result.said or 'it said nothing'}"
            raise ApplyFailedError(Problem("RG845", message, None, help))

    def expect_running(self) -> None:
        """Refuse to start a server by a reload: who stopped it may have had a reason, and systemd would not know of it.

        A command that was given is the business of who gave it.

        :raises NotRunningError: RG858.
        """
        if self.live is None or self.reload_words or not (start := self.live.start_instead()):
            return
        message = f"{self.server} does not run, and its reload would start it"
        raise NotRunningError(
            Problem("RG858", message, None, f"start it (`{visible(start)}`), and run this again")
        )

    def _test(self, words: Sequence[str]) -> None:
        result = run(words, self.timeout)
        if result.code != 0:
            message = f"{self.server} does not accept the whole configuration: {result.ended}"
            raise ApplyFailedError(
                Problem("RG844", message, None, result.said or "it said nothing")
            )

    # ------------------------------------------------------------------ questions

    def is_answered(self, generation: Generation) -> bool:
        """Tell whether the new fingerprint answers before the reload: then no answer shows that it was read."""
        wanted = generation.fingerprint
        return bool(wanted) and all(
            fingerprint_at(address, 2.0) == wanted for address in generation.addresses
        )

    def give_time(self, generation: Generation) -> None:
        """Wait a moment for what cannot be seen, and say so."""
        self.say(
            f"warning: {self.server} answered with {generation.fingerprint[:12]} before the reload, too: "
            "that it has read the files cannot be seen"
        )
        time.sleep(_GRACE_SECONDS)

    def await_new(self, generation: Generation) -> None:
        """Wait until the new configuration answers everywhere; without one, until the old one does not.

        :raises ApplyFailedError: RG846 when it does not in time.
        """
        wanted, was = generation.fingerprint, generation.was
        if wanted:
            late = await_fingerprint(generation.addresses, lambda c: c == wanted, self.timeout)
        elif was:
            late = await_fingerprint(generation.was_at, lambda c: c != was, self.timeout)
        else:
            late = None
        if late is not None:
            raise ApplyFailedError(_unanswered(*late, wanted, self.timeout))

    def await_old(self, generation: Generation) -> None:
        """Wait until what answered before answers again, or, where nothing did, the new configuration no more.

        :raises ApplyFailedError: RG846 when that does not happen in time.
        """
        was, new = generation.was, generation.fingerprint
        if was:
            late = await_fingerprint(generation.was_at, lambda c: c == was, self.timeout)
        else:
            late = await_fingerprint(
                generation.addresses, lambda c: not c or c != new, self.timeout
            )
        if late is not None:
            raise ApplyFailedError(_unanswered(*late, was, self.timeout))

    # ------------------------------------------------------------------ hooks

    def hook(self, command: str, generation: Generation, result: str, directory: Path) -> Result:
        """Run a hook, and tell it what happened: ``result`` is pending, applied, rolled-back, undone or failed."""
        facts = {
            "result": result,
            "server": self.server,
            "generation": str(generation.number),
            "fingerprint": generation.fingerprint,
            "was": generation.was,
            "files": "\n".join(str(change.path) for change in generation.needed),
            "state": str(directory),
        }
        return run_hook(command, self.timeout, facts)

    def run_before(self, generation: Generation, directory: Path) -> None:
        """Run the hook that may say no.

        :raises ApplyFailedError: RG849 when it does.
        """
        if not self.before:
            return
        result = self.hook(self.before, generation, "pending", directory)
        if result.code != 0:
            message = f"the hook before it said no, and nothing was changed: {result.ended}"
            raise ApplyFailedError(
                Problem("RG849", message, None, result.said or "it said nothing")
            )

    def run_after(self, generation: Generation, result: str, directory: Path) -> Problem | None:
        """Run the hook that is told of it; return what went wrong with that."""
        if not self.after:
            return None
        try:
            ended = self.hook(self.after, generation, result, directory)
        except RewritegenError as error:
            return error.problems[0]
        except OSError as error:
            message = f"the hook after it was not run: {(error.strerror or str(error)).lower()}"
            return Problem("RG850", message, None, "nothing was undone for that")
        if ended.code == 0:
            return None
        message = f"the hook after it failed, and nothing was undone for that: {ended.ended}"
        return Problem("RG850", message, None, ended.said or "it said nothing")


def _look_at_listening(live: Live, trial: Trial, wanted: Contents, known: Contents) -> None:
    """Find an address that the server could not bind, before it tries; what it holds already, it keeps."""
    held = [path.read_bytes() for path in wanted if path.is_file()]
    present = [data.decode("utf-8", "replace") for data in [*held, *known.values()] if data]
    new = [data.decode("utf-8", "replace") for data in wanted.values() if data]
    if problems := unbindable(live.opens(new, [*present, *trial.seen])):
        raise ApplyFailedError(*problems)


def _unanswered(address: Address, came: str, wanted: str, seconds: float) -> Problem:
    answer = f"answers with {came[:12]}..." if came else "does not answer with a fingerprint"
    if wanted:
        message = (
            f"{address}/-/rewritegen {answer}, {seconds:g} s after the reload, not {wanted[:12]}..."
        )
    else:
        message = f"{address}/-/rewritegen still {answer}, {seconds:g} s after the reload"
    help = (
        "is it this server that listens there, and is there room for one more? see its error log; "
        "if it only takes long, --timeout SECONDS; if clients reach it elsewhere, --url URL"
    )
    return Problem("RG846", message, None, help)
