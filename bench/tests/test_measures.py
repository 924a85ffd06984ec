"""Figures come from arrival times as the README says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.measures import interval_figures, intervals, quantile, quarters, rate, split_by, summary

VALUES = st.lists(st.floats(0, 1e6), min_size=1, max_size=50)


@given(VALUES, st.floats(0, 1))
def test_a_quantile_is_one_of_the_values_and_its_share_of_them_does_not_exceed_it(
    values: list[float], share: float
) -> None:
    found = quantile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


def test_the_99th_percentile_of_100_values_is_the_second_largest() -> None:
    assert quantile([float(n) for n in range(100, 0, -1)], 0.99) == 99.0


def test_a_summary_keeps_every_run_beside_the_median() -> None:
    assert summary([3.0, 1.0, 2.0]) == {"median": 2.0, "min": 1.0, "max": 3.0, "runs": [3.0, 1.0, 2.0]}


def test_a_rate_counts_the_tokens_of_all_streams_after_the_beginning_up_to_the_end() -> None:
    assert rate([[1.0, 2.0, 3.0, 9.0], [2.5, 3.0]], 1.0, 3.0) == 2.0


def test_tokens_of_one_write_are_one_arrival() -> None:
    assert intervals([1.0, 1.0, 1.5, 3.0, 3.0]) == [(1.0, 1.5), (1.5, 3.0)]


def test_an_interval_that_reaches_into_the_window_is_inside() -> None:
    spans = [(0.0, 1.0), (1.0, 2.5), (2.5, 4.0), (4.0, 6.0), (6.0, 6.5)]
    assert split_by(spans, (2.0, 5.0)) == ([1.5, 1.5, 2.0], [1.0, 0.5])


def test_ratios_are_to_the_median_outside() -> None:
    figures = interval_figures(inside=[2.0] * 98 + [3.0, 6.0], outside=[0.5, 1.0, 9.0])
    assert (figures["p99_over_median"], figures["longest_over_median"]) == (3.0, 6.0)


def test_quarters_leave_the_first_and_the_third_out() -> None:
    assert quarters([100.0, 100.0, 1.0, 3.0, 50.0, 50.0, 5.0, 7.0]) == (2.0, 6.0)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_values_for_quarters_are_an_error(count: int) -> None:
    with pytest.raises(ValueError, match="four"):
        quarters([1.0] * count)
