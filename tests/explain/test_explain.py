"""``rewritegen explain``: the answer, why, where it stands, and what is said when this machine cannot know."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from rewritegen.cli import main
from rewritegen.explain import here

SITE = """\
server_name: packages.example.org
state: {root}/state
private:
  - {{name: team, path: {root}/team, claims: [acme-*, secret-tool]}}
  - {{name: lab, path: {root}/lab}}
fallbacks:
  - {{name: netbook, mirror: {root}/web, layout: static}}
  - {{name: index, proxy: "https://index.example.org/simple/", files: ["https://files.example.org/"]}}
cache: {{path: {root}/cache}}
"""


@pytest.fixture(autouse=True)
def _usual_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest-xdist tells its workers how wide its own terminal is."""
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with one private page, one scanned name and one page in its mirror."""
    for name in ("team", "lab"):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".rewritegen-root").touch()
    for path in ("names/~rewritegen-names", "names/old", "pages/team/acme-foo/index.html"):
        file = tmp_path / "state" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (tmp_path / "web" / "six").mkdir(parents=True)
    (tmp_path / "web" / "six" / "index.html").touch()
    written = tmp_path / "site.yaml"
    written.write_text(SITE.format(root=tmp_path))
    return written


def explained(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> list[Any]:
    """What --format json says."""
    assert main(["explain", *argv, "--format", "json"]) == code
    data = json.loads(capsys.readouterr().out)
    assert isinstance(data, list)
    return data


def text(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> str:
    assert main(["explain", *argv]) == code
    return capsys.readouterr().out


ANSWERS = [
    pytest.param("acme-foo", 200, "private/team", 4, id="private page"),
    pytest.param("acme-bar", 404, "none", 4, id="claimed"),
    pytest.param("secret-tool", 404, "none", 4, id="claimed name"),
    pytest.param("old", 404, "none", 2, id="scanned"),
    pytest.param("six", 200, "mirror/netbook", 7, id="mirror"),
    pytest.param("GET /simple/six/ HTTP/1.1", 200, "mirror/netbook", 7, id="from a log"),
    pytest.param("POST /simple/six/", 405, "none", None, id="method"),
    pytest.param("/simple//six/", 404, "none", None, id="grammar"),
    pytest.param("/files/lab/x-1.0.whl", 404, "private/lab", 5, id="file"),
    pytest.param("/files/index/acme-foo-1.0.whl", 404, "none", 8, id="file of a claimed project"),
    pytest.param(
        "http://packages.example.org:8080/simple/six/?x=1", 200, "mirror/netbook", 7, id="url"
    ),
]


@pytest.mark.parametrize(("words", "status", "source", "line"), ANSWERS)
def test_the_answer_and_the_line_that_decides(
    words: str,
    status: int,
    source: str,
    line: int | None,
    site: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (data,) = explained(capsys, str(site), words)
    (outcome,) = data["outcomes"]
    assert (outcome["status"], outcome["source"], outcome["asked"]) == (status, source, [])
    (decided,) = [rule for rule in data["rules"] if rule["decided"]]
    assert data["rules"][-1] == decided
    if line is not None:
        assert line in [place["line"] for place in decided["yaml"]]
    for server in ("nginx", "apache"):
        assert decided["generated"][server]


def test_the_claim_that_covers_a_name_is_named_and_no_other(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data,) = explained(capsys, str(site), "secret-tool")
    (place,) = data["rules"][-1]["yaml"]
    assert place["text"][place["column"] - 1 :].startswith("secret-tool]")


def test_what_depends_on_an_upstream_is_said_for_each_of_its_answers(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data,) = explained(capsys, str(site), "requests")
    url = "https://index.example.org/simple/requests/"
    said = [(one["condition"], one["status"], one["source"]) for one in data["outcomes"]]
    assert said == [
        (f"{url} has it", 200, "proxy/index"),
        ("it says 404", 404, "none"),
        ("it does not answer, and no copy is kept", 502, "none"),
    ]
    (asks,) = [rule for rule in data["rules"] if rule["depends_on_upstream"]]
    assert asks["key"] == "fallbacks[1]"
    shown = text(capsys, str(site), "requests")
    assert "nobody has been asked" in shown
    assert f"asks {url}" in shown
    assert "rewritegen cache site.yaml list NAME" in " ".join(shown.split())


def test_another_spelling_is_explained_and_where_it_leads(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = explained(capsys, str(site), "Acme_Foo")
    assert first["outcomes"][0]["status"] == 301
    assert (second["target"], second["outcomes"][0]["source"]) == (
        "/simple/acme-foo/",
        "private/team",
    )


def test_the_accept_header_chooses_the_page(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = site.parent / "state/pages/team/acme-foo/index.v1_json"
    page.touch()
    (data,) = explained(capsys, str(site), "acme-foo")
    assert data["outcomes"][0]["path"] == str(page)
    for more in (["--accept", "text/html"], ["-H", "Accept: text/html"]):
        (data,) = explained(capsys, str(site), "acme-foo", *more)
        assert data["outcomes"][0]["path"].endswith("index.html")


def test_a_lost_root_is_told_with_the_ways_out(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marker = site.parent / "lab/.rewritegen-root"
    marker.unlink()
    shown = text(capsys, str(site), "six")
    assert "503, X-Index-Source: none; no upstream is asked" in shown
    assert f"NOT there: {marker}" in " ".join(shown.split())
    assert "is the disk mounted?" in shown
    assert "not reached: private/lab, mirror/netbook, proxy/index" in " ".join(shown.split())
    shown = text(capsys, str(site), "six", "--no-files")
    assert "no directory was looked at" in shown
    assert "503, X-Index-Source" not in shown


def test_what_this_user_may_not_look_at_is_said(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for a user without rights: root, which tests in containers are, may look at everything."""
    real = os.stat

    def stat(path: Any, **options: Any) -> os.stat_result:
        if str(path).startswith(str(site.parent / "lab")):
            raise PermissionError(13, "Permission denied")
        return real(path, **options)

    monkeypatch.setattr(os, "stat", stat)
    shown = " ".join(text(capsys, str(site), "six").split())
    marker = site.parent / "lab/.rewritegen-root"
    assert f"cannot be looked at: {marker} (Permission denied)" in shown
    assert f"{here.who()} may not look at {marker}" in shown
    assert "sudo -u www-data" in shown
    assert "is the disk mounted?" not in shown


def test_strangers_of_a_site_with_auth(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site.write_text(f"{site.read_text()}auth: {{basic: /etc/rewritegen/htpasswd}}\n")
    (data,) = explained(capsys, str(site), "six", "--stranger")
    assert data["outcomes"][0]["status"] == 401
    assert data["rules"][-1]["yaml"][0]["text"].startswith("auth:")
    (data,) = explained(capsys, str(site), "six")
    assert data["outcomes"][0]["status"] == 200
    assert data["rules"][0]["key"] == "auth"


def test_a_server_that_cannot_serve_the_site_is_named(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = "".join(
        f"  - {{name: more{n}, proxy: 'https://more{n}.example.org/simple/'}}\n" for n in range(2)
    )
    site.write_text(site.read_text().replace("cache:", f"{more}cache:"))
    shown = " ".join(text(capsys, str(site), "six").split())
    assert "note: apache cannot serve this site: RG705" in shown
    assert "nginx:" in shown
    assert "apache:" not in shown


def test_the_whole_site(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = " ".join(text(capsys, str(site)).split())
    assert "site.yaml:4 nginx:" in shown
    assert shown.count(" apache:") > 10
    assert main(["explain", str(site), "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert len(data["rules"]) > 10


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bad-"], "is not a project name"),
        (["/with blank"], "a blank cannot stand in a URL"),
        (["GET /simple/x/ y"], "a blank cannot stand in a URL"),
        ([""], "is not a project name"),
        (["GET"], "GET of what?"),
        (["six", "-H", "no colon"], "is no header"),
        (["/ü"], "cannot stand in a request"),
        (["six", "--live", "packages.example.org"], "--live takes the URL"),
    ],
)
def test_what_is_no_request_is_refused(
    words: list[str], said: str, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", str(site), *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(
    width: int, site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for argv in ([], ["acme-foo"], ["requests"], ["old"]):
        lines = text(capsys, str(site), *argv).splitlines()
        words = max(len(word) for line in lines for word in line.split())
        assert max(map(len, lines)) <= max(width, words + 9)


def test_the_readme_shows_what_comes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With PyPI's hosts, as whoever runs it has them: lines of the text break elsewhere than in golden files."""
    root = Path(__file__).resolve().parents[2]
    monkeypatch.chdir(root / "examples")
    shown = text(capsys, "quickstart.yaml", "acme-secret", "--no-files")
    answer, _, trace = shown.partition("\n\n")
    decided = trace[trace.index("=>") :].partition("\n\n")[0]
    excerpt = (
        f"$ rewritegen explain quickstart.yaml acme-secret --no-files\n{answer}\n...\n{decided}\n"
    )
    document = root / "docs" / "explain.md"
    if "REWRITEGEN_UPDATE_GOLDEN" in os.environ:
        old = re.search(
            r"\$ rewritegen explain quickstart.*?(?=```)", document.read_text(), re.DOTALL
        )
        assert old
        document.write_text(document.read_text().replace(old[0], excerpt))
    assert excerpt in document.read_text()


def test_the_lines_of_an_installed_text_are_named(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", str(site), "--server", "nginx", "-o", str(tmp_path / "etc")]) == 0
    installed = tmp_path / "etc" / "packages.example.org.conf"
    capsys.readouterr()
    (before,) = explained(capsys, str(site), "acme-bar", "--text", str(installed))
    installed.write_text("# a line\n# and another\n" + installed.read_text())
    (after,) = explained(capsys, str(site), "acme-bar", "--text", str(installed))
    first, second = (one["rules"][-1]["generated"] for one in (before, after))
    assert set(first) == {"nginx"}
    assert second["nginx"][0]["first"] == first["nginx"][0]["first"] + 2
    line = installed.read_text().splitlines()[second["nginx"][0]["first"] - 1]
    assert line.strip() == second["nginx"][0]["head"]
    assert "$rg_owned_" in line
