"""The legacy JSON that ``rewritegen index`` writes: what it says, and when it is written and taken away."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from rewritegen.pages import IndexReport, run_index
from tests.support.dists import make_egg, make_sdist, make_wheel
from tests.support.indexing import INDEX_URL, Bench

METADATA = (
    "Summary: greets\nAuthor: Anna\nAuthor-email: anna@example.org\nLicense: MIT\n"
    "Keywords: a,b\nClassifier: Topic :: Utilities\nProject-URL: Docs, https://docs.example.org/\n"
)


def index(bench: Bench) -> IndexReport:
    return run_index(replace(bench.job, legacy_json=True), jobs=2)


def place(bench: Bench, name: str = "acme-foo") -> Path:
    return bench.state / "pages" / "team" / name / "legacy.json"


def document(bench: Bench, name: str = "acme-foo") -> dict[str, Any]:
    path = place(bench, name)
    assert gzip.decompress(path.with_suffix(".json.gz").read_bytes()) == path.read_bytes()
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def test_what_it_says(bench: Bench) -> None:
    root = bench.root / "Acme.Foo"
    make_sdist(root, "Acme.Foo", "1.0")
    wheel = make_wheel(
        root, "Acme.Foo", "1.1", requires=["acme-bar>=1"], requires_python=">=3.9", extra=METADATA
    )
    make_wheel(root, "Acme.Foo", "2.0rc1")
    make_egg(root, "Acme.Foo", "0.9")
    assert index(bench).exit_code == 0
    found = document(bench)
    assert set(found) == {"info", "last_serial", "releases", "urls", "vulnerabilities"}
    info = found["info"]
    said = {key: info[key] for key in ("name", "version", "summary", "author", "license")}
    assert said == {
        "name": "Acme.Foo",
        "version": "1.1",
        "summary": "greets",
        "author": "Anna",
        "license": "MIT",
    }
    assert (info["requires_dist"], info["requires_python"]) == (["acme-bar>=1"], ">=3.9")
    assert (info["keywords"], info["classifiers"]) == ("a,b", ["Topic :: Utilities"])
    assert info["project_urls"] == {"Docs": "https://docs.example.org/"}
    kinds = {
        version: [(file["packagetype"], file["python_version"]) for file in files]
        for version, files in found["releases"].items()
    }
    assert kinds == {
        "0.9": [("bdist_egg", "2.7")],
        "1.0": [("sdist", "source")],
        "1.1": [("bdist_wheel", "py3")],
        "2.0rc1": [("bdist_wheel", "py3")],
    }
    (file,) = found["urls"]
    assert file == found["releases"]["1.1"][0]
    assert file["url"] == f"{INDEX_URL.removesuffix('simple/')}files/team/Acme.Foo/{wheel.name}"
    assert file["digests"] == {"sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()}
    assert (file["size"], file["requires_python"]) == (wheel.stat().st_size, ">=3.9")
    assert (file["yanked"], file["yanked_reason"]) == (False, None)
    assert f"{file['upload_time']}Z" == file["upload_time_iso_8601"]


def test_yanked_and_quarantined(bench: Bench) -> None:
    wheel = make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    wheel.with_name(f"{wheel.name}.yanked").write_text("broken")
    make_wheel(bench.root / "acme-bar", "acme-bar", "1.0")
    (bench.root / "acme-bar" / ".project-status").write_text("quarantined")
    index(bench)
    info = document(bench)["info"]
    assert (info["yanked"], info["yanked_reason"]) == (True, "broken")
    assert document(bench)["urls"][0]["yanked_reason"] == "broken"
    held = document(bench, "acme-bar")
    assert (held["releases"], held["urls"], held["info"]["version"]) == ({}, [], "")


def test_it_is_written_when_it_is_wanted_and_only_then(bench: Bench) -> None:
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.0")
    bench.index()
    assert not place(bench).exists()
    assert index(bench).sources[0].written == 1
    before = place(bench).stat().st_mtime_ns
    assert index(bench).sources[0].written == 0
    assert place(bench).stat().st_mtime_ns == before
    make_wheel(bench.root / "acme-foo", "acme-foo", "1.1")
    index(bench)
    assert list(document(bench)["releases"]) == ["1.0", "1.1"]
    place(bench).unlink()
    index(bench)
    assert place(bench).exists()
    bench.index()
    assert not place(bench).exists()
    assert not place(bench).with_suffix(".json.gz").exists()
