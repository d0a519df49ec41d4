"""A site in a container that things happen to: private directory, mirror, one proxy, and copies that are soon old.

The site has two networks. The published port is on the one, the upstream is on the other, so that the site can lose
that and still be asked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.containers import servers
from tests.containers.editions import Edition
from tests.containers.lab import Lab
from tests.containers.servers import SITE_PORT, ContainedSite
from tests.containers.upstreams import ContainedIndex
from tests.support import trees
from tests.support.chain import Got, get
from tests.support.processes import wait_until
from tests.support.scenes import wheels
from tests.support.sites import index_site, write_site

__all__ = ["BOUND", "READ_SECONDS", "World", "build"]

#: For what is to happen, on a machine that does other things as well.
BOUND = 60.0
READ_SECONDS = 4
#: Where the server has its private directory a second time, to mount it again from.
SPARE = "/volumes"
#: The first by name has the published port.
NETWORKS = ("edge", "inside")
#: `www-data` of every Debian.
_WWW_DATA = 33
#: In `/proc/net/tcp` (proc_pid_net(5), `enum tcp_state` of the kernel).
_ESTABLISHED, _SYN_SENT = "01", "02"
_NOTHING = "00000000:"


@dataclass
class World:
    """One site and what is around it."""

    lab: Lab
    edition: Edition
    root: Path
    upstream: ContainedIndex
    live: ContainedSite
    _number: int = field(default=0)

    def get(self, target: str, **headers: str) -> Got:
        """Ask the site."""
        return get(self.live.port, target, **headers)

    def page(self, name: str) -> Got:
        """The page of a project."""
        return self.get(f"/simple/{name}/")

    def new(self) -> str:
        """The name of a project that the upstream has, and nobody has asked for."""
        self._number += 1
        name = f"new-{self._number}"
        self.upstream.add(name, wheels(f"{name}-1.0")[name])
        return name

    def file_of(self, name: str) -> tuple[str, bytes]:
        """The path of the only file of a public project at the site, and its bytes."""
        ((file, content),) = self.upstream.projects[name].items()
        return f"/files/public{self.upstream.file_path(file, content)}", content

    def kept(self) -> tuple[str, Got, Got]:
        """A project of which the site has copies, as they came: its name, the page, the file."""
        name = self.new()
        page, file = self.page(name), self.get(self.file_of(name)[0])
        assert (page.status, file.status) == (200, 200), (page, file)
        return name, page, file

    def old(self) -> tuple[str, Got, Got]:
        """The same, when the copy of the page is too old to be used without asking.

        A copy that is younger is watched for that: looking at one makes it new again.
        """
        found = self.kept()
        watched = self.new()
        assert self.page(watched).status == 200

        def is_asked_again() -> bool:
            self.page(watched)
            return len(self.upstream.asked(f"/{watched}/")) > 1

        wait_until(is_asked_again, "a copy is old", BOUND)
        self.upstream.forget()
        return found

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something to happen at the site; a server that is not there yet is not there yet.

        :raises AssertionError: with what the container wrote, when it does not.
        """
        self.live.box.wait_for(condition, what, BOUND)

    def recovered(self) -> None:
        """Return when the site asks the upstream again, and the upstream's records are empty.

        A connection that was begun in the accident may fail after others have been made, and the upstream is left
        alone then (the renewal of an old copy waits for it, and nobody waits for that): so first it must be over.
        """
        self.wait(lambda: not self.connecting(), "no connection of before is waited for")
        name = self.new()

        def asked() -> bool:
            return (self.page(name).status, self.get(self.file_of(name)[0]).status) == (200, 200)

        self.wait(asked, "the upstream is asked again")
        self.upstream.forget()
        self.upstream.files.forget()

    def connecting(self) -> bool:
        """Tell whether the site waits for a connection to be made, or for a sign that what it sent has come."""
        sockets: bytes = self.live.box.container.exec_run(["cat", "/proc/net/tcp"]).output
        rows = [line.split() for line in sockets.decode().splitlines()[1:]]
        assert rows, "a server that listens has a socket"
        # the fifth column is "bytes not acknowledged:bytes not read"
        sent = [row for row in rows if row[3] == _ESTABLISHED and not row[4].startswith(_NOTHING)]
        return bool(sent) or any(row[3] == _SYN_SENT for row in rows)

    def ours_is_served(self) -> None:
        """What is on the disk is served, and nothing of it is asked for elsewhere."""
        page, file = self.page("acme-foo"), self.get("/files/team/acme-foo/" + _FILE)
        assert (page.status, page.source) == (200, "private/team")
        assert (file.status, file.body) == (200, _OURS)
        assert self.page("mirrored").source == "mirror/copy"
        assert (self.page("acme-ghost").status, self.page("acme-ghost").source) == (404, "none")

    def never_told(self) -> None:
        """No private name was in what the upstream has read."""
        asked = [*self.upstream.requests, *self.upstream.files.requests]
        assert not [one.line for one in asked if b"acme" in one.raw.lower()]

    @contextmanager
    def waiting(self, count: int = 4) -> Iterator[Callable[[], bool]]:
        """Requests for projects that nobody has asked for; what is yielded tells whether all of them still wait.

        At the end each of them has been answered, and not with a page.
        """
        names = [self.new() for _ in range(count)]
        with ThreadPoolExecutor(count) as pool, self.frozen():
            asking = [pool.submit(self.page, name) for name in names]
            yield lambda: not any(one.done() for one in asking)
            statuses = {one.result(BOUND).status for one in asking}
        assert statuses <= {502, 503, 504}, statuses

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The upstream's container is paused: connections are made, and nobody answers."""
        assert self.upstream.box is not None
        container = self.upstream.box.container
        container.pause()
        try:
            yield
        finally:
            container.unpause()

    def reload(self, signal: str = "HUP") -> None:
        """What ``docker kill -s SIGNAL`` does."""
        self.live.box.container.kill(signal=signal)


_WHEELS = wheels("acme-foo-1.0")
((_FILE, _OURS),) = _WHEELS["acme-foo"].items()


def settings_of(root: Path, upstream: ContainedIndex) -> dict[str, Any]:
    """The site of a world; the directories are those that :func:`build` makes."""
    return {
        "listen": [SITE_PORT],
        "inner": "127.0.0.1:8179",
        "resolver": ["127.0.0.11"],
        "state": str(root / "state"),
        "private": [{"name": "team", "path": str(root / "team"), "claims": ["acme-*"]}],
        "fallbacks": [
            {"name": "copy", "mirror": str(root / "mirror")},
            {
                "name": "public",
                "proxy": upstream.url,
                "kind": "pypi",
                "files": [f"{upstream.files.origin}/"],
                "connect": "1s",
                "read": f"{READ_SECONDS}s",
                "retry": "1s",
            },
        ],
        "cache": {"path": str(root / "cache"), "pages": "1s", "stale": "30d"},
    }


def build(
    lab: Lab,
    edition: Edition,
    label: str,
    *,
    cache: Mapping[str, Any] | None = None,
    tmpfs: str = "",
    mounts: Mapping[Path, str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> World:
    """A world of its own, running.

    :param label: a word for its directory and host names.
    :param cache: settings of the cache, instead of those of :func:`settings_of` or beside them.
    :param mounts: further directories of this machine, and where the site sees them.
    :param tmpfs: put the cache on a file system of its own, with these options of `mount`.
    """
    root = lab.place / f"{label}-{edition.name.replace(' ', '-').lower()}"
    root.mkdir()
    trees.projects(root / "team", _WHEELS)
    trees.bandersnatch(root / "mirror", wheels("mirrored-1.0"))
    (root / "cache" / "apache").mkdir(parents=True)
    os.chown(root / "cache" / "apache", _WWW_DATA, _WWW_DATA)
    decoys = {"acme-foo": wheels("acme-foo-9.0")["acme-foo"], **wheels("acme-ghost-9.0")}
    upstream = ContainedIndex(decoys, host_name=f"index.{root.name}.example.org")
    upstream.start(lab)
    settings = settings_of(root, upstream)
    settings["cache"] |= cache or {}
    site_file = write_site(root / "site.yaml", settings, SITE_PORT)
    index_site(site_file)
    read = [root / "team", root / "mirror", root / "state"]
    more = [
        docker.types.Mount(there, str(here), type="bind", read_only=True)
        for here, there in {root: SPARE, **(mounts or {})}.items()
    ]
    given: dict[str, Any] = {
        "mounts": more,
        # to unmount and mount; where AppArmor is, docker's profile forbids that besides
        "cap_add": ["SYS_ADMIN"],
        "security_opt": ["apparmor=unconfined"],
        **(options or {}),
    }
    write = [] if tmpfs else [root / "cache"]
    if tmpfs:
        given["tmpfs"] = {str(root / "cache"): tmpfs}
    live = servers.start(
        lab, edition, site_file, read=read, write=write, networks=NETWORKS, options=given
    )
    world = World(lab, edition, root, upstream, live)
    world.recovered()
    return world


@pytest.fixture(scope="module")
def worlds(session_lab: Lab) -> Callable[[Edition], World]:
    """The world of an edition; one for all tests of a module, in the state of its start."""
    built: dict[str, World] = {}

    def world(edition: Edition) -> World:
        if edition.name not in built:
            built[edition.name] = build(session_lab, edition, "lifecycle")
        found = built[edition.name]
        found.recovered()
        return found

    return world
