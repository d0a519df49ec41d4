"""The chain as a Mermaid flowchart, for pages that draw it: Markdown of forges, wikis, notebooks."""

from __future__ import annotations

from collections.abc import Iterator

from rewritegen.explain.chain import Chain, Kind

__all__ = ["as_mermaid"]

_SHAPES: dict[Kind, tuple[str, str]] = {
    "start": ("([", "])"),
    "gate": ("{{", "}}"),
    "private": ("[", "]"),
    "claims": ("[", "]"),
    "mirror": ("[(", ")]"),
    "proxy": ("[/", "/]"),
    "redirect": ("[/", "/]"),
    "end": ("[", "]"),
}


def as_mermaid(chain: Chain, way: frozenset[str] = frozenset()) -> str:
    """Return the drawing; ``way`` are the nodes that a request goes through."""
    return "\n".join(_lines(chain, way)) + "\n"


def _lines(chain: Chain, way: frozenset[str]) -> Iterator[str]:
    yield "flowchart TD"
    for node in chain.nodes:
        opening, closing = _SHAPES[node.kind]
        yield f'    {node.name}{opening}"{"<br/>".join(map(_text, node.lines))}"{closing}'
    ends = dict.fromkeys(edge.end for edge in chain.edges if edge.out)
    names = {end: f"end{number}" for number, end in enumerate(ends, start=1)}
    for end, name in names.items():
        yield f'    {name}(["{_text(end)}"])'
    for edge in chain.edges:
        arrow = f'-->|"{_text(edge.words)}"|' if edge.words else "-->"
        yield f"    {edge.start} {arrow} {names[edge.end] if edge.out else edge.end}"
    if way:
        yield "    classDef way stroke-width:4px"
        yield f"    class {','.join(node.name for node in chain.nodes if node.name in way)} way"


def _text(text: str) -> str:
    """Escape what is syntax inside quotes; Mermaid has entities of its own, with ``#`` for ``&``."""
    return "".join(f"#{ord(one)};" if one in '"#;<>&|`' else one for one in text)
