"""HTTP indexes: groups of servers, and the constant part of what they are asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from rewritegen.servers.nginx.quoting import argument, comment, value
from rewritegen.servers.nginx.view import Group, Tls, Upstream
from rewritegen.steps import Source

__all__ = ["PAGE_STATUSES", "Upstreams"]

#: nginx passes on every status that no ``error_page`` names; these are all that it takes. 499 is its own word for a
#: client that went away, and refused there.
PAGE_STATUSES = tuple(status for status in range(300, 600) if status not in (404, 499))
#: Those that are an answer about a file are passed on.
FILE_STATUSES = tuple(status for status in PAGE_STATUSES if status not in (304, 416))


@dataclass(slots=True)
class Upstreams:
    """Collects the groups of one site."""

    site: str
    ca: str
    groups: dict[tuple[str, str], Group] = field(default_factory=dict)
    """By source and address."""

    def request(
        self,
        source: Source,
        url: str,
        path: str,
        errors: tuple[tuple[int | None, str], ...],
        *,
        file: bool,
    ) -> Upstream:
        """Return how ``url`` + ``path`` is asked for; ``path`` is a variable that has matched a strict pattern.

        :param errors: where a status leads; None stands for all other errors, 0 for all errors.
        """
        parts = urlsplit(url)
        key = source.key
        group = self._group(source, parts.scheme, parts.netloc)
        host = parts.hostname or ""
        tls = (
            (Tls(argument(value(host, key)), argument(value(self.ca, "ca"))),)
            if parts.scheme == "https"
            else ()
        )
        return Upstream(
            argument(f"{parts.scheme}://{group}{value(parts.path, key)}{path}"),
            argument(value(parts.netloc, key)),
            tls,
            tuple((_statuses(status, file=file), target) for status, target in errors),
        )

    def _group(self, source: Source, scheme: str, netloc: str) -> str:
        port = {"http": 80, "https": 443}[scheme]
        has_port = netloc.rpartition("]")[2].count(":") == 1
        address = netloc if has_port else f"{netloc}:{port}"
        known = self.groups.get((source.name, address))
        if known is not None:
            return known.name
        number = sum(name == source.name for name, _ in self.groups)
        name = f"rg_{source.name}{f'.{number + 1}' if number else ''}_{self.site}"
        words = comment(f"{source.key} {source.name}: its name is looked up when nginx starts")
        self.groups[source.name, address] = Group(words, name, argument(value(address, source.key)))
        return name


def _statuses(status: int | None, *, file: bool) -> str:
    """Return the statuses of one ``error_page``, in lines."""
    if status:
        return str(status)
    others = FILE_STATUSES if file else PAGE_STATUSES
    numbers = [*(() if status is None else (404,)), *others]
    rows = [numbers[start : start + 20] for start in range(0, len(numbers), 20)]
    return "\n            ".join(" ".join(map(str, row)) for row in rows)
