"""Asking an upstream as the server would: the same URL, the same Accept, no header of a client, verified TLS."""

from __future__ import annotations

import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from rewritegen.names import InvalidNameError, parse_name
from rewritegen.plan import Plan
from rewritegen.redirects import REDIRECTS
from rewritegen.representations import Representation
from rewritegen.steps import FetchFrom

__all__ = ["Asking", "same_project"]

_MOST_REDIRECTS = 4


class Asking:
    """Asks the upstreams of a plan; what they were asked, and said, is in ``said``."""

    def __init__(self, plan: Plan) -> None:
        self._ca = plan.ca
        attempts = [
            one for route in plan.files for one in route.attempts if isinstance(one, FetchFrom)
        ]
        asked = (*plan.steps_with_upstream, *plan.documents_with_upstream)
        steps = [step.upstream for step in asked]
        self._odd = [one for one in steps if one.empty]
        self._groups = [one.origins for one in steps] + [one.origins for one in attempts]
        self.said: dict[str, str] = {}

    def __call__(self, url: str, representation: Representation | None) -> int:
        """Return the status, 502 for what is no answer, as :class:`rewritegen.world.World` wants it."""
        accept = representation.upstream_accept if representation else "*/*"
        method = "GET" if representation else "HEAD"
        at = url
        for _ in range(_MOST_REDIRECTS + 1):
            try:
                status, location, length = self._once(method, at, accept)
            except (OSError, HTTPException, ValueError) as error:
                self.said[url] = str(error) or type(error).__name__
                return 502
            if status == 200 and self._is_empty(at, length):
                self.said[url] = f"200 with an empty page of {length} bytes"
                return 404
            if status not in REDIRECTS:
                self.said[url] = f"{status}" if at == url else f"{status} at {at}"
                return status
            to = urljoin(at, location)
            if not self._declared(url, to) or (representation and not same_project(url, to)):
                self.said[url] = f"{status} to {to}, where it is not followed"
                return 502
            at = to
        self.said[url] = "too many redirects"
        return 502

    def _declared(self, first: str, to: str) -> bool:
        """Tell whether a redirect may be followed: to a host that the site names for the same source."""
        return any(
            _origin(first) in map(_origin, group) and _origin(to) in map(_origin, group)
            for group in self._groups
        )

    def _is_empty(self, url: str, length: str) -> bool:
        """Tell whether that is how its index says that a project is not there."""
        name = url.rstrip("/").rpartition("/")[2]
        return any(
            one.empty is not None
            and url == f"{one.url}{name}/"
            and length == str(one.empty.length(name))
            for one in self._odd
        )

    def _once(self, method: str, url: str, accept: str) -> tuple[int, str, str]:
        parts = urlsplit(url)
        host = parts.hostname or ""
        connection: HTTPConnection
        if parts.scheme == "https":
            ca = self._ca if Path(self._ca).is_file() else None
            context = ssl.create_default_context(cafile=ca)
            connection = HTTPSConnection(host, parts.port, timeout=15, context=context)
        else:
            connection = HTTPConnection(host, parts.port, timeout=15)
        try:
            headers = {"Accept": accept, "User-Agent": "rewritegen", "Accept-Encoding": "identity"}
            target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
            connection.request(method, target, headers=headers)
            response = connection.getresponse()
            said = response.headers
            return response.status, said.get("Location", ""), said.get("Content-Length", "")
        finally:
            connection.close()


def same_project(first: str, to: str) -> bool:
    """Tell whether both are the page of one project: its name is the last part of the path, in any spelling.

    Or both are the legacy JSON of one project, which ends ``NAME/json``.
    """
    paths = [urlsplit(url).path for url in (first, to)]
    end = "/json" if paths[0].endswith("/json") else "/"
    if end == "/json" and not paths[1].endswith(end):
        return False
    try:
        names = [parse_name(path.removesuffix(end).rpartition("/")[2]) for path in paths]
    except InvalidNameError:
        return False
    return names[0] == names[1]


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return (
        parts.scheme,
        parts.hostname or "",
        parts.port or (443 if parts.scheme == "https" else 80),
    )
