"""nginx as it runs on this machine; see :class:`rewritegen.servers.live.Live`."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from rewritegen.servers.live import TRIAL, Include
from rewritegen.servers.nginx.quoting import argument, value

__all__ = ["LiveNginx"]

_TIMEOUT_SECONDS = 20

#: As nginx reads it: a comment begins where a word could; quotes hold blanks; the rest are words and ; { }.
_TOKEN = re.compile(
    r"""[#][^\n]* | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | [;{}] | (?:\\.|[^\s;{}"'\\])(?:\\.|[^\s;{}\\])*""",
    re.VERBOSE | re.DOTALL,
)

_LISTEN = re.compile(
    r"^[ \t]*listen[ \t]+(?:(\[[^\]\s]+\]|[^\s:;\[]*[^\s:;\[\d][^\s:;\[]*):?)?(\d*)[ \t;]",
    re.MULTILINE,
)


class LiveNginx:
    """One nginx; ``config`` and ``root`` where it was started with ``-c`` and ``-p``."""

    def __init__(self, binary: str, config: Path | None, root: Path | None) -> None:
        self.binary = binary
        self._root = root.absolute() if root else None
        told = _configured(binary) if config is None else ""
        prefix = self._root or Path(_option(told, "prefix") or "/usr/local/nginx")
        self.config = prefix / (config or _option(told, "conf-path") or "conf/nginx.conf")
        self._told = config is not None
        # `include` is relative to the main file, and to nothing else
        self.base = self.config.parent
        self.directories: tuple[Path, ...] = tuple(
            self.base / name for name in ("conf.d", "sites-enabled", "http.d")
        )

    def includes(self, text: str) -> tuple[Include, ...]:
        """Return each ``include``; what stands in comments and quotes is none."""
        found = []
        tokens = [match for match in _TOKEN.finditer(text) if not match[0].startswith("#")]
        for before, word, name, after in zip(
            [None, *tokens], tokens, tokens[1:], tokens[2:], strict=False
        ):
            begins = before is None or before[0] in (";", "{", "}")
            if begins and word[0] == "include" and after[0] == ";":
                pattern = name[0][1:-1] if name[0][0] in "\"'" else name[0]
                pattern = re.sub(r"\\(.)", r"\1", pattern)
                found.append(Include(word.start(), after.end(), pattern))
        return tuple(found)

    def include(self, path: Path) -> str:
        """Return ``include PATH;``."""
        return f"include {argument(value(str(path), 'path'))};"

    def trial(self, directory: Path) -> Path:
        """Return a hidden file beside the main one: certificates and passwords are looked for from there, too."""
        return self.config.with_name(f".{self.config.name}{TRIAL}-{directory.name}")

    def trials(self) -> tuple[Path, ...]:
        """Return those beside the main file."""
        start = f".{self.config.name}{TRIAL}"
        try:
            return tuple(path for path in self.base.iterdir() if path.name.startswith(start))
        except OSError:
            return ()  # its test will say it better

    def test_command(self, config: Path) -> list[str]:
        """Return ``nginx -t``."""
        return [self.binary, *self._prefix(), "-t", "-q", "-c", str(config)]

    def reload_command(self) -> list[str]:
        """Return ``nginx -s reload``, which reads the configuration before it signals."""
        told = ["-c", str(self.config)] if self._told else []
        return [self.binary, *self._prefix(), *told, "-s", "reload"]

    def start_instead(self) -> str:
        """Return nothing: a reload of an nginx that does not run fails."""
        return ""

    def opens(self, new: Iterable[str], present: Iterable[str]) -> frozenset[tuple[str, int]]:
        """Return what is listened on and was not: an nginx that cannot bind one of these goes on as it is.

        Where any address of a port is listened on, nginx binds no single one.
        """
        wanted, held = _listens(new), _listens(present)
        everywhere = {port for address, port in wanted | held if not address}
        return frozenset(
            (address, port)
            for address, port in wanted - held
            if not address or port not in everywhere
        )

    def _prefix(self) -> list[str]:
        return ["-p", str(self._root)] if self._root else []


def _listens(texts: Iterable[str]) -> frozenset[tuple[str, int]]:
    return frozenset(
        ("" if address in ("*", "0.0.0.0") else address.strip("[]"), int(port or 80))  # noqa: S104
        for text in texts
        for address, port in _LISTEN.findall(text)
    )


def _configured(binary: str) -> str:
    """Return what the program was built with; empty when it cannot be asked, which its test will say better."""
    try:
        done = subprocess.run(
            [binary, "-V"], capture_output=True, text=True, errors="replace",
            timeout=_TIMEOUT_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stderr + done.stdout


def _option(told: str, name: str) -> str:
    found = re.search(rf"--{name}=('[^']*'|\S+)", told)
    return found[1].strip("'") if found else ""
