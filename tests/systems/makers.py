"""Trees made by the real programs, from the three packages of each, out of a stand-in for PyPI.

``python -m tests.systems.makers`` (with Python 2.7, see tests/support/tools.py) writes them into tests/trees. Two are
made by hand, after what the program's source and README say: sdistmaker, which checks out of Subversion, and
haufe.eggserver, which is a part of Zope.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.dists import make_sdist
from tests.systems.fake_pypi import FakePypi, fake_pypi
from tests.systems.packages import Package, packages_of, write
from tests.systems.software import Software, new_software, old_software

__all__ = ["RECORDED", "SYSTEMS", "Bench", "System", "make", "mirror"]

RECORDED = Path(__file__).resolve().parents[1] / "trees"

#: Where the recorded pypimirror, and the bandersnatch with root_uri, say that they are.
BASE_URL = "http://mirror.example.org/pypi/"


@dataclass(frozen=True, slots=True)
class Bench:
    """What a maker gets."""

    system: System
    place: Path
    """An empty directory: input, homes, and the tree."""
    cache: Path

    @property
    def packages(self) -> tuple[Package, ...]:
        """What goes in."""
        return self.system.packages

    @property
    def tree(self) -> Path:
        """What comes out."""
        return self.place / "tree"

    @property
    def old(self) -> Software:
        """The programs of Python 2.7."""
        return old_software(self.cache)

    @property
    def new(self) -> Software:
        """Those of today."""
        return new_software(self.cache)

    def run(self, software: Software, *argv: str, text: str = "") -> str:
        """Run a program beside the tree."""
        return software.run(argv, self.place, self.place / "home", text=text)


def _pep381client(bench: Bench) -> None:
    write(bench.place / "files", bench.packages)
    with fake_pypi(bench.place / "files", bench.packages) as pypi:
        # two runs: the page with all names comes with the second
        code = (
            "import pep381client as p, sys\n"
            "p.pypi = sys.argv[1]; p.BASE = 'http://' + p.pypi\n"
            "p.Synchronization.initialize('sync').synchronize()\n"
            "s = p.Synchronization.load('sync'); s.last_completed = 1; s.synchronize()\n"
        )
        bench.run(bench.old, "python", "-c", code, pypi.url.removeprefix("http://"))
    (bench.place / "sync" / "web").rename(bench.tree)


def _pypimirror(bench: Bench) -> None:
    write(bench.place / "files", bench.packages)
    empty = Package(f"Empty.{bench.system.name.capitalize()}")
    with fake_pypi(bench.place / "files", (*bench.packages, empty)) as pypi:
        (bench.place / "mirror.cfg").write_text(
            "[DEFAULT]\n"
            f"mirror_file_path = {bench.tree}\n"
            f"base_url = {BASE_URL}\n"
            "lock_file_name = pypi-poll-access.lock\n"
            "filename_matches =\n    *.zip\n    *.tgz\n    *.egg\n    *.tar.gz\n    *.tar.bz2\n    *.whl\n"
            "package_matches =\n    *\n"
            "cleanup = True\ncreate_indexes = True\nverbose = True\nlog_filename = mirror.log\n"
            "external_links = False\nfollow_external_index_pages = False\n"
        )
        # its PyPI, and its own name, are written into it
        code = (
            "import sys; U = sys.argv[1]\n"
            "import pypimirror.mirror as m\n"
            "m.PypiPackageList.__init__.__func__.__defaults__ = (U + '/pypi',)\n"
            "m.Package.__init__.__func__.__defaults__ = (U + '/simple',)\n"
            "m.pypimirror_version = lambda: 'z3c.pypimirror/1.0.16'\n"
            "g = m.Package._get\n"
            "def _get(self, url, filename, md5_hex=None):\n"
            "    return g(self, url.replace('../../packages', U + '/packages'), filename, md5_hex)\n"
            "m.Package._get = _get\n"
            "sys.argv = ['pypimirror', '-I', '-c', 'mirror.cfg']; m.run()\n"
        )
        bench.tree.mkdir()
        bench.run(bench.old, "python", "-c", code, pypi.url)
    # it locks while it runs, and leaves the file behind
    (bench.tree / "pypi-poll-access.lock").touch()


def _basketweaver(bench: Bench) -> None:
    files = write(bench.tree, bench.packages, ("sdist",))
    software, home = bench.old, bench.place / "home"
    software.run(["makeindex", *sorted(file.name for file in files)], bench.tree, home)


def _eggproxy(bench: Bench) -> None:
    write(bench.place / "files", bench.packages, ("sdist",))
    # a newer version is on the page that it keeps, and nobody asked for the file
    make_sdist(bench.place / "files", bench.packages[0].name, "2.0")
    bench.tree.mkdir()
    (bench.place / "home").mkdir()
    with fake_pypi(bench.place / "files", bench.packages) as pypi:
        conf = f"[eggproxy]\neggs_directory = {bench.tree}\nindex = {pypi.url}/simple\n"
        (bench.place / "home" / "eggproxy.conf").write_text(conf)
        # what its server does for NAME/ and NAME/FILE
        code = (
            "import sys; from collective.eggproxy.utils import IndexProxy\n"
            "p = IndexProxy()\n"
            "for n in sys.argv[1:]: p.updatePackageIndex(n); p.updateEggFor(n, n + '-1.0.tar.gz')\n"
        )
        bench.run(bench.old, "python", "-c", code, *(one.name for one in bench.packages))


def _bandersnatch(**options: str) -> Callable[[Bench], None]:
    def make(bench: Bench) -> None:
        write(bench.place / "files", bench.packages)
        with fake_pypi(bench.place / "files", bench.packages) as pypi:
            mirror(bench, pypi, options)

    return make


def mirror(bench: Bench, pypi: FakePypi, options: Mapping[str, str]) -> None:
    """Have bandersnatch mirror it all."""
    settings = {
        "directory": str(bench.place / "sync"),
        "master": pypi.url,
        "allow-non-https": "true",
        "json": "true",
        "hash-index": "false",
        "stop-on-error": "true",
        "workers": "2",
        "timeout": "30",
        **options,
    }
    lines = "".join(f"{key} = {value}\n" for key, value in settings.items())
    (bench.place / "bandersnatch.conf").write_text(f"[mirror]\n{lines}")
    bench.run(bench.new, "bandersnatch", "-c", "bandersnatch.conf", "mirror")
    # links of keep_index_versions are absolute: the tree stays where it was made
    bench.tree.symlink_to(bench.place / "sync" / "web")


def _dumb_pypi(bench: Bench) -> None:
    files = write(bench.tree / "packages", bench.packages)
    (bench.place / "list").write_text("".join(f"{file.name}\n" for file in files))
    argv = ["dumb-pypi", "--package-list", "list", "--packages-url", bench.system.links]
    bench.run(bench.new, *argv, "--output-dir", str(bench.tree), "--no-generate-timestamp")


def _morgan(bench: Bench) -> None:
    write(bench.place / "files", bench.packages)
    bench.tree.mkdir()
    environment = (
        "[env.here]\nos_name = posix\nsys_platform = linux\nplatform_machine = x86_64\n"
        "platform_python_implementation = CPython\nplatform_system = Linux\npython_version = 3.11\n"
        "python_full_version = 3.11.7\nimplementation_name = cpython\n"
    )
    wanted = "".join(f"{package.name} = >=0\n" for package in bench.packages)
    (bench.tree / "morgan.ini").write_text(f"{environment}[requirements]\n{wanted}")
    with fake_pypi(bench.place / "files", bench.packages) as pypi:
        index = ["-i", str(bench.tree), "-I", f"{pypi.url}/simple/"]
        bench.run(bench.new, "morgan", *index, "--skip-server-copy", "mirror")


def _pip2pi(bench: Bench) -> None:
    write(bench.tree, bench.packages)
    bench.run(bench.new, "dir2pi", str(bench.tree))


def _pypi_mirror(bench: Bench) -> None:
    write(bench.place / "files", bench.packages)
    argv = ["pypi-mirror", "create", "-d", str(bench.place / "files"), "-m", str(bench.tree)]
    bench.run(bench.new, *argv, "--copy")


def _directories(*kinds: str) -> Callable[[Bench], None]:
    """One directory per project, named as registered."""

    def make(bench: Bench) -> None:
        for package in bench.packages:
            write(bench.tree / package.name, [package], kinds)

    return make


def _wheelhouse(bench: Bench) -> None:
    write(bench.tree, bench.packages)


@dataclass(frozen=True, slots=True)
class System:
    """A system, as a user has it."""

    name: str
    """A word for tests; its packages are called after it."""
    layout: str
    make: Callable[[Bench], None]
    base_url: str = ""
    links: str = ""
    """Of dumb-pypi: packages-url."""
    raw: bool = False
    """Directories or files are spelled as registered."""
    private: bool = False
    """It may also be a private directory."""
    recorded: bool = True
    """Its tree is in tests/trees; else it has absolute links to where it was made."""
    without: tuple[str, ...] = ()
    """Words of packages that the system cannot have."""
    html: bool = True
    """It has pages for buildout and easy_install."""

    @property
    def packages(self) -> tuple[Package, ...]:
        """The packages that it has."""
        found = packages_of(self.name)
        return tuple(one for one in found if not one.name.startswith(self.without or "-"))

    @property
    def settings(self) -> dict[str, str]:
        """What the site file says besides the place."""
        return {"layout": self.layout, **({"base_url": self.base_url} if self.base_url else {})}


SYSTEMS = {
    system.name: system
    for system in (
        System("pypimirror", "pypimirror", _pypimirror, BASE_URL, raw=True),
        System("pep381client", "pep381client", _pep381client, raw=True),
        System("basketweaver", "basketweaver", _basketweaver, raw=True, private=True),
        # it asks for a name with an underscore in three ways, all of them wrong
        System("eggproxy", "eggproxy", _eggproxy, raw=True, without=("under_",)),
        System("sdistmaker", "sdistmaker", _directories("sdist"), raw=True, private=True),
        System("eggserver", "eggserver", _directories("sdist", "wheel"), raw=True, private=True),
        System("bandersnatch", "bandersnatch", _bandersnatch()),
        System("hash-index", "bandersnatch-hash-index", _bandersnatch(**{"hash-index": "true"})),
        System(
            "versions",
            "bandersnatch",
            _bandersnatch(keep_index_versions="2"),
            recorded=False,
        ),
        System("html-only", "bandersnatch", _bandersnatch(**{"simple-format": "HTML"})),
        System("json-only", "bandersnatch", _bandersnatch(**{"simple-format": "JSON"}), html=False),
        System(
            "root-uri",
            "bandersnatch",
            _bandersnatch(root_uri=BASE_URL.rstrip("/")),
            BASE_URL,
        ),
        System("dumb-pypi", "dumb-pypi", _dumb_pypi, BASE_URL, links=BASE_URL, private=True),
        System("dumb-relative", "dumb-pypi", _dumb_pypi, links="../../packages/", private=True),
        System("morgan", "morgan", _morgan),
        System("pip2pi", "pip2pi", _pip2pi, private=True),
        System("python-pypi-mirror", "pypi-mirror", _pypi_mirror, private=True),
        System("wheelhouse", "flat", _wheelhouse, raw=True, private=True),
    )
}


def make(system: System, place: Path, cache: Path) -> Path:
    """Have the program make its tree below an empty directory, and return it."""
    bench = Bench(system, place, cache)
    system.make(bench)
    return bench.tree


def _record(names: list[str]) -> None:
    cache = Path(tempfile.gettempdir()) / "rewritegen-tree-software"
    cache.mkdir(exist_ok=True)
    for name in names or list(SYSTEMS):
        system = SYSTEMS[name]
        if system.recorded:
            with tempfile.TemporaryDirectory() as place:
                tree = make(system, Path(place), cache)
                shutil.rmtree(RECORDED / name, ignore_errors=True)
                shutil.copytree(tree, RECORDED / name)
            print(json.dumps({name: len(list((RECORDED / name).rglob("*")))}))


if __name__ == "__main__":
    _record(sys.argv[1:])
