"""A web server that is a thread: what it has loaded is a copy of the installed file, and it answers its fingerprint.

So a run of ``apply`` takes milliseconds, and there can be hundreds. It is reached as one in a container is: by a
command that tests and one that reloads.
"""

from __future__ import annotations

import http.server
import shlex
import shutil
import threading
from pathlib import Path

from rewritegen.provenance import fingerprint_of
from tests.support.hosts import Done, run
from tests.support.ports import HOST, free_port
from tests.support.sites import write_site

__all__ = ["Toy", "answers", "applied"]

NAME = "packages.example.org.conf"


class Toy:
    """One such server, and the command that is run on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.hosts, self.state = root / "hosts", root / "apply"
        self.hosts.mkdir(parents=True)
        self._kept = root / "kept"
        self.installed, self.loaded = self.hosts / NAME, root / "loaded"
        self.history = self.state / "packages.example.org" / "nginx"
        self.site_file = root / "site.yaml"
        (root / "team").mkdir()
        (root / "reload.sh").write_text(
            f"cp {self.installed} {self.loaded} 2>/dev/null || : > {self.loaded}\n"
        )
        self.port = free_port()
        self._server = http.server.ThreadingHTTPServer((HOST, self.port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.claim()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def claim(self, *names: str) -> None:
        """Write a site file with these claims: each set of them is another generation."""
        private = [
            {"path": str(self.root / "team"), "listing": "automatic", "claims": ["acme-*", *names]}
        ]
        write_site(self.site_file, {"private": private, "inner": f"{HOST}:8179"}, self.port)

    def apply(self, *more: str, reload: str = "") -> Done:
        """Run ``rewritegen apply``."""
        return run(self.words(*more, reload=reload))

    def words(self, *more: str, reload: str = "") -> list[str]:
        """Return its command line."""
        command = reload or f"sh {shlex.quote(str(self.root / 'reload.sh'))}"
        return [
            *("apply", str(self.site_file), "--server", "nginx", "-o", str(self.hosts)),
            *("--state", str(self.state), "--no-check", "--timeout", "30"),
            *("--test-command", "true", "--reload-command", command, *more),
        ]

    def text(self) -> bytes:
        """What the site file gives."""
        return run(["generate", str(self.site_file), "--server", "nginx"]).out.encode()

    def content(self) -> bytes | None:
        """What is installed."""
        return self.installed.read_bytes() if self.installed.exists() else None

    def keep(self) -> None:
        """Remember how everything is."""
        shutil.rmtree(self._kept, ignore_errors=True)
        for path in (self.hosts, self.state):
            if path.exists():
                shutil.copytree(path, self._kept / path.name)
        if self.loaded.exists():
            shutil.copy(self.loaded, self._kept / "loaded")

    def reset(self) -> None:
        """Make everything as it was then."""
        for path in (self.hosts, self.state):
            shutil.rmtree(path, ignore_errors=True)
            if (self._kept / path.name).exists():
                shutil.copytree(self._kept / path.name, path)
        self.loaded.unlink(missing_ok=True)
        if (self._kept / "loaded").exists():
            shutil.copy(self._kept / "loaded", self.loaded)

    def fingerprint(self) -> str:
        """What it answers with."""
        return fingerprint_of(self.loaded.read_text()) if self.loaded.exists() else ""

    def boot(self) -> None:
        """Load what is there, as a server that is started does."""
        self.loaded.write_bytes(self.installed.read_bytes() if self.installed.exists() else b"")

    def is_clean(self) -> bool:
        """Tell whether nothing is left over of a run that was killed."""
        names = {path.name for path in self.history.iterdir()} if self.history.exists() else set()
        return names <= {"generations"} and not list(self.hosts.glob(".*"))

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        toy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = toy.fingerprint().encode()
                self.send_response(200 if body else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        return Handler


def applied(toy: Toy, *names: str) -> bytes:
    """Apply the site with these claims; return what is installed then."""
    toy.claim(*names)
    done = toy.apply()
    assert done.code == 0, done.err
    content = toy.content()
    assert content is not None
    return content


def answers(toy: Toy) -> bool:
    """Tell whether what is installed is what is loaded."""
    return (toy.content() or b"") == toy.loaded.read_bytes()
