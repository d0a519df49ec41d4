"""The files of examples/logrotate have the names that the generated text logs to; tests/managed rotates them."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Of a httpd that was built by hand, or is in a container: nothing rotates there.
ELSEWHERE = "/usr/local/"


@pytest.mark.parametrize("server", ["nginx", "apache"])
def test_each_log_is_rotated(server: str) -> None:
    generated = (ROOT / f"tests/golden/team.{server}.conf").read_text()
    logs = set(re.findall(r"(/[^\s\"]+\.json)\b", generated))
    names = {name for name in logs if not name.startswith(ELSEWHERE)}
    rotation = (ROOT / f"examples/logrotate/rewritegen-{server}").read_text()
    words = " ".join(re.findall(r"^(/[^{\n]*)", rotation, re.MULTILINE)).split()
    assert {name.rpartition(".json")[0].rpartition(".")[2] for name in names} == {"access", "fetch"}
    assert [name for name in names if not any(fnmatch.fnmatch(name, word) for word in words)] == []
    # nothing of somebody else
    assert all(word.endswith((".access.json", ".fetch.json")) for word in words)
