"""What stands before a site and speaks TLS, with the very lines that docs/howto-mounts.md tells administrators."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rewritegen.servers.apache.capabilities import MODULE_DIRECTORIES
from tests.support.certificates import Authority
from tests.support.processes import HOST, free_port, running

__all__ = ["FOR_MIRRORS", "WAYS", "front", "lines_for"]

HOWTO = Path(__file__).resolve().parents[2] / "docs" / "howto-mounts.md"

#: The words behind the language of each block.
FOR_MIRRORS = "for mirrors of an index at the root"
WAYS = ("front below a path", "front with the same paths", "front for the index alone")

_MODULES = ("mpm_event", "authz_core", "ssl", "socache_shmcb", "proxy", "proxy_http", "headers")


def lines_for(kind: str, way: str) -> str:
    """The block of the how-to."""
    found: list[str] = re.findall(
        rf"^```{kind} {re.escape(way)}\n(.*?)^```$", HOWTO.read_text(), re.MULTILINE | re.DOTALL
    )
    (lines,) = found
    return lines


@contextlib.contextmanager
def front(
    kind: str, ways: Sequence[str], port: int, tree: Path, authority: Authority
) -> Iterator[int]:
    """Run it before the site on a port, with these blocks; return its own."""
    shown = authority.issue("front.example.org", HOST)
    blocks = "".join(lines_for(kind, way) for way in ways)
    lines = blocks.replace("127.0.0.1:8080", f"{HOST}:{port}")
    own = free_port()
    (tree / "temp").mkdir(parents=True)
    if kind == "nginx":
        temporary = "".join(
            f"{word}_temp_path temp/{word}; "
            for word in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (tree / "nginx.conf").write_text(
            f"pid nginx.pid; error_log error.log; events {{ }}\nhttp {{ access_log off; {temporary}\n"
            f"server {{ listen {HOST}:{own} ssl; server_name front.example.org;\n"
            f"ssl_certificate {shown.chain}; ssl_certificate_key {shown.key};\n{lines}}} }}\n"
        )
    else:
        modules = next(path for path in map(Path, MODULE_DIRECTORIES) if path.is_dir())
        loaded = "".join(f"LoadModule {n}_module {modules}/mod_{n}.so\n" for n in _MODULES)
        (tree / "httpd.conf").write_text(
            f"{loaded}ServerRoot {tree}\nPidFile httpd.pid\nErrorLog error.log\nListen {HOST}:{own}\n"
            f"DefaultRuntimeDir {tree}\nServerName front.example.org\nSSLEngine On\n"
            f"SSLCertificateFile {shown.chain}\nSSLCertificateKeyFile {shown.key}\n{lines}"
        )
    with running(kind, tree, [own]):
        yield own
