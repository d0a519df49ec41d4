"""A site of the differential test, built on the disk and running on both servers, with its upstreams."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from rewritegen.pages.owned import SENTINEL
from rewritegen.plan import Plan, compile_plan
from rewritegen.site import load_site
from tests.differential.canaries import EvilIndex, Watch, evil_files
from tests.differential.connection import Connection
from tests.differential.spec import Fallback, Private, SiteSpec
from tests.support import trees
from tests.support.credentials import HASHES, USER
from tests.support.processes import free_port
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, StandIns, index_site, start_site, write_site
from tests.support.upstream import Index

__all__ = ["SERVERS", "World", "build", "lay_out", "running"]

SERVERS = ("nginx", "apache")

AWAY = "https://index.example.org/simple/"


@dataclass(slots=True)
class World:
    """One site without its ports, what it is made of, and what runs."""

    spec: SiteSpec
    root: Path
    watch: Watch
    settings: dict[str, Any] = field(default_factory=dict)
    upstreams: list[Index] = field(default_factory=list)
    ours: dict[str, frozenset[str]] = field(default_factory=dict)
    """Origin of a private upstream -> the tokens that it may read."""
    places: list[str] = field(default_factory=list)
    """Targets of files that are there, private, public and evil."""
    live: dict[str, LiveSite] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)
    asked: dict[str, set[str]] = field(default_factory=dict)
    """Server -> URLs that it has asked upstreams for."""

    @property
    def stand_ins(self) -> StandIns:
        """The world of the model."""
        return StandIns(*self.upstreams)

    def site_file(self, label: str, port: int) -> Path:
        """Write the YAML for one server."""
        return write_site(self.root / f"{label}.yaml", self.settings, port)

    def plan(self) -> Plan:
        """The plan, for a port that nobody listens on."""
        return compile_plan(load_site(self.site_file("plan", 8080)))

    def forget(self) -> None:
        """Empty the records of the upstreams."""
        for index in self.upstreams:
            index.forget()
            index.files.forget()


def build(spec: SiteSpec, root: Path) -> World:
    """Make trees, upstreams and the state; nothing listens yet."""
    world = lay_out(spec, root)
    _settle(world)
    return world


def lay_out(spec: SiteSpec, root: Path) -> World:
    """Make trees and upstreams, which is all that a text depends on."""
    world = World(spec, root, Watch(spec))
    private = [_private(world, source, number) for number, source in enumerate(spec.private)]
    world.settings = {
        "index": spec.mount,
        **({"state": str(root / "state")} if spec.state else {}),
        "private": private,
        **({"public": sorted(spec.public)} if spec.public else {}),
        "fallbacks": [_fallback(world, fallback) for fallback in spec.fallbacks],
        **({"cache": {"path": str(root / "cache")}} if spec.cache else {}),
        **({"offline": True} if spec.offline else {}),
        **({"legacy_json": True} if spec.legacy else {}),
        **({"auth": {"basic": str(_passwords(root))}} if spec.auth else {}),
    }
    return world


def _passwords(root: Path) -> Path:
    """The file of names and passwords, with a hash that takes no time."""
    path = root / "htpasswd"
    path.write_text(f"{USER}:{HASHES['sha']}\n")
    path.chmod(0o644)
    return path


def _private(world: World, source: Private, number: int) -> dict[str, Any]:
    rest = {"name": source.name, **({"claims": list(source.claims)} if source.claims else {})}
    content = wheels(*(f"{name}-1.0" for name in (*source.projects, *source.gone, *source.links)))
    if source.form == "proxy":
        index = Index(content, links="devpi", mount="/team/pypi/+simple/")
        world.upstreams.append(index)
        tokens = (
            t for t in world.spec.tokens if any(t.startswith(_word(c)) for c in source.claims)
        )
        world.ours[index.origin] = world.ours[index.files.origin] = frozenset(tokens)
        world.places += _proxied(world.spec, source.name, index)
        return {**rest, "proxy": index.url, "kind": "devpi", "retry": "1s"}
    path = world.root / source.name
    if source.form == "flat":
        trees.flat(path, content)
    elif source.form == "static":
        forms = (("html",), ("html", "v1_json"), ("html", "v1_html", "v1_json"))[number]
        trees.static(path, content, forms)
    else:
        trees.projects(path, content)
    for file in sorted(path.rglob("*.whl")):
        world.places.append(f"/files/{source.name}/{file.relative_to(path).as_posix()}")
        if source.form in ("static", "automatic"):
            name = canonicalize_name(file.parent.name)
            world.places.append(f"{world.spec.mount}{name}/{file.name}")
    layout = "projects" if source.form == "automatic" else source.form
    listing = {"listing": "automatic"} if source.form == "automatic" else {}
    return {**rest, "path": str(path), "layout": layout, **listing}


def _word(claim: str) -> str:
    return claim.rstrip("*").partition("-")[0][:5]


def _fallback(world: World, source: Fallback) -> dict[str, Any]:
    if source.form == "redirect":
        return {"name": source.name, "redirect": AWAY}
    content = dict(wheels(*(f"{name}-1.0" for name in source.projects)))
    if source.form == "proxy":
        return _proxy(world, source, content)
    evil = {name: evil_files(name) for name in world.spec.owned}
    path = world.root / source.name
    if source.form == "static":
        trees.static(path, {**content, **evil}, ("html", "v1_json"))
    elif source.form == "pep381client":
        trees.pep381client(path, {**content, **evil})
    elif source.form == "pypimirror":
        trees.pypimirror(path, {**content, **evil}, _BASE_URL)
    elif source.form == "flat":
        trees.flat(path, {**content, **evil})
    else:
        trees.bandersnatch(path, {**content, **evil}, hash_index=source.form.endswith("index"))
    # files of names that are private only by a directory that is there now are for who knows their path (limits.md)
    unknown = {name for name in evil if not world.spec.owns_files_of(name)}
    hidden = {file for name in unknown for file in evil[name]}
    whole = source.form in ("static", "pypimirror", "flat")
    top = path if whole else path / "packages"
    for file in sorted(path.rglob("*.whl")):
        if file.name in hidden:
            continue
        world.places.append(f"/files/{source.name}/{file.relative_to(top).as_posix()}")
        if source.form == "static":
            world.places.append(f"{world.spec.mount}{file.parent.name}/{file.name}")
        elif not whole:
            above = world.spec.mount.rstrip("/").rpartition("/")[0]
            world.places.append(f"{above}/packages/{file.relative_to(top).as_posix()}")
    base = {"base_url": _BASE_URL} if source.form == "pypimirror" else {}
    return {"name": source.name, "mirror": str(path), "layout": source.form, **base}


#: Where absolute links in a tree begin.
_BASE_URL = "http://mirror.example.org/pypi/"


def _proxy(world: World, source: Fallback, content: trees.Projects) -> dict[str, Any]:
    mount = "/team/pypi/+simple/" if source.links == "devpi" else "/simple/"
    index = EvilIndex(content, links=source.links, mount=mount)
    index.prepare(world.spec)
    if source.mode == "503":
        index.set_mode("503")
        index.files.set_mode("503")
    world.upstreams.append(index)
    world.places += _proxied(world.spec, source.name, index)
    for name in world.spec.owned:
        if world.spec.owns_files_of(name):
            (file,) = evil_files(name)
            world.places.append(f"/files/{source.name}/packages/aa/bb/{file}")
            world.places.append(f"{world.spec.mount}{source.projects[0]}/{file}")
    files = {"files": [f"{index.files.origin}/"]} if source.links == "absolute" else {}
    kind = _KINDS[source.links]
    return {"name": source.name, "proxy": index.url, "kind": kind, "retry": "1s", **files}


#: How an index is declared that links like this.
_KINDS = {"absolute": "pypi", "packages": "simple", "devpi": "devpi", "beside": "eggproxy"}


def _proxied(spec: SiteSpec, name: str, index: Index) -> Iterator[str]:
    if index.links == "beside":
        projects = index.projects.items()
        yield from (
            f"{spec.mount}{project}/{file}" for project, files in projects for file in files
        )
        return
    for path in index.files.content:
        tail = f"+f{path.removeprefix('/packages')}" if index.links == "devpi" else path[1:]
        yield f"/files/{name}/{tail}"


def _settle(world: World) -> None:
    """Write the state as time would have left it, and take away what is lost."""
    spec = world.spec
    file = world.site_file("first", 8080)
    if spec.state:
        index_site(file)
        gone = [
            (world.root / source.name, name)
            for source in spec.private
            for name in (*source.gone, *source.links)
        ]
        for root, name in gone:
            shutil.rmtree(root / name)
        if gone:
            index_site(file)
    for source in spec.private:
        root = world.root / source.name
        for name in source.links:
            (root / name).symlink_to(world.root / "not-mounted")
        for name in source.fresh:
            (root / name).mkdir()
        if source.form != "proxy" and not spec.state:
            (root / ".rewritegen-root").touch()
        if source.lost:
            (root / ".rewritegen-root").unlink(missing_ok=True)
    if spec.lost:
        (world.root / "state" / "names" / SENTINEL).unlink()


@contextlib.contextmanager
def running(
    world: World,
    servers: tuple[str, ...] = SERVERS,
    change: Callable[[Path], None] | None = None,
) -> Iterator[World]:
    """Listen with the upstreams and start the servers; everything ends at the end.

    :param change: changes each generated tree before its server starts.
    """
    with contextlib.ExitStack() as stack:
        refused = {f.name for f in world.spec.fallbacks if f.mode == "refuse"}
        closed = [
            source["proxy"]
            for source in world.settings["fallbacks"]
            if source["name"] in refused and "proxy" in source
        ]
        for index in world.upstreams:
            if index.url not in closed:
                for recorder in (index, index.files):
                    recorder.open()
                    stack.callback(recorder.refuse)
        for kind in servers:
            start(world, kind, stack, change)
        yield world


def start(
    world: World,
    kind: str,
    stack: contextlib.ExitStack,
    change: Callable[[Path], None] | None = None,
) -> None:
    """Start one server.

    :param change: changes the generated tree before.
    """
    port = free_port()
    live = start_site(kind, world.site_file(kind, port), world.root / kind, change)
    stack.callback(live.server.stop)
    world.live[kind] = live
    world.connections[kind] = stack.enter_context(Connection(port))
    world.asked[kind] = set()
