"""In which order the files of a site come and go: a server may be started between any two renames."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewritegen.apply import Store
from rewritegen.apply.model import Generation
from rewritegen.apply.prepare import next_generation
from rewritegen.servers.base import Files

ORDERS = [
    pytest.param("one", ["a"], "one", ["a", "b"], "+one/a +one/b", id="one more"),
    pytest.param("one", ["a", "b"], "one", ["a"], "+one/a -one/b", id="one less, which the old one needs"),
    pytest.param("one", ["a"], "two", ["a"], "-one/a +two/a", id="another directory"),
    pytest.param("one", ["a", "b"], "two", ["a", "b"], "-one/a -one/b +two/a +two/b", id="both elsewhere"),
    pytest.param("one", ["v"], "two", ["a", "b"], "-one/v +two/a +two/b", id="another scope elsewhere"),
    pytest.param("one", ["v"], "one", ["a", "b"], "-one/v +one/a +one/b", id="another scope"),
]  # fmt: skip


@pytest.mark.parametrize(("old_place", "old", "place", "new", "order"), ORDERS)
def test_order(
    old_place: str, old: list[str], place: str, new: list[str], order: str, tmp_path: Path
) -> None:
    store = Store(tmp_path / "state", "packages.example.org", "nginx")
    first = generation(store, tmp_path / old_place, old, "old")
    for change in first.changes:
        change.path.parent.mkdir(exist_ok=True)
        change.path.write_bytes(change.after or b"")
    store.begin(first)
    store.commit(first, keep=1)
    changes = generation(store, tmp_path / place, new, "new").changes
    said = [
        f"{'-' if change.after is None else '+'}{change.path.relative_to(tmp_path)}"
        for change in changes
    ]
    assert " ".join(said) == order


def generation(store: Store, directory: Path, names: list[str], text: str) -> Generation:
    files = Files(tuple((name, f"{text} {name}") for name in names))
    return next_generation(store, files, directory, (), force=True)
