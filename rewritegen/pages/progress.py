"""A bar on a terminal that says how far ``rewritegen index`` is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewritegen.pages.model import Progress

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["terminal_progress"]


def terminal_progress() -> Progress | None:
    """Return a bar on stderr, or None when stderr is no terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    return _Bar(console) if console.is_terminal else None


class _Bar:
    """One line per source that has files to read."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("files"),
            TimeRemainingColumn(),
        )
        self._console = console
        self._progress = RichProgress(*columns, console=console, transient=True)
        self._task = self._progress.add_task("", start=False, visible=False)

    def waiting(self) -> None:
        self._console.print("another `rewritegen index` is running; waiting for it", markup=False)

    def start(self, source: str, total: int) -> None:
        self._progress.start()
        self._task = self._progress.add_task(source, total=total)

    def advance(self) -> None:
        self._progress.advance(self._task)

    def finish(self) -> None:
        self._progress.stop()
