"""What people write on the command line as a request: a name, a URL, a path, or a method and one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from rewritegen.decision import Request
from rewritegen.names import InvalidNameError, parse_name
from rewritegen.plan import Plan
from rewritegen.representations import JSON

__all__ = ["PIP_ACCEPT", "NotARequestError", "headers_of", "requests_of"]

#: What pip sends, and uv and poetry alike: JSON rather than HTML.
PIP_ACCEPT = f"{JSON.content_type}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"

#: Words that are read as methods (RFC 9110, 9.3; PATCH is RFC 5789): a project called GET is `/simple/GET/`.
_METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
)
#: What a request line can hold as its target (RFC 9112, 3.2); anything else is none on any server.
_TARGET = re.compile("/[!-~]*")


class NotARequestError(ValueError):
    """A word on the command line that is no request."""


def headers_of(lines: Iterable[str], accept: str | None) -> dict[str, str]:
    """Return the headers of a request, by name in lower case.

    :raises NotARequestError: for a line without a colon, or one that would be two.
    """
    headers = {"accept": accept or PIP_ACCEPT}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not re.fullmatch("[A-Za-z0-9-]+", name) or not value.isprintable():
            raise NotARequestError(f"{line!r} is no header: write `Name: value`")
        headers[name.lower()] = value.strip()
    return headers


def requests_of(
    words: Iterable[str], plan: Plan, headers: Mapping[str, str], *, admitted: bool
) -> Iterator[Request]:
    """Yield the requests that the words of a command line mean.

    :raises NotARequestError: for a word that is none.
    """
    method = ""
    # `GET /simple/x/` may be one word or two
    for word in (part for whole in words for part in _parts(whole)):
        if not method and word in _METHODS:
            method = word
            continue
        yield Request(_target(word, plan), method or "GET", headers, admitted)
        method = ""
    if method:
        raise NotARequestError(f"{method} of what? write `{method} {plan.mount}NAME/`")


def _parts(word: str) -> list[str]:
    """Split what was copied from a log: a request line, with its version or without."""
    parts = word.split()
    if len(parts) > 2 and re.fullmatch(r"HTTP/[0-9.]+", parts[-1]):
        del parts[-1]
    if len(parts) > 1 and (parts[0] not in _METHODS or len(parts) > 2):
        raise NotARequestError(f"{word!r} is no request: a blank cannot stand in a URL")
    return parts or [word]


def _target(word: str, plan: Plan) -> str:
    """Return the target of a request line."""
    if word.startswith(("http://", "https://")):
        parts = urlsplit(word)
        word = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    if word.startswith("/"):
        if not _TARGET.fullmatch(word):
            raise NotARequestError(f"{word!r} cannot stand in a request: encode it")
        return word
    try:
        parse_name(word)
    except InvalidNameError as error:
        advice = "write the name of a project, a path such as /simple/NAME/, or a URL"
        raise NotARequestError(f"{error}: {advice}") from error
    return f"{plan.mount}{word}/"
