"""What one test session has at the engine: containers and networks that carry its label, and go at the end.

The label's value is the pid and the start time of the session. What a killed session left is known by a label whose
process is gone, and removed when the next one begins; nothing is ever looked for by a name, and nothing without the
label is touched.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import APIError, NotFound
from docker.models.containers import Container
from docker.models.networks import Network

from tests.containers.images import Debian, Image, ImageError, ensure
from tests.support.ports import HOST, free_port
from tests.support.processes import wait_until
from tests.support.tools import missing

__all__ = ["LABEL", "Box", "Lab", "lab", "owner"]

LABEL = "rewritegen.tests"
STOP_SECONDS = 30
#: Names of the networks are found at once, all others are not found in a second; docker's own answer takes ten.
_LOOKING_UP = {"dns": [HOST], "dns_opt": ["timeout:1", "attempts:1"]}


def owner(pid: int | None = None) -> str:
    """The pid and start time of a process: a value that no other process of this machine ever has."""
    number = pid or os.getpid()
    # proc(5): the name in parentheses may hold blanks; the start time is the 22nd field
    fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return f"{number}-{fields[19]}"


def _is_alive(label: str) -> bool:
    pid = label.partition("-")[0]
    try:
        return owner(int(pid)) == label
    except (OSError, ValueError):
        return False


class Box:
    """One running container."""

    def __init__(self, container: Container, ports: Mapping[int, int]) -> None:
        self.container = container
        self._ports = dict(ports)

    def port(self, inside: int) -> int:
        """The port of 127.0.0.1 that leads to a published one; the same after a restart."""
        return self._ports[inside]

    @property
    def is_running(self) -> bool:
        """Whether its first process runs."""
        self.container.reload()
        return bool(self.container.attrs["State"]["Running"])

    def log(self) -> str:
        """What its first process wrote to stdout and stderr."""
        return str(self.container.logs().decode(errors="replace"))

    def run(self, *command: str, user: str = "") -> tuple[int, str]:
        """Run a command in it: exit code and output."""
        done = self.container.exec_run(list(command), user=user)
        return int(done.exit_code), done.output.decode(errors="replace")

    def read(self, path: str) -> str:
        """A file of it, also when it has ended."""
        pieces, _ = self.container.get_archive(path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
            member = archive.extractfile(archive.getmembers()[0])
            assert member is not None, path
            return member.read().decode(errors="replace")

    def wait_for(self, ready: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Return when ``ready`` is true. A connection is no sign: docker accepts on a published port by itself.

        :raises AssertionError: with its log, when it ends before that, or that takes too long.
        """

        def settled() -> bool:
            with contextlib.suppress(OSError):
                if ready():
                    return True
            if not self.is_running:
                raise AssertionError("the container has ended")
            return False

        try:
            wait_until(settled, what, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}") from None

    def remove(self) -> None:
        """End and remove it."""
        with contextlib.suppress(NotFound):
            self.container.remove(force=True, v=True)


class Lab:
    """Images, one network and containers of a session."""

    def __init__(self, client: docker.DockerClient, place: Path) -> None:
        self.client = client
        self.place = place
        """A directory of this machine for files that containers mount; everybody may search it."""
        self._label = owner()
        self._boxes: list[Box] = []
        self._networks: dict[str, Network] = {}
        self._numbers = itertools.count(1)

    def image(self, image: Image) -> str:
        """The tag of an image, which is built when it is not there."""
        try:
            return ensure(self.client, image)
        except ImageError as error:
            if isinstance(image, Debian) and image.moves:
                pytest.skip(f"Debian {image.suite} cannot be installed today: {error}")
            missing("containers", str(error))

    def say(self, image: Image, command: Sequence[str]) -> str:
        """Run a command in a container without network that is gone afterwards, and return its output."""
        container = self.client.containers.create(
            self.image(image), list(command), network_mode="none", labels={LABEL: self._label}
        )
        try:
            container.start()
            container.wait(timeout=STOP_SECONDS)
            return str(container.logs().decode(errors="replace"))
        finally:
            container.remove(force=True, v=True)

    def network(self, name: str = "inside", *, internal: bool = False) -> Network:
        """A network of this session, made when it is first asked for. None of them leads out of this machine.

        :param internal: without a route out of it, so that no port of a container in it can be published. This
            machine has no address in it: without a firewall, that is what keeps a gateway from being one.
        """
        if name not in self._networks:
            alone = {"com.docker.network.bridge.inhibit_ipv4": "true"} if internal else {}
            self._networks[name] = self.client.networks.create(
                f"rewritegen-tests-{self._label}-{name}",
                driver="bridge",
                internal=internal,
                options={"com.docker.network.bridge.enable_ip_masquerade": "false", **alone},
                labels={LABEL: self._label},
            )
        return self._networks[name]

    def run(
        self,
        image: str,
        command: Sequence[str],
        *,
        alias: str = "",
        read: Mapping[Path, Path | str] | None = None,
        write: Mapping[Path, Path | str] | None = None,
        publish: Sequence[int] = (),
        networks: Sequence[str] = ("inside",),
        options: Mapping[str, Any] | None = None,
    ) -> Box:
        """Start a container. It looks up the names of its networks only: nothing is asked of this machine's resolver.

        :param alias: its host name in the networks.
        :param read: files and directories of this machine that it may read, and where it sees them.
        :param write: the same for those that it may write.
        :param publish: ports of it that 127.0.0.1 leads to, each from a free port that a restart does not change.
        :param options: further ones of ``docker run``, as the SDK spells them.
        """
        first, *others = (self.network(name) for name in networks)
        ports = {inside: free_port() for inside in publish}
        volumes = [f"{here}:{there}:ro" for here, there in (read or {}).items()]
        volumes += [f"{here}:{there}" for here, there in (write or {}).items()]
        names = [alias] if alias else []
        container = self.client.containers.create(
            image,
            list(command),
            name=f"rewritegen-tests-{self._label}-{next(self._numbers)}",
            labels={LABEL: self._label},
            volumes=volumes,
            ports={f"{inside}/tcp": (HOST, outside) for inside, outside in ports.items()},
            network=first.name,
            networking_config={first.name: self.client.api.create_endpoint_config(aliases=names)},
            stop_signal="SIGTERM",
            **{**_LOOKING_UP, **(options or {})},
        )
        box = Box(container, ports)
        self._boxes.append(box)
        for network in others:
            network.connect(container, aliases=names)
        container.start()
        container.reload()
        return box

    def remove_leftovers(self) -> list[str]:
        """Remove what sessions that are dead have left: the names of it."""
        gone = []
        labelled: list[tuple[Any, Callable[[], None]]] = [
            (box, lambda box=box: box.remove(force=True, v=True))  # type: ignore[misc]
            for box in self.client.containers.list(
                all=True, filters={"label": LABEL}, ignore_removed=True
            )
        ]
        labelled += [
            (network, network.remove)
            for network in self.client.networks.list(filters={"label": LABEL})
        ]
        for thing, remove in labelled:
            labels = thing.attrs.get("Labels") or thing.attrs.get("Config", {}).get("Labels")
            if _is_alive(labels[LABEL]):
                continue
            if _removed(remove):
                gone.append(thing.name)
        return gone

    def close(self) -> None:
        """Remove all that is of this session."""
        for box in self._boxes:
            box.remove()
        for network in self._networks.values():
            with contextlib.suppress(NotFound):
                network.remove()


def _removed(remove: Callable[[], None]) -> bool:
    """Remove something that a dead session left, unless another worker of this session does that now.

    The engine says so by 409 of a container, and by 403 of a network that such a container is still in.
    """
    try:
        remove()
    except NotFound:
        return False
    except APIError as error:
        if error.status_code not in (403, 409):
            raise
        return False
    return True


@contextlib.contextmanager
def lab(address: str, place: Path) -> Iterator[Lab]:
    """A lab at the engine with this address."""
    client = docker.DockerClient(base_url=address)
    try:
        opened = Lab(client, place)
        opened.remove_leftovers()
        try:
            yield opened
        finally:
            opened.close()
    finally:
        client.close()
