"""What an installed httpd can do: its version, the modules that it has built in, and those that it could load."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from rewritegen.diagnostics import Problem, RewritegenError, quoted
from rewritegen.servers.base import Capabilities

__all__ = ["BASELINE", "MODULE_DIRECTORIES", "OLDEST", "PACKAGES", "ask", "parse"]

OLDEST = (2, 4, 52)

#: Where distributions keep the modules; the generated standalone text looks in the same places.
MODULE_DIRECTORIES = (
    "/usr/lib/apache2/modules",
    "/usr/lib/apache2",
    "/usr/lib/httpd/modules",
    "/usr/lib64/apache2",
    "/usr/lib64/httpd/modules",
    "/usr/local/apache2/modules",
    "/usr/local/libexec/apache24",
)

#: Modules that a configuration may need -> how to get them where `a2enmod` is not enough.
PACKAGES = {"ssl": "; Red Hat: dnf install mod_ssl"}

#: What httpd's own build makes by default and every distribution ships.
BASELINE = Capabilities(
    OLDEST,
    frozenset(
        [
            *("actions", "alias", "auth_basic", "authn_core", "authn_file", "authz_core"),
            *("authz_user", "autoindex", "cache", "cache_disk", "deflate", "filter"),
            *("headers", "lbmethod_byrequests", "log_config", "mpm_event", "proxy"),
            *("proxy_balancer", "proxy_http", "rewrite", "slotmem_shm", "ssl", "substitute"),
            *("unixd", "version"),
        ]
    ),
)

_VERSION = re.compile(r"^Server version: Apache/(\d+)\.(\d+)\.(\d+)", re.MULTILINE)
_BUILT_IN = re.compile(r"^  (?:mod_(\w+)|(event|worker|prefork))\.c$", re.MULTILINE)
_ROOT = re.compile(r'-D HTTPD_ROOT="([^"]+)"')
_MODULE_FILE = re.compile(r"mod_(\w+)\.so")


def ask(binary: str) -> Capabilities:
    """Ask a program for its version and modules; needs no configuration.

    :raises RewritegenError: RG702 when it cannot be run, or says something else.
    """
    about = _run(binary, "-V")
    root = _ROOT.search(about)
    places = (*MODULE_DIRECTORIES, f"{root[1]}/modules") if root else MODULE_DIRECTORIES
    files = (path.name for place in places for path in Path(place).glob("mod_*.so"))
    found = parse(about, _run(binary, "-l"), files)
    if found is None:
        raise _failure(binary, "does not say that it is Apache httpd")
    return found


def parse(about: str, built_in: str, files: Iterable[str]) -> Capabilities | None:
    """Read the output of ``-V`` and of ``-l``, and the names of the module files; None when it is not httpd's."""
    version = _VERSION.search(about)
    if version is None:
        return None
    modules = {name or f"mpm_{mpm}" for name, mpm in _BUILT_IN.findall(built_in)}
    modules |= {match[1] for match in map(_MODULE_FILE.fullmatch, files) if match}
    return Capabilities(tuple(map(int, version.groups())), frozenset(modules))


def _run(binary: str, option: str) -> str:
    import subprocess  # `generate` asks no program and pays for no import

    try:
        result = subprocess.run(
            [binary, option], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise _failure(binary, f"cannot be run: {error}") from error
    return result.stdout


def _failure(binary: str, message: str) -> RewritegenError:
    help_text = "give the path of apache2 or httpd"
    return RewritegenError([Problem("RG702", f"{quoted(binary)} {message}", None, help_text)])
