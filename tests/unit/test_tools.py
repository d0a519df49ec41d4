"""The parts of tools/ that a green run of make does not show by itself."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import clean_machine, debian_packages, demo, engine, environment, pythons


def script(path: Path, text: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def no_other_pythons(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


@pytest.mark.parametrize("form", ["directory", "interpreter"])
def test_pythons_come_from_the_variable(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_other_pythons: None
) -> None:
    interpreter = script(tmp_path / "extra/python3.12", "echo 3.12.99")
    monkeypatch.setenv(
        "REWRITEGEN_PYTHONS", str(interpreter if form == "interpreter" else interpreter.parent)
    )
    assert pythons.find() == {"3.12": interpreter}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "echo 'pyenv: python3.12: command not found' >&2; exit 127",
            id="shim of another version",
        ),
        pytest.param(
            "echo \"No module named 'ensurepip'\" >&2; exit 1", id="Debian without python3-venv"
        ),
        pytest.param("echo 3.11.2", id="another version than its name says"),
    ],
)
def test_pythons_that_do_not_work_do_not_count(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_other_pythons: None
) -> None:
    script(tmp_path / "bin/python3.12", text)
    monkeypatch.delenv("REWRITEGEN_PYTHONS", raising=False)
    assert pythons.find() == {}


def test_pythons_come_from_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_other_pythons: None
) -> None:
    good = script(tmp_path / "bin/python3.13", "echo 3.13.0")
    monkeypatch.delenv("REWRITEGEN_PYTHONS", raising=False)
    assert pythons.find() == {"3.13": good}


def test_the_probe_of_a_python_says_its_version() -> None:
    expected = ".".join(map(str, sys.version_info[:3]))
    assert pythons.version(Path(sys.executable)) == expected


def test_an_environment_is_fresh_until_pyproject_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, stamp = tmp_path / "pyproject.toml", tmp_path / "venv" / environment.STAMP
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    project.touch()
    assert not environment.is_fresh(stamp.parent)
    stamp.parent.mkdir()
    stamp.touch()
    assert environment.is_fresh(stamp.parent)
    later = stamp.stat().st_mtime_ns + 1_000_000
    os.utime(project, ns=(later, later))
    assert not environment.is_fresh(stamp.parent)


def test_services_are_forbidden_while_packages_are_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(debian_packages, "POLICY", policy)
    with debian_packages.no_service_starts():
        assert subprocess.run([policy, "nginx", "start"], check=False).returncode == 101
    assert not policy.exists()


def test_a_policy_that_is_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = script(tmp_path / "policy-rc.d", "exit 104")
    monkeypatch.setattr(debian_packages, "POLICY", policy)
    with debian_packages.no_service_starts():
        assert subprocess.run([policy], check=False).returncode == 104
    assert subprocess.run([policy], check=False).returncode == 104


def test_missing_packages_are_named_to_who_may_not_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(debian_packages, "NEEDED", {"/no/such/nginx": "nginx", "/": "base-files"})
    containers = {"/no/such/dockerd": "docker.io", "/no/such/debootstrap": "debootstrap"}
    monkeypatch.setattr(debian_packages, "FOR_CONTAINERS", containers)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("DOCKER_HOST", address := "unix:///somebody/else")
    assert debian_packages.main() == 1
    assert "install --no-install-recommends nginx debootstrap\n" in capsys.readouterr().err
    assert engine.found() == address
    monkeypatch.setattr(engine, "found", lambda: None)
    assert debian_packages.main() == 1
    assert "recommends nginx docker.io debootstrap\n" in capsys.readouterr().err


def test_the_wheels_of_the_demo_can_be_installed(tmp_path: Path) -> None:
    demo.write_wheel(tmp_path, "acme-greeting", "1.0")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--no-index",
        "--no-deps",
    ]
    wheel = tmp_path / "acme_greeting-1.0-py3-none-any.whl"
    subprocess.run([*pip, "--quiet", "--target", tmp_path / "site", wheel], check=True)
    run = [sys.executable, "-c", "import acme_greeting"]
    said = subprocess.run(
        run, cwd=tmp_path / "site", capture_output=True, text=True, check=True
    ).stdout
    assert said == "this is acme-greeting 1.0\n"


def test_the_mirror_of_the_demo_has_the_shape_of_bandersnatch(tmp_path: Path) -> None:
    demo.write_wheel(tmp_path / "fetched", "Acme.Greeting", "99.0", "six")
    (wheel,) = (tmp_path / "fetched").iterdir()
    demo.write_mirror(tmp_path / "web", [wheel])
    page = tmp_path / "web/simple/acme-greeting"
    (file,) = json.loads((page / "index.v1_json").read_text("utf-8"))["files"]
    assert file["hashes"] == {"sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()}
    assert (page / file["url"]).resolve().read_bytes() == wheel.read_bytes()
    assert (page / file["url"]).resolve().is_relative_to((tmp_path / "web/packages").resolve())
    for name in ("index.html", "index.v1_html"):
        assert f'href="{file["url"]}#sha256=' in (page / name).read_text("utf-8")


def test_pip_in_the_demo_knows_no_other_index(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_INDEX_URL", "PIP_FIND_LINKS", "UV_INDEX_URL", "https_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://elsewhere.example.org/")
    assert "http://elsewhere.example.org/" not in demo.hermetic().values()
    assert demo.hermetic()["PIP_CONFIG_FILE"] == "/dev/null"


def test_directories_that_pip_looks_into_are_known_to_the_clean_machine(tmp_path: Path) -> None:
    variables = {
        "PIP_FIND_LINKS": f"{tmp_path} /no/such/directory https://example.org/",
        "UV_FIND_LINKS": f"file://{tmp_path}/",
        "HOME": "/",
    }
    found = clean_machine.local_directories(variables)
    assert {str(tmp_path), f"{tmp_path}/"} <= set(found)
    assert not {"/", "/no/such/directory"} & set(found)
