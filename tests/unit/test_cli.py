"""The command line: what goes to standard output, what to standard error, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rewritegen.cli import main
from tests.support.dists import make_wheel

SITE = """\
server_name: packages.example.org
state: {state}
private:
  - {{name: team, path: {team}, claims: [acme-*]}}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "team" / "acme-foo").mkdir(parents=True)
    path = tmp_path / "site.yaml"
    path.write_text(SITE.format(state=tmp_path / "state", team=tmp_path / "team"))
    return path


@pytest.mark.parametrize("name", ["nginx", "apache"])
def test_generate_prints_the_configuration_and_nothing_else(
    name: str, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", str(site), "--server", name]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("# ")
    assert "packages.example.org" in out
    assert err == ""


@pytest.mark.parametrize("name", ["nginx", "apache"])
def test_without_a_network_the_text_and_its_command_say_so(
    name: str, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.write_text(f"{site.read_text()}fallbacks: [{{proxy: 'https://index.example.org/'}}]\n")
    command = ["generate", str(site), "--server", name]
    assert main(command) == 0
    online = capsys.readouterr().out
    assert main([*command, "--offline"]) == 0
    offline = capsys.readouterr().out
    assert "offline: no proxy is asked" in offline
    assert "--offline" not in online
    head = " ".join(line.lstrip("# ") for line in offline.splitlines()[:8])
    assert f"--server {name}" in head
    assert " --offline" in head
    site.write_text(f"{site.read_text()}offline: true\n")
    assert main(command) == 0
    assert capsys.readouterr().out == offline


@pytest.mark.parametrize("scope", ["vhost", "standalone", "locations"])
@pytest.mark.parametrize("name", ["nginx", "apache"])
def test_check_says_3_until_it_is_written(
    name: str, scope: str, site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        "generate",
        str(site),
        "--server",
        name,
        "--scope",
        scope,
        "-o",
        str(tmp_path / "out"),
    ]
    assert main([*command, "--check"]) == 3
    assert not (tmp_path / "out").exists()
    assert main([*command, "--diff"]) == 3
    assert "+++ " in capsys.readouterr().out
    assert main(command) == 0
    assert main([*command, "--check"]) == 0
    assert main([*command, "--diff"]) == 0
    assert capsys.readouterr().out == ""


def test_a_wrong_site_is_exit_2_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "site.yaml"
    path.write_text("server_name: packages.example.org\nprivat: []\n")
    assert main(["generate", str(path), "--server", "nginx"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "site.yaml:2:1" in err
    assert "did you mean `private`" in err


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["generate"], id="no site"),
        pytest.param(["generate", "x.yaml"], id="no server"),
        pytest.param(["generate", "x.yaml", "--server", "iis"], id="unknown server"),
        pytest.param(
            ["generate", "x.yaml", "--server", "nginx", "--check"], id="check without directory"
        ),
        pytest.param(["generate", "missing.yaml", "--server", "nginx"], id="no such file"),
        pytest.param(["index", "missing.yaml"], id="index, no such file"),
        pytest.param(["frobnicate"], id="unknown command"),
    ],
)
def test_wrong_usage_is_exit_2_and_one_message(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert "rror" in err


def test_index_writes_pages_and_says_what_it_did(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_wheel(tmp_path / "team" / "acme-foo", "acme-foo", "1.0")
    assert main(["index", str(site)]) == 0
    assert "team: 1 projects, 1 files" in capsys.readouterr().err
    page = json.loads((tmp_path / "state/pages/team/acme-foo/index.v1_json").read_text())
    assert page["files"][0]["url"].startswith("../../files/team/acme-foo/acme_foo-1.0")


def test_index_forgets_a_name_once(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", str(site)]) == 0
    assert main(["index", str(site), "--forget", "Acme.Foo"]) == 0
    assert main(["index", str(site), "--forget", "acme-foo"]) == 1
    assert main(["index", str(site), "--forget", "-x-"]) == 2
    assert "forgot acme-foo" in capsys.readouterr().err


def test_index_without_state_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(
        f"server_name: packages.example.org\nprivate: [{{path: {tmp_path}/team, listing: automatic}}]\n"
    )
    assert main(["index", str(path)]) == 2
    err = capsys.readouterr().err
    assert f"touch {tmp_path}/team/.rewritegen-root" in err


def test_init_is_a_site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "index.example.org"]) == 0
    path = tmp_path / "site.yaml"
    path.write_text(capsys.readouterr().out)
    assert main(["generate", str(path), "--server", "nginx"]) == 0
    assert "server_name index.example.org;" in capsys.readouterr().out


def test_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert "fallbacks" in json.loads(capsys.readouterr().out)["properties"]
