"""The command line of `check`, its rules and its families."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from rewritegen.check.documents import UnreadableError, read_list, read_page
from rewritegen.check.reach import Reach, ReachError, reach
from rewritegen.check.rules import RULES
from rewritegen.check.run import FAMILIES
from rewritegen.cli import commands, main
from rewritegen.diagnostics import CODES
from rewritegen.steps import Step

ROOT = Path(__file__).resolve().parents[2]
SOURCES = "".join(
    path.read_text()
    for path in (ROOT / "rewritegen" / "check").glob("*.py")
    if not path.name.startswith("rule")
)


def test_every_step_of_a_plan_has_a_family_of_probes() -> None:
    assert set(FAMILIES) == set(get_args(Step))


def test_every_rule_is_looked_at_and_every_code_is_a_rule() -> None:
    used = set(re.findall(r"\bRG9\d\d\b", SOURCES))
    assert used == set(RULES)
    assert not set(RULES) & set(CODES)


@pytest.mark.parametrize("code", RULES)
def test_a_rule_says_what_why_and_what_to_do(code: str) -> None:
    for text in RULES[code]:
        assert text
        assert not text.endswith(".")
    assert RULES[code].right != RULES[code].wrong


SITE = """\
server_name: x.example.org
state: /s
inner: 127.0.0.1:8179
private:
  - {name: own, path: /p, claims: [acme-*]}
  - {name: eggs, proxy: "http://127.0.0.1:8888/", kind: simple, claims: [egg-*]}
public: [acme-oss]
fallbacks:
  - {name: last, redirect: "https://last.example.org/simple/"}
"""

WRONG = {
    "nothing": ([], "give SITE and --url URL"),
    "no url": (["{site}"], "--url URL"),
    "both": (["{site}", "--any", "http://127.0.0.1:1/"], "or --any URL"),
    "any without names": (["--any", "http://127.0.0.1:1/"], "--private NAME"),
    "no URL": (["{site}", "--url", "127.0.0.1"], "--url is a URL"),
    "another path": (["{site}", "--url", "http://127.0.0.1:1/other/"], "/simple/"),
    "query": (["{site}", "--url", "http://127.0.0.1:1/simple/?x"], "without a query"),
    "unknown source": (
        ["{site}", "--url", "http://127.0.0.1:1/simple/", "--sample", "x:y"],
        "no source is called x",
    ),
    "name": (
        ["{site}", "--url", "http://127.0.0.1:1/simple/", "--private", "-x"],
        "not a project name",
    ),
    "header": (["{site}", "--url", "http://127.0.0.1:1/simple/", "--header", "x"], "NAME: VALUE"),
    "public canary": (
        [
            "{site}",
            "--url",
            "http://127.0.0.1:1/simple/",
            "--canary",
            "six",
            "--listen",
            "127.0.0.1:1",
        ],
        "is not claimed",
    ),
    **{
        row: (
            [
                *("{site}", "--url", "http://127.0.0.1:1/simple/"),
                *("--canary", name, "--listen", "127.0.0.1:1"),
            ],
            words,
        )
        for row, name, words in (
            ("canary that is public all the same", "acme-oss", "is not claimed"),
            ("canary of another index", "egg-x", "is asked of private/eggs"),
        )
    },
    **{
        f"sample {text}": (
            ["{site}", "--url", "http://127.0.0.1:1/simple/", "--sample", text],
            words,
        )
        for text, words in (
            ("own:acme-foo", "private/own is a private directory: --private acme-foo"),
            ("last:six", "redirect/last is asked by clients themselves"),
            ("eggs:six", "private/eggs is asked for egg-* only"),
            ("acme-foo", "is private by a claim: --private acme-foo"),
        )
    },
    "versions": (
        ["{site}", "--url", "http://127.0.0.1:1/simple/", "--private", "acme-foo:1.0"],
        "versions are for --any",
    ),
    "canary alone": (
        ["{site}", "--url", "http://127.0.0.1:1/simple/", "--canary", "acme-x"],
        "needs a record",
    ),
    "certificate without TLS": (
        ["{site}", "--url", "http://127.0.0.1:1/simple/", "--client-cert", "/x"],
        "for https",
    ),
    "netrc": (["{site}", "--url", "http://127.0.0.1:1/simple/", "--netrc", "/nowhere"], "--netrc"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_usage_is_2_and_says_what_is_right(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments, words = WRONG[name]
    site = tmp_path / "site.yaml"
    site.write_text(SITE)
    assert main(["check", *(one.replace("{site}", str(site)) for one in arguments)]) == 2
    said = capfd.readouterr()
    assert words in said.err
    assert said.out == ""


def test_a_report_goes_into_a_file_in_one_step(tmp_path: Path) -> None:
    site, report = tmp_path / "site.yaml", tmp_path / "rewritegen.prom"
    site.write_text(SITE)
    arguments = [
        "check",
        str(site),
        "--url",
        "http://127.0.0.1:1/simple/",
        "--format",
        "prometheus",
    ]
    assert main([*arguments, "-o", str(report)]) == 1
    assert "rewritegen_check_success" in report.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rewritegen.prom", "site.yaml"]


def test_help_has_an_example() -> None:
    done = CliRunner().invoke(commands, ["check", "--help"])
    assert "Example: rewritegen check site.yaml --url" in " ".join(done.output.split())


def test_credentials_in_a_url_are_used_and_not_shown() -> None:
    wire = reach(Reach("https://anna:SECRET@packages.example.org/sub/simple/"), "/simple/")
    assert dict(wire.credentials)["Authorization"].startswith("Basic ")
    assert (wire.target.prefix, wire.target.mount) == ("/sub", "/simple/")
    assert wire.target.url == "https://packages.example.org/sub/simple/"


def test_netrc_without_a_file_is_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    site = tmp_path / "site.yaml"
    site.write_text(SITE)
    arguments = ["check", str(site), "--url", "http://127.0.0.1:1/simple/", "--netrc"]
    assert main(arguments) == 2
    assert "~/.netrc" in capfd.readouterr().err
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login anna password SECRET\n")
    (tmp_path / ".netrc").chmod(0o600)
    assert main([*arguments, "--format", "json"]) == 1  # nobody listens there
    assert "SECRET" not in capfd.readouterr().out


def test_a_host_alone_is_enough() -> None:
    assert reach(Reach("http://[::1]:8080"), "/simple/").target.url == "http://[::1]:8080/simple/"


@pytest.mark.parametrize("url", ["ftp://x/", "http:///simple/", "simple"])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(ReachError):
        reach(Reach(url), "/simple/")


HTML = "text/html"
JSON = "application/vnd.pypi.simple.v1+json"
BROKEN = {
    "cut HTML": (HTML, b"<html><a href='x-1.0.tar.gz'>x-1.0.tar.gz</a>"),
    "cut JSON": (JSON, b'{"files": ['),
    "JSON list": (JSON, b"[]"),
    "no files": (JSON, b"{}"),
    "another type": ("text/plain", b"please log in"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_page(name: str) -> None:
    media_type, body = BROKEN[name]
    with pytest.raises(UnreadableError):
        read_page(media_type, body, "http://x.example.org/simple/x/")
    with pytest.raises(UnreadableError):
        read_list(media_type, body)


def test_links_of_strangers_do_no_harm() -> None:
    page = b"<html><a href='http://[::1/x-1.0.tar.gz#sha256=1'>x</a><a>no link</a></html>"
    document = read_page(HTML, page, "http://x.example.org/simple/x/")
    assert [file.written for file in document.files] == ["http://[::1/x-1.0.tar.gz#sha256=1"]
