"""Every example does what its first lines say: on both servers, with real wheels and a real pip.

An example names absolute places of somebody's machine; here they are moved below a directory of the test, and the word
`pypi` and devpi's address lead to recording stand-ins. Nothing else of the example is changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rewritegen.plan import compile_plan
from rewritegen.servers import server as server_named
from rewritegen.site import load_site
from tests.support import trees
from tests.support.certificates import Authority
from tests.support.credentials import PASSWORD, USER, admission
from tests.support.dists import wheel_bytes
from tests.support.installers import prepare
from tests.support.processes import HOST, free_port
from tests.support.scenes import wheels
from tests.support.sites import index_site, start_site
from tests.support.tools import require
from tests.support.upstream import Index, upstream

pytestmark = pytest.mark.server

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


@dataclass(slots=True)
class Moved:
    """An example and its world, below one directory."""

    text: str
    root: Path
    upstreams: list[Index] = field(default_factory=list)

    def move(self, place: str) -> Path:
        """Move an absolute path of the example, and everything below it, under the directory of the test."""
        assert place in self.text
        self.text = self.text.replace(place, f"{self.root}{place}")
        return self.root / place.lstrip("/")

    def replace(self, old: str, new: str) -> None:
        assert old in self.text
        self.text = self.text.replace(old, new)

    def pypi(self, index: Index) -> None:
        """Let the word `pypi` mean a stand-in."""
        self.upstreams.append(index)
        self.text += f"\npypi: {{index: '{index.url}', files: ['{index.files.origin}/']}}\n"


def _quickstart(site: Moved, _: Authority) -> None:
    trees.projects(site.move("/srv/packages/team"), wheels("acme-foo-1.0"))
    site.replace("listen: [8080]", "listen: ['ADDRESS']")
    site.pypi(Index(wheels("public-one-1.0")))


def _netbook(site: Moved, _: Authority) -> None:
    trees.projects(site.move("/srv/packages/own"), wheels("acme-foo-1.0"))
    trees.bandersnatch(site.move("/srv/pypi/web"), wheels("public-one-1.0"))
    trees.pep381client(site.move("/srv/attic/web"), wheels("Attic.One-1.0", "public-one-0.1"))
    site.replace("127.0.0.1:8080", "ADDRESS")


def _attic(site: Moved, _: Authority) -> None:
    trees.projects(site.move("/srv/sdists"), wheels("acme-foo-1.0"))
    shutil.copytree(ROOT / "tests" / "trees" / "pypimirror", site.move("/srv/pypimirror"))
    trees.projects(site.move("/var/www/eggs"), wheels("Attic.One-1.0"))
    site.replace("listen: [8080]", "listen: ['ADDRESS']")


def _workstation(site: Moved, _: Authority) -> None:
    trees.flat(site.move("/srv/wheelhouse"), wheels("acme-foo-1.0"))
    devpi = Index(wheels("public-one-1.0"), links="devpi", mount="/root/pypi/+simple/")
    site.upstreams.append(devpi)
    site.replace("http://127.0.0.1:3141/root/pypi/+simple/", devpi.url)
    site.replace("127.0.0.1:8080", "ADDRESS")


def _team(site: Moved, authority: Authority) -> None:
    trees.projects(site.move("/srv/packages/team"), wheels("acme-foo-1.0"))
    trees.projects(site.move("/srv/packages/lab"), wheels("lab-bench-1.0"))
    site.move("/var/cache/rewritegen").mkdir(
        parents=True
    )  # as the text says: nginx makes what is in it
    certificate = authority.issue(HOST)
    site.replace("/etc/ssl/certs/packages.example.org.pem", str(certificate.chain))
    site.replace("/etc/ssl/private/packages.example.org.key", str(certificate.key))
    site.replace("listen: [443]", "listen: ['ADDRESS']")
    site.pypi(Index(wheels("public-one-1.0", "acme-oss-1.0")))


def _team_auth(site: Moved, authority: Authority) -> None:
    trees.projects(site.move("/srv/packages/team"), wheels("acme-foo-1.0"))
    site.move("/var/cache/rewritegen").mkdir(parents=True)
    with admission("basic", site.root / "auth", authority) as admitted:
        site.replace("{basic: /etc/", f"{{basic: {site.root}/etc/")
        passwords = site.root / "etc" / "rewritegen" / "htpasswd"
        passwords.parent.mkdir(parents=True)
        passwords.write_bytes(Path(admitted.settings["auth"]["basic"]).read_bytes())
    certificate = authority.issue(HOST)
    site.replace("/etc/ssl/certs/packages.example.org.pem", str(certificate.chain))
    site.replace("/etc/ssl/private/packages.example.org.key", str(certificate.key))
    site.replace("listen: [443]", "listen: ['ADDRESS']")
    site.pypi(Index(wheels("public-one-1.0")))


BUILD: dict[str, Callable[[Moved, Authority], None]] = {
    "quickstart": _quickstart,
    "netbook": _netbook,
    "attic": _attic,
    "workstation": _workstation,
    "team": _team,
    "team-auth": _team_auth,
}
#: What pip gets through each example, private first.
PACKAGES = {
    "quickstart": ("acme-foo", "public-one"),
    "netbook": ("acme-foo", "public-one", "attic-one"),
    "attic": ("acme-foo", "zope-pypimirror", "attic-one"),
    "workstation": ("acme-foo", "public-one"),
    "team": ("acme-foo", "lab-bench", "public-one", "acme-oss"),
    "team-auth": ("acme-foo", "public-one"),
}
STATE = "/var/lib/rewritegen/"


def test_every_example_is_run() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} == set(BUILD) == set(PACKAGES)


@pytest.fixture(params=list(BUILD))
def moved(request: pytest.FixtureRequest, place: Path, authority: Authority) -> Iterator[Moved]:
    """An example in its world, whose upstreams listen."""
    site = Moved((EXAMPLES / f"{request.param}.yaml").read_text(), place)
    BUILD[request.param](site, authority)
    site.move(STATE)
    site.text += f"\ninner: '{HOST}:{free_port()}'\n"  # the default is one port of the machine
    with contextlib.ExitStack() as stack:
        for index in site.upstreams:
            stack.enter_context(upstream(index))
        yield site


def _requirement(name: str) -> str:
    registered = {"attic-one": "Attic.One", "zope-pypimirror": "Zope.Pypimirror"}.get(name, name)
    digest = hashlib.sha256(wheel_bytes(registered, "1.0")).hexdigest()
    return f"{name}==1.0 --hash=sha256:{digest}"


def test_pip_installs_through_it(
    moved: Moved,
    request: pytest.FixtureRequest,
    server_kind: str,
    authority: Authority,
    tmp_path: Path,
) -> None:
    example = request.node.callspec.params["moved"]
    site_file = moved.root / f"{example}.yaml"
    site_file.write_text(moved.text.replace("ADDRESS", f"{HOST}:{free_port()}"))
    index_site(site_file)
    live = start_site(server_kind, site_file, moved.root / "tree")
    try:
        assert request.config.cache is not None
        pip = prepare("pip-newest", request.config.cache.mkdir("installers"))
        options = ["--cert", str(authority.pem)] if live.plan.tls else []
        lines = [_requirement(name) for name in PACKAGES[example]]
        url = live.url.replace("//", f"//{USER}:{PASSWORD}@") if live.plan.auth else live.url
        done = pip.install(url, lines, tmp_path, options)
    finally:
        live.server.stop()
    assert done.status == 0, done.output
    assert done.names >= {f"{name.replace('-', '_')}.py" for name in PACKAGES[example]}
    asked = [line.target for index in moved.upstreams for line in index.requests]
    assert not [target for target in asked if "acme-foo" in target or "lab-bench" in target]


WRAPPERS = {
    "nginx": (
        "nginx.conf",
        "pid nginx.pid;\nerror_log error.log;\nevents {}\n"
        "http {\n    access_log off;\n    include VHOST;\n}\n",
    ),
    # what Debian loads by default, and what its a2enmod is asked for in the header of our file
    "apache": ("httpd.conf", ""),
}


@pytest.mark.parametrize("scope", ["vhost", "standalone"])
def test_the_servers_own_test_is_silent(moved: Moved, server_kind: str, scope: str) -> None:
    """`nginx -t` and `apachectl -t` accept the text without a warning, the virtual host as well as the whole tree."""
    binary = str(require(server_kind))
    program = server_named(server_kind)
    site_file = moved.root / "site.yaml"
    site_file.write_text(moved.text.replace("ADDRESS", f"{HOST}:{free_port()}"))
    plan = compile_plan(load_site(site_file))
    tree = moved.root / "tree"
    program.render(plan, "standalone", program.capabilities(binary)).write(tree)
    if scope == "vhost":
        program.render(plan, "vhost", program.baseline).write(moved.root / "vhost")
        (vhost,) = (moved.root / "vhost").iterdir()
        _wrap(server_kind, tree, vhost)
    done = subprocess.run(
        program.test_command(binary, tree), capture_output=True, text=True, check=False
    )
    said = [
        line
        for line in (done.stdout + done.stderr).splitlines()
        if line
        and line != "Syntax OK"
        and "syntax is ok" not in line
        and "test is successful" not in line
    ]
    assert (done.returncode, said) == (0, [])


def _wrap(kind: str, tree: Path, vhost: Path) -> None:
    """Put the virtual host into the smallest server that a distribution would include it in."""
    if kind == "nginx":
        text = WRAPPERS["nginx"][1].replace("VHOST", str(vhost))
        (tree / "nginx.conf").write_text(text)
        return
    # the modules come from the standalone tree, which finds them where the installed httpd keeps them
    whole = (tree / "httpd.conf").read_text()
    modules = whole[: whole.index("<VirtualHost")]
    kept = [line for line in modules.splitlines() if not line.strip().startswith("Listen ")]
    (tree / "httpd.conf").write_text("\n".join([*kept, f'Include "{vhost}"', ""]))
