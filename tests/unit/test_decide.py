"""The model against hand-written expectations: each row is a sentence of the design's section 2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import pytest

from rewritegen.decide import Request, decide
from rewritegen.plan import Plan
from rewritegen.representations import Representation
from tests.unit.sites import FULL, plan_of

MARKERS = frozenset(
    {
        "/state/names/~rewritegen-names",
        "/srv/team/.rewritegen-root",
        "/srv/lab/.rewritegen-root",
        "/srv/wheels/.rewritegen-root",
    }
)
JSON = {"accept": "application/vnd.pypi.simple.v1+json"}
UP = "https://index.example.org/simple/"


class Paper:
    """A world on paper: a set of files, their directories, links, and the statuses of upstreams (default 404)."""

    def __init__(
        self,
        *files: str,
        links: tuple[str, ...] = (),
        without: str = "",
        upstream: Mapping[str, int] | None = None,
    ) -> None:
        self._files = (MARKERS | set(files)) - {without}
        self._links = set(links)
        self._upstream = upstream or {}
        self.copies: dict[str, Literal["fresh", "stale"]] = {}

    def is_file(self, path: str) -> bool:
        return path in self._files

    def is_directory(self, path: str) -> bool:
        return any(file.startswith(f"{path}/") for file in self._files)

    def has_files(self, path: str) -> bool:
        return any(f.rpartition("/")[0] == path and "/." not in f for f in self._files)

    def is_link(self, path: str) -> bool:
        return path in self._links

    def ask(self, url: str, representation: Representation | None) -> int:
        return self._upstream.get(url, 404)

    def kept(
        self, url: str, representation: Representation | None
    ) -> Literal["fresh", "stale", ""]:
        return self.copies.get(url, "")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(FULL)


PAGE = "/state/pages/team/acme-foo/index"


@pytest.mark.parametrize(
    ("target", "world", "status", "source"),
    [
        pytest.param("/simple/acme-foo/", Paper(f"{PAGE}.html"), 200, "private/team", id="page"),
        pytest.param(
            "/simple/x/", Paper("/srv/team/x/f"), 404, "private/team", id="directory, not indexed"
        ),
        pytest.param(
            "/simple/x/", Paper(links=("/srv/team/x",)), 404, "private/team", id="dangling link"
        ),
        pytest.param("/simple/x/", Paper("/srv/lab/x/f"), 200, "private/lab", id="listing"),
        pytest.param(
            "/simple/x/", Paper("/state/aliases/lab/x/f"), 200, "private/lab", id="listing, alias"
        ),
        pytest.param("/simple/acme-foo/", Paper(), 404, "none", id="claimed prefix"),
        pytest.param("/simple/acme/", Paper(), 404, "none", id="claimed prefix itself"),
        pytest.param("/simple/secret-tool/", Paper(), 404, "none", id="claimed name"),
        pytest.param("/simple/x/", Paper("/state/names/x"), 404, "none", id="scanned"),
        pytest.param(
            "/simple/acme-foo/",
            Paper(f"{PAGE}.html", without="/srv/team/.rewritegen-root"),
            503,
            "none",
            id="root not mounted",
        ),
        pytest.param(
            "/simple/acme-foo/",
            Paper(f"{PAGE}.html", without="/srv/lab/.rewritegen-root"),
            200,
            "private/team",
            id="a later root not mounted, decided before",
        ),
        pytest.param(
            "/simple/six/",
            Paper("/srv/pypi/web/simple/six/index.html", without="/srv/lab/.rewritegen-root"),
            503,
            "none",
            id="a root not mounted, public name",
        ),
        pytest.param(
            "/simple/six/",
            Paper("/srv/pypi/web/simple/six/index.html", without="/state/names/~rewritegen-names"),
            503,
            "none",
            id="state lost",
        ),
        pytest.param(
            "/simple/six/",
            Paper("/srv/pypi/web/simple/six/index.html"),
            200,
            "mirror/netbook",
            id="mirror",
        ),
        pytest.param(
            "/simple/six/",
            Paper("/srv/attic/six/index.html"),
            200,
            "mirror/attic",
            id="second mirror",
        ),
        pytest.param(
            "/simple/six/", Paper(upstream={f"{UP}six/": 200}), 200, "proxy/index", id="proxy"
        ),
        pytest.param("/simple/six/", Paper(), 302, "redirect/last", id="redirect"),
        pytest.param(
            "/simple/six/",
            Paper(upstream={f"{UP}six/": 503}),
            302,
            "redirect/last",
            id="proxy down",
        ),
        pytest.param(
            "/simple/acme-oss/",
            Paper(upstream={f"{UP}acme-oss/": 200}),
            200,
            "proxy/index",
            id="declared public",
        ),
        pytest.param(
            "/simple/egg-x/",
            Paper(upstream={"http://127.0.0.1:8888/eggs/egg-x/": 200}),
            200,
            "private/eggs",
            id="private proxy",
        ),
        pytest.param(
            "/simple/egg-x/", Paper(), 404, "private/eggs", id="private proxy, its 404 is final"
        ),
        pytest.param(
            "/simple/egg-x/",
            Paper(upstream={"http://127.0.0.1:8888/eggs/egg-x/": 503}),
            502,
            "private/eggs",
            id="private proxy, its failure is final",
        ),
        pytest.param(
            "/simple/x/x-1.whl",
            Paper("/srv/lab/x/x-1.whl"),
            200,
            "private/lab",
            id="file beside a listing",
        ),
        pytest.param(
            "/simple/x/x-2.whl",
            Paper("/srv/lab/x/x-1.whl"),
            404,
            "private/lab",
            id="missing file beside",
        ),
        pytest.param(
            "/simple/acme-foo/f.whl",
            Paper(f"{PAGE}.html"),
            404,
            "private/team",
            id="nothing beside a written page",
        ),
        pytest.param(
            "/simple/x/x-1.whl",
            Paper("/srv/team/x/x-1.whl", "/srv/lab/x/x-1.whl"),
            404,
            "private/team",
            id="first match per project, never per file",
        ),
        pytest.param(
            "/simple/six/six-1.whl",
            Paper("/srv/attic/six/six-1.whl"),
            200,
            "mirror/attic",
            id="beside, mirror",
        ),
        pytest.param("/simple/six/six-1.whl", Paper(), 404, "none", id="beside, nobody"),
        pytest.param(
            "/files/team/a/a-1.whl", Paper("/srv/team/a/a-1.whl"), 200, "private/team", id="file"
        ),
        pytest.param(
            "/files/team/a/a-1.whl.metadata",
            Paper("/state/metadata/team/a/a-1.whl.metadata"),
            200,
            "private/team",
            id="metadata",
        ),
        pytest.param("/files/team/a/a-2.whl", Paper(), 404, "private/team", id="missing file"),
        pytest.param(
            "/files/team/a/a-1.whl",
            Paper("/srv/team/a/a-1.whl", without="/srv/team/.rewritegen-root"),
            503,
            "none",
            id="file, root not mounted",
        ),
        pytest.param(
            "/packages/a/six-1.whl",
            Paper("/srv/pypi/web/packages/a/six-1.whl"),
            200,
            "mirror/netbook",
            id="packages",
        ),
        pytest.param(
            "/packages/a/acme_foo-1.whl",
            Paper("/srv/pypi/web/packages/a/acme_foo-1.whl"),
            404,
            "none",
            id="refused file",
        ),
        pytest.param(
            "/files/index/secret_tool/x.whl", Paper(), 404, "none", id="refused directory"
        ),
        pytest.param("/simple/A" + "-A" * 11 + "/", Paper(), 404, "none", id="too many capitals"),
        pytest.param("/nothing", Paper(), 404, "none", id="outside the grammar"),
        pytest.param("/-/health", Paper(), 200, "none", id="health"),
    ],
)
def test_decisions(plan: Plan, target: str, world: Paper, status: int, source: str) -> None:
    decision = decide(plan, Request(target), world)
    assert (decision.status, decision.source) == (status, source)


def test_redirects_are_relative(plan: Plan) -> None:
    assert decide(plan, Request("/simple/Acme.__Foo?x=1"), Paper()).location == "/simple/acme-foo/"


def test_other_methods_are_refused_before_anything_else(plan: Plan) -> None:
    decision = decide(plan, Request("/simple/six/", "POST"), Paper(upstream={f"{UP}six/": 200}))
    assert (decision.status, decision.forwarded) == (405, ())


@pytest.mark.parametrize("status", [404, 503, 502, 429, 301, 403])
def test_only_404_means_not_here(status: int) -> None:
    text = FULL.replace('      - {name: last, redirect: "https://last.example.org/simple/"}\n', "")
    world = Paper(upstream={f"{UP}six/": status})
    expected = 404 if status == 404 else 502
    assert decide(plan_of(text), Request("/simple/six/"), world).status == expected


@pytest.mark.parametrize(
    ("present", "headers", "suffix"),
    [
        (("html", "v1_html", "v1_json"), JSON, "v1_json"),
        (("html", "v1_html", "v1_json"), {}, "html"),
        (("html",), JSON, "html"),
        (("v1_json",), {}, "v1_json"),
    ],
)
def test_the_best_representation_that_exists_is_served(
    plan: Plan, present: tuple[str, ...], headers: dict[str, str], suffix: str
) -> None:
    world = Paper(*(f"{PAGE}.{name}" for name in present))
    decision = decide(plan, Request("/simple/acme-foo/", headers=headers), world)
    assert decision.path == f"{PAGE}.{suffix}"
    assert decision.representation is not None
    assert decision.representation.suffix == suffix


def test_no_owned_name_is_forwarded(plan: Plan) -> None:
    for target in (
        "/simple/acme-foo/",
        "/simple/secret-tool/",
        "/simple/x/",
        "/files/index/a/acme_x-1.whl",
    ):
        world = Paper("/srv/team/x/f", upstream={f"{UP}acme-foo/": 200})
        assert decide(plan, Request(target), world).forwarded == ()


def test_the_trace_names_the_key_that_decided(plan: Plan) -> None:
    trace = decide(plan, Request("/simple/six/"), Paper("/srv/attic/six/index.html")).trace
    assert [line.key for line in trace if line.decided] == ["fallbacks[1]"]
    assert trace[0].key == "state"


CACHED = f"{FULL}    cache: {{path: /var/cache/rewritegen}}\n"


@pytest.mark.parametrize(
    ("copy", "upstream", "offline", "status", "asked"),
    [
        pytest.param("fresh", 503, False, 200, 0, id="fresh: nobody is asked"),
        pytest.param("stale", 503, False, 200, 1, id="stale: stands in"),
        pytest.param("stale", 404, False, 302, 1, id="stale: gone is gone"),
        pytest.param("", 503, False, 302, 1, id="none: the next"),
        pytest.param("stale", 200, True, 200, 0, id="offline: stale"),
        pytest.param("fresh", 200, True, 200, 0, id="offline: fresh"),
        pytest.param("", 200, True, 302, 0, id="offline: none"),
    ],
)
def test_copies(
    copy: Literal["fresh", "stale", ""], upstream: int, offline: bool, status: int, asked: int
) -> None:
    world = Paper(upstream={f"{UP}six/": upstream})
    if copy:
        world.copies[f"{UP}six/"] = copy
    plan = replace(plan_of(CACHED), offline=offline)
    decision = decide(plan, Request("/simple/six/"), world)
    assert (decision.status, len(decision.forwarded)) == (status, asked)


def test_a_private_project_is_not_answered_from_a_copy() -> None:
    world = Paper("/srv/team/x/f", upstream={})
    world.copies[f"{UP}x/"] = "fresh"
    decision = decide(plan_of(CACHED), Request("/simple/x/"), world)
    assert (decision.status, decision.source) == (404, "private/team")
