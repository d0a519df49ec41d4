"""Which file of a page directory is the page: the orders of all representations, merged into one list of rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rewritegen.representations import REPRESENTATIONS
from rewritegen.servers.apache.rules import Condition, Rule

__all__ = ["choose", "search_order"]


def choose(pattern: str, place: str, target: str, flags: tuple[str, ...]) -> Iterator[Rule]:
    """Yield the rules that serve the first page file of the order of the representation, its ``.gz`` where one lies."""
    nothing_yet = Condition("%{ENV:RG_FILE}", "!.")
    types = {form.suffix: form.content_type for form in REPRESENTATIONS}
    suffixes = {form.name: form.suffix for form in REPRESENTATIONS}
    text = "the page: the first file that is there, in the order of the representation"
    for number, (suffix, name) in enumerate(search_order()):
        asked = (Condition("%{ENV:RG_FORM}", f"={suffixes[name]}"),) if name else ()
        there = Condition(f"{place}/index.{suffix}", "-f")
        chosen = (f"E=RG_FILE:index.{suffix}", f"T={types[suffix]}")
        yield Rule(
            pattern,
            flags=chosen,
            conditions=(nothing_yet, *asked, there),
            comment=() if number else (text,),
        )
    found = Condition("%{ENV:RG_FILE}", ".")
    handler = "H=default-handler"
    packed = Condition(f"{place}/%{{ENV:RG_FILE}}.gz", "-f")
    accepted = Condition("%{ENV:RG_GZIP}", "=1")
    yield Rule(
        pattern,
        f"{target}/%{{ENV:RG_FILE}}.gz",
        (*flags, "E=RG_PACKED:1", handler, "END"),
        (found, accepted, packed),
        ("and its compressed twin, where one lies",),
    )
    yield Rule(pattern, f"{target}/%{{ENV:RG_FILE}}", (*flags, handler, "END"), (found,))


def search_order(
    orders: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[tuple[str, str | None], ...]:
    """Merge the orders of all representations: suffix, and for which one only (None: for whoever has found nothing).

    >>> search_order()[:3]
    (('v1_json', 'json'), ('v1_html', 'v1html'), ('html', None))
    """
    if orders is None:
        orders = {form.name: form.order for form in REPRESENTATIONS}
    waiting = {name: list(order) for name, order in orders.items()}
    merged: list[tuple[str, str | None]] = []
    while heads := {name: order[0] for name, order in waiting.items() if order}:
        common = [
            suffix
            for suffix in heads.values()
            if all(order[0] == suffix for order in waiting.values() if suffix in order)
        ]
        if common:
            merged.append((common[0], None))
            for order in waiting.values():
                if common[0] in order:
                    order.remove(common[0])
            continue
        # the one whose file no other looks for next: what several look for next may still become common
        shared = list(heads.values())
        name = min(heads, key=lambda one: shared.count(heads[one]))
        merged.append((heads[name], name))
        del waiting[name][0]
    return tuple(merged)
