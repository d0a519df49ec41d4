"""The recording upstream as the program of a container, and how a test talks to it.

    python3 -m tests.containers.recording SPEC.json CONTROL_PORT

SPEC is what :func:`spec` returns. One JSON object a line comes in on the control port, one goes out: a command has
``do`` and what that needs, the answer has what was asked for. Only the standard library and `packaging` are needed,
for a container has no more.
"""

from __future__ import annotations

import base64
import json
import socketserver
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.certificates import Certificate
from tests.support.exchange import Recorded
from tests.support.upstream import Index

__all__ = [
    "CONTROL_PORT",
    "FILES_PORT",
    "INDEX_PORT",
    "decoded",
    "encoded",
    "read_recorded",
    "spec",
]

#: Ports in a container of its own are the same for all.
INDEX_PORT, FILES_PORT, CONTROL_PORT = 8000, 8001, 8002

Content = Mapping[str, Mapping[str, bytes]]


def encoded(content: Content) -> dict[str, dict[str, str]]:
    """Project -> file name -> content, for JSON."""
    return {
        name: {file: base64.b64encode(data).decode() for file, data in files.items()}
        for name, files in content.items()
    }


def decoded(content: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, bytes]]:
    """The other way round."""
    return {
        name: {file: base64.b64decode(data) for file, data in files.items()}
        for name, files in content.items()
    }


def read_recorded(lines: list[dict[str, str | None]]) -> list[Recorded]:
    """Requests as they come out of the control port."""
    return [
        Recorded(str(line["server"]), str(line["raw"]).encode("latin-1"), line["sni"])
        for line in lines
    ]


def spec(
    projects: Content, links: str, mount: str, host_name: str, tls: Certificate | None
) -> dict[str, Any]:
    """What the program needs to be the same index as one of the test's."""
    return {
        "projects": encoded(projects),
        "links": links,
        "mount": mount,
        "host_name": host_name,
        "tls": [str(tls.chain), str(tls.key)] if tls else None,
    }


def index_of(wanted: Mapping[str, Any]) -> Index:
    """The index of a spec, listening for everybody on the network of the container."""
    pair = wanted["tls"]
    index = Index(
        decoded(wanted["projects"]),
        links=wanted["links"],
        mount=wanted["mount"],
        tls=Certificate(Path(pair[0]), Path(pair[1])) if pair else None,
        host_name=wanted["host_name"],
    )
    for recorder, port in ((index, INDEX_PORT), (index.files, FILES_PORT)):
        recorder.port = port
        recorder.address = "0.0.0.0"
        recorder.open()
    return index


def obey(index: Index, command: Mapping[str, Any]) -> Any:
    """Do what one command says."""
    recorder = index if command.get("recorder", "index") == "index" else index.files
    what = command["do"]
    if what == "requests":
        return [
            {"server": one.server, "raw": one.raw.decode("latin-1"), "sni": one.sni}
            for one in list(recorder.requests)
        ]
    if what == "forget":
        recorder.forget()
    elif what == "mode":
        recorder.set_mode(command["mode"], command["path"])
    elif what == "open":
        recorder.open()
    elif what == "refuse":
        recorder.refuse()
    elif what == "add":
        ((project, files),) = decoded(command["projects"]).items()
        index.add(project, files)
    else:
        raise ValueError(f"no such command: {what}")
    return None


class _Commands(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, _Control)
        for line in self.rfile:
            self.wfile.write(json.dumps(obey(server.index, json.loads(line))).encode() + b"\n")


class _Control(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, index: Index, port: int) -> None:
        self.index = index
        super().__init__(("0.0.0.0", port), _Commands)


def main(arguments: list[str]) -> None:
    """Be the upstream until the container ends."""
    file, port = arguments
    control = _Control(index_of(json.loads(Path(file).read_text("utf-8"))), int(port))
    print("ready", flush=True)
    threading.Thread(target=control.serve_forever).start()


if __name__ == "__main__":
    main(sys.argv[1:])
