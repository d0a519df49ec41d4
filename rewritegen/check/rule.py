"""One thing that `check` looks at, and the next steps that many of them share."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["HAND", "INDEX", "REGENERATE", "Rule"]


class Rule(NamedTuple):
    """One thing that is looked at."""

    right: str
    wrong: str
    why: str
    next_step: str


REGENERATE = (
    "generate the configuration from the YAML again, install it, reload the server, and check again"
)
HAND = "compare the running text with the generated one (`generate --diff`); it was edited, or another one answers"
INDEX = "run `rewritegen index SITE` on the server"
