"""What happens on the netbook, in a process that has no network but itself: ``python -m tests.systems.netbook``.

The first line of its output says what it sees of the network, each further one what a client did; as JSON.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import socket
import struct
import sys
import urllib.error
import urllib.request
from pathlib import Path

from tests.systems.clients import CLIENTS, lacking
from tests.systems.packages import packages_of
from tests.systems.sites import live_site

#: linux/sockios.h and linux/if.h
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
#: TEST-NET-1 of RFC 5737, and its kind of IPv6 (RFC 3849).
_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def loopback_up() -> None:
    """Switch on the one interface that a new network namespace has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh", b"lo", 0)
        _, flags = struct.unpack("16sh", fcntl.ioctl(handle, _SIOCGIFFLAGS, request))
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | _IFF_UP))


def network() -> dict[str, object]:
    """Tell which interfaces there are, and which addresses elsewhere can be reached."""
    reached = []
    for family, address in _ELSEWHERE:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as handle:
            handle.connect((address, 443))  # of UDP: asks for a route, and sends nothing
            reached.append(address)
    return {"interfaces": [name for _, name in socket.if_nameindex()], "reached": reached}


def status(url: str) -> int:
    """Return the status of a page."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _main(kind: str, site_file: str, place: str, cache: str, *clients: str) -> None:
    loopback_up()
    print(json.dumps(network()), flush=True)
    wanted = [
        packages_of("netbook")[0],
        *packages_of("pep381client"),
        packages_of("bandersnatch")[1],
    ]
    with live_site(kind, Path(site_file)) as live:
        for name in ("nobody-has-this", "acme-ghost"):
            print(json.dumps({name: status(f"{live.url}{name}/")}), flush=True)
        for client in clients:
            directory = Path(place, f"{kind}-{client}")
            directory.mkdir()
            done = CLIENTS[client](live.url, wanted, directory, Path(cache))
            said = {
                "client": client,
                "status": done.status,
                "lacking": lacking(wanted, directory),
                "output": done.output[-2000:],
            }
            print(json.dumps(said), flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
