"""The scenario that this began with: our own packages, then a mirror that pep381client made, on a train.

examples/netbook.yaml, with mirrors that bandersnatch and pep381client made here. Server and clients run in a network
namespace of their own, which has the loopback interface and nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.processes import traversable_directory
from tests.support.sites import index_site
from tests.support.tools import missing, require
from tests.systems.makers import SYSTEMS, make
from tests.systems.packages import packages_of, write

pytestmark = [pytest.mark.server, pytest.mark.client, pytest.mark.slow, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[2]

CLIENTS = ("pip", "uv", "buildout")


def without_network() -> list[str]:
    """Return what runs a command without any network."""
    program = str(require("unshare"))
    argv = [program, "--net"] if os.geteuid() == 0 else [program, "--map-root-user", "--net"]
    if subprocess.run([*argv, "true"], capture_output=True, check=False).returncode != 0:
        missing("unshare", "this kernel lets nobody make a network namespace")
    return argv


#: What made a mirror, and where the example says that it lies.
MIRRORS = {"bandersnatch": "/srv/pypi/web", "pep381client": "/srv/attic/web"}


@pytest.fixture(scope="module")
def cache(request: pytest.FixtureRequest) -> Path:
    """Where tools are kept between sessions."""
    assert request.config.cache is not None
    return request.config.cache.mkdir("tools")


@pytest.fixture(scope="module")
def mirrors(cache: Path) -> Iterator[dict[str, Path]]:
    """Path in the example -> the mirror that was made."""
    with traversable_directory() as place:
        found = {}
        for system, path in MIRRORS.items():
            (place / system).mkdir()
            found[path] = make(SYSTEMS[system], place / system, cache)
        yield found


def test_netbook(server_kind: str, place: Path, mirrors: dict[str, Path], cache: Path) -> None:
    text = (ROOT / "examples" / "netbook.yaml").read_text()
    own = packages_of("netbook")[0]
    write(place / "own" / own.name, [own])
    moved = {
        **mirrors,
        "/srv/packages/own": place / "own",
        "/var/lib/rewritegen/netbook": place / "state",
        "127.0.0.1:8080": f"127.0.0.1:{free_port()}",
    }
    for path, there in moved.items():
        assert path in text
        text = text.replace(path, str(there))
    site_file = place / "netbook.yaml"
    site_file.write_text(text)
    index_site(site_file)
    argv = [*without_network(), sys.executable, "-m", "tests.systems.netbook"]
    argv += [server_kind, str(site_file), str(place), str(cache), *CLIENTS]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    network, absent, claimed, *said = (json.loads(line) for line in done.stdout.splitlines())
    assert network == {"interfaces": ["lo"], "reached": []}
    assert (absent, claimed) == ({"nobody-has-this": 404}, {"acme-ghost": 404})
    assert [one["client"] for one in said] == list(CLIENTS)
    for one in said:
        assert (one["status"], one["lacking"]) == (0, []), one["output"]
