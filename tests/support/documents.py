"""The fenced blocks of docs/howto-*.md, each with the comment above it that says how it is kept true.

<!-- file: PATH -->              its lines stand in this file, one after the other
<!-- run: DIRECTORY -->          its commands are run there, and print what is below each
<!-- part of a run: DIRECTORY -->  the same, where a line of `...` stands for others
<!-- on a machine: NAME -->      its commands are run on a machine in a container, by the tests that ask for NAME
<!-- seen by: PATH -->           what a run of this test printed
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCS", "ROOT", "Block", "blocks", "on_a_machine"]

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)$")
_MARK = re.compile(
    r"^ *<!-- (?P<way>file|run|part of a run|on a machine|seen by): (?P<of>.+?) -->$"
)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block."""

    page: str
    line: int
    language: str
    way: str
    """How it is kept true; empty when it does not say so."""
    of: str
    text: str

    @property
    def sessions(self) -> list[tuple[str, str]]:
        """Each command after a ``$``, and what it prints."""
        pieces = re.split(r"^\$ (.*)\n", self.text, flags=re.MULTILINE)
        assert pieces[0] == "", f"{self.page}:{self.line} does not begin with a command"
        return list(zip(pieces[1::2], pieces[2::2], strict=True))


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, without the indentation of the list that they may stand in."""
    found = []
    lines = page.read_text().splitlines()
    numbers = iter(range(len(lines)))
    for number in numbers:
        begins = _FENCE.match(lines[number])
        if not begins:
            continue
        indent, body = len(begins["indent"]), []
        for inside in numbers:
            if lines[inside].strip() == "```":
                break
            body.append(lines[inside][indent:])
        mark = _MARK.match(lines[number - 1]) if number else None
        way, of = (mark["way"], mark["of"]) if mark else ("", "")
        text = "".join(f"{line}\n" for line in body)
        found.append(Block(page.name, number + 1, begins["language"], way, of, text))
    return found


def on_a_machine(page: str, name: str) -> str:
    """The commands of the one block of a page that is for a machine and has this name."""
    (block,) = [b for b in blocks(DOCS / page) if (b.way, b.of) == ("on a machine", name)]
    return "\n".join(command for command, _ in block.sessions)
