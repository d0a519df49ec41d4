"""What becomes of a file that is there: everything in it stays, what is wanted is added, or it is refused."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from rewritegen.clients.index import Form, client_index
from rewritegen.clients.refused import MergeRefusedError
from rewritegen.clients.render import render
from rewritegen.clients.tools import TOOLS
from rewritegen.clients.writing import change
from rewritegen.names import parse_name
from tests.unit.sites import plan_of

SITE = """
    server_name: packages.example.org
    listen: [443]
    tls: {certificate: /etc/ssl/site.pem, key: /etc/ssl/site.key}
    state: /state
    private: [{path: /srv/team, claims: [acme-*, secret-tool]}]
"""
PLAIN = "http://packages.example.org/simple/"

#: tool, form, what is there, what it becomes; ``=`` is: as it is.
ROWS: dict[str, tuple[str, Form, str, str]] = {
    "pip: another setting and comments": (
        "pip",
        "one",
        "# mine\n[global]\ntimeout: 60  \n; last\n\n[list]\nformat = columns\n",
        "# mine\n[global]\ntimeout: 60  \nindex-url = https://packages.example.org/simple/\n; last\n\n[list]\n"
        "format = columns\n",
    ),
    "pip: another index, spelled otherwise": (
        "pip",
        "one",
        "[global]\nIndex_URL  =  https://old.example.org/\ntimeout = 1\n",
        "[global]\nIndex_URL  =  https://packages.example.org/simple/\ntimeout = 1\n",
    ),
    "pip: a value below its key": (
        "pip",
        "one",
        "[global]\nindex-url =\n    https://old.example.org/\n# kept\ntimeout = 1\n",
        "[global]\nindex-url = https://packages.example.org/simple/\n# kept\ntimeout = 1\n",
    ),
    "pip: a comment above the value": (
        "pip",
        "one",
        "[global]\nindex-url =\n    # why\n    https://old.example.org/\n",
        "[global]\nindex-url = https://packages.example.org/simple/\n    # why\n",
    ),
    "pip: ours with credentials": (
        "pip",
        "one",
        "[global]\nindex-url = https://anna:secret@packages.example.org/simple\n",
        "=",
    ),
    "pip: no newline at the end": (
        "pip",
        "one",
        "[list]\nformat = columns",
        "[list]\nformat = columns\n\n# packages.example.org: private packages first, everything else behind it\n"
        "[global]\nindex-url = https://packages.example.org/simple/\n",
    ),
    "pip: an extra index beside another": (
        "pip",
        "two",
        "[global]\nextra-index-url =\n  https://third.example.org/simple/\ntimeout = 1\n",
        "[global]\nextra-index-url =\n  https://third.example.org/simple/\n  https://packages.example.org/simple/\n"
        "timeout = 1\n",
    ),
    "buildout: additions and conditions": (
        "buildout",
        "one",
        "[buildout]\nextends = base.cfg\nparts = app\neggs += a\n\n[app:python3]\n<= base\nrecipe = r\n",
        "[buildout]\nextends = base.cfg\nparts = app\neggs += a\nindex = https://packages.example.org/simple/\n"
        "allow-hosts = packages.example.org\n\n[app:python3]\n<= base\nrecipe = r\n",
    ),
    "buildout: a host beside others": (
        "buildout",
        "one",
        "[buildout]\nindex = https://old.example.org/\nallow-hosts =\n    *.example.net\nparts =\n    a\n    b\n",
        "[buildout]\nindex = https://packages.example.org/simple/\nallow-hosts =\n    *.example.net\n"
        "    packages.example.org\nparts =\n    a\n    b\n",
    ),
    "easy_install: hosts are split at commas": (
        "easy_install",
        "one",
        "[easy_install]\nallow-hosts = a.example.org, b.example.org\n",
        "[easy_install]\nallow-hosts = a.example.org, b.example.org, packages.example.org\n"
        "index_url = https://packages.example.org/simple/\n",
    ),
    "env: export, another value, another variable": (
        "env",
        "one",
        'export EDITOR=vi\nexport PIP_INDEX_URL="https://old.example.org/"\n',
        "export EDITOR=vi\nexport PIP_INDEX_URL=https://packages.example.org/simple/\n\n"
        "export UV_DEFAULT_INDEX=https://packages.example.org/simple/\n",
    ),
    "dotenv: an empty file": (
        "dotenv",
        "one",
        "",
        "# packages.example.org: private packages first, everything else behind it\n"
        "PIP_INDEX_URL=https://packages.example.org/simple/\nUV_DEFAULT_INDEX=https://packages.example.org/simple/\n",
    ),
    "dotenv: a list": (
        "dotenv",
        "two",
        "PIP_EXTRA_INDEX_URL=https://third.example.org/\nUV_INDEX=packages=https://packages.example.org/simple/\n",
        "PIP_EXTRA_INDEX_URL='https://third.example.org/ https://packages.example.org/simple/'\n"
        "UV_INDEX=packages=https://packages.example.org/simple/\n",
    ),
    "uv: an entry of ours, comments, an explicit one": (
        "uv-project",
        "one",
        """\
        [project]   # app
        name = "app"

        [[tool.uv.index]]
        name = "torch"
        url = "https://torch.example.org/"
        explicit = true # for torch only

        [[tool.uv.index]]
        name = "packages"
        url = "https://old.example.org/" # moved
        explicit = true

        [tool.ruff]
        line-length = 100
        """,
        """\
        [project]   # app
        name = "app"

        [[tool.uv.index]]
        name = "torch"
        url = "https://torch.example.org/"
        explicit = true # for torch only

        [[tool.uv.index]]
        name = "packages"
        url = "https://packages.example.org/simple/" # moved
        default = true

        [tool.ruff]
        line-length = 100
        """,
    ),
    "uv: a list between brackets": (
        "uv-project",
        "one",
        '[tool.uv]\nindex = [{name = "t", url = "https://t.example.org/", explicit = true}]\n',
        '[tool.uv]\nindex = [{name = "t", url = "https://t.example.org/", explicit = true}, '
        '{name = "packages", url = "https://packages.example.org/simple/", default = true}]\n',
    ),
    "poetry: ours with credentials": (
        "poetry",
        "one",
        '[[tool.poetry.source]]\nname = "packages"\nurl = "https://a:b@packages.example.org/simple"\n'
        'priority = "primary"\n',
        "=",
    ),
    "poetry: an explicit source, and PyPI in another spelling": (
        "poetry",
        "two",
        '[[tool.poetry.source]]\nname = "x"\nurl = "https://x.example.org/"\npriority = "explicit"\n\n'
        '[[tool.poetry.source]]\nname = "pypi"\npriority = "supplemental"\n',
        '[[tool.poetry.source]]\nname = "x"\nurl = "https://x.example.org/"\npriority = "explicit"\n\n'
        '[[tool.poetry.source]]\nname = "PyPI"\npriority = "primary"\n\n'
        '[[tool.poetry.source]]\nname = "packages"\nurl = "https://packages.example.org/simple/"\n'
        'priority = "explicit"\n',
    ),
    "uv: a mirror of PyPI as the second": (
        "uv",
        "two",
        '[[index]]\nname = "mirror"\nurl = "https://m.example.org/"\ndefault = true\n',
        '[[index]]\nname = "mirror"\nurl = "https://m.example.org/"\ndefault = true\n\n'
        "# packages.example.org beside PyPI; one index is safer, see `rewritegen clients --form one`\n"
        '[[index]]\nname = "packages"\nurl = "https://packages.example.org/simple/"\n',
    ),
    "pdm: an option of ours stays": (
        "pdm",
        "one",
        '[tool.pdm.resolution]\nallow-prereleases = true\n\n[[tool.pdm.source]]\nname = "pypi"\n'
        'url = "https://old.example.org/"\nverify_ssl = true\n',
        "[tool.pdm.resolution]\nallow-prereleases = true\nrespect-source-order = true\n\n[[tool.pdm.source]]\n"
        'name = "pypi"\nurl = "https://packages.example.org/simple/"\nverify_ssl = true\n',
    ),
    "hatch: variables of the environment": (
        "hatch",
        "one",
        '[tool.hatch.envs.default.env-vars]\nA = "1" # one\n\n[tool.other]\nb = 2\n',
        '[tool.hatch.envs.default.env-vars]\nA = "1" # one\nPIP_INDEX_URL = "https://packages.example.org/simple/"\n'
        'UV_DEFAULT_INDEX = "https://packages.example.org/simple/"\n\n[tool.other]\nb = 2\n',
    ),
    "pipenv: the first source is replaced, pins stay": (
        "pipenv",
        "one",
        '[[source]]\nurl = "https://index.example.org/simple"\nverify_ssl = true\nname = "pypi"\n\n[packages]\n'
        'a = {version = "*", index = "pypi"}\n',
        '[[source]]\nurl = "https://packages.example.org/simple/"\nverify_ssl = true\nname = "pypi"\n\n[packages]\n'
        'a = {version = "*", index = "pypi"}\n',
    ),
    "pixi: other options": (
        "pixi",
        "one",
        '[workspace]\nname = "a"\n\n[pypi-options]\nno-build = true\n',
        '[workspace]\nname = "a"\n\n[pypi-options]\nno-build = true\n'
        'index-url = "https://packages.example.org/simple/"\nindex-strategy = "first-index"\n',
    ),
}

#: tool, form, what is there, what the refusal says.
REFUSED: dict[str, tuple[str, Form, str, str]] = {
    "pip: no INI": ("pip", "one", "index-url = x\n", "cannot be read"),
    "pip: a section twice": ("pip", "one", "[global]\na = 1\n[global]\nb = 2\n", "cannot be read"),
    "pip: a second index": (
        "pip",
        "one",
        "[global]\nextra-index-url = https://u:pw@x.example.org/\n",
        "`extra-index-url` in [global]",
    ),
    "pip: an index of install": (
        "pip",
        "one",
        "[install]\nindex-url = https://x.example.org/\n",
        "wins over",
    ),
    "pip: an indented key": (
        "pip",
        "one",
        "[global]\n  index-url = https://old.example.org/\n",
        "not understood",
    ),
    "pip: an indented head": ("pip", "one", "  [global]\n  timeout = 1\n", "beginning of a line"),
    "a file of another kind": ("pip", "one", "#" * (1024 * 1024 + 1), "larger than any"),
    "pip: no index": ("pip", "one", "[global]\nno-index = true\n", "no index at all"),
    "pip: one already": (
        "pip",
        "two",
        "[global]\nindex-url = https://packages.example.org/simple\n",
        "one is enough",
    ),
    "env: a second index": ("env", "one", "PIP_EXTRA_INDEX_URL=x\n", "PIP_EXTRA_INDEX_URL"),
    "env: uv's first index": ("env", "one", "UV_INDEX=x\n", "before this one"),
    "env: set twice": ("env", "one", "PIP_INDEX_URL=a\nPIP_INDEX_URL=b\n", "2 times"),
    "env: a line that does more": ("env", "one", "PIP_INDEX_URL=a; uv sync\n", "does more"),
    "env: a value of two lines": ("env", "one", 'PIP_INDEX_URL="a\nb"\n', "does more"),
    "env: one already": (
        "env",
        "two",
        "PIP_INDEX_URL=https://packages.example.org/simple\n",
        "one is enough",
    ),
    "env: not in a line of its own": (
        "env",
        "one",
        "if true; then PIP_INDEX_URL=a; fi\n",
        "line of its own",
    ),
    "uv: no TOML": ("uv", "one", "index = \n", "cannot be read"),
    "uv: another index": (
        "uv",
        "one",
        '[[index]]\nname = "x"\nurl = "https://x.example.org/"\n',
        "`x`, is asked for every name",
    ),
    "uv: another default": (
        "uv",
        "one",
        '[[index]]\nname = "x"\nurl = "https://x.example.org/"\ndefault = true\n',
        "`x`",
    ),
    "uv: the older spelling": ("uv", "one", 'extra-index-url = ["x"]\n', "older spelling"),
    "uv: a strategy": ("uv", "two", 'index-strategy = "unsafe-best-match"\n', "must decide"),
    "poetry: another source": (
        "poetry",
        "one",
        '[[tool.poetry.source]]\nname = "x"\nurl = "https://x.example.org/"\npriority = "supplemental"\n',
        "another source, `x`",
    ),
    "poetry: PyPI": (
        "poetry",
        "one",
        '[[tool.poetry.source]]\nname = "PyPI"\npriority = "primary"\n',
        "another source, `PyPI`",
    ),
    "pdm: another source": (
        "pdm",
        "one",
        '[[tool.pdm.source]]\nname = "x"\nurl = "https://x.example.org/"\n',
        "another source, `x`",
    ),
    "hatch: another environment": (
        "hatch",
        "one",
        '[tool.hatch.envs.docs.env-vars]\nPIP_EXTRA_INDEX_URL = "x"\n',
        "environment docs",
    ),
    "hatch: no table": ("hatch", "one", '[tool.hatch]\nenvs = "x"\n', "no table"),
    "pixi: one already": (
        "pixi",
        "two",
        '[pypi-options]\nindex-url = "https://packages.example.org/simple"\n',
        "one is enough",
    ),
    "easy_install: one already": (
        "easy_install",
        "two",
        "[easy_install]\nindex-url = https://packages.example.org/simple\n",
        "one is enough",
    ),
    "pixi: others": (
        "pixi",
        "one",
        '[pypi-options]\nextra-index-urls = ["x"]\n',
        "asks them before",
    ),
    "pixi: others beside": (
        "pixi",
        "two",
        '[pypi-options]\nextra-index-urls = ["x"]\n',
        "asks them before",
    ),
    "pipenv: another first source": (
        "pipenv",
        "one",
        '[[source]]\nname = "x"\nurl = "https://x.example.org/"\nverify_ssl = true\n',
        "first source is `x`",
    ),
    "pipenv: all sources": (
        "pipenv",
        "one",
        "[pipenv]\ninstall_search_all_sources = true\n",
        "install_search_all_sources",
    ),
    "buildout: an index that is added": (
        "buildout",
        "one",
        "[buildout]\nindex += https://x.example.org/\n",
        "one index",
    ),
    "buildout: one already": (
        "buildout",
        "two",
        "[buildout]\nindex = https://packages.example.org/simple/\n",
        "one is enough",
    ),
    "docker": ("docker", "one", "FROM x\n", "only its author"),
    "a byte order mark": ("pip", "one", "\ufeff[global]\n", "byte order mark"),
    "line ends of two kinds": ("pip", "one", "[global]\r\na = 1\n", "end as on Windows"),
    "lines that are no lines": ("pip", "one", "[global]\ra = 1\n", "no text"),
}


def put(tool: str, form: Form, path: Path) -> None:
    packages = (parse_name("acme-greeting"),) if form == "two" else ()
    index = client_index(plan_of(SITE), form=form, packages=packages)
    changed = change(TOOLS[tool], index, render(TOOLS[tool], index), path)
    if changed.needed:
        changed.write()


@pytest.mark.parametrize("row", ROWS)
def test_what_is_there_stays(row: str, tmp_path: Path) -> None:
    tool, form, before, after = ROWS[row]
    before, after = dedent(before), dedent(after)
    path = tmp_path / "file"
    path.write_text(before)
    put(tool, form, path)
    assert path.read_text() == (before if after == "=" else after)
    status = path.stat()
    put(tool, form, path)
    assert path.stat() == status or path.stat().st_mtime_ns == status.st_mtime_ns


@pytest.mark.parametrize("row", REFUSED)
def test_what_would_not_do_is_refused(row: str, tmp_path: Path) -> None:
    tool, form, before, reason = REFUSED[row]
    path = tmp_path / "file"
    path.write_bytes(before.encode())
    with pytest.raises(MergeRefusedError, match=r".") as caught:
        put(tool, form, path)
    assert reason in str(caught.value)
    assert "pw" not in str(caught.value)
    assert path.read_bytes() == before.encode()


@pytest.mark.parametrize("form", ["one", "two"])
@pytest.mark.parametrize("tool", [name for name, tool in TOOLS.items() if tool.syntax != "paste"])
def test_an_empty_file_becomes_what_is_printed(tool: str, form: Form, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    put(tool, form, path)
    packages = (parse_name("acme-greeting"),) if form == "two" else ()
    index = client_index(plan_of(SITE), form=form, packages=packages)
    assert path.read_text() == render(TOOLS[tool], index)


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ("pip", "pyproject.toml"),
        ("dotenv", "uv.toml"),
        ("uv", "pyproject.toml"),
        ("uv-project", "uv.toml"),
        ("pixi", "pyproject.toml"),
        ("poetry", "poetry.toml"),
    ],
)
def test_a_file_of_another_tool_is_refused(tool: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("[a]\nb = 1\n")
    with pytest.raises(MergeRefusedError, match=r"is no TOML|elsewhere"):
        put(tool, "one", path)
    assert path.read_text() == "[a]\nb = 1\n"


@pytest.mark.parametrize(
    ("tool", "text"),
    [
        ("uv-project", "tool = 1\n"),
        ("uv-project", 'tool.uv.index = ["x"]\n'),
        ("uv-project", 'tool.uv.index = "x"\n'),
        ("poetry", 'tool.poetry.source = ["x", 1]\n'),
        ("pdm", "tool.pdm.source = 1\n"),
        ("hatch", "tool.hatch.envs.docs = 1\n"),
        ("hatch", "tool.hatch.envs.docs.env-vars = 1\n"),
        ("hatch", "tool.hatch.envs.default.env-vars = 1\n"),
        ("pixi", "pypi-options.extra-index-urls = 1\n"),
        ("pipenv", "pipenv = 1\n"),
        ("pipenv", "source = 1\n"),
    ],
)
def test_what_no_tool_would_read_is_no_crash(tool: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    try:
        put(tool, "one", path)
    except MergeRefusedError:
        assert path.read_text() == text
    else:
        assert text.strip().rpartition("=")[2].strip("[] ") in path.read_text()


@pytest.mark.parametrize("text", ["PIP_NO_INDEX=0\n", "PIP_EXTRA_INDEX_URL=\n"])
def test_what_is_switched_off_is_no_obstacle(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    put("dotenv", "one", path)
    assert path.read_text().startswith(text)


def test_line_ends_of_windows_stay(tmp_path: Path) -> None:
    path = tmp_path / "pip.conf"
    path.write_bytes(b"[global]\r\ntimeout = 1\r\n")
    put("pip", "one", path)
    expected = b"[global]\r\ntimeout = 1\r\nindex-url = https://packages.example.org/simple/\r\n"
    assert path.read_bytes() == expected


@pytest.mark.parametrize(
    ("tool", "name", "other"),
    [
        ("uv-project", "pyproject.toml", "uv.toml"),
        ("hatch", "pyproject.toml", "hatch.toml"),
        ("pixi-project", "pyproject.toml", "pixi.toml"),
    ],
)
def test_a_file_that_another_hides_is_refused(
    tool: str, name: str, other: str, tmp_path: Path
) -> None:
    (tmp_path / name).touch()
    (tmp_path / other).touch()
    with pytest.raises(MergeRefusedError, match=f"{other} is there"):
        put(tool, "one", tmp_path / name)
