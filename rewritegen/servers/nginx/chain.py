"""The chain: what a page request goes through when this machine does not have the project.

An HTTP index is the content handler of a location, so it ends one; what it does not answer goes on at the next by
``error_page``, with what the local steps between them say tested first. nginx keeps the statuses of all upstreams of
a request in ``$upstream_status``, so that "not here" and "don't know" need not be told apart on the way (documentation
of ``ngx_http_upstream_module``; measured in ``tests/servers/test_nginx_facts.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

from rewritegen.plan import Plan
from rewritegen.servers.nginx.inner import Inner
from rewritegen.servers.nginx.quoting import argument, pattern, value
from rewritegen.servers.nginx.rules import Rules
from rewritegen.servers.nginx.view import Rule
from rewritegen.servers.nginx.words import INNER, go, refuse
from rewritegen.steps import NotFound, SendTo, Step, TryProxy

__all__ = ["chain", "chain_length"]

_NOBODY = refuse(404, "no source has this project")
_UNSURE = Rule(
    ("# one of them said something else than 404: nobody knows (a kept 404 is no status)",),
    f"$upstream_status ~ {pattern('(?:^|[ ])(?!404)[0-9]')}",
    refuse(502, "no source could say whether this project exists; try again"),
)


@dataclass(frozen=True, slots=True)
class _Place:
    """One location of the chain: local steps, then what ends it."""

    before: tuple[Step, ...]
    end: TryProxy | SendTo | NotFound

    @property
    def prefix(self) -> str:
        """The internal path of the location."""
        if isinstance(self.end, NotFound):
            return f"{INNER}nobody/"
        return (
            f"{INNER}{'ask' if isinstance(self.end, TryProxy) else 'send'}/{self.end.source.name}/"
        )


def chain(plan: Plan, rules: Rules, inner: Inner) -> tuple[tuple[Rule, ...], str]:
    """Return the rules and the end of the location where page requests come in, and make the locations behind it."""
    first, *others = _places(plan.page)
    decided = _local(first, rules)
    for number, place in enumerate(others):
        after = f"{others[number + 1].prefix}$rg_name/" if number + 1 < len(others) else ""
        _station(place, _local(place, rules), after, inner)
    return decided, go(f"{others[0].prefix}$rg_name/") if others else _NOBODY


def chain_length(plan: Plan) -> int:
    """Return the greatest number of internal jumps that a request for a page makes.

    One to each location of the chain behind the first, and one to what a rule of the last one leads to.
    """
    places = _places(plan.page)
    return len(places) - 1 + (1 if len(places) == 1 or places[-1].before else 0)


def _local(place: _Place, rules: Rules) -> tuple[Rule, ...]:
    return tuple(rule for step in place.before for rule in rules.page(step))


def _station(place: _Place, decided: tuple[Rule, ...], after: str, inner: Inner) -> None:
    end = place.end
    if isinstance(end, TryProxy):
        inner.ask(end, decided, after)
    elif isinstance(end, SendTo):
        why = f"{end.source.key} {end.source.name}: the client asks there itself"
        url = argument(f"{value(end.url, end.source.key)}$rg_name/")
        inner.final(place.prefix, end.source.label, f"return 302 {url}", why, decided)
    else:
        why = "no fallback has the project"
        inner.final(place.prefix, "none", _NOBODY, why, (*decided, _UNSURE))


def _places(steps: tuple[Step, ...]) -> list[_Place]:
    """Cut the steps into locations. The first is where the request comes in, and asks nobody."""
    places: list[_Place] = []
    before: list[Step] = []
    for step in steps:
        if not isinstance(step, TryProxy | SendTo | NotFound):
            before.append(step)
            continue
        if not places and not isinstance(step, NotFound):
            places.append(_Place(tuple(before), NotFound()))
            before = []
        places.append(_Place(tuple(before), step))
        before = []
        if isinstance(step, SendTo):
            break  # it answers everything
    return places
