"""The recording upstream in a container, with the interface of the one that is a thread of the test."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.containers import recording
from tests.containers.images import DEFAULT
from tests.containers.lab import Box, Lab
from tests.containers.recording import CONTROL_PORT, FILES_PORT, INDEX_PORT
from tests.support.certificates import Certificate
from tests.support.exchange import Mode, Recorded
from tests.support.ports import HOST
from tests.support.recorder import Recorder
from tests.support.upstream import FileHost, Index, Links

__all__ = ["ContainedIndex"]

CONTROL_SECONDS = 20.0
_TESTS = Path(__file__).resolve().parent.parent


class _Contained(Recorder):
    """What it was asked is asked of the container; what it would answer is known here, from the same content."""

    control: int = 0
    """The published control port; 0 until the container runs."""
    _listens = True

    @property
    def requests(self) -> list[Recorded]:
        return recording.read_recorded(self.tell("requests"))

    def forget(self) -> None:
        self.tell("forget")

    @property
    def is_open(self) -> bool:
        return self._listens

    def open(self) -> None:
        self.tell("open")
        self._listens = True

    def refuse(self) -> None:
        self.tell("refuse")
        self._listens = False

    def set_mode(self, mode: Mode, path: str | None = None) -> None:
        self.tell("mode", mode=mode, path=path)
        super().set_mode(mode, path)

    def tell(self, command: str, **options: Any) -> Any:
        """Give one command and wait until it is done."""
        with (
            socket.create_connection((HOST, self.control), timeout=CONTROL_SECONDS) as connection,
            connection.makefile("rwb") as stream,
        ):
            line = json.dumps({"do": command, "recorder": self.name, **options})
            stream.write(line.encode() + b"\n")
            stream.flush()
            answer = stream.readline()
        if not answer.endswith(b"\n"):
            raise ConnectionError(f"the upstream did not say that {line} is done")
        return json.loads(answer)


class _ContainedFiles(_Contained, FileHost):
    pass


class ContainedIndex(_Contained, Index):
    """An index and its file host in one container; :meth:`start` runs it.

    Its URLs hold in the network of the lab, under :attr:`host_name`. The modes are those of the recorder; what a
    container can do besides (stop, pause, leave its network) is done to :attr:`box`.
    """

    def __init__(
        self,
        projects: Mapping[str, Mapping[str, bytes]],
        links: Links = "absolute",
        mount: str = "/simple/",
        tls: Certificate | None = None,
        host_name: str = "index.example.org",
    ) -> None:
        super().__init__(projects, links, mount, tls, host_name=host_name)
        files = _ContainedFiles(tls, host_name)
        files.content.update(self.files.content)
        self.files: _ContainedFiles = files
        self.port, self.files.port = INDEX_PORT, FILES_PORT
        self._spec = recording.spec(projects, links, mount, host_name, tls)
        self._readable = (tls.chain.parent,) if tls else ()
        self.box: Box | None = None

    def start(self, lab: Lab) -> Box:
        """Run it under its host name, and return when it can be told something."""
        spec = lab.place / f"{self.host_name}.json"
        spec.write_text(json.dumps(self._spec), "utf-8")
        self.box = lab.run(
            lab.image(DEFAULT),
            ["python3", "-m", "tests.containers.recording", str(spec), str(CONTROL_PORT)],
            alias=self.host_name,
            read={
                spec: spec,
                _TESTS: "/rewritegen/tests",
                **{path: path for path in self._readable},
            },
            publish=[CONTROL_PORT],
            options={"working_dir": "/rewritegen", "environment": {"PYTHONDONTWRITEBYTECODE": "1"}},
        )
        self.control = self.files.control = self.box.port(CONTROL_PORT)
        self.box.wait_for(lambda: self.tell("requests") == [], "the upstream obeys")
        return self.box

    def add(self, project: str, files: Mapping[str, bytes]) -> None:
        """A project more, or with other files, in the container too when that runs."""
        super().add(project, files)
        if self.control:
            self.tell("add", projects=recording.encoded({project: files}))
