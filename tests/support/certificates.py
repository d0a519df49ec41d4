"""A certificate authority of the test's own, for servers and upstreams that speak TLS."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Authority", "Certificate"]


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files of one server: the certificate with its chain, and the key (readable by everybody: it is a test's)."""

    chain: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """A context for a server that shows this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


class Authority:
    """Signs certificates for any host name; nobody but a test that is given :attr:`pem` trusts it."""

    def __init__(self, directory: Path) -> None:
        import trustme  # who only shows certificates, as an upstream in a container, does not have it

        self._directory = directory
        self._authority = trustme.CA()
        self.pem = directory / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.pem))

    def issue(self, *names: str) -> Certificate:
        """A certificate for these host names or addresses."""
        issued = self._authority.issue_cert(*names)
        chain = self._directory / f"{names[0]}.crt"
        key = self._directory / f"{names[0]}.key"
        chain.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(key))
        return Certificate(chain, key)

    def client_context(self) -> ssl.SSLContext:
        """A context for a client that trusts this authority and nothing else."""
        return ssl.create_default_context(cafile=str(self.pem))
