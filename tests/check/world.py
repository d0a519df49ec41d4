"""The site that faults are put into: private projects of two layouts, claims, a mirror, an index with decoys, copies.

The upstream is as bad as can be: it has a page and files for every name below the claims, so that a name that gets out
comes back as a stranger's bytes.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from rewritegen.cli import commands
from tests.support import trees
from tests.support.processes import free_port
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, index_site, start_site, write_site
from tests.support.upstream import Index, Recorded, Reply, upstream

__all__ = ["SAMPLES", "Checked", "Generous", "build", "check", "codes", "world"]

SAMPLES = ("--sample", "copy:both", "--sample", "copy:mirrored", "--sample", "public:proxied")


class Generous(Index):
    """An index where somebody has registered every name that a client may be made to ask for."""

    has_everything = False

    def reply(self, request: Recorded) -> Reply:
        name = request.target.partition("?")[0].rstrip("/").rpartition("/")[2]
        if self.has_everything and name not in self.projects:
            return Reply(200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html></html>")
        if name.lower().startswith(("acme", "secret")) and name not in self.projects:
            self.add(name, wheels(f"{name.lower()}-99.0")[name.lower()])
        return super().reply(request)


@dataclass(slots=True)
class Checked:
    """The files of one world, and what is running on them."""

    kind: str
    root: Path
    index: Generous
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def site(self) -> Path:
        """The site file."""
        return self.root / "site.yaml"

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.root / "state"

    def write(self, **more: Any) -> None:
        """Write the site file, with other settings."""
        write_site(self.site, {**self.settings, **more}, free_port())

    @contextlib.contextmanager
    def running(self, change: Any = None) -> Iterator[LiveSite]:
        """The site, answering; ``change`` is done to its generated tree."""
        live = start_site(self.kind, self.site, self.root / "tree", change)
        try:
            yield live
        finally:
            live.server.stop()


def build(kind: str, root: Path, index: Generous) -> Checked:
    """Make the world and index it; the upstream listens already."""
    team = trees.projects(
        root / "team",
        wheels("acme-foo-1.0", "acme-foo-1.1", "acme-bar-1.0", "Plain.Tool-1.0+local.1"),
    )
    house = trees.flat(root / "house", wheels("house-tool-1.0", "House_Other-2.0"))
    mirror = trees.bandersnatch(root / "mirror", wheels("mirrored-1.0", "both-1.0", "acme-foo-9.0"))
    world = Checked(kind, root, index)
    world.settings = {
        "state": str(root / "state"),
        "private": [
            {"name": "team", "path": str(team), "claims": ["acme-*", "secret-tool"]},
            {"name": "house", "path": str(house), "layout": "flat"},
        ],
        "public": ["acme-oss"],
        "fallbacks": [
            {"name": "copy", "mirror": str(mirror), "layout": "bandersnatch"},
            {
                "name": "public",
                "proxy": index.url,
                "kind": "pypi",
                "files": [f"{index.files.origin}/"],
                "retry": "1s",
            },
        ],
        "cache": {"path": str(root / "cache")},
    }
    world.write()
    index_site(world.site)
    return world


@contextlib.contextmanager
def world(kind: str, root: Path) -> Iterator[Checked]:
    """Build it, with its upstream, which is closed at the end."""
    root.chmod(0o755)
    index = Generous(wheels("proxied-1.0", "both-2.0", "acme-oss-1.0"))
    with upstream(index):
        yield build(kind, root, index)


def check(site: Path, url: str, *options: str) -> tuple[int, dict[str, Any]]:
    """Run the command; return its exit code and its JSON report."""
    arguments = ["check", str(site), "--url", url, "--rate", "0", "--format", "json", *options]
    done = CliRunner().invoke(commands, arguments, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    report: dict[str, Any] = json.loads(done.stdout)
    assert done.return_value == report["exit_code"]
    return report["exit_code"], report


def codes(report: dict[str, Any], severities: Sequence[str] = ("error", "warning")) -> set[str]:
    """The codes of what is wrong."""
    return {finding["code"] for finding in report["findings"] if finding["severity"] in severities}
