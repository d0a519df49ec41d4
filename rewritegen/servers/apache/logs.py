"""The access logs, one JSON object a line: their formats, their places, and what makes a value fit for JSON.

httpd escapes what it logs by ``\\xhh``, which JSON does not know; so rules copy into variables only what JSON can hold
as it is.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rewritegen.plan import Plan
from rewritegen.servers.apache.layout import continued
from rewritegen.servers.apache.quoting import argument
from rewritegen.servers.apache.rules import Condition, Rule
from rewritegen.servers.base import Scope

__all__ = ["ACCESS", "FETCHES", "for_the_log", "log_format", "log_places"]

#: Where distributions keep the logs; there is one of them on any machine.
_LOG_DIRECTORIES = ("/var/log/apache2", "/var/log/httpd", "/usr/local/apache2/logs")

Fields = tuple[tuple[str, str], ...]

#: %< reads the request of the client, also where an ErrorDocument was served. Where an upstream had no usable answer
#: (status 500), the client got the first status.
ACCESS: Fields = (
    ("time", '"%{%Y-%m-%dT%H:%M:%S%z}t"'),
    ("client", '"%a"'),
    ("method", '"%<m"'),
    ("target", '"%<{RG_TARGET}e"'),
    ("status", "%>s"),
    ("first_status", "%<s"),
    ("bytes", "%B"),
    ("microseconds", "%D"),
    ("source", '"%{X-Index-Source}o"'),
    ("cache", '"%{X-Cache}o"'),
    ("agent", '"%<{RG_AGENT}e"'),
)

#: What the fetching host asked, of whom, and how long that took.
FETCHES: Fields = (
    ("time", '"%{%Y-%m-%dT%H:%M:%S%z}t"'),
    ("method", '"%m"'),
    ("target", '"%{RG_TARGET}e"'),
    ("upstream", '"%{BALANCER_WORKER_NAME}e"'),
    ("status", "%>s"),
    ("bytes", "%B"),
    ("microseconds", "%D"),
)


def log_format(fields: Fields) -> str:
    """Return the argument of LogFormat; its further lines begin in the first column, because blanks would be logged."""
    text = ", ".join(f'"{name}": {value}' for name, value in fields)
    lines = textwrap.wrap(f"{{{text}}}", 80, break_long_words=False, break_on_hyphens=False)
    return "'" + continued(lines) + "'"


def log_places(plan: Plan, scope: Scope, word: str, name: str) -> Iterator[str]:
    """Yield the paragraphs that say where a log goes.

    :param word: the file is called ``SERVER_NAME.WORD.json``.
    :param name: the name of its format.
    """
    if scope == "standalone":
        path = argument(f"logs/{plan.server_name}.{word}.json", "server_name")
        yield f"CustomLog {path} {name}"
        return
    for place in _LOG_DIRECTORIES:
        path = argument(f"{place}/{plan.server_name}.{word}.json", "server_name")
        yield f'<IfFile "{place}">\n    CustomLog {path} {name}\n</IfFile>'


def for_the_log(*, agent: bool) -> Iterator[Rule]:
    """Yield the rules that copy what the log shows of a request."""
    safe = r"[ !#-\[\]-~]{1,2000}"
    target = Condition("%{THE_REQUEST}", r"^\S+ ([!#-\[\]-~]{1,2000}) ")
    comment = ("for the log: only what JSON can hold as it is",)
    yield Rule("^", flags=("E=RG_TARGET:%1",), conditions=(target,), comment=comment)
    if agent:
        client = Condition("%{HTTP:User-Agent}", f"^({safe})$", ("NV",))
        yield Rule("^", flags=("E=RG_AGENT:%1",), conditions=(client,))
