"""The sampler draws from the distribution that the parameters describe, row by row."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nanochat_engine.request import SamplingParams
from nanochat_engine.sampling.sampler import Draw, sample

PARAMS = SamplingParams(seed=1, temperature=1.0, top_k=0, top_p=1.0)


def drawn(logits: list[float], params: SamplingParams, count: int = 4_000) -> Counter[int]:
    rows = torch.tensor([logits]).repeat(count, 1)
    return Counter(sample(rows, [Draw(params, 0, position) for position in range(count)]))


def test_temperature_zero_takes_the_largest_and_the_first_of_equals() -> None:
    greedy = replace(PARAMS, temperature=0.0)
    logits = torch.tensor([[0.0, 3.0, 3.0, 1.0], [2.0, 0.0, 0.0, 9.0]])
    assert sample(logits, [Draw(greedy, 0, 0), Draw(greedy, 0, 0)]) == [1, 3]


def test_frequencies_follow_the_softmax() -> None:
    logits = [0.0, 1.0, 2.0]
    counts = drawn(logits, PARAMS)
    total = sum(math.exp(value) for value in logits)
    for token, value in enumerate(logits):
        expected = math.exp(value) / total
        assert abs(counts[token] / 4_000 - expected) < 5 * math.sqrt(expected * (1 - expected) / 4_000)


def test_a_low_temperature_sharpens() -> None:
    assert drawn([0.0, 1.0], replace(PARAMS, temperature=0.1))[1] > drawn([0.0, 1.0], PARAMS)[1]


def test_top_k_keeps_the_k_largest_and_cuts_ties_by_id() -> None:
    assert set(drawn([1.0, 2.0, 1.0, 1.0, 0.0], replace(PARAMS, top_k=3))) == {0, 1, 2}


@pytest.mark.parametrize("top_k", [0, 3])
def test_top_p_keeps_the_smallest_set_that_reaches_it(top_k: int) -> None:
    # Probabilities 0.5, 0.25, 0.25 of the first three: 0.6 needs two of them.
    logits = [math.log(0.5), math.log(0.25), math.log(0.25), -100.0]
    assert set(drawn(logits, replace(PARAMS, top_p=0.6, top_k=top_k))) == {0, 1}
    assert set(drawn(logits, replace(PARAMS, top_p=0.5, top_k=top_k))) == {0}


def test_an_extreme_temperature_gives_a_token_and_no_error() -> None:
    assert drawn([1.0, 2.0], replace(PARAMS, temperature=1e-300), 10) == Counter({1: 10})


def test_a_row_without_numbers_gives_no_token_and_disturbs_no_other() -> None:
    logits = torch.tensor([[0.0, float("nan"), 1.0], [0.0, 5.0, 1.0]])
    greedy = replace(PARAMS, temperature=0.0)
    assert sample(logits, [Draw(PARAMS, 0, 0), Draw(greedy, 0, 0)]) == [None, 1]
    assert sample(logits, [Draw(replace(PARAMS, top_k=2), 0, 0), Draw(greedy, 0, 0)]) == [None, 1]


row = st.builds(
    SamplingParams,
    seed=st.integers(0, 2**63 - 1),
    temperature=st.sampled_from([0.0, 0.3, 0.7, 2.0]),
    top_k=st.sampled_from([0, 1, 2, 7, 50, 200]),
    top_p=st.sampled_from([0.05, 0.5, 0.9, 1.0]),
)


@settings(deadline=None, max_examples=60)
@given(params=st.lists(row, min_size=1, max_size=16), seed=st.integers(0, 1_000))
def test_a_row_draws_the_same_token_alone_and_in_company(params: list[SamplingParams], seed: int) -> None:
    # bfloat16 values tie often, as a bfloat16 head's logits do.
    logits = torch.randn(len(params), 331, generator=torch.Generator().manual_seed(seed)).bfloat16().float()
    draws = [Draw(p, choice, choice * 3) for choice, p in enumerate(params)]
    together = sample(logits, draws)
    alone = [sample(logits[i : i + 1], draws[i : i + 1])[0] for i in range(len(params))]
    assert together == alone
