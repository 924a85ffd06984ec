"""A token's random number depends on its seed, choice and position alone."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from nanochat_engine.sampling.random import uniform

seeds = st.integers(0, 2**63 - 1)


@given(seed=seeds, choice=st.integers(0, 7), position=st.integers(0, 4096))
def test_a_number_lies_in_the_unit_interval_and_repeats(seed: int, choice: int, position: int) -> None:
    number = uniform(seed, choice, position)
    assert 0.0 <= number < 1.0
    assert number == uniform(seed, choice, position)


def test_neighbouring_seeds_choices_and_positions_give_unrelated_numbers() -> None:
    numbers = [uniform(seed, choice, position) for seed in range(20) for choice in range(8) for position in range(100)]
    assert len(set(numbers)) == len(numbers)
    tenths = [sum(tenth <= number * 10 < tenth + 1 for number in numbers) for tenth in range(10)]
    # 1,600 are expected in each tenth with a standard deviation of 38; five of them are allowed.
    assert all(abs(count - 1_600) < 190 for count in tenths)
    assert abs(sum(a * b for a, b in pairwise(numbers)) / len(numbers) - 0.25) < 0.01
