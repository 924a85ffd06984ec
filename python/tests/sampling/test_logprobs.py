"""Raw log-probabilities of rows of logits."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nanochat_engine.sampling.logprobs import entries, raw_logprobs


def test_the_most_likely_come_first_and_equal_ones_by_id() -> None:
    logits = torch.tensor([[0.0, 2.0, 1.0, 1.0, 1.0, -1.0]])
    expected = logits.double().log_softmax(-1)[0]
    for count in range(7):
        (entry,) = entries(raw_logprobs(logits), [5], [count])
        assert entry.top_ids == (1, 2, 3, 4, 0, 5)[:count]
        assert torch.allclose(torch.tensor(entry.top_logprobs).double(), expected[list(entry.top_ids)], atol=1e-6)
        assert abs(entry.logprob - expected[5].item()) < 1e-6


def test_they_stay_as_they_were_when_the_logits_change() -> None:
    logits = torch.zeros(1, 4)
    raw = raw_logprobs(logits)
    logits[0, 1] = 9.0
    assert entries(raw, [1], [1])[0].top_ids == (0,)


@settings(deadline=None, max_examples=50)
@given(tops=st.lists(st.integers(0, 20), min_size=1, max_size=16), seed=st.integers(0, 1_000), ties=st.booleans())
def test_a_rows_are_the_same_alone_and_in_company(tops: list[int], seed: int, ties: bool) -> None:
    logits = torch.randn(len(tops), 331, generator=torch.Generator().manual_seed(seed)) * 3
    logits = logits.round() if ties else logits
    tokens = list(range(len(tops)))
    together = entries(raw_logprobs(logits), tokens, tops)
    alone = [entries(raw_logprobs(logits[i : i + 1]), tokens[i : i + 1], tops[i : i + 1])[0] for i in range(len(tops))]
    assert together == alone
