"""The stage before the drawing: each row by its formula, and nothing for a sequence that asks for nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nanochat_engine.request import SamplingParams
from nanochat_engine.sampling.adjust import adjust
from nanochat_engine.sampling.adjustment import Adjustment, Occurrences, adjustment_of

PLAIN = SamplingParams(seed=1, temperature=1.0)
INF = math.inf


def adjusted(
    logits: list[float],
    *,
    prompt: tuple[int, ...] = (),
    generated: tuple[int, ...] = (),
    ending: tuple[int, ...] = (),
    allowed: set[int] | None = None,
    **params: object,
) -> list[float]:
    mask = None
    if allowed is not None:
        words = np.zeros(-(-len(logits) // 32), dtype=np.int32)
        for token in allowed:
            words.view(np.uint32)[token // 32] |= np.uint32(1 << token % 32)
        mask = lambda: words  # noqa: E731
    adjustment = Adjustment(replace(PLAIN, **params), prompt, ending, mask)  # type: ignore[arg-type]
    for token in generated:
        adjustment.push(token)
    row = torch.tensor(logits)
    adjust(row, adjustment)
    return row.tolist()


def test_the_repetition_penalty_divides_positive_and_multiplies_negative_logits_of_prompt_and_answer() -> None:
    # CTRL's formula by hand: 2 / 1.25, -2 * 1.25; the third was never seen; a token counts once however often it came.
    row = adjusted([2.0, -2.0, 1.0, 4.0], prompt=(0, 1, 0), generated=(3, 3), repetition_penalty=1.25)
    assert row == pytest.approx([1.6, -2.5, 1.0, 3.2])


def test_presence_and_frequency_penalties_are_of_generated_tokens_alone() -> None:
    # OpenAI's formula by hand: 1 - 3 * 0.5 - 0.25 for the token generated three times, 1 - 0.5 - 0.25 for the other.
    penalties = {"frequency_penalty": 0.5, "presence_penalty": 0.25}
    assert adjusted([1.0, 1.0, 1.0], prompt=(2,), generated=(0, 1, 0, 0), **penalties) == [-0.75, 0.25, 1.0]


def test_negative_penalties_make_repetition_likelier() -> None:
    assert adjusted([1.0, 1.0], generated=(1,), frequency_penalty=-2.0, presence_penalty=-1.0) == [1.0, 4.0]


def test_all_three_penalties_are_taken_in_one_order() -> None:
    row = adjusted([2.0, 1.0], prompt=(0,), generated=(0,), repetition_penalty=2.0, frequency_penalty=0.5)
    assert row == [0.5, 1.0]


def test_a_repetition_penalty_near_zero_gives_numbers_all_the_same() -> None:
    row = adjusted([2.0, -2.0, 0.0], prompt=(0, 1, 2), repetition_penalty=1e-300)
    assert all(map(math.isfinite, row))
    assert row[0] > 1e30


def test_a_bias_is_added() -> None:
    assert adjusted([1.0, 2.0, 3.0], logit_bias=((2, -100.0), (0, 100.0))) == [101.0, 2.0, -97.0]


def test_min_p_keeps_what_is_at_least_that_share_of_the_likeliest() -> None:
    probabilities = [0.5, 0.26, 0.24]
    logits = [math.log(p) for p in probabilities]
    kept = [value != -INF for value in adjusted(logits, min_p=0.5)]
    assert kept == [True, True, False]
    # At temperature 2 probabilities are proportional to their roots: 0.24 / 0.5 becomes 0.69.
    assert -INF not in adjusted(logits, min_p=0.5, temperature=2.0)
    assert -INF not in adjusted(logits, min_p=0.5, temperature=0.0)
    assert adjusted([1.0, 3.0, 3.0], min_p=1.0) == [-INF, 3.0, 3.0]


def test_ids_that_end_the_choice_are_held_back_until_there_are_enough_tokens() -> None:
    assert adjusted([1.0, 2.0], ending=(1,), min_tokens=2, generated=(0,)) == [1.0, -INF]
    assert adjusted([1.0, 2.0], ending=(1,), min_tokens=2, generated=(0, 0)) == [1.0, 2.0]


def test_a_mask_rules_out_all_but_its_ids_and_comes_before_min_p() -> None:
    logits = [float(token) for token in range(70)]
    row = adjusted(logits, allowed={0, 31, 32, 69})
    assert [token for token, value in enumerate(row) if value != -INF] == [0, 31, 32, 69]
    row = adjusted(logits, allowed={3, 4}, min_p=0.3)
    assert [token for token, value in enumerate(row) if value != -INF] == [3, 4]


def test_an_end_that_the_mask_leaves_alone_is_not_held_back() -> None:
    assert adjusted([5.0, 2.0], ending=(1,), min_tokens=2, allowed={1}) == [-INF, 2.0]


def test_a_sequence_that_asks_for_nothing_needs_no_stage() -> None:
    assert adjustment_of(PLAIN, (1, 2), (0,)) is None
    assert adjustment_of(replace(PLAIN, min_p=0.1, temperature=0.0), (1, 2), (0,)) is None
    asking = [
        {"min_p": 0.1},
        {"presence_penalty": 0.1},
        {"frequency_penalty": -0.1},
        {"repetition_penalty": 0.9},
        {"logit_bias": ((1, 0.5),)},
        {"min_tokens": 1},
    ]
    for params in asking:
        assert adjustment_of(replace(PLAIN, **params), (1, 2), (0,)) is not None, params  # type: ignore[arg-type]


@given(prompt=st.lists(st.integers(0, 20)), generated=st.lists(st.integers(0, 20)))
def test_occurrences_kept_step_by_step_are_those_counted_at_once(prompt: list[int], generated: list[int]) -> None:
    occurrences = Occurrences(prompt)
    for token in generated:
        occurrences.add(token)
    assert set(occurrences.ids) == {*prompt, *generated}
    assert len(set(occurrences.ids)) == len(occurrences.ids)
    for token, count in zip(occurrences.ids, occurrences.counts, strict=True):
        assert count == generated.count(token)
