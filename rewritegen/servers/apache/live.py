"""httpd as it runs on this machine; see :class:`rewritegen.servers.live.Live`."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path

from rewritegen.servers.apache.quoting import argument
from rewritegen.servers.live import Include, alive, program

__all__ = ["LiveApache"]

_TIMEOUT_SECONDS = 20
_BUILT = re.compile(r'-D (HTTPD_ROOT|SERVER_CONFIG_FILE)="([^"]*)"')
_INCLUDE = re.compile(
    r'^[ \t]*Include(?:Optional)?[ \t]+("[^"\n]*"|[^"\s]\S*)[ \t]*$', re.IGNORECASE | re.MULTILINE
)
_ROOT = re.compile(r'^[ \t]*ServerRoot[ \t]+"?([^"\n]+?)"?[ \t]*$', re.IGNORECASE | re.MULTILINE)
_LISTEN = re.compile(
    r'^[ \t]*Listen[ \t]+"?(?:(\[[^\]]+\]|[^\s":]+):)?(\d+)"?', re.IGNORECASE | re.MULTILINE
)

_PID_FILE = re.compile(r'^PidFile: "([^"]+)"', re.MULTILINE)

#: Debian's own: its apache2ctl reads the variables that its configuration needs.
_DEBIAN = Path("/etc/apache2")


class LiveApache:
    """One httpd; ``config`` and ``root`` where it was started with ``-f`` and ``-d``."""

    def __init__(self, binary: str, config: Path | None, root: Path | None) -> None:
        self.binary = binary
        self._told = config is not None or root is not None
        built = {} if config and root else dict(_BUILT.findall(_about(binary)))
        self._root = (root or Path(built.get("HTTPD_ROOT", "/usr/local/apache2"))).absolute()
        self.config = self._root / (config or built.get("SERVER_CONFIG_FILE", "conf/httpd.conf"))
        self.base = self._root / self._server_root()
        self.directories: tuple[Path, ...] = (self.base / "sites-enabled", self.base / "conf.d")

    def includes(self, text: str) -> tuple[Include, ...]:
        """Return each ``Include`` and ``IncludeOptional``."""
        return tuple(
            Include(match.start(), match.end(), match[1].strip('"'))
            for match in _INCLUDE.finditer(text)
        )

    def include(self, path: Path) -> str:
        """Return ``Include "PATH"``."""
        return f"Include {argument(str(path), 'path')}"

    def trial(self, directory: Path) -> Path:
        """Return a file in ``directory``: httpd looks for everything from its ServerRoot."""
        return directory / "httpd.conf"

    def trials(self) -> tuple[Path, ...]:
        """Return none: they lie in their directories."""
        return ()

    def test_command(self, config: Path) -> list[str]:
        """Return ``httpd -t`` for this main file."""
        if not self._told and (control := self._debian()):
            return [control, "-t", "-f", str(config)]
        return [*self._start(), "-f", str(config), "-t"]

    def reload_command(self) -> list[str]:
        """Return ``apachectl graceful``, or the same of httpd itself; both read the configuration first.

        A bare SIGUSR1 would end an httpd whose configuration is broken.
        """
        if self._told:
            return [*self._start(), "-f", str(self.config), "-k", "graceful"]
        control = self._debian() or program("apachectl")
        return [control, "graceful"] if control else [self.binary, "-k", "graceful"]

    def start_instead(self) -> str:
        """Return how to start an httpd that does not run: ``graceful`` would start it, behind the back of systemd.

        The file with its number is told by the configuration that it reads; where it reads none, its reload says so.
        """
        told = _said([*self.test_command(self.config), "-D", "DUMP_RUN_CFG"])
        found = _PID_FILE.search(told)
        if found is None or _runs(Path(found[1])):
            return ""
        if self._told:
            return shlex.join([*self._start(), "-f", str(self.config)])
        return f"systemctl start {Path(self.binary).name}"

    def opens(self, new: Iterable[str], present: Iterable[str]) -> frozenset[tuple[str, int]]:
        """Return what is listened on and was not: an httpd that cannot bind one of these at a reload ends."""
        return _listens(new) - _listens(present)

    def _debian(self) -> str | None:
        return program("apache2ctl") if self._root == _DEBIAN else None

    def _start(self) -> list[str]:
        return [self.binary, *(["-d", str(self._root)] if self._told else [])]

    def _server_root(self) -> str:
        try:
            found = _ROOT.search(self.config.read_text("utf-8", "replace"))
        except OSError:
            return ""
        return found[1] if found and "$" not in found[1] else ""


def _listens(texts: Iterable[str]) -> frozenset[tuple[str, int]]:
    return frozenset(
        ("" if address in ("*", "0.0.0.0") else address.strip("[]"), int(port))  # noqa: S104
        for text in texts
        for address, port in _LISTEN.findall(text)
    )


def _runs(pid_file: Path) -> bool:
    """Tell whether the process lives whose number stands there; who may not read that is told by the reload."""
    try:
        text = pid_file.read_text("ascii", "replace").strip()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return text.isdigit() and alive(int(text))


def _about(binary: str) -> str:
    """Return what ``-V`` says; empty when it cannot be asked, which its test will say better."""
    return _said([binary, "-V"])


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace",
            timeout=_TIMEOUT_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
