"""The generated text of every example, as files to read; and that nothing but the YAML decides its bytes.

After a wanted change: REWRITEGEN_UPDATE_GOLDEN=1 python -m pytest tests/golden tests/unit/test_readme.py, then read the
diff. A changed line is a change for users and belongs in the CHANGELOG.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import crossplane
import pytest

from rewritegen import pypi
from rewritegen.plan import compile_plan
from rewritegen.servers import SERVER_NAMES, server
from rewritegen.servers.base import FINGERPRINT_PLACE, Files
from rewritegen.site import load_site

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))

each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
each_server = pytest.mark.parametrize("name", SERVER_NAMES)


@pytest.fixture(autouse=True)
def _pypi_is_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """Golden files name no registry: the word `pypi` means hosts under example.org here."""
    hosts = ("https://index.example.org/simple/", ("https://files.example.org/",))
    monkeypatch.setattr(pypi, "well_known", lambda: hosts)


def _rendered(example: Path, name: str) -> Files:
    program = server(name)
    plan = compile_plan(load_site(example))
    assert program.refusals(plan, "vhost", program.baseline) == ()
    return program.render(plan, "vhost", program.baseline)


def test_there_are_examples() -> None:
    assert {path.stem for path in EXAMPLES} >= {
        "quickstart",
        "netbook",
        "workstation",
        "team",
        "team-auth",
    }


@each_example
@each_server
def test_generated_text_is_the_golden_file(example: Path, name: str) -> None:
    ((_, text),) = _rendered(example, name).texts
    golden = GOLDEN / f"{example.stem}.{name}.conf"
    if "REWRITEGEN_UPDATE_GOLDEN" in os.environ:
        golden.write_text(text)
    assert golden.read_text() == text


@each_example
@each_server
def test_text_is_plain(example: Path, name: str) -> None:
    ((_, text),) = _rendered(example, name).texts
    assert text.isascii()
    assert text.endswith("\n")
    assert "\t" not in text
    assert "\r" not in text
    assert not re.search(r"[ ]$", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= 100


@each_example
@each_server
def test_text_proves_that_nobody_edited_it(example: Path, name: str) -> None:
    files = _rendered(example, name)
    ((path, text),) = files.texts
    assert text.count(files.fingerprint) >= 2  # in the header, and in the answer of /-/rewritegen
    zeroed = text.replace(files.fingerprint, FINGERPRINT_PLACE)
    assert hashlib.sha256(f"{path}\0{zeroed}\0".encode()).hexdigest() == files.fingerprint


@each_example
def test_crossplane_reads_the_nginx_text(example: Path, tmp_path: Path) -> None:
    """Non-strict: strict mode drops the entries of a `map` (measured with crossplane 0.5.8)."""
    _rendered(example, "nginx").write(tmp_path)
    (vhost,) = tmp_path.iterdir()
    main = tmp_path / "nginx.conf"
    main.write_text(f"events {{ }}\nhttp {{\n    include {vhost};\n}}\n")
    parsed = crossplane.parse(str(main), strict=False)
    assert (parsed["status"], parsed["errors"]) == ("ok", [])
    site = load_site(example)
    blocks = parsed["config"][1]["parsed"]
    *_, server_block = (block for block in blocks if block["directive"] == "server")
    arguments = {line["directive"]: line["args"] for line in server_block["block"]}
    assert arguments["server_name"] == [site.server_name]
    assert arguments["listen"][0] == str(site.listen[0])


@pytest.mark.parametrize("name", SERVER_NAMES)
def test_same_bytes_from_any_directory_locale_and_hash_seed(name: str, tmp_path: Path) -> None:
    site = (ROOT / "examples" / "netbook.yaml").read_bytes()
    outputs = {
        subprocess.run(
            [sys.executable, "-m", "rewritegen", "generate", "-", "--server", name],
            input=site,
            cwd=directory,
            env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        ).stdout
        for directory, seed, locale in (
            (ROOT, "0", "C"),
            (tmp_path, "1", "C.UTF-8"),
            (Path("/"), "7", "POSIX"),
        )
    }
    assert len(outputs) == 1
    assert next(iter(outputs))
