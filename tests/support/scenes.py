"""The sites that the table of answers is asked at: each a small world with decoys in every public source.

A private name that is also in a mirror or on the upstream, with other bytes, is what makes a wrong order visible.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import trees
from tests.support.certificates import Authority
from tests.support.dists import wheel_bytes
from tests.support.sites import index_site, write_site
from tests.support.trees import Projects
from tests.support.upstream import Index

__all__ = ["LISTED", "LONG", "LONG_VERSION", "ODD", "SCENES", "STRANGE", "Scene", "build", "wheels"]


#: What a listing must not cut, and what it must escape; the last three are names that no request may have.
LONG = f"listed_names-1.0+{'x' * 88}-py3-none-any.whl"
ODD = ("odd_names-1!2.0+a~b.tar.gz", "odd_names-1.0.post1+c.zip")
STRANGE = ("odd names-1.0.zip", "odd'names\"&<b>-1.0.zip", "odd%41names-1.0.zip")

#: Directories of a listing, and their files: with names like these, and without a file that clients can take.
LISTED: Projects = {
    "listed-names": {name: name.encode() for name in (LONG, *ODD, *STRANGE)},
    "hidden-tool": {".hidden_tool-1.0-py3-none-any.whl": b"", ".rewritegen-root": b""},
    "nested-tool": {"old/nested_tool-1.0-py3-none-any.whl": b""},
    "noted-tool": {"README.txt": b"no archive"},
}


@dataclass(slots=True)
class Scene:
    """One site without its port, and the world around it."""

    name: str
    root: Path
    authority: Authority
    settings: dict[str, Any] = field(default_factory=dict)
    upstreams: tuple[Index, ...] = ()
    places: dict[str, str] = field(default_factory=dict)
    """What stands in braces in the targets of the table: paths that hold a hash."""
    index: Callable[..., Index] = Index
    """Makes an upstream."""
    own: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the place where the site runs, before those of the scene."""
    secure_name: str = "localhost"
    """The host name of an upstream that speaks TLS."""

    def forget(self) -> None:
        """Empty the records of the upstreams."""
        for index in self.upstreams:
            index.forget()
            index.files.forget()

    def site_file(self, label: str, port: int) -> Path:
        """Write the site file for one server."""
        directory = self.root / label
        directory.mkdir(exist_ok=True)
        return write_site(directory / "site.yaml", {**self.own, **self.settings}, port)


def wheels(*specs: str) -> Projects:
    """``"Name-1.0"`` and the like, to project -> file name -> wheel."""
    content: dict[str, dict[str, bytes]] = {}
    for spec in specs:
        name, _, version = spec.rpartition("-")
        stem = name.replace("-", "_").replace(".", "_")
        # py2 as well: the oldest installer runs on Python 2.7
        file = f"{stem}-{version}-py2.py3-none-any.whl"
        content.setdefault(name, {})[file] = wheel_bytes(name, version)
    return content


def _decoys(*specs: str) -> Projects:
    """The same names with other bytes: what an attacker would have put on the public index."""
    content = wheels(*specs)
    return {
        name: {f: data + b"PUBLIC" for f, data in files.items()} for name, files in content.items()
    }


def _public(scene: Scene, *specs: str, decoys: tuple[str, ...] = (), **options: Any) -> Index:
    return scene.index({**wheels(*specs), **_decoys(*decoys)}, **options)


def _proxy(index: Index, name: str = "public") -> dict[str, Any]:
    source = {"name": name, "proxy": index.url, "retry": "1s"}
    if index.links == "absolute":
        return {**source, "kind": "pypi", "files": [f"{index.files.origin}/"]}
    return {**source, "kind": "simple"}


def _finish(scene: Scene) -> None:
    """Write the state where there is one, or the markers that a site without it needs."""
    if "state" in scene.settings:
        index_site(scene.site_file("first", 1))
        return
    for source in scene.settings["private"]:
        if "path" in source:
            (Path(source["path"]) / ".rewritegen-root").touch()


def team(scene: Scene) -> None:
    """Pages of three private layouts, claims, scanned names; a mirror; the upstream."""
    private = scene.root / "team"
    trees.projects(
        private,
        {
            "acme-foo": wheels("acme-foo-1.0", "acme-foo-1.1", "acme-foo-1.2+local.1")["acme-foo"],
            "My.Private_Pkg": wheels("My.Private_Pkg-1.0")["My.Private_Pkg"],
            "gone-tool": wheels("gone-tool-1.0")["gone-tool"],
            "linked-tool": wheels("linked-tool-1.0")["linked-tool"],
            "plain-tool": wheels("plain-tool-1.0")["plain-tool"],
            "num-2-3-4b": wheels("num-2-3-4b-1.0")["num-2-3-4b"],
        },
    )
    house = trees.flat(scene.root / "house", wheels("house-tool-1.0", "House_Other-2.0"))
    ready = scene.root / "ready"
    trees.static(ready, wheels("static-one-1.0"), ("html",))
    trees.static(ready, wheels("static-all-1.0"), ("html", "v1_html", "v1_json"))
    trees.static(ready, wheels("Static.Raw-1.0"), ("html",))
    (ready / "static-empty").mkdir()
    public = (
        "acme-foo-9.0",
        "acme-ghost-9.0",
        "secret-tool-9.0",
        "gone-tool-9.0",
        "house-tool-9.0",
    )
    more = ("linked-tool-9.0", "my-private-pkg-9.0", "static-empty-9.0", "plain-tool-9.0")
    mirror = trees.bandersnatch(
        scene.root / "mirror", {**wheels("mirrored-1.0"), **_decoys(*public, *more)}
    )
    index = _public(scene, "proxied-1.0", "acme-oss-1.0", decoys=("mirrored-9.0", *public, *more))
    scene.upstreams = (index,)
    scene.settings = {
        "state": str(scene.root / "state"),
        "private": [
            {"name": "team", "path": str(private), "claims": ["acme-*", "secret-tool"]},
            {"name": "house", "path": str(house), "layout": "flat"},
            {"name": "ready", "path": str(ready), "layout": "static"},
        ],
        "public": ["acme-oss"],
        "fallbacks": [
            {"name": "copy", "mirror": str(mirror), "layout": "bandersnatch"},
            _proxy(index),
        ],
    }
    _finish(scene)
    shutil.rmtree(private / "gone-tool")
    shutil.rmtree(private / "linked-tool")
    _finish(scene)  # now their pages are gone too, and only the scanned names know them
    (private / "linked-tool").symlink_to(scene.root / "not-mounted")
    (private / "new-tool").mkdir()
    scene.places |= {
        "mirrored": _mirror_file(mirror, "mirrored-1.0*"),
        "mirrored_decoy": _mirror_file(mirror, "acme_foo-9.0*"),
        "proxied": _upstream_file(index, "proxied-1.0"),
        "proxied_decoy": _upstream_file(index, "acme_foo-9.0"),
        "plain": _upstream_file(index, "plain_tool-9.0"),
        "plain_copy": _mirror_file(mirror, "plain_tool-9.0*"),
    }


def mirrors(scene: Scene) -> None:
    """A private directory that the server lists itself, and four mirrors with overlapping names, in order."""
    auto = trees.projects(scene.root / "auto", wheels("auto-one-1.0", "Auto.Raw-1.0"))
    one = trees.bandersnatch(
        scene.root / "one",
        {**wheels("first-1.0"), **_decoys("both-1.0", "auto-one-9.0", "auto-raw-9.0")},
    )
    two = trees.bandersnatch(
        scene.root / "two", wheels("second-1.0", "both-2.0", "q-1.0"), hash_index=True
    )
    three = trees.pep381client(scene.root / "three", wheels("Third.Pkg-1.0", "Both-3.0"))
    four = trees.static(scene.root / "four", wheels("fourth-1.0", "both-4.0"), ("html", "v1_json"))
    scene.settings = {
        "state": str(scene.root / "state"),
        "private": [
            {"name": "auto", "path": str(auto), "listing": "automatic", "claims": ["auto-*"]}
        ],
        "fallbacks": [
            {"name": "one", "mirror": str(one), "layout": "bandersnatch"},
            {"name": "two", "mirror": str(two), "layout": "bandersnatch-hash-index"},
            {"name": "three", "mirror": str(three), "layout": "pep381client"},
            {"name": "four", "mirror": str(four), "layout": "static"},
        ],
    }
    _finish(scene)
    scene.places |= {
        "first": _mirror_file(one, "first-1.0*"),
        "second": _mirror_file(two, "second-1.0*"),
        "third": _mirror_file(three, "Third_Pkg-1.0*"),
        "auto_decoy": _mirror_file(one, "auto_one-9.0*"),
    }


def listing(scene: Scene) -> None:
    """No state at all: the server lists the only private directory; everybody else is sent away."""
    private = trees.projects(
        scene.root / "private", wheels("listed-tool-1.0", "listed-tool-1.1+local.1")
    )
    trees.projects(private, LISTED)
    (private / "empty-tool").mkdir()
    scene.settings = {
        "private": [
            {"name": "own", "path": str(private), "listing": "automatic", "claims": ["acme-*"]}
        ],
        "fallbacks": [{"name": "away", "redirect": "https://index.example.org/simple/"}],
    }
    _finish(scene)


#: A version whose wheel has a name that listings show cut.
LONG_VERSION = f"1.2+local.{'a' * 88}"


def listed(scene: Scene) -> None:
    """No state, and a public index that has everything of ours in a higher version."""
    ours = ("acme-foo-1.0", f"acme-foo-{LONG_VERSION}")
    private = trees.projects(scene.root / "private", wheels(*ours, "Like_This-1.0"))
    (private / "acme-empty").mkdir()
    decoys = ("acme-foo-9.0", "acme-empty-9.0")
    index = _public(scene, "proxied-1.0", "like-this-3.0", decoys=decoys)
    scene.upstreams = (index,)
    scene.settings = {
        "private": [
            {"name": "own", "path": str(private), "listing": "automatic", "claims": ["acme-*"]}
        ],
        "fallbacks": [_proxy(index)],
    }
    _finish(scene)


def legacy(scene: Scene) -> None:
    """The legacy JSON of everything that may have one, behind an index at ``/pypi/simple/``; decoys everywhere."""
    ours = ("acme-foo-1.0", "acme-foo-1.1", "My.Private_Pkg-1.0")
    team = trees.projects(scene.root / "team", wheels(*ours))
    (team / "acme-empty").mkdir()
    house = trees.flat(scene.root / "house", wheels("house-tool-1.0"))
    auto = trees.projects(scene.root / "auto", wheels("auto-one-1.0"))
    decoys = ("acme-foo-9.0", "acme-ghost-9.0", "my-private-pkg-9.0", "gone-tool-9.0")
    more = ("house-tool-9.0", "auto-one-9.0", "eggs-tool-9.0", "acme-empty-9.0")
    mirror = trees.bandersnatch(
        scene.root / "mirror", {**wheels("mirrored-1.0"), **_decoys(*decoys, *more)}
    )
    hashed = trees.bandersnatch(
        scene.root / "hashed", wheels("hashed-1.0", "mirrored-2.0"), hash_index=True
    )
    plain = trees.static(scene.root / "plain", wheels("plain-1.0"))
    index = _public(scene, "proxied-1.0", decoys=(*decoys, *more))
    scene.upstreams = (index,)
    scene.settings = {
        "index": "/pypi/simple/",
        "legacy_json": True,
        "state": str(scene.root / "state"),
        "private": [
            {"name": "team", "path": str(team), "claims": ["acme-*", "gone-tool"]},
            {"name": "house", "path": str(house), "layout": "flat"},
            {"name": "auto", "path": str(auto), "listing": "automatic"},
            {"name": "eggs", "proxy": index.url, "claims": ["eggs-*"]},
        ],
        "fallbacks": [
            {"name": "copy", "mirror": str(mirror)},
            {"name": "hashed", "mirror": str(hashed), "layout": "bandersnatch-hash-index"},
            {"name": "plain", "mirror": str(plain), "layout": "static"},
            {"name": "away", "redirect": "https://index.example.org/simple/"},
        ],
    }
    _finish(scene)


def relay(scene: Scene) -> None:
    """An egg server of our own, asked for its claims only, before a public index with relative links."""
    private = trees.projects(scene.root / "private", wheels("local-tool-1.0"))
    ours = scene.index(wheels("relay-tool-1.0"), links="devpi", mount="/team/pypi/+simple/")
    index = _public(
        scene, "proxied-1.0", decoys=("relay-tool-9.0", "relay-ghost-9.0"), links="packages"
    )
    scene.upstreams = (ours, index)
    scene.settings = {
        "state": str(scene.root / "state"),
        "private": [
            {"name": "local", "path": str(private)},
            {
                "name": "eggs",
                "proxy": ours.url,
                "kind": "devpi",
                "claims": ["relay-*"],
                "retry": "1s",
            },
        ],
        "fallbacks": [_proxy(index)],
    }
    _finish(scene)
    scene.places |= {
        "relayed": _upstream_file(ours, "relay_tool-1.0"),
        "proxied": _upstream_file(index, "proxied-1.0"),
    }


def _mounted(scene: Scene, mount: str, names: tuple[str, ...]) -> None:
    private = trees.projects(scene.root / "private", wheels("acme-foo-1.0", *names))
    mirror = trees.bandersnatch(
        scene.root / "mirror", {**wheels("mirrored-1.0"), **_decoys("acme-foo-9.0")}
    )
    index = _public(scene, "proxied-1.0", decoys=("acme-foo-9.0",))
    scene.upstreams = (index,)
    scene.settings = {
        "index": mount,
        "state": str(scene.root / "state"),
        "private": [{"name": "team", "path": str(private), "claims": ["acme-*"]}],
        "fallbacks": [{"name": "copy", "mirror": str(mirror)}, _proxy(index)],
    }
    _finish(scene)
    scene.places |= {
        "mirrored": _mirror_file(mirror, "mirrored-1.0*"),
        "proxied": _upstream_file(index, "proxied-1.0"),
    }


def deep(scene: Scene) -> None:
    """Mounted at ``/pypi/simple/``."""
    _mounted(scene, "/pypi/simple/", ())


def top(scene: Scene) -> None:
    """Mounted at ``/``, with projects that are called like our own paths."""
    _mounted(scene, "/", ("files-1.0", "packages-1.0", "simple-1.0"))


def tls(scene: Scene) -> None:
    """TLS on both sides: ours, and a verified upstream that is asked by name."""
    private = trees.projects(scene.root / "private", wheels("acme-foo-1.0"))
    ours = scene.authority.issue("packages.example.org", "127.0.0.1")
    theirs = scene.authority.issue(scene.secure_name)
    index = _public(scene, "proxied-1.0", tls=theirs, host_name=scene.secure_name)
    scene.upstreams = (index,)
    scene.settings = {
        "tls": {"certificate": str(ours.chain), "key": str(ours.key)},
        "ca": str(scene.authority.pem),
        "state": str(scene.root / "state"),
        "private": [{"name": "team", "path": str(private), "claims": ["acme-*"]}],
        "fallbacks": [_proxy(index)],
    }
    _finish(scene)
    scene.places |= {"proxied": _upstream_file(index, "proxied-1.0")}


def impostor(scene: Scene) -> None:
    """The upstream shows a certificate of another name."""
    private = trees.projects(scene.root / "private", wheels("acme-foo-1.0"))
    theirs = scene.authority.issue("other.example.org")
    index = _public(scene, "proxied-1.0", tls=theirs, host_name=scene.secure_name)
    scene.upstreams = (index,)
    scene.settings = {
        "ca": str(scene.authority.pem),
        "state": str(scene.root / "state"),
        "private": [{"name": "team", "path": str(private)}],
        "fallbacks": [_proxy(index)],
    }
    _finish(scene)
    scene.places |= {"proxied": _upstream_file(index, "proxied-1.0")}


SCENES: Mapping[str, Callable[[Scene], None]] = {
    function.__name__: function
    for function in (team, mirrors, listing, listed, legacy, relay, deep, top, tls, impostor)
}


def build(name: str, root: Path, authority: Authority, **place: Any) -> Scene:
    """Make the world of one scene below an empty directory; its upstreams are not open yet.

    :param place: fields of :class:`Scene` that say where it will run.
    """
    scene = Scene(name, root, authority, **place)
    SCENES[name](scene)
    return scene


def _mirror_file(web: Path, *patterns: str) -> str:
    """The path of a file below ``packages/``."""
    (found,) = (path for pattern in patterns for path in (web / "packages").rglob(pattern))
    return found.relative_to(web / "packages").as_posix()


def _upstream_file(index: Index, start: str) -> str:
    """What follows ``/files/SOURCE/`` in the URL of an upstream's file."""
    (path,) = (p for p in index.files.content if p.rpartition("/")[2].startswith(start))
    if index.links == "devpi":
        return f"+f{path.removeprefix('/packages')}"
    return path[1:]
