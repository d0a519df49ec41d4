"""Generated text as blocks: a comment that names an intention, and the lines that carry it out.

Each block of the generated text begins with a comment, and what a key of the site file made begins with that key. So
the text itself says which lines are whose.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rewritegen.servers.base import Files

__all__ = ["Block", "blocks_of"]


@dataclass(slots=True)
class Block:
    """A comment and the code below it; lines count from 1."""

    file: str
    words: str
    """The comment on one line, without its number sign."""
    depth: int
    """How far it is indented."""
    parents: tuple[Block, ...]
    """The blocks that it stands in, the outermost first."""
    head: str = ""
    """The first line of the code."""
    first: int = 0
    """The first line of the code, and the last one."""
    last: int = 0

    def within(self, words: str) -> bool:
        """Tell whether it stands in a block whose comment begins with these words."""
        return any(parent.words.startswith(words) for parent in self.parents)


def blocks_of(files: Files) -> list[Block]:
    """Return the blocks of all files, in the order in which they stand there."""
    found: list[Block] = []
    for name, text in files.texts:
        reader = _Reader(name, found)
        reader.read(enumerate(text.splitlines(), start=1))
    return [block for block in found if block.first]


class _Reader:
    """Reads line by line; ``open`` are the blocks that the line before was part of."""

    def __init__(self, file: str, found: list[Block]) -> None:
        self.file = file
        self.found = found
        self.open: list[Block] = []

    def read(self, lines: Iterable[tuple[int, str]]) -> None:
        before = ""
        for number, line in lines:
            text = line.lstrip()
            depth = len(line) - len(text)
            if text.startswith("#"):
                self._comment(depth, text[1:].strip(), goes_on=before.startswith("#"))
            elif text:
                self._close(depth, text, after_blank=not before)
                for block in self.open:
                    block.head = block.head or text
                    block.first = block.first or number
                    block.last = number
            before = text

    def _comment(self, depth: int, words: str, *, goes_on: bool) -> None:
        if goes_on and self.open and self.open[-1].depth == depth:
            self.open[-1].words += f" {words}"
            return
        while self.open and self.open[-1].depth >= depth:
            self.open.pop()
        block = Block(self.file, words, depth, tuple(self.open))
        self.found.append(block)
        self.open.append(block)

    def _close(self, depth: int, line: str, *, after_blank: bool) -> None:
        """Close the blocks that this line of code is no part of any more."""
        while self.open:
            block = self.open[-1]
            beside = depth == block.depth and block.first > 0
            # nginx: the rules of a step are one `if` after the other, and what follows is no rule of it
            over = block.head.startswith("if (") and not line.startswith(("if (", "}", "|", ")"))
            if depth < block.depth or (beside and (after_blank or over)):
                self.open.pop()
            else:
                return
