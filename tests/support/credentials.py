"""The ways of `auth:`, each with what lets a client in and with everything that must not."""

from __future__ import annotations

import base64
import contextlib
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.certificates import Authority
from tests.support.exchange import Recorded, Reply
from tests.support.recorder import Recorder

__all__ = ["HASHES", "PASSWORD", "USER", "Admission", "Service", "admission", "basic"]

USER, PASSWORD = "anna", "right-horse-battery"

#: The password as `htpasswd` of apache2-utils 2.4.71 writes it, by its options.
HASHES = {
    "apr1": "$apr1$LOqyiSvX$7AznRi1VU8aaodPpHDEvs.",
    "bcrypt": "$2y$05$s70hAId4p1oEoot2V..JL.ZDwOrD54bj5ZsRzIRSK8s/WRIWxSMia",
    "sha": "{SHA}vKHbZ+pbBQBFuQh1IEYDYpxGnEE=",
    "sha256": "$5$E/QkynxRNiPFi1Rw$oVKaZV2N0XPBVffDx0blW55Mpfo1eaqBZUBgodonbu9",
    "sha512": "$6$zAh5z7ncXzTa8JFk$Nf32JyrsKykj/wJlraAHabK4pxVoWepVYXT.SZnJTwn/qRPv9XXVenvbezydPV4QwAf6PZ"
    "jDbNNtWxRF2vSDT.",
}

Headers = tuple[tuple[str, str], ...]


def basic(user: str = USER, password: str = PASSWORD) -> str:
    """The value of Authorization."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


class Service(Recorder):
    """A single sign-on: whoever has its cookie may read; it knows somebody who may not."""

    name = "service"

    def reply(self, request: Recorded) -> Reply:
        cookie = request.headers.get("cookie", "")
        if "session=good" in cookie:
            return Reply(204, {"X-User": USER})
        if "session=banned" in cookie:
            return Reply(403, {})
        return Reply(401, {"WWW-Authenticate": 'Bearer realm="sso"'})


@dataclass
class Admission:
    """One way, ready to be written into a site file."""

    way: str
    settings: Mapping[str, Any]
    status: int
    """What strangers get."""
    headers: Headers = ()
    """What a client sends that is let in."""
    tls: ssl.SSLContext | None = None
    """How it connects."""
    strangers: dict[str, tuple[Headers, ssl.SSLContext | None]] = field(default_factory=dict)
    service: Service | None = None

    @property
    def replaced(self) -> frozenset[str]:
        """Headers of its own that a client cannot send beside the credentials."""
        return frozenset(name.lower() for name, _ in self.headers)


@contextlib.contextmanager
def admission(way: str, place: Path, authority: Authority) -> Iterator[Admission]:
    """Set up one way; files go below ``place``."""
    place.mkdir(exist_ok=True)
    if way == "basic":
        yield _basic(place)
    elif way == "certificates":
        yield _certificates(place, authority)
    else:
        service = Service()
        service.open()
        try:
            yield _service(service)
        finally:
            service.refuse()


def _basic(place: Path) -> Admission:
    hashed = HASHES["apr1"]
    path = place / "htpasswd"
    path.write_text(f"bob:{hashed[:-3]}xyz\n{USER}:{hashed}\n")
    path.chmod(0o644)
    wrong = {
        "nothing": "",
        "wrong password": basic(password="wrong"),
        "empty password": basic(password=""),
        "unknown user": basic("eve"),
        "the hash as password": basic(password=hashed),
        "no colon": f"Basic {base64.b64encode(USER.encode()).decode()}",
        "no base64": "Basic \xe4\xf6=",
        "another scheme": basic().replace("Basic", "Bearer"),
        "scheme alone": "Basic",
    }
    strangers: dict[str, tuple[Headers, ssl.SSLContext | None]] = {
        name: ((("Authorization", value),) if value else (), None) for name, value in wrong.items()
    }
    forged = (("X-Forwarded-User", USER), ("X-Remote-User", USER), ("REDIRECT_RG_GATE", "1"))
    strangers["forged headers"] = (forged, None)
    proxy = (("Proxy-Authorization", basic()), ("Cookie", f"Authorization={basic()}"))
    strangers["credentials elsewhere"] = (proxy, None)
    settings = {"auth": {"basic": str(path)}}
    return Admission("basic", settings, 401, (("Authorization", basic()),), None, strangers)


def _certificates(place: Path, authority: Authority) -> Admission:
    clients = place / "clients"
    clients.mkdir()
    team = Authority(clients)
    known = team.issue("anna.example.org")
    ours = authority.issue("packages.example.org", "127.0.0.1")
    settings = {
        "auth": {"certificates": str(team.pem)},
        "tls": {"certificate": str(ours.chain), "key": str(ours.key)},
    }
    admitted = authority.client_context()
    admitted.load_cert_chain(known.chain, known.key)
    forged = (("X-SSL-Client-Verify", "SUCCESS"), ("SSL_CLIENT_VERIFY", "SUCCESS"))
    strangers: dict[str, tuple[Headers, ssl.SSLContext | None]] = {
        "nothing": ((), authority.client_context()),
        "a password": ((("Authorization", basic()),), authority.client_context()),
        "forged headers": (forged, authority.client_context()),
    }
    return Admission("certificates", settings, 403, (), admitted, strangers)


def _service(service: Service) -> Admission:
    strangers: dict[str, tuple[Headers, ssl.SSLContext | None]] = {
        "nothing": ((), None),
        "another cookie": ((("Cookie", "session=bad"),), None),
        "a password": ((("Authorization", basic()),), None),
        "forged headers": ((("X-Original-URI", "/-/health"), ("X-User", USER)), None),
    }
    settings = {"auth": {"request": f"{service.origin}/auth"}}
    cookie = (("Cookie", "session=good"),)
    return Admission("request", settings, 401, cookie, None, strangers, service)
