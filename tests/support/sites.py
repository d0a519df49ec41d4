"""A site from its YAML to a running server, through the library's own functions and in their order."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from rewritegen.indexing import index_job
from rewritegen.pages import run_index
from rewritegen.plan import Plan, compile_plan
from rewritegen.representations import Representation
from rewritegen.servers import server as server_named
from rewritegen.site import Site, load_site
from rewritegen.world import FileSystem
from tests.support import processes
from tests.support.processes import HOST
from tests.support.tools import require
from tests.support.upstream import Index, Recorded, Recorder

__all__ = ["LiveSite", "StandIns", "index_site", "read_site", "start_site", "write_site"]


def write_site(path: Path, settings: Mapping[str, Any], port: int) -> Path:
    """Write the YAML file of a site that listens on this port of the loopback interface."""
    values = {
        "server_name": "packages.example.org",
        "listen": [f"{HOST}:{port}"],
        "inner": f"{HOST}:{processes.free_port()}",
        **settings,
    }
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path


def read_site(path: Path) -> tuple[Site, Plan]:
    """Load and compile a site file."""
    site = load_site(path)
    return site, compile_plan(site)


def index_site(path: Path) -> None:
    """What ``rewritegen index`` does.

    :raises AssertionError: when it reports an error.
    """
    report = run_index(index_job(load_site(path)))
    assert report.exit_code == 0, [str(problem) for problem in report.problems]


@dataclass(frozen=True, slots=True)
class LiveSite:
    """A site that a server is answering for."""

    plan: Plan
    server: processes.Server
    fingerprint: str

    @property
    def port(self) -> int:
        """The port of the site."""
        return self.server.port

    @property
    def url(self) -> str:
        """The URL of its index."""
        scheme = "https" if self.plan.tls else "http"
        return f"{scheme}://{HOST}:{self.port}{self.plan.mount}"


def start_site(
    kind: str, site_file: Path, tree: Path, change: Callable[[Path], None] | None = None
) -> LiveSite:
    """Render a site for the installed server, write the standalone tree and start it.

    :param change: changes the tree before that.
    :raises AssertionError: when the server refuses the plan, or does not start.
    """
    binary = str(require(kind))
    server = server_named(kind)
    plan = compile_plan(load_site(site_file))
    capabilities = server.capabilities(binary)
    refusals = server.refusals(plan, "standalone", capabilities)
    assert not refusals, [str(problem) for problem in refusals]
    files = server.render(plan, "standalone", capabilities)
    files.write(tree)
    if change is not None:
        change(tree)
    if processes.is_root() and (tree / "cache").is_dir():
        os.chown(tree / "cache", 65534, 65534)  # nginx does this itself, httpd does not
    ports = [port for _, port in plan.listen]
    process = processes.start(kind, tree, ports, server.command(binary, tree))
    return LiveSite(plan, process, files.fingerprint)


class StandIns(FileSystem):
    """The world of the model: this machine's files, and what the stand-ins would answer, without asking them.

    Asking them would add to the record that the servers' requests are compared with.
    """

    def __init__(self, *upstreams: Index) -> None:
        super().__init__()
        recorders: list[Recorder] = [*upstreams, *(index.files for index in upstreams)]
        self._by_origin = {recorder.origin: recorder for recorder in recorders}

    def ask(self, url: str, representation: Representation | None) -> int:
        """The status that an upstream gives; 502 when it is closed, hangs or breaks off."""
        parts = urlsplit(url)
        recorder = self._by_origin[f"{parts.scheme}://{parts.netloc}"]
        accept = representation.upstream_accept if representation else "*/*"
        head = f"GET {parts.path} HTTP/1.1\r\nAccept: {accept}\r\n\r\n"
        return recorder.status_of(Recorded(recorder.name, head.encode(), None))
