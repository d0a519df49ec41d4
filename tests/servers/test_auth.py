"""With `auth:` a stranger learns nothing and nothing leaves for one; who may read gets the answers of the table.

Every row of the table of answers is asked three times: by somebody who may read, by a stranger, and by the model.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rewritegen.decide import Request, decide
from rewritegen.grammar import Grammar
from tests.servers.judging import possible
from tests.servers.raw_rows import RAW_ROWS
from tests.servers.rows import Row
from tests.servers.table import ROWS
from tests.support.certificates import Authority
from tests.support.compare import differences, upstream_differences
from tests.support.credentials import Admission, admission
from tests.support.processes import free_port
from tests.support.scenes import Scene, build
from tests.support.sites import LiveSite, StandIns, start_site, write_site
from tests.support.upstream import Recorded, upstream
from tests.support.wire import Answer, ask, send

pytestmark = pytest.mark.server

META = ("/-/health", "/-/rewritegen")

#: Scene and way of each site; Apache has no `request`, a refusal that the unit tests hold.
SITES = (
    ("team", "basic"),
    ("mirrors", "basic"),
    ("listing", "basic"),
    ("relay", "basic"),
    ("top", "basic"),
    ("deep", "certificates"),
    ("tls", "certificates"),
    ("listing", "request"),
    ("team", "request"),
    ("legacy", "basic"),
)


@dataclass
class World:
    """A scene with `auth:`, on one server."""

    scene: Scene
    admission: Admission
    live: LiveSite
    kind: str
    part: bool = False
    """The server has other URLs than ours, which are no business of this table."""

    @property
    def rows(self) -> list[Row]:
        rows = [row for row in ROWS if row.scene == self.scene.name]
        if not self.part:
            return rows
        plan = self.live.plan
        ours = (plan.mount, *META, *(route.prefix for route in plan.public_files))
        # what the server itself refuses, or takes for a path of its own once it is decoded
        core = re.compile("%2[Ff]|%2[Ee]")
        return [
            row
            for row in rows
            if row.target.startswith(ours) and row.method != "TRACE" and not core.search(row.target)
        ]

    def asked(self) -> list[Recorded]:
        return [
            request
            for index in self.scene.upstreams
            for recorder in (index, index.files)
            for request in recorder.requests
        ]

    def ask(self, row: Row, who: str | None = None) -> Answer:
        """Ask as somebody who may read, or as this stranger."""
        self.scene.forget()
        headers, tls = (
            self.admission.strangers[who] if who else (self.admission.headers, self.admission.tls)
        )
        replaced = {name.lower() for name, _ in headers} | self.admission.replaced
        own = [(name, value) for name, value in row.headers if name.lower() not in replaced]
        if tls is None and "tls" in self.scene.settings:
            tls = self.scene.authority.client_context()
        return ask(
            self.live.port,
            row.target.format(**self.scene.places),
            row.method,
            accept=row.accept,
            headers=[*own, *headers],
            body=row.body,
            tls=tls,
        )

    def request(self, row: Row, *, admitted: bool) -> Request:
        """The request as the model is asked."""
        headers = {name.lower(): value for name, value in row.headers}
        if row.accept is not None:
            headers["accept"] = row.accept
        target = row.target.format(**self.scene.places)
        return Request(target, row.method, headers, admitted)


@contextlib.contextmanager
def world(
    name: str,
    way: str,
    kind: str,
    place: Path,
    authority: Authority,
    start: Callable[[str, Path, Path], LiveSite] = start_site,
    **settings: object,
) -> Iterator[World]:
    """Build a scene and let ``start`` run it: as a standalone tree, or in somebody's server."""
    place.chmod(0o755)
    root = place / name
    root.mkdir()
    with contextlib.ExitStack() as stack:
        scene = build(name, root, authority)
        for index in scene.upstreams:
            stack.enter_context(upstream(index))
        admitted = stack.enter_context(admission(way, place / "auth", authority))
        scene.settings |= {**admitted.settings, **settings}
        site_file = write_site(root / "site.yaml", scene.settings, free_port())
        live = start(kind, site_file, root / "tree")
        try:
            yield World(scene, admitted, live, kind)
        finally:
            live.server.stop()


KINDS = [
    pytest.param((scene, way, kind), id=f"{kind}-{scene}-{way}")
    for kind in ("nginx", "apache")
    for scene, way in SITES
    if (way, kind) != ("request", "apache")
]


@pytest.fixture(scope="module", params=KINDS)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[World]:
    from tests.support.processes import traversable_directory
    from tests.support.tools import require

    name, way, kind = request.param
    require(kind)
    with traversable_directory() as place, world(name, way, kind, place, authority) as found:
        yield found


def test_who_may_read_gets_the_answers_of_the_table(site: World) -> None:
    wrong = []
    for row in site.rows:
        decision = decide(
            site.live.plan, site.request(row, admitted=True), StandIns(*site.scene.upstreams)
        )
        assert decision.status == row.status, row.label
        answer = site.ask(row)
        found = [
            *differences(
                site.live.plan,
                possible(decision, row, site.kind),
                answer,
                row.method,
                site.scene.upstreams,
            ),
            *upstream_differences(site.live.plan, decision, site.scene.upstreams),
        ]
        if row.method != "HEAD" and row.contains not in answer.decoded.decode(errors="replace"):
            found.append(f"the body does not say {row.contains!r}")
        wrong += [f"{row.label}: {problem}" for problem in found]
    assert not wrong, "\n".join(wrong[:40])


def test_a_stranger_gets_one_answer_and_nothing_leaves(site: World) -> None:
    """Whatever is asked for: the answer to what is there is, byte for byte, that to what is not."""
    wrong = []
    answers: dict[tuple[str, bytes], str] = {}
    for row in site.rows:
        answer = site.ask(row, "nothing")
        if site.asked():
            wrong.append(f"{row.label}: asked upstream {[r.line for r in site.asked()]}")
        decision = decide(
            site.live.plan, site.request(row, admitted=False), StandIns(*site.scene.upstreams)
        )
        if answer.status != decision.status:
            wrong.append(f"{row.label}: {answer.status}, decided {decision.status}")
        if row.target in META:
            continue
        if answer.status not in (401, 403, 404, 405):
            wrong.append(f"{row.label}: {answer.status}")
        if answer.one("X-Index-Source") != "none" or answer.one("Location") or answer.one("ETag"):
            wrong.append(f"{row.label}: {answer.headers}")
        if answer.status == site.admission.status:
            answers[row.method, _without_date(answer)] = row.label
        elif _in_grammar(site.live.plan.grammar, row, site.scene) and row.method in ("GET", "HEAD"):
            wrong.append(f"{row.label}: {answer.status} is told to a stranger")
    methods = [method for method, _ in answers]
    assert not wrong, "\n".join(wrong[:40])
    assert sorted(methods) == sorted(set(methods)), answers


def _in_grammar(grammar: Grammar, row: Row, scene: Scene) -> bool:
    target = row.target.format(**scene.places).partition("?")[0]
    return any(re.fullmatch(pattern, target) for pattern in grammar.targets)


def _without_date(answer: Answer) -> bytes:
    return b"\r\n".join(line for line in answer.raw.split(b"\r\n") if not line.startswith(b"Date:"))


def test_no_stranger_is_let_in(site: World) -> None:
    wanted = [row for row in site.rows if row.status == 200 and row.target not in META][:12]
    wanted += [row for row in site.rows if row.source.startswith("proxy/")][:6]
    assert wanted
    for who in site.admission.strangers:
        for row in wanted:
            answer = site.ask(row, who)
            assert answer.status == site.admission.status, (who, row.label)
            assert site.asked() == [], (who, row.label)
            assert answer.one("Cache-Control") == "private, no-cache"


def test_a_stranger_is_told_what_to_show(site: World) -> None:
    answer = site.ask(next(row for row in site.rows if row.source != "none"), "nothing")
    said = {
        "basic": 'Basic realm="packages"',
        "certificates": None,
        "request": 'Bearer realm="sso"',
    }
    challenge = answer.one("WWW-Authenticate")
    assert challenge is None if said[site.admission.way] is None else challenge
    assert (challenge or "").startswith(said[site.admission.way] or "")


def test_health_and_fingerprint_are_open(site: World) -> None:
    """Load balancers and `apply` have no password; neither says anything of what is here."""
    row = Row("health", "/-/health", 200)
    assert (site.ask(row, "nothing").status, site.ask(row, "nothing").body) == (200, b"ok\n")
    told = site.ask(Row("fingerprint", "/-/rewritegen", 200), "nothing")
    assert (told.status, told.body.strip().decode()) == (200, site.live.fingerprint)


def test_no_shared_cache_keeps_an_answer(site: World) -> None:
    """RFC 9111, 5.2.2.7: what a cookie or a certificate let out is not for the next client of a front."""
    seen = set()
    for row in site.rows:
        if row.status in (200, 301, 302, 404) and row.method == "GET" and row.target not in META:
            answer = site.ask(row)
            if row.status == 404 and not _in_grammar(site.live.plan.grammar, row, site.scene):
                continue
            kept = answer.one("Cache-Control") or ""
            assert "private" in kept.split(", "), (row.label, answer.headers)
            assert not {"public", "s-maxage"} & set(kept.replace("=", " ").split())
            seen.add(answer.status)
    assert {200, 301} <= seen


@pytest.mark.parametrize("site", [k for k in KINDS if "-team-" in str(k.id)], indirect=True)
@pytest.mark.parametrize("who", ["nothing", None], ids=["stranger", "reader"])
def test_bytes_that_no_client_sends_get_nowhere(site: World, who: str | None) -> None:
    headers = site.admission.headers if who is None else ()
    extra = b"".join(f"\r\n{name}: {value}".encode() for name, value in headers)
    for row in RAW_ROWS:
        site.scene.forget()
        data = row.data.replace(b"\r\nHost:", extra + b"\r\nHost:", 1)
        answer = send(site.live.port, data)
        assert site.asked() == [], row.id
        assert answer.status in row.statuses | ({401} if who else set()), row.id
        if who:
            assert b"acme" not in answer.body, row.id
