"""`make bench` runs the benchmark of the servers too."""

from __future__ import annotations

import pytest

from tests.benchmarks import bench_serving


@pytest.mark.bench
def test_a_warm_page_costs_what_a_file_costs() -> None:
    assert bench_serving.main([]) == 0
