"""``rewritegen cache``: tables, JSON, messages and exit codes, on copies made by hand."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from rewritegen import cli_cache
from rewritegen.cli import main
from rewritegen.copies.current import file_hosts
from rewritegen.digests import file_digest, page_digest
from rewritegen.plan import compile_plan
from rewritegen.site import load_site
from tests.support.cache_files import NOW, keep, keep_in_apache

WHEEL = "ab/Six_Seven-1.0-py3-none-any.whl"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two minutes after the copies were made, in UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(cli_cache, "time", SimpleNamespace(time=lambda: NOW + 120.0))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with a page in three kinds and a file of one project, a page of another, and copies of other sites."""
    path = tmp_path / "site.yaml"
    cache = tmp_path / "cache"
    settings = {
        "server_name": "packages.example.org",
        "private": [{"path": str(tmp_path / "team"), "listing": "automatic"}],
        "fallbacks": [{"name": "public", "proxy": "https://index.example.org/simple/"}],
        "cache": {"path": str(cache)},
    }
    path.write_text(yaml.safe_dump(settings))
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / ".rewritegen-root").touch()
    plan = compile_plan(load_site(str(path)))
    (step,) = plan.steps_with_upstream
    (host,) = [one for one in file_hosts(plan) if one.number == 0]
    page, file = page_digest(step.upstream), file_digest(host.fetch)
    links = {"files": [{"url": f"../../files/public/{name}"} for name in (WHEEL, "b/x-2.whl")]}
    body = json.dumps(links).encode()
    for form, coding in (("html", "gzip"), ("v1_json", "identity"), ("v1_json", "gzip")):
        keep(cache / "nginx", f"pages/public/six-seven/{form}/{coding}/{page}", body)
    keep(cache / "nginx", f"files/public/0-{file}/{WHEEL}", b"x" * 2000, fresh=86400)
    keep(cache / "nginx", f"pages/public/eight/html/identity/{page}")
    keep(cache / "nginx", "pages/other/six-seven/html/identity/0123abcd")
    keep_in_apache(cache / "apache", f"files/public/0-{file}/README.txt", b"x" * 5000)
    (cache / "nginx" / ("0" * 32)).touch()
    return path


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A site without a cache."""
    path = tmp_path / "bare.yaml"
    path.write_text(f"server_name: packages.example.org\nprivate: [{{path: {tmp_path}/team}}]\n")
    path.write_text(path.read_text() + f"state: {tmp_path}/state\n")
    return path


def files(site: Path) -> int:
    """How many files there are in the caches."""
    return sum(path.is_file() for path in (site.parent / "cache").rglob("*"))


LIST = """\
PROJECT       SOURCE  PAGES                             FILES  SIZE     AGE  FRESH UNTIL       STANDS IN UNTIL
eight         public  html identity                     0      432 B    2m   2027-01-15 08:10  2027-01-15 09:10
six-seven     public  html gzip, v1_json gzip+identity  1      4.0 KiB  2m   2027-01-15 08:10  2027-01-15 09:10
(no project)  public  -                                 1      5.1 KiB  2m   2027-01-15 08:10  2027-02-14 08:10
"""


def test_the_list(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", str(site)]) == 0
    out, err = capsys.readouterr()
    assert out == LIST
    assert err.splitlines() == [
        "1 copies of other sites are left out",
        "1 files in an unknown format are left alone",
        "3 projects, 6 copies, 9.5 KiB",
    ]


def test_the_list_of_one_project_has_every_copy(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cache", str(site), "list", "Six.Seven"]) == 0
    rows, copies = capsys.readouterr().out.split("\n\n")
    assert [line.split()[0] for line in rows.splitlines()] == ["PROJECT", "six-seven"]
    kinds = [line.split()[0].rpartition("/")[0] for line in copies.splitlines()[1:]]
    assert sorted(kinds)[1:] == [
        "pages/public/six-seven/html/gzip",
        "pages/public/six-seven/v1_json/gzip",
        "pages/public/six-seven/v1_json/identity",
    ]
    assert WHEEL in copies


def test_json_says_everything(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", str(site), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["directories"] == [
        str(site.parent / "cache" / name) for name in ("nginx", "apache")
    ]
    assert (found["foreign"], found["unknown"]) == (1, 1)
    by_name = {one["project"]: one for one in found["projects"]}
    assert list(by_name) == ["eight", "six-seven", None]
    (file,) = by_name["six-seven"]["files"]
    assert {key: file[key] for key in ("path", "server", "status", "used", "since")} == {
        "path": WHEEL,
        "server": "nginx",
        "status": 200,
        "used": True,
        "since": "2027-01-15T08:00:00Z",
    }
    assert file["stands_until"] == "2027-01-16T09:00:00Z"
    assert by_name[None]["files"][0]["stands_until"] == "2027-02-14T08:10:00Z"


OFFLINE = """\
PROJECT    SOURCE  PAGES                             FILES KEPT  STANDS IN UNTIL   NOTE
six-seven  public  v1_json gzip+identity, html gzip  1 of 2      2027-01-15 09:10

public, the page links to no file here: eight
"""


def test_offline(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", str(site), "--offline"]) == 0
    out, err = capsys.readouterr()
    assert out == OFFLINE
    assert err.endswith("1 of 2 projects have a page and a file\n")


def test_offline_of_one_project_names_files(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", str(site), "list", "six-seven", "--offline"]) == 0
    assert capsys.readouterr().out.split("\n\n")[1].splitlines() == [
        "kept      Six_Seven-1.0-py3-none-any.whl",
        "not kept  x-2.whl",
    ]


def test_offline_as_json(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", str(site), "--offline", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["projects"]
    assert [(one["project"], one["of_use"], one["missing"]) for one in found] == [
        ("eight", False, []),
        ("six-seven", True, ["x-2.whl"]),
    ]


def test_purge(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(site)
    assert main(["cache", str(site), "purge", "SIX_seven", "--dry-run"]) == 0
    dry = capsys.readouterr()
    assert files(site) == before
    assert main(["cache", str(site), "purge", "six-seven"]) == 0
    wet = capsys.readouterr()
    assert dry.out == wet.out
    assert (len(wet.out.splitlines()), files(site)) == (4, before - 4)
    assert dry.err.endswith("4 copies, 4.0 KiB, would be removed\n")
    assert wet.err.endswith("4 copies, 4.0 KiB, removed\n")
    assert main(["cache", str(site), "purge", "six-seven"]) == 1
    assert capsys.readouterr().err.endswith("nothing is kept of six-seven\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["list", "nine"], 1, "nothing is kept of nine", id="no such project"),
        pytest.param(["purge"], 2, "name of a project", id="purge without a name"),
        pytest.param(["purge", "-x-"], 2, "", id="an option that is none"),
        pytest.param(["purge", "six seven"], 2, "is not a project name", id="no name"),
        pytest.param(["purge", "six", "--offline"], 2, "takes the name", id="purge offline"),
        pytest.param(["empty", "six"], 2, "", id="unknown action"),
        pytest.param(["--dry-run"], 2, "goes with purge", id="dry list"),
        pytest.param(["--source", "other"], 2, "with copies: public", id="unknown source"),
        pytest.param(["--source", "public"], 0, "3 projects", id="a source"),
        pytest.param(["--dir", "/nowhere"], 2, "no directory", id="unknown directory"),
    ],
)
def test_exit_codes(
    site: Path, arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(site)
    assert main(["cache", str(site), *arguments]) == code
    assert said in capsys.readouterr().err
    assert files(site) == before


def test_another_directory(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    link = site.parent / "link"
    link.symlink_to(site.parent / "cache" / "apache")
    assert main(["cache", str(site), "--dir", str(link)]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == ["PROJECT", "(no"]
    assert err == "1 projects, 1 copies, 5.1 KiB\n"


def test_a_cache_that_is_not_there_yet_is_empty(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (site.parent / "cache").rename(site.parent / "elsewhere")
    for arguments in ([], ["--offline"]):
        assert main(["cache", str(site), *arguments]) == 0
        assert capsys.readouterr().out == ""


def test_a_site_without_a_cache_says_what_to_write(
    bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cache", str(bare)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "add `cache: {path: /var/cache/rewritegen, size: 20g}`" in err


def test_copies_of_an_earlier_configuration_are_shown_and_purged(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(site.parent / "cache" / "nginx", "pages/public/old/html/gzip/00000000")
    assert main(["cache", str(site), "list", "old"]) == 0
    row, copy = capsys.readouterr().out.split("\n\n")
    assert row.splitlines()[1].split()[:4] == ["old", "public", "-", "0"]
    assert copy.splitlines()[1].startswith(
        "pages/public/old/html/gzip/00000000 (of an earlier configuration)  "
    )
    assert main(["cache", str(site), "list", "old", "--offline"]) == 0
    assert "no page of it stands in" in capsys.readouterr().out
    assert main(["cache", str(site), "purge", "old"]) == 0
    assert main(["cache", str(site), "list", "old"]) == 1
