"""The scenes, built once and kept running on both servers for the whole session."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.processes import free_port
from tests.support.scenes import Scene, build
from tests.support.sites import LiveSite, start_site
from tests.support.upstream import upstream

__all__ = ["Farm"]


class Farm:
    """Builds a scene when it is first asked for, and starts it on a server when that is first asked for."""

    def __init__(self, root: Path, authority: Authority, stack: contextlib.ExitStack) -> None:
        self._root = root
        self._authority = authority
        self._stack = stack
        self._scenes: dict[str, Scene] = {}
        self._live: dict[tuple[str, str], LiveSite | BaseException] = {}

    def scene(self, name: str) -> Scene:
        """The world of a scene; its upstreams listen."""
        if name not in self._scenes:
            root = self._root / name
            root.mkdir()
            scene = build(name, root, self._authority)
            for index in scene.upstreams:
                self._stack.enter_context(upstream(index))
            self._scenes[name] = scene
        return self._scenes[name]

    def live(self, name: str, kind: str) -> LiveSite:
        """The scene as this server answers for it; a start that failed is not tried for every row again."""
        key = (name, kind)
        if key not in self._live:
            scene = self.scene(name)
            site_file = scene.site_file(kind, free_port())
            try:
                live = start_site(kind, site_file, scene.root / kind / "tree")
            except BaseException as error:
                self._live[key] = error
                raise
            self._stack.callback(live.server.stop)
            self._live[key] = live
        found = self._live[key]
        if isinstance(found, BaseException):
            pytest.fail(f"did not start: {str(found)[:300]}", pytrace=False)
        return found
