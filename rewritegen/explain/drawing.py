"""The chain as an SVG: the stops from above to below, and at the right what the client gets at each."""

from __future__ import annotations

from rewritegen.explain.chain import Chain, Edge, Node
from rewritegen.svg import Drawing

__all__ = ["as_svg"]

_LEFT, _RIGHT, _WIDE, _OUT = 20, 450, 300, 300
_LINE, _GAP = 20, 34


def as_svg(chain: Chain, title: str, way: frozenset[str] = frozenset()) -> str:
    """Return the drawing; ``way`` are the stops that a request goes through."""
    drawing = Drawing(_RIGHT + _OUT + 20, title)
    drawing.text(_LEFT, 24, title)
    y = 44.0
    before: tuple[float, str, bool] | None = None
    for node in chain.nodes:
        outs = [edge for edge in chain.edges if edge.start == node.name and edge.out]
        height = max(_LINE * len(node.lines) + 12, _LINE * len(outs) + 12)
        on_way = node.name in way
        if before is not None:
            _onward(drawing, before, y, on_way=on_way and before[2])
        _stop(drawing, node, y, height, on_way=on_way)
        _outs(drawing, outs, y)
        words = next((e.words for e in chain.edges if e.start == node.name and not e.out), "")
        before = (y + height, words, on_way)
        y += height + _GAP
    return str(drawing)


def _onward(drawing: Drawing, before: tuple[float, str, bool], y: float, *, on_way: bool) -> None:
    start, words, _ = before
    middle = _LEFT + _WIDE / 2
    drawing.arrow([(middle, start), (middle, y)], "way" if on_way else "")
    if words:
        drawing.text(middle + 12, start + _GAP / 2 + 4, words, kind="words")


def _stop(drawing: Drawing, node: Node, y: float, height: float, *, on_way: bool) -> None:
    drawing.box(
        _LEFT, y, _WIDE, height, f"{node.kind}{' way' if on_way else ''}", " ".join(node.lines)
    )
    top = y + (height - _LINE * len(node.lines)) / 2 + 13
    for number, line in enumerate(node.lines):
        drawing.text(_LEFT + _WIDE / 2, top + number * _LINE, _cut(line), anchor="middle")


def _outs(drawing: Drawing, outs: list[Edge], y: float) -> None:
    for number, edge in enumerate(outs):
        at = y + 6 + _LINE * number + _LINE / 2
        drawing.arrow([(_LEFT + _WIDE, at), (_RIGHT, at)])
        if edge.words:
            drawing.text(_LEFT + _WIDE + 6, at - 3, edge.words, kind="words")
        drawing.text(_RIGHT + 8, at + 4, _cut(edge.end))


def _cut(text: str) -> str:
    return text if len(text) <= 42 else f"{text[:39]}..."
