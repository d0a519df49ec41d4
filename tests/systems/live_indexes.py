"""Index servers of others, run for real on the loopback interface, each with the same projects.

Where it has another index behind it, that is a recording one of the test; nobody reaches a network.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

from tests.check.indexes import Listed, installed, process, run_once
from tests.support import trees
from tests.support.processes import HOST, free_port, running
from tests.support.sites import index_site, start_site, write_site
from tests.support.tools import require
from tests.support.upstream import Index, upstream
from tests.systems.old_python import old_environment

__all__ = [
    "Projects",
    "bandersnatch",
    "clue",
    "devpi",
    "devpi_behind",
    "eggproxy",
    "eggproxy_behind",
    "ours",
    "proxpi",
    "pypiserver",
    "simpleindex",
]

Projects = Mapping[str, Mapping[str, bytes]]


@contextlib.contextmanager
def pypiserver(projects: Projects, cache: Path, place: Path) -> Iterator[str]:
    """pypiserver with ``--disable-fallback``."""
    program = installed("pypiserver", cache) / "pypi-server"
    packages, port = trees.flat(place / "packages", projects), free_port()
    argv = [str(program), "run", "-i", HOST, "-p", str(port), "--disable-fallback", str(packages)]
    with process(argv, port, place):
        yield f"http://{HOST}:{port}/simple/"


@contextlib.contextmanager
def proxpi(projects: Projects, cache: Path, place: Path) -> Iterator[str]:
    """proxpi before a public index."""
    python = installed("proxpi", cache) / "python"
    port = free_port()
    argv = [str(python), "-m", "flask", "--app", "proxpi.server", "run", "-h", HOST]
    with upstream(Listed(projects)) as index:
        environment = {"PROXPI_INDEX_URL": index.url, "PROXPI_EXTRA_INDEX_URLS": ""}
        with process([*argv, "-p", str(port)], port, place, environment):
            yield f"http://{HOST}:{port}/index/"


@contextlib.contextmanager
def devpi_behind(index: Index, cache: Path, place: Path) -> Iterator[str]:
    """devpi's mirror of this index."""
    programs = installed("devpi-server", cache, "devpi-client")
    data, port = place / "data", free_port()
    run_once([str(programs / "devpi-init"), "--serverdir", str(data)], place)
    argv = [str(programs / "devpi-server"), "--serverdir", str(data), "--host", HOST]
    client = [str(programs / "devpi"), "--clientdir", str(place / "client")]
    with process([*argv, "--port", str(port)], port, place):
        for words in (
            ["use", f"http://{HOST}:{port}/"],
            ["login", "root", "--password", ""],
            ["index", "root/pypi", f"mirror_url={index.url}"],
        ):
            run_once([client[0], words[0], *client[1:], *words[1:]], place)
        yield f"http://{HOST}:{port}/root/pypi/+simple/"


@contextlib.contextmanager
def devpi(projects: Projects, cache: Path, place: Path) -> Iterator[str]:
    """devpi's mirror of a public index."""
    with upstream(Listed(projects)) as index, devpi_behind(index, cache, place) as url:
        yield url


@contextlib.contextmanager
def simpleindex(
    projects: Projects, cache: Path, place: Path, elsewhere: str = "http://127.0.0.1:9/"
) -> Iterator[str]:
    """simpleindex with a route to directories, of which one is empty; `far-tool` is at another index."""
    python = installed("simpleindex", cache) / "python"
    port, root = free_port(), place / "projects"
    trees.projects(root, {canonicalize_name(name): files for name, files in projects.items()})
    (root / "emptied").mkdir()
    config = place / "simpleindex.toml"
    config.write_text(
        f'[routes."far-tool"]\nsource = "http"\nto = "{elsewhere}far-tool/"\n\n'
        f'[routes."{{project}}"]\nsource = "path"\nto = "{root}/{{project}}"\n\n'
        f'[server]\nhost = "{HOST}"\nport = {port}\n'
    )
    with process([str(python), "-m", "simpleindex", str(config)], port, place):
        yield f"http://{HOST}:{port}/"


@contextlib.contextmanager
def eggproxy_behind(index: Index, cache: Path, place: Path) -> Iterator[str]:
    """collective.eggproxy before this index."""
    wanted = ("collective.eggproxy==0.5.1", "PasteScript<3")
    program = old_environment("eggproxy", cache, *wanted) / "eggproxy_run"
    port = free_port()
    (place / "eggs").mkdir()
    (place / "eggproxy.conf").write_text(
        f"[eggproxy]\neggs_directory = {place}/eggs\nindex = {index.url}\nport = {port}\n"
        "update_interval = 24\nalways_refresh = 0\ntimeout = 20\n"
    )
    with process([str(program)], port, place):
        yield f"http://{HOST}:{port}/"


@contextlib.contextmanager
def eggproxy(projects: Projects, cache: Path, place: Path) -> Iterator[str]:
    """collective.eggproxy before a public index."""
    with upstream(Listed(projects)) as index, eggproxy_behind(index, cache, place) as url:
        yield url


@contextlib.contextmanager
def clue(projects: Projects, cache: Path, place: Path) -> Iterator[str]:
    """ClueReleaseManager, whose uploads fail with today's libraries: what they write is written here."""
    program = old_environment("clue", cache, "ClueReleaseManager==0.3.3") / "cluerelmgr-server"
    port = free_port()
    with process([str(program), "-i", HOST, "-p", str(port)], port, place):
        with contextlib.closing(sqlite3.connect(place / "cluerelmgr.db", timeout=30)) as database:
            for name, files in projects.items():
                identifier = name.lower()
                row = (identifier, name, "anonymous", "", "", "http://home.example.org/")
                columns = "distro_id, name, owner, summary, description, home_page"
                database.execute(f"insert into distros ({columns}) values (?, ?, ?, ?, ?, ?)", row)
                directory = place / "files" / identifier[0] / identifier
                directory.mkdir(parents=True)
                for file, content in files.items():
                    (directory / file).write_bytes(content)
            database.commit()
        yield f"http://{HOST}:{port}/d/"


_WEB_SERVER = """
pid nginx.pid;
error_log error.log;
events {{}}
http {{
    access_log off;
    types {{ text/html html; }}
    client_body_temp_path temp;
    proxy_temp_path temp;
    fastcgi_temp_path temp;
    uwsgi_temp_path temp;
    scgi_temp_path temp;
    server {{
        listen {host}:{port};
        root {web};
        index index.html;
        autoindex off;
    }}
}}
"""


@contextlib.contextmanager
def bandersnatch(projects: Projects, cache: Path, place: Path) -> Iterator[str]:
    """bandersnatch's tree behind a plain nginx."""
    del cache
    web, port, tree = trees.bandersnatch(place / "web", projects), free_port(), place / "nginx"
    tree.mkdir()
    (tree / "nginx.conf").write_text(_WEB_SERVER.format(host=HOST, port=port, web=web))
    with running("nginx", tree, [port]):
        yield f"http://{HOST}:{port}/simple/"


@contextlib.contextmanager
def ours(projects: Projects, place: Path, **more: object) -> Iterator[str]:
    """Another site of ours, with its projects in a directory."""
    require("nginx")
    team = trees.projects(place / "team", projects)
    settings = {"private": [{"name": "team", "path": str(team), **more}], "index": "/simple/"}
    if more.get("listing") == "automatic":
        (team / ".rewritegen-root").touch()
    else:
        settings |= {"state": str(place / "state"), "index": "/deep/simple/"}
    site_file = write_site(place / "site.yaml", settings, free_port())
    if "state" in settings:
        index_site(site_file)
    live = start_site("nginx", site_file, place / "tree")
    try:
        yield live.url
    finally:
        live.server.stop()
