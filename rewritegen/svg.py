"""Small drawings as SVG: one file without scripts or fonts of its own, readable in light and dark surroundings."""

from __future__ import annotations

from html import escape

__all__ = ["Drawing"]

_STYLE = """
svg { font: 13px system-ui, sans-serif; fill: #1f2328; background: #ffffff; }
.box { fill: #f6f8fa; stroke: #57606a; }
.private, .claims { fill: #dafbe1; stroke: #1a7f37; }
.mirror { fill: #ddf4ff; stroke: #0969da; }
.copy { fill: #b6e3ff; stroke: #0969da; }
.proxy, .redirect { fill: #fff8c5; stroke: #9a6700; }
.failed, .bad { fill: #ffebe9; stroke: #cf222e; }
.way { stroke-width: 3; }
.line { stroke: #57606a; fill: none; }
.words { fill: #57606a; font-size: 11px; }
@media (prefers-color-scheme: dark) {
svg { fill: #e6edf3; background: #0d1117; }
.box { fill: #161b22; stroke: #8b949e; }
.private, .claims { fill: #033a16; stroke: #3fb950; }
.mirror { fill: #051d4d; stroke: #58a6ff; }
.copy { fill: #0c2d6b; stroke: #58a6ff; }
.proxy, .redirect { fill: #3b2300; stroke: #d29922; }
.failed, .bad { fill: #67060c; stroke: #f85149; }
.line { stroke: #8b949e; }
.words { fill: #8b949e; }
}
"""


class Drawing:
    """Elements in the order in which they are painted; all text is escaped here."""

    def __init__(self, width: int, title: str) -> None:
        self._width = width
        self._height = 0
        self._title = title
        self._parts: list[str] = []

    def box(
        self, x: float, y: float, width: float, height: float, kind: str = "", title: str = ""
    ) -> None:
        """Draw a rectangle; ``title`` is what a pointer on it shows."""
        told = f"<title>{escape(title)}</title>" if title else ""
        self._parts.append(
            f'<rect class="{escape(f"box {kind}".strip())}" x="{x:g}" y="{y:g}" width="{width:g}" '
            f'height="{height:g}" rx="4">{told}</rect>'
        )
        self._reach(y + height)

    def bar(self, x: float, y: float, width: float, height: float, kind: str, title: str) -> None:
        """Draw a rectangle without round corners."""
        self._parts.append(
            f'<rect class="{escape(kind)}" stroke-width="0" x="{x:g}" y="{y:g}" width="{width:g}" '
            f'height="{height:g}"><title>{escape(title)}</title></rect>'
        )
        self._reach(y + height)

    def text(self, x: float, y: float, text: str, *, anchor: str = "start", kind: str = "") -> None:
        """Write one line."""
        kind = f' class="{escape(kind)}"' if kind else ""
        self._parts.append(
            f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{kind}>{escape(text)}</text>'
        )
        self._reach(y)

    def arrow(self, points: list[tuple[float, float]], kind: str = "") -> None:
        """Draw a line through points, with a head at its end."""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        kind = f"line {kind}".strip()
        self._parts.append(
            f'<polyline class="{escape(kind)}" points="{path}" marker-end="url(#head)"/>'
        )

    def __str__(self) -> str:
        height = self._height + 16
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self._width}" height="{height}" '
            f'viewBox="0 0 {self._width} {height}" role="img">'
        )
        marker = (
            '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerUnits="userSpaceOnUse" '
            'markerHeight="8" orient="auto"><path class="line" d="M0,0 L8,4 L0,8"/></marker></defs>'
        )
        parts = [head, f"<title>{escape(self._title)}</title>", f"<style>{_STYLE}</style>", marker]
        return "\n".join([*parts, *self._parts, "</svg>"]) + "\n"

    def _reach(self, y: float) -> None:
        self._height = max(self._height, int(y) + 1)
