"""tools/check_templates.py: every rule with templates that fire and templates that stay silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import check_templates

PARTS = {
    "plain.j2": "text\n",
    "deciding.j2": "{% if a %}x{% endif %}\n",
    "through.j2": '{% include "deciding.j2" %}\n',
    "macros.j2": "{% macro flat(a) %}{{ a }}{% endmacro %}{% macro choosing(a) %}{% if a %}x{% endif %}{% endmacro %}",
}

FIRING = {
    "nested-if": [
        "{% if a %}\n{% if b %}x{% endif %}{% endif %}",
        "{% if a %}x{% else %}\n{% if b %}x{% endif %}{% endif %}",
        "{% if a %}{% for x in xs %}\n{% if x %}x{% endif %}{% endfor %}{% endif %}",
        "{% if a %}\n{{ b if c }}{% endif %}",
        "\n{{ a if b else c if d }}",
        '{% if a %}\n{% include "deciding.j2" %}{% endif %}',
        '{% if a %}\n{% include "through.j2" %}{% endif %}',
        "{% macro m() %}{% if a %}x{% endif %}{% endmacro %}{% if b %}\n{{ m() }}{% endif %}",
        '{% from "macros.j2" import choosing as c %}{% if b %}\n{{ c(1) }}{% endif %}',
        '{% import "macros.j2" as m %}{% if b %}\n{{ m.choosing(1) }}{% endif %}',
        "{% block body %}{% if a %}\n{% if b %}x{% endif %}{% endif %}{% endblock %}",
    ],
    "elif": ["{% if a %}x\n{% elif b %}y{% endif %}"],
    "test": [
        "\n{% if a == 1 %}x{% endif %}",
        "\n{% if a and b %}x{% endif %}",
        "\n{% if a is defined %}x{% endif %}",
        "\n{% if a | length %}x{% endif %}",
        "\n{% if not a.b() %}x{% endif %}",
        "\n{{ x if a > 1 }}",
        "\n{% if a in b %}x{% endif %}",
    ],
    "computed": [
        "\n{{ a + 1 }}",
        "\n{{ a ~ b }}",
        "\n{{ a == b }}",
        "\n{{ a.lower() }}",
        "\n{{ range(3) }}",
        "\n{{ a[1:] }}",
        "\n{{ a[b] }}",
        "\n{{ [a, b] | join }}",
        '\n{% include "a" ~ b %}',
        "{% macro m(a) %}{{ a }}{% endmacro %}\n{{ m(a + 1) }}",
        "\n{{ a | join(b ~ c) }}",
    ],
    "set": [
        "\n{% set a = 1 %}",
        "\n{% with a = 1 %}{{ a }}{% endwith %}",
        "\n{% filter upper %}a{% endfilter %}",
        "{% macro m() %}x{% endmacro %}\n{% call m() %}y{% endcall %}",
    ],
    "filter": ["\n{{ a | default(1) }}", "\n{{ a | sort | join(' ') }}", "\n{{ a | select }}"],
    "loop": [
        "\n{% for a in b if a %}x{% endfor %}",
        "\n{% for a in b recursive %}x{% endfor %}",
        "\n{% for a in b | sort %}x{% endfor %}",
        "\n{% for a in b.items() %}x{% endfor %}",
    ],
    "syntax": ["\n{% if a %}", "\n{{ a | nonsense ", "\n{% do a %}"],
}

SILENT = [
    "",
    "text {# {% set a = 1 %} #} {% raw %}{% set a = 1 %}{% endraw %}",
    "{{ a }} {{ a.b.c }} {{ a['b'].c }} {{ a[0] }} {{ '{' }}",
    "{% if a %}x{% endif %}{% if not a.b %}x{% else %}y{% endif %}",
    "{% for a in b.c %}{% if a.d %}x{% else %}{{ a }}{% endif %}{% endfor %}",
    "{% for a in b %}{% for c in a %}{{ c }}{% else %}none{% endfor %}{% endfor %}",
    "{% if a %}{% for x in xs %}{{ x }}{% endfor %}{% endif %}{% if b %}y{% endif %}",
    "{% for a in b %}{{ a }}{{ ',' if not loop.last }}{% endfor %}",
    "{{ a | join(', ') | indent(4, first=true) }} {{ a | e }} {{ a | quote }}",
    '{% include "deciding.j2" %}{% if a %}{% include "plain.j2" %}{% endif %}{% include a.template %}',
    "{% macro m(a) %}{% if a %}x{% endif %}{% endmacro %}{{ m(a) }}{% for x in xs %}{{ m(x) }}{% endfor %}",
    '{% from "macros.j2" import flat %}{% if b %}{{ flat(a.b) }}{% endif %}',
    '{% extends "plain.j2" %}{% block body %}{{ super() }}{% if a %}x{% endif %}{% endblock %}',
    "{% macro m() %}{{ m() }}{% endmacro %}{% if a %}{{ m() }}{% endif %}",
]


def check(directory: Path, text: str) -> list[check_templates.Finding]:
    """What is found in one template that stands beside :data:`PARTS`."""
    for name, part in PARTS.items():
        (directory / name).write_text(part, "utf-8")
    (directory / "template.j2").write_text(text, "utf-8")
    return check_templates.Library(directory).check()


@pytest.mark.parametrize(
    ("rule", "text"), [(rule, text) for rule, texts in FIRING.items() for text in texts]
)
def test_fires_at_the_second_line(tmp_path: Path, rule: str, text: str) -> None:
    found = check(tmp_path, text)
    assert (rule, 2) in {(finding.rule, finding.line) for finding in found}
    assert {finding.file for finding in found} == {tmp_path / "template.j2"}


@pytest.mark.parametrize("text", SILENT)
def test_is_silent(tmp_path: Path, text: str) -> None:
    assert check(tmp_path, text) == []


def test_every_rule_is_documented() -> None:
    documentation = check_templates.__doc__ or ""
    assert [rule for rule in FIRING if f"* ``{rule}``:" not in documentation] == []
    assert documentation.count("\n* ``", documentation.index("What is reported")) == len(FIRING)


def test_command_line_reports_file_line_and_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(tmp_path, "x\n{{ a + 1 }}")
    assert check_templates.main([str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert (
        out
        == f"{tmp_path}/template.j2:2: `Add` computes in a template; hand the value in [computed]\n"
    )
    assert err == "5 templates, 1 findings\n"


def test_command_line_is_content_with_good_templates_and_not_with_none(tmp_path: Path) -> None:
    assert check_templates.main([str(tmp_path)]) == 1
    check(tmp_path, "x")
    assert check_templates.main([str(tmp_path)]) == 0


def test_the_templates_of_this_repository_hold_no_decisions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = Path(__file__).resolve().parents[2]
    assert check_templates.main([str(root / "templates")]) == 0, capsys.readouterr().out
