"""One model, seven formats: each says all that is wrong, escapes what a stranger wrote, and changes no exit code."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from rewritegen.diagnostics import Place
from rewritegen.reports import FORMATS, Finding, Form, Report, render, worst

ROOT = Path(__file__).resolve().parents[2]

#: What a server or a directory may call itself, to get out of every format.
HOSTILE = (
    (
        "<script>alert(1)</script>\"'&]]>{{7*7}}[red]x[/red]%0A::error::\r\n::warning::\x1b[31m\x07\u202e\u2028"
        "\\ ${x} `y` --> ,:=\ud83d\ude00"
    )
    .encode("utf-16", "surrogatepass")
    .decode("utf-16")
)

PLACE = Place("sites/team site.yaml", 7, 3, "  - path: /srv", 4)


def finding(code: str = "RG911", severity: Any = "error", **more: Any) -> Finding:
    words = {
        "title": "a private name is answered by another source",
        "expected": "200, X-Index-Source private/team",
        "came": "200, X-Index-Source proxy/pypi",
        "next_step": "compare the running text with the generated one",
        "family": "private/team",
        "subject": "GET /simple/acme-foo/",
        "key": "private[0]",
        "place": PLACE,
        "block": "private[0] team",
    }
    return Finding(code, severity, **{**words, **more})


def report(*findings: Finding, **more: Any) -> Report:
    rules = {"RG911": "substitution", "RG905": "load balancers ask it"}
    facts = (("requests", "12"),)
    values = {"rules": rules, "facts": facts, "seconds": 1.25, **more}
    return Report("check", "https://packages.example.org/simple/", findings, **values)


MIXED = report(
    finding("RG905", "ok", title="health is ok", next_step="", place=None, key=""),
    finding("RG906", "note", title="not looked at", next_step=""),
    finding("RG915", "warning"),
    finding(),
)
FINE = report(finding("RG905", "ok"), finding("RG906", "note"))
WORDS = dict.fromkeys(
    ("title", "expected", "came", "next_step", "family", "subject", "key", "block"), HOSTILE
)
BAD = report(
    finding(**WORDS, place=Place(HOSTILE, 1, 1, HOSTILE, 2)),
    finding("RG905", "note", **WORDS, place=None),
    facts=((HOSTILE, HOSTILE),),
)


@pytest.mark.parametrize("form", FORMATS)
def test_a_format_changes_no_exit_code_and_says_what_is_wrong(form: Form) -> None:
    for made, code in (
        (MIXED, 1),
        (FINE, 0),
        (report(), 0),
        (report(finding(severity="warning")), 1),
    ):
        text = render(made, form)
        assert made.exit_code == code
        assert text.endswith("\n")
        if code and form != "prometheus":
            assert "X-Index-Source private/team" in text
            assert "RG911" in text


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("colour", [False, True])
def test_nothing_that_a_stranger_wrote_is_obeyed(form: Form, colour: bool) -> None:
    text = render(BAD, form, width=80, colour=colour)
    raw = re.sub(r"\x1b\[[0-9;]*m", "", text) if colour and form == "text" else text
    if form != "prometheus":
        assert "alert(1)" in raw.replace("\n", "").replace(" ", "")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e\u2028]", raw)
    assert "<script>alert" not in text or form in ("json", "sarif", "text", "github")


def test_the_worst_comes_first() -> None:
    assert [one.severity for one in MIXED.ordered] == ["error", "warning", "note", "ok"]
    assert MIXED.counts == {"error": 1, "warning": 1, "note": 1, "ok": 1}
    assert worst(MIXED.findings) == "error"
    assert worst(()) == "ok"
    assert MIXED.summary() == "1 error, 1 warning, 1 note, 1 ok"


# ---------------------------------------------------------------------- text


@pytest.mark.parametrize("width", [20, 60, 80, 200])
def test_text_keeps_to_the_width(width: int) -> None:
    text = render(MIXED, "text", width=width)
    assert max(map(len, text.splitlines())) <= max(width, 60)
    assert "\x1b" not in text
    assert "next step" in text


def test_text_has_colours_where_they_are_wanted() -> None:
    assert "\x1b[" in render(MIXED, "text", colour=True)


def test_markup_is_text() -> None:
    assert "[red]x[/red]" in render(BAD, "text", width=400)


# ---------------------------------------------------------------------- for programs


@pytest.mark.parametrize(
    "made", [MIXED, FINE, BAD, report()], ids=["mixed", "fine", "bad", "empty"]
)
def test_json_is_as_its_schema_says(made: Report) -> None:
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    document = json.loads(render(made, "json"))
    jsonschema.validate(document, schema)
    assert document["exit_code"] == made.exit_code
    # every key is described
    assert set(document) == set(schema["properties"])
    for one in document["findings"]:
        assert set(one) == set(schema["properties"]["findings"]["items"]["properties"])


def test_junit_is_read_by_a_parser() -> None:
    for made in (MIXED, FINE, BAD):
        root = ElementTree.fromstring(render(made, "junit"))
        (suite,) = root.findall("testsuite")
        cases = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(cases) == len(made.findings)
        failed = [case for case in cases if case.find("failure") is not None]
        skipped = [case for case in cases if case.find("skipped") is not None]
        assert (
            int(suite.attrib["failures"]) == len(failed) == sum(one.counts for one in made.findings)
        )
        assert int(suite.attrib["skipped"]) == len(skipped) == made.counts["note"]
        assert all(case.attrib["classname"] and case.attrib["name"] for case in cases)


def test_junit_says_what_to_do() -> None:
    failure = ElementTree.fromstring(render(report(finding()), "junit")).find(".//failure")
    assert failure is not None
    assert failure.attrib["type"] == "error"
    for words in (
        "asked: GET /simple/acme-foo/",
        "expected: 200",
        "came: 200",
        "next step: compare",
        "private[0]",
    ):
        assert words in (failure.text or "")


#: The parts of the OASIS schema (sarif-schema-2.1.0.json) that a log of ours uses, with its bounds and words.
SARIF: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"enum": ["2.1.0"]},
        "$schema": {"type": "string", "format": "uri"},
        "runs": {"type": "array", "items": {"$ref": "#/$defs/run"}},
    },
    "additionalProperties": False,
    "$defs": {
        "message": {
            "type": "object",
            "properties": {"text": {"type": "string"}},
            "required": ["text"],
            "additionalProperties": False,
        },
        "run": {
            "type": "object",
            "required": ["tool"],
            "additionalProperties": False,
            "properties": {
                "tool": {
                    "type": "object",
                    "required": ["driver"],
                    "additionalProperties": False,
                    "properties": {"driver": {"$ref": "#/$defs/driver"}},
                },
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "automationDetails": {"type": "object", "properties": {"id": {"type": "string"}}},
                "invocations": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["executionSuccessful"],
                        "properties": {
                            "executionSuccessful": {"type": "boolean"},
                            "exitCode": {"type": "integer"},
                        },
                        "additionalProperties": False,
                    },
                },
                "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
            },
        },
        "driver": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string"},
                "version": {"type": "string"},
                "semanticVersion": {"type": "string"},
                "rules": {
                    "type": "array",
                    "uniqueItems": True,
                    "items": {
                        "type": "object",
                        "required": ["id"],
                        "additionalProperties": False,
                        "properties": {
                            "id": {"type": "string"},
                            "shortDescription": {"$ref": "#/$defs/message"},
                            "fullDescription": {"$ref": "#/$defs/message"},
                        },
                    },
                },
            },
        },
        "result": {
            "type": "object",
            "required": ["message"],
            "additionalProperties": False,
            "properties": {
                "ruleId": {"type": "string"},
                "ruleIndex": {"type": "integer", "minimum": -1},
                "level": {"enum": ["none", "note", "warning", "error"]},
                "message": {"$ref": "#/$defs/message"},
                "partialFingerprints": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                },
                "properties": {"type": "object"},
                "locations": {"type": "array", "items": {"$ref": "#/$defs/location"}},
            },
        },
        "location": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "logicalLocations": {
                    "type": "array",
                    "uniqueItems": True,
                    "items": {
                        "type": "object",
                        "properties": {
                            "fullyQualifiedName": {"type": "string"},
                            "kind": {"type": "string"},
                        },
                        "additionalProperties": False,
                    },
                },
                "physicalLocation": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "artifactLocation": {
                            "type": "object",
                            "properties": {"uri": {"type": "string", "format": "uri-reference"}},
                            "additionalProperties": False,
                        },
                        "region": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {
                                "startLine": {"type": "integer", "minimum": 1},
                                "startColumn": {"type": "integer", "minimum": 1},
                                "endColumn": {"type": "integer", "minimum": 1},
                            },
                        },
                    },
                },
            },
        },
    },
}


@pytest.mark.parametrize("made", [MIXED, FINE, BAD], ids=["mixed", "fine", "bad"])
def test_sarif_is_as_its_schema_says(made: Report) -> None:
    log = json.loads(render(made, "sarif"))
    jsonschema.validate(log, SARIF)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0].get("physicalLocation")
        assert place is None or re.fullmatch(r"[!-~]+", place["artifactLocation"]["uri"])
    assert len(run["results"]) == len([one for one in made.findings if one.severity != "ok"])


def test_sarif_knows_an_alert_again() -> None:
    """The same thing has the same fingerprint when its answer differs, such as by a random name."""
    one, two, other = (
        json.loads(render(report(finding(**more)), "sarif"))["runs"][0]["results"][0][
            "partialFingerprints"
        ]
        for more in ({"came": "1"}, {"came": "2"}, {"family": "private/lab"})
    )
    assert one == two != other


def test_github_shows_the_line_of_the_site_file() -> None:
    lines = render(MIXED, "github").splitlines()
    assert lines[0].startswith(
        "::error file=sites/team site.yaml,line=7,col=3,title=RG911 private/team::a private name"
    )
    assert [line.split(" ")[0] for line in lines[:3]] == ["::error", "::warning", "::notice"]
    assert lines[-1].startswith("rewritegen check https://")


def test_github_is_one_command_a_finding() -> None:
    text = render(BAD, "github")
    assert len([line for line in text.splitlines() if line.startswith("::")]) == 2
    assert "%250A" in text


SAMPLE = re.compile(r'^[a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\})? [0-9.]+$')


@pytest.mark.parametrize("made", [MIXED, FINE, BAD], ids=["mixed", "fine", "bad"])
def test_prometheus_text_is_what_node_exporter_reads(made: Report) -> None:
    lines = render(made, "prometheus").splitlines()
    named: set[str] = set()
    for line in lines:
        if line.startswith("# TYPE"):
            named.add(line.split(" ")[2])
        elif not line.startswith("#"):
            assert SAMPLE.match(line), line
            assert re.split(r"[{ ]", line)[0] in named
    assert len(lines) == len(set(lines))


def test_prometheus_has_a_zero_for_every_rule() -> None:
    text = render(FINE, "prometheus")
    where = '{subject="https://packages.example.org/simple/"'
    assert f"rewritegen_check_success{where}}} 1\n" in text
    assert f'rewritegen_check_findings{where},code="RG911"}} 0\n' in text
    assert f'rewritegen_check_findings{where},code="RG911"}} 1\n' in render(MIXED, "prometheus")


# ---------------------------------------------------------------------- HTML


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.rows: list[dict[str, str | None]] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.scripts += tag == "script"
        if tag == "article":
            self.rows.append(attributes)
        self.loaded += [
            name for name in attributes if name in ("src", "href") or name.startswith("on")
        ]


@pytest.mark.parametrize("made", [MIXED, FINE, BAD], ids=["mixed", "fine", "bad"])
def test_html_is_one_file_with_one_script(made: Report) -> None:
    text = render(made, "html")
    page = _Page()
    page.feed(text)
    assert (page.scripts, page.loaded) == (1, [])
    assert [row["data-severity"] for row in page.rows] == [one.severity for one in made.ordered]
    assert "{{7*7}}" in text or made is not BAD


def test_html_runs_its_own_script_only() -> None:
    import base64
    import hashlib

    text = render(BAD, "html")
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)
    policy = re.search(r"script-src 'sha256-([^']+)'", text)
    assert script
    assert policy
    assert base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode() == policy[1]
