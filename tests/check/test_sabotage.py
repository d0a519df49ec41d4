"""A healthy site gives no finding; each fault of the table is found, and named by its code."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rewritegen.check.rules import RULES
from tests.check import test_check
from tests.check.faults import FAULTS, Fault
from tests.check.world import SAMPLES, check, codes, world
from tests.support.tools import require

pytestmark = [pytest.mark.server, pytest.mark.slow]


def _rows() -> Iterator[Any]:
    """Each fault on one server, the servers by turns, in every run; on the other one in the long one."""
    for number, fault in enumerate(FAULTS):
        for place, kind in enumerate(fault.kinds):
            later = len(fault.kinds) > 1 and (number + place) % 2
            marks = [pytest.mark.long] if later else []
            yield pytest.param(fault, kind, marks=marks, id=f"{fault.id.replace(' ', '-')}-{kind}")


def test_there_are_enough_faults() -> None:
    names = [fault.id for fault in FAULTS]
    assert len(names) == len(set(names)) >= 25
    assert min(sum(kind in fault.kinds for fault in FAULTS) for kind in ("nginx", "apache")) >= 25


#: Rules whose faults are more than a change of a text or of a file, and the tests that have them.
ELSEWHERE: dict[str, Callable[..., object]] = {
    "RG901": test_check.test_nobody_listens,
    "RG902": test_check.test_certificates,
    "RG903": test_check.test_certificates,
    "RG904": test_check.test_behind_a_front_at_a_sub_path,
    "RG906": test_check.test_an_old_configuration_is_seen,
    "RG907": test_check.test_it_is_polite,
    "RG908": test_check.test_a_missing_token_is_401_and_nothing_is_forwarded,
    "RG960": test_check.test_a_sample_that_nobody_has,
    "RG970": test_check.test_auth_that_was_taken_away_is_seen,
    "RG971": test_check.test_auth_that_was_taken_away_is_seen,
    "RG990": test_check.test_a_canary_that_gets_out_is_found,
    "RG991": test_check.test_a_log_of_something_else_proves_nothing,
}
#: Those of indexes that are not ours; test_any.py has them.
FOREIGN = {"RG992", "RG993", "RG994", "RG995"}


def test_every_rule_has_a_fault() -> None:
    assert {fault.code for fault in FAULTS} | set(ELSEWHERE) | FOREIGN == set(RULES)
    for code, test in ELSEWHERE.items():
        assert code in inspect.getsource(test) or code in str(
            (test_check.CERTIFICATES, test_check.FRONTS)
        )


@pytest.mark.parametrize(("fault", "kind"), list(_rows()))
def test_a_fault_is_found_and_named(fault: Fault, kind: str, place: Path) -> None:
    require(kind)
    with world(kind, place) as made:
        if fault.change is not None:
            fault.change(made)
        with made.running(lambda tree: fault.apply(kind, tree)) as live:
            code, report = check(
                made.site, live.url, *SAMPLES, *fault.arguments(kind, made.root / "tree")
            )
    assert (code, fault.code in codes(report)) == (1, True), report["findings"]
    found = next(
        one for one in report["findings"] if one["code"] == fault.code and one["severity"] != "ok"
    )
    assert found["came"]
    assert found["next_step"]
    assert found["expected"]


def test_a_healthy_site_has_no_finding(server_kind: str, place: Path) -> None:
    with world(server_kind, place) as made, made.running() as live:
        for options in ((), ("--remote",), ("--all",)):
            code, report = check(made.site, live.url, *SAMPLES, *options)
            assert (code, codes(report, ("error", "warning", "note"))) == (0, set()), report[
                "findings"
            ]
