"""One site that has every system as a mirror, and one that has as private directories those that may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from rewritegen.indexing import index_job
from rewritegen.pages import IndexReport, run_index
from rewritegen.site import load_site
from tests.support import trees
from tests.support.ports import free_port
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, start_site, write_site
from tests.systems.makers import SYSTEMS

__all__ = ["ROWS", "Role", "live_site", "site_of"]

Role = Literal["mirror", "private"]

#: Every system in every role that it may have.
ROWS: dict[str, tuple[str, Role]] = {
    f"{role} {system.name}": (system.name, role)
    for system in SYSTEMS.values()
    for role in (("mirror", "private") if system.private else ("mirror",))
}


def site_of(role: Role, made: Mapping[str, Path], root: Path) -> tuple[Path, IndexReport]:
    """Write and index a site with these trees; ``acme-*`` is private in both."""
    own = trees.projects(root / "own", wheels("acme-foo-1.0"))
    entries = [
        {
            "name": name,
            "mirror" if role == "mirror" else "path": str(tree),
            **SYSTEMS[name].settings,
        }
        for name, tree in made.items()
        if role == "mirror" or SYSTEMS[name].private
    ]
    private = [{"name": "own", "path": str(own), "claims": ["acme-*"]}]
    settings = {
        "state": str(root / "state"),
        "private": private if role == "mirror" else private + entries,
        "fallbacks": entries if role == "mirror" else [],
    }
    site_file = write_site(root / "site.yaml", settings, free_port())
    return site_file, run_index(index_job(load_site(site_file)))


@contextmanager
def live_site(kind: str, site_file: Path) -> Iterator[LiveSite]:
    """Have a server answer for a site."""
    live = start_site(kind, site_file, site_file.parent / f"{kind}-tree")
    try:
        yield live
    finally:
        live.server.stop()
