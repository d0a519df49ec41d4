"""``rewritegen clients``: what goes to standard output, what to standard error, the exit codes, and the file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from rewritegen.cli import main
from rewritegen.clients.index import client_index
from rewritegen.clients.tools import TOOLS
from tests.unit.sites import plan_of

SITE = """\
server_name: packages.example.org
listen: [443]
tls: {certificate: /etc/ssl/site.pem, key: /etc/ssl/site.key}
state: /state
private: [{path: /srv/team, claims: [acme-*]}]
"""


@pytest.fixture
def site(tmp_path: Path) -> str:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return str(path)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("options", [[], ["--tool", "list"]], ids=["nothing", "list"])
def test_the_list_has_every_tool(
    options: list[str], site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["clients", site, *options]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == list(TOOLS)
    assert err == ""


@pytest.mark.parametrize("tool", TOOLS)
def test_standard_output_is_the_text_and_nothing_else(
    tool: str, site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["clients", site, "--tool", tool]) == 0
    out, err = capsys.readouterr()
    assert "https://packages.example.org/simple/" in out
    assert err == ""


#: What changes the site or the command -> what must be said of it.
SAID = {
    "two indexes": ("", ["--form", "two"], "two indexes: pip asks both for every name"),
    "plain http": ("tls: null\n", [], "plain http: whoever sits in between"),
    "a password over it": (
        "auth: {basic: /etc/htpasswd}\n",
        ["--url", "http://packages.example.org/simple/"],
        "plain http shows names and passwords",
    ),
    "loopback": ("listen: ['127.0.0.1:443', '[::1]:443']\n", [], "give the URL of what stands in"),
}


@pytest.mark.parametrize("row", SAID)
def test_what_is_unwise_is_said(
    row: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more, options, said = SAID[row]
    key = more.partition(":")[0]
    kept = "".join(line for line in SITE.splitlines(True) if not line.startswith(f"{key}:"))
    path = tmp_path / "site.yaml"
    path.write_text(kept + ("" if "null" in more else more))
    assert main(["clients", str(path), "--tool", "pip", *options]) == 0
    out, err = capsys.readouterr()
    assert said in err
    assert err.count("warning:") == 1
    assert "warning" not in out


def test_a_front_is_what_a_loopback_site_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(SITE.replace("[443]", "['127.0.0.1:443']"))
    url = "https://front.example.org/"
    assert main(["clients", str(path), "--tool", "pip", "--url", url]) == 0
    assert capsys.readouterr().err == ""


def test_uv_has_nothing_to_pin(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["clients", site, "--tool", "uv-project", "--form", "two"]
    assert main(command) == 0
    assert "uv pins no prefix" in capsys.readouterr().err
    assert main([*command, "--package", "acme-foo"]) == 0
    assert "uv pins no prefix" not in capsys.readouterr().err


def test_a_redirect_leaves_the_hosts_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(f"{SITE}fallbacks: [{{redirect: 'https://index.example.org/'}}]\n")
    assert main(["clients", str(path), "--tool", "buildout"]) == 0
    out, err = capsys.readouterr()
    assert "allow-hosts" not in out
    assert "allow-hosts is left out" in err


def test_write_check_and_diff(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    conf = Path.home() / ".config/pip/pip.conf"
    command = ["clients", site, "--tool", "pip", "--write"]
    assert main([*command, "--check"]) == 3
    assert main([*command, "--diff"]) == 3
    assert "+index-url = https://packages.example.org/simple/" in capsys.readouterr().out
    assert not conf.exists()
    assert main(command) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"wrote {conf}\n")
    umask = os.umask(0o022)
    os.umask(umask)
    assert conf.stat().st_mode & 0o777 == 0o666 & ~umask
    assert conf.read_text().endswith("[global]\nindex-url = https://packages.example.org/simple/\n")
    assert main([*command, "--check"]) == 0
    assert main([*command, "--diff"]) == 0
    assert main(command) == 0
    assert capsys.readouterr().err == "unchanged\n"


def test_the_diff_is_of_what_is_there(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("pip.conf").write_text("[global]\nindex-url = https://old.example.org/\ntimeout = 1")
    command = ["clients", site, "--tool", "pip", "--diff", "--write", "pip.conf"]
    assert main(command) == 3
    changed = [
        line for line in capsys.readouterr().out.splitlines() if re.match(r"[-+][^-+]", line)
    ]
    assert changed[:2] == [
        "-index-url = https://old.example.org/",
        "-timeout = 1",
    ]
    assert "+index-url = https://packages.example.org/simple/" in changed


def test_what_is_refused_is_printed_and_exit_1(
    site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("pip.conf").write_text("[global]\nextra-index-url = https://x.example.org/\n")
    assert main(["clients", site, "--tool", "pip", "--write", "pip.conf"]) == 1
    out, err = capsys.readouterr()
    assert "index-url = https://packages.example.org/simple/" in out
    assert "pip.conf is left as it is: `extra-index-url` in [global]" in err
    assert "x.example.org" in Path("pip.conf").read_text()
    assert main(["clients", site, "--tool", "docker", "--write"]) == 1
    assert "not written: only its author knows" in capsys.readouterr().err


@pytest.mark.parametrize("tool", ["uv-project", "poetry", "pdm", "hatch", "pixi"])
def test_the_main_file_of_a_project_is_not_begun(
    tool: str, site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["clients", site, "--tool", tool, "--write"]) == 1
    assert "no such file: go to the directory of the project" in capsys.readouterr().err
    assert not Path(TOOLS[tool].place).exists()


def test_how_a_password_is_given_is_said_when_the_comment_is_not_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(f"{SITE}auth: {{basic: /etc/htpasswd}}\n")
    Path("pip.conf").write_text("[global]\ntimeout = 1\n")
    assert main(["clients", str(path), "--tool", "pip", "--write", "pip.conf"]) == 0
    assert "note:   ~/.netrc (mode 600) has `machine" in capsys.readouterr().err
    assert "netrc" not in Path("pip.conf").read_text()


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["--tool", "conda"], id="no such tool"),
        pytest.param(["--tool", "pip", "--check"], id="check of nothing"),
        pytest.param(["--tool", "env", "--write"], id="no usual place"),
        pytest.param(["--tool", "pip", "--package", "a"], id="a name with one index"),
        pytest.param(["--tool", "uv", "--form", "two", "--package", "-x"], id="no name"),
        pytest.param(["--tool", "buildout", "--form", "two"], id="pages of no name"),
        pytest.param(["--tool", "pip", "--url", "https://a:b@x.example.org/"], id="credentials"),
        pytest.param(["--tool", "pip", "--url", "packages.example.org"], id="no URL"),
    ],
)
def test_wrong_usage_is_exit_2(
    options: list[str], site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["clients", site, *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "rror" in err
    assert "a:b@" not in err


def test_mode_and_link_stay_and_nothing_is_left(site: str, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles"
    real.mkdir()
    (real / "pip.conf").write_text("[global]\ntimeout = 1\n")
    (real / "pip.conf").chmod(0o640)
    Path("pip.conf").symlink_to("dotfiles/pip.conf")
    assert main(["clients", site, "--tool", "pip", "--write", "pip.conf"]) == 0
    assert Path("pip.conf").is_symlink()
    assert (real / "pip.conf").stat().st_mode & 0o777 == 0o640
    assert "index-url" in (real / "pip.conf").read_text()
    assert [path.name for path in real.iterdir()] == ["pip.conf"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to somebody else")
def test_the_owner_stays(site: str) -> None:
    Path("pip.conf").write_text("[global]\ntimeout = 1\n")
    os.chown("pip.conf", 1234, 2345)
    assert main(["clients", site, "--tool", "pip", "--write", "pip.conf"]) == 0
    status = Path("pip.conf").stat()
    assert (status.st_uid, status.st_gid) == (1234, 2345)


def test_a_write_that_fails_leaves_the_old_file(
    site: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("pip.conf").write_text("[global]\ntimeout = 1\n")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    before = sorted(Path().iterdir())
    assert main(["clients", site, "--tool", "pip", "--write", "pip.conf"]) == 2
    assert "No space left" in capsys.readouterr().err
    assert Path("pip.conf").read_text() == "[global]\ntimeout = 1\n"
    assert sorted(Path().iterdir()) == before


#: server_name, listen, --url -> URL and name.
SEEN = {
    "a port": (
        "packages.example.org",
        "[8080]",
        None,
        "http://packages.example.org:8080/simple/",
        "packages",
    ),
    "the usual port": (
        "packages.example.org",
        "[80]",
        None,
        "http://packages.example.org/simple/",
        "packages",
    ),
    "a front": (
        "packages.example.org",
        "['127.0.0.1:8080']",
        "HTTPS://Front.example.org:443/python",
        "https://front.example.org/python/",
        "packages",
    ),
    "what tools call PyPI": (
        "pypi.example.org",
        "[80]",
        None,
        "http://pypi.example.org/simple/",
        "index-pypi-example-org",
    ),
    "no letter first": (
        "10_0.example.org",
        "[80]",
        None,
        "http://10_0.example.org/simple/",
        "index-10-0-example-org",
    ),
    "one word": ("eggs", "[80]", None, "http://eggs/simple/", "eggs"),
}


@pytest.mark.parametrize("row", SEEN)
def test_the_index_as_clients_see_it(row: str) -> None:
    server_name, listen, url, expected, name = SEEN[row]
    text = f"""
        server_name: {server_name}
        listen: {listen}
        state: /state
        private: [{{path: /srv/team}}]
    """
    index = client_index(plan_of(text), url)
    assert (index.url, index.name) == (expected, name)


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("http://packages.example.org/", True),
        ("http://10.1.2.3/", True),
        ("https://packages.example.org/", False),
        ("http://127.0.0.1:8080/", False),
        ("http://[::1]:8080/", False),
        ("http://localhost/", False),
    ],
)
def test_pip_must_be_told_of_plain_http_beyond_this_machine(url: str, plain: bool) -> None:
    assert client_index(plan_of(dedent(SITE)), url).plain == plain


def test_the_brackets_of_an_address_are_no_set_of_characters(
    site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["clients", site, "--tool", "buildout", "--url", "http://[::1]:8080/"]) == 0
    assert "allow-hosts = [[]::1]:8080\n" in capsys.readouterr().out


def test_a_shell_is_given_words(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clients", site, "--tool", "env", "--url", "http://[::1]:8080/"]) == 0
    assert "export PIP_INDEX_URL='http://[::1]:8080/'\n" in capsys.readouterr().out


def test_a_shell_takes_every_url(site: str, tmp_path: Path) -> None:
    url = "https://packages.example.org/~team/a+b@c=d/"
    assert main(["clients", site, "--tool", "env", "--url", url, "--write", "index.sh"]) == 0
    script = '. ./index.sh && printf %s "$PIP_INDEX_URL"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == url


def test_the_library_is_not_paid_for_by_other_commands() -> None:
    code = "import sys; from rewritegen.cli import main; main(['init']); assert 'tomlkit' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
