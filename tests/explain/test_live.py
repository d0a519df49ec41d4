"""``explain`` beside a running server: what it really answers, what its log says, and to whom anything was sent."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rewritegen.cli import main
from rewritegen.decision import Decision
from rewritegen.explain.asking import same_project
from rewritegen.explain.explanation import Outcome
from rewritegen.explain.live import Answer
from rewritegen.representations import JSON
from tests.support import trees
from tests.support.processes import HOST, free_port, traversable_directory
from tests.support.scenes import wheels
from tests.support.sites import LiveSite, index_site, start_site, write_site
from tests.support.tools import require
from tests.support.upstream import Index, Mode, upstream
from tests.support.wire import ask

pytestmark = pytest.mark.server


@dataclass(slots=True)
class World:
    """A site, the server that answers for it, and the index that it asks."""

    site_file: Path
    live: LiveSite
    index: Index
    kind: str

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.live.port}"

    def logs(self) -> list[str]:
        """Both logs; the server has written them when it has ended."""
        self.live.server.stop()
        return [
            str(self.live.server.tree / "logs" / f"packages.example.org.{word}.json")
            for word in ("access", "fetch")
        ]


@pytest.fixture(scope="module", params=["nginx", "apache"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """One server for the tests of a module; no test changes what it serves."""
    kind: str = request.param
    require(kind)
    with traversable_directory() as place, upstream(Index(wheels("public-one-1.0"))) as index:
        yield from started(kind, place, index)


def started(kind: str, place: Path, index: Index) -> Iterator[World]:
    trees.projects(place / "team", wheels("acme-foo-1.0"))
    settings: dict[str, Any] = {
        "state": str(place / "state"),
        "private": [{"name": "team", "path": str(place / "team"), "claims": ["acme-*"]}],
        "fallbacks": [
            {
                "name": "index",
                "proxy": index.url,
                "kind": "pypi",
                "files": [f"{index.files.origin}/"],
            }
        ],
        "cache": {"path": str(place / "cache"), "size": "10m"},
    }
    site_file = write_site(place / "site.yaml", settings, free_port())
    index_site(site_file)
    live = start_site(kind, site_file, place / "tree")
    try:
        yield World(site_file, live, index, kind)
    finally:
        live.server.stop()


def explained(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, list[Any]]:
    code = main(["explain", *argv, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


REQUESTS = {
    "acme-foo": (200, "private/team"),
    "acme-bar": (404, "none"),
    "public-one": (200, "proxy/index"),
    "nobody": (404, "none"),
    "Acme_Foo": (301, "none"),
    "POST /simple/acme-foo/": (405, "none"),
    "/simple/%61cme-foo/": (404, "none"),
    "/files/team/nothing-1.0.whl": (404, "private/team"),
    "HEAD /simple/": (200, "none"),
    "/-/health": (200, "none"),
}


@pytest.mark.parametrize("words", REQUESTS)
def test_a_server_that_serves_the_site_is_as_expected(
    words: str, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    code, (first, *others) = explained(capsys, str(world.site_file), words, "--live", world.url)
    live = first["live"]
    assert live["problem"] == ""
    assert (live["status"], live["source"]) == REQUESTS[words]
    assert all(one["live"]["as_expected"] for one in (first, *others))
    assert code == 0


def test_a_server_that_serves_another_site_is_different(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = tmp_path / "site.yaml"
    changed.write_text(world.site_file.read_text().replace("acme-*", "public-*"))
    command = ["explain", str(changed), "public-one", "--live", world.url]
    assert main(command) == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert "404, X-Index-Source: none; no upstream is asked" in shown
    assert "live: 200, X-Index-Source: proxy/index" in shown
    assert "DIFFERENT from what the site file says" in shown
    assert main(["explain", str(world.site_file), "public-one", "--live", world.url]) == 0
    assert "as it should be" in capsys.readouterr().out


def test_a_server_that_is_not_there(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    away = f"http://{HOST}:{free_port()}/"
    assert main(["explain", str(world.site_file), "acme-foo", "--live", away]) == 1
    assert "does not answer: " in " ".join(capsys.readouterr().out.split())


def test_nothing_is_sent_without_being_asked_to(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.index.forget()
    for form in ("text", "json", "mermaid", "svg"):
        for words in ([], ["acme-foo"], ["public-one"], ["/files/index/x-1.0.whl"]):
            assert main(["explain", str(world.site_file), *words, "--format", form]) == 0
    assert world.index.requests == []
    assert world.index.files.requests == []


def test_live_sends_to_the_server_only(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """What it asks the index for is what the server asks: its User-Agent is ours, and not Python's."""
    world.index.forget()
    main(
        ["explain", str(world.site_file), "acme-foo", "acme-bar", "never-seen", "--live", world.url]
    )
    targets = [request.target for request in world.index.requests]
    assert targets == ["/simple/never-seen/"]
    capsys.readouterr()


SAME = [
    pytest.param(Answer("", 404, "private/team"), True, id="same"),
    pytest.param(Answer("", 404, "none"), False, id="another source"),
    pytest.param(Answer("", 404, ""), False, id="no source"),
    pytest.param(Answer("", 200, "private/team"), False, id="another status"),
    pytest.param(Answer("", 301, "none", location="/simple/a/"), True, id="redirect"),
    pytest.param(
        Answer("", 301, "none", location="http://x.example.org:8080/simple/a/"),
        True,
        id="whole URL",
    ),
    pytest.param(Answer("", 301, "none", location="/simple/b/"), False, id="redirect elsewhere"),
    pytest.param(Answer("", 301, "none"), False, id="redirect to nowhere"),
    pytest.param(Answer("", 502, "proxy/a"), True, id="unsure"),
    pytest.param(Answer("", 504, "proxy/a"), True, id="unsure in other words"),
    pytest.param(Answer("", 500, "proxy/a"), False, id="broken"),
    pytest.param(Answer("", problem="refused"), False, id="no answer"),
]


@pytest.mark.parametrize(("answer", "fits"), SAME)
def test_an_answer_is_one_of_those_that_are_expected(answer: Answer, fits: bool) -> None:
    outcomes = (
        Outcome("", Decision(404, "private/team")),
        Outcome("", Decision(301, location="/simple/a/")),
        Outcome("", Decision(502, "proxy/a")),
    )
    assert answer.fits(outcomes) is fits


@pytest.mark.parametrize(
    ("to", "same"),
    [
        ("http://b.example.org/Public_One", True),
        ("/x/public.one/", True),
        ("/x/public-one-more/", False),
        ("/", False),
    ],
)
def test_a_page_leads_to_a_page_of_the_same_project(to: str, same: bool) -> None:
    assert same_project("http://a.example.org/simple/public-one/", to) is same


ASKED = [
    pytest.param("ok", "public-one", 200, "proxy/index", id="there"),
    pytest.param("ok", "nobody", 404, "none", id="not there"),
    pytest.param("500", "public-one", 502, "none", id="error"),
    pytest.param("refuse", "public-one", 502, "none", id="away"),
]


@pytest.mark.parametrize(("mode", "name", "status", "source"), ASKED)
def test_upstreams_are_asked_when_they_shall_be(
    mode: Mode,
    name: str,
    status: int,
    source: str,
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world.index.forget()
    world.index.set_mode(mode)
    try:
        code, (data,) = explained(capsys, str(world.site_file), name, "--ask")
    finally:
        world.index.set_mode("ok")
    (outcome,) = data["outcomes"]
    assert (code, outcome["status"], outcome["source"]) == (0, status, source)
    sent = [request.target for request in world.index.requests]
    assert sent == ([] if mode == "refuse" else [f"/simple/{name}/"])
    for request in world.index.requests:
        assert request.headers["user-agent"] == "rewritegen"
        assert request.headers["accept"] == JSON.upstream_accept


def test_a_private_name_is_not_asked_for(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.index.forget()
    words = ["acme-foo", "acme-bar", "Acme.Bar", "/files/index/x/acme_bar-1.0-py3-none-any.whl"]
    assert main(["explain", str(world.site_file), *words, "--ask"]) == 0
    assert world.index.requests == []
    assert world.index.files.requests == []
    capsys.readouterr()


@pytest.mark.parametrize("declared", [True, False])
def test_a_redirect_is_followed_as_the_server_does(
    declared: bool, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """To the hosts that the site names for the source, and nowhere else."""
    with upstream(Index(wheels("public-one-1.0"))) as other:
        to = world.index.files if declared else other
        to.forget()
        world.index.moved_to = to.origin
        world.index.set_mode("moved")
        try:
            _, (data,) = explained(capsys, str(world.site_file), "public-one", "--ask")
        finally:
            world.index.set_mode("ok")
        asked = [request.target for request in to.requests]
    # the file host has no pages
    assert data["outcomes"][0]["status"] == (404 if declared else 502)
    assert asked == (["/simple/public-one/"] if declared else [])


def test_a_page_is_followed_to_another_spelling_and_not_for_ever(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    modes: tuple[tuple[Mode, int], ...] = (("respelt", 200), ("loop", 502))
    for mode, status in modes:
        world.index.set_mode(mode)
        try:
            _, (data,) = explained(capsys, str(world.site_file), "public-one", "--ask")
        finally:
            world.index.set_mode("ok")
        assert data["outcomes"][0]["status"] == status


def test_the_log_says_where_requests_went(
    place: Path,
    server_kind: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A server of its own: its log is whole when it has ended."""
    with upstream(Index(wheels("public-one-1.0"))) as index:
        (world,) = list(_served(server_kind, place, index))
    access, fetch = (Path(name) for name in world.logs())
    capsys.readouterr()
    assert (
        main(
            [
                "explain",
                str(world.site_file),
                "--log",
                str(access),
                "--log",
                str(fetch),
                "--format",
                "json",
            ]
        )
        == 0
    )
    data = json.loads(capsys.readouterr().out)
    assert data["not_understood"] == 0
    counts = {label: source["requests"] for label, source in data["sources"].items()}
    assert counts == {"private/team": 3, "proxy/index": 3, "none": 6}
    assert {reason: one["total"] for reason, one in data["refused"].items()} == {
        "private": 2,
        "nobody": 1,
        "methods": 1,
        "grammar": 1,
        "unsure": 1,
    }
    assert data["refused"]["private"]["most"] == {"acme-bar": 2}
    assert data["upstreams"]["index"]["requests"] >= 3
    assert sum(sum(one.values()) for one in data["course"]["counts"]) == 12
    assert data["sources"]["proxy/index"]["cache"] == {"MISS": 1, "HIT": 2}
    assert data["sources"]["proxy/index"]["hit_ratio"] == pytest.approx(2 / 3)

    packed = place / "access.json.1.gz"
    packed.write_bytes(gzip.compress(access.read_bytes()))
    assert main(["explain", str(world.site_file), "--log", str(packed)]) == 0
    from_packed = capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(access.read_bytes())))
    assert main(["explain", str(world.site_file), "--log", "-"]) == 0
    assert capsys.readouterr().out == from_packed
    assert "private names that are not here: 404, nobody was asked: acme-bar (2)" in " ".join(
        from_packed.split()
    )


def _served(kind: str, place: Path, index: Index) -> Iterator[World]:
    """Send a dozen requests of every kind."""
    for world in started(kind, place, index):
        port = world.live.port
        for name, number in (("acme-foo", 3), ("acme-bar", 2), ("public-one", 3), ("nobody", 1)):
            for _ in range(number):
                ask(port, f"/simple/{name}/")
        ask(port, "/simple/nobody/", "POST")
        ask(port, "/simple//nobody/")
        index.set_mode("500")
        ask(port, "/simple/another/")
        yield world


@pytest.mark.parametrize(
    ("to", "same"),
    [
        ("http://b.example.org/x/pypi/Public.One/json", True),
        ("http://a.example.org/pypi/public-two/json", False),
        ("http://a.example.org/simple/public-one/", False),
        ("http://a.example.org/pypi/public-one/json/", False),
    ],
)
def test_a_document_leads_to_a_document_of_the_same_project(to: str, same: bool) -> None:
    assert same_project("http://a.example.org/pypi/public-one/json", to) is same
