"""What the pages of a project say, in JSON and in HTML."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zipfile
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from rewritegen.pages.listing import offered_file, project_page
from rewritegen.pages.model import Reading, Stamp
from rewritegen.pages.render import human_size, render_project
from rewritegen.pages.scan import FoundFile
from rewritegen.pages.sidecars import Sidecars
from tests.support.dists import make_egg, make_sdist, make_wheel, metadata_text
from tests.support.indexing import INDEX_URL, Anchors, Bench, codes

MOMENT = 1_700_000_000  # 2023-11-14T22:13:20Z


def wheel(bench: Bench, version: str = "1.0", **options: object) -> Path:
    path = make_wheel(bench.root / "acme-foo", "acme-foo", version, **options)  # type: ignore[arg-type]
    os.utime(path, (MOMENT, MOMENT))
    return path


def test_json_of_one_wheel(bench: Bench) -> None:
    path = wheel(bench, requires_python=">=3.8,<4")
    report = bench.index()
    metadata = zipfile.ZipFile(path).read("acme_foo-1.0.dist-info/METADATA")
    advertised = {"sha256": hashlib.sha256(metadata).hexdigest()}
    assert codes(report) == []
    assert bench.json("acme-foo") == {
        "meta": {"api-version": "1.4"},
        "name": "acme-foo",
        "versions": ["1.0"],
        "files": [
            {
                "filename": "acme_foo-1.0-py3-none-any.whl",
                "url": "../../files/team/acme-foo/acme_foo-1.0-py3-none-any.whl",
                "hashes": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
                "size": path.stat().st_size,
                "upload-time": "2023-11-14T22:13:20Z",
                "requires-python": ">=3.8,<4",
                "core-metadata": advertised,
                "yanked": False,
            }
        ],
    }
    copy = bench.state / "metadata/team/acme-foo/acme_foo-1.0-py3-none-any.whl.metadata"
    assert copy.read_bytes() == metadata


def test_html_of_one_wheel(bench: Bench) -> None:
    path = wheel(bench, requires_python=">=3.8,<4")
    bench.index()
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    metadata = zipfile.ZipFile(path).read("acme_foo-1.0.dist-info/METADATA")
    advertised = f"sha256={hashlib.sha256(metadata).hexdigest()}"
    page = bench.page("acme-foo")
    anchors = Anchors(page)
    assert page.startswith("<!DOCTYPE html>\n")
    assert anchors.metas["pypi:repository-version"] == "1.4"
    assert anchors.files == {
        "acme_foo-1.0-py3-none-any.whl": {
            "href": f"../../files/team/acme-foo/acme_foo-1.0-py3-none-any.whl#sha256={sha256}",
            "data-requires-python": ">=3.8,<4",
            "data-core-metadata": advertised,
            "data-dist-info-metadata": advertised,
        }
    }
    assert 'data-requires-python="&gt;=3.8,&lt;4"' in page
    assert f"pip install --index-url {INDEX_URL} acme-foo" in page


def test_both_html_pages_are_the_same_and_each_page_has_a_gz_of_the_same_time(bench: Bench) -> None:
    wheel(bench)
    bench.index()
    for directory in (bench.state / "pages/team/acme-foo", bench.state / "root"):
        assert (directory / "index.html").read_bytes() == (directory / "index.v1_html").read_bytes()
        for form in ("html", "v1_html", "v1_json"):
            page, packed = directory / f"index.{form}", directory / f"index.{form}.gz"
            assert gzip.decompress(packed.read_bytes()) == page.read_bytes()
            assert packed.stat().st_mtime_ns == page.stat().st_mtime_ns
            assert packed.read_bytes()[4:8] == b"\0\0\0\0"  # no time inside: same page, same bytes
            assert page.stat().st_mode & 0o444 == 0o444


@pytest.mark.parametrize(
    ("text", "in_json", "in_html"),
    [
        pytest.param(b"", True, "", id="without a reason"),
        pytest.param(b"broken\n", "broken", "broken", id="reason"),
        pytest.param(
            b"<script>\"&'</script>", "<script>\"&'</script>", "<script>\"&'</script>", id="markup"
        ),
        pytest.param(b"a\x00b\x1b[31mc\r\nd", "a b [31mc d", "a b [31mc d", id="control"),
        pytest.param(
            "caf\u00e9 \u202e".encode(), "caf\u00e9 \u202e", "caf\u00e9 \u202e", id="bidi"
        ),
        pytest.param(b"caf\xe9", "caf\ufffd", "caf\ufffd", id="no UTF-8"),
    ],
)
def test_yanked(bench: Bench, text: bytes, in_json: str | bool, in_html: str) -> None:
    path = wheel(bench)
    path.with_name(f"{path.name}.yanked").write_bytes(text)
    bench.index()
    assert bench.json("acme-foo")["files"][0]["yanked"] == in_json
    assert Anchors(bench.page("acme-foo")).files[path.name]["data-yanked"] == in_html


def test_yanking_and_taking_it_back_changes_the_page(bench: Bench) -> None:
    path = wheel(bench)
    bench.index()
    mark = path.with_name(f"{path.name}.yanked")
    mark.write_text("no")
    assert bench.index().sources[0].written == 1
    assert bench.json("acme-foo")["files"][0]["yanked"] == "no"
    mark.unlink()
    assert bench.index().sources[0].written == 1
    assert bench.json("acme-foo")["files"][0]["yanked"] is False


def test_a_yank_mark_that_cannot_be_read_yanks_all_the_same(bench: Bench) -> None:
    path = wheel(bench)
    path.with_name(f"{path.name}.yanked").symlink_to("nowhere")
    report = bench.index()
    assert codes(report) == ["RG519"]
    assert bench.json("acme-foo")["files"][0]["yanked"] is True


def test_signature_and_provenance(bench: Bench) -> None:
    path = wheel(bench)
    path.with_name(f"{path.name}.asc").touch()
    path.with_name(f"{path.name}.provenance").touch()
    bench.index()
    entry = bench.json("acme-foo")["files"][0]
    attributes = Anchors(bench.page("acme-foo")).files[path.name]
    url = f"https://packages.example.org/files/team/acme-foo/{path.name}.provenance"
    assert (entry["gpg-sig"], entry["provenance"]) == (True, url)
    assert (attributes["data-gpg-sig"], attributes["data-provenance"]) == ("true", url)
    assert len(Anchors(bench.page("acme-foo")).files) == 1


def test_without_tls_there_is_no_provenance_url(bench: Bench) -> None:
    path = wheel(bench)
    path.with_name(f"{path.name}.provenance").touch()
    bench.index_url = "http://packages.example.org/simple/"
    bench.index()
    assert "provenance" not in bench.json("acme-foo")["files"][0]


@pytest.mark.parametrize("status", ["active", "archived", "deprecated"])
def test_project_status(bench: Bench, status: str) -> None:
    wheel(bench)
    (bench.root / "acme-foo" / ".project-status").write_text(f"{status} use <acme-bar>\n")
    assert codes(bench.index()) == []
    assert bench.json("acme-foo")["project-status"] == {
        "status": status,
        "reason": "use <acme-bar>",
    }
    metas = Anchors(bench.page("acme-foo")).metas
    assert metas["pypi:project-status"] == status
    assert metas["pypi:project-status-reason"] == "use <acme-bar>"
    assert len(bench.json("acme-foo")["files"]) == 1


def test_quarantined_means_that_nothing_is_offered(bench: Bench) -> None:
    wheel(bench)
    (bench.root / "acme-foo" / ".project-status").write_text("quarantined")
    bench.index()
    document = bench.json("acme-foo")
    assert (document["files"], document["versions"]) == ([], [])
    assert document["project-status"] == {"status": "quarantined"}
    assert Anchors(bench.page("acme-foo")).files == {}


def test_an_unknown_status_is_reported_and_not_shown(bench: Bench) -> None:
    wheel(bench)
    (bench.root / "acme-foo" / ".project-status").write_text("retired")
    assert codes(bench.index()) == ["RG515"]
    assert "project-status" not in bench.json("acme-foo")


def test_versions_are_in_the_order_of_versions_without_duplicates(bench: Bench) -> None:
    for version in ("1.10", "1.9", "1.0", "1.0.0", "2.0rc1", "2!0.1"):
        wheel(bench, version)
    make_sdist(bench.root / "acme-foo", "acme-foo", "1.9")
    bench.index()
    document = bench.json("acme-foo")
    assert document["versions"] == ["1.0.0", "1.9", "1.10", "2.0rc1", "2!0.1"]
    assert len(document["files"]) == 7
    order = [page.split("<")[0] for page in bench.page("acme-foo").split("<h2>")[1:]]
    assert order == ["2!0.1", "2.0rc1", "1.10", "1.9", "1.0.0", "1.0"]


def test_a_plus_in_a_file_name_is_encoded_because_servers_differ_on_it(bench: Bench) -> None:
    wheel(bench, "1.0+local.1")
    bench.index()
    entry = bench.json("acme-foo")["files"][0]
    assert entry["filename"] == "acme_foo-1.0+local.1-py3-none-any.whl"
    assert entry["url"] == "../../files/team/acme-foo/acme_foo-1.0%2Blocal.1-py3-none-any.whl"
    link = Anchors(bench.page("acme-foo")).files[entry["filename"]]["href"]
    assert str(link).startswith(f"{entry['url']}#sha256=")


@pytest.mark.parametrize("suffix", [".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz"])
def test_sdist_formats(bench: Bench, suffix: str) -> None:
    path = make_sdist(bench.root / "acme-foo", "acme-foo", "1.0", suffix=suffix)
    assert codes(bench.index()) == []
    assert bench.filenames("acme-foo") == [path.name]
    assert bench.metadata() == [f"acme-foo/{path.name}.metadata"]


@pytest.mark.parametrize(
    ("metadata_version", "extra", "advertised"),
    [
        pytest.param("2.1", "", False, id="before PEP 643 nothing says that it is static"),
        pytest.param("2.2", "", True, id="static"),
        pytest.param("2.4", "Dynamic: License-File\n", True, id="a field that no resolver reads"),
        pytest.param("2.2", "Dynamic: Requires-Dist\n", False, id="dependencies"),
        pytest.param("2.2", "Dynamic: requires-python\n", False, id="other case"),
        pytest.param("2.2", "Dynamic: Summary\nDynamic: Provides-Extra\n", False, id="extras"),
        pytest.param("two", "", False, id="no version"),
    ],
)
def test_metadata_of_an_sdist_is_advertised_when_a_build_would_give_the_same(
    bench: Bench, metadata_version: str, extra: str, advertised: bool
) -> None:
    make_sdist(
        bench.root / "acme-foo", "acme-foo", "1.0", metadata_version=metadata_version, extra=extra
    )
    bench.index()
    entry = bench.json("acme-foo")["files"][0]
    assert bool(entry["core-metadata"]) is advertised
    assert len(bench.metadata()) == advertised


def test_a_dynamic_requires_python_is_not_repeated(bench: Bench) -> None:
    fields = {"requires_python": ">=3.8", "extra": "Dynamic: Requires-Python\n"}
    make_sdist(bench.root / "acme-foo", "acme-foo", "1.0", **fields)
    bench.index()
    assert "requires-python" not in bench.json("acme-foo")["files"][0]


def test_an_old_sdist_without_metadata_is_offered_by_its_directory(bench: Bench) -> None:
    make_sdist(bench.root / "acme-foo", "acme-foo", "1.0", with_pkg_info=False)
    assert codes(bench.index()) == []
    assert bench.json("acme-foo")["files"][0]["core-metadata"] is False


def test_an_egg_is_offered_without_metadata(bench: Bench) -> None:
    path = make_egg(bench.root / "acme-foo", "acme-foo", "1.0")
    assert codes(bench.index()) == []
    assert bench.filenames("acme-foo") == [path.name]
    assert bench.metadata() == []


@pytest.mark.parametrize("value", ["three", ">=3,\u00e9", ">= 3\n Requires-Python: >=4", "===\x01"])
def test_a_requires_python_that_nobody_can_read_is_reported_and_left_out(
    bench: Bench, value: str
) -> None:
    wheel(bench, metadata=metadata_text("acme-foo", "1.0", extra=f"Requires-Python: {value}\n"))
    report = bench.index()
    assert codes(report) == ["RG514"]
    assert report.exit_code == 0
    assert "requires-python" not in bench.json("acme-foo")["files"][0]


def test_the_root_list_has_private_projects_only_and_links_to_them(bench: Bench) -> None:
    wheel(bench)
    make_wheel(bench.root / "Acme.Bar", "acme-bar", "1.0")
    (bench.root / "empty").mkdir()
    bench.index()
    assert bench.listed() == ["acme-bar", "acme-foo"]
    page = (bench.state / "root" / "index.html").read_text()
    assert [(text, link["href"]) for text, link in Anchors(page).found] == [
        ("acme-bar", "acme-bar/"),
        ("acme-foo", "acme-foo/"),
    ]
    assert json.loads((bench.state / "root" / "index.v1_json").read_text())["meta"] == {
        "api-version": "1.4"
    }


def test_a_page_has_no_link_but_the_files_and_the_list(bench: Bench) -> None:
    path = wheel(bench)
    path.with_name(f"{path.name}.asc").touch()
    bench.index()
    page = bench.page("acme-foo")
    assert [text for text, _ in Anchors(page).found] == ["All projects", path.name]
    assert "<script" not in page
    assert "<link" not in page
    assert "<base" not in page
    assert "src=" not in page


@pytest.mark.parametrize("seconds", [-70_000_000_000, 1_000_000_000_000])
def test_a_file_time_that_is_no_date_leaves_the_upload_time_out(bench: Bench, seconds: int) -> None:
    stamp = Stamp(size=1, mtime_ns=seconds * 1_000_000_000, inode=1)
    found = FoundFile("a/a-1.tar.gz", "a-1.tar.gz", "sdist", stamp, Sidecars())
    file = offered_file(bench.tree, INDEX_URL, found, Reading(stamp, "a", "1", "ab"))
    page = project_page(canonicalize_name("a"), [file], None)
    assert (
        "upload-time"
        not in json.loads(render_project(page, INDEX_URL)["index.v1_json"])["files"][0]
    )


@pytest.mark.parametrize(
    ("versions", "yanked", "latest"),
    [
        (["1.0", "1.9", "1.10"], [], "1.10"),
        (["1.0", "2.0rc1"], [], "1.0"),
        (["1.0", "2.0"], ["2.0"], "1.0"),
        (["1.0rc1", "1.0rc2"], ["1.0rc2"], "1.0rc1"),
        (["1.0", "2.0"], ["1.0", "2.0"], "2.0"),
    ],
)
def test_the_version_in_the_heading_is_the_one_that_an_installer_takes(
    bench: Bench, versions: list[str], yanked: list[str], latest: str
) -> None:
    for version in versions:
        path = wheel(bench, version)
        if version in yanked:
            path.with_name(f"{path.name}.yanked").touch()
    bench.index()
    assert f"<h1>acme-foo <small>{latest}</small></h1>" in bench.page("acme-foo")


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (12_345, "12.3 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (2_500_000_000, "2.5 GB"),
        (5_000_000_000_000_000, "5000 TB"),
    ],
)
def test_sizes_for_people(size: int, shown: str) -> None:
    assert human_size(size) == shown
