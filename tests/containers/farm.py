"""The scenes of the table of answers, each once in the network of a lab, and on each server when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rewritegen.servers.base import Capabilities, Scope
from tests.containers import servers
from tests.containers.editions import Edition, installed
from tests.containers.lab import Lab
from tests.containers.servers import SITE_PORT, ContainedSite
from tests.containers.upstreams import ContainedIndex
from tests.support.certificates import Authority
from tests.support.scenes import Scene, build

__all__ = ["ContainerFarm"]

#: The private directories belong to somebody whom no server runs as.
SOMEBODY = 4242


class ContainerFarm:
    """The counterpart of :class:`tests.support.farm.Farm`."""

    def __init__(self, lab: Lab, root: Path, authority: Authority) -> None:
        self.lab = lab
        self._root = root
        self._authority = authority
        self._scenes: dict[str, Scene] = {}
        self._installed: dict[str, Capabilities] = {}
        self._live: dict[tuple[str, str, bool, Scope | None], ContainedSite | BaseException] = {}

    def installed(self, edition: Edition) -> Capabilities:
        """The version and modules of a server."""
        if edition.name not in self._installed:
            self._installed[edition.name] = installed(self.lab, edition)
        return self._installed[edition.name]

    def scene(self, name: str) -> Scene:
        """The world of a scene; its upstreams run."""
        if name not in self._scenes:
            root = self._root / name
            root.mkdir()
            numbers = iter(range(1, 100))

            def index(*content: Any, **options: Any) -> ContainedIndex:
                host_name = f"index{next(numbers)}.{name}.example.org"
                return ContainedIndex(*content, **{"host_name": host_name, **options})

            scene = build(
                name,
                root,
                self._authority,
                index=index,
                own={"listen": [SITE_PORT], "inner": "127.0.0.1:8179"},
                secure_name=f"index.{name}.example.org",
            )
            for path in _below(root):
                os.chown(path, SOMEBODY, SOMEBODY, follow_symlinks=False)
            for upstream in scene.upstreams:
                assert isinstance(upstream, ContainedIndex)
                upstream.start(self.lab)
            self._scenes[name] = scene
        return self._scenes[name]

    def live(
        self, name: str, edition: Edition, *, own: bool = False, scope: Scope | None = None
    ) -> ContainedSite:
        """The scene as this server answers for it; a start that failed is not tried for every row again.

        :param own: with the text that is written for this very version (``--binary``), not with that for all.
        :param scope: another one than the edition's own.
        """
        own = own or edition.needs_own
        key = (name, edition.name, own, scope)
        if key not in self._live:
            scene = self.scene(name)
            words = (*edition.name.split(), *(["own"] if own else []), *([scope] if scope else []))
            label = "-".join(words)
            site_file = scene.site_file(label, SITE_PORT)
            try:
                self._live[key] = servers.start(
                    self.lab,
                    edition,
                    site_file,
                    capabilities=self.installed(edition) if own else None,
                    scope=scope,
                    read=[scene.root, self._authority.pem.parent],
                    alias=f"{edition.kind}.{name}.example.org",
                )
            except BaseException as error:
                self._live[key] = error
                raise
        found = self._live[key]
        if isinstance(found, pytest.skip.Exception):
            raise found
        if isinstance(found, BaseException):
            pytest.fail(f"did not start: {str(found)[:300]}", pytrace=False)
        return found


def _below(root: Path) -> Iterator[Path]:
    yield root
    yield from root.rglob("*")
