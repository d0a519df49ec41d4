"""What the server really answers to a request, and whether the model could have said the same."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from rewritegen.decision import Request
from rewritegen.explain.explanation import Outcome

__all__ = ["Answer", "answer_of"]

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """The parts of an answer that say where it came from; ``problem`` when there was none."""

    url: str
    status: int = 0
    source: str = ""
    cache: str = ""
    location: str = ""
    problem: str = ""

    def fits(self, outcomes: Iterable[Outcome]) -> bool:
        """Tell whether it is one of those that the model expects."""
        return any(self._is(outcome) for outcome in outcomes)

    def _is(self, outcome: Outcome) -> bool:
        decision = outcome.decision
        # "nobody could say" is 502, 503 or 504, as the server sees it
        unsure = decision.status == self.status or (
            decision.status == 502 and self.status in {503, 504}
        )
        return unsure and self.source == decision.source and self._leads(decision.location)

    def _leads(self, location: str | None) -> bool:
        """Compare where it leads; a server before httpd 2.4.58 says the whole URL."""
        if location is None:
            return True
        path = urlsplit(self.location).path if location.startswith("/") else self.location
        return path == location


def answer_of(base: str, request: Request) -> Answer:
    """Send one request to the server at ``base``, and to nobody else: no redirect is followed, no proxy is used.

    Its target goes out as it is written.
    """
    parts = urlsplit(base)
    url = f"{base.rstrip('/')}{request.target}"
    host = parts.hostname or ""
    connection: HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = HTTPSConnection(host, parts.port, timeout=_SECONDS, context=context)
    else:
        connection = HTTPConnection(host, parts.port, timeout=_SECONDS)
    try:
        connection.request(
            request.method,
            f"{parts.path.rstrip('/')}{request.target}",
            headers=dict(request.headers),
        )
        response = connection.getresponse()
        sources = response.headers.get_all("X-Index-Source", [])
        return Answer(
            url,
            response.status,
            # httpd says it twice where the answer of an upstream failed: the last one holds
            sources[-1].rpartition(",")[2].strip() if sources else "",
            response.headers.get("X-Cache", ""),
            response.headers.get("Location", ""),
        )
    except (OSError, HTTPException, ValueError) as error:
        return Answer(url, problem=str(error) or type(error).__name__)
    finally:
        connection.close()
