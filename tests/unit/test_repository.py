"""What every tracked file of this repository keeps to."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: Joined from pieces, so that this file does not hold what it forbids.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("snapshot", "debian", "org"),
        ("npmjs", "org"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
        ("docker", "io"),
    )
]
#: Where this project happened to be developed.
MACHINE_PATHS = ["/".join(("", *parts)) for parts in (("work", ""), ("root", ""), ("tmp", "rg"))]

#: A Debian package, not a host; devpi's stage of its user root, not a home directory.
ALLOWED = re.compile(r"(?<![\w.])docker\.io(?![\w./])|/root/pypi/")

#: As the real tools wrote them; the last line of bandersnatch's pages has no end.
RECORDED = re.compile(r"tests/(?:data|fixtures|trees)/")

MODULE_LINES = 350


def tracked() -> list[str]:
    """The tracked files, relative to the top."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout")
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def texts() -> dict[str, str]:
    """The tracked text files; the others hold a NUL byte."""
    read = {name: (ROOT / name).read_bytes() for name in tracked()}
    return {name: data.decode() for name, data in read.items() if b"\0" not in data}


def lines_with(pieces: list[str], allowed: re.Pattern[str] = ALLOWED) -> list[str]:
    """``file:line`` of every place in the tracked files that holds one of ``pieces`` in any case."""
    # Not within a URL or a longer path: devpi's URLs have a user called root.
    forbidden = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, pieces))})", re.IGNORECASE)
    return [
        f"{name}:{number}"
        for name, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if forbidden.search(allowed.sub("", line))
    ]


def test_no_file_names_the_host_of_a_registry() -> None:
    assert lines_with(REGISTRY_HOSTS) == []


def test_no_file_holds_a_path_of_the_machine_that_made_it() -> None:
    assert lines_with(MACHINE_PATHS) == []


def test_the_search_finds_what_is_there() -> None:
    assert any(
        place.startswith("tests/unit/test_repository.py:")
        for place in lines_with(["registry_HOSTS"])
    )
    assert lines_with(["allowed"], re.compile("(?i)allowed")) == []


def test_modules_are_small() -> None:
    modules = (ROOT / "rewritegen").rglob("*.py")
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in modules
    }
    assert {name: length for name, length in lengths.items() if length > MODULE_LINES} == {}


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}
    assert [name for name in tracked() if Path(name).name in drawers] == []


def test_text_files_end_with_a_newline_and_hold_no_carriage_return() -> None:
    ours = {name: text for name, text in texts().items() if not RECORDED.match(name)}
    assert [name for name, text in ours.items() if text and not text.endswith("\n")] == []
    assert [name for name, text in ours.items() if "\r" in text] == []


@pytest.mark.parametrize(
    "name", ["README.md", "CHANGELOG.md", "RATIONALE.md", "CONTRIBUTING.md", "LICENSE"]
)
def test_document_is_there(name: str) -> None:
    assert len((ROOT / name).read_text("utf-8").splitlines()) > 5
