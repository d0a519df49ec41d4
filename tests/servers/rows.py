"""One row of the table of answers, and the families of rows that are asked about many names.

"shape N" is a number of the request shapes by which names leak elsewhere; the safety notes list them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

__all__ = ["JSON", "PIP", "TEAM", "Row", "decisions", "forms", "in_scene", "leaks"]

JSON = "application/vnd.pypi.simple.v1+json"
V1_HTML = "application/vnd.pypi.simple.v1+html"
PIP = f"{JSON}, {V1_HTML}; q=0.1, text/html; q=0.01"
UV = f"{JSON}, {V1_HTML};q=0.2, text/html;q=0.01"
POETRY = f"{JSON}, */*;q=0.1"

TEAM = "private/team"


@dataclass(frozen=True, slots=True)
class Row:
    """One modelled request."""

    id: str
    target: str
    status: int
    source: str = "none"
    scene: str = "team"
    method: str = "GET"
    accept: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    location: str | None = None
    body: bytes = b""
    contains: str = ""
    """Text that a person expects in the body."""

    nginx_source: str | None = None
    """X-Index-Source where nginx cannot know the right one; the status is the same."""

    @property
    def label(self) -> str:
        """The id of the test, scene first."""
        return f"{self.scene}-{self.id.replace(' ', '-')}"


def in_scene(scene: str, *rows: Row) -> Iterator[Row]:
    return (replace(row, scene=scene) for row in rows)


def forms(scene: str, name: str, target: str, source: str, status: int = 200) -> Iterator[Row]:
    """One page in every form that a client asks for (shape 19)."""
    accepts = {
        "no accept": None,
        "any": "*/*",
        "html": "text/html",
        "browser": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "json": JSON,
        "v1html": V1_HTML,
        "pip": PIP,
        "uv": UV,
        "poetry": POETRY,
        "latest": "application/vnd.pypi.simple.latest+json",
        "json q0": f"{JSON};q=0, text/html",
        "json q0.0 blanks": f"{JSON} ; q=0.0 , text/html",
        "json graded down": f"{JSON};q=0.05, text/html",
        "plain json": "application/json",
        "upper case": JSON.upper(),
        "look-alike": f"{JSON}x",
        "garbage": ";;,q=1,,",
    }
    for label, accept in accepts.items():
        yield Row(f"{name} {label}", target, status, source, scene=scene, accept=accept)


def leaks(name: str, mount: str = "/simple/") -> Iterator[Row]:
    """What must not leave about one owned name, whatever it is in (shapes 1 to 14)."""
    upper = name.upper()
    here = f"{mount}{name}/"
    for number, spelling in enumerate((upper, upper.replace("-", "_"), name.replace("-", "-._-"))):
        yield Row(f"{name} spelling {number}", f"{mount}{spelling}/", 301, location=here)
        yield Row(f"{name} spelling {number} no slash", f"{mount}{spelling}", 301, location=here)
    yield Row(f"{name} no slash", f"{mount}{name}", 301, location=here)
    yield Row(f"{name} no slash query", f"{mount}{name}?x=/", 301, location=here)
    encoded = f"%{ord(name[0]):02x}{name[1:]}"
    yield Row(f"{name} encoded letter", f"{mount}{encoded}/", 404)
    yield Row(f"{name} encoded twice", f"{mount}%25{encoded[1:]}/", 404)
    yield Row(f"{name} encoded dash", f"{mount}{name.replace('-', '%2D')}/", 404)
    yield Row(f"{name} encoded underscore", f"{mount}{name.replace('-', '%5F')}/", 404)
    yield Row(f"{name} encoded slash", f"{mount}{name}%2F", 404)
    yield Row(f"{name} double slash before", f"/{mount}{name}/", 404)
    yield Row(f"{name} double slash within", f"{mount}/{name}/", 404)
    yield Row(f"{name} double slash after", f"{mount}{name}//", 404)
    yield Row(f"{name} dot", f"{mount}./{name}/", 404)
    yield Row(f"{name} dot dot", f"{mount}proxied/../{name}/", 404)
    yield Row(f"{name} encoded dot dot", f"{mount}proxied/%2e%2e/{name}/", 404)
    if mount != "/":
        yield Row(f"{name} upper mount", f"{mount.upper()}{name}/", 404)
        yield Row(f"{name} search", f"/search?q={name}", 404)
        yield Row(f"{name} backslash", f"{mount[:-1]}\\{name}/", 404)
    yield Row(f"{name} semicolon", f"{mount}{name}/;v=1", 404)
    yield Row(f"{name} semicolon in name", f"{mount}{name};v=1/", 404)
    yield Row(f"{name} trailing dot", f"{mount}{name}./", 404)
    yield Row(f"{name} trailing blank", f"{mount}{name}%20/", 404)
    yield Row(f"{name} leading dash", f"{mount}-{name}/", 404)
    yield Row(f"{name} index html", f"{mount}{name}/index.html", 404)
    yield Row(f"{name} deeper", f"{mount}{name}/1.0/json", 404)
    yield Row(f"{name} legacy json", f"/pypi/{name}/json", 404)
    yield Row(f"{name} legacy json version", f"/pypi/{name}/1.0/json", 404)
    yield Row(f"{name} project page", f"/project/{name}/", 404)
    yield Row(f"{name} integrity", f"/integrity/{name}/1.0/x/provenance", 404)
    yield Row(f"{name} rss", f"/rss/project/{name}/releases.xml", 404)
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "TRACE", "BREW"):
        yield Row(f"{name} {method}", here, 405, method=method)
    override = (("X-HTTP-Method-Override", "PUT"),)
    yield Row(f"{name} override upload", here, 405, method="POST", headers=override, body=b"x=1")


def decisions(name: str, status: int, source: str) -> Iterator[Row]:
    """The page of an owned name by every way that must decide the same (shapes 4, 13, 14, 21)."""
    here = f"/simple/{name}/"
    yield Row(f"{name} page", here, status, source)
    yield Row(f"{name} page json", here, status, source, accept=JSON)
    yield Row(f"{name} page head", here, status, source, method="HEAD", accept=PIP)
    yield Row(
        f"{name} page query", f"{here}?format=json&url=https://index.example.org/", status, source
    )
    revalidating = (
        ("Cache-Control", "no-cache"),
        ("Pragma", "no-cache"),
        ("Authorization", "Basic eDp5"),
    )
    yield Row(f"{name} page no-cache", here, status, source, headers=revalidating)
    for suffix in ("", ".metadata", ".asc", ".sha256", ".provenance"):
        file = f"{name.replace('-', '_')}-7.0-py3-none-any.whl{suffix}"
        beside = source if source in (TEAM, "private/house", "private/ready") else "none"
        yield Row(f"{name} beside {suffix or 'file'}", f"{here}{file}", 404, beside)
        for prefix in ("files/public", "files/copy", "packages"):
            target = f"/{prefix}/packages/aa/bb/cc/{file}"
            yield Row(f"{name} {prefix} {suffix or 'file'}", target, 404)
