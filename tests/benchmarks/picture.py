"""The results of the serving benchmark as a picture: bars, a share of the bare server each."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

__all__ = ["picture"]

_WIDTH, _LEFT, _RIGHT = 760, 190, 60
_ROW, _TOP = 24, 64
_COLOURS = {"nginx": "#00796b", "apache": "#b71c1c"}


def picture(results: Sequence[dict[str, Any]]) -> str:
    """Return an SVG with one bar for each result."""
    height = _TOP + _ROW * len(results) + 40
    scale = (_WIDTH - _LEFT - _RIGHT) / max(1.0, *(result["share"] for result in results))
    bare = _LEFT + scale
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        '<text x="12" y="24" font-size="15">Warm requests per second, as a share of a static file</text>',
        '<text x="12" y="44" fill="#555">the same bytes, the same server, one run; '
        "the line is the bare server</text>",
        f'<line x1="{bare:.1f}" y1="{_TOP - 8}" x2="{bare:.1f}" y2="{height - 30}" stroke="#555"/>',
    ]
    for number, result in enumerate(results):
        y = _TOP + _ROW * number
        length = scale * result["share"]
        label = escape(f"{result['server']} {result['case']}")
        parts += [
            f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{label}</text>',
            f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_ROW - 6}" '
            f'fill="{_COLOURS[result["server"]]}"/>',
            f'<text x="{_LEFT + length + 6:.1f}" y="{y + 13}">{result["share"]:.2f}</text>',
        ]
    parts.append("</svg>")
    return "\n".join(parts) + "\n"
