"""tools/official.py: which official images there are is what the client says. The `docker` here is a stand-in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import official

#: Knows what the file `here` names, and pulls what the file `there` names; writes down what it was told.
STAND_IN = """#!/bin/sh
cd {place}
echo "$DOCKER_HOST $*" >> told
for last; do :; done
case $1 in
    image) grep -qxF "$last" here ;;
    pull) grep -qxF "$last" there ;;
esac
"""


@pytest.mark.parametrize(
    ("here", "there", "found", "pulls"),
    [
        ((), (), (), 1),
        (("httpd:2.4",), (), ("httpd:2.4",), 1),
        ((), official.REFERENCES, official.REFERENCES, 4),
        (official.REFERENCES, (), official.REFERENCES, 0),
    ],
    ids=["no registry", "one is here", "a registry", "all are here"],
)
def test_what_can_be_had_is_used(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    here: tuple[str, ...],
    there: tuple[str, ...],
    found: tuple[str, ...],
    pulls: int,
) -> None:
    program = tmp_path / "docker"
    program.write_text(STAND_IN.format(place=tmp_path))
    program.chmod(0o755)
    (tmp_path / "here").write_text("\n".join(here))
    (tmp_path / "there").write_text("\n".join(there))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert tuple(official.had("unix:///somewhere")) == found
    told = (tmp_path / "told").read_text().splitlines()
    assert sum(" pull " in line for line in told) == pulls
    assert all(line.startswith("unix:///somewhere ") for line in told)


def test_without_a_client_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list(official.had("unix:///somewhere")) == []
