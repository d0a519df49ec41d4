"""Sites on httpd with one private project, up to two indexes, and copies of what these answered."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import trees
from tests.support.processes import free_port
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, index_site, start_site, write_site
from tests.support.tools import require
from tests.support.upstream import Index, Mode, upstream
from tests.support.wire import Answer, ask

__all__ = ["FRESH_SECONDS", "RETRY_SECONDS", "World", "world"]

#: So long a page is fresh, and a source that did not answer is left alone.
FRESH_SECONDS, RETRY_SECONDS = 2, 1
PROJECTS = (("there-1.0", "both-1.0"), ("there-2.0", "both-2.0", "second-2.0"))


@dataclass
class World:
    """A running site and its indexes; ``asked`` counts what came to each of them since the last request."""

    live: LiveSite
    indexes: tuple[Index, ...]
    place: Path

    def get(self, target: str, method: str = "GET", **options: Any) -> Answer:
        for index in self.indexes:
            index.forget()
            index.files.forget()
        return ask(self.live.port, target, method, **options)

    @property
    def asked(self) -> tuple[int, ...]:
        return tuple(len(index.requests) + len(index.files.requests) for index in self.indexes)

    def set(self, *modes: Mode | str) -> None:
        """Let each index answer like this; ``refused``: its port is closed."""
        for index, mode in zip(self.indexes, modes, strict=True):
            for recorder in (index, index.files):
                if mode == "refused":
                    recorder.refuse()
                else:
                    recorder.open()
                    recorder.set_mode(mode)  # type: ignore[arg-type]

    def forget_copies(self) -> None:
        """Empty the cache."""
        for path in (self.place / "tree" / "cache").iterdir():
            shutil.rmtree(path)

    def copies(self) -> list[Path]:
        """The files of the cache that are copies or parts of copies."""
        return [p for p in (self.place / "tree" / "cache").rglob("*") if p.suffix == ".header"]

    def file(self, index: int = 0) -> tuple[str, bytes]:
        """The URL of a file at the site, and its content."""
        ((name, content),) = self.indexes[index].projects["there"].items()
        path = self.indexes[index].file_path(name, content)
        return f"/files/{'ab'[index]}{path}", content


@contextlib.contextmanager
def world(
    place: Path,
    count: int = 1,
    *behind: Mapping[str, Any],
    copies: bool = True,
    between: tuple[Mapping[str, Any], ...] = (),
    cache: Mapping[str, str] | None = None,
    retry: int = RETRY_SECONDS,
    **settings: Any,
) -> Iterator[World]:
    """Start a site.

    :param count: how many indexes there are.
    :param behind: fallbacks behind them; ``between``: behind the first.
    :param cache: settings of the cache that differ.
    :param retry: seconds.
    """
    require("apache")
    place.chmod(0o755)
    team = trees.projects(place / "team", wheels("acme-foo-1.0"))
    with contextlib.ExitStack() as stack:
        indexes = tuple(
            stack.enter_context(upstream(Index(wheels(*PROJECTS[i])))) for i in range(count)
        )
        proxies = [
            {
                "name": "ab"[i],
                "proxy": index.url,
                "kind": "pypi",
                "files": [f"{index.files.origin}/"],
                "read": "2s",
                "retry": f"{retry}s",
            }
            for i, index in enumerate(indexes)
        ]
        values = {
            "state": str(place / "state"),
            "private": [{"name": "team", "path": str(team), "claims": ["acme-*"]}],
            "fallbacks": [*proxies[:1], *between, *proxies[1:], *behind],
            **settings,
        }
        if copies:
            kept = {"path": str(place / "kept"), "pages": f"{FRESH_SECONDS}s", "stale": "1h"}
            values["cache"] = {**kept, **(cache or {})}
        site = write_site(place / "site.yaml", values, free_port())
        index_site(site)
        live = start_site("apache", site, place / "tree")
        try:
            yield World(live, indexes, place)
        finally:
            live.server.stop()
