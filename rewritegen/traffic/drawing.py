"""The course of a log as an SVG: what was answered in each span of time, stacked."""

from __future__ import annotations

from rewritegen.quantities import Duration
from rewritegen.svg import Drawing
from rewritegen.traffic.tally import Tally
from rewritegen.traffic.text import KINDS, when

__all__ = ["as_svg"]

_LEFT, _TOP, _WIDE, _HIGH = 70, 50, 800, 240


def as_svg(tally: Tally, title: str) -> str:
    """Return the drawing."""
    begin, seconds, columns = tally.course.columns(_WIDE // 4)
    drawing = Drawing(_LEFT + _WIDE + 30, title)
    drawing.text(_LEFT, 24, f"{title}: {tally.requests} requests")
    if not columns:
        return str(drawing)
    most = max(column.total() for column in columns)
    wide = _WIDE / len(columns)
    for number, column in enumerate(columns):
        y = float(_TOP + _HIGH)
        at = when(begin + number * seconds)
        for kind, words in KINDS.items():
            height = _HIGH * column[kind] / most
            if height:
                y -= height
                told = f"{at}: {words} {column[kind]}"
                drawing.bar(_LEFT + number * wide, y, wide, height, kind, told)
    base = _TOP + _HIGH
    drawing.text(_LEFT - 8, _TOP + 10, str(most), anchor="end", kind="words")
    drawing.text(_LEFT - 8, base, "0", anchor="end", kind="words")
    drawing.text(_LEFT, base + 18, f"{when(begin)} UTC", kind="words")
    drawing.text(_LEFT + _WIDE, base + 18, when(tally.last), anchor="end", kind="words")
    span = f"{Duration(seconds)} a column"
    drawing.text(_LEFT + _WIDE / 2, base + 18, span, anchor="middle", kind="words")
    x = float(_LEFT)
    for kind, words in KINDS.items():
        drawing.box(x, base + 34, 12, 12, kind)
        drawing.text(x + 18, base + 45, words)
        x += 30 + 7.5 * len(words)
    return str(drawing)
