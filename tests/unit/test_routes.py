"""The plan in words, and that a step is known wherever steps are interpreted."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

import rewritegen
from rewritegen.routes import route_table
from rewritegen.servers import SERVER_NAMES, server
from rewritegen.steps import Step
from tests.unit.sites import FULL, plan_of

PACKAGE = Path(rewritegen.__file__).parent

TABLE = """\
not GET or HEAD: 405, never forwarded
outside the grammar (other paths, escapes, dots, absolute URLs): 404, never forwarded
/-/health: ok; /-/rewritegen: the fingerprint of this text
/simple/: the private projects (/state/root)
/simple/NAME in another spelling or without its slash: 301 to the canonical URL
/simple/NAME/ and /simple/NAME/FILE, the first line that fits:
  1. state is not there (/state/names/~rewritegen-names): 503, nothing is forwarded on a guess
  2. root is not there (/srv/team/.rewritegen-root): 503, nothing is forwarded on a guess
  3. private/team has the project: its page, else 404
  4. root is not there (/srv/lab/.rewritegen-root): 503, nothing is forwarded on a guess
  5. private/lab has a directory of the project: the server's listing of it
  6. root is not there (/srv/wheels/.rewritegen-root): 503, nothing is forwarded on a guess
  7. private/wheels has the project: its page, else 404
  8. private/eggs claims egg-*: http://127.0.0.1:8888/eggs/, its answer is final
  9. claimed (acme-*, egg-*, secret-tool) or scanned (/state/names/NAME), but not there: 404; \
public all the same: acme-oss
  10. mirror/netbook has the page: serve it
  11. mirror/attic has the page: serve it
  12. proxy/index: ask https://index.example.org/simple/; 200 serves, 404 is next, no answer is next
  13. redirect/last: 302 to https://last.example.org/simple/NAME/
  14. nobody has it: 404; 502 to 504 if a fallback could not answer
/files/team/PATH: private/team in /srv/team or /state/metadata/team
/files/lab/PATH: private/lab in /srv/lab
/files/wheels/PATH: private/wheels in /srv/wheels or /state/metadata/wheels
/files/eggs/PATH: private/eggs at http://127.0.0.1:8888/
/files/netbook/PATH: mirror/netbook in /srv/pypi/web/packages; files of claimed or scanned names: 404
/files/attic/PATH: mirror/attic in /srv/attic; files of claimed or scanned names: 404
/files/index/PATH: proxy/index at https://files.example.org/; files of claimed or scanned names: 404
/packages/PATH: mirror/netbook in /srv/pypi/web/packages; files of claimed or scanned names: 404"""


def test_the_table_reads_like_the_design() -> None:
    assert "\n".join(route_table(plan_of(FULL))) == TABLE


def test_many_claims_are_counted() -> None:
    claims = ", ".join(f"name{number}" for number in range(40))
    plan = plan_of(f"""
        server_name: packages.example.org
        state: /state
        private: [{{path: /srv/team, claims: [{claims}]}}]
    """)
    assert any("claimed (40 claims)" in line for line in route_table(plan))


@pytest.mark.parametrize("name", SERVER_NAMES)
def test_every_public_exception_stands_in_the_header(name: str) -> None:
    """Whoever reads the file sees what is let out below a claim, however many claims there are."""
    public = [f"acme-oss-{number}" for number in range(40)]
    claims = ["acme-*", *(f"name{number}" for number in range(40))]
    plan = plan_of(f"""
        server_name: packages.example.org
        state: /state
        private: [{{path: /srv/team, claims: [{", ".join(claims)}]}}]
        public: [{", ".join(public)}]
    """)
    program = server(name)
    _, text = program.render(plan, "vhost", program.baseline).texts[0]
    lines = text.splitlines()
    header = lines[: next(at for at, line in enumerate(lines) if not line.startswith("#"))]
    words = " ".join(line.lstrip("# ") for line in header)
    _, _, listed = words.partition("public all the same: ")
    assert listed.startswith(f"{', '.join(sorted(public))} ")


@pytest.mark.parametrize("step", get_args(Step), ids=lambda step: step.__name__)
@pytest.mark.parametrize(
    "modules",
    [
        pytest.param("decide*.py", id="model"),
        pytest.param("routes.py", id="words"),
        pytest.param("servers/nginx*/**/*.py|servers/nginx*.py", id="nginx"),
        pytest.param("servers/apache*/**/*.py|servers/apache*.py", id="apache"),
    ],
)
def test_every_interpreter_knows_every_step(step: type, modules: str) -> None:
    """To add a step is to add a branch in each of these; mypy holds that the branches are complete."""
    files = [path for pattern in modules.split("|") for path in PACKAGE.glob(pattern)]
    assert any(step.__name__ in path.read_text() for path in files)
