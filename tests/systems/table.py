"""The kinds of HTTP indexes, each with a server: the software itself, or a stand-in where that does not run here."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from tests.support.dists import metadata_text, zip_bytes
from tests.support.recorder import Recorder
from tests.support.scenes import wheels
from tests.support.upstream import Index, upstream
from tests.systems import live_indexes, standins
from tests.systems.live_indexes import Projects
from tests.systems.standins import StandIn
from tests.systems.tap import Tap

__all__ = ["EGG", "NAMES", "PROJECTS", "SYSTEMS", "Running", "System"]

#: A plain name, one with a dot and capitals, and one with an underscore, as they are registered.
NAMES = ("plain-tool", "Dotted.Tool", "Under_Tool")
PROJECTS: Projects = wheels(*(f"{name}-1.0" for name in NAMES))
#: easy_install finds this one in an egg only: it takes the name of the wheel for that of another project.
EGG = f"Dotted.Tool-1.0-py{sys.version_info[0]}.{sys.version_info[1]}.egg"
_EGG_INFO = {
    "EGG-INFO/PKG-INFO": metadata_text("Dotted.Tool", "1.0", metadata_version="1.1"),
    "EGG-INFO/zip-safe": b"\n",
}
WITH_EGG: Projects = {
    **PROJECTS,
    "Dotted.Tool": {**PROJECTS["Dotted.Tool"], EGG: zip_bytes(_EGG_INFO)},
}

Start = Callable[[Projects, Path, Path], contextlib.AbstractContextManager[str]]


@dataclass(frozen=True, slots=True)
class Running:
    """A system that answers, and what records what it is asked."""

    url: str
    recorder: Recorder
    files: frozenset[str] | None = None
    """The targets of its files, where they are known."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Of its source in the site file, which only it can tell."""


@dataclass(frozen=True, slots=True)
class System:
    """One line of the table."""

    id: str
    kind: str
    run: Callable[[Path, Path], contextlib.AbstractContextManager[Running]]
    private: bool = False
    """It is a private source, asked for its claims; else a fallback."""
    known: Callable[[str], str] = canonicalize_name
    """A registered name to the one by which its page is asked for."""

    @property
    def settings(self) -> dict[str, Any]:
        """Its source in the site file, without the URL."""
        spelled = [self.known(n) for n in NAMES if self.known(n) != canonicalize_name(n)]
        claims = {"claims": [*NAMES, "ghost-tool"]} if self.private else {}
        return {"name": "system", "kind": self.kind, "retry": "1s", "spelled": spelled, **claims}


def _real(
    start: Start, projects: Projects = PROJECTS
) -> Callable[[Path, Path], contextlib.AbstractContextManager[Running]]:
    @contextlib.contextmanager
    def run(cache: Path, place: Path) -> Iterator[Running]:
        with start(projects, cache, place) as url:
            tap = Tap(url)
            tap.open()
            try:
                yield Running(tap.url, tap)
            finally:
                tap.refuse()

    return run


def _stand_in(
    made: type[StandIn], projects: Projects = PROJECTS, *, empty: bool = False
) -> Callable[[Path, Path], contextlib.AbstractContextManager[Running]]:
    @contextlib.contextmanager
    def run(cache: Path, place: Path) -> Iterator[Running]:
        del cache, place
        one = made(projects)
        files = frozenset(
            one.place(one.known(name), file, content)
            for name, found in projects.items()
            for file, content in found.items()
        )
        settings = {"empty": f"{len(one.page('', {}))}+2n"} if empty else {}
        one.open()
        try:
            yield Running(one.url, one, files, settings)
        finally:
            one.refuse()

    return run


@contextlib.contextmanager
def _public(cache: Path, place: Path) -> Iterator[Running]:
    del cache, place
    with upstream(Index(PROJECTS)) as index:
        yield Running(index.url, index, settings={"files": [f"{index.files.origin}/"]})


@contextlib.contextmanager
def _plain(cache: Path, place: Path) -> Iterator[Running]:
    del cache, place
    with upstream(Index(PROJECTS, links="packages")) as index:
        yield Running(index.url, index)


def _ours(projects: Projects, cache: Path, place: Path) -> contextlib.AbstractContextManager[str]:
    del cache
    return live_indexes.ours(projects, place)


def _listed(projects: Projects, cache: Path, place: Path) -> contextlib.AbstractContextManager[str]:
    del cache
    canonical = {str(canonicalize_name(name)): files for name, files in projects.items()}
    return live_indexes.ours(canonical, place, listing="automatic")


def _same(name: str) -> str:
    return name


SYSTEMS = (
    System("pypi", "pypi", _public),
    System("simple", "simple", _plain),
    System("bandersnatch", "bandersnatch", _real(live_indexes.bandersnatch)),
    System("artifactory, stand-in", "artifactory", _stand_in(standins.Artifactory)),
    System("proxpi", "proxpi", _real(live_indexes.proxpi)),
    System("eggproxy", "eggproxy", _real(live_indexes.eggproxy)),
    System("pypiserver", "pypiserver", _real(live_indexes.pypiserver)),
    System("devpi", "devpi", _real(live_indexes.devpi)),
    System("simpleindex", "simpleindex", _real(live_indexes.simpleindex)),
    System("nexus, stand-in", "nexus", _stand_in(standins.Nexus, empty=True)),
    System("gitlab, stand-in", "gitlab", _stand_in(standins.GitLab)),
    System("rewritegen", "rewritegen", _real(_ours)),
    System("rewritegen, automatic listing", "rewritegen", _real(_listed)),
    System(
        "haufe, stand-in", "haufe", _stand_in(standins.Haufe, WITH_EGG), private=True, known=_same
    ),
    System(
        "psc, stand-in",
        "psc",
        _stand_in(standins.Psc, WITH_EGG, empty=True),
        private=True,
        known=_same,
    ),
    System("clue", "clue", _real(live_indexes.clue, WITH_EGG), private=True, known=str.lower),
    System(
        "eggbasket, stand-in",
        "eggbasket",
        _stand_in(standins.EggBasket, WITH_EGG),
        private=True,
        known=_same,
    ),
)
