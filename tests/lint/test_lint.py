"""``rewritegen lint``: every rule has a case that it fires on and one that it is silent on, or nothing is collected."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rewritegen import diagnostics, pypi
from rewritegen.cli import main
from rewritegen.indexing import index_job
from rewritegen.lint.context import Context
from rewritegen.lint.rule import Rule
from rewritegen.lint.run import RULES, UNUSED, run_lint
from rewritegen.lint.statements import apache_statements, nginx_statements
from rewritegen.pages import run_index
from rewritegen.reports import FORMATS
from rewritegen.servers.base import Scope
from rewritegen.site import load_site
from tests.lint.cases import CASES, context_of
from tests.support.dists import make_wheel

pytestmark = pytest.mark.slow  # each rule against a tree of its own

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))

if set(CASES) != set(RULES):
    raise AssertionError(f"no case, or no rule: {sorted(set(CASES) ^ set(RULES))}")

SCOPES: tuple[Scope, ...] = ("standalone", "locations")
RULES_OF_THE_FILE = {code: rule for code, rule in RULES.items() if rule.about == "site"}

each_rule = pytest.mark.parametrize("code", RULES)


def only(code: str) -> dict[str, Rule]:
    """One rule; that of entries which ignore nothing needs the others of the site file."""
    return RULES_OF_THE_FILE if code == UNUSED.code else {code: RULES[code]}


def codes(context: Context) -> set[str]:
    """The codes of what was found."""
    return {
        one.code for one in run_lint(context, RULES_OF_THE_FILE).findings if one.severity != "ok"
    }


@each_rule
def test_it_fires(code: str, tmp_path: Path) -> None:
    report = run_lint(context_of(CASES[code].fires, tmp_path), only(code))
    found = [one for one in report.findings if one.code == code]
    assert found
    for one in found:
        assert one.severity == RULES[code].severity
        assert one.title
        assert one.next_step == RULES[code].fix
        assert one.subject or one.place is not None
        if one.key:
            assert one.place is not None


@each_rule
def test_it_is_silent(code: str, tmp_path: Path) -> None:
    report = run_lint(context_of(CASES[code].silent, tmp_path), only(code))
    assert [one for one in report.findings if one.code == code and one.severity != "ok"] == []


@each_rule
def test_it_says_what_why_and_what_to_do(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    rule = RULES[code]
    assert rule.code == code
    for text in (rule.summary, rule.reason, rule.fix):
        assert len(text) > 8
        assert not text.endswith(".")
    assert main(["lint", "--explain", code.lower()]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for text in (rule.summary, rule.reason, rule.fix, code):
        assert " ".join(text.split()) in shown


def test_no_other_command_has_these_codes() -> None:
    assert set(RULES).isdisjoint(diagnostics.CODES)
    assert all(code.startswith("RG0") for code in RULES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_has_no_finding(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = ("https://index.example.org/simple/", ("https://files.example.org/",))
    monkeypatch.setattr(pypi, "well_known", lambda: hosts)
    site = load_site(example)
    assert run_lint(Context(site, look=False)).exit_code == 0
    about_text = {code: rule for code, rule in RULES.items() if rule.about == "text"}
    for scope in SCOPES:
        report = run_lint(Context(site, look=False, scope=scope), about_text)
        assert [one for one in report.findings if one.severity != "ok"] == []


SITE = "server_name: a.example.org\nstate: {root}/state\nprivate: [{{path: {root}/team}}]\n"
OPEN = "fallbacks: [{name: a, proxy: 'http://a.example.org/'}, {name: b, proxy: 'http://b.example.org/'}]\n"


def test_a_page_that_was_written_leads_to_another_spelling(tmp_path: Path) -> None:
    """No link is made where pages are written; RG023 was found there for ever."""
    make_wheel(tmp_path / "team" / "Acme_Foo", "Acme_Foo", "1.0")
    site = load_site("site.yaml", text=SITE.format(root=tmp_path).encode())
    found = [one for one in run_lint(Context(site), only("RG023")).findings if one.severity != "ok"]
    assert [one.code for one in found] == ["RG023"]
    assert run_index(index_job(site)).exit_code == 0
    found = [one for one in run_lint(Context(site), only("RG023")).findings if one.severity != "ok"]
    assert found == []


@pytest.mark.parametrize("system", ["pypimirror", "json-only"])
def test_a_recorded_tree_with_pages_that_are_of_no_use(system: str) -> None:
    """pypimirror has a page without files, and bandersnatch may have no HTML; read as trees of ready pages."""
    layout = {"pypimirror": "static", "json-only": "bandersnatch"}[system]
    text = SITE.format(root="/nonexistent") + (
        f"fallbacks: [{{name: old, mirror: {ROOT}/tests/trees/{system}, layout: {layout}}}]\n"
    )
    rules = {code: RULES[code] for code in ("RG031", "RG035")}
    report = run_lint(Context(load_site("site.yaml", text=text.encode())), rules)
    found = {one.code: one.title for one in report.findings if one.severity != "ok"}
    assert found.keys() == {{"pypimirror": "RG035", "json-only": "RG031"}[system]}


def ignoring(root: Path, *entries: str) -> Context:
    text = SITE.format(root=root) + OPEN
    if entries:
        text += f"lint: {{ignore: [{', '.join(entries)}]}}\n"
    return Context(load_site("site.yaml", text=text.encode()), look=False)


def test_what_is_ignored_for_a_reason_is_not_found(tmp_path: Path) -> None:
    assert "RG002" in codes(ignoring(tmp_path))
    report = run_lint(
        ignoring(tmp_path, "{code: RG002, reason: our own network}"), RULES_OF_THE_FILE
    )
    assert not {"RG002", "RG010"} & {one.code for one in report.findings if one.severity != "ok"}
    assert ("ignored", "1") in report.facts


def test_one_of_two_findings_is_ignored(tmp_path: Path) -> None:
    entry = "{code: RG002, reason: our own network, about: 'fallbacks[0]'}"
    found = [
        one
        for one in run_lint(ignoring(tmp_path, entry), RULES_OF_THE_FILE).findings
        if one.code in {"RG002", "RG010"}
    ]
    assert [one.key for one in found if one.severity != "ok"] == ["fallbacks[1].proxy"]


def test_what_ignores_nothing_is_found_with_its_line(tmp_path: Path) -> None:
    entries = ("{code: RG002, reason: our own network}", "{code: RG004, reason: was so once}")
    (found,) = [
        one
        for one in run_lint(ignoring(tmp_path, *entries), RULES_OF_THE_FILE).findings
        if one.code == "RG010" and one.severity != "ok"
    ]
    assert found.key == "lint.ignore[1].code"
    assert found.place is not None
    assert "RG004" in found.title
    (found,) = [
        one
        for one in run_lint(
            ignoring(tmp_path, "{code: RG099, reason: x y z}"), RULES_OF_THE_FILE
        ).findings
        if one.code == "RG010" and one.severity != "ok"
    ]
    assert "there is no rule RG099" in found.title


def test_a_directory_that_is_not_looked_at_leaves_its_entry_alone(tmp_path: Path) -> None:
    assert "RG010" not in codes(ignoring(tmp_path, "{code: RG021, reason: made by hand}"))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.yaml"
    path.write_text(SITE.format(root=tmp_path))
    return path


def test_exit_codes(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(site)]) == 1  # no private directory
    assert "RG020" in capsys.readouterr().out
    assert main(["lint", str(site), "--no-files"]) == 0
    assert main(["lint"]) == 2
    assert main(["lint", "--explain", "RG099"]) == 2
    assert "lists them" in capsys.readouterr().err
    site.write_text("private: []")
    assert main(["lint", str(site)]) == 2


@pytest.mark.parametrize(
    ("code", "whose"),
    [
        ("RG307", "a site file"),
        ("rg520", "`index`"),
        ("RG603", "nginx"),
        ("RG703", "Apache"),
        ("RG844", "`apply`"),
        ("RG906", "`check`"),
    ],
)
def test_a_code_of_something_else_is_not_unknown(
    code: str, whose: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lint", "--explain", code]) == 2
    said = capsys.readouterr().err
    assert f"{code} is no rule of `lint`, but said of " in said
    assert whose in said.partition("said of")[2]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_has_the_finding_and_the_same_exit_code(
    form: str, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lint", str(site), "--format", form]) == 1
    out = capsys.readouterr().out
    assert "RG020" in out
    if form in {"json", "sarif"}:
        json.loads(out)


def test_an_installed_text_is_looked_at(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.write_text(
        SITE.format(root=tmp_path) + "fallbacks: [{proxy: 'https://index.example.org/'}]\n"
    )
    for program in ("nginx", "apache"):
        out = tmp_path / program
        assert main(["generate", str(site), "--server", program, "-o", str(out)]) == 0
        command = ["lint", str(site), "--no-files", "--text", str(out / "a.example.org.conf")]
        capsys.readouterr()
        assert main([*command, "--format", "json"]) in {0, 1}
        told = capsys.readouterr().out
        assert "RG060" in told
        path = out / "a.example.org.conf"
        path.write_text(path.read_text().replace("3600", "1") + "\n")
        main([*command, "--format", "github"])
        assert "RG060" in capsys.readouterr().out


def test_known_names_come_from_a_file(site: Path, tmp_path: Path) -> None:
    names = tmp_path / "known.txt"
    names.write_text("# ours\nsix==1.0\nNumPy\n\n")
    assert main(["lint", str(site), "--no-files", "--known", str(names)]) == 0
    names.write_text("not a name\n")
    assert main(["lint", str(site), "--no-files", "--known", str(names)]) == 2


def test_all_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "--explain", "all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(RULES)


def test_statements_of_nginx() -> None:
    text = 'map $a $b {\n    default "x;{y}";\n    # map\n    "~^a\\"b$" 1;\n}\nif ($u ~ "^(?:a)$") { return 404; }\n'
    found = [(one.line, one.words, one.inside) for one in nginx_statements(text)]
    assert found == [
        (1, ("map", "$a", "$b"), ()),
        (2, ("default", "x;{y}"), ("map $a $b",)),
        (4, ('~^a"b$', "1"), ("map $a $b",)),
        (6, ("if", "($u", "~", "^(?:a)$", ")"), ()),
        (6, ("return", "404"), ("if ($u ~ ^(?:a)$ )",)),
    ]


def test_statements_of_httpd() -> None:
    text = '<Location "/x">\n  # RewriteRule\n  RewriteRule "^a b" \\\n    "/x" "[L]"\n</Location>\nB c\n'
    found = [(one.line, one.words, one.inside) for one in apache_statements(text)]
    assert found == [
        (1, ("<Location", "/x", ">"), ()),
        (3, ("RewriteRule", "^a b", "/x", "[L]"), ("<Location /x >",)),
        (6, ("B", "c"), ()),
    ]
