"""What an installed nginx can do: its version and modules, read from ``nginx -V``.

A module is called as in the configure options, without ``--with-`` and ``_module``: ``http_sub``. Modules that are in
every build unless it was made ``--without`` them are in the set too. Whether a dynamic module is loaded is up to the
administrator's ``load_module`` lines, which cannot be seen from here: dynamic modules count as missing.
"""

from __future__ import annotations

import re

from rewritegen.diagnostics import RewritegenError, quoted
from rewritegen.servers.base import Capabilities
from rewritegen.servers.nginx.problems import problem

__all__ = ["BASELINE", "DEFAULT", "OLDEST", "capabilities_of", "parse"]

OLDEST = (1, 18)

#: In every build unless it was made without them; those that the generated text uses or that keep files of their own.
DEFAULT = frozenset(
    {
        "http_auth_basic",
        "http_autoindex",
        "http_charset",
        "http_fastcgi",
        "http_grpc",
        "http_gzip",
        "http_map",
        "http_proxy",
        "http_rewrite",
        "http_scgi",
        "http_ssi",
        "http_upstream_keepalive",
        "http_upstream_zone",
        "http_uwsgi",
    }
)

#: The oldest version, as distributions build it.
BASELINE = Capabilities(
    OLDEST,
    DEFAULT
    | {"http_auth_request", "http_random_index", "http_ssl", "http_sub", "http_gzip_static"},
)

_VERSION = re.compile(r"^nginx version: \S+/([0-9]+)\.([0-9]+)\.([0-9]+)", re.MULTILINE)
_WITH = re.compile(r"--with-([a-z0-9_]+)_module(?=\s|$)")
_WITHOUT = re.compile(r"--without-([a-z0-9_]+)_module\b")
_TIMEOUT_SECONDS = 20


def capabilities_of(binary: str) -> Capabilities:
    """Run ``nginx -V``.

    :raises RewritegenError: RG602 when it cannot be run, or says something else.
    """
    import subprocess  # `generate` asks no program and pays for no import

    try:
        done = subprocess.run(
            [binary, "-V"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _not_nginx(binary, f"cannot be run: {error}") from None
    found = parse(done.stderr + done.stdout)
    if found is None:
        raise _not_nginx(binary, "does not answer `-V` like nginx")
    return found


def parse(text: str) -> Capabilities | None:
    """Read the output of ``nginx -V``; None when it is not nginx's."""
    version = _VERSION.search(text)
    if version is None:
        return None
    modules = (DEFAULT - set(_WITHOUT.findall(text))) | set(_WITH.findall(text))
    if re.search(r"--add-module=\S*njs", text):
        modules |= {"http_js"}
    if re.search(r"--with-pcre-jit(?=\s|$)", text):
        modules |= {"pcre_jit"}
    if re.search(r"--without-pcre(?=\s|$)", text):
        modules -= {"http_rewrite"}
    return Capabilities(tuple(map(int, version.groups())), frozenset(modules))


def _not_nginx(binary: str, message: str) -> RewritegenError:
    help = "name an installed nginx, or install one (Debian: apt-get install nginx)"
    return RewritegenError([problem("RG602", f"{quoted(binary)} {message}", help)])
