"""Real installers, and the link finder of old ones, read the pages from a plain file server."""

from __future__ import annotations

import functools
import html
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from packaging.version import Version

from tests.support.dists import make_sdist, make_wheel
from tests.support.indexing import Bench, codes

JSON = "application/vnd.pypi.simple.v1+json"


def pip_reads_core_metadata() -> bool:
    """Whether the pip of this environment knows the name of PEP 714; Debian 12 has 23.0.1, which does not."""
    return Version(version("pip")) >= Version("23.2")


class Site(SimpleHTTPRequestHandler):
    """What the generated configurations do with state and root, for two paths and two types."""

    def __init__(self, bench: Bench, with_json: bool, log: list[str], *arguments: object) -> None:
        self.bench, self.with_json, self.log = bench, with_json, log
        super().__init__(*arguments)  # type: ignore[arg-type]

    def translate_path(self, path: str) -> str:
        parts = [unquote(part) for part in urlsplit(path).path.split("/")[1:]]
        if parts[0] == "simple":
            return str(self.bench.state.joinpath("pages", "team", *parts[1:], self._page()))
        beside = self.bench.state / "metadata" / "team" / "/".join(parts[2:])
        self.log.append(parts[-1])
        return str(beside if beside.exists() else self.bench.root / "/".join(parts[2:]))

    def guess_type(self, path: object) -> str:
        kinds = {"index.v1_json": JSON, "index.html": "text/html; charset=utf-8"}
        return kinds.get(Path(str(path)).name, "application/octet-stream")

    def log_message(self, *arguments: object) -> None: ...

    def _page(self) -> str:
        asked = JSON in self.headers.get("Accept", "")
        return "index.v1_json" if asked and self.with_json else "index.html"


@pytest.fixture(params=[True, False], ids=["json", "html"])
def site(bench: Bench, request: pytest.FixtureRequest) -> Iterator[tuple[str, list[str]]]:
    """URL of the index, and the files that were asked for."""
    make_wheel(bench.root / "Acme_Foo", "acme-foo", "1.0+local", requires=["acme-bar"])
    yanked = make_wheel(bench.root / "Acme_Foo", "acme-foo", "2.0")
    yanked.with_name(f"{yanked.name}.yanked").write_text("broken <b>")
    make_wheel(bench.root / "Acme_Foo", "acme-foo", "3.0", requires_python=">=4")
    make_sdist(bench.root / "acme-bar", "acme-bar", "1.0", metadata_version="2.2")
    make_wheel(bench.root / "acme-bar", "acme-bar", "0.9")
    assert codes(bench.index()) == []
    log: list[str] = []
    handler = functools.partial(Site, bench, request.param, log)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/simple/", log
        server.shutdown()
        thread.join()


ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PIP_CONFIG_FILE": "/dev/null", "UV_NO_CONFIG": "1"}


def test_pip_takes_the_newest_that_is_not_yanked(
    site: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, asked = site
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir"]
    options = ["--index-url", url, "--only-binary", ":all:", "-d", str(tmp_path / "out")]
    subprocess.run([*pip, "download", *options, "acme-foo"], check=True, env=ENVIRONMENT)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "acme_bar-0.9-py3-none-any.whl",
        "acme_foo-1.0+local-py3-none-any.whl",
    ]
    if pip_reads_core_metadata():
        assert asked.index("acme_foo-1.0+local-py3-none-any.whl.metadata") < asked.index(
            "acme_foo-1.0+local-py3-none-any.whl"
        )


def test_uv_reads_the_metadata_of_wheels_and_not_the_wheels(
    site: tuple[str, list[str]], tmp_path: Path
) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed")
    url, asked = site
    (tmp_path / "in.txt").write_text("Acme.Foo\n")
    command = [uv, "pip", "compile", "--no-cache", "--index-url", url, "--python", sys.executable]
    done = subprocess.run(
        [*command, str(tmp_path / "in.txt")], check=True, env=ENVIRONMENT, capture_output=True
    )
    lines = [line for line in done.stdout.decode().splitlines() if line and line[0] not in " #"]
    assert lines == ["acme-bar==1.0", "acme-foo==1.0+local"]
    wheels = [name for name in asked if ".whl" in name]  # it reads sdists themselves, at their hash
    assert wheels == ["acme_foo-1.0+local-py3-none-any.whl.metadata"]


def test_old_setuptools_finds_the_files_and_nothing_to_follow(bench: Bench) -> None:
    """The three searches of ``setuptools.package_index`` (v44 to v79) over the raw text of a page."""
    path = make_wheel(bench.root / "acme-foo", "acme-foo", "1.0+local")
    bench.index()
    page = bench.page("acme-foo")
    href = re.compile(r"""href\s*=\s*['"]?([^'"> ]+)""", re.IGNORECASE)
    rel = re.compile(r"""<([^>]*\srel\s{0,10}=\s{0,10}['"]?([^'" >]+)[^>]*)>""", re.IGNORECASE)
    base = "https://packages.example.org/simple/acme-foo/"
    links = [urljoin(base, html.unescape(link)) for link in href.findall(page)]
    files = [unquote(urlsplit(link).path.rpartition("/")[2]) for link in links]
    assert files == ["", path.name]
    assert rel.findall(page) == []
    assert "<th>Home Page" not in page
    assert "<th>Download URL" not in page
