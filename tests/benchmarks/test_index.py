"""`make bench` runs the benchmark of ``rewritegen index`` too."""

from __future__ import annotations

import pytest

from tests.benchmarks import bench_index


@pytest.mark.bench
def test_an_unchanged_run_over_2000_wheels_takes_a_second_at_most() -> None:
    assert bench_index.main([]) == 0
