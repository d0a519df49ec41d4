"""The right differences: where a server may answer otherwise than the model says, each with its reason.

A leak is never one of them: canaries and private names outside are judged before this table is looked at. The seeds
use every entry; one that nothing needs any more makes a test fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from packaging.utils import canonicalize_name

from rewritegen.representations import ACCEPT_GZIP
from tests.differential.judge import Case, differences_of, read_as
from tests.differential.wires import Wire

__all__ = ["ALLOWED", "Allowed", "explained"]

BOTH = ("nginx", "apache")


@dataclass(frozen=True, slots=True)
class Allowed:
    """One kind of right difference."""

    id: str
    reason: str
    applies: Callable[[Case], bool]
    """Whether it may be this request."""
    servers: tuple[str, ...] = BOTH
    statuses: tuple[int, ...] = ()
    """The server refuses with one of these, and asks nobody: then everything else about the answer is its own."""
    sentences: tuple[str, ...] = ()
    """How the differences begin that it explains, when it is no refusal."""
    instead: Callable[[Case], Wire] | None = None
    """The request as this server reads it: its answer must be the right one to that."""

    def explains(self, case: Case, sentence: str) -> bool:
        """Whether this difference is right because of this entry."""
        if case.kind not in self.servers or not self.applies(case):
            return False
        if self.statuses:
            return case.answer.status in self.statuses and not case.asked
        if self.instead is not None:
            return not any(differences_of(read_as(case, self.instead(case))))
        return sentence.startswith(self.sentences)


def explained(case: Case, found: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what nothing explains, and the entries that explain the rest."""
    left: list[str] = []
    used: dict[str, None] = {}
    for sentence in found:
        entry = next((entry for entry in ALLOWED if entry.explains(case, sentence)), None)
        if entry is None:
            left.append(sentence)
        else:
            used[entry.id] = None
    return tuple(left), tuple(used)


# ---------------------------------------------------------------- conditions


def _path(case: Case) -> str:
    return case.wire.target.partition("?")[0]


def _climbs(case: Case) -> bool:
    """A path that leaves the root once its dots are resolved, as the servers decode and merge it."""
    depth = 0
    path = re.sub(r"(?i)%2e", ".", re.sub(r"(?i)%2f", "/", _path(case)))
    path = re.sub(r"(?i)^[a-z]+://[^/]*", "", path)
    for part in path.split("/"):
        depth += {"..": -1, ".": 0, "": 0}.get(part, 1)
        if depth < 0:
            return True
    return False


def _target_has(pattern: str) -> Callable[[Case], bool]:
    return lambda case: re.search(pattern, case.wire.target) is not None


def _method(pattern: str) -> Callable[[Case], bool]:
    return lambda case: re.search(pattern, case.wire.method) is not None


def _bad_host(case: Case) -> bool:
    hosts = case.wire.all("host")
    if len(hosts) != 1:
        return len(hosts) > 1 or case.wire.version != "HTTP/1.0"
    return re.fullmatch(r"[A-Za-z0-9._-]+(?::\d{0,5})?", hosts[0]) is None


def _malformed_header(case: Case) -> bool:
    return any(
        re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) is None
        or re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value)
        for name, value in case.wire.headers
    )


def _twice(case: Case) -> bool:
    names = [name.lower() for name, _ in case.wire.headers]
    return any(
        name.startswith(("if-", "authorization", "user-agent", "range", "referer"))
        and names.count(name) > 1
        for name in names
    )


def _first_lines(case: Case) -> Wire:
    kept: dict[str, tuple[str, str]] = {}
    for line in case.wire.headers:
        kept.setdefault(line[0].lower(), line)
    return replace(case.wire, headers=tuple(kept.values()))


def _several(case: Case) -> bool:
    return any(len(case.wire.all(name)) > 1 for name in ("accept", "accept-encoding"))


def _long(limit_of_line: int, limit_of_header: int) -> Callable[[Case], bool]:
    def applies(case: Case) -> bool:
        line = len(case.wire.target) + len(case.wire.method) + len(case.wire.version) + 4
        longest = max((len(n) + len(v) + 4 for n, v in case.wire.headers), default=0)
        return line >= limit_of_line or longest >= limit_of_header

    return applies


def _has_body(case: Case) -> bool:
    lengths = case.wire.all("content-length")
    return bool(case.wire.all("transfer-encoding")) or any(value != "0" for value in lengths)


def _odd_length(case: Case) -> bool:
    lengths = case.wire.all("content-length")
    return len(lengths) > 1 or any(re.fullmatch(r"\d+", value) is None for value in lengths)


def _name(case: Case) -> str:
    """The project that a page, a file beside it or a legacy JSON is asked of."""
    at = case.world.spec.mount
    if case.plan.json and re.fullmatch("/pypi/[^/]+/json", _path(case)):
        at = "/pypi/"
    return _path(case).removeprefix(at).partition("/")[0]


def _is_empty(case: Case) -> bool:
    """HEAD of the page of a project whose directory is listed, and has no file; with `auth`, also without gzip."""
    fresh = (
        name for one in case.world.spec.private if one.form == "automatic" for name in one.fresh
    )
    names = {canonicalize_name(name) for name in fresh}
    gzip = re.search(ACCEPT_GZIP, ", ".join(case.wire.all("accept-encoding")), re.IGNORECASE)
    uncounted = case.wire.method == "HEAD" or (case.world.spec.auth and gzip is None)
    return uncounted and _path(case).endswith("/") and _name(case) in names


def _is_link(case: Case) -> bool:
    """The page of a project, or a file beside it, whose directory is a link to what is not mounted."""
    name = _name(case)
    links = (link for source in case.world.spec.private for link in source.links)
    return name in {canonicalize_name(link) for link in links}


ALLOWED = (
    # ------------------------------------------------------------ the servers' own cores, before our rules
    Allowed(
        "control characters",
        "a blank or control character ends the target, or the request: both refuse the line (RFC 9112, 3)",
        _target_has(r"[\x00-\x20\x7f]"),
        statuses=(400, 404, 505),
    ),
    Allowed(
        "characters of no URI",
        "httpd takes only what RFC 3986 has (HttpProtocolOptions Strict); nginx leaves it to the grammar: 404",
        _target_has(r"[^!$-;=?-\[\]_a-z~]"),
        ("apache",),
        (400,),
    ),
    Allowed(
        "broken escape",
        "`%` without two hexadecimal digits, and `%00`, cannot be decoded: the cores refuse it before any rule",
        _target_has(r"%(?![0-9A-Fa-f]{2})|%00"),
        statuses=(400,),
    ),
    Allowed(
        "encoded slash",
        "httpd's core answers `%2F` and `%00` with 404 before any rule, also where the method would be 405",
        _target_has("(?i)%2f|%00"),
        ("apache",),
        (404,),
    ),
    Allowed(
        "above the root",
        "a path that climbs above the root is refused by the cores, before any rule",
        _climbs,
        statuses=(400,),
    ),
    Allowed(
        "odd target",
        "a target that is neither a path nor a URL is no request for nginx (but `OPTIONS *`, which neither is)",
        _target_has(r"^(?!/)"),
        statuses=(400,),
    ),
    Allowed(
        "methods of nginx",
        "nginx knows methods of capitals, `_` and `-` only, and no CONNECT: 400 by its parser",
        _method(r"^CONNECT$|[^A-Z_-]"),
        ("nginx",),
        (400, 405),
    ),
    Allowed(
        "CONNECT of httpd",
        "without mod_proxy_connect httpd's core refuses it, by the form of its target",
        _method("^CONNECT$"),
        ("apache",),
        (400, 405),
    ),
    Allowed(
        "OPTIONS *",
        "httpd's core answers it, for the server and not for any path, with an empty page",
        lambda case: (case.wire.method, case.wire.target) == ("OPTIONS", "*"),
        ("apache",),
        (200,),
    ),
    Allowed(
        "HTTP/0.9",
        "nginx answers without a header, as 0.9 has none; httpd refuses it (Strict)",
        lambda case: not case.wire.version,
        statuses=(0, 400, 404),
    ),
    Allowed(
        "unknown version",
        "versions that nobody speaks: 505 or 400 by the cores, or 404 by the grammar",
        lambda case: case.wire.version not in ("", "HTTP/1.0", "HTTP/1.1"),
        statuses=(400, 404, 505),
    ),
    Allowed(
        "host",
        "no Host, two, or one that is no host name: 400 by the cores (RFC 9112, 3.2)",
        _bad_host,
        statuses=(400,),
    ),
    Allowed(
        "malformed header",
        "a header line without a name, with a blank before the colon, folded, or with control characters",
        _malformed_header,
        statuses=(400,),
    ),
    Allowed(
        "header twice",
        "nginx refuses a second line of a header that can have one value only (RFC 9110, 5.3)",
        _twice,
        ("nginx",),
        (400,),
    ),
    Allowed(
        "bare line feed",
        "httpd takes only CR LF as the end of a line (Strict)",
        lambda case: case.wire.end != "\r\n",
        ("apache",),
        (400,),
    ),
    Allowed(
        "too long",
        "a request line or header beyond the buffers: 414, 400 or 431, at another length on each server",
        _long(4000, 8000),
        statuses=(400, 414, 431),
    ),
    Allowed(
        "body of a GET",
        "httpd would send a body on with the request, so our rules refuse it; nginx drops it",
        _has_body,
        ("apache",),
        (400, 501),
    ),
    Allowed(
        "odd length",
        "a length that is no number, two, or an unknown transfer coding: refused by the cores (RFC 9112, 6.3)",
        lambda case: _odd_length(case) or bool(case.wire.all("transfer-encoding")),
        statuses=(400, 501, 405, 411),
    ),
    # ------------------------------------------------------------ what one of them cannot do (RATIONALE, "Differences")
    Allowed(
        "dangling link",
        "nginx has no test that sees a dangling link: the scanned name or the claim owns it, which is no source",
        _is_link,
        ("nginx",),
        sentences=("X-Index-Source", "status 503, decided 404"),  # 503: a later source is lost
    ),
    Allowed(
        "empty listing",
        "httpd counts its listing to see that there is no file; not for HEAD, nor behind a gate without gzip",
        _is_empty,
        ("apache",),
        sentences=("status 200, decided 404",),
    ),
    Allowed(
        "accept twice",
        "nginx before 1.23 reads the first of several lines of one header; the model and httpd read them as one list",
        _several,
        ("nginx",),
        instead=_first_lines,
    ),
    Allowed(
        "unknown header",
        "httpd cannot pass headers by an allow-list: unknown ones go out, known ones are removed by name",
        lambda case: any(name.lower() in ("x-unheard-of", "x-a") for name, _ in case.wire.headers),
        ("apache",),
        sentences=("foreign header x-unheard-of", "foreign header x-a"),
    ),
)
