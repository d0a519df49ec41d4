"""Small words that several modules of the nginx text share: headers, actions, and paths inside nginx."""

from __future__ import annotations

from rewritegen.servers.nginx.quoting import sentence
from rewritegen.servers.nginx.view import Header
from rewritegen.steps import ProjectDirectories, Source

__all__ = [
    "FOREVER",
    "INNER",
    "NO_CACHE",
    "TEN_MINUTES",
    "VARY",
    "X_CACHE",
    "answered_by",
    "escaped",
    "go",
    "named",
    "project_path",
    "refuse",
]

#: Every location that only nginx itself can reach begins with this; the grammar has nothing that does.
INNER = "/-/rg_"

X_CACHE = Header("X-Cache", "$upstream_cache_status")
VARY = Header("Vary", '"Accept, Accept-Encoding"')
NO_CACHE = Header("Cache-Control", "no-cache")
#: Without `always`: an error is not kept as long as what is there.
TEN_MINUTES = Header("Cache-Control", "max-age=600", "")
FOREVER = Header("Cache-Control", '"max-age=31536000, immutable"', "")


def answered_by(label: str) -> Header:
    """Return the header that says who answered."""
    return Header("X-Index-Source", label)


def go(target: str) -> str:
    """Return the action that goes on at an inner location; it counts as one internal jump."""
    return f"rewrite ^ {target} last"


def refuse(status: int, text: str) -> str:
    """Return the action that ends a request with one plain sentence."""
    return f"return {status} {sentence(text)}"


def named(source: Source, why: str) -> str:
    """Return a comment line that says which YAML key a rule came from."""
    return f"# {source.key} {source.name}: {why}"


def project_path(tree: ProjectDirectories) -> str:
    """Return the directory of the project that is asked for, relative to its tree."""
    return "$rg_initial/$rg_name" if tree.hashed else "$rg_name"


def escaped(path: str) -> str:
    """Escape a path in a pattern; its characters are those that the site model lets through."""
    return path.replace(".", r"\.").replace("+", r"\+")
