"""A site whose whole chain can fail: private directory, private index, mirror, two proxies, with and without copies."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tests.support import trees
from tests.support.processes import HOST, free_port, wait_until
from tests.support.recorder import Recorder
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, index_site, start_site, write_site
from tests.support.upstream import FileHost, Index, upstream

__all__ = ["LIMITS", "PAGES_SECONDS", "Chain", "Got", "SourceName", "chain", "get"]

SourceName = Literal["first", "second", "eggs"]

PAGES_SECONDS = 2
LIMITS = {"connect": "1s", "read": "1s", "retry": "1s"}


class Got(NamedTuple):
    """One answer, as far as it came."""

    status: int
    """0: none."""
    headers: Mapping[str, str]
    body: bytes
    whole: bool
    """It ended where it said that it would."""
    seconds: float

    @property
    def source(self) -> str:
        """X-Index-Source."""
        return self.headers.get("x-index-source", "")

    @property
    def cache(self) -> str:
        """X-Cache, its first word."""
        return self.headers.get("x-cache", "").partition(" ")[0]


def get(port: int, target: str, method: str = "GET", **headers: str) -> Got:
    """Ask once; ``Accept_Encoding="gzip"`` is a header."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection(HOST, port, timeout=20)
    began = time.monotonic()
    with contextlib.closing(connection):
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in {"Connection": "close", **sent}.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
        except (ConnectionError, http.client.HTTPException):
            return Got(0, {}, b"", False, time.monotonic() - began)
        # nginx says headers of a 416 twice, as they are
        sources = set(answer.headers.get_all("X-Index-Source", []))
        assert len(sources) <= 1, answer.getheaders()
        found = {name.lower(): value for name, value in answer.getheaders()}
        try:
            body, whole = answer.read(), True
        except http.client.IncompleteRead as error:
            body, whole = error.partial, False
        except ConnectionError:
            body, whole = b"", False
    return Got(answer.status, found, body, whole, time.monotonic() - began)


@dataclass(slots=True)
class Chain:
    """The site on one server, twice: with copies, and (on the same upstreams) without."""

    kind: str
    place: Path
    first: Index
    second: Index
    eggs: Index
    copies: LiveSite
    plain: LiveSite

    def index(self, source: SourceName) -> Index:
        """One of the upstreams."""
        return {"first": self.first, "second": self.second, "eggs": self.eggs}[source]

    def page(self, source: SourceName, name: str, representation: str = "html") -> bytes:
        """The page as a client should get it, of what the upstream has now."""
        page = self.index(source).page(name, representation)
        (step,) = (s for s in self.copies.plan.steps_with_upstream if s.source.name == source)
        for rule in step.upstream.links:
            page = page.replace(rule.find.encode(), rule.replace.encode())
        return page

    def file(self, name: str, source: SourceName = "first") -> tuple[str, bytes]:
        """The URL path of the only file of a project, and its bytes."""
        index = self.index(source)
        ((file, content),) = index.projects[name].items()
        return self.url_of(source, index.file_path(file, content)), content

    def url_of(self, source: SourceName, path: str) -> str:
        """The path of our URL for a path on the file host of a source."""
        (step,) = (s for s in self.copies.plan.steps_with_upstream if s.source.name == source)
        origin = f"{self.index(source).files.origin}/"
        (prefix,) = {rule.replace for rule in step.upstream.links if rule.find == origin}
        return f"/{prefix.lstrip('./')}{path.removeprefix('/')}"

    @property
    def recorders(self) -> tuple[Recorder, ...]:
        """Everything that listens and is asked at first hand."""
        indexes = (self.first, self.second, self.eggs)
        return tuple(part for index in indexes for part in (index, index.files))

    def expire(self) -> None:
        """Wait until no copy of a page that there is now is fresh."""
        name = f"last-{len(self.first.projects)}"
        self.first.add(name, wheels(f"{name}-1.0")[name])
        target = f"/simple/{name}/"
        wait_until(_answers(self.copies.port, target, "proxy/first"), target)
        old = get(self.copies.port, target).body
        self.first.extra[name] = b"<!-- newer -->"
        wait_until(lambda: get(self.copies.port, target).body != old, "a page is asked for again")

    def recover(self) -> None:
        """Every upstream answers, and is asked again by both servers; their records are empty."""
        for recorder in self.recorders:
            recorder.set_mode("ok")
            recorder.open()
        number = len(self.first.projects)
        probes: dict[SourceName, str] = {
            "first": f"probe-{number}",
            "second": f"probe-{number}b",
            "eggs": f"relay-probe-{number}",
        }
        for source, name in probes.items():
            self.index(source).add(name, wheels(f"{name}-1.0")[name])
        for live in (self.copies, self.plain):
            for source, name in probes.items():
                label = f"{'private' if source == 'eggs' else 'proxy'}/{source}"
                page, file = f"/simple/{name}/", self.file(name, source)[0]
                for target in (page, file):
                    wait_until(_answers(live.port, target, label), f"{label} is asked for {target}")
        for recorder in self.recorders:
            recorder.forget()


def _answers(port: int, target: str, label: str) -> Callable[[], bool]:
    def answers() -> bool:
        got = get(port, target)
        return (got.status, got.source) == (200, label)

    return answers


@contextlib.contextmanager
def _with_heir(stack: contextlib.ExitStack) -> Iterator[Index]:
    """An index, and another of the same content, where it sends its clients in mode ``moved``."""
    index, heir, host = Index({}), Index({}), FileHost()
    heir.projects, heir.extra = index.projects, index.extra
    heir.files = index.files  # its pages link to the same files
    host.content = index.files.content
    index.moved_to, index.files.moved_to = heir.origin, host.origin
    for recorder in (heir, host):
        recorder.open()
        stack.callback(recorder.refuse)
    with upstream(index):
        yield index


@contextlib.contextmanager
def chain(
    kind: str, place: Path, cache: Mapping[str, Any] | None = None, **settings: Any
) -> Iterator[Chain]:
    """The world, running; ``acme-foo`` is ours, ``mirrored`` is in the mirror, ``relay-*`` are the private index's.

    :param cache: what the site says of its copies beside their path.
    """
    place.chmod(0o755)
    team = trees.projects(place / "team", wheels("acme-foo-1.0"))
    mirror = trees.bandersnatch(place / "mirror", wheels("mirrored-1.0"))
    with contextlib.ExitStack() as stack:
        first, second, eggs = (stack.enter_context(_with_heir(stack)) for _ in range(3))

        def proxy(name: str, index: Index) -> dict[str, Any]:
            hosts = (index.files.origin, index.moved_to, index.files.moved_to)
            files = [f"{origin}/" for origin in hosts]
            return {"name": name, "proxy": index.url, "kind": "pypi", "files": files, **LIMITS}

        values = {
            "state": str(place / "state"),
            "private": [
                {"name": "team", "path": str(team), "claims": ["acme-*"]},
                {**proxy("eggs", eggs), "claims": ["relay-*"]},
            ],
            "fallbacks": [
                {"name": "copy", "mirror": str(mirror)},
                proxy("first", first),
                proxy("second", second),
            ],
            **settings,
        }
        lives = []
        for label in ("copies", "plain"):
            kept = {"pages": f"{PAGES_SECONDS}s", "stale": "1h", **(cache or {})}
            kept["path"] = str(place / "cache")
            more = {"cache": kept} if label == "copies" else {}
            site = write_site(place / f"{label}.yaml", {**values, **more}, free_port())
            index_site(site)
            lives.append(start_site(kind, site, place / label))
            stack.callback(lives[-1].server.stop)
        yield Chain(kind, place, first, second, eggs, *lives)
