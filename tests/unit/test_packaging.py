"""The wheel and the sdist that pyproject.toml describes, built and installed for real, without a network."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from rewritegen import __version__

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str | Path, cwd: Path, text: str | None = None) -> str:
    """The standard output of a command that must succeed."""
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COV"))
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def build(source: Path, target: Path, kind: str) -> Path:
    """The distribution that hatchling builds from ``source``."""
    run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", target, cwd=source)
    (built,) = target.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("sdist"), "sdist")


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_wheel_holds_the_package_with_the_templates_and_nothing_else(wheel: Path) -> None:
    held = contents(wheel)
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "rewritegen").rglob("*")
        if path.suffix in {".py", ".typed"}
    } | {
        f"rewritegen/_templates/{path.relative_to(ROOT / 'templates').as_posix()}"
        for path in (ROOT / "templates").rglob("*")
        if path.is_file()
    }
    expected.add(f"rewritegen-{__version__}.data/data/share/man/man1/rewritegen.1")
    information = f"rewritegen-{__version__}.dist-info/"
    assert {name for name in held if not name.startswith(information)} == expected
    assert any(name.endswith(".j2") for name in expected)


def test_wheel_metadata(wheel: Path) -> None:
    held = contents(wheel)
    information = f"rewritegen-{__version__}.dist-info"
    metadata = email.message_from_bytes(held[f"{information}/METADATA"])
    assert wheel.name == f"rewritegen-{__version__}-py3-none-any.whl"
    assert metadata["Name"] == "rewritegen"
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.10"
    assert b"rewritegen = rewritegen.cli:main" in held[f"{information}/entry_points.txt"]
    assert held[f"{information}/licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()


def test_sdist_builds_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(tmp_path, filter="data")
        else:  # 3.11.2 of Debian 12
            archive.extractall(tmp_path)
    unpacked = tmp_path / f"rewritegen-{__version__}"
    assert (unpacked / "tests/unit/test_packaging.py").is_file()
    assert (unpacked / "Makefile").is_file()
    again = build(unpacked, tmp_path / "again", "wheel")
    assert contents(again) == contents(wheel)


def test_installed_elsewhere_it_finds_its_templates(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv/bin/python"
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--python",
        python,
    ]
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", wheel, cwd=tmp_path)
    # Its dependencies are the ones of this environment. A .pth file in *their* directory is not read from there, so
    # the editable rewritegen of this environment stays invisible.
    scheme = {"base": str(tmp_path / "venv"), "platbase": str(tmp_path / "venv")}
    site_packages = Path(
        sysconfig.get_path(
            "purelib", "venv" if sys.version_info >= (3, 11) else "posix_prefix", scheme
        )
    )
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")

    where = run(python, "-c", "import rewritegen; print(rewritegen.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(tmp_path / "venv")
    rewritegen = tmp_path / "venv/bin/rewritegen"
    site = run(rewritegen, "init", cwd=tmp_path)
    for server in ("nginx", "apache"):
        text = run(rewritegen, "generate", "-", "--server", server, cwd=tmp_path, text=site)
        assert "rg_" in text
        assert str(ROOT) not in text
