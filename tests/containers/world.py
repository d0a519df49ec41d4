"""A small site in a lab: a private project, a claim, and an index in a container of its own that has a decoy of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.containers import servers
from tests.containers.editions import Edition
from tests.containers.farm import SOMEBODY
from tests.containers.lab import Lab
from tests.containers.servers import SITE_PORT, ContainedSite
from tests.containers.upstreams import ContainedIndex
from tests.support import trees
from tests.support.scenes import wheels
from tests.support.sites import index_site, write_site
from tests.support.wire import Answer, ask

__all__ = ["World"]


@dataclass
class World:
    """`acme-foo` is ours, `acme-*` is claimed, `proxied` and `other` are the index's; it is not running yet."""

    lab: Lab
    place: Path
    index: ContainedIndex
    proxy: str = ""
    """The URL that the site asks, where that is not the index itself."""

    @classmethod
    def make(cls, lab: Lab, place: Path, word: str, proxy: str = "", **options: Any) -> World:
        """The site and its index, neither of which runs yet.

        :param word: makes its host names its own; ``options`` are those of the index.
        """
        content = wheels("proxied-1.0", "other-1.0", "acme-foo-9.0", "acme-ghost-9.0")
        host_name = f"index.{word}.example.org"
        return cls(lab, place, ContainedIndex(content, host_name=host_name, **options), proxy)

    @property
    def team(self) -> Path:
        """The private directory; it belongs to somebody whom no server runs as."""
        return self.place / "team"

    def site_file(self, label: str, **settings: Any) -> Path:
        """Write the site file, and the pages where that is the first time."""
        fallback: dict[str, Any] = {
            "name": "public",
            "proxy": self.proxy or self.index.url,
            "kind": "simple" if self.index.links == "packages" else "pypi",
            "retry": "1s",
            "connect": "1s",
            "read": "10s",
        }
        if self.index.links == "absolute":
            fallback["files"] = [f"{self.index.files.origin}/"]
        values = {
            "listen": [SITE_PORT],
            "inner": "127.0.0.1:8179",
            "state": str(self.place / "state"),
            "private": [{"name": "team", "path": str(self.team), "claims": ["acme-*"]}],
            "fallbacks": [fallback],
            **settings,
        }
        first = not self.team.exists()
        if first:
            trees.projects(self.team, wheels("acme-foo-1.0"))
        path = write_site(self.place / f"{label}.yaml", values, SITE_PORT)
        if first:
            index_site(path)
            for below in (self.team, *self.team.rglob("*")):
                os.chown(below, SOMEBODY, SOMEBODY)
        return path

    def start(
        self, edition: Edition, settings: dict[str, Any] | None = None, **options: Any
    ) -> ContainedSite:
        """Run the site.

        :param settings: those of the site that differ; ``options`` are those of :func:`.servers.start`.
        """
        site_file = self.site_file("site", **(settings or {}))
        read = [self.team, self.place / "state"]
        return servers.start(self.lab, edition, site_file, read=read, **options)

    def get(self, live: ContainedSite, target: str, method: str = "GET", **options: Any) -> Answer:
        """Ask the site, with an index that has forgotten what it was asked before."""
        if self.index.box is not None and self.index.box.is_running:
            self.index.forget()
            self.index.files.forget()
        return ask(live.port, target, method, **options)

    @property
    def asked(self) -> list[str]:
        """What the index was asked since the last :meth:`get`."""
        return [request.line for request in (*self.index.requests, *self.index.files.requests)]
