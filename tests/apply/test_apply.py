"""``rewritegen apply`` on real servers, set up as distributions do it."""

from __future__ import annotations

import pytest

from tests.support.hosts import LAYOUTS, Machine

pytestmark = pytest.mark.server


@pytest.mark.parametrize(("kind", "layout"), LAYOUTS, ids=["-".join(each) for each in LAYOUTS])
def test_first_change_and_nothing(kind: str, layout: str, machine: Machine) -> None:
    host = machine(kind, layout)
    host.start()
    first = host.apply("--check")
    assert first.code == 0, first.err
    assert host.fingerprint() == host.installed_fingerprint() != ""
    before = host.fingerprint()
    again = host.apply("--check")
    assert (again.code, again.err, again.out) == (0, "unchanged\n", "")
    host.claim("secret-tool")
    second = host.apply("--check")
    assert second.code == 0, second.err
    assert before != host.fingerprint()
    assert host.fingerprint() == host.installed_fingerprint() != ""
    assert host.is_clean()
