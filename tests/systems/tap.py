"""A recorder between a site and real software: what it was asked is kept as raw bytes, and passed on."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

from tests.support.exchange import Recorded, Reply
from tests.support.recorder import Recorder

__all__ = ["Tap"]

#: Of an answer, what is about the connection or is made anew.
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
_SECONDS = 60


class Tap(Recorder):
    """Passes requests on to another server, with the Host that it got; what breaks off there arrives cut off."""

    name = "tap"

    def __init__(self, behind: str) -> None:
        super().__init__()
        parts = urlsplit(behind)
        self._host, self._port, self._path = parts.hostname or "", parts.port, parts.path

    @property
    def url(self) -> str:
        """The URL behind which the software's own URL is."""
        return self.origin + self._path

    def reply(self, request: Recorded) -> Reply:
        """What the software says."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_SECONDS)
        try:
            # a HEAD is answered from the GET: the recorder leaves the body out
            kept = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
            connection.request("GET", request.target, headers=kept)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            return Reply(502, {"Content-Type": "text/plain"}, b"the software does not answer")
        finally:
            connection.close()
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
        return Reply(answer.status, headers, body)


_PASSED_ON = ("host", "accept", "user-agent", "range", "if-none-match", "if-modified-since")
