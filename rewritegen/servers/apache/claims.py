"""Claims and scanned names as rewrite rules."""

from __future__ import annotations

from collections.abc import Iterator

from rewritegen.names import ClaimSet, alternations
from rewritegen.servers.apache.quoting import test_string
from rewritegen.servers.apache.rules import Condition, Group, Item, Rule
from rewritegen.steps import Reserved

__all__ = ["not_claimed", "reserved"]


def reserved(step: Reserved, mount: str) -> Iterator[Item]:
    """Yield the rules for names that are ours but not here; ``mount`` is a pattern."""
    not_public = _not_public(step.claims)
    patterns = [f"^{mount}{chunk}/" for chunk in alternations(step.claims.names)]
    rules: list[Item] = [Rule(pattern, flags=("R=404", "L")) for pattern in patterns]
    rules.extend(
        Rule(f"^{mount}{not_public}{chunk}(?:-[^/]*)?/", flags=("R=404", "L"))
        for chunk in alternations(step.claims.prefixes)
    )
    if rules:
        comment = "claims: ours, also when no file of it is here; `name-*` is `name` and all that begins with `name-`"
        yield Group((comment,), None, tuple(rules))
    if step.scanned is not None:
        known = Condition(f"{test_string(step.scanned, 'state')}/$1", "-f")
        comment = (
            "state: names that were here once stay ours until `rewritegen index --forget NAME`"
        )
        yield Rule(
            f"^{mount}([^/]+)/", flags=("R=404", "L"), conditions=(known,), comment=(comment,)
        )


def _not_public(claims: ClaimSet) -> str:
    return "".join(f"(?!{chunk}/)" for chunk in alternations(claims.public))


def not_claimed(claims: ClaimSet, mount: str) -> Rule:
    """Return the skip over rules for claimed names."""
    tests = [f"!^{chunk}/" for chunk in alternations(claims.names)]
    below = alternations(claims.prefixes)
    tests.extend(f"!^{_not_public(claims)}{chunk}(?:-[^/]*)?/" for chunk in below)
    return Rule(f"^{mount}([^/]+/)", conditions=tuple(Condition("$1", test) for test in tests))
