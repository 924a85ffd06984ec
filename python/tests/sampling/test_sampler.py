"""Both samplers, of PyTorch and of the native kernels, draw from the distribution that the parameters describe, row by row."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nanochat_engine.request import SamplingParams
from nanochat_engine.sampling.sampler import Draw, sample
from tests.golden import NATIVE, native_model

Sampler = Callable[[torch.Tensor, list[Draw]], list[int | None]]

PARAMS = SamplingParams(seed=1, temperature=1.0, top_k=0, top_p=1.0)


def sampler_of(path: str) -> Sampler:
    return sample if path == "torch" else native_model("2025-10", path)[0].sample


@pytest.fixture(params=["torch", *NATIVE])
def sampler(request: pytest.FixtureRequest) -> Sampler:
    return sampler_of(request.param)


def drawn(sampler: Sampler, logits: list[float], params: SamplingParams, count: int = 4_000) -> Counter[int | None]:
    rows = torch.tensor([logits]).repeat(count, 1)
    return Counter(sampler(rows, [Draw(params, 0, position) for position in range(count)]))


def test_temperature_zero_takes_the_largest_and_the_first_of_equals(sampler: Sampler) -> None:
    greedy = replace(PARAMS, temperature=0.0)
    logits = torch.tensor([[0.0, 3.0, 3.0, 1.0], [2.0, 0.0, 0.0, 9.0]])
    assert sampler(logits, [Draw(greedy, 0, 0), Draw(greedy, 0, 0)]) == [1, 3]


def test_frequencies_follow_the_softmax(sampler: Sampler) -> None:
    logits = [0.0, 1.0, 2.0]
    counts = drawn(sampler, logits, PARAMS)
    total = sum(math.exp(value) for value in logits)
    for token, value in enumerate(logits):
        expected = math.exp(value) / total
        assert abs(counts[token] / 4_000 - expected) < 5 * math.sqrt(expected * (1 - expected) / 4_000)


def test_a_low_temperature_sharpens(sampler: Sampler) -> None:
    assert drawn(sampler, [0.0, 1.0], replace(PARAMS, temperature=0.1))[1] > drawn(sampler, [0.0, 1.0], PARAMS)[1]


def test_top_k_keeps_the_k_largest_and_cuts_ties_by_id(sampler: Sampler) -> None:
    assert set(drawn(sampler, [1.0, 2.0, 1.0, 1.0, 0.0], replace(PARAMS, top_k=3))) == {0, 1, 2}


@pytest.mark.parametrize("top_k", [0, 3])
def test_top_p_keeps_the_smallest_set_that_reaches_it(sampler: Sampler, top_k: int) -> None:
    # Probabilities 0.5, 0.25, 0.25 of the first three: 0.6 needs two of them.
    logits = [math.log(0.5), math.log(0.25), math.log(0.25), -100.0]
    assert set(drawn(sampler, logits, replace(PARAMS, top_p=0.6, top_k=top_k))) == {0, 1}
    assert set(drawn(sampler, logits, replace(PARAMS, top_p=0.5, top_k=top_k))) == {0}


def test_an_extreme_temperature_gives_a_token_and_no_error(sampler: Sampler) -> None:
    assert drawn(sampler, [1.0, 2.0], replace(PARAMS, temperature=1e-300), 10) == Counter({1: 10})


def test_a_row_without_numbers_gives_no_token_and_disturbs_no_other(sampler: Sampler) -> None:
    logits = torch.tensor([[0.0, float("nan"), 1.0], [0.0, 5.0, 1.0]])
    greedy = replace(PARAMS, temperature=0.0)
    assert sampler(logits, [Draw(PARAMS, 0, 0), Draw(greedy, 0, 0)]) == [None, 1]
    assert sampler(logits, [Draw(replace(PARAMS, top_k=2), 0, 0), Draw(greedy, 0, 0)]) == [None, 1]


row = st.builds(
    SamplingParams,
    seed=st.integers(0, 2**63 - 1),
    temperature=st.sampled_from([0.0, 0.3, 0.7, 2.0]),
    top_k=st.sampled_from([0, 1, 2, 7, 50, 200]),
    top_p=st.sampled_from([0.05, 0.5, 0.9, 1.0]),
)


SAMPLERS = {path: sampler_of(path) for path in ("torch", *NATIVE)}


@pytest.mark.parametrize("path", SAMPLERS)
@settings(deadline=None, max_examples=60)
@given(params=st.lists(row, min_size=1, max_size=16), seed=st.integers(0, 1_000))
def test_a_row_draws_the_same_token_alone_and_in_company(path: str, params: list[SamplingParams], seed: int) -> None:
    sampler = SAMPLERS[path]
    # bfloat16 values tie often, as a bfloat16 head's logits do.
    logits = torch.randn(len(params), 331, generator=torch.Generator().manual_seed(seed)).bfloat16().float()
    draws = [Draw(p, choice, choice * 3) for choice, p in enumerate(params)]
    together = sampler(logits, draws)
    alone = [sampler(logits[i : i + 1], draws[i : i + 1])[0] for i in range(len(params))]
    assert together == alone


@pytest.mark.parametrize("path", NATIVE)
@settings(deadline=None, max_examples=100)
@given(params=st.lists(row, min_size=1, max_size=16), seed=st.integers(0, 1_000), ties=st.booleans())
def test_the_native_sampler_draws_what_numpy_draws(
    path: str, params: list[SamplingParams], seed: int, ties: bool
) -> None:
    logits = torch.randn(len(params), 331, generator=torch.Generator().manual_seed(seed))
    logits = (logits * 4).round() / 4 if ties else logits
    draws = [Draw(p, choice, choice * 3) for choice, p in enumerate(params)]
    assert SAMPLERS[path](logits, draws) == sample(logits, draws)
