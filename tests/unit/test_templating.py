"""Compiled templates are kept where only the user writes, and only there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rewritegen import templating


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    templating.environment.cache_clear()
    yield
    templating.environment.cache_clear()


def test_compiled_templates_are_kept(tmp_path: Path) -> None:
    templating.environment().get_template("init/site.yaml.j2")
    assert list((tmp_path / "rewritegen" / "templates").iterdir())


def test_nothing_is_taken_from_a_directory_that_others_may_write(tmp_path: Path) -> None:
    directory = tmp_path / "rewritegen" / "templates"
    directory.mkdir(parents=True)
    directory.chmod(0o777)
    assert templating.environment().bytecode_cache is None
    assert templating.environment().get_template("init/site.yaml.j2").name


def test_without_a_place_for_them_templates_are_compiled_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert templating.environment().bytecode_cache is None
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", os.devnull)
    assert templating.environment().bytecode_cache is None


def test_a_cache_that_goes_away_costs_time_only(tmp_path: Path) -> None:
    environment = templating.environment()
    directory = tmp_path / "rewritegen" / "templates"
    directory.rmdir()
    directory.touch()  # what was a directory is a file now
    assert environment.get_template("init/site.yaml.j2").name
