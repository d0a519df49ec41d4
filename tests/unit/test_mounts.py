"""The commands at an index that is mounted elsewhere: each says and writes the URLs of that mount."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from rewritegen.cli import commands
from tests.support.dists import make_wheel

pytestmark = pytest.mark.slow

MOUNTS = ("/simple/", "/", "/pypi/simple/", "/a.b/c-d/")
SITE = """\
server_name: packages.example.org
listen: [8080]
index: {mount}
state: {root}/state
private: [{{name: team, path: {root}/team, claims: [acme-*]}}]
fallbacks: [{{name: away, redirect: "https://index.example.org/simple/"}}]
"""


@pytest.fixture(scope="module", params=MOUNTS)
def mount(request: pytest.FixtureRequest) -> str:
    """Each mount."""
    return str(request.param)


@pytest.fixture(scope="module")
def site(mount: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site there, with one project."""
    root = tmp_path_factory.mktemp("mount")
    make_wheel(root / "team" / "acme-foo", "acme-foo", "1.0")
    path = root / "site.yaml"
    path.write_text(SITE.format(mount=mount, root=root))
    assert run("index", str(path))[0] == 0
    return path


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(commands, arguments, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.return_value or 0, done.output


@pytest.mark.parametrize(
    ("asked", "first", "said"),
    [
        pytest.param("acme-foo", "GET {m}acme-foo/", "200", id="name"),
        pytest.param("GET {m}Acme_Foo", "GET {m}Acme_Foo", "Location: {m}acme-foo/", id="spelled"),
        pytest.param("{m}", "GET {m}", "200", id="list"),
        pytest.param("{m}acme-foo/f-1.0.zip", "GET {m}acme-foo/f-1.0.zip", "404", id="beside"),
        pytest.param("/files/team/a/f-1.0.zip", "GET /files/team/a/f-1.0.zip", "team", id="file"),
        pytest.param(
            "other", "GET {m}other/", "Location: https://index.example.org/simple/other/", id="away"
        ),
    ],
)
def test_explain(site: Path, mount: str, asked: str, first: str, said: str) -> None:
    _, output = run("explain", str(site), asked.format(m=mount))
    lines = output.splitlines()
    assert lines[0] == first.format(m=mount)
    # the answer is wrapped to the width of the terminal
    answer = " ".join(output.partition("\n\n")[0].splitlines()[1:])
    assert said.format(m=mount) in answer


def test_lint_finds_nothing(site: Path) -> None:
    code, output = run("lint", str(site))
    assert code == 0, output


@pytest.mark.parametrize("tool", ["pip", "uv", "poetry", "buildout", "docker"])
def test_clients_are_told_of_it(site: Path, mount: str, tool: str) -> None:
    _, output = run("clients", str(site), "--tool", tool)
    assert f"http://packages.example.org:8080{mount}" in output
    _, output = run(
        "clients", str(site), "--tool", tool, "--url", f"https://front.example.org/python{mount}"
    )
    assert f"https://front.example.org/python{mount}" in output


@pytest.mark.parametrize("server", ["nginx", "apache"])
def test_a_part_of_a_host_cannot_be_all_of_it(site: Path, mount: str, server: str) -> None:
    arguments = ["generate", str(site), "--server", server, "--scope", "locations"]
    try:
        code, output = run(*arguments, "-o", str(site.parent / "out"))
    except Exception as error:  # noqa: BLE001 -- what the command line prints
        code, output = 2, str(error)
    assert (code == 0) == (mount != "/"), output
