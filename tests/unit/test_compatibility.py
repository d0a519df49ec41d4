"""The table of servers and versions is what the report says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import compatibility

REPORT = """<testsuites><testsuite>
<testcase name="a"><properties>
  <property name="edition" value="nginx of B"/><property name="version" value="1.30.6"/>
</properties></testcase>
<testcase name="b"><properties>
  <property name="edition" value="nginx of B"/><property name="exercise" value="rows"/>
</properties></testcase>
<testcase name="c"><properties>
  <property name="edition" value="nginx of B"/><property name="exercise" value="rows"/>
  <property name="named" value="as it is"/>
</properties><failure message="no"/></testcase>
<testcase name="d"><properties>
  <property name="edition" value="nginx of A"/><property name="version" value="1.4.0"/>
  <property name="exercise" value="modules"/>
</properties></testcase>
<testcase name="e"><properties>
  <property name="edition" value="nginx of A"/><property name="exercise" value="rows"/>
</properties><skipped/></testcase>
</testsuite></testsuites>"""


def test_each_server_has_a_line_and_each_exercise_a_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    monkeypatch.setattr(compatibility, "DOCUMENT", tmp_path / "table.md")
    monkeypatch.setattr(compatibility, "ROOT", tmp_path)
    compatibility.write(report)
    lines = (tmp_path / "table.md").read_text().splitlines()
    assert "| server | version | modules | rows |" in lines
    first = lines.index("| nginx of A | 1.4.0 | 1 of 1 | - |")
    assert lines[first + 1] == "| nginx of B | 1.30.6 | - | 1 of 2 |"
    assert lines[-1] == "* nginx of B: as it is."


def test_a_run_in_which_nothing_ran_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compatibility, "DOCUMENT", tmp_path / "table.md")
    compatibility.write(tmp_path / "missing.xml")
    (tmp_path / "report.xml").write_text("<testsuites><testsuite/></testsuites>")
    compatibility.write(tmp_path / "report.xml")
    assert not (tmp_path / "table.md").exists()
