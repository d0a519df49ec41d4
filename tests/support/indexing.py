"""A private root, the state that ``rewritegen index`` makes from it, and what the state says."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from rewritegen.pages import IndexJob, IndexReport, Moved, PrivateTree, run_index
from rewritegen.pages.model import TreeLayout

__all__ = ["INDEX_URL", "Anchors", "Bench", "codes"]

INDEX_URL = "https://packages.example.org/simple/"


@dataclass
class Bench:
    """One private root and the state that is made from it."""

    root: Path
    state: Path
    layout: TreeLayout = "projects"
    pages: bool = True
    private: bool = True
    moved: Moved | None = None
    index_url: str = INDEX_URL

    @property
    def tree(self) -> PrivateTree:
        return PrivateTree(
            source="team",
            path=self.root,
            layout=self.layout,
            pages=self.pages,
            private=self.private,
            moved=self.moved,
            files_url="../../files/team/",
        )

    @property
    def job(self) -> IndexJob:
        return IndexJob(trees=(self.tree,), state=self.state, index_url=self.index_url)

    def with_tree(self, other: PrivateTree) -> IndexJob:
        return replace(self.job, trees=(self.tree, other))

    def index(self) -> IndexReport:
        return run_index(self.job, jobs=2)

    def page(self, name: str, form: str = "html") -> str:
        return (self.state / "pages" / "team" / name / f"index.{form}").read_text("utf-8")

    def json(self, name: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.page(name, "v1_json"))
        return document

    def filenames(self, name: str) -> list[str]:
        return [file["filename"] for file in self.json(name)["files"]]

    def projects(self) -> list[str]:
        directory = self.state / "pages" / "team"
        return sorted(path.name for path in directory.iterdir()) if directory.exists() else []

    def listed(self) -> list[str]:
        document = json.loads((self.state / "root" / "index.v1_json").read_text())
        return [project["name"] for project in document["projects"]]

    def names(self) -> list[str]:
        directory = self.state / "names"
        return sorted(path.name for path in directory.iterdir() if path.name[0].isalnum())

    def metadata(self) -> list[str]:
        directory = self.state / "metadata" / "team"
        return sorted(
            path.relative_to(directory).as_posix()
            for path in directory.rglob("*")
            if path.is_file()
        )

    def aliases(self) -> dict[str, str]:
        directory = self.state / "aliases" / "team"
        if not directory.exists():
            return {}
        return {path.name: str(path.readlink()) for path in directory.iterdir()}


def codes(report: IndexReport) -> list[str]:
    return [problem.code for problem in report.problems]


class Anchors(HTMLParser):
    """Every anchor of a page, as installers see it: its attributes and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.metas: dict[str, str | None] = {}
        self._open: dict[str, str | None] | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._open = dict(attrs)
        if tag == "meta":
            values = dict(attrs)
            self.metas[values.get("name") or ""] = values.get("content")

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self.found.append((data, self._open))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._open = None

    @property
    def files(self) -> dict[str, dict[str, str | None]]:
        return {text: attributes for text, attributes in self.found if attributes["href"] != "../"}
